/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter: walks a list of actions. A list ends early when a flag in action_flags is
 * raised; who is meant by the flag lowers it: break by its loop or switch, return by the call of
 * the route, exit and drop by run_top_route().
 */
#include "action.h"

#include "cmds.h"
#include "dprint.h"
#include "error.h"
#include "globals.h"
#include "mem/mem.h"
#include "mod_fix.h"
#include "pvar.h"
#include "pvar_core.h"
#include "ut.h"
#include "xlog.h"

int action_flags;
int return_code;

/* What a route was called with. */
struct frame {
	pv_value_t param[MAX_ACTION_ELEMS];
	int params;
	struct frame *up;
};

static struct frame *frame;
static int depth; /* routes within routes */

int pv_get_route_param(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	int n;

	if (!frame || str2sint(&p->pvn.u.isname.name.s, &n) < 0)
		return pv_get_null(msg, p, res);
	if (n < 1 || n > frame->params)
		return pv_get_null(msg, p, res);
	*res = frame->param[n - 1];
	res->flags &= ~(PV_VAL_PKG | PV_VAL_SHM); /* stays with the frame */
	return 0;
}

/* --- calls -------------------------------------------------------------------------------- */

static int do_cmd(struct action *a, struct sip_msg *msg)
{
	const cmd_export_t *cmd = a->elem[0].u.data_const;
	void *p[MAX_CMD_PARAMS] = {NULL};
	pv_value_t tmp[MAX_CMD_PARAMS];
	int rc, i;

	memset(tmp, 0, sizeof(tmp));
	rc = get_cmd_fixups(msg, cmd->params, a->elem, p, tmp);
	if (rc < 0)
		LM_ERR("%s() is not called at %s:%d:%d\n", cmd->name, a->file, a->line, a->col);
	else
		rc = cmd->function(msg, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
	free_cmd_fixups(cmd->params, a->elem, p);
	for (i = 0; i < MAX_CMD_PARAMS; i++)
		pv_value_destroy(&tmp[i]);
	return_code = rc;
	if (rc == 0)
		action_flags |= ACT_FL_EXIT;
	return rc;
}

static int eval_route_param(const action_elem_t *e, struct sip_msg *msg, pv_value_t *v)
{
	str copy;

	*v = (pv_value_t){.flags = PV_VAL_NULL};
	if (e->type == NUMBER_ST)
		*v = (pv_value_t){.ri = (int)e->u.number, .flags = PV_VAL_INT | PV_TYPE_INT};
	else if (e->type == STR_ST)
		*v = (pv_value_t){.rs = e->u.s, .flags = PV_VAL_STR};
	else if (pv_get_spec_value(msg, e->u.item, v) < 0)
		return -1;
	if (!(v->flags & PV_VAL_STR) || v->flags & PV_VAL_PKG)
		return 0;
	if (pkg_nt_str_dup(&copy, &v->rs) < 0)
		return -1;
	v->rs = copy;
	v->flags |= PV_VAL_PKG;
	return 0;
}

static void leave_frame(struct frame *f)
{
	int i;

	for (i = 0; i < f->params; i++)
		pv_value_destroy(&f->param[i]);
	frame = f->up;
}

static int do_route(struct action *a, struct sip_msg *msg)
{
	struct script_route *r = &sroutes->request[a->elem[0].u.number];
	struct frame f = {.params = 0, .up = frame};
	int i, rc;

	if (depth >= ROUTE_MAX_REC_LEV) {
		LM_ERR("%s:%d:%d: more than %d routes call each other, last is '%s'\n", a->file,
			a->line, a->col, ROUTE_MAX_REC_LEV, r->name);
		return_code = -1;
		return -1;
	}
	for (i = 1; i < MAX_ACTION_ELEMS && a->elem[i].type != NOSUBTYPE; i++) {
		f.params = i;
		if (eval_route_param(&a->elem[i], msg, &f.param[i - 1]) < 0) {
			LM_ERR("%s:%d: bad value of parameter %d\n", a->file, a->line, i);
			f.param[i - 1] = (pv_value_t){.flags = PV_VAL_NULL};
		}
	}
	frame = &f;
	depth++;
	rc = run_action_list(r->a, msg);
	depth--;
	leave_frame(&f);
	action_flags &= ~(ACT_FL_RETURN | ACT_FL_BREAK);
	return_code = rc;
	if (rc == 0)
		action_flags |= ACT_FL_EXIT;
	return rc;
}

/* --- statements --------------------------------------------------------------------------- */

static int arithmetic_of(int type)
{
	switch (type) {
	case PLUSEQ_T:
		return PLUS_OP;
	case MINUSEQ_T:
		return MINUS_OP;
	case MULTEQ_T:
		return MULT_OP;
	case DIVEQ_T:
		return DIV_OP;
	case MODULOEQ_T:
		return MODULO_OP;
	case BANDEQ_T:
		return BAND_OP;
	case BOREQ_T:
		return BOR_OP;
	case BXOREQ_T:
		return BXOR_OP;
	}
	return 0;
}

/* The right side, combined with the left one for "+=" and the like. */
static int assigned_value(struct action *a, struct sip_msg *msg, pv_value_t *v)
{
	int op = arithmetic_of(a->type), rc = expr_value(a->elem[1].u.expr, msg, v);
	pv_value_t left, right = *v;

	if (rc < 0 || !op)
		return rc;
	if (pv_get_spec_value(msg, a->elem[0].u.item, &left) < 0 ||
		(left.flags | right.flags) & PV_VAL_NULL) {
		LM_ERR("null in a '+=' kind of assignment\n");
		pv_value_destroy(v);
		return -1;
	}
	return calc_values(op, &left, &right, v);
}

static int do_assign(struct action *a, struct sip_msg *msg)
{
	int op = a->type == COLONEQ_T ? COLONEQ_T : EQ_T;
	pv_value_t v;
	int rc = assigned_value(a, msg, &v);

	if (rc == EXPR_DROP)
		return 0;
	if (rc == 0) {
		rc = pv_set_value(msg, a->elem[0].u.item, op, &v);
		pv_value_destroy(&v);
	}
	if (rc < 0) {
		LM_ERR("assignment failed at %s:%d:%d\n", a->file, a->line, a->col);
		return -1;
	}
	return 1;
}

static int condition(struct action *a, struct sip_msg *msg)
{
	int rc = eval_expr(a->elem[0].u.expr, msg, NULL);

	if (rc < 0 && rc != EXPR_DROP) {
		LM_WARN("error in the condition at %s:%d:%d\n", a->file, a->line, a->col);
		rc = 0;
	}
	return rc;
}

static int do_if(struct action *a, struct sip_msg *msg)
{
	int c = condition(a, msg);
	action_elem_t *body = &a->elem[c == 1 ? 1 : 2];

	if (c == EXPR_DROP)
		return 0;
	return body->type == ACTIONS_ST ? run_action_list(body->u.actions, msg) : 1;
}

static int do_while(struct action *a, struct sip_msg *msg)
{
	int rc = 1, n, c;

	for (n = 0; (c = condition(a, msg)) == 1; n++) {
		if (n >= max_while_loops) {
			LM_ERR("%s:%d:%d: loop ended after %d rounds, see max_while_loops\n",
				a->file, a->line, a->col, n);
			break;
		}
		if (a->elem[1].type == ACTIONS_ST)
			rc = run_action_list(a->elem[1].u.actions, msg);
		if (action_flags & ACT_FL_BREAK) {
			action_flags &= ~ACT_FL_BREAK;
			break;
		}
		if (action_flags)
			break;
	}
	return c == EXPR_DROP ? 0 : rc;
}

/* Runs from the label that matches until a break, falling into the following labels. */
static int do_switch(struct action *a, struct sip_msg *msg)
{
	struct action *c = a->elem[1].u.actions;
	pv_value_t v;
	int rc = 1;

	if (pv_get_spec_value(msg, a->elem[0].u.item, &v) < 0)
		return -1;
	while (c && c->type == CASE_T && !case_matches(&c->elem[0].u.expr->left, &v))
		c = c->next;
	pv_value_destroy(&v);
	for (; c && !action_flags; c = c->next)
		if (c->elem[1].type == ACTIONS_ST)
			rc = run_action_list(c->elem[1].u.actions, msg);
	action_flags &= ~ACT_FL_BREAK;
	return rc;
}

static int do_return(struct action *a, struct sip_msg *msg)
{
	pv_value_t v;
	int rc = 1;

	action_flags |= ACT_FL_RETURN;
	if (a->elem[0].type == NUMBER_ST)
		rc = (int)a->elem[0].u.number;
	if (a->elem[0].type == SCRIPTVAR_ST) {
		if (pv_get_spec_value(msg, a->elem[0].u.item, &v) < 0 || !(v.flags & PV_VAL_INT)) {
			LM_ERR("%s:%d:%d: only a number can be returned\n", a->file, a->line,
				a->col);
			rc = -1;
		} else {
			rc = v.ri;
		}
	}
	return rc;
}

static int do_action(struct action *a, struct sip_msg *msg)
{
	switch (a->type) {
	case CMD_T:
		return do_cmd(a, msg);
	case ROUTE_T:
		return do_route(a, msg);
	case XLOG_T:
		return return_code = xlog_print(msg, (int)a->elem[0].u.number, a->elem[1].u.data);
	case IF_T:
		return do_if(a, msg);
	case WHILE_T:
		return do_while(a, msg);
	case SWITCH_T:
		return do_switch(a, msg);
	case RETURN_T:
		return do_return(a, msg);
	case BREAK_T:
		action_flags |= ACT_FL_BREAK;
		return 1;
	case DROP_T:
		action_flags |= ACT_FL_DROP | ACT_FL_EXIT;
		return 0;
	case EXIT_T:
		action_flags |= ACT_FL_EXIT;
		return 0;
	default:
		return return_code = do_assign(a, msg);
	}
}

int run_action_list(struct action *a, struct sip_msg *msg)
{
	int rc = 1;

	for (; a; a = a->next) {
		rc = do_action(a, msg);
		if (action_flags)
			break;
	}
	return rc;
}

int run_top_route(struct script_route sr, struct sip_msg *msg)
{
	int saved_flags = action_flags, saved_depth = depth, flags;
	struct frame *saved_frame = frame;

	action_flags = 0;
	depth = 0;
	frame = NULL;
	return_code = 1;
	run_action_list(sr.a, msg);
	flags = action_flags;
	action_flags = saved_flags;
	depth = saved_depth;
	frame = saved_frame;
	return flags;
}
