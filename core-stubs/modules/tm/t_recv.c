/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client side: replies that come in, time-outs, and what becomes of the transaction
 * (RFC 3261 17.1, 16.7).
 *
 *   reply  -> claim (is it a retransmission? timers)  -> onreply_route -> settle
 *   time-out -> claim -----------------------------------> 408 --------> settle
 *
 * settle: a provisional or positive reply goes upstream, a negative one is kept until all branches
 * have failed; then the best one is picked, after failure_route had its chance to try others.
 * In local transactions nothing goes upstream; the callback gets the outcome, once.
 *
 * The reply lock is held while states are read and changed, and never while a route or callback
 * runs or anything is sent. So that failure_route runs once, `picking` tells others that somebody
 * is about it; that one looks again when it comes back, for what has arrived meanwhile.
 */
#include "t_reply.h"

#include <string.h>

#include "../../action.h"
#include "../../context.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../msg_translator.h"
#include "../../ut.h"
#include "t_lookup.h"
#include "t_msg.h"
#include "t_stats.h"
#include "tm_params.h"

const char *t_reason(unsigned int code)
{
	static const struct {
		unsigned int code;
		const char *text;
	} list[] = {{400, "Bad Request"}, {408, "Request Timeout"}, {477, "Send failed (477/TM)"},
		{487, "Request Terminated"}, {500, "Server Internal Error"},
		{503, "Service Unavailable"}, {606, "Not Acceptable"}};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].code == code)
			return list[i].text;
	return code < 500 ? "Request Failure" : "Failure";
}

/* --- the branch's own timers ---------------------------------------------------------- */

static struct retr_buf *rb_of(struct cell *t, const struct timer_link *tl)
{
	struct ua_client *uac;

	if (tl->branch == TM_UAS)
		return &t->uas.response;
	uac = t->uac[tl->branch];
	return tl == &uac->local_cancel.retr_timer || tl == &uac->local_cancel.fr_timer
		       ? &uac->local_cancel
		       : &uac->request;
}

void t_retransmit(struct cell *t, struct timer_link *tl)
{
	struct retr_buf *rb = rb_of(t, tl);
	struct ua_client *uac = tl->branch == TM_UAS ? NULL : t->uac[tl->branch];
	int stale;

	LOCK_REPLIES(t);
	stale = timer_is_set(tl) || (tl->branch == TM_UAS && t->waiting) ||
		(uac != NULL && rb == &uac->request && (uac->flags & T_UAC_FINAL) != 0);
	if (!stale) {
		rb->retr_interval *= 2;
		/* timer A of an INVITE has no cap, but OpenSIPS's has, as timer E */
		if (rb->retr_interval > (unsigned int)t2_timer)
			rb->retr_interval = (unsigned int)t2_timer;
		set_timer(tl, (utime_t)rb->retr_interval * 1000);
	}
	UNLOCK_REPLIES(t);
	if (!stale)
		t_send_rb(t, rb);
}

void t_timed_out(struct cell *t, struct timer_link *tl)
{
	struct retr_buf *rb = rb_of(t, tl);
	int again;

	LOCK_REPLIES(t);
	again = timer_is_set(tl);
	if (!again)
		reset_timer(&rb->retr_timer);
	UNLOCK_REPLIES(t);
	if (again)
		return;
	if (tl->branch == TM_UAS)
		t_put_on_wait(t); /* timer H: the ACK never came */
	else if (rb == &t->uac[tl->branch]->request)
		t_fake_reply(t, tl->branch, 408);
}

/* --- routes --------------------------------------------------------------------------- */

/* Runs an onreply_route. 1: go on, 0: the script dropped a provisional reply. */
static int run_onreply(struct script_route_ref *ref, struct sip_msg *msg, int code)
{
	int old_type, flags;

	if (!ref_script_route_check_and_update(ref))
		return 1;
	swap_route_type(old_type, ONREPLY_ROUTE);
	flags = run_top_route(sroutes->onreply[ref->idx], msg);
	set_route_type(old_type);
	return code >= 200 || (flags & ACT_FL_DROP) == 0;
}

/* What was said of the first branch is no word about the next ones. */
static void forget_first_branch(struct sip_msg *req)
{
	pkg_free(req->new_uri.s);
	req->new_uri = STR_NULL;
	reset_dst_uri(req);
	clear_path_vector(req);
	req->ruri_q = Q_UNSPECIFIED;
	req->ruri_bflags = 0;
	req->force_send_socket = NULL;
}

/*
 * Runs failure_route and callbacks, nothing is locked. The request has its first Request-URI there,
 * the headers are as the script has made them.
 */
static void run_failure(struct cell *t, struct script_route_ref *ref, int branch, int code)
{
	struct sip_msg req;
	struct t_work before;
	int old_type;

	if (t_fake_req(&req, t->uas.request) < 0)
		return;
	forget_first_branch(&req);
	before = t_work_begin(t, req.id, branch);
	t_work.code = code;
	run_trans_callbacks(TMCB_ON_FAILURE, t, &req, NULL, code);
	if (ref_script_route_check_and_update(ref)) {
		swap_route_type(old_type, FAILURE_ROUTE);
		run_top_route(sroutes->failure[ref->idx], &req);
		set_route_type(old_type);
	}
	t_work_end(before);
	t_end_fake_req(&req);
}

/* --- outcome --------------------------------------------------------------------------- */

/*
 * Which code is better to be told (RFC 3261 16.7 step 6)? The smaller number: 6xx, then the lowest
 * class, in it what tells the caller how to try again, then the lowest code.
 */
static int rank(int code)
{
	static const short useful[] = {401, 407, 415, 420, 484};
	size_t i;

	if (code >= 600)
		return 0;
	for (i = 0; i < sizeof(useful) / sizeof(useful[0]); i++)
		if (code == useful[i])
			return code;
	return code / 100 * 100 + 50 + code % 100;
}

/* The best of this round's branches; -1 while one has no final reply, unless there is a 6xx. */
static int pick_branch(const struct cell *t)
{
	int i, best = -1, open = 0;

	for (i = t->first_branch; i < t->nr_of_outgoings; i++) {
		int code = t->uac[i]->last_received;

		if ((t->uac[i]->flags & T_UAC_UNSENT) != 0)
			continue;
		if (code < 200)
			open = 1;
		else if (best < 0 || rank(code) < rank(t->uac[best]->last_received))
			best = i;
	}
	return open && best >= 0 && t->uac[best]->last_received < 600 ? -1 : best;
}

/* Has failure_route sent branches beyond the first `made`? */
static int has_new_branch(const struct cell *t, int made)
{
	for (; made < t->nr_of_outgoings; made++)
		if ((t->uac[made]->flags & T_UAC_UNSENT) == 0)
			return 1;
	return 0;
}

/* Tells the owner of a local transaction how it ended. rpl: a reply, or FAKED_REPLY. */
static void complete_local(struct cell *t, struct sip_msg *rpl, int code)
{
	cleanup_uac_timers(t);
	run_trans_callbacks(TMCB_LOCAL_COMPLETED, t, t->uas.request, rpl, code);
	t_put_on_wait(t);
}

/* All branches have failed and no route helped: `best` is the outcome. */
static void conclude(struct cell *t, int best, int branch, struct sip_msg *msg)
{
	struct ua_client *uac = t->uac[best];
	struct sip_msg kept;
	int code = uac->last_received;

	if (!is_local(t)) {
		if (uac->reply_buf.s != NULL)
			t_relay_reply(
				t, best, code == 503 ? 500 : (unsigned int)code, &uac->reply_buf);
		else if (t_reply_from_clone(t, (unsigned int)code) < 0)
			t_put_on_wait(t);
		return;
	}
	if (best == branch || uac->reply_buf.s == NULL)
		complete_local(t, best == branch ? msg : FAKED_REPLY, code);
	else if (t_parse_buf(&kept, &uac->reply_buf) < 0)
		complete_local(t, FAKED_REPLY, code);
	else {
		complete_local(t, &kept, code);
		t_end_fake_req(&kept);
	}
}

/*
 * Looks whether all branches have failed, and deals with it. msg is the reply of `branch` that is
 * at hand, or FAKED_REPLY.
 */
static void settle_failure(struct cell *t, int branch, struct sip_msg *msg)
{
	struct script_route_ref *ref;
	int best, made, route;

	LOCK_REPLIES(t);
	for (;;) {
		best = pick_branch(t);
		if (best < 0 || t->picking || t->completed || t->uas.status >= 200) {
			UNLOCK_REPLIES(t);
			return;
		}
		ref = t->on_negative;
		route = t->uas.request != NULL &&
			(ref != NULL || has_tran_tmcbs(t, TMCB_ON_FAILURE));
		if (!route)
			break;
		t->on_negative = NULL; /* failure_route may set another for its own try */
		t->picking = 1;
		made = t->nr_of_outgoings;
		UNLOCK_REPLIES(t);
		run_failure(t, ref, best, t->uac[best]->last_received);
		LOCK_REPLIES(t);
		t->picking = 0;
		if (!has_new_branch(t, made))
			break;
		t->first_branch = made;
	}
	if (t->completed || t->uas.status >= 200) {
		UNLOCK_REPLIES(t);
		return;
	}
	t->completed = is_local(t) != 0;
	UNLOCK_REPLIES(t);
	conclude(t, best, branch, msg);
}

/* Keeps a negative reply until its turn; local ones as they came. */
static void keep_negative(struct cell *t, struct ua_client *uac, struct sip_msg *msg)
{
	str raw = {msg->buf, (int)msg->len}, copy;
	unsigned int len = 0;

	if (!is_local(t)) {
		raw.s = build_res_buf_from_sip_res(msg, &len, uac->request.dst.send_sock, 0);
		raw.len = (int)len;
		/* what is overloaded is the callee, not the caller's next hop (RFC 3261 16.7) */
		if (raw.s != NULL && msg->REPLY_STATUS == 503)
			memcpy(raw.s + sizeof(SIP_VERSION), "500", 3);
	}
	if (raw.s == NULL || shm_str_dup(&copy, &raw) < 0) {
		LM_ERR("cannot keep reply %d; one of our own will be sent\n", msg->REPLY_STATUS);
		copy = STR_NULL;
	}
	if (!is_local(t) && raw.s != NULL)
		pkg_free(raw.s);
	LOCK_REPLIES(t);
	if (uac->reply_buf.s == NULL) {
		uac->reply_buf = copy;
		copy.s = NULL;
	}
	UNLOCK_REPLIES(t);
	if (copy.s != NULL)
		shm_free(copy.s);
}

static void settle_local(struct cell *t, int branch, struct sip_msg *msg, int code)
{
	int first;

	if (code < 200)
		return;
	if (code >= 300) {
		settle_failure(t, branch, msg);
		return;
	}
	LOCK_REPLIES(t);
	first = !t->completed;
	t->completed = 1;
	UNLOCK_REPLIES(t);
	if (first)
		complete_local(t, msg, code);
}

static void settle_proxied(struct cell *t, int branch, struct sip_msg *msg, int code)
{
	str buf;
	unsigned int len = 0;

	if (code >= 300) {
		if (code >= 600) {
			LOCK_REPLIES(t);
			t->flags |= T_6xx_FLAG;
			UNLOCK_REPLIES(t);
			t_cancel_pending(t, NULL);
		}
		settle_failure(t, branch, msg);
		return;
	}
	if (code == 100) /* hop by hop */
		return;
	buf.s = build_res_buf_from_sip_res(msg, &len, t->uac[branch]->request.dst.send_sock, 0);
	if (buf.s == NULL) {
		LM_ERR("cannot build reply %d\n", code);
		return;
	}
	buf.len = (int)len;
	t_relay_reply(t, branch, (unsigned int)code, &buf);
	pkg_free(buf.s);
}

/* The reply of a branch (or FAKED_REPLY) has its effect on the transaction. */
static void settle(struct cell *t, int branch, struct sip_msg *msg, int code)
{
	struct ua_client *uac = t->uac[branch];

	if (code >= 300 && msg != FAKED_REPLY && (!is_local(t) || t->nr_of_outgoings > 1))
		keep_negative(t, uac, msg);
	LOCK_REPLIES(t);
	if (code > uac->last_received || uac->last_received < 200)
		uac->last_received = (short)code;
	UNLOCK_REPLIES(t);
	if (is_local(t))
		settle_local(t, branch, msg, code);
	else
		settle_proxied(t, branch, msg, code);
}

/* --- replies that come in --------------------------------------------------------------- */

enum claim {
	CLAIM_NEW,
	CLAIM_AGAIN
};

/* Notes that a reply is here, and what it means for the branch's timers. */
static enum claim claim(struct cell *t, struct ua_client *uac, int code)
{
	struct retr_buf *rb = &uac->request;
	int was_final;

	LOCK_REPLIES(t);
	was_final = uac->flags & T_UAC_FINAL;
	uac->flags |= T_UAC_HAS_RECV_REPLY | (code >= 200 ? T_UAC_FINAL : 0);
	if (was_final) {
		UNLOCK_REPLIES(t);
		return CLAIM_AGAIN;
	}
	if (code >= 200) {
		t_stop_timers(rb);
	} else if (is_invite(t)) {
		reset_timer(&rb->retr_timer);
		if (!t->waiting)
			set_timer(&rb->fr_timer, (utime_t)t->fr_inv_timeout * 1000000);
	} else {
		rb->retr_interval = (unsigned int)t2_timer; /* RFC 3261 17.1.2.2 */
	}
	UNLOCK_REPLIES(t);
	return CLAIM_NEW;
}

static void reply_of_branch(struct cell *t, int branch, struct sip_msg *msg)
{
	struct ua_client *uac = t->uac[branch];
	int code = (int)msg->REPLY_STATUS;
	int again = claim(t, uac, code) == CLAIM_AGAIN;

	if (is_invite(t) && code >= 300)
		t_ack_negative(t, branch, msg);
	if (code < 200 && (uac->flags & T_UAC_TO_CANCEL_FLAG) != 0)
		t_cancel_branch(t, branch, NULL);
	t_work.code = code;
	if (!run_onreply(t->on_reply, msg, code) || !run_onreply(uac->on_reply, msg, code))
		return;
	/* routes see every copy, but it has its effect once; only a 2xx to an INVITE passes each
	 * time, until the caller's ACK has reached the callee */
	if (!again || (is_invite(t) && code < 300 && code >= 200))
		settle(t, branch, msg, code);
}

int reply_received(struct sip_msg *msg)
{
	struct cell *t;
	int branch;

	if (t_reply_matching(msg, &branch) != 1)
		return 1;
	t = t_work.t;
	t_work.branch = branch;
	tm_count(tm_rcv_rpls);
	if (get_cseq(msg)->method_id == METHOD_CANCEL && is_invite(t)) {
		reset_timer(&t->uac[branch]->local_cancel.retr_timer);
		if (msg->REPLY_STATUS >= 200)
			reset_timer(&t->uac[branch]->local_cancel.fr_timer);
	} else {
		reply_of_branch(t, branch, msg);
	}
	t_unref();
	return 0;
}

void t_fake_reply(struct cell *t, int branch, unsigned int code)
{
	struct ua_client *uac = t->uac[branch];
	struct t_work before;
	int late;

	LOCK_REPLIES(t);
	late = uac->flags & T_UAC_FINAL;
	UNLOCK_REPLIES(t);
	if (late)
		return;
	t_cancel_branch(t, branch, CANCEL_NO_ANSWER); /* an INVITE that rings too long */
	LOCK_REPLIES(t);
	late = uac->flags & T_UAC_FINAL;
	uac->flags |= T_UAC_FINAL;
	UNLOCK_REPLIES(t);
	if (late)
		return;
	t_stop_timers(&uac->request);
	if (push_new_global_context() < 0)
		LM_ERR("no processing context\n");
	before = t_work_begin(t, 0, branch);
	settle(t, branch, FAKED_REPLY, (int)code);
	t_work_end(before);
	pop_pushed_global_context();
}
