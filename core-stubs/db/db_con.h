/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to a database, of one process. The drivers of OpenSIPS let handles with one
 * URL share a connection; here each has its own.
 */
#ifndef DB_CON_H
#define DB_CON_H

#include "../str.h"
#include "db_ps.h"
#include "db_id.h"

typedef struct {
	const str *table; /* see db_use_table_f */
	db_ps_t *curr_ps;
	unsigned long tail; /* the driver's */
	str url;
	int flags; /* CON_* */
} db_con_t;

#define CON_TABLE(cn) ((cn)->table)
#define CON_TAIL(cn)  ((cn)->tail)

#define CON_OR_OPERATOR (1 << 1)

/* The conditions of the next query are joined by OR. */
#define CON_USE_OR_OP(con)                                                                         \
	do {                                                                                       \
		*((int *)&(con)->flags) |= CON_OR_OPERATOR;                                        \
	} while (0)
#define CON_OR_RESET(con)                                                                          \
	do {                                                                                       \
		*((int *)&(con)->flags) &= ~CON_OR_OPERATOR;                                       \
	} while (0)

#endif
