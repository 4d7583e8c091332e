/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database of parameter db_url. Each process opens a connection of its own when it first
 * needs one, and a new one after anything has failed. Without db_url nothing of this is used.
 */
#ifndef REG_REPLICATE_SQL_H
#define REG_REPLICATE_SQL_H

#include <stdbool.h>

#include "../../db/db.h"

#define SQL_MAX_COLUMNS 8

/* Is there a db_url? */
bool sql_enabled(void);

/* Finds the driver, in mod_init. Returns 0, or -1 after an error line. */
int sql_init(void);
/* Is the table there, in this version? 0, or -1 after an error line. */
int sql_check_table(const str *table, unsigned int version);
/* Closes this process's connection, which must not live on over a fork. */
void sql_close(void);

/*
 * The rows that have value `val` in column `key`: `columns` of them. Returns 0 and *res, to be
 * given to sql_free(), or -1 after an error line.
 */
int sql_select(const str *table, db_key_t key, const db_val_t *val, db_key_t *columns, int n,
	db_res_t **res);
void sql_free(db_res_t *res);

/* Writes the row that has the first `keys` of the n values: a new one, or in place of the one that
 * is there. 0, or -1 after an error line: then nothing is changed. */
int sql_put(const str *table, db_key_t *columns, db_val_t *values, int keys, int n);
/* A new row. 0, or -1 after an error line. */
int sql_insert(const str *table, db_key_t *columns, db_val_t *values, int n);
/* Deletes the rows that have all of these values; none is no error. 0, or -1. */
int sql_delete(const str *table, db_key_t *columns, db_val_t *values, int n);
/* The same, but less than the second one of two. */
int sql_delete_below(const str *table, db_key_t *columns, db_val_t *values);

/* Values to pass. */
db_val_t sql_int(int n);
db_val_t sql_str(const str *s);

/* Values of a result, whatever type the driver made of them: NULL is 0 or empty. */
int sql_get_int(const db_val_t *val);
str sql_get_str(const db_val_t *val);

#endif
