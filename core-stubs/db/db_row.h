/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row of a result. */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "db_val.h"

typedef struct db_row {
	db_val_t *values; /* one block, with the texts of the row behind them */
	int n;
} db_row_t;

#define ROW_VALUES(rw) ((rw)->values)
#define ROW_N(rw)      ((rw)->n)

#endif
