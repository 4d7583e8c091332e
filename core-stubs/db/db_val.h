/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value of a column: its type, NULL or not, and what it is. Texts of values that are given
 * to the API belong to the caller; those of results belong to the result.
 */
#ifndef DB_VAL_H
#define DB_VAL_H

#include <time.h>
#include <stdint.h>

#include "../dprint.h"
#include "../str.h"

typedef enum {
	DB_INT,
	DB_BIGINT,
	DB_DOUBLE,
	DB_STRING, /* zero terminated */
	DB_STR,
	DB_DATETIME,
	DB_BLOB,
	DB_BITMAP
} db_type_t;

typedef struct {
	db_type_t type;
	int nul;  /* 1: NULL, whatever val says */
	int free; /* not used: results own what their values point to */
	union {
		int int_val;
		long long bigint_val;
		double double_val;
		time_t time_val; /* Unix time; in the database it is local time */
		const char *string_val;
		str str_val;
		str blob_val;
		unsigned int bitmap_val;
	} val;
} db_val_t;

#define VAL_TYPE(dv)   ((dv)->type)
#define VAL_NULL(dv)   ((dv)->nul)
#define VAL_FREE(dv)   ((dv)->free)
#define VAL_INT(dv)    ((dv)->val.int_val)
#define VAL_BIGINT(dv) ((dv)->val.bigint_val)
#define VAL_DOUBLE(dv) ((dv)->val.double_val)
#define VAL_TIME(dv)   ((dv)->val.time_val)
#define VAL_STRING(dv) ((dv)->val.string_val)
#define VAL_STR(dv)    ((dv)->val.str_val)
#define VAL_BLOB(dv)   ((dv)->val.blob_val)
#define VAL_BITMAP(dv) ((dv)->val.bitmap_val)

#endif
