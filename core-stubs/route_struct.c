/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, searching and freeing the tree of the script. */
#include "route_struct.h"

#include <regex.h>
#include "cmds.h"
#include "dprint.h"
#include "mem/mem.h"
#include "mod_fix.h"
#include "pvar.h"

static void free_operand(operand_t *o)
{
	switch (o->type) {
	case EXPR_O:
		free_expr(o->v.expr);
		break;
	case ACTION_O:
		free_action_list(o->v.action);
		break;
	case SCRIPTVAR_O:
		pv_spec_free(o->v.spec);
		break;
	case REGEX_O:
		regfree(o->v.data);
		pkg_free(o->v.data);
		break;
	}
	o->type = NO_O;
}

struct expr *mk_expr(int op, operand_t left, operand_t right)
{
	struct expr *e = pkg_malloc(sizeof(*e));

	if (!e) {
		PKG_MEM_ERROR;
		free_operand(&left);
		free_operand(&right);
		return NULL;
	}
	e->op = op;
	e->left = left;
	e->right = right;
	return e;
}

void free_expr(struct expr *e)
{
	if (!e)
		return;
	free_operand(&e->left);
	free_operand(&e->right);
	pkg_free(e);
}

static void free_elem(action_elem_t *e)
{
	switch (e->type) {
	case EXPR_ST:
		free_expr(e->u.expr);
		break;
	case ACTIONS_ST:
		free_action_list(e->u.actions);
		break;
	case SCRIPTVAR_ST:
		pv_spec_free(e->u.item);
		break;
	}
	e->type = NOSUBTYPE;
}

static void free_elems(int type, action_elem_t *elem)
{
	const cmd_export_t *cmd = elem[0].u.data_const;
	int i;

	if (type == CMD_T && cmd)
		unfix_cmd(cmd->params, elem);
	else if (type == XLOG_T && elem[1].type == MODFIXUP_ST)
		pv_elem_free_all(elem[1].u.data);
	for (i = 0; i < MAX_ACTION_ELEMS; i++)
		free_elem(&elem[i]);
}

struct action *mk_action(
	int type, int n, const action_elem_t *elem, const char *file, int line, int col)
{
	struct action *a = pkg_malloc(sizeof(*a));
	action_elem_t copy[MAX_ACTION_ELEMS];

	memset(copy, 0, sizeof(copy));
	if (n)
		memcpy(copy, elem, n * sizeof(*elem));
	if (!a) {
		PKG_MEM_ERROR;
		free_elems(type, copy);
		return NULL;
	}
	memset(a, 0, sizeof(*a));
	memcpy(a->elem, copy, sizeof(copy));
	a->type = type;
	a->file = file;
	a->line = line;
	a->col = col;
	return a;
}

struct action *append_action(struct action *list, struct action *a)
{
	struct action *last = list;

	if (!list)
		return a;
	while (last->next)
		last = last->next;
	last->next = a;
	return list;
}

void free_action_list(struct action *a)
{
	struct action *next;

	for (; a; a = next) {
		next = a->next;
		free_elems(a->type, a->elem);
		pkg_free(a);
	}
}
