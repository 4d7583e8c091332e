/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routes of the script, by type and name. `sroutes` lives in private memory, one copy in each
 * process; processes that need no script have none (NULL).
 */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "config.h"
#include "error.h"
#include "pvar.h"
#include "route_struct.h"
#include "parser/msg_parser.h"

#ifndef RT_NO
#define RT_NO         100 /* routes of one type */
#define FAILURE_RT_NO RT_NO
#define ONREPLY_RT_NO RT_NO
#define BRANCH_RT_NO  RT_NO
#define TIMER_RT_NO   RT_NO
#define EVENT_RT_NO   RT_NO
#define DEFAULT_RT    0 /* the route without a name */
#endif
#ifndef ROUTE_MAX_REC_LEV
#define ROUTE_MAX_REC_LEV 100 /* routes calling routes */
#endif

struct script_route {
	char *name; /* NULL: unused slot; "0": the one without a name */
	struct action *a;
};

struct script_timer_route {
	char *name;
	unsigned int interval; /* seconds */
	struct action *a;
};

struct os_script_routes {
	struct script_route request[RT_NO];
	struct script_route onreply[ONREPLY_RT_NO];
	struct script_route failure[FAILURE_RT_NO];
	struct script_route branch[BRANCH_RT_NO];
	struct script_route local;
	struct script_route error;
	struct script_route startup;
	struct script_timer_route timer[TIMER_RT_NO];
	unsigned int version;
};

/* A route that C code has looked up by name. */
struct script_route_ref {
	str name; /* also zero terminated */
	int idx;  /* in the table of its type */
	int type; /* REQUEST_ROUTE.. */
	union {
		unsigned int refcnt;
		unsigned int version;
	} u;
	struct script_route_ref *next;
};

extern struct os_script_routes *sroutes;

#define REQUEST_ROUTE 1
#define FAILURE_ROUTE 2
#define ONREPLY_ROUTE 4
#define BRANCH_ROUTE  8
#define ERROR_ROUTE   16
#define LOCAL_ROUTE   32
#define STARTUP_ROUTE 64
#define TIMER_ROUTE   128
#define EVENT_ROUTE   256 /* known by name only; an event_route is refused */
#define ALL_ROUTES                                                                                 \
	(REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE | ERROR_ROUTE |              \
		LOCAL_ROUTE | STARTUP_ROUTE | TIMER_ROUTE | EVENT_ROUTE)

extern int route_type; /* type of the top route that runs now in this process */

#define set_route_type(_new) (route_type = (_new))
#define swap_route_type(_backup, _new)                                                             \
	do {                                                                                       \
		_backup = route_type;                                                              \
		route_type = _new;                                                                 \
	} while (0)
#define is_route_type(_type) (route_type == (_type))

#define ref_script_route_is_valid(_ref) ((_ref) != NULL && (_ref)->idx != -1)
/* The script is never reloaded here, so a reference stays good where there is a script at all. */
#define ref_script_route_check_and_update(_ref) (sroutes && ref_script_route_is_valid(_ref))

/* An empty set of routes in pkg memory (NULL: out of memory), and its end. */
struct os_script_routes *new_sroutes_holder(int inc_ver);
void free_route_lists(struct os_script_routes *sr);

/* Index of a named route; -1 when there is none. */
int get_script_route_ID_by_name_str(str *name, struct script_route *sr, int size);

/* A reference to route `name` of table `sr` and type REQUEST_ROUTE..; in_shm: in shared memory,
 * else in pkg. NULL when there is no such route or no memory. Released by unref_script_route(), or
 * by shm_free() when in shared memory. */
struct script_route_ref *ref_script_route_by_name_str(
	str *name, struct script_route *sr, int size, int type, int in_shm);
void unref_script_route(struct script_route_ref *ref);

/* Name of a route type bit ("request_route", ...). */
const char *route_type_name(int type);

/* Runs all fixups of all routes; after the modules are initialised, before forking. 0, or the
 * number of errors as a negative number, each logged with file, line and column. */
int fix_rls(void);

/* Checks calls against the routes they are in (unknown route names, functions not allowed there),
 * also through route(). Part of parsing; same result as fix_rls(). */
int check_rls(void);

/* Runs startup_route; 0, or -1 when it cannot be run. No route is fine. */
int run_startup_route(void);

/* Value of an expression. 1 true, 0 false, <0 error. `val`, when given, gets the value itself. */
int eval_expr(struct expr *e, struct sip_msg *msg, pv_value_t *val);

/* Used by the interpreter. The value of an expression, to be released by pv_value_destroy(). 0,
 * EXPR_DROP when a function ended the script, <0 error (logged). */
int expr_value(struct expr *e, struct sip_msg *msg, pv_value_t *v);
/* out = l op r; l and r are released. 0 or -1 (logged). */
int calc_values(int op, pv_value_t *l, pv_value_t *r, pv_value_t *out);
/* Does the value match a label of a switch? */
int case_matches(const operand_t *label, pv_value_t *v);

#define SCRIPT_REGEX_FLAGS (REG_EXTENDED | REG_ICASE | REG_NEWLINE | REG_NOSUB)

#endif
