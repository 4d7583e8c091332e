/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module db_mysql: MySQL and MariaDB, by libmysqlclient's interface. Of OpenSIPS's parameters
 * exec_query_threshold, ps_max_col_size and use_tls are left out, and event E_MYSQL_CONNECTION.
 */
#include "db_mysql.h"

#include "../../sr_module.h"

static const param_export_t params[] = {
	{"timeout_interval", INT_PARAM, &db_mysql_timeout_interval},
	{"max_db_retries", INT_PARAM, &max_db_retries},
	{"max_db_queries", INT_PARAM, &max_db_queries},
	{0, 0, 0},
};

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_mysql_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static int mod_init(void)
{
	if (db_mysql_timeout_interval < 1 || max_db_retries < 1 || max_db_queries < 1) {
		LM_ERR("timeout_interval, max_db_retries and max_db_queries must be at least 1\n");
		return -1;
	}
	return 0;
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "db_mysql",
	.type = MOD_TYPE_SQLDB,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
};
