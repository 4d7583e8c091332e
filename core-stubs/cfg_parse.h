/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of reading the configuration: what lexer (cfg.lex), grammar (cfg.y), files (cfg_pp.c),
 * statements (cfg_build.c) and global parameters (cfg_params.c) share.
 */
#ifndef CORE_CFG_PARSE_H
#define CORE_CFG_PARSE_H

#include "cmds.h"
#include "pvar.h"
#include "route.h"
#include "route_struct.h"
#include "str.h"

/* Place of a token. Columns count from 1; end is the last one. */
struct cfg_loc {
	const char *file;
	int line, col, end;
};

struct cfg_args {
	int n;
	action_elem_t elem[MAX_ACTION_ELEMS]; /* [0] is left free for the command */
	struct cfg_loc loc[MAX_ACTION_ELEMS];
};

struct cfg_timer {
	str name;
	int interval;
};

/* A value of a global or module parameter. */
struct cfg_value {
	enum {
		CFG_NUMBER,
		CFG_STRING,
		CFG_WORD
	} kind;
	int n;
	str s;
};

/* --- cfg_pp.c ------------------------------------------------------------------------------- */

/* Counts and logs an error: "parse error in FILE:LINE:COL-END: ..." and the line itself. */
void cfg_error(const struct cfg_loc *loc, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Text in memory that is kept until free_cfg(); zero terminated. s is NULL without memory. */
str cfg_keep(const char *s, int len);

/* Goes on with another file; the lexer comes back at its end. 0, or -1 (cfg_error done). */
int cfg_include(const struct cfg_loc *loc, const str *name);
/* Ends the current file. 0 when there is one to go on with. */
int cfg_pop_file(void);

/* Where the lexer is. */
extern struct cfg_loc cfg_here;

/* --- cfg.lex -------------------------------------------------------------------------------- */

int cfgparse(void); /* made from cfg.y */
int cfglex(void);
/* Called for a syntax error: tokens are skipped up to a place where parsing can go on. */
void cfg_start_recovery(int token);
/* Text of the last token, for messages. */
const char *cfg_token_text(void);
int cfg_lex_file(char *text, int size); /* text ends with two zero bytes */
void cfg_lex_pop(void);
void cfg_lex_end(void);

/* --- cfg_params.c --------------------------------------------------------------------------- */

void cfg_set_global(const struct cfg_loc *loc, const str *name, const struct cfg_value *v,
	const struct cfg_loc *vloc);
struct cfg_socket {
	str spec; /* proto:host:port */
	str as;
	str tag;
	int workers;
};
void cfg_add_socket(const struct cfg_loc *loc, const struct cfg_socket *s);
void cfg_add_alias(const struct cfg_loc *loc, const str *spec);
void cfg_load_module(const struct cfg_loc *loc, const str *name);
void cfg_modparam(
	const struct cfg_loc *loc, const str *module, const str *param, const struct cfg_value *v);

/* --- cfg_build.c: make parts of the tree; NULL after an error (cfg_error done) --------------- */

/* Type of the route that is being read; decides which functions may be called. */
extern int cfg_rt;

void cfg_add_route(const struct cfg_loc *loc, int type, const str *name, struct action *a);
void cfg_add_timer_route(const struct cfg_loc *loc, const struct cfg_timer *t, struct action *a);
struct action *cfg_call(const struct cfg_loc *loc, const str *name, struct cfg_args *args);
struct action *cfg_route_call(const struct cfg_loc *loc, const str *name, struct cfg_args *args);
struct action *cfg_assign(const struct cfg_loc *loc, pv_spec_t *left, int op, struct expr *right);
struct action *cfg_simple(const struct cfg_loc *loc, int type);
struct action *cfg_return(const struct cfg_loc *loc, action_elem_t value);
struct action *cfg_if(
	const struct cfg_loc *loc, struct expr *c, struct action *then, struct action *otherwise);
struct action *cfg_while(const struct cfg_loc *loc, struct expr *c, struct action *body);
struct action *cfg_switch(const struct cfg_loc *loc, pv_spec_t *var, struct action *cases);
struct action *cfg_label(const struct cfg_loc *loc, int type, operand_t label);
pv_spec_t *cfg_pvar(const struct cfg_loc *loc, const str *text);
void cfg_add_arg(const struct cfg_loc *loc, struct cfg_args *args, action_elem_t e);
void cfg_free_args(struct cfg_args *args);
struct expr *cfg_expr(int op, operand_t left, operand_t right);
struct expr *cfg_match(const struct cfg_loc *loc, int op, operand_t left, operand_t right);

#endif
