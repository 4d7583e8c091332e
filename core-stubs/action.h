/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter. Every list of actions returns a code: negative is false, positive true, and 0
 * ends the script. action_flags tells why a list ended early.
 */
#ifndef CORE_ACTION_H
#define CORE_ACTION_H

#include "parser/msg_parser.h"
#include "route.h"
#include "route_struct.h"

#define ACT_FL_EXIT   (1 << 0) /* end the whole script */
#define ACT_FL_RETURN (1 << 1) /* end this route */
#define ACT_FL_DROP   (1 << 2) /* and do not send the branch or reply on */
#define ACT_FL_BREAK  (1 << 4) /* leave the switch or loop */

extern int action_flags;
extern int return_code; /* $rc: code of the last function or route */

/* Runs a top route in the current route_type. Returns action_flags as they were at its end (see
 * ACT_FL_DROP), or <0 on error. */
int run_top_route(struct script_route sr, struct sip_msg *msg);

/* Runs a list inside a route. */
int run_action_list(struct action *a, struct sip_msg *msg);

/* A minimal OPTIONS message for routes that run without one (startup, timer). One per process at
 * a time; NULL when it cannot be had. */
struct sip_msg *get_dummy_sip_msg(void);
void release_dummy_sip_msg(struct sip_msg *req);

#endif
