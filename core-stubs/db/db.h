/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQL for modules. A module names a database by URL; db_bind_mod() finds the driver, the
 * module db_SCHEME, and fills in its functions. A connection is for one process only: what
 * mod_init opens it closes again, and each process opens its own in child_init.
 *
 *   db_bind_mod(&url, &dbf); h = dbf.init(&url); dbf.use_table(h, &table);
 *   dbf.query(h, keys, ops, vals, cols, nkeys, ncols, order, &res); ... dbf.free_result(h, res);
 *
 * All functions that return int give 0, or a negative number with the reason logged. They
 * block until the server has answered; a driver says how long that can be.
 *
 * Left out: asynchronous queries, prepared statements (they run as plain ones), buffered
 * INSERTs, the pool of connections.
 */
#ifndef DB_H
#define DB_H

#include "db_key.h"
#include "db_op.h"
#include "db_val.h"
#include "db_con.h"
#include "db_res.h"
#include "db_cap.h"
#include "db_row.h"
#include "db_ps.h"
#include "../globals.h"
#include "../statistics.h"

/* Queries of all kinds; those that failed (OpenSIPS does not have the second one). */
extern stat_var *sql_total_queries;
extern stat_var *sql_failed_queries;

/* Makes the statistics. Before modules are initialised. 0 or -1. */
int init_db_support(void);

/* The table of the next queries. The name is not copied. */
typedef int (*db_use_table_f)(db_con_t *_h, const str *_t);

/* Connects. NULL when that fails. */
typedef db_con_t *(*db_init_f)(const str *_sqlurl);
typedef void (*db_close_f)(db_con_t *_h);

/*
 * SELECT: of the rows where _n keys compare so with values, _nc columns, ordered by _o.
 * _op NULL: all are OP_EQ; _n 0: all rows; _c NULL: all columns; _o NULL: no order.
 * With _r NULL rows wait for fetch_result().
 */
typedef int (*db_query_f)(const db_con_t *_h, const db_key_t *_k, const db_op_t *_op,
	const db_val_t *_v, const db_key_t *_c, const int _n, const int _nc, const db_key_t _o,
	db_res_t **_r);
/*
 * The next rows, at most _n, of a query that was made with _r NULL. *_r is NULL at first,
 * and is used again after that; no rows are left when RES_ROW_N is 0. _n 0 frees it.
 * No other query may be made on the connection before that.
 */
typedef int (*db_fetch_result_f)(const db_con_t *_h, db_res_t **_r, const int _n);
/* SQL as it is. _r may be NULL. */
typedef int (*db_raw_query_f)(const db_con_t *_h, const str *_s, db_res_t **_r);
typedef int (*db_free_result_f)(db_con_t *_h, db_res_t *_r);
typedef int (*db_insert_f)(
	const db_con_t *_h, const db_key_t *_k, const db_val_t *_v, const int _n);
typedef int (*db_delete_f)(const db_con_t *_h, const db_key_t *_k, const db_op_t *_o,
	const db_val_t *_v, const int _n);
/* Sets _un columns to values where _n keys compare. No such row is no error. */
typedef int (*db_update_f)(const db_con_t *_h, const db_key_t *_k, const db_op_t *_o,
	const db_val_t *_v, const db_key_t *_uk, const db_val_t *_uv, const int _n, const int _un);
/* Inserts, in place of a row with the same primary or unique key. */
typedef int (*db_replace_f)(
	const db_con_t *handle, const db_key_t *keys, const db_val_t *vals, const int n);
typedef int (*db_last_inserted_id_f)(const db_con_t *_h);
/* Inserts; a row with the same primary or unique key gets these values instead. */
typedef int (*db_insert_update_f)(
	const db_con_t *_h, const db_key_t *_k, const db_val_t *_v, const int _n);
typedef int (*db_async_raw_query_f)(db_con_t *_h, const str *_q, void **_priv);
typedef int (*db_async_resume_f)(db_con_t *_h, int fd, db_res_t **_r, void *_priv);
typedef int (*db_async_free_result_f)(db_con_t *_h, db_res_t *_r, void *_priv);
typedef void (*db_async_timeout_f)(db_con_t *_h, int fd, void *_priv);

typedef struct db_func {
	unsigned int cap; /* DB_CAP_* */
	db_use_table_f use_table;
	db_init_f init;
	db_close_f close;
	db_query_f query;
	db_fetch_result_f fetch_result;
	db_raw_query_f raw_query;
	db_free_result_f free_result;
	db_insert_f insert;
	db_delete_f delete;
	db_update_f update;
	db_replace_f replace;
	db_last_inserted_id_f last_inserted_id;
	db_insert_update_f insert_update;
	db_async_raw_query_f async_raw_query; /* these are NULL */
	db_async_resume_f async_resume;
	db_async_free_result_f async_free_result;
	db_async_timeout_f async_timeout;
} db_func_t;

/* What a driver exports under the name "db_bind_api". */
typedef int (*db_bind_api_f)(const str *mod, db_func_t *dbb);

/* mod: a URL, or the name of a driver. The driver's module must be loaded. 0 or -1. */
int db_bind_mod(const str *mod, db_func_t *dbf);

/* Version of a table; 0 when the version table does not have it; -1: no answer. */
int db_table_version(const db_func_t *dbf, db_con_t *con, const str *table);
/* 0: it is that version. -1: it is not, or not there; the message says what to do. */
int db_check_table_version(
	db_func_t *dbf, db_con_t *dbh, const str *table, const unsigned int version);
int db_use_table(db_con_t *_h, const str *_t);

/* In mod_init: a module's own URL, or the one that all modules share; returns -1 without. */
#define init_db_url(_db_url, _can_be_null)                                                         \
	do {                                                                                       \
		if (_db_url.s == NULL) {                                                           \
			if (db_default_url == NULL) {                                              \
				if (!(_can_be_null)) {                                             \
					LM_ERR("DB URL is not defined!\n");                        \
					return -1;                                                 \
				}                                                                  \
			} else {                                                                   \
				_db_url.s = db_default_url;                                        \
				_db_url.len = strlen(_db_url.s);                                   \
			}                                                                          \
		} else {                                                                           \
			_db_url.len = strlen(_db_url.s);                                           \
		}                                                                                  \
	} while (0)

#endif
