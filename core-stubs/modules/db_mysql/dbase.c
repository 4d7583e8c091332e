/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver. A connection that breaks is made anew by the query that finds it broken, and by
 * each query after that until it succeeds, so nothing has to be done when a server is back.
 * A query waits for the server: at most about three times timeout_interval for each of
 * max_db_queries attempts. A server that refuses connections is noticed at once.
 *
 * The rows of a result are taken over from the server all at once.
 */
#include <mysql.h>
#include <errmsg.h>
#include <stdint.h>

#include "db_mysql.h"
#include "../../db/db_query.h"
#include "../../mem/mem.h"

struct mysql_conn {
	struct db_conn common;
	struct db_id *id;
	MYSQL *con; /* NULL: not connected */
	MYSQL_RES *rows;
};

int db_mysql_timeout_interval = 2;
int max_db_retries = 3;
int max_db_queries = 2;
static const struct db_driver driver;

static struct mysql_conn *conn_of(const db_con_t *h)
{
	return (struct mysql_conn *)CON_TAIL(h);
}

/* --- connection -------------------------------------------------------------------------- */

static void drop_rows(const db_con_t *h)
{
	struct mysql_conn *c = conn_of(h);

	if (c->rows)
		mysql_free_result(c->rows);
	c->rows = NULL;
}

static void disconnect(const db_con_t *h)
{
	struct mysql_conn *c = conn_of(h);

	drop_rows(h);
	if (c->con)
		mysql_close(c->con);
	c->con = NULL;
}

static void set_timeouts(MYSQL *con)
{
	unsigned int seconds = (unsigned int)db_mysql_timeout_interval;

	mysql_options(con, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(con, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(con, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
}

/* Of several attempts the last one's error is told. */
static int connect_db(const db_con_t *h)
{
	struct mysql_conn *c = conn_of(h);
	const struct db_id *id = c->id;

	for (int i = 1;; i++) {
		c->con = mysql_init(NULL);
		if (!c->con) {
			LM_ERR("no more memory for a connection\n");
			return -1;
		}
		set_timeouts(c->con);
		if (mysql_real_connect(c->con, id->host, id->username, id->password, id->database,
			    id->port, id->unix_socket, 0))
			return 0;
		if (i >= max_db_retries)
			LM_ERR("cannot connect to %s: %s (%u)\n", db_url_text(&h->url),
				mysql_error(c->con), mysql_errno(c->con));
		disconnect(h);
		if (i >= max_db_retries)
			return -1;
	}
}

/* After the connection broke. As in OpenSIPS, without retries it is never made anew. */
static int reconnect_db(const db_con_t *h)
{
	if (max_db_retries > 0)
		return connect_db(h);
	LM_ERR("the connection to %s was lost, and max_db_retries is 0\n", db_url_text(&h->url));
	return -1;
}

db_con_t *db_mysql_init(const str *url)
{
	struct mysql_conn *c;
	db_con_t *h;

	h = url ? db_new_con(url, &driver, sizeof(*c)) : NULL;
	if (!h)
		return NULL;
	c = conn_of(h);
	c->id = new_db_id(url);
	if (c->id && connect_db(h) == 0)
		return h;
	db_mysql_close(h);
	return NULL;
}

void db_mysql_close(db_con_t *h)
{
	if (!h)
		return;
	disconnect(h);
	free_db_id(conn_of(h)->id);
	db_free_con(h);
}

/* --- queries ----------------------------------------------------------------------------- */

static int quote(const db_con_t *h, char *buf, int room, const str *val, int is_blob)
{
	struct mysql_conn *c = conn_of(h);
	unsigned long n;

	(void)is_blob;
	if ((int64_t)room < 2 * (int64_t)val->len + 4)
		return -1;
	/* how to quote is the server's to say */
	if (!c->con && reconnect_db(h) < 0)
		return -2;
	buf[0] = '\'';
	n = val->len ? mysql_real_escape_string(c->con, buf + 1, val->s, val->len) : 0;
	if (n == (unsigned long)-1)
		return -1;
	buf[n + 1] = '\'';
	return (int)n + 2;
}

static int is_broken(unsigned int error)
{
	return error == CR_SERVER_GONE_ERROR || error == CR_SERVER_LOST ||
	       error == CR_SERVER_LOST_EXTENDED || error == CR_COMMANDS_OUT_OF_SYNC;
}

/* Sends and takes the answer. 0, or the error. */
static unsigned int run(const db_con_t *h, const str *sql)
{
	struct mysql_conn *c = conn_of(h);

	if (mysql_real_query(c->con, sql->s, sql->len) != 0)
		return mysql_errno(c->con);
	c->rows = mysql_store_result(c->con);
	return !c->rows && mysql_field_count(c->con) ? mysql_errno(c->con) : 0;
}

static int submit(const db_con_t *h, const str *sql)
{
	struct mysql_conn *c = conn_of(h);
	unsigned int error;

	for (int i = 0; i < max_db_queries; i++) {
		if (!c->con && reconnect_db(h) < 0)
			return -1;
		error = run(h, sql);
		if (!error)
			return 0;
		LM_ERR("%s: %s (%u, at %.*s)\n", db_url_text(&h->url), mysql_error(c->con), error,
			sql->len > 200 ? 200 : sql->len, sql->s);
		if (!is_broken(error))
			return -1;
		disconnect(h);
	}
	return -1;
}

/* A TEXT is a BLOB on the wire. */
static db_type_t type_of(enum enum_field_types t)
{
	switch (t) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_INT24:
		return DB_INT;
	case MYSQL_TYPE_LONGLONG:
		return DB_BIGINT;
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL:
		return DB_DOUBLE;
	case MYSQL_TYPE_DATETIME:
	case MYSQL_TYPE_TIMESTAMP:
		return DB_DATETIME;
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
	case MYSQL_TYPE_BLOB:
		return DB_BLOB;
	default:
		return DB_STRING;
	}
}

static int columns(const db_con_t *h, struct db_column *cols, int max)
{
	MYSQL_RES *rows = conn_of(h)->rows;
	int n = rows ? (int)mysql_num_fields(rows) : 0;
	const MYSQL_FIELD *f = rows ? mysql_fetch_fields(rows) : NULL;

	if (n > max) {
		LM_ERR("a result has %d columns, at most %d are possible\n", n, max);
		return -1;
	}
	for (int i = 0; i < n; i++)
		cols[i] = (struct db_column){f[i].name, type_of(f[i].type)};
	return n;
}

static int next_row(const db_con_t *h, struct db_field *fields, int n)
{
	MYSQL_RES *rows = conn_of(h)->rows;
	MYSQL_ROW row = rows ? mysql_fetch_row(rows) : NULL;
	const unsigned long *len = row ? mysql_fetch_lengths(rows) : NULL;

	if (!row)
		return 0;
	for (int i = 0; i < n; i++)
		fields[i] = (struct db_field){row[i], (int)len[i]};
	return 1;
}

int db_mysql_last_inserted_id(const db_con_t *h)
{
	struct mysql_conn *c = conn_of(h);

	return c->con ? (int)mysql_insert_id(c->con) : 0;
}

static const struct db_driver driver = {
	.conflict = "on duplicate key update",
	.new_value = {"values(", ")"},
	.quote = quote,
	.submit = submit,
	.columns = columns,
	.next_row = next_row,
	.drop_rows = drop_rows,
};

int db_mysql_bind_api(const str *mod, db_func_t *dbb)
{
	(void)mod;
	*dbb = (db_func_t){
		DB_FUNC_COMMON,
		.init = db_mysql_init,
		.close = db_mysql_close,
		.last_inserted_id = db_mysql_last_inserted_id,
	};
	return 0;
}
