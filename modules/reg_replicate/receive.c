/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's message is known by its source address together with the node id in our
 * private header: several nodes may live at one address. Anybody else's private
 * headers are taken out of the message, and counted, before the script goes on.
 *
 *	REGISTER + Reg-Repl		a change, perhaps with a claim
 *	OPTIONS + Reg-Repl		a bare claim
 *	OPTIONS + Reg-Repl-State	a ping
 */
#include <string.h>

#include "receive.h"
#include "apply.h"
#include "payload.h"
#include "peer_auth.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "engine/wire.h"
#include "../../data_lump.h"
#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../signaling/signaling.h"

/* Seconds after which a peer may ask a node again that is still loading. */
#define RETRY_AFTER "Retry-After: 2\r\n"

static struct sig_binds sigb;

int receive_init(void)
{
	if (load_sig_api(&sigb) < 0) {
		LM_ERR("module signaling is needed\n");
		return -1;
	}
	return 0;
}

/* --- answering -------------------------------------------------------------------- */

static void answer(struct sip_msg *msg, int code, const char *text)
{
	str reason = {(char *)text, strlen(text)};

	peer_auth_sign_answer(msg, code);
	if (sigb.reply(msg, code, &reason, NULL) < 0)
		LM_ERR("cannot answer a peer with %d %s\n", code, text);
}

static void answer_state(struct sip_msg *msg, struct rr_state *state)
{
	static char buf[RR_STATE_MAX + 32];
	int head = snprintf(buf, sizeof(buf), "%s: ", RR_HDR_STATE), n;

	state->at = repl_now().mono_ms;
	state->wall = repl_now().wall_ms;
	n = rr_state_encode(state, buf + head, RR_STATE_MAX);

	if (n > 0) {
		memcpy(buf + head + n, "\r\n", 2);
		add_lump_rpl(msg, buf, head + n + 2, LUMP_RPL_HDR);
	}
	answer(msg, n > 0 ? 200 : 500, n > 0 ? "OK" : "State Too Large");
}

static void refuse(struct sip_msg *msg, int code, const char *text)
{
	WARN_SELDOM("%.*s from peer %s refused with %d %s", msg->first_line.u.request.method.len,
		msg->first_line.u.request.method.s, ip_addr2a(&msg->rcv.src_ip), code, text);
	count(code == 400 ? STAT_MALFORMED : STAT_REFUSED);
	answer(msg, code, text);
}

static void answer_stream(struct sip_msg *msg, struct rr_stream_id stream)
{
	static struct rr_state state;

	rr_state_of(engine_lock(), stream, &state);
	engine_unlock();
	answer_state(msg, &state);
}

/* --- pings ------------------------------------------------------------------------ */

static void take_ping(struct sip_msg *msg, const struct rr_state *theirs)
{
	static struct rr_state ours;
	struct rr_now now = repl_now();
	struct rr_engine *e = engine_lock();
	unsigned int due;
	int rc;

	rc = rr_state_seen(e, now, theirs);
	if (rc == RR_OK)
		rr_state_answer(e, theirs, &ours);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	if (rc != RR_OK)
		refuse(msg, 400, "State Contradicts Itself");
	else
		answer_state(msg, &ours);
}

/* --- changes and claims ------------------------------------------------------------ */

/* Seconds that a contact has left, as told when the message was written, not when it came. */
static unsigned int left_now(const struct rr_msg *m, unsigned int told)
{
	unsigned int late = rr_age(engine_lock(), repl_now(), m->from, m->at);

	engine_unlock();
	late = (late + 500) / 1000;
	if (told == 0) /* for ever */
		return 0;
	return told > late ? told - late : 1;
}

/* Does the change; true if it (or something newer) is here now. Otherwise it has answered. */
static bool take_change(struct sip_msg *msg, const struct rr_msg *m, const str *only)
{
	static struct payload p;
	const char *wrong;
	unsigned int left;
	str domain = str_of(m->domain);
	int rc;

	wrong = m->aor.len && m->domain.len ? payload_parse(&p, msg, &left)
					    : "aor And domain Are Needed";
	if (wrong) {
		refuse(msg, 400, wrong);
		return false;
	}
	p.domain = domain_index(&domain);
	if (p.domain < 0 || (only && !str_match(only, &domain))) {
		refuse(msg, 404, "Domain Not Replicated Here");
		return false;
	}
	p.aor = str_of(m->aor);
	p.flags = str_of(m->cflags);
	p.attr = str_of(m->attr);
	rc = apply_change(&p, (struct rr_stamp){m->time, m->stream}, m->kind,
		m->kind == RR_SET ? left_now(m, left) : 0, m->keep, msg->rcv.bind_address);
	if (rc >= 0 && rc != RR_CLOCK_AHEAD)
		return true;
	refuse(msg, rc < 0 ? 500 : 403, rc < 0 ? rr_strerror(rc) : "Clock Too Far Ahead");
	return false;
}

static void take_msg(struct sip_msg *msg, const struct rr_msg *m, const str *only)
{
	struct rr_now now = repl_now();
	struct rr_engine *e;
	unsigned int due;
	int rc = RR_OK;

	if ((msg->REQ_METHOD == METHOD_REGISTER) != (m->kind != RR_NONE)) {
		refuse(msg, 400, "Method And Kind Do Not Match");
		return;
	}
	if (m->kind != RR_NONE && !take_change(msg, m, only))
		return;
	e = engine_lock();
	rr_alive(e, now, m->from);
	if (m->span.to > 0)
		rc = rr_claim(e, now, m->stream, m->span);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	if (rc == RR_EINVAL)
		refuse(msg, 400, "Span Is Wrong");
	else if (rc != RR_OK)
		refuse(msg, 500, rr_strerror(rc));
	else
		answer_stream(msg, m->stream);
}

/* --- who speaks -------------------------------------------------------------------- */

static bool is_private(const struct hdr_field *h)
{
	int len = strlen(RR_HDR_CHANGE); /* with which the names of all of them begin */

	return h->name.len >= len && strncasecmp(h->name.s, RR_HDR_CHANGE, len) == 0 &&
	       (h->name.len == len || h->name.s[len] == '-');
}

/* Takes a stranger's private headers out, so that nobody behind us sees them either. */
static int disown(struct sip_msg *msg)
{
	count(STAT_STRANGERS);
	WARN_SELDOM("%.*s from %s claims to be from a peer that is not there: our headers in it "
		    "are removed",
		msg->first_line.u.request.method.len, msg->first_line.u.request.method.s,
		ip_addr2a(&msg->rcv.src_ip));
	for (struct hdr_field *h = msg->headers; h; h = h->next)
		if (is_private(h) && !del_lump(msg, h->name.s - msg->buf, h->len, 0))
			LM_ERR("cannot remove %.*s\n", h->name.len, h->name.s);
	return -1;
}

/* Is there a full peer with this id at the address that the message comes from? */
static bool is_from(struct sip_msg *msg, uint32_t node)
{
	const struct repl_peer *p = NULL;

	while ((p = peer_by_addr(&msg->rcv.src_ip, p)))
		if (!p->plain && (uint32_t)p->id == node)
			return peer_auth_signed_by(node);
	return false;
}

static int handle_state(struct sip_msg *msg, struct hdr_field *h)
{
	static struct rr_state theirs;
	int rc = rr_state_parse(&theirs, h->body.s, h->body.len);

	if (!peer_by_addr(&msg->rcv.src_ip, NULL))
		return disown(msg);
	if (rc != 0)
		refuse(msg, 400, rr_wire_strerror(rc));
	else if (!is_from(msg, theirs.node))
		return disown(msg);
	else
		take_ping(msg, &theirs);
	return 1;
}

static int handle_msg(struct sip_msg *msg, struct hdr_field *h, const str *only)
{
	static struct rr_msg m;
	int rc = rr_msg_parse(&m, h->body.s, h->body.len);

	if (!peer_by_addr(&msg->rcv.src_ip, NULL))
		return disown(msg);
	if (rc != 0)
		refuse(msg, 400, rr_wire_strerror(rc));
	else if (!is_from(msg, m.from))
		return disown(msg);
	else
		take_msg(msg, &m, only);
	return 1;
}

int w_handle_replica(struct sip_msg *msg, str *domain)
{
	struct hdr_field *change, *state;
	int method = msg->REQ_METHOD;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	change = header_named(msg, RR_HDR_CHANGE);
	state = header_named(msg, RR_HDR_STATE);
	if (!change && !state)
		return -1;
	if (method != METHOD_REGISTER && method != METHOD_OPTIONS)
		return disown(msg);
	if (!peer_auth_request_is_good(msg)) {
		answer(msg, 403, "Forbidden");
		return 1;
	}
	if (!state_ready() && peer_by_addr(&msg->rcv.src_ip, NULL)) {
		add_lump_rpl(msg, (char *)(long)RETRY_AFTER, sizeof(RETRY_AFTER) - 1, LUMP_RPL_HDR);
		answer(msg, 503, "Loading");
		return 1;
	}
	return change ? handle_msg(msg, change, domain) : handle_state(msg, state);
}
