/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script as a tree. A route is a list of actions; an action has up to MAX_ACTION_ELEMS typed
 * elements; conditions and values are expressions. All of it is in pkg memory, made by the parser
 * before forking, and freed at exit.
 */
#ifndef CORE_ROUTE_STRUCT_H
#define CORE_ROUTE_STRUCT_H

#include "str.h"

#define MAX_ACTION_ELEMS 9 /* the command and 8 parameters */

/* Result of an expression in which a function ended the script. */
#define EXPR_DROP -127

/* operators of expressions */
enum {
	AND_OP = 1,
	OR_OP,
	NOT_OP,
	EVAL_OP, /* the value of the left operand alone */
	PLUS_OP,
	MINUS_OP,
	DIV_OP,
	MULT_OP,
	MODULO_OP,
	BAND_OP,
	BOR_OP,
	BXOR_OP,
	BNOT_OP,
	BLSHIFT_OP,
	BRSHIFT_OP,
	EQUAL_OP,
	DIFF_OP,
	GT_OP,
	LT_OP,
	GTE_OP,
	LTE_OP,
	MATCH_OP,
	NOTMATCH_OP
};

/* what an operand is */
enum {
	NO_O,
	EXPR_O,
	ACTION_O,
	NUMBER_O,
	STRING_O,
	SCRIPTVAR_O,
	NULL_O,
	REGEX_O
};

/* statements */
enum {
	DROP_T,
	EXIT_T,
	RETURN_T,
	BREAK_T,
	ROUTE_T,
	IF_T,
	WHILE_T,
	SWITCH_T,
	CASE_T,
	DEFAULT_T,
	CMD_T,
	XLOG_T,
	ASSERT_T,
	EQ_T,
	COLONEQ_T,
	PLUSEQ_T,
	MINUSEQ_T,
	DIVEQ_T,
	MULTEQ_T,
	MODULOEQ_T,
	BANDEQ_T,
	BOREQ_T,
	BXOREQ_T
};

/* types of an action's elements */
enum {
	NOSUBTYPE = 0,
	STR_ST,
	NUMBER_ST,
	EXPR_ST,
	ACTIONS_ST,
	CMD_ST,
	MODFIXUP_ST, /* a gparam_t */
	SCRIPTVAR_ST,
	NULLV_ST
};

struct _pv_spec;
struct expr;
struct action;

typedef struct operand {
	int type;
	union operand_val {
		struct expr *expr;
		struct action *action;
		str s;
		int n;
		struct _pv_spec *spec;
		void *data;
	} v;
} operand_t, *operand_p;

struct expr {
	int op;
	operand_t left;
	operand_t right;
};

typedef struct action_elem_ {
	int type;
	union {
		long number;
		void *data;
		const void *data_const;
		str s;
		struct _pv_spec *item;
		struct expr *expr;
		struct action *actions;
	} u;
} action_elem_t, *action_elem_p;

struct action {
	int type;
	action_elem_t elem[MAX_ACTION_ELEMS];
	int line, col;
	const char *file;
	struct action *next;
};

/* Constructors; NULL when out of memory. mk_expr() and mk_action() take over what they are given.
 */
struct expr *mk_expr(int op, operand_t left, operand_t right);
struct action *mk_action(
	int type, int n, const action_elem_t *elem, const char *file, int line, int col);
struct action *append_action(struct action *list, struct action *a);

void free_expr(struct expr *e);
void free_action_list(struct action *a);

#endif
