/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Module tls_openssl: the library that does TLS for tls_mgm and proto_tls. */
#include "tls_session.h"

static const cmd_export_t cmds[] = {
	{"load_tls_openssl", (cmd_function)(void *)bind_tls_openssl, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "tls_openssl",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
};
