/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Global parameters, listeners, loadmodule and modparam. */
#include <limits.h>

#include "cfg_parse.h"
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "modparam.h"
#include "resolve.h"
#include "socket_info.h"
#include "sr_module.h"
#include "ut.h"
#include "xlog.h"

enum kind {
	G_INT,
	G_BOOL,
	G_STR,      /* str * */
	G_STR_CONST /* const char * */
};

static void set_level(int n)
{
	set_global_log_level(n);
}

static const struct global {
	const char *name;
	enum kind kind;
	void *where;
	int min, max;
	void (*set)(int);
} globals[] = {
	{"log_level", G_INT, NULL, L_ALERT, L_DBG, set_level},
	{"xlog_level", G_INT, &xlog_level, L_ALERT, L_DBG, NULL},
	{"xlog_buf_size", G_INT, &xlog_buf_size, 256, 1 << 20, NULL},
	{"stderror_enabled", G_BOOL, &stderr_enabled, 0, 1, NULL},
	{"syslog_enabled", G_BOOL, &syslog_enabled, 0, 1, NULL},
	{"syslog_name", G_STR_CONST, &log_name, 0, 0, NULL},
	{"udp_workers", G_INT, &udp_workers_no, 1, 1024, NULL},
	{"tcp_workers", G_INT, &tcp_workers_no, 1, 1024, NULL},
	{"tcp_connect_timeout", G_INT, &tcp_connect_timeout, 1, 600000, NULL},
	{"tcp_connection_lifetime", G_INT, &tcp_con_lifetime, 0, INT_MAX, NULL},
	{"tcp_socket_backlog", G_INT, &tcp_socket_backlog, 1, 65535, NULL},
	{"tcp_max_connections", G_INT, &tcp_max_connections, 0, 1 << 20, NULL},
	{"tcp_max_msg_time", G_INT, &tcp_max_msg_time, 1, 3600, NULL},
	{"tcp_keepalive", G_BOOL, &tcp_keepalive, 0, 1, NULL},
	{"open_files_limit", G_INT, &open_files_limit, 16, 1 << 24, NULL},
	{"server_signature", G_BOOL, &server_signature, 0, 1, NULL},
	{"server_header", G_STR, NULL, 0, 0, NULL},
	{"user_agent_header", G_STR, NULL, 1, 0, NULL},
	{"advertised_address", G_STR, NULL, 2, 0, NULL},
	{"db_version_table", G_STR_CONST, &db_version_table, 0, 0, NULL},
	{"db_default_url", G_STR_CONST, &db_default_url, 0, 0, NULL},
	{"disable_stateless_fwd", G_BOOL, &sl_fwd_disabled, 0, 1, NULL},
	{"max_while_loops", G_INT, &max_while_loops, 1, INT_MAX, NULL},
};

/* "found X" of a message. */
static const char *found(const struct cfg_value *v)
{
	static char buf[64];

	if (v->kind == CFG_NUMBER)
		snprintf(buf, sizeof(buf), "%d", v->n);
	else
		snprintf(buf, sizeof(buf), "%s%.*s%s", v->kind == CFG_STRING ? "\"" : "", 40,
			v->s.s, v->kind == CFG_STRING ? "\"" : "");
	return buf;
}

static int to_bool(const struct cfg_value *v)
{
	static const char *const words[] = {
		"no", "yes", "off", "on", "disable", "enable", "false", "true"};
	unsigned int i;

	if (v->kind == CFG_NUMBER)
		return v->n == 0 || v->n == 1 ? v->n : -1;
	for (i = 0; v->kind == CFG_WORD && i < sizeof(words) / sizeof(words[0]); i++)
		if (str_casematch_nt(&v->s, words[i]))
			return (int)(i & 1);
	return -1;
}

static str *text_global(const struct global *g)
{
	static str *const *const which[] = {
		&server_header, &user_agent_header, &default_global_address};

	return *which[g->min];
}

static void set_global(const struct global *g, const struct cfg_value *v, const struct cfg_loc *loc)
{
	int b;

	switch (g->kind) {
	case G_INT:
		if (v->kind != CFG_NUMBER || v->n < g->min || v->n > g->max) {
			cfg_error(loc, "%s: found %s, expected a number from %d to %d", g->name,
				found(v), g->min, g->max);
			return;
		}
		if (g->set)
			g->set(v->n);
		else
			*(int *)g->where = v->n;
		return;
	case G_BOOL:
		b = to_bool(v);
		if (b < 0)
			cfg_error(loc, "%s: found %s, expected yes or no", g->name, found(v));
		else
			*(int *)g->where = b;
		return;
	default:
		break;
	}
	if (v->kind == CFG_NUMBER || (v->kind == CFG_WORD && g->kind != G_STR)) {
		cfg_error(loc, "%s: found %s, expected a string", g->name, found(v));
		return;
	}
	if (g->kind == G_STR)
		*text_global(g) = v->s;
	else
		*(char **)g->where = v->s.s;
}

/* Parameters with more to them than a value. 0: it was none of them. */
static int set_special(const str *name, const struct cfg_value *v, const struct cfg_loc *loc)
{
	char port[16];

	if (str_match_nt(name, "mpath")) {
		if (v->kind != CFG_STRING)
			cfg_error(loc, "mpath: found %s, expected a string", found(v));
		else
			add_mpath(v->s.s);
		return 1;
	}
	if (str_match_nt(name, "advertised_port")) {
		if (v->kind != CFG_NUMBER || v->n < 1 || v->n > 65535)
			cfg_error(loc,
				"advertised_port: found %s, expected a number from 1 to 65535",
				found(v));
		else
			*default_global_port =
				cfg_keep(port, snprintf(port, sizeof(port), "%d", v->n));
		return 1;
	}
	return 0;
}

void cfg_set_global(const struct cfg_loc *loc, const str *name, const struct cfg_value *v,
	const struct cfg_loc *vloc)
{
	unsigned int i;

	for (i = 0; i < sizeof(globals) / sizeof(globals[0]); i++)
		if (str_match_nt(name, globals[i].name)) {
			set_global(&globals[i], v, vloc);
			return;
		}
	if (!set_special(name, v, vloc))
		cfg_error(
			loc, "unknown or not covered global parameter <%.*s>", name->len, name->s);
}

/* --- listeners -------------------------------------------------------------------------------- */

static int split_host(
	const struct cfg_loc *loc, const str *spec, char **host, int *port, int *proto)
{
	int len;
	str copy;

	if (!spec->s || parse_phostport(spec->s, spec->len, host, &len, port, proto) < 0 || !len ||
		*port < 0 || *port > 65535) {
		cfg_error(loc,
			"found '%.*s', expected PROTO:ADDRESS[:PORT] with a known protocol "
			"and a port up to 65535",
			spec->len, spec->s);
		return -1;
	}
	copy = cfg_keep(*host, len);
	*host = copy.s;
	return copy.s ? 0 : -1;
}

void cfg_add_socket(const struct cfg_loc *loc, const struct cfg_socket *s)
{
	struct socket_id id;
	int none = PROTO_NONE;

	memset(&id, 0, sizeof(id));
	if (split_host(loc, &s->spec, &id.name, &id.port, &id.proto) < 0)
		return;
	if (id.proto == PROTO_NONE) {
		cfg_error(loc, "found '%.*s', expected a protocol first, as in udp:%.*s",
			s->spec.len, s->spec.s, s->spec.len, s->spec.s);
		return;
	}
	if (s->as.s && split_host(loc, &s->as, &id.adv_name, &id.adv_port, &none) < 0)
		return;
	id.tag = s->tag.s;
	id.workers = s->workers;
	if (add_listening_socket(&id) < 0)
		cfg_error(loc, "cannot add listener %.*s", s->spec.len, s->spec.s);
}

/* alias=PROTO:NAME[:PORT] */
void cfg_add_alias(const struct cfg_loc *loc, const str *spec)
{
	int port, proto, len;
	char *host;

	if (parse_phostport(spec->s, spec->len, &host, &len, &port, &proto) < 0 || !len ||
		proto == PROTO_NONE)
		cfg_error(loc, "found '%.*s', expected PROTO:NAME[:PORT]", spec->len, spec->s);
	else if (add_alias(host, len, (unsigned short)port, (unsigned short)proto) < 0)
		cfg_error(loc, "no more pkg memory");
}

/* --- modules ---------------------------------------------------------------------------------- */

void cfg_load_module(const struct cfg_loc *loc, const str *name)
{
	if (load_module(name->s) < 0)
		cfg_error(loc, "failed to load module <%s>", name->s);
}

/* Modules' setters look at these, for their messages. */
char *finame;
int line;

void cfg_modparam(
	const struct cfg_loc *loc, const str *module, const str *param, const struct cfg_value *v)
{
	modparam_t type = v->kind == CFG_NUMBER ? INT_PARAM : STR_PARAM;
	void *val = v->kind == CFG_NUMBER ? (void *)(long)v->n : v->s.s;

	if (v->kind == CFG_WORD) {
		cfg_error(loc, "found %s, expected a number or a string in quotes", found(v));
		return;
	}
	finame = (char *)loc->file;
	line = loc->line;
	switch (set_mod_param_regex(module->s, param->s, type, val)) {
	case 0:
		return;
	case MODPARAM_NO_MODULE:
		cfg_error(loc, "no module <%s> is loaded, parameter <%s> cannot be set", module->s,
			param->s);
		return;
	case MODPARAM_NO_PARAM:
		cfg_error(loc, "module <%s> has no parameter <%s>", module->s, param->s);
		return;
	case MODPARAM_BAD_TYPE:
		cfg_error(loc, "parameter <%s> of module <%s>: found a %s (%s), expected a %s",
			param->s, module->s, type == INT_PARAM ? "number" : "string", found(v),
			type == INT_PARAM ? "string" : "number");
		return;
	case MODPARAM_REFUSED:
		cfg_error(loc, "module <%s> refuses the value %s of parameter <%s>", module->s,
			found(v), param->s);
		return;
	default:
		cfg_error(loc, "parameter <%s> of module <%s>: no more pkg memory", param->s,
			module->s);
	}
}
