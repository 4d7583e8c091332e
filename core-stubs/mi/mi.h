/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management interface: commands by name, asked for by JSON-RPC 2.0 requests.
 *
 * A command has recipes: one for each set of parameters it takes, with the handler for
 * it. Parameters by name select the recipe that has exactly those names; parameters by
 * position one with as many names, if there is only one such. Commands are registered
 * before forking; any process may then run them. Transports (mi_fifo, mi_http) hand a
 * whole JSON text to mi_run_json() and send back what it gives.
 *
 * Left out: commands that answer later (MI_ASYNC_RPL_FLAG).
 */
#ifndef _MI_MI_H_
#define _MI_MI_H_

#include "../str.h"
#include "item.h"

#define MAX_MI_PARAMS  10
#define MAX_MI_RECIPES 48

#define MI_NAMED_PARAMS_ONLY (1 << 1) /* parameters by position are refused */

#define JSONRPC_PARSE_ERR_CODE    -32700
#define JSONRPC_PARSE_ERR_MSG     "Parse error"
#define JSONRPC_INVAL_REQ_CODE    -32600
#define JSONRPC_INVAL_REQ_MSG     "Invalid Request"
#define JSONRPC_NOT_FOUND_CODE    -32601
#define JSONRPC_NOT_FOUND_MSG     "Method not found"
#define JSONRPC_INVAL_PARAMS_CODE -32602
#define JSONRPC_INVAL_PARAMS_MSG  "Invalid params"
#define JSONRPC_SERVER_ERR_CODE   -32000
#define JSONRPC_SERVER_ERR_MSG    "Server error"

struct mi_handler; /* only NULL is ever given */

/* Runs a command; returns the reply, NULL for an internal error. Not under any lock. */
typedef mi_response_t *(mi_cmd_f)(const mi_params_t *params, struct mi_handler *async_hdl);
typedef int(mi_child_init_f)(void);

typedef struct mi_recipe_ {
	mi_cmd_f *cmd;
	const char *params[MAX_MI_PARAMS];
} mi_recipe_t;

#define EMPTY_MI_RECIPE                                                                            \
	0,                                                                                         \
	{                                                                                          \
		0                                                                                  \
	}

typedef struct mi_export_ {
	const char *name;
	const char *help;
	unsigned int flags;
	mi_child_init_f *init_f; /* not supported here: registering one that is not NULL fails */
	mi_recipe_t recipes[MAX_MI_RECIPES];
} mi_export_t;

#define EMPTY_MI_EXPORT                                                                            \
	0, 0, 0, 0,                                                                                \
	{                                                                                          \
		{                                                                                  \
			EMPTY_MI_RECIPE                                                            \
		}                                                                                  \
	}

struct mi_cmd {
	const char *module;
	const mi_export_t *exp;
	struct mi_cmd *next; /* in order of registration */
};

/*
 * Registers a table of commands (ends with EMPTY_MI_EXPORT; NULL is an empty table), which
 * must stay where it is. Before forking. 0, or -1: a name exists already, no memory (logged).
 */
int register_mi_mod(const char *mod_name, const mi_export_t *mis);

/* The command of that name, or NULL. */
struct mi_cmd *lookup_mi_cmd(const char *name, int len);
/* The first command registered; go on by ->next. */
struct mi_cmd *first_mi_cmd(void);

/*
 * Runs a JSON text: one request or a notification; a batch is an invalid request, as it is
 * in OpenSIPS 3.6. @in ends with a zero byte; what follows the JSON value is ignored, and
 * *end (unless @end is NULL) tells where it ended, or is NULL if it could not be parsed.
 * 0: *out is the JSON text of the answer, which the caller releases with free(), or NULL
 * for a notification, which gets none. -1: no memory for the answer (logged).
 */
int mi_run_json(const char *in, const char **end, int pretty, char **out);

#endif
