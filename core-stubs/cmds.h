/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Script functions: how a module (or the core) offers a function to the script, with the type of
 * each parameter and what is done to it before the first call ("fixup").
 */
#ifndef CORE_CMDS_H
#define CORE_CMDS_H

#include "parser/msg_parser.h"
#include "route_struct.h"

#define MAX_CMD_PARAMS (MAX_ACTION_ELEMS - 1)

/* What a parameter may be. One of INT, STR, VAR, REGEX, with any of the modifiers below. */
#define CMD_PARAM_INT       (1 << 0) /* the function gets int * */
#define CMD_PARAM_STR       (1 << 1) /* the function gets str *, "$pv" inside it expanded */
#define CMD_PARAM_VAR       (1 << 2) /* the function gets pv_spec_t * */
#define CMD_PARAM_REGEX     (1 << 3) /* not covered: refused at start */
#define CMD_PARAM_OPT       (1 << 4) /* may be left out: the function gets NULL */
#define CMD_PARAM_FIX_NULL  (1 << 5) /* run the fixup for a left out one too */
#define CMD_PARAM_NO_EXPAND (1 << 6) /* '$' has no meaning in this string */
#define CMD_PARAM_STATIC    (1 << 7) /* a constant: no pseudo-variables */

typedef int (*cmd_function)(
	struct sip_msg *, void *, void *, void *, void *, void *, void *, void *, void *);
typedef int (*fixup_function)(void **param);
typedef int (*free_fixup_function)(void **param);

struct cmd_param {
	int flags;
	/*
	 * Run once at start when the value is a constant, else at each call. *param is a str * or
	 * int * (pkg or stack memory of the caller, only for the time of the call when not
	 * constant) and may be replaced by what the function wants to get. 0, or <0 on error.
	 */
	fixup_function fixup;
	free_fixup_function free_fixup; /* frees what fixup put in */
};

struct cmd_export_ {
	const char *name;
	cmd_function function;
	struct cmd_param params[MAX_CMD_PARAMS + 1]; /* ends with {0, 0, 0} */
	int flags; /* mask of REQUEST_ROUTE.. where it may be called; 0: only from C */
};

typedef struct cmd_export_ cmd_export_t;
/* Asynchronous functions are not covered; modules export none. */
typedef struct acmd_export_ acmd_export_t;

/* Command `name` that may be called in all routes of mask `flags`; the core's come first, then the
 * module loaded last. NULL when there is none. */
const cmd_export_t *find_cmd_export_t(const char *name, int flags);
const cmd_export_t *find_core_cmd_export_t(const char *name, int flags);
const cmd_export_t *find_mod_cmd_export_t(const char *name, int flags);

#endif
