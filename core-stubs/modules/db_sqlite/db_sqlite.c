/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module db_sqlite: databases in files, by libsqlite3. What OpenSIPS has beyond that is
 * refused: load_extension; alloc_limit is about a way of counting rows that is not needed here.
 */
#include "db_sqlite.h"

#include "../../sr_module.h"

static int set_pragma(modparam_t type, void *val)
{
	(void)type;
	return db_sqlite_add_pragma(val);
}

static const param_export_t params[] = {
	{"busy_timeout", INT_PARAM, &db_sqlite_busy_timeout},
	{"exec_pragma", STR_PARAM | USE_FUNC_PARAM, (void *)set_pragma},
	{0, 0, 0},
};

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_sqlite_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "db_sqlite",
	.type = MOD_TYPE_SQLDB,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
};
