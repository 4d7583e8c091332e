/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's message is known by its source address together with the node id in our
 * private header: several nodes may live at one address. Anybody else's private
 * headers are taken out of the message, and counted, before the script goes on.
 *
 *	REGISTER + Reg-Repl		a change, perhaps with a claim
 *	NOTIFY + Reg-Repl		changes of one stream, and a claim
 *	OPTIONS + Reg-Repl		a bare claim
 *	OPTIONS + Reg-Repl-State	a ping
 *
 * A full peer's REGISTER without any was meant for a plain peer, and is refused.
 */
#include <string.h>

#include "receive.h"
#include "apply.h"
#include "payload.h"
#include "peer_auth.h"
#include "reginfo.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "sync.h"
#include "tag.h"
#include "engine/wire.h"
#include "../../data_lump.h"
#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../../parser/parse_from.h"
#include "../../route.h"
#include "../signaling/signaling.h"

/* Seconds after which a peer may ask a node again that does not listen to it yet. */
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

/* To the port that it came from: what the peer's Via says is the advertised one, where nobody may
 * listen on this side (RFC 3581). */
static void answer_unsigned(struct sip_msg *msg, int code, const char *text)
{
	str reason = {(char *)text, strlen(text)};

	msg->msg_flags |= FL_FORCE_RPORT;
	if (sigb.reply(msg, code, &reason, NULL) < 0)
		LM_ERR("cannot answer a peer with %d %s\n", code, text);
}

/* A request that peer_auth_request_is_good() has looked at. */
static void answer(struct sip_msg *msg, int code, const char *text)
{
	peer_auth_sign_answer(msg, code);
	answer_unsigned(msg, code, text);
}

static void answer_state(struct sip_msg *msg, int code, const char *text, struct rr_state *state)
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
	answer(msg, n > 0 ? code : 500, n > 0 ? text : "State Too Large");
}

/* Not now. */
static int answer_later(struct sip_msg *msg, const char *text)
{
	add_lump_rpl(msg, (char *)(long)RETRY_AFTER, sizeof(RETRY_AFTER) - 1, LUMP_RPL_HDR);
	answer(msg, 503, text);
	return 1;
}

static void count_refusal(struct sip_msg *msg, int code, const char *text)
{
	WARN_SELDOM("%.*s from peer %s refused with %d %s", msg->first_line.u.request.method.len,
		msg->first_line.u.request.method.s, ip_addr2a(&msg->rcv.src_ip), code, text);
	count(code == 400 || code == 415 ? STAT_MALFORMED : STAT_REFUSED);
}

static void refuse(struct sip_msg *msg, int code, const char *text)
{
	count_refusal(msg, code, text);
	answer(msg, code, text);
}

static void answer_stream(
	struct sip_msg *msg, int code, const char *text, struct rr_stream_id stream)
{
	static struct rr_state state;

	rr_state_of(engine_lock(), stream, &state);
	engine_unlock();
	answer_state(msg, code, text, &state);
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
		answer_state(msg, 200, "OK", &ours);
	sync_answer();
}

/* --- changes and claims ------------------------------------------------------------ */

/*
 * The wall second from which the seconds count that a message tells: what it tells was so then.
 * Both ends count by whole seconds of their wall clocks, so this is the second of ours that is
 * nearest to that moment, maybe the next one. Seconds do not add up over several nodes then. Found
 * out once, before anything is done: that may take a while, and a contact must not live longer for
 * it.
 */
static uint32_t told_since(const struct rr_msg *m)
{
	struct rr_now now = repl_now();
	uint32_t age = rr_age(engine_lock(), now, m->from, m->at);

	engine_unlock();
	return (uint32_t)((now.wall_ms - age + (m->at ? 500 : 0)) / 1000);
}

/* What has expired on its way has a second left, in which it takes the place of what was there. */
static uint32_t until(uint32_t since, unsigned int left)
{
	uint64_t next = repl_now().wall_ms / 1000 + 1, end = (uint64_t)since + left;

	return (uint32_t)(end > next ? end : next);
}

/* What is to be done, and how it went. */
struct work {
	struct sip_msg *msg;
	const struct rr_msg *m;
	const str *only; /* the usrloc domain that alone is taken, or NULL */
	int code;        /* of the first failure; 0: none */
	const char *text;
	uint32_t since; /* wall second from which its seconds count */
	uint64_t last;  /* NOTIFY: time of the change before */
	uint64_t failed[RR_EARLY];
	uint32_t fails;
};

static bool fails(struct work *w, int code, const char *text)
{
	if (!w->code) {
		w->code = code;
		w->text = text;
	}
	return false;
}

/*
 * With use_domain=1 here and 0 there AoRs come without domain, and nobody would ever look them up.
 * No more than a warning: a URI without user gives such an AoR as well. The other way round nothing
 * can be told, since without domains an AoR may contain an "@" too.
 */
static void check_domain_of(const str *aor)
{
	if (repl_cfg.use_domain && !q_memchr(aor->s, '@', aor->len))
		WARN_SELDOM(
			"AoR %.*s of a peer has no domain: use_domain of usrloc is 1 here, is it 0 "
			"there? It has to be the same on all nodes",
			aor->len, aor->s);
}

/* Does a change; true if it (or something newer) is here now. */
static bool take_change(struct work *w, struct payload *p, const str *domain, uint64_t time,
	enum rr_kind kind, unsigned int left, unsigned int stamp_keep)
{
	int rc;

	p->domain = domain_index(domain);
	if (p->domain < 0 || (w->only && !str_match(w->only, domain)))
		return fails(w, 404, "Domain Not Replicated Here");
	check_domain_of(&p->aor);
	rc = apply_change(p, (struct rr_stamp){time, w->m->stream}, kind,
		kind == RR_SET && left > 0 ? until(w->since, left) : 0, stamp_keep,
		w->msg->rcv.bind_address);
	if (rc < 0)
		return fails(w, 500, rr_strerror(rc));
	return rc != RR_CLOCK_AHEAD || fails(w, 403, "Clock Too Far Ahead");
}

static bool take_register(struct work *w)
{
	static struct payload p;
	const struct rr_msg *m = w->m;
	str domain = str_of(m->domain);
	unsigned int left;
	const char *wrong;

	wrong = m->aor.len && m->domain.len ? payload_parse(&p, w->msg, &left)
					    : "aor And domain Are Needed";
	if (wrong)
		return fails(w, 400, wrong);
	p.aor = str_of(m->aor);
	p.flags = str_of(m->cflags);
	p.attr = str_of(m->attr);
	return take_change(w, &p, &domain, m->time, m->kind, left, m->keep);
}

/*
 * One of many. The order of the stream must be kept, since the claim goes by it. When as many have
 * failed as can be told apart, the rest is left for another message.
 */
static bool take_contact(void *ctx, const struct reginfo_change *c)
{
	struct work *w = ctx;

	if (c->time <= w->last || c->time > w->m->span.to)
		return fails(w, 400, "Change Is Not Within the Span");
	w->last = c->time;
	if (!take_change(w, (struct payload *)c->payload, &c->domain, c->time, c->kind, c->left,
		    c->keep))
		w->failed[w->fails++] = c->time;
	return w->fails < RR_EARLY;
}

static bool is_reginfo(struct sip_msg *msg)
{
	static const char type[] = REGINFO_TYPE;
	const str *body;

	if (!msg->content_type)
		return false;
	body = &msg->content_type->body;
	return body->len >= (int)sizeof(type) - 1 &&
	       strncasecmp(body->s, type, sizeof(type) - 1) == 0;
}

/* Those that failed are left out of the claim, so that only they come again. */
static bool take_notify(struct work *w)
{
	const char *wrong;
	str body;

	if (!is_reginfo(w->msg))
		return fails(w, 415, "Unsupported Media Type");
	if (get_body(w->msg, &body) < 0 || body.len <= 0)
		return fails(w, 400, "Body Is Missing");
	w->last = w->m->span.from;
	wrong = reginfo_parse(&body, take_contact, w);
	if (wrong) {
		w->code = 0;
		return fails(w, 400, wrong);
	}
	return w->code != 400;
}

static bool take_changes(struct work *w)
{
	if (w->msg->REQ_METHOD == METHOD_REGISTER)
		return take_register(w);
	return w->msg->REQ_METHOD != METHOD_NOTIFY || take_notify(w);
}

static int take_claim(struct work *w)
{
	struct rr_span span = w->m->span;
	struct rr_now now = repl_now();
	struct rr_engine *e = engine_lock();
	unsigned int due;
	int rc = RR_OK;

	if (w->fails == RR_EARLY)
		span.to = w->failed[RR_EARLY - 1];
	rr_alive(e, now, w->m->from);
	if (span.to > 0)
		rc = rr_claim_but(e, now, w->m->stream, span, w->failed, w->fails);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	return rc;
}

static void take_msg(struct sip_msg *msg, const struct rr_msg *m, const str *only)
{
	struct work w = {.msg = msg, .m = m, .only = only, .since = told_since(m)};
	int rc;

	if ((msg->REQ_METHOD == METHOD_REGISTER) != (m->kind != RR_NONE)) {
		refuse(msg, 400, "Method And Kind Do Not Match");
		return;
	}
	if (!take_changes(&w)) {
		refuse(msg, w.code, w.text);
		return;
	}
	rc = take_claim(&w);
	if (rc == RR_EINVAL)
		refuse(msg, 400, "Span Is Wrong");
	else if (rc != RR_OK)
		refuse(msg, 500, rr_strerror(rc));
	else if (!w.code)
		answer_stream(msg, 200, "OK", m->stream);
	else {
		count_refusal(msg, w.code, w.text);
		answer_stream(msg, w.code, w.text, m->stream);
	}
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

/* The full peer with this id at the address that the message comes from, or NULL. */
static const struct repl_peer *full_peer_at(struct sip_msg *msg, uint32_t node)
{
	const struct repl_peer *p = NULL;

	while ((p = peer_by_addr(&msg->rcv.src_ip, p)))
		if (!p->plain && (uint32_t)p->id == node)
			return p;
	return NULL;
}

/* The same, if it has proved to be that where it has to. */
static const struct repl_peer *sender_of(struct sip_msg *msg, uint32_t node)
{
	const struct repl_peer *p = full_peer_at(msg, node);

	return p && peer_auth_signed_by(node) ? p : NULL;
}

/*
 * A REGISTER that a full peer sent when this node was a plain peer to it, still under way or
 * repeated. Taken for a phone's it would get a new stamp, and undo what came since. What it tells
 * comes once more, with its own stamp. What only passes through that address, of phones or of a
 * script that calls t_replicate(), has the phone's tag.
 */
static bool is_plain_copy(struct sip_msg *msg)
{
	uint32_t node;

	if (msg->REQ_METHOD != METHOD_REGISTER || !peer_by_addr(&msg->rcv.src_ip, NULL) ||
		parse_from_header(msg) < 0)
		return false;
	node = tag_node(&get_from(msg)->tag_value);
	return node != 0 && full_peer_at(msg, node);
}

/* What the script is told where a message goes no further, otherwise 0. rc: what our header was
 * parsed with; node: whose message it says that it is. */
static int turned_away(struct sip_msg *msg, int rc, uint32_t node)
{
	const struct repl_peer *peer;

	if (!peer_by_addr(&msg->rcv.src_ip, NULL))
		return disown(msg);
	if (rc != 0) {
		refuse(msg, 400, rr_wire_strerror(rc));
		return 1;
	}
	peer = sender_of(msg, node);
	if (!peer)
		return disown(msg);
	return peer->disabled ? answer_later(msg, "Disabled Here") : 0;
}

static int handle_state(struct sip_msg *msg, struct hdr_field *h)
{
	static struct rr_state theirs;
	int rc = rr_state_parse(&theirs, h->body.s, h->body.len);

	rc = turned_away(msg, rc, theirs.node);
	if (rc != 0)
		return rc;
	take_ping(msg, &theirs);
	return 1;
}

static int handle_msg(struct sip_msg *msg, struct hdr_field *h, const str *only)
{
	static struct rr_msg m;
	int rc = rr_msg_parse(&m, h->body.s, h->body.len);

	rc = turned_away(msg, rc, m.from);
	if (rc != 0)
		return rc;
	take_msg(msg, &m, only);
	return 1;
}

int w_handle_replica(struct sip_msg *msg, str *domain)
{
	struct hdr_field *change, *state;
	int method = msg->REQ_METHOD;

	if (!is_route_type(REQUEST_ROUTE) || msg->first_line.type != SIP_REQUEST) {
		/* a route block of that type was called from another one: our own requests are
		 * there, and answers to them, whose headers are not to be touched */
		WARN_SELDOM("handle_replica: it is for REQUEST_ROUTE, not for route type %d",
			route_type);
		return -1;
	}
	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	peers_refresh();
	change = header_named(msg, RR_HDR_CHANGE);
	state = header_named(msg, RR_HDR_STATE);
	if (!change && !state) {
		if (!is_plain_copy(msg))
			return -1;
		count_refusal(msg, 403, "Not a Plain Peer");
		answer_unsigned(msg, 403, "Not a Plain Peer");
		return 1;
	}
	if (method != METHOD_REGISTER && method != METHOD_OPTIONS &&
		(method != METHOD_NOTIFY || !change))
		return disown(msg);
	if (!peer_auth_request_is_good(msg)) {
		answer(msg, 403, "Forbidden");
		return 1;
	}
	if (!state_ready() && peer_by_addr(&msg->rcv.src_ip, NULL))
		return answer_later(msg, "Loading");
	return change ? handle_msg(msg, change, domain) : handle_state(msg, state);
}
