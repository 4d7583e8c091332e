/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending and sending again, and the requests that come of another request: CANCEL, and ACK to a
 * negative reply. Nothing is sent while a lock is held: what is to be sent is copied.
 */
#include "t_reply.h"

#include <string.h>

#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../forward.h"
#include "../../globals.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../ut.h"
#include "t_msg.h"
#include "tm_params.h"

int t_send_to(const struct dest_info *dst, const str *buf)
{
	union sockaddr_union to = dst->to;
	const char *eol;

	if (msg_send(dst->send_sock, dst->proto, &to, dst->proto_reserved1, buf->s, buf->len,
		    NULL) == 0)
		return 0;
	eol = memchr(buf->s, '\r', (size_t)buf->len);
	LM_ERR("failed to send %.*s\n", eol != NULL ? (int)(eol - buf->s) : 0, buf->s);
	return -1;
}

int t_send_rb(struct cell *t, struct retr_buf *rb)
{
	struct dest_info dst;
	str copy = STR_NULL;
	int rc = -1;

	LOCK_REPLIES(t);
	if (rb->buffer.s != NULL && pkg_str_dup(&copy, &rb->buffer) < 0)
		copy.s = NULL;
	dst = rb->dst;
	UNLOCK_REPLIES(t);
	if (copy.s != NULL) {
		rc = t_send_to(&dst, &copy);
		pkg_free(copy.s);
	}
	return rc;
}

void t_start_timers(struct retr_buf *rb, int fr_seconds)
{
	set_timer(&rb->fr_timer, (utime_t)fr_seconds * 1000000);
	if (rb->dst.proto != PROTO_UDP)
		return;
	rb->retr_interval = (unsigned int)t1_timer;
	set_timer(&rb->retr_timer, (utime_t)t1_timer * 1000);
}

void t_stop_timers(struct retr_buf *rb)
{
	reset_timer(&rb->retr_timer);
	reset_timer(&rb->fr_timer);
}

/* Writes with bounds; what does not fit sets `full`. */
struct writer {
	char *s;
	size_t len, size;
	int full;
};

static void w_add(struct writer *w, const char *s, int len)
{
	if (len < 0 || w->size - w->len < (size_t)len) {
		w->full = 1;
		return;
	}
	memcpy(w->s + w->len, s, (size_t)len);
	w->len += (size_t)len;
}

static void w_str(struct writer *w, const char *s)
{
	w_add(w, s, (int)strlen(s));
}

/* A header line as it stands in the message. */
static void w_header(struct writer *w, const struct hdr_field *h)
{
	w_add(w, h->name.s, h->len);
}

/* Our own Via only: the rest of the chain is not for ACK and CANCEL. */
static void w_via(struct writer *w, const struct sip_msg *req)
{
	const char *end = req->h_via1->name.s + req->h_via1->len;
	const char *v = req->h_via1->name.s;
	int len = (int)(end - v);

	if (req->via1->next != NULL) {
		len = (int)(req->h_via1->body.s + req->via1->bsize - v);
		while (len > 0 && (v[len - 1] == ',' || v[len - 1] == ' '))
			len--;
		w_add(w, v, len);
		w_str(w, CRLF);
		return;
	}
	w_add(w, v, len);
}

/*
 * ACK or CANCEL for the request that was sent: its R-URI, top Via, Route, From, Call-ID and CSeq
 * number; To from `to` (the reply's) or its own; a Reason or NULL. Shared memory; 0 or -1.
 */
static int build_hop_request(const str *request, const char *method, const struct hdr_field *to,
	const char *reason, str *out)
{
	struct sip_msg req;
	struct hdr_field *h;
	struct writer w;

	if (t_parse_buf(&req, request) < 0)
		return -1;
	memset(&w, 0, sizeof(w));
	w.size = req.len + (to != NULL ? (size_t)to->len : 0) + 128 +
		 (size_t)user_agent_header->len + (reason != NULL ? strlen(reason) : 0);
	w.s = shm_malloc(w.size);
	if (w.s == NULL || parse_headers(&req, HDR_EOH_F, 0) < 0 || req.via1 == NULL ||
		req.cseq == NULL)
		goto error;
	w_str(&w, method);
	w_str(&w, " ");
	w_add(&w, req.first_line.u.request.uri.s, req.first_line.u.request.uri.len);
	w_str(&w, " SIP/2.0" CRLF);
	w_via(&w, &req);
	for (h = req.headers; h != NULL; h = h->next)
		if (h->type == HDR_FROM_T || h->type == HDR_CALLID_T || h->type == HDR_ROUTE_T)
			w_header(&w, h);
		else if (h->type == HDR_TO_T)
			w_header(&w, to != NULL ? to : h);
	w_str(&w, "CSeq: ");
	w_add(&w, get_cseq(&req)->number.s, get_cseq(&req)->number.len);
	w_str(&w, " ");
	w_str(&w, method);
	w_str(&w, CRLF "Max-Forwards: 70" CRLF);
	if (reason != NULL) {
		w_str(&w, "Reason: ");
		w_str(&w, reason);
		w_str(&w, CRLF);
	}
	if (server_signature) {
		w_add(&w, user_agent_header->s, user_agent_header->len);
		w_str(&w, CRLF);
	}
	w_str(&w, "Content-Length: 0" CRLF CRLF);
	if (w.full)
		goto error;
	t_end_fake_req(&req);
	out->s = w.s;
	out->len = (int)w.len;
	return 0;
error:
	LM_ERR("cannot build %s\n", method);
	if (w.s != NULL)
		shm_free(w.s);
	t_end_fake_req(&req);
	return -1;
}

void t_ack_negative(struct cell *t, int branch, struct sip_msg *reply)
{
	struct ua_client *uac = t->uac[branch];
	str ack;

	if (parse_headers(reply, HDR_TO_F, 0) < 0 || reply->to == NULL ||
		build_hop_request(&uac->request.buffer, "ACK", reply->to, NULL, &ack) < 0)
		return;
	t_send_to(&uac->request.dst, &ack);
	shm_free(ack.s);
}

void t_cancel_branch(struct cell *t, int branch, const char *reason)
{
	struct ua_client *uac = t->uac[branch];
	str cancel = STR_NULL;
	int now;

	if (!is_invite(t) || uac->request.buffer.s == NULL)
		return;
	LOCK_REPLIES(t);
	/* CANCEL only follows a provisional reply (RFC 3261 9.1) */
	now = (uac->flags & (T_UAC_HAS_RECV_REPLY | T_UAC_FINAL)) == T_UAC_HAS_RECV_REPLY &&
	      uac->local_cancel.activ_type != TYPE_LOCAL_CANCEL;
	if (now)
		uac->local_cancel.activ_type = TYPE_LOCAL_CANCEL;
	else
		uac->flags |= T_UAC_TO_CANCEL_FLAG;
	UNLOCK_REPLIES(t);
	if (!now || build_hop_request(&uac->request.buffer, "CANCEL", NULL, reason, &cancel) < 0)
		return;
	LOCK_REPLIES(t);
	uac->local_cancel.buffer = cancel;
	uac->local_cancel.dst = uac->request.dst;
	t_start_timers(&uac->local_cancel, t->fr_timeout);
	UNLOCK_REPLIES(t);
	t_send_rb(t, &uac->local_cancel);
}

void t_cancel_pending(struct cell *t, const char *reason)
{
	int i;

	for (i = 0; is_invite(t) && i < t->nr_of_outgoings; i++)
		if ((t->uac[i]->flags & T_UAC_FINAL) == 0)
			t_cancel_branch(t, i, reason);
}
