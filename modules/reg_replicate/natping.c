/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who pings a contact that all nodes hold: only the active node, if the operator says so. nathelper
 * has a switch for its pings, in shared memory, and its command nh_enable_ping is the only way
 * to it; so that command's handler is called here as the management interface would.
 */
#include <string.h>

#include "natping.h"
#include "params.h"
#include "state.h"
#include "../../dprint.h"
#include "../../mi/mi.h"

static mi_cmd_f *enable_ping;

/* The form of the command that takes the parameter `status` and nothing else. */
static mi_cmd_f *find_handler(const mi_export_t *cmd)
{
	for (const mi_recipe_t *r = cmd->recipes; r->cmd; r++)
		if (r->params[0] && strcmp(r->params[0], "status") == 0 && !r->params[1])
			return r->cmd;
	return NULL;
}

/* 4.0 calls it enable_ping, and keeps the former name as another one. */
static bool is_enable_ping(const char *name)
{
	return strcmp(name, "nh_enable_ping") == 0 || strcmp(name, "enable_ping") == 0;
}

static mi_cmd_f *find_command(void)
{
	for (struct sr_module *m = modules; m; m = m->next) {
		if (strcmp(m->exports->name, "nathelper") != 0)
			continue;
		for (const mi_export_t *c = m->exports->mi_cmds; c && c->name; c++)
			if (is_enable_ping(c->name))
				return find_handler(c);
	}
	return NULL;
}

static void set_pings(bool on)
{
	char name[] = "status";
	cJSON status = {.type = cJSON_Number, .valueint = on, .valuedouble = on, .string = name};
	cJSON all = {.type = cJSON_Object, .child = &status};
	mi_params_t params = {.item = &all};
	mi_response_t *resp = enable_ping(&params, NULL);

	if (resp)
		free_mi_response(resp);
	else
		LM_ERR("nathelper was not told to %s pings\n", on ? "begin with" : "stop its");
}

static bool is_active(void)
{
	struct rr_status s;

	rr_status(engine_lock(), repl_now(), &s);
	engine_unlock();
	return s.role == RR_ROLE_ACTIVE;
}

int natping_init(void)
{
	const int *interval = find_param_export("nathelper", "natping_interval", INT_PARAM);

	if (!repl_cfg.natping_active_only)
		return 0;
	enable_ping = find_command();
	if (!enable_ping || !interval || *interval <= 0) {
		LM_ERR("parameter natping_active_only: 1 is not allowed without module nathelper, "
		       "give that one its natping_interval\n");
		return -1;
	}
	set_pings(false);
	return 0;
}

/* Two commands may change the role at a time: the last word is that of the engine. */
void natping_follow_role(void)
{
	bool on;

	if (!enable_ping)
		return;
	do {
		on = is_active();
		set_pings(on);
	} while (is_active() != on);
}
