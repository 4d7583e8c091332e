/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: those received, those we relay, those we make.
 */
#ifndef TM_T_REPLY_H
#define TM_T_REPLY_H

#include "h_table.h"

typedef int (*treply_f)(struct sip_msg *msg, unsigned int code, const str *reason);
typedef int (*tgen_totag_f)(struct sip_msg *msg, str *totag);
typedef int (*tcheck_trans_f)(struct sip_msg *msg);

/* Of a reply that came in: 0 it was ours and is done, 1 the core forwards it statelessly. */
int reply_received(struct sip_msg *msg);

/* A final reply of a branch that is none (FAKED_REPLY): time-out. Takes the reply lock. */
void t_fake_reply(struct cell *t, int branch, unsigned int code);

/*
 * Answers the request of t. Stops the timers of its branches (so after a t_replicate() nothing
 * is sent again: as in OpenSIPS). 1, or -1.
 */
int t_reply(struct cell *t, struct sip_msg *msg, unsigned int code, const str *reason);

/* To-tag that replies to this request get. 1, or -1. */
int t_gen_totag(struct sip_msg *msg, str *totag);

/* Sends the last reply again. 1 sent, 0 there is none yet, -1 error. */
int t_retransmit_reply(struct cell *t);

/* Starts the wait timer, after which the transaction leaves the table. */
void t_put_on_wait(struct cell *t);

/* Stops timers of all branches. The reply lock is held. */
void cleanup_uac_timers(struct cell *t);

void tm_init_tags(void);

#endif
