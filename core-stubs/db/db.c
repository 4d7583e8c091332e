/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding a driver, and what all modules ask of a database first: is the table there? */
#include "db.h"
#include "db_insertq.h"

#include "../mem/mem.h"
#include "../sr_module.h"

#define VERSION_COLUMN "table_version"
#define TABLE_COLUMN   "table_name"

static char version_name[] = "version";
char *db_version_table = version_name;
char *db_default_url;

int query_buffer_size;
stat_var *sql_total_queries;
stat_var *sql_failed_queries;

int init_db_support(void)
{
	return register_stat("sql", "sql_total_queries", &sql_total_queries, 0) < 0 ||
			       register_stat("sql", "sql_failed_queries", &sql_failed_queries, 0) <
				       0
		       ? -1
		       : 0;
}

int db_bind_mod(const str *mod, db_func_t *dbf)
{
	db_bind_api_f bind;
	char module[64];
	const char *colon;
	int len;

	if (!mod || !mod->s || !dbf) {
		LM_ERR("no database URL or no place for the driver's functions\n");
		return -1;
	}
	memset(dbf, 0, sizeof(*dbf));
	colon = memchr(mod->s, ':', mod->len);
	len = colon ? (int)(colon - mod->s) : mod->len;
	if (len >= 3 && strncmp(mod->s, "db_", 3) == 0)
		snprintf(module, sizeof(module), "%.*s", len, mod->s);
	else
		snprintf(module, sizeof(module), "db_%.*s", len, mod->s);
	bind = (db_bind_api_f)find_mod_export(module, "db_bind_api", 0);
	if (!bind) {
		LM_ERR("database URL '%s': its driver, module %s, is not loaded\n",
			db_url_text(mod), module);
		return -1;
	}
	return bind(mod, dbf) < 0 ? -1 : 0;
}

int db_use_table(db_con_t *_h, const str *_t)
{
	if (!_h || !_t || !_t->s) {
		LM_ERR("no connection or no name of a table\n");
		return -1;
	}
	_h->table = _t;
	return 0;
}

int db_table_version(const db_func_t *dbf, db_con_t *con, const str *table)
{
	str column = str_init(VERSION_COLUMN), where = str_init(TABLE_COLUMN), version_table;
	db_key_t cols[] = {&column}, keys[] = {&where};
	db_val_t val = {.type = DB_STR, .val.str_val = *table};
	const str *before = con->table;
	db_res_t *res = NULL;
	int version = 0, rc = -1;

	init_str(&version_table, db_version_table);
	if (dbf->use_table(con, &version_table) == 0)
		rc = dbf->query(con, keys, NULL, &val, cols, 1, 1, NULL, &res);
	con->table = before;
	if (rc < 0)
		return -1;
	if (RES_ROW_N(res) > 0 && !VAL_NULL(ROW_VALUES(RES_ROWS(res))))
		version = VAL_INT(ROW_VALUES(RES_ROWS(res)));
	dbf->free_result(con, res);
	return version;
}

/* The scripts are named after the table, or the module that uses it. */
static void say_how_to_make(const db_con_t *h, const str *table)
{
	const char *colon = memchr(h->url.s, ':', h->url.len);

	LM_ERR("tables '%s' and '%.*s' are made by the scripts in scripts/sql/%.*s\n",
		db_version_table, table->len, table->s, colon ? (int)(colon - h->url.s) : 0,
		h->url.s);
}

int db_check_table_version(
	db_func_t *dbf, db_con_t *dbh, const str *table, const unsigned int version)
{
	int have = db_table_version(dbf, dbh, table);

	if (have == (int)version)
		return 0;
	if (have < 0)
		LM_ERR("database '%s': the version of table '%.*s' cannot be read from table "
		       "'%s'\n",
			db_url_text(&dbh->url), table->len, table->s, db_version_table);
	else if (have == 0)
		LM_ERR("database '%s': table '%s' knows no table '%.*s'\n", db_url_text(&dbh->url),
			db_version_table, table->len, table->s);
	else
		LM_ERR("database '%s': table '%.*s' has version %d, version %u is needed\n",
			db_url_text(&dbh->url), table->len, table->s, have, version);
	say_how_to_make(dbh, table);
	return -1;
}
