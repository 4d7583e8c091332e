/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of a query, in private memory. Who queried gives it back with the driver's
 * free_result(). The second half is for drivers, who fill it.
 */
#ifndef DB_RES_H
#define DB_RES_H

#include "db_key.h"
#include "db_val.h"
#include "db_row.h"

typedef struct db_res {
	struct {
		db_key_t *names;
		db_type_t *types;
		int n;
	} col;
	struct db_row *rows;
	int n;        /* rows here */
	int res_rows; /* rows that the query has given so far, all fetches together */
	int last_row; /* the same */
} db_res_t;

#define RES_NAMES(re)    ((re)->col.names)
#define RES_TYPES(re)    ((re)->col.types)
#define RES_COL_N(re)    ((re)->col.n)
#define RES_ROWS(re)     ((re)->rows)
#define RES_ROW_N(re)    ((re)->n)
#define RES_LAST_ROW(re) ((re)->last_row)
#define RES_NUM_ROWS(re) ((re)->res_rows)

/* --- for drivers ------------------------------------------------------------------------- */

/* A column as the server describes it. */
struct db_column {
	const char *name;
	db_type_t type;
};

/* A field of a row as the server gives it: a text, with its length; s NULL: NULL. */
struct db_field {
	const char *s;
	int len;
};

/* An empty result with a copy of these columns; NULL without memory (logged). */
db_res_t *db_new_result(const struct db_column *cols, int n);
/*
 * Appends a row of RES_COL_N fields, each turned into a value of its column's type; an INT
 * that is too large becomes a BIGINT. What is not of that type is an error: -1 (logged).
 */
int db_add_row(db_res_t *r, const struct db_field *fields);
void db_free_rows(db_res_t *r);
/* NULL is allowed. */
void db_free_result(db_res_t *r);

#endif
