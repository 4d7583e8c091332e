/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server side: replies that go out, and requests that come again (RFC 3261 17.2).
 */
#include "t_reply.h"

#include <string.h>

#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../../error.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../msg_translator.h"
#include "../../tags.h"
#include "../../ut.h"
#include "t_lookup.h"
#include "t_msg.h"
#include "t_stats.h"
#include "tm_params.h"

int t_gen_totag(struct sip_msg *msg, str *totag)
{
	make_totag(msg, 't', totag);
	return 1;
}

void cleanup_uac_timers(struct cell *t)
{
	int i;

	for (i = 0; i < t->nr_of_outgoings; i++)
		t_stop_timers(&t->uac[i]->request);
}

void t_put_on_wait(struct cell *t)
{
	int first;

	LOCK_REPLIES(t);
	first = !t->waiting;
	t->waiting = 1;
	UNLOCK_REPLIES(t);
	if (first)
		set_timer(&t->wait_tl, (utime_t)wt_timer * 1000000);
}

/* Keeps a reply for retransmission. The reply lock is held. */
static void keep_reply(struct cell *t, unsigned int code, const str *buf)
{
	struct retr_buf *rb = &t->uas.response;
	str copy;

	t->uas.status = code;
	rb->activ_type = (int)code;
	if (shm_str_dup(&copy, buf) < 0) {
		LM_ERR("reply %u is not kept for retransmission\n", code);
		copy = STR_NULL;
	}
	if (rb->buffer.s != NULL)
		shm_free(rb->buffer.s);
	rb->buffer = copy;
}

/* What follows a final reply: waiting for the ACK, or just absorbing. No lock held. */
static void after_final(struct cell *t, unsigned int code)
{
	cleanup_uac_timers(t);
	t_cancel_pending(t, code < 300 ? CANCEL_ANSWERED : NULL);
	if (is_invite(t) && code >= 300) {
		LOCK_REPLIES(t);
		t_start_timers(&t->uas.response, t->fr_timeout);
		UNLOCK_REPLIES(t);
	} else {
		t_put_on_wait(t);
	}
}

/* Makes buf the last reply and sends it. As t_relay_reply(). */
static int reply_out(struct cell *t, int branch, unsigned int code, const str *buf)
{
	int again; /* a 2xx to an INVITE passes each time it comes */

	LOCK_REPLIES(t);
	again = t->uas.status >= 200;
	if (again && !(is_invite(t) && code < 300 && code >= 200 && t->uas.status < 300 &&
			     branch >= 0)) {
		UNLOCK_REPLIES(t);
		return 0;
	}
	if (!again) {
		t->relaied_reply_branch = branch;
		keep_reply(t, code, buf);
	}
	UNLOCK_REPLIES(t);
	t_send_to(&t->uas.response.dst, buf);
	tm_count(branch >= 0 ? tm_rld_rpls : tm_loc_rpls);
	if (code < 200 || again)
		return 1;
	after_final(t, code);
	return 1;
}

int t_relay_reply(struct cell *t, int branch, unsigned int code, const str *buf)
{
	return reply_out(t, branch, code, buf);
}

static int reply_with_tag(
	struct cell *t, struct sip_msg *msg, unsigned int code, const str *reason, const str *given)
{
	str tag = STR_NULL, buf;
	unsigned int len = 0;
	int rc;

	if (t->uas.request == NULL) {
		LM_ERR("a request of our own cannot be answered\n");
		return -1;
	}
	if (given != NULL && given->len > 0)
		tag = *given;
	else if (code > 100)
		t_gen_totag(msg, &tag);
	buf.s = build_res_buf_from_sip_req(code, reason, code > 100 ? &tag : NULL, msg, &len);
	if (buf.s == NULL) {
		LM_ERR("cannot build reply %u\n", code);
		return -1;
	}
	buf.len = (int)len;
	rc = reply_out(t, -2, code, &buf);
	pkg_free(buf.s);
	if (rc == 1 && code >= 200 && t == t_work.t)
		t_work.handled = 1;
	if (rc == 0)
		LM_ERR("cannot send reply %u: the request has had its final one\n", code);
	return rc == 1 ? 1 : -1;
}

int t_reply(struct cell *t, struct sip_msg *msg, unsigned int code, const str *reason)
{
	return reply_with_tag(t, msg, code, reason, NULL);
}

static int add_part(struct sip_msg *msg, const str *text, int what)
{
	if (text == NULL || text->len == 0)
		return 0;
	return add_lump_rpl(msg, text->s, text->len, what) != NULL ? 0 : -1;
}

int t_reply_with_body(
	struct cell *trans, unsigned int code, str *text, str *body, str *new_header, str *to_tag)
{
	struct sip_msg msg;
	int rc = -1;

	if (trans->uas.request == NULL) {
		LM_ERR("a request of our own cannot be answered\n");
		return -1;
	}
	if (t_fake_req(&msg, trans->uas.request) < 0)
		return -1;
	if (add_part(&msg, new_header, LUMP_RPL_HDR) == 0 &&
		add_part(&msg, body, LUMP_RPL_BODY) == 0)
		rc = reply_with_tag(trans, &msg, code, text, to_tag);
	t_end_fake_req(&msg);
	return rc;
}

int t_reply_from_clone(struct cell *t, unsigned int code)
{
	str reason;
	struct sip_msg msg;
	int rc;

	if (t_fake_req(&msg, t->uas.request) < 0)
		return -1;
	init_str(&reason, t_reason(code));
	rc = t_reply(t, &msg, code, &reason);
	t_end_fake_req(&msg);
	return rc;
}

/* ACK to a negative reply: no more retransmissions (RFC 3261 17.2.1, Confirmed). */
static void got_ack(struct cell *t)
{
	if (t->uas.status < 300)
		return;
	t_stop_timers(&t->uas.response);
	t_put_on_wait(t);
}

int t_absorb(struct cell *t, struct sip_msg *msg)
{
	if (msg->REQ_METHOD == METHOD_ACK)
		got_ack(t);
	else if (t->uas.request != NULL)
		t_send_rb(t, &t->uas.response);
	return 0;
}
