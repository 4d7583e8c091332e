/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all drivers have in common: making SQL of what they are asked, and results of what
 * they get. A driver is a struct db_driver; DB_FUNC_COMMON makes db_func_t of it.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db.h"

struct db_driver {
	const char *conflict;     /* what turns an INSERT into an insert_update */
	const char *new_value[2]; /* around a column's name: the value it was to be inserted with */

	/* A literal of those bytes into buf: its length; -1: no room; -2: cannot (logged). */
	int (*quote)(const db_con_t *h, char *buf, int room, const str *val, int is_blob);
	/* Runs it; no rows are kept then. 0 or -1 (logged). Those of a SELECT are kept. */
	int (*submit)(const db_con_t *h, const str *sql);
	/*
	 * Columns of the rows that are kept, at most max. Their number, or -1. The names stay
	 * valid until drop_rows().
	 */
	int (*columns)(const db_con_t *h, struct db_column *cols, int max);
	/* The next row; 1, 0: that was all, -1. The fields stay valid until the next call. */
	int (*next_row)(const db_con_t *h, struct db_field *fields, int n);
	void (*drop_rows)(const db_con_t *h);
};

#define DB_MAX_COLUMNS 64

/* The connection's driver is what CON_TAIL points to, as its first member. */
struct db_conn {
	const struct db_driver *driver;
};

int db_do_query(const db_con_t *h, const db_key_t *k, const db_op_t *op, const db_val_t *v,
	const db_key_t *c, const int n, const int nc, const db_key_t o, db_res_t **r);
int db_do_fetch_result(const db_con_t *h, db_res_t **r, const int n);
int db_do_raw_query(const db_con_t *h, const str *s, db_res_t **r);
int db_do_free_result(db_con_t *h, db_res_t *r);
int db_do_insert(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n);
int db_do_delete(
	const db_con_t *h, const db_key_t *k, const db_op_t *o, const db_val_t *v, const int n);
int db_do_update(const db_con_t *h, const db_key_t *k, const db_op_t *o, const db_val_t *v,
	const db_key_t *uk, const db_val_t *uv, const int n, const int un);
int db_do_replace(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n);
int db_do_insert_update(const db_con_t *h, const db_key_t *k, const db_val_t *v, const int n);

/* A handle for a URL, with room for the driver's connection; NULL without memory. */
db_con_t *db_new_con(const str *url, const struct db_driver *driver, size_t conn_size);
/* Frees it; the driver has closed its part. */
void db_free_con(db_con_t *h);

/* All but what each driver does its own way. */
#define DB_FUNC_COMMON                                                                             \
	.use_table = db_use_table, .query = db_do_query, .fetch_result = db_do_fetch_result,       \
	.raw_query = db_do_raw_query, .free_result = db_do_free_result, .insert = db_do_insert,    \
	.delete = db_do_delete, .update = db_do_update, .replace = db_do_replace,                  \
	.insert_update = db_do_insert_update,                                                      \
	.cap = DB_CAP_ALL | DB_CAP_RAW_QUERY | DB_CAP_FETCH | DB_CAP_REPLACE |                     \
	       DB_CAP_LAST_INSERTED_ID | DB_CAP_INSERT_UPDATE

#endif
