/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: those received, those we relay, those we make; and time-outs, which count as replies.
 */
#ifndef TM_T_REPLY_H
#define TM_T_REPLY_H

#include "h_table.h"

typedef int (*treply_f)(struct sip_msg *msg, unsigned int code, const str *reason);
typedef int (*treply_wb_f)(
	struct cell *trans, unsigned int code, str *text, str *body, str *new_header, str *to_tag);
typedef int (*tgen_totag_f)(struct sip_msg *msg, str *totag);

/* --- server side: t_reply.c --------------------------------------------------------- */

/*
 * Answers the request of t; msg is that request. A final code stops the timers of the branches
 * (so after a t_replicate() nothing is sent again: as in OpenSIPS). 1, or -1 when it has had a
 * final reply already or memory is out.
 */
int t_reply(struct cell *t, struct sip_msg *msg, unsigned int code, const str *reason);

/* The same without the received message at hand: for time-outs and failures. */
int t_reply_from_clone(struct cell *t, unsigned int code);

/*
 * Answers from any process, from the clone: with a body and header lines (each with its CRLF), both
 * may be NULL or empty; to_tag NULL or empty: as t_reply(). The caller has a reference. 1 or -1.
 */
int t_reply_with_body(
	struct cell *trans, unsigned int code, str *text, str *body, str *new_header, str *to_tag);

/*
 * Sends on a reply of a branch, as built. 1; 0: t has had its final reply; -1: not sent. Frees
 * nothing. The reply is kept for retransmissions, if there is memory for it.
 */
int t_relay_reply(struct cell *t, int branch, unsigned int code, const str *buf);

/* To-tag that replies to this request get (static memory). 1. */
int t_gen_totag(struct sip_msg *msg, str *totag);

/* A request that came again, or an ACK. Always 0. */
int t_absorb(struct cell *t, struct sip_msg *msg);

/* Starts the wait timer, after which the transaction leaves the table. No lock held. */
void t_put_on_wait(struct cell *t);

/* Stops timers of all branches. The caller has a reference. */
void cleanup_uac_timers(struct cell *t);

/* --- client side: t_recv.c ---------------------------------------------------------- */

/* Of a reply that came in: 0 it was ours and is done, 1 the core forwards it statelessly. */
int reply_received(struct sip_msg *msg);

/* Ends a branch by a reply that never came. */
void t_fake_reply(struct cell *t, int branch, unsigned int code);

/* Reason phrase of the codes that tm makes itself. */
const char *t_reason(unsigned int code);

/* What timers do. The caller has a reference. */
void t_retransmit(struct cell *t, struct timer_link *tl);
void t_timed_out(struct cell *t, struct timer_link *tl);

/* --- both: t_send.c ------------------------------------------------------------------ */

/* Sends a buffer to where rb goes. 0 or -1. */
int t_send_to(const struct dest_info *dst, const str *buf);
/* Sends a copy of what rb holds; takes the reply lock meanwhile. 0, or -1: nothing, or failed. */
int t_send_rb(struct cell *t, struct retr_buf *rb);
/* First retransmission (unreliable transport only) and time-out, delays in seconds. */
void t_start_timers(struct retr_buf *rb, int fr_seconds);
void t_stop_timers(struct retr_buf *rb);

/* Why a branch is cancelled, for its Reason header (RFC 3326). */
#define CANCEL_ANSWERED  "SIP ;cause=200 ;text=\"Call completed elsewhere\""
#define CANCEL_NO_ANSWER "SIP;cause=480;text=\"NO_ANSWER\""
#define CANCEL_BY_CALLER "SIP;cause=487;text=\"ORIGINATOR_CANCEL\""

/*
 * Sends CANCEL on a branch that has had a provisional reply, or remembers to (without a reason
 * then). reason: the value of a Reason header, or NULL.
 */
void t_cancel_branch(struct cell *t, int branch, const char *reason);
/* The same on all branches that have no final reply. */
void t_cancel_pending(struct cell *t, const char *reason);
/* ACK to a negative reply (RFC 3261 17.1.1.3). */
void t_ack_negative(struct cell *t, int branch, struct sip_msg *reply);

#endif
