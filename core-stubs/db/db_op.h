/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a column is compared with a value. */
#ifndef DB_OP_H
#define DB_OP_H

#define OP_LT  "<"
#define OP_GT  ">"
#define OP_EQ  "="
#define OP_LEQ "<="
#define OP_GEQ ">="
#define OP_NEQ "!="

typedef const char *db_op_t;

#endif
