/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's commands. Names, parameters and fields of the replies are those of OpenSIPS
 * 3.6, so that opensips-cli and scripts around it work on both.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mi.h"
#include "mi_core.h"
#include "../dprint.h"
#include "../globals.h"
#include "../pt.h"
#include "../statistics.h"
#include "../str.h"
#include "../ut.h"

static time_t up_since;

/* What an unfinished reply becomes when there is no memory for the rest. */
static mi_response_t *done(mi_response_t *resp, int failed)
{
	if (!failed)
		return resp;
	free_mi_response(resp);
	return NULL;
}

/* --- about this program ------------------------------------------------------- */

static int add_time(mi_item_t *obj, const char *name, int len, time_t t)
{
	char buf[26];

	ctime_r(&t, buf);
	return add_mi_string(obj, name, len, buf, 24);
}

static mi_response_t *mi_uptime(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj;
	mi_response_t *resp = init_mi_result_object(&obj);
	time_t now = time(NULL);

	(void)params, (void)async_hdl;
	return done(resp, !resp || add_time(obj, MI_SSTR("Now"), now) ||
				  add_time(obj, MI_SSTR("Up since"), up_since) ||
				  add_mi_string_fmt(obj, MI_SSTR("Up time"), "%lu [sec]",
					  (unsigned long)(now - up_since)));
}

static mi_response_t *mi_version(const mi_params_t *params, struct mi_handler *async_hdl)
{
	static const char server[] = NAME " (" VERSION " (" ARCH "/" OS "))";
	mi_item_t *obj;
	mi_response_t *resp = init_mi_result_object(&obj);

	(void)params, (void)async_hdl;
	return done(resp, !resp || add_mi_string(obj, MI_SSTR("Server"), MI_SSTR(server)));
}

static mi_response_t *mi_which(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *arr;
	mi_response_t *resp = init_mi_result_array(&arr);
	struct mi_cmd *c;
	int failed = !resp;

	(void)params, (void)async_hdl;
	for (c = first_mi_cmd(); c && !failed; c = c->next)
		failed = add_mi_string(arr, NULL, 0, c->exp->name, (int)strlen(c->exp->name));
	return done(resp, failed);
}

/* --- processes ---------------------------------------------------------------- */

static int add_type(mi_item_t *obj, unsigned int i)
{
	return add_mi_string(obj, MI_SSTR("Type"), pt[i].desc, (int)strlen(pt[i].desc));
}

static mi_response_t *mi_ps(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj, *arr, *p;
	mi_response_t *resp = init_mi_result_object(&obj);
	int failed = !resp || !(arr = add_mi_array(obj, MI_SSTR("Processes")));
	unsigned int i;

	(void)params, (void)async_hdl;
	for (i = 0; i < counted_max_processes && !failed; i++) {
		if (!is_process_running(i))
			continue;
		failed = !(p = add_mi_object(arr, NULL, 0)) || add_mi_number(p, MI_SSTR("ID"), i) ||
			 add_mi_number(p, MI_SSTR("PID"), pt[i].pid) || add_type(p, i);
	}
	return done(resp, failed);
}

static mi_response_t *mi_log_levels(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj, *arr, *p;
	mi_response_t *resp = init_mi_result_object(&obj);
	int failed = !resp || !(arr = add_mi_array(obj, MI_SSTR("Processes")));
	unsigned int i;

	(void)params, (void)async_hdl;
	for (i = 0; i < counted_max_processes && !failed; i++) {
		if (!is_process_running(i))
			continue;
		failed = !(p = add_mi_object(arr, NULL, 0)) ||
			 add_mi_number(p, MI_SSTR("PID"), pt[i].pid) ||
			 add_mi_number(p, MI_SSTR("Log level"), pt[i].log_level) || add_type(p, i);
	}
	return done(resp, failed);
}

static mi_response_t *mi_set_log_level(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj;
	mi_response_t *resp;
	int level;

	(void)async_hdl;
	if (get_mi_int_param(params, "level", &level))
		return init_mi_param_error();
	set_global_log_level(level);
	resp = init_mi_result_object(&obj);
	return done(resp, !resp || add_mi_number(obj, MI_SSTR("New global log level"), level));
}

/* --- statistics --------------------------------------------------------------- */

static int add_value(mi_item_t *obj, module_stats *mod, stat_var *v)
{
	char name[160];
	int len = snprintf(name, sizeof(name), "%s:%.*s", mod->name.s, v->name.len, v->name.s);

	return add_mi_number(obj, name, len, (double)get_stat_val(v));
}

static int stats_of_module(mi_item_t *obj, module_stats *mod)
{
	stat_var *v;

	for (v = mod->head; v; v = v->lnext) {
		if (!(v->flags & STAT_HIDDEN) && add_value(obj, mod, v))
			return -1;
	}
	return 0;
}

static int all_stats(mi_item_t *obj)
{
	module_stats *mod;

	for (mod = module_stats_iterate(NULL); mod; mod = module_stats_iterate(mod)) {
		if (stats_of_module(obj, mod))
			return -1;
	}
	return 0;
}

/* What one word asks for: "all", a group as "core:", or a name. Unknown ones add nothing. */
static int stats_of_word(mi_item_t *obj, str *word)
{
	module_stats *mod;
	stat_var *v;

	if (str_match(word, &str_init("all")))
		return all_stats(obj);
	if (word->len > 1 && word->s[word->len - 1] == ':') {
		word->len--;
		mod = get_stat_module(word);
		return mod ? stats_of_module(obj, mod) : 0;
	}
	v = get_stat(word);
	if (!v)
		return 0;
	for (mod = NULL; (mod = module_stats_iterate(mod)) && mod->idx != v->mod_idx;)
		;
	return add_value(obj, mod, v);
}

static mi_response_t *mi_get_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *arr, *obj;
	mi_response_t *resp;
	int i, n, failed;
	str word;

	(void)async_hdl;
	if (get_mi_array_param(params, "statistics", &arr, &n))
		return init_mi_param_error();
	resp = init_mi_result_object(&obj);
	failed = !resp;
	for (i = 0; i < n && !failed; i++) {
		if (get_mi_arr_param_string(arr, i, &word.s, &word.len)) {
			free_mi_response(resp);
			return init_mi_param_error();
		}
		failed = stats_of_word(obj, &word);
	}
	return done(resp, failed);
}

static mi_response_t *mi_reset_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *arr;
	stat_var *v;
	int i, n, found = 0;
	str word;

	(void)async_hdl;
	if (get_mi_array_param(params, "statistics", &arr, &n))
		return init_mi_param_error();
	for (i = 0; i < n; i++) {
		if (get_mi_arr_param_string(arr, i, &word.s, &word.len))
			return init_mi_param_error();
		v = get_stat(&word);
		if (!v)
			continue;
		found = 1;
		reset_stat(v);
	}
	return found ? init_mi_result_ok() : init_mi_error(404, MI_SSTR("Statistics Not Found"));
}

static const mi_export_t core_cmds[] = {
	{"get_statistics", "prints the statistics given by name, by group (core:) or all", 0, 0,
		{{mi_get_stats, {"statistics", 0}}, {EMPTY_MI_RECIPE}}},
	{"reset_statistics", "sets the statistics given by name to 0", 0, 0,
		{{mi_reset_stats, {"statistics", 0}}, {EMPTY_MI_RECIPE}}},
	{"uptime", "prints the time, when this program was started, and for how long it runs", 0, 0,
		{{mi_uptime, {0}}, {EMPTY_MI_RECIPE}}},
	{"version", "prints the version", 0, 0, {{mi_version, {0}}, {EMPTY_MI_RECIPE}}},
	{"which", "prints the names of all commands", 0, 0, {{mi_which, {0}}, {EMPTY_MI_RECIPE}}},
	{"ps", "prints the processes", 0, 0, {{mi_ps, {0}}, {EMPTY_MI_RECIPE}}},
	{"log_level", "prints or sets the log level of all processes", 0, 0,
		{{mi_log_levels, {0}}, {mi_set_log_level, {"level", 0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};

int init_mi_core(void)
{
	up_since = time(NULL);
	return register_mi_mod("core", core_cmds);
}
