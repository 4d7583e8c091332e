/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver: a connection is an open file, and at most one statement whose rows are not all
 * taken yet. That statement holds a read lock of the file, so it is ended as soon as it can be.
 *
 * The file must exist: an empty one, as SQLite would make, is of no use to anybody.
 */
#include <sqlite3.h>
#include <stdint.h>

#include "db_sqlite.h"
#include "../../db/db_query.h"
#include "../../mem/mem.h"

#define URL_HEAD    "sqlite:/" /* what follows is the path */
#define MAX_PRAGMAS 16

struct sqlite_conn {
	struct db_conn common;
	sqlite3 *con;
	sqlite3_stmt *rows; /* NULL: no rows to take */
	int state;          /* what the last step of it gave */
};

int db_sqlite_busy_timeout = 500;
static const struct db_driver driver;

static const char *pragmas[MAX_PRAGMAS];
static int pragma_no;

static struct sqlite_conn *conn_of(const db_con_t *h)
{
	return (struct sqlite_conn *)CON_TAIL(h);
}

static int failed(const db_con_t *h, const char *what, const char *detail, int len)
{
	LM_ERR("%s: %s (%s %.*s)\n", db_url_text(&h->url), sqlite3_errmsg(conn_of(h)->con), what,
		len > 200 ? 200 : len, detail);
	return -1;
}

/* --- connection -------------------------------------------------------------------------- */

int db_sqlite_add_pragma(const char *pragma)
{
	if (pragma_no == MAX_PRAGMAS) {
		LM_ERR("more than %d exec_pragma\n", MAX_PRAGMAS);
		return -1;
	}
	pragmas[pragma_no++] = pragma;
	return 0;
}

static int run_pragmas(db_con_t *h)
{
	char sql[256];

	for (int i = 0; i < pragma_no; i++) {
		snprintf(sql, sizeof(sql), "PRAGMA %s", pragmas[i]);
		if (sqlite3_exec(conn_of(h)->con, sql, NULL, NULL, NULL) != SQLITE_OK)
			return failed(h, "at", sql, strlen(sql));
	}
	return 0;
}

db_con_t *db_sqlite_init(const str *url)
{
	size_t head = strlen(URL_HEAD);
	struct sqlite_conn *c;
	db_con_t *h;

	if (!url || (size_t)url->len <= head || strncmp(url->s, URL_HEAD, head) != 0) {
		LM_ERR("database URL '%.*s': sqlite:///path/of/the/file is expected\n",
			url ? url->len : 0, url ? url->s : "");
		return NULL;
	}
	h = db_new_con(url, &driver, sizeof(*c));
	if (!h)
		return NULL;
	c = conn_of(h);
	if (sqlite3_open_v2(h->url.s + head, &c->con, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		failed(h, "file", h->url.s + head, h->url.len - (int)head);
		goto error;
	}
	sqlite3_busy_timeout(c->con, db_sqlite_busy_timeout);
	if (run_pragmas(h) == 0)
		return h;
error:
	db_sqlite_close(h);
	return NULL;
}

static void drop_rows(const db_con_t *h)
{
	struct sqlite_conn *c = conn_of(h);

	sqlite3_finalize(c->rows);
	c->rows = NULL;
}

void db_sqlite_close(db_con_t *h)
{
	if (!h)
		return;
	drop_rows(h);
	sqlite3_close(conn_of(h)->con);
	db_free_con(h);
}

/* --- queries ----------------------------------------------------------------------------- */

static int quote(const db_con_t *h, char *buf, int room, const str *val, int is_blob)
{
	int n = 0;

	(void)h;
	if ((int64_t)room < 2 * (int64_t)val->len + 4)
		return -1;
	/* a text would end at a zero byte */
	if (is_blob || (val->len && memchr(val->s, 0, val->len))) {
		n += sprintf(buf, "X'");
		for (int i = 0; i < val->len; i++)
			n += sprintf(buf + n, "%02x", (unsigned char)val->s[i]);
	} else {
		buf[n++] = '\'';
		for (int i = 0; i < val->len; i++) {
			if (val->s[i] == '\'')
				buf[n++] = '\'';
			buf[n++] = val->s[i];
		}
	}
	buf[n++] = '\'';
	return n;
}

static int submit(const db_con_t *h, const str *sql)
{
	struct sqlite_conn *c = conn_of(h);

	if (sqlite3_prepare_v2(c->con, sql->s, sql->len, &c->rows, NULL) != SQLITE_OK)
		return failed(h, "at", sql->s, sql->len);
	c->state = sqlite3_step(c->rows);
	if (c->state != SQLITE_ROW && c->state != SQLITE_DONE) {
		failed(h, "at", sql->s, sql->len);
		drop_rows(h);
		return -1;
	}
	if (sqlite3_column_count(c->rows) == 0)
		drop_rows(h);
	return 0;
}

/* By how the column was declared; of an expression, by its first value. */
static db_type_t type_of(sqlite3_stmt *stmt, int i)
{
	static const struct {
		const char *begin;
		db_type_t type;
	} types[] = {{"BIGI", DB_BIGINT}, {"BLOB", DB_BLOB}, {"REAL", DB_DOUBLE},
		{"DOUB", DB_DOUBLE}, {"FLOA", DB_DOUBLE}, {"DATE", DB_DATETIME},
		{"CHAR", DB_STRING}, {"VAR", DB_STRING}, {"NCHA", DB_STRING}, {"NAT", DB_STRING},
		{"NVAR", DB_STRING}, {"TEXT", DB_STRING}, {"CLOB", DB_STRING}, {"", DB_INT}};
	const char *decl = sqlite3_column_decltype(stmt, i);
	int value = sqlite3_column_type(stmt, i);
	unsigned int t = 0;

	if (!decl)
		return value == SQLITE_INTEGER ? DB_BIGINT
		       : value == SQLITE_FLOAT ? DB_DOUBLE
					       : DB_STRING;
	while (strncasecmp(decl, types[t].begin, strlen(types[t].begin)) != 0)
		t++;
	return types[t].type;
}

static int columns(const db_con_t *h, struct db_column *cols, int max)
{
	sqlite3_stmt *stmt = conn_of(h)->rows;
	int n = stmt ? sqlite3_column_count(stmt) : 0;

	if (n > max) {
		LM_ERR("a result has %d columns, at most %d are possible\n", n, max);
		return -1;
	}
	for (int i = 0; i < n; i++)
		cols[i] = (struct db_column){sqlite3_column_name(stmt, i), type_of(stmt, i)};
	return n;
}

/* The statement stands on the next row already, or at the end. */
static int next_row(const db_con_t *h, struct db_field *fields, int n)
{
	struct sqlite_conn *c = conn_of(h);

	if (!c->rows || c->state == SQLITE_DONE)
		return 0;
	if (c->state == SQLITE_OK)
		c->state = sqlite3_step(c->rows);
	if (c->state == SQLITE_DONE)
		return 0;
	if (c->state != SQLITE_ROW)
		return failed(h, "taking", "rows", 4);
	for (int i = 0; i < n; i++) {
		fields[i].s = sqlite3_column_blob(c->rows, i);
		fields[i].len = sqlite3_column_bytes(c->rows, i);
		if (!fields[i].s && sqlite3_column_type(c->rows, i) != SQLITE_NULL)
			fields[i].s = "";
	}
	c->state = SQLITE_OK; /* the next call steps on */
	return 1;
}

int db_sqlite_last_inserted_id(const db_con_t *h)
{
	return (int)sqlite3_last_insert_rowid(conn_of(h)->con);
}

static const struct db_driver driver = {
	.conflict = "on conflict do update set",
	.new_value = {"excluded.", ""},
	.quote = quote,
	.submit = submit,
	.columns = columns,
	.next_row = next_row,
	.drop_rows = drop_rows,
};

int db_sqlite_bind_api(const str *mod, db_func_t *dbb)
{
	(void)mod;
	*dbb = (db_func_t){
		DB_FUNC_COMMON,
		.init = db_sqlite_init,
		.close = db_sqlite_close,
		.last_inserted_id = db_sqlite_last_inserted_id,
	};
	return 0;
}
