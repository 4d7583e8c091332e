/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module tls_mgm: TLS domains for proto_tls, with what tls_openssl makes of them.
 *
 * Left out, and unknown parameters: domains in SQL, CRLs, ca_dir, ciphers, matching by SIP
 * domain, management commands, pseudo-variables. tls_library is openssl or auto.
 */
#include <string.h>

#include "tls_domains.h"

#include "../../sr_module.h"
#include "../tls_openssl/tls_session.h"

static struct tls_binds tls;

static int set_library(modparam_t type, void *val)
{
	(void)type;
	if (strcmp(val, "openssl") == 0 || strcmp(val, "auto") == 0)
		return 0;
	LM_ERR("tls_library '%s': openssl or auto\n", (char *)val);
	return -1;
}

static int add_server(modparam_t type, void *val)
{
	(void)type;
	return tls_add_domain(val, TLS_SERVER);
}

static int add_client(modparam_t type, void *val)
{
	(void)type;
	return tls_add_domain(val, TLS_CLIENT);
}

/* A parameter "[domain]value". */
#define SETTER(what)                                                                               \
	static int set_##what(modparam_t type, void *val)                                          \
	{                                                                                          \
		(void)type;                                                                        \
		return tls_set_##what(val);                                                        \
	}
SETTER(certificate)
SETTER(private_key)
SETTER(ca_list)
SETTER(verify_cert)
SETTER(require_cert)
SETTER(method)
SETTER(match)

#define FUNC(f) STR_PARAM | USE_FUNC_PARAM, (void *)f
static const param_export_t params[] = {
	{"tls_library", FUNC(set_library)},
	{"server_domain", FUNC(add_server)},
	{"client_domain", FUNC(add_client)},
	{"certificate", FUNC(set_certificate)},
	{"private_key", FUNC(set_private_key)},
	{"ca_list", FUNC(set_ca_list)},
	{"verify_cert", FUNC(set_verify_cert)},
	{"require_cert", FUNC(set_require_cert)},
	{"tls_method", FUNC(set_method)},
	{"match_ip_address", FUNC(set_match)},
	{0, 0, 0},
};

/* For proto_tls; see tls_domains.h. */
static const cmd_export_t cmds[] = {
	{"load_tls_mgm", (cmd_function)(void *)tls_find_domain, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "tls_openssl", DEP_ABORT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

static int mod_init(void)
{
	if (tls_check_domains() < 0 || load_tls_openssl(&tls) < 0)
		return -1;
	for (struct tls_domain *d = tls_domains; d; d = d->next)
		if (tls.make_context(d) < 0)
			return -1;
	return 0;
}

static void mod_destroy(void)
{
	for (struct tls_domain *d = tls_domains; d; d = d->next)
		if (d->ctx)
			tls.free_context(d);
	tls_free_domains();
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "tls_mgm",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
	.destroy_f = mod_destroy,
};
