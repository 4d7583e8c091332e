/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's commands. Names, parameters and fields of the replies are those of OpenSIPS
 * 3.6, so that opensips-cli and scripts around it work on both.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mi.h"
#include "mi_core.h"
#include "../dprint.h"
#include "../evi/evi_modules.h"
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

static mi_response_t *mi_pwd(const mi_params_t *params, struct mi_handler *async_hdl)
{
	char wd[4096];
	mi_item_t *obj;
	mi_response_t *resp;

	(void)params, (void)async_hdl;
	if (!getcwd(wd, sizeof(wd))) {
		LM_ERR("getcwd: %s\n", strerror(errno));
		return NULL;
	}
	resp = init_mi_result_object(&obj);
	return done(resp, !resp || add_mi_string(obj, MI_SSTR("WD"), wd, (int)strlen(wd)));
}

static mi_response_t *mi_arg(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *arr;
	mi_response_t *resp = init_mi_result_array(&arr);
	int i, failed = !resp;

	(void)params, (void)async_hdl;
	for (i = 0; i < my_argc && !failed; i++)
		failed = add_mi_string(arr, NULL, 0, my_argv[i], (int)strlen(my_argv[i]));
	return done(resp, failed);
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

static mi_response_t *mi_help(const mi_params_t *params, struct mi_handler *async_hdl)
{
	struct mi_cmd *c;
	mi_item_t *obj;
	mi_response_t *resp;
	const char *help;
	char *name;
	int len;

	(void)async_hdl;
	if (get_mi_string_param(params, "mi_cmd", &name, &len))
		return init_mi_param_error();
	c = lookup_mi_cmd(name, len);
	if (!c)
		return init_mi_error(404, MI_SSTR("unknown MI command"));
	help = c->exp->help ? c->exp->help : "not available for this command";
	resp = init_mi_result_object(&obj);
	return done(resp, !resp || add_mi_string(obj, MI_SSTR("Help"), help, (int)strlen(help)) ||
				  add_mi_string(obj, MI_SSTR("Exported by"), c->module,
					  (int)strlen(c->module)));
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

/* The answer is on its way before the main process has ended this one. */
static mi_response_t *mi_kill(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)params, (void)async_hdl;
	if (kill(pt[0].pid, SIGTERM) < 0) {
		LM_ERR("cannot end the main process %d: %s\n", pt[0].pid, strerror(errno));
		return NULL;
	}
	return init_mi_result_ok();
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

static mi_response_t *mi_set_proc_log_level(const mi_params_t *params, struct mi_handler *async_hdl)
{
	int level, pid, idx;

	(void)async_hdl;
	if (get_mi_int_param(params, "level", &level) || get_mi_int_param(params, "pid", &pid))
		return init_mi_param_error();
	idx = get_process_ID_by_PID(pid);
	if (idx < 0)
		return init_mi_error_extra(JSONRPC_INVAL_PARAMS_CODE,
			MI_SSTR(JSONRPC_INVAL_PARAMS_MSG), MI_SSTR("Bad PID"));
	__set_proc_log_level(idx, level);
	return init_mi_result_ok();
}

/* --- statistics --------------------------------------------------------------- */

typedef int (*each_stat)(mi_item_t *obj, module_stats *mod, stat_var *v);

static int add_value(mi_item_t *obj, module_stats *mod, stat_var *v)
{
	char name[160];
	int len = snprintf(name, sizeof(name), "%s:%.*s", mod->name.s, v->name.len, v->name.s);

	return add_mi_number(obj, name, len, (double)get_stat_val(v));
}

static int add_kind(mi_item_t *obj, module_stats *mod, stat_var *v)
{
	const char *kind =
		v->flags & (STAT_IS_FUNC | STAT_NO_RESET) ? "non-incremental" : "incremental";
	char name[160];
	int len = snprintf(name, sizeof(name), "%s:%.*s", mod->name.s, v->name.len, v->name.s);

	return add_mi_string(obj, name, len, kind, (int)strlen(kind));
}

static int stats_of_module(mi_item_t *obj, module_stats *mod, each_stat each)
{
	stat_var *v;

	for (v = mod->head; v; v = v->lnext) {
		if (!(v->flags & STAT_HIDDEN) && each(obj, mod, v))
			return -1;
	}
	return 0;
}

static int all_stats(mi_item_t *obj, each_stat each)
{
	module_stats *mod;

	for (mod = module_stats_iterate(NULL); mod; mod = module_stats_iterate(mod)) {
		if (stats_of_module(obj, mod, each))
			return -1;
	}
	return 0;
}

/* What one word asks for: "all", a group as "core:", or a name. Unknown ones add nothing. */
static int stats_of_word(mi_item_t *obj, str *word, each_stat each)
{
	module_stats *mod;
	stat_var *v;

	if (str_match(word, &str_init("all")))
		return all_stats(obj, each);
	if (word->len > 1 && word->s[word->len - 1] == ':') {
		word->len--;
		mod = get_stat_module(word);
		return mod ? stats_of_module(obj, mod, each) : 0;
	}
	v = get_stat(word);
	if (!v)
		return 0;
	for (mod = NULL; (mod = module_stats_iterate(mod)) && mod->idx != v->mod_idx;)
		;
	return each(obj, mod, v);
}

static mi_response_t *stats_of_words(const mi_params_t *params, each_stat each)
{
	mi_item_t *arr, *obj;
	mi_response_t *resp;
	int i, n, failed;
	str word;

	if (get_mi_array_param(params, "statistics", &arr, &n))
		return init_mi_param_error();
	resp = init_mi_result_object(&obj);
	failed = !resp;
	for (i = 0; i < n && !failed; i++) {
		if (get_mi_arr_param_string(arr, i, &word.s, &word.len)) {
			free_mi_response(resp);
			return init_mi_param_error();
		}
		failed = stats_of_word(obj, &word, each);
	}
	return done(resp, failed);
}

static mi_response_t *mi_get_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)async_hdl;
	return stats_of_words(params, add_value);
}

static mi_response_t *mi_list_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)async_hdl;
	return stats_of_words(params, add_kind);
}

static mi_response_t *mi_list_all_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj;
	mi_response_t *resp = init_mi_result_object(&obj);

	(void)params, (void)async_hdl;
	return done(resp, !resp || all_stats(obj, add_kind));
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

static mi_response_t *mi_reset_all_stats(const mi_params_t *params, struct mi_handler *async_hdl)
{
	module_stats *mod;
	stat_var *v;

	(void)params, (void)async_hdl;
	for (mod = module_stats_iterate(NULL); mod; mod = module_stats_iterate(mod)) {
		for (v = mod->head; v; v = v->lnext)
			reset_stat(v);
	}
	return init_mi_result_ok();
}

/* --- events ------------------------------------------------------------------- */

static mi_response_t *mi_events_list(const mi_params_t *params, struct mi_handler *async_hdl)
{
	mi_item_t *obj, *arr, *e;
	mi_response_t *resp = init_mi_result_object(&obj);
	int failed = !resp || !(arr = add_mi_array(obj, MI_SSTR("Events")));
	const str *name;
	event_id_t id;

	(void)params, (void)async_hdl;
	for (id = 0; !failed && (name = evi_get_name(id)); id++) {
		failed = !(e = add_mi_object(arr, NULL, 0)) ||
			 add_mi_string(e, MI_SSTR("name"), name->s, name->len) ||
			 add_mi_number(e, MI_SSTR("id"), id);
	}
	return done(resp, failed);
}

static const mi_export_t core_cmds[] = {
	{"get_statistics", "prints the statistics given by name, by group (core:) or all", 0, 0,
		{{mi_get_stats, {"statistics", 0}}, {EMPTY_MI_RECIPE}}},
	{"list_statistics", "prints the names of the statistics, and whether they only grow", 0, 0,
		{{mi_list_all_stats, {0}}, {mi_list_stats, {"statistics", 0}}, {EMPTY_MI_RECIPE}}},
	{"reset_statistics", "sets the statistics given by name to 0", 0, 0,
		{{mi_reset_stats, {"statistics", 0}}, {EMPTY_MI_RECIPE}}},
	{"reset_all_statistics", "sets all statistics to 0", 0, 0,
		{{mi_reset_all_stats, {0}}, {EMPTY_MI_RECIPE}}},
	{"uptime", "prints the time, when this program was started, and for how long it runs", 0, 0,
		{{mi_uptime, {0}}, {EMPTY_MI_RECIPE}}},
	{"version", "prints the version", 0, 0, {{mi_version, {0}}, {EMPTY_MI_RECIPE}}},
	{"pwd", "prints the working directory", 0, 0, {{mi_pwd, {0}}, {EMPTY_MI_RECIPE}}},
	{"arg", "prints the command line", 0, 0, {{mi_arg, {0}}, {EMPTY_MI_RECIPE}}},
	{"which", "prints the names of all commands", 0, 0, {{mi_which, {0}}, {EMPTY_MI_RECIPE}}},
	{"ps", "prints the processes", 0, 0, {{mi_ps, {0}}, {EMPTY_MI_RECIPE}}},
	{"kill", "ends this program", 0, 0, {{mi_kill, {0}}, {EMPTY_MI_RECIPE}}},
	{"log_level", "prints or sets the log level of all processes or of one", 0, 0,
		{{mi_log_levels, {0}}, {mi_set_log_level, {"level", 0}},
			{mi_set_proc_log_level, {"level", "pid", 0}}, {EMPTY_MI_RECIPE}}},
	{"events_list", "prints the events that may be raised", 0, 0,
		{{mi_events_list, {0}}, {EMPTY_MI_RECIPE}}},
	{"help", "prints what a command is for", 0, 0,
		{{mi_help, {"mi_cmd", 0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};

int init_mi_core(void)
{
	up_since = time(NULL);
	return register_mi_mod("core", core_cmds);
}
