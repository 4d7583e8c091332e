/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where contacts are kept: of the ways that OpenSIPS knows, in memory only, and in memory and
 * SQL. A preset, or the deprecated db_mode, is one word for the other parameters and overrides
 * them.
 */
#include "ul_db.h"
#include "ul_mod.h"

char *ul_preset, *ul_cluster_mode, *ul_rr_persist, *ul_sql_write_mode, *ul_db_url_param;
int ul_db_mode = -1;

static const char *const presets[] = {
	[SQL_NO_WRITE] = "single-instance-no-db",
	[SQL_WRITE_THROUGH] = "single-instance-sql-write-through",
	[SQL_WRITE_BACK] = "single-instance-sql-write-back",
};
static const char *const write_modes[] = {
	[SQL_NO_WRITE] = "none",
	[SQL_WRITE_THROUGH] = "write-through",
	[SQL_WRITE_BACK] = "write-back",
};

static int find(const char *value, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(list[i], value) == 0)
			return i;
	return -1;
}

static int check_preset(void)
{
	int mode = find(ul_preset, presets, 3);

	if (mode < 0) {
		LM_ERR("working_mode_preset '%s': '%s', '%s' and '%s' are possible here\n",
			ul_preset, presets[0], presets[1], presets[2]);
		return -1;
	}
	sql_wmode = (enum ul_sql_write_mode)mode;
	return 0;
}

static int check_db_mode(void)
{
	if (ul_preset) {
		LM_ERR("both db_mode and working_mode_preset are set: only one can be\n");
		return -1;
	}
	LM_WARN("db_mode is deprecated, use working_mode_preset\n");
	if (ul_db_mode < SQL_NO_WRITE || ul_db_mode > SQL_WRITE_BACK) {
		LM_ERR("db_mode %d: 0 (memory only), 1 (write-through) and 2 (write-back) are "
		       "possible here\n",
			ul_db_mode);
		return -1;
	}
	sql_wmode = (enum ul_sql_write_mode)ul_db_mode;
	return 0;
}

/* sql_write_mode, which means something only with contacts loaded from SQL. */
static int check_write_mode(int from_sql)
{
	int mode = ul_sql_write_mode ? find(ul_sql_write_mode, write_modes, 3) : SQL_NO_WRITE;

	if (mode < 0) {
		LM_ERR("sql_write_mode '%s': 'none', 'write-through' and 'write-back' are "
		       "possible\n",
			ul_sql_write_mode);
		return -1;
	}
	if (from_sql && mode == SQL_NO_WRITE) {
		LM_WARN("restart_persistency 'load-from-sql' without a sql_write_mode: "
			"'write-back' is taken\n");
		mode = SQL_WRITE_BACK;
	} else if (!from_sql && mode != SQL_NO_WRITE) {
		LM_WARN("sql_write_mode '%s' has no effect without restart_persistency "
			"'load-from-sql'\n",
			ul_sql_write_mode);
		mode = SQL_NO_WRITE;
	}
	sql_wmode = (enum ul_sql_write_mode)mode;
	return 0;
}

static int check_single(void)
{
	int from_sql = ul_rr_persist && strcmp(ul_rr_persist, "load-from-sql") == 0;

	if (ul_cluster_mode && strcmp(ul_cluster_mode, "none") != 0) {
		LM_ERR("cluster_mode '%s': only 'none' is possible here\n", ul_cluster_mode);
		return -1;
	}
	if (ul_rr_persist && !from_sql && strcmp(ul_rr_persist, "none") != 0) {
		LM_ERR("restart_persistency '%s': 'none' and 'load-from-sql' are possible here\n",
			ul_rr_persist);
		return -1;
	}
	return check_write_mode(from_sql);
}

static int check_url(void)
{
	if (sql_wmode == SQL_NO_WRITE)
		return 0;
	ul_db_url.s = ul_db_url_param;
	init_db_url(ul_db_url, 1);
	if (ul_db_url.s && ul_db_url.len > 0)
		return 0;
	LM_ERR("contacts are to be kept in SQL, but there is no db_url (or db_default_url of the "
	       "core)\n");
	return -1;
}

int ul_check_config(void)
{
	int rc = ul_db_mode != -1 ? check_db_mode() : ul_preset ? check_preset() : check_single();

	return rc < 0 ? -1 : check_url();
}
