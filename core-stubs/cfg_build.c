/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the grammar has recognised becomes part of the tree, or an error. Every function takes over
 * the parts it is given. NULL parts come from errors that were reported before.
 */
#include <regex.h>

#include "action.h"
#include "cfg_parse.h"
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "mod_fix.h"
#include "ut.h"
#include "xlog.h"

int cfg_rt = REQUEST_ROUTE;

static struct action *make(const struct cfg_loc *loc, int type, int n, const action_elem_t *e)
{
	struct action *a = mk_action(type, n, e, loc->file, loc->line, loc->col);

	if (!a)
		cfg_error(loc, "no more pkg memory");
	return a;
}

static action_elem_t actions_elem(struct action *a)
{
	return a ? (action_elem_t){ACTIONS_ST, {.actions = a}} : (action_elem_t){NOSUBTYPE, {0}};
}

static action_elem_t expr_elem(struct expr *e)
{
	return (action_elem_t){EXPR_ST, {.expr = e}};
}

/* --- routes ------------------------------------------------------------------------------------
 */

static struct script_route *slot(
	const struct cfg_loc *loc, struct script_route *t, int size, const str *name)
{
	int i;

	for (i = 1; i < size && t[i].name; i++)
		if (str_match_nt(name, t[i].name))
			return &t[i];
	if (i == size) {
		cfg_error(loc, "more than %d routes of this kind", size - 1);
		return NULL;
	}
	t[i].name = name->s;
	return &t[i];
}

static struct script_route *find_slot(const struct cfg_loc *loc, int type, const str *name)
{
	switch (type) {
	case REQUEST_ROUTE:
		return name ? slot(loc, sroutes->request, RT_NO, name)
			    : &sroutes->request[DEFAULT_RT];
	case ONREPLY_ROUTE:
		return name ? slot(loc, sroutes->onreply, ONREPLY_RT_NO, name)
			    : &sroutes->onreply[DEFAULT_RT];
	case FAILURE_ROUTE:
		return slot(loc, sroutes->failure, FAILURE_RT_NO, name);
	case BRANCH_ROUTE:
		return slot(loc, sroutes->branch, BRANCH_RT_NO, name);
	case LOCAL_ROUTE:
		return &sroutes->local;
	case STARTUP_ROUTE:
		return &sroutes->startup;
	}
	return NULL;
}

void cfg_add_route(const struct cfg_loc *loc, int type, const str *name, struct action *a)
{
	struct script_route *r;

	r = find_slot(loc, type, name);
	if (!a) { /* all its statements are wrong, or there is only ';' */
		if (!cfg_errors)
			cfg_error(loc, "found an empty route, expected a statement in it");
		return;
	}
	if (r && r->a) {
		cfg_error(loc, "%s%s%.*s%s is defined twice",
			type == REQUEST_ROUTE ? "route" : route_type_name(type), name ? "[" : "",
			name ? name->len : 0, name ? name->s : "", name ? "]" : "");
		r = NULL;
	}
	if (!r) {
		free_action_list(a);
		return;
	}
	if (!name)
		r->name = (char *)"0";
	r->a = a;
}

void cfg_add_timer_route(const struct cfg_loc *loc, const struct cfg_timer *t, struct action *a)
{
	int i;

	for (i = 0; i < TIMER_RT_NO && sroutes->timer[i].a; i++)
		if (str_match_nt(&t->name, sroutes->timer[i].name))
			break;
	if (t->interval < 1)
		cfg_error(loc, "timer_route[%s]: found %d, expected an interval in seconds",
			t->name.s, t->interval);
	else if (i == TIMER_RT_NO)
		cfg_error(loc, "more than %d timer routes", TIMER_RT_NO);
	else if (sroutes->timer[i].a)
		cfg_error(loc, "timer_route[%s] is defined twice", t->name.s);
	else {
		sroutes->timer[i] = (struct script_timer_route){t->name.s, t->interval, a};
		return;
	}
	free_action_list(a);
}

/* --- calls -------------------------------------------------------------------------------------
 */

void cfg_add_arg(const struct cfg_loc *loc, struct cfg_args *args, action_elem_t e)
{
	if (args->n + 1 >= MAX_ACTION_ELEMS) {
		cfg_error(loc, "more than %d parameters", MAX_ACTION_ELEMS - 1);
		if (e.type == SCRIPTVAR_ST)
			pv_spec_free(e.u.item);
		return;
	}
	args->n++;
	args->elem[args->n] = e;
	args->loc[args->n] = *loc;
}

void cfg_free_args(struct cfg_args *args)
{
	int i;

	for (i = 1; i <= args->n; i++)
		if (args->elem[i].type == SCRIPTVAR_ST)
			pv_spec_free(args->elem[i].u.item);
	args->n = 0;
}

/* "f()" is read as one parameter that was left out. */
static void drop_empty(struct cfg_args *args)
{
	if (args->n == 1 && args->elem[1].type == NULLV_ST)
		args->n = 0;
}

/* After an error: frees what may be half prepared already. */
static struct action *give_up(const struct cmd_param *params, struct cfg_args *args)
{
	unfix_cmd(params, args->elem);
	cfg_free_args(args);
	return NULL;
}

static void allowed_routes(int flags, char *buf, int size)
{
	int bit, len = 0;

	buf[0] = 0;
	for (bit = 1; bit < EVENT_ROUTE && len < size - 1; bit <<= 1)
		if (flags & bit)
			len += snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
				route_type_name(bit));
}

static const cmd_export_t *find_cmd(const struct cfg_loc *loc, const char *name)
{
	const cmd_export_t *cmd = find_cmd_export_t(name, cfg_rt);
	char list[256];

	if (cmd)
		return cmd;
	cmd = find_cmd_export_t(name, 0);
	if (!cmd || !cmd->flags) {
		cfg_error(loc, "unknown function <%s>, missing loadmodule?", name);
		return NULL;
	}
	allowed_routes(cmd->flags, list, sizeof(list));
	cfg_error(loc, "function <%s> found in %s, expected only in: %s", name,
		route_type_name(cfg_rt), list);
	return NULL;
}

static int check_count(const struct cfg_loc *loc, const cmd_export_t *cmd, int n)
{
	int min = 0, max;
	char range[32];

	for (max = 0; cmd->params[max].flags; max++)
		if (!(cmd->params[max].flags & CMD_PARAM_OPT))
			min = max + 1;
	if (n >= min && n <= max)
		return 0;
	if (max > min)
		snprintf(range, sizeof(range), "%d to %d", min, max);
	else
		snprintf(range, sizeof(range), "%d", min);
	cfg_error(loc, "too %s parameters for <%s>: found %d, expected %s",
		n < min ? "few" : "many", cmd->name, n, range);
	return -1;
}

static struct action *xlog_call(const struct cfg_loc *loc, struct cfg_args *args)
{
	action_elem_t e[2] = {{NUMBER_ST, {.number = L_NOTICE}}, {NOSUBTYPE, {0}}};
	static const struct cmd_param none[1];
	char err[256];
	pv_elem_t *list;
	int level, i;

	for (i = 1; i <= args->n; i++)
		if (args->elem[i].type != STR_ST) {
			cfg_error(&args->loc[i], "parameter %d of <xlog>: expected a string", i);
			return give_up(none, args);
		}
	if (args->n < 1 || args->n > 2) {
		cfg_error(loc, "wrong number of parameters for <xlog>: found %d, expected 1 to 2",
			args->n);
		return give_up(none, args);
	}
	if (args->n == 2) {
		if (str2log_level(&args->elem[1].u.s, &level) < 0) {
			cfg_error(&args->loc[1],
				"found log level \"%s\", expected \"L_INFO\" or the "
				"like",
				args->elem[1].u.s.s);
			return NULL;
		}
		e[0].u.number = level;
	}
	if (pv_parse_format_err(&args->elem[args->n].u.s, &list, err, sizeof(err)) < 0) {
		cfg_error(&args->loc[args->n], "%s", err);
		return NULL;
	}
	e[1] = (action_elem_t){MODFIXUP_ST, {.data = list}};
	return make(loc, XLOG_T, 2, e);
}

struct action *cfg_call(const struct cfg_loc *loc, const str *name, struct cfg_args *args)
{
	static const struct cmd_param none[1];
	const cmd_export_t *cmd;
	char err[256];
	int i;

	drop_empty(args);
	for (i = 1; i <= args->n; i++)
		if (args->elem[i].type == SCRIPTVAR_ST && !args->elem[i].u.item)
			return give_up(none, args); /* an unknown one, reported */
	if (str_match_nt(name, "xlog"))
		return xlog_call(loc, args);
	cmd = find_cmd(loc, name->s);
	if (!cmd || check_count(loc, cmd, args->n) < 0)
		return give_up(none, args);
	for (i = 1; cmd->params[i - 1].flags; i++)
		if (prepare_cmd_param(cmd->params[i - 1].flags, &args->elem[i], err, sizeof(err)) <
			0) {
			cfg_error(i <= args->n ? &args->loc[i] : loc, "parameter %d of <%s>: %s", i,
				cmd->name, err);
			return give_up(cmd->params, args);
		}
	args->elem[0] = (action_elem_t){CMD_ST, {.data_const = cmd}};
	return make(loc, CMD_T, i, args->elem);
}

/* Parameters of a route are taken as they are, texts without expansion. Which route it is, finds
 * check_rls(). */
struct action *cfg_route_call(const struct cfg_loc *loc, const str *name, struct cfg_args *args)
{
	static const struct cmd_param none[1];
	int i;

	for (i = 1; i <= args->n; i++) {
		if (args->elem[i].type != NULLV_ST)
			continue;
		cfg_error(&args->loc[i], "parameter %d of route(%s): expected a value", i, name->s);
		return give_up(none, args);
	}
	args->elem[0] = (action_elem_t){STR_ST, {.s = *name}};
	return make(loc, ROUTE_T, args->n + 1, args->elem);
}

/* --- statements --------------------------------------------------------------------------------
 */

struct action *cfg_simple(const struct cfg_loc *loc, int type)
{
	return make(loc, type, 0, NULL);
}

struct action *cfg_return(const struct cfg_loc *loc, action_elem_t value)
{
	return make(loc, RETURN_T, 1, &value);
}

struct action *cfg_assign(const struct cfg_loc *loc, pv_spec_t *left, int op, struct expr *right)
{
	action_elem_t e[2] = {{SCRIPTVAR_ST, {.item = left}}, expr_elem(right)};
	const char *why = NULL;

	if (left && left->trans)
		why = "a value with a transformation cannot be assigned to";
	else if (left && !pv_is_w(left))
		why = "this pseudo-variable is read-only";
	if (why)
		cfg_error(loc, "invalid left side of an assignment: %s", why);
	if (why || !left || !right) {
		pv_spec_free(left);
		free_expr(right);
		return NULL;
	}
	return make(loc, op, 2, e);
}

struct action *cfg_if(
	const struct cfg_loc *loc, struct expr *c, struct action *then, struct action *otherwise)
{
	action_elem_t e[3] = {expr_elem(c), actions_elem(then), actions_elem(otherwise)};

	return make(loc, IF_T, 3, e);
}

struct action *cfg_while(const struct cfg_loc *loc, struct expr *c, struct action *body)
{
	action_elem_t e[2] = {expr_elem(c), actions_elem(body)};

	return make(loc, WHILE_T, 2, e);
}

/* Hangs the statements that follow a label on it. 0, or -1 after an error; then nothing is lost. */
static int gather(const struct cfg_loc *loc, struct action *items)
{
	struct action *label = items, *next, *last;

	if (!items || (items->type != CASE_T && items->type != DEFAULT_T)) {
		cfg_error(loc, "switch: found no label, expected case or default first");
		return -1;
	}
	while ((next = label->next)) {
		if (next->type == CASE_T || next->type == DEFAULT_T) {
			if (label->type == DEFAULT_T) {
				cfg_error(loc, "switch: found another label after default");
				return -1;
			}
			label = next;
			continue;
		}
		for (last = next;
			last->next && last->next->type != CASE_T && last->next->type != DEFAULT_T;)
			last = last->next;
		label->next = last->next;
		last->next = NULL;
		label->elem[1] = actions_elem(next);
	}
	return 0;
}

struct action *cfg_switch(const struct cfg_loc *loc, pv_spec_t *var, struct action *items)
{
	action_elem_t e[2] = {{SCRIPTVAR_ST, {.item = var}}, actions_elem(items)};

	/* items that are missing because of errors of their own are no reason for one more */
	if (items || !cfg_errors)
		gather(loc, items);
	return make(loc, SWITCH_T, 2, e);
}

struct action *cfg_label(const struct cfg_loc *loc, int type, operand_t label)
{
	action_elem_t e = expr_elem(cfg_expr(EVAL_OP, label, (operand_t){NO_O, {0}}));

	return make(loc, type, 1, &e);
}

pv_spec_t *cfg_pvar(const struct cfg_loc *loc, const str *text)
{
	pv_spec_t *sp = pkg_malloc(sizeof(*sp));
	char err[256], *end;

	if (!sp || !text->s) {
		cfg_error(loc, "no more pkg memory");
		pkg_free(sp);
		return NULL;
	}
	end = pv_parse_spec_err(text, sp, err, sizeof(err));
	if (end == text->s + text->len)
		return sp;
	if (end) {
		snprintf(err, sizeof(err), "found '%s' after %.*s, which takes no name", end,
			(int)(end - text->s), text->s);
		pv_spec_clean(sp);
	}
	cfg_error(loc, "%s", err);
	pkg_free(sp);
	return NULL;
}

struct expr *cfg_expr(int op, operand_t left, operand_t right)
{
	struct expr *e = mk_expr(op, left, right);

	if (!e)
		cfg_error(&cfg_here, "no more pkg memory");
	return e;
}

/* A constant pattern is compiled at once, so that its error has a place. */
struct expr *cfg_match(const struct cfg_loc *loc, int op, operand_t left, operand_t right)
{
	regex_t *re = pkg_malloc(sizeof(*re));
	char why[128];
	int rc;

	if (re) {
		rc = regcomp(re, right.v.s.s, SCRIPT_REGEX_FLAGS);
		if (rc == 0)
			return cfg_expr(op, left, (operand_t){REGEX_O, {.data = re}});
		regerror(rc, re, why, sizeof(why));
		cfg_error(loc, "bad regular expression \"%s\": %s", right.v.s.s, why);
		pkg_free(re);
	} else {
		cfg_error(loc, "no more pkg memory");
	}
	return cfg_expr(op, left, (operand_t){NULL_O, {0}});
}
