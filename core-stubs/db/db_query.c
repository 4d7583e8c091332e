/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQL from keys and values. A query is built in one buffer of the process; what does not fit
 * into SQL_BUF_LEN is refused. Names of tables and columns come from configurations and are
 * taken as they are; values are quoted by the driver.
 */
#include <limits.h>
#include <stdarg.h>

#include "db_query.h"
#include "db_ut.h"
#include "../mem/mem.h"

static char sql_buf[SQL_BUF_LEN];
/* Behind the text so far. SQL_BUF_LEN and more: it did not fit; FAILED: see quote(). */
#define FAILED INT_MAX
static int sql_len;

static const struct db_driver *driver_of(const db_con_t *h)
{
	return ((const struct db_conn *)CON_TAIL(h))->driver;
}

/* --- text -------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void put(const char *fmt, ...)
{
	va_list ap;

	if (sql_len >= SQL_BUF_LEN)
		return;
	va_start(ap, fmt);
	sql_len += vsnprintf(sql_buf + sql_len, SQL_BUF_LEN - sql_len, fmt, ap);
	va_end(ap);
}

static void put_name(const str *name)
{
	put("%.*s", name->len, name->s);
}

/* What a function wrote at the end of the text, or why it could not. */
static void took(int n)
{
	sql_len = n == -2 ? FAILED : n < 0 ? SQL_BUF_LEN : sql_len + n;
}

static void put_text(const db_con_t *h, const str *text, int is_blob)
{
	if (sql_len < SQL_BUF_LEN)
		took(driver_of(h)->quote(
			h, sql_buf + sql_len, SQL_BUF_LEN - sql_len, text, is_blob));
}

static void put_value(const db_con_t *h, const db_val_t *v)
{
	str text;
	int n;

	if (v->nul) {
		put("NULL");
		return;
	}
	switch (v->type) {
	case DB_INT:
		put("%d", v->val.int_val);
		return;
	case DB_BIGINT:
		put("%lld", v->val.bigint_val);
		return;
	case DB_BITMAP:
		put("%u", v->val.bitmap_val);
		return;
	case DB_DOUBLE:
		put("%.10g", v->val.double_val);
		return;
	case DB_DATETIME:
		n = SQL_BUF_LEN - sql_len;
		if (n > 0)
			took(db_time2str(v->val.time_val, sql_buf + sql_len, &n) < 0 ? -1 : n);
		return;
	case DB_STRING:
		text = (str){(char *)v->val.string_val, strlen(ZSW(v->val.string_val))};
		put_text(h, &text, 0);
		return;
	default:
		put_text(h, &v->val.str_val, v->type == DB_BLOB);
	}
}

static void put_names(const db_key_t *k, int n)
{
	for (int i = 0; i < n; i++) {
		put("%s", i ? "," : "");
		put_name(k[i]);
	}
}

/* NULL compares with nothing in SQL: it is asked for by IS. */
static void put_where(
	const db_con_t *h, const db_key_t *k, const db_op_t *op, const db_val_t *v, int n)
{
	const char *between = h->flags & CON_OR_OPERATOR ? " OR " : " AND ";

	for (int i = 0; i < n; i++) {
		put("%s", i ? between : " where ");
		put_name(k[i]);
		if (v[i].nul)
			put(op && strcmp(op[i], OP_NEQ) == 0 ? " IS NOT " : " IS ");
		else
			put("%s", op ? op[i] : OP_EQ);
		put_value(h, &v[i]);
	}
	CON_OR_RESET(h);
}

static void put_insert(
	const db_con_t *h, const char *verb, const db_key_t *k, const db_val_t *v, int n)
{
	sql_len = 0;
	put("%s into %.*s (", verb, h->table->len, h->table->s);
	put_names(k, n);
	put(") values (");
	for (int i = 0; i < n; i++) {
		put("%s", i ? "," : "");
		put_value(h, &v[i]);
	}
	put(")");
}

/* --- queries ----------------------------------------------------------------------------- */

static int submit(const db_con_t *h, const str *sql)
{
	const struct db_driver *d = driver_of(h);

	CON_RESET_CURR_PS(h);
	d->drop_rows(h);
	if_update_stat(sql_total_queries, sql_total_queries, 1);
	if (d->submit(h, sql) == 0)
		return 0;
	if_update_stat(sql_failed_queries, sql_failed_queries, 1);
	return -1;
}

/* Runs what was built. */
static int submit_built(const db_con_t *h)
{
	str sql = {sql_buf, sql_len};

	if (sql_len >= SQL_BUF_LEN) {
		if (sql_len != FAILED)
			LM_ERR("a query on table %.*s has more than %d bytes\n", h->table->len,
				h->table->s, SQL_BUF_LEN);
		CON_RESET_CURR_PS(h);
		if_update_stat(sql_failed_queries, sql_failed_queries, 1);
		return -1;
	}
	return submit(h, &sql);
}

static db_res_t *new_result(const db_con_t *h)
{
	struct db_column cols[DB_MAX_COLUMNS];
	int n = driver_of(h)->columns(h, cols, DB_MAX_COLUMNS);

	return n < 0 ? NULL : db_new_result(cols, n);
}

/* Appends rows, at most max (0: all). 0 or -1. */
static int take_rows(const db_con_t *h, db_res_t *r, int max)
{
	const struct db_driver *d = driver_of(h);
	struct db_field fields[DB_MAX_COLUMNS];
	int rc = 1;

	while ((max == 0 || r->n < max) && (rc = d->next_row(h, fields, r->col.n)) > 0)
		if (db_add_row(r, fields) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

/* All rows, if the caller wants them now. */
static int answer(const db_con_t *h, db_res_t **r)
{
	int rc = 0;

	if (!r)
		return 0;
	*r = new_result(h);
	if (!*r || take_rows(h, *r, 0) < 0) {
		db_free_result(*r);
		*r = NULL;
		if_update_stat(sql_failed_queries, sql_failed_queries, 1);
		rc = -1;
	}
	driver_of(h)->drop_rows(h);
	return rc;
}

int db_do_query(const db_con_t *h, const db_key_t *k, const db_op_t *op, const db_val_t *v,
	const db_key_t *c, const int n, const int nc, const db_key_t o, db_res_t **r)
{
	if (r)
		*r = NULL;
	sql_len = 0;
	put("select ");
	if (c && nc > 0)
		put_names(c, nc);
	else
		put("*");
	put(" from %.*s", h->table->len, h->table->s);
	put_where(h, k, op, v, n);
	if (o) {
		put(" order by ");
		put_name(o);
	}
	return submit_built(h) < 0 ? -1 : answer(h, r);
}

int db_do_fetch_result(const db_con_t *h, db_res_t **r, const int n)
{
	if (!r || n < 0) {
		LM_ERR("no place for the result, or a negative number of rows\n");
		return -1;
	}
	if (n == 0) {
		driver_of(h)->drop_rows(h);
		db_free_result(*r);
		*r = NULL;
		return 0;
	}
	if (*r)
		db_free_rows(*r);
	else
		*r = new_result(h);
	if (!*r || take_rows(h, *r, n) < 0) {
		driver_of(h)->drop_rows(h);
		db_free_result(*r);
		*r = NULL;
		return -1;
	}
	return 0;
}

int db_do_raw_query(const db_con_t *h, const str *s, db_res_t **r)
{
	if (r)
		*r = NULL;
	return submit(h, s) < 0 ? -1 : answer(h, r);
}

int db_do_free_result(db_con_t *h, db_res_t *r)
{
	driver_of(h)->drop_rows(h);
	db_free_result(r);
	return 0;
}

int db_do_insert(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n)
{
	put_insert(h, "insert", k, v, n);
	return submit_built(h);
}

int db_do_replace(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n)
{
	put_insert(h, "replace", k, v, n);
	return submit_built(h);
}

int db_do_insert_update(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n)
{
	const struct db_driver *d = driver_of(h);

	put_insert(h, "insert", k, v, n);
	put(" %s ", d->conflict);
	for (int i = 0; i < n; i++) {
		put("%s", i ? "," : "");
		put_name(k[i]);
		put("=%s", d->new_value[0]);
		put_name(k[i]);
		put("%s", d->new_value[1]);
	}
	return submit_built(h);
}

int db_do_delete(
	const db_con_t *h, const db_key_t *k, const db_op_t *o, const db_val_t *v, const int n)
{
	sql_len = 0;
	put("delete from %.*s", h->table->len, h->table->s);
	put_where(h, k, o, v, n);
	return submit_built(h);
}

int db_do_update(const db_con_t *h, const db_key_t *k, const db_op_t *o, const db_val_t *v,
	const db_key_t *uk, const db_val_t *uv, const int n, const int un)
{
	sql_len = 0;
	put("update %.*s set ", h->table->len, h->table->s);
	for (int i = 0; i < un; i++) {
		put("%s", i ? "," : "");
		put_name(uk[i]);
		put("=");
		put_value(h, &uv[i]);
	}
	put_where(h, k, o, v, n);
	return submit_built(h);
}

/* --- handles ----------------------------------------------------------------------------- */

db_con_t *db_new_con(const str *url, const struct db_driver *driver, size_t conn_size)
{
	size_t head = (sizeof(db_con_t) + 15) & ~(size_t)15;
	db_con_t *h = pkg_malloc(head + conn_size + url->len + 1);

	if (!h)
		return NULL;
	memset(h, 0, head + conn_size + url->len + 1);
	h->tail = (unsigned long)h + head;
	((struct db_conn *)h->tail)->driver = driver;
	h->url = (str){(char *)h->tail + conn_size, url->len};
	memcpy(h->url.s, url->s, url->len);
	return h;
}

void db_free_con(db_con_t *h)
{
	pkg_free(h);
}
