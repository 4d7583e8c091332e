/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of routes, references to them from C, and the two passes over the whole script:
 * check_rls() after parsing (which route is meant, is a break in a loop), fix_rls() once the
 * modules are initialised (their fixups).
 */
#include "route.h"

#include "action.h"
#include "cmds.h"
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "mod_fix.h"
#include "timer.h"
#include "ut.h"

struct os_script_routes *sroutes;
int route_type = REQUEST_ROUTE;

struct os_script_routes *new_sroutes_holder(int inc_ver)
{
	struct os_script_routes *sr = pkg_malloc(sizeof(*sr));

	if (!sr) {
		PKG_MEM_ERROR;
		return NULL;
	}
	memset(sr, 0, sizeof(*sr));
	sr->version = inc_ver ? 1 : 0;
	return sr;
}

/* The script as one row of routes, whatever their kind. */
struct route_walk {
	int (*f)(struct action *a, void *arg);
	void *arg;
};

static int walk_table(struct script_route *t, int size, struct route_walk *w)
{
	int i, n = 0;

	for (i = 0; i < size; i++)
		n += w->f(t[i].a, w->arg);
	return n;
}

static int walk_routes(struct os_script_routes *sr, int (*f)(struct action *, void *), void *arg)
{
	struct route_walk w = {f, arg};
	int i, n = 0;

	n += walk_table(sr->request, RT_NO, &w);
	n += walk_table(sr->onreply, ONREPLY_RT_NO, &w);
	n += walk_table(sr->failure, FAILURE_RT_NO, &w);
	n += walk_table(sr->branch, BRANCH_RT_NO, &w);
	n += walk_table(&sr->local, 1, &w);
	n += walk_table(&sr->startup, 1, &w);
	for (i = 0; i < TIMER_RT_NO; i++)
		n += f(sr->timer[i].a, arg);
	return n;
}

static int free_list(struct action *a, void *arg)
{
	(void)arg;
	free_action_list(a);
	return 0;
}

void free_route_lists(struct os_script_routes *sr)
{
	if (!sr)
		return;
	walk_routes(sr, free_list, NULL);
	pkg_free(sr);
}

int get_script_route_ID_by_name_str(str *name, struct script_route *sr, int size)
{
	int i;

	for (i = 1; i < size && sr[i].name; i++)
		if (str_match_nt(name, sr[i].name))
			return i;
	return -1;
}

/* --- references ---------------------------------------------------------------------------- */

struct script_route_ref *ref_script_route_by_name_str(
	str *name, struct script_route *sr, int size, int type, int in_shm)
{
	int idx = get_script_route_ID_by_name_str(name, sr, size);
	struct script_route_ref *ref;

	if (idx < 0)
		return NULL;
	ref = in_shm ? shm_malloc(sizeof(*ref) + name->len + 1)
		     : pkg_malloc(sizeof(*ref) + name->len + 1);
	if (!ref) {
		LM_ERR("no more %s memory\n", in_shm ? "shm" : "pkg");
		return NULL;
	}
	memset(ref, 0, sizeof(*ref));
	ref->name.s = (char *)(ref + 1);
	ref->name.len = name->len;
	memcpy(ref->name.s, name->s, name->len);
	ref->name.s[name->len] = 0;
	ref->idx = idx;
	ref->type = type;
	return ref;
}

void unref_script_route(struct script_route_ref *ref)
{
	pkg_free(ref);
}

const char *route_type_name(int type)
{
	static const char *const names[] = {"request_route", "failure_route", "onreply_route",
		"branch_route", "error_route", "local_route", "startup_route", "timer_route",
		"event_route"};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (type == 1 << i)
			return names[i];
	return "unknown";
}

/* --- passes over the script ---------------------------------------------------------------- */

/* Calls f for each action of a list and of all lists in it; returns the sum. */
static int each_action(struct action *list, int (*f)(struct action *, int loops), int loops);

static int each_in_expr(struct expr *e, int (*f)(struct action *, int), int loops)
{
	operand_t *side[2];
	int i, n = 0;

	if (!e)
		return 0;
	side[0] = &e->left;
	side[1] = &e->right;
	for (i = 0; i < 2; i++) {
		if (side[i]->type == EXPR_O)
			n += each_in_expr(side[i]->v.expr, f, loops);
		else if (side[i]->type == ACTION_O)
			n += each_action(side[i]->v.action, f, loops);
	}
	return n;
}

static int each_action(struct action *list, int (*f)(struct action *, int), int loops)
{
	int i, n = 0, inner;

	for (; list; list = list->next) {
		n += f(list, loops);
		inner = loops + (list->type == WHILE_T || list->type == SWITCH_T);
		for (i = 0; i < MAX_ACTION_ELEMS; i++) {
			if (list->elem[i].type == EXPR_ST)
				n += each_in_expr(list->elem[i].u.expr, f, loops);
			else if (list->elem[i].type == ACTIONS_ST)
				n += each_action(list->elem[i].u.actions, f, inner);
		}
	}
	return n;
}

static int check_action(struct action *a, int loops)
{
	int idx;

	if (a->type == BREAK_T && !loops) {
		LM_CRIT("parse error in %s:%d:%d: break outside of while and switch\n", a->file,
			a->line, a->col);
		return 1;
	}
	if (a->type != ROUTE_T || a->elem[0].type != STR_ST)
		return 0;
	idx = get_script_route_ID_by_name_str(&a->elem[0].u.s, sroutes->request, RT_NO);
	if (idx < 0) {
		LM_CRIT("parse error in %s:%d:%d: unknown route <%.*s>, expected one that is "
			"defined as route[%.*s]\n",
			a->file, a->line, a->col, a->elem[0].u.s.len, a->elem[0].u.s.s,
			a->elem[0].u.s.len, a->elem[0].u.s.s);
		return 1;
	}
	a->elem[0].type = NUMBER_ST;
	a->elem[0].u.number = idx;
	return 0;
}

static int fix_action(struct action *a, int loops)
{
	const cmd_export_t *cmd = a->elem[0].u.data_const;

	(void)loops;
	if (a->type != CMD_T || fix_cmd(cmd->params, a->elem) >= 0)
		return 0;
	LM_ERR("%s:%d:%d: bad parameters of %s()\n", a->file, a->line, a->col, cmd->name);
	return 1;
}

static int check_list(struct action *a, void *arg)
{
	(void)arg;
	return each_action(a, check_action, 0);
}

static int fix_list(struct action *a, void *arg)
{
	(void)arg;
	return each_action(a, fix_action, 0);
}

int check_rls(void)
{
	return -walk_routes(sroutes, check_list, NULL);
}

int fix_rls(void)
{
	return -walk_routes(sroutes, fix_list, NULL);
}

/* --- routes without a message --------------------------------------------------------------- */

static int run_with_dummy(struct script_route *r, int type)
{
	struct sip_msg *msg = get_dummy_sip_msg();
	int former;

	if (!msg)
		return -1;
	swap_route_type(former, type);
	run_top_route(*r, msg);
	set_route_type(former);
	reset_avps();
	release_dummy_sip_msg(msg);
	return 0;
}

int run_startup_route(void)
{
	if (!sroutes || !sroutes->startup.a)
		return 0;
	return run_with_dummy(&sroutes->startup, STARTUP_ROUTE);
}

static void run_timer_route(unsigned int ticks, void *param)
{
	struct script_timer_route *t = &sroutes->timer[(long)param];
	struct script_route r = {t->name, t->a};

	(void)ticks;
	if (run_with_dummy(&r, TIMER_ROUTE) < 0)
		LM_ERR("timer_route[%s] was not run\n", t->name);
}

int register_route_timers(void)
{
	long i;

	for (i = 0; i < TIMER_RT_NO && sroutes->timer[i].a; i++)
		if (register_timer(sroutes->timer[i].name, run_timer_route, (void *)i,
			    sroutes->timer[i].interval, TIMER_FLAG_DELAY_ON_DELAY) < 0)
			return -1;
	return 0;
}
