/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sql.h. The URL may hold a password, so it is in no message. */
#include <string.h>

#include "sql.h"
#include "params.h"
#include "stats.h"
#include "../../dprint.h"

static db_func_t dbf;
static db_con_t *con; /* of this process */
static str url;

bool sql_enabled(void)
{
	return repl_cfg.db_url && *repl_cfg.db_url;
}

int sql_init(void)
{
	if (!sql_enabled())
		return 0;
	url = (str){repl_cfg.db_url, strlen(repl_cfg.db_url)};
	if (db_bind_mod(&url, &dbf) < 0) {
		LM_ERR("parameter db_url: there is no driver for it, load its module (db_sqlite, "
		       "db_mysql ...)\n");
		return -1;
	}
	if (!DB_CAPABILITY(dbf, DB_CAP_ALL)) {
		LM_ERR("parameter db_url: this driver cannot query, insert, update and delete\n");
		return -1;
	}
	return 0;
}

void sql_close(void)
{
	if (con)
		dbf.close(con);
	con = NULL;
}

/* The connection, for this table; NULL: there is none. */
static db_con_t *use(const str *table)
{
	if (!con)
		con = dbf.init(&url);
	if (!con) {
		LM_ERR("cannot connect to the database of db_url\n");
		count(STAT_SQL_FAILED);
		return NULL;
	}
	if (dbf.use_table(con, table) == 0)
		return con;
	count(STAT_SQL_FAILED);
	LM_ERR("cannot use table %.*s\n", table->len, table->s);
	sql_close();
	return NULL;
}

static int failed(const str *table, const char *what)
{
	count(STAT_SQL_FAILED);
	LM_ERR("cannot %s table %.*s of the database of db_url\n", what, table->len, table->s);
	sql_close();
	return -1;
}

int sql_check_table(const str *table, unsigned int version)
{
	if (!use(table))
		return -1;
	if (db_check_table_version(&dbf, con, table, version) == 0)
		return 0;
	LM_ERR("table %.*s in version %u is needed in the database of db_url, see scripts/sql\n",
		table->len, table->s, version);
	sql_close();
	return -1;
}

int sql_select(const str *table, db_key_t key, const db_val_t *val, db_key_t *columns, int n,
	db_res_t **res)
{
	*res = NULL;
	if (!use(table))
		return -1;
	if (dbf.query(con, &key, NULL, val, columns, 1, n, NULL, res) < 0 || !*res)
		return failed(table, "read");
	return 0;
}

void sql_free(db_res_t *res)
{
	dbf.free_result(con, res);
}

static int exists(const str *table, db_key_t *columns, db_val_t *values, int n, bool *there)
{
	db_res_t *res = NULL;

	if (dbf.query(con, columns, NULL, values, columns, n, 1, NULL, &res) < 0 || !res)
		return failed(table, "read");
	*there = RES_ROW_N(res) > 0;
	sql_free(res);
	return 0;
}

int sql_put(const str *table, db_key_t *columns, db_val_t *values, int keys, int n)
{
	bool there = false;
	int rc;

	if (!use(table) || exists(table, columns, values, keys, &there) < 0)
		return -1;
	rc = there ? dbf.update(con, columns, NULL, values, columns + keys, values + keys, keys,
			     n - keys)
		   : dbf.insert(con, columns, values, n);
	return rc < 0 ? failed(table, "write") : 0;
}

int sql_insert(const str *table, db_key_t *columns, db_val_t *values, int n)
{
	if (!use(table))
		return -1;
	return dbf.insert(con, columns, values, n) < 0 ? failed(table, "write") : 0;
}

int sql_delete(const str *table, db_key_t *columns, db_val_t *values, int n)
{
	if (!use(table))
		return -1;
	return dbf.delete(con, columns, NULL, values, n) < 0 ? failed(table, "write") : 0;
}

int sql_delete_below(const str *table, db_key_t *columns, db_val_t *values)
{
	static db_op_t ops[] = {OP_EQ, OP_LT};

	if (!use(table))
		return -1;
	return dbf.delete(con, columns, ops, values, 2) < 0 ? failed(table, "write") : 0;
}

/* --- values ----------------------------------------------------------------------- */

db_val_t sql_int(int n)
{
	db_val_t v = {.type = DB_INT};

	VAL_INT(&v) = n;
	return v;
}

db_val_t sql_str(const str *s)
{
	db_val_t v = {.type = DB_STR};

	VAL_STR(&v) = *s;
	return v;
}

int sql_get_int(const db_val_t *val)
{
	if (VAL_NULL(val))
		return 0;
	if (VAL_TYPE(val) == DB_INT)
		return VAL_INT(val);
	return VAL_TYPE(val) == DB_BIGINT ? (int)VAL_BIGINT(val) : 0;
}

str sql_get_str(const db_val_t *val)
{
	if (VAL_NULL(val))
		return (str){NULL, 0};
	if (VAL_TYPE(val) == DB_STRING && VAL_STRING(val))
		return (str){(char *)VAL_STRING(val), strlen(VAL_STRING(val))};
	if (VAL_TYPE(val) == DB_STR)
		return VAL_STR(val);
	return VAL_TYPE(val) == DB_BLOB ? VAL_BLOB(val) : (str){NULL, 0};
}
