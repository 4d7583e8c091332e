/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message: rr_next() says which, the payload is read from usrloc, tm sends it and
 * reports how it ended, in whatever process that happens.
 *
 * What is sent is always the latest: if usrloc's contact has changed since the engine
 * chose it, this change has been replaced and only its span is claimed; the newer one
 * follows at the end of its own stream.
 */
#include <stdio.h>
#include <string.h>

#include "send.h"
#include "lock_times.h"
#include "compat.h"
#include "flow.h"
#include "payload.h"
#include "peer_auth.h"
#include "reginfo.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "sync.h"
#include "tag.h"
#include "text.h"
#include "engine/wire.h"
#include "../../context.h"
#include "../../dprint.h"
#include "../../flags.h"
#include "../../globals.h"
#include "../../mem/shm_mem.h"
#include "../../ut.h"
#include "../tm/tm_load.h"

#define HEADERS_MAX (RR_STATE_MAX + 1024)
#define URI_MAX     1024
#define NEVER       0x7fffffffu /* expires of a permanent contact, for plain peers */

static struct tm_binds tmb;
static const usrloc_api_t *ul;

/* What the completion callback needs to know; in shared memory, one per transaction. */
struct pending {
	uint64_t token;
	uint32_t node;
	unsigned char mac[AUTH_MAC_LEN]; /* of the request, where it is signed */
	unsigned int bytes;              /* flow_started() */
};

/* The changes that rr_next() chose, copied out of the engine. */
struct chosen {
	const struct repl_peer *peer;
	const struct rr_send *send;
	int n, most; /* most: as many as probably fit */
	struct rr_change change[RR_BATCH_MAX];
	struct text text;
	char buf[64 * RR_KEY_MAX];
};

int send_init(const usrloc_api_t *api)
{
	ul = api;
	if (load_tm_api(&tmb) < 0) {
		LM_ERR("module tm is needed\n");
		return -1;
	}
	return 0;
}

/* --- answers ---------------------------------------------------------------------- */

static const struct rr_state *state_in(struct sip_msg *rpl, struct rr_state *out)
{
	struct hdr_field *h;
	int rc;

	if (parse_headers(rpl, HDR_EOH_F, 0) < 0)
		return NULL;
	h = header_named(rpl, RR_HDR_STATE);
	if (!h)
		return NULL;
	rc = rr_state_parse(out, h->body.s, h->body.len);
	if (rc != 0) {
		LM_WARN("%s in an answer is not understood: %s\n", RR_HDR_STATE,
			rr_wire_strerror(rc));
		return NULL;
	}
	return out;
}

static void report(const struct pending *p, int code, struct sip_msg *rpl)
{
	static struct rr_state state; /* 20 KB, one use at a time in a process */
	const struct rr_state *told = NULL;
	struct rr_str reason = {"", 0};
	struct rr_now now = repl_now();
	struct rr_engine *e;
	unsigned int due;
	bool confirmed;

	peers_refresh();
	if (rpl && !peer_auth_answer_is_good(rpl, code, p->node, p->mac)) {
		rpl = NULL; /* as if there was none */
		code = 408;
	}
	if (rpl) {
		told = state_in(rpl, &state);
		reason = rr_of(&rpl->first_line.u.reply.reason);
	}
	e = engine_lock();
	if (rpl)
		rr_answered(e, now, p->node, p->token, code, reason, told);
	else
		rr_failed(e, now, p->node, p->token, code);
	due = senders_due(e, now);
	confirmed = rr_wait_next(e) == 0;
	engine_unlock();
	wake_senders(due);
	if (confirmed)
		sync_answer();
}

/* Runs in the process that read the answer, or in which the transaction timed out. */
static void completed(struct cell *t, int type, struct tmcb_params *ps)
{
	const struct pending *p = *ps->param;
	struct sip_msg *rpl = ps->rpl;

	(void)t;
	(void)type;
	if (ps->code < 200)
		return;
	if (rpl != FAKED_REPLY && ps->code >= 300 && rpl->to)
		WARN_SELDOM("peer %u answered %d %.*s about %.*s", p->node, ps->code,
			rpl->first_line.u.reply.reason.len, rpl->first_line.u.reply.reason.s,
			rpl->to->body.len, rpl->to->body.s);
	report(p, ps->code, rpl == FAKED_REPLY ? NULL : rpl);
}

/* --- sending ---------------------------------------------------------------------- */

/* tm destroys the transaction, which may be long after it was answered. */
static void release(void *pending)
{
	flow_ended(((struct pending *)pending)->bytes);
	shm_free(pending);
}

static void set_timeout(struct cell *t, void *seconds)
{
	t->fr_timeout = (unsigned int)(long)seconds;
}

/* tm counts in seconds; the engine, in ms, does not wait longer than it wants to. */
static long timeout_for(bool ping)
{
	return ping ? (repl_cfg.ping_timeout + 999) / 1000 : 5;
}

struct request {
	str method, ruri, to, from;
	str call_id, from_tag;
	unsigned int cseq;
	struct text headers;
	str body;
	char ruri_buf[URI_MAX], to_buf[URI_MAX], id_buf[64], tag_buf[TAG_MAX];
	char headers_buf[HEADERS_MAX];
};

static void request_init(struct request *r, const char *method, const struct pending *p)
{
	memset(r, 0, offsetof(struct request, ruri_buf));
	r->method = (str){(char *)method, strlen(method)};
	r->headers = (struct text){r->headers_buf, 0, sizeof(r->headers_buf), false};
	r->from_tag.s = r->tag_buf;
	r->from_tag.len = tag_write(r->tag_buf, p->token, repl_cfg.node_id);
	r->call_id.s = r->id_buf;
	r->call_id.len = snprintf(r->id_buf, sizeof(r->id_buf), "%llx-%llx-%d@reg_replicate",
		(unsigned long long)repl_now().wall_ms, (unsigned long long)p->token,
		repl_cfg.node_id);
	r->cseq = 1;
}

/*
 * The core puts its own User-Agent before the phone's where server_signature is on, and
 * a plain peer stores the first; the phone's is the one that counts here.
 */
static int transmit(const struct repl_peer *peer, struct request *r, struct pending *p, bool ping)
{
	str headers = {r->headers.s, r->headers.len};
	int signature = server_signature, rc;
	dlg_t dlg;

	memset(&dlg, 0, sizeof(dlg));
	dlg.id.call_id = r->call_id;
	dlg.id.loc_tag = r->from_tag;
	dlg.loc_seq.value = r->cseq - 1; /* tm adds one */
	dlg.loc_seq.is_set = 1;
	dlg.loc_uri = r->from;
	dlg.rem_uri = r->to;
	dlg.rem_target = r->ruri;
	dlg.obp = peer->uri;
	dlg.state = DLG_CONFIRMED;
	dlg.T_flags = T_NO_DNS_FAILOVER_FLAG;
	dlg.t_created_cb = set_timeout;
	dlg.t_created_cb_param = (void *)timeout_for(ping);
	if (repl_cfg.send_socket && repl_cfg.send_socket->proto == peer->proto)
		dlg.send_sock = socket_ref(repl_cfg.send_socket);

	if (push_new_global_context() < 0)
		return -1;
	server_signature = 0;
	p->bytes = flow_started(r->body.len);
	rc = tmb.t_request_within(
		&r->method, &headers, r->body.len ? &r->body : NULL, &dlg, completed, p, release);
	server_signature = signature;
	pop_pushed_global_context();
	if (rc != 1)
		flow_ended(p->bytes);
	return rc == 1 ? 0 : -1;
}

/* Sends, or tells the engine that it could not be sent. Takes `p` over. */
static void dispatch(const struct repl_peer *peer, struct request *r, struct pending *p, bool ping)
{
	const struct auth_request as = {
		&r->method, &r->call_id, &r->to, &r->from, &r->body, r->cseq};
	bool may_go = peer->plain || peer_auth_request(peer, &as, &r->headers, p->mac);
	int code = 500;

	if (r->headers.full) {
		LM_ERR("message for peer %d is too large\n", peer->id);
		code = 513; /* no fault of the peer's */
	} else if (may_go && transmit(peer, r, p, ping) == 0) {
		return;
	}
	report(p, code, NULL);
	shm_free(p);
}

/* --- OPTIONS: pings and bare claims ------------------------------------------------- */

static void add_state(struct request *r, const struct pending *p)
{
	static struct rr_state state;
	int n;

	rr_state_ask(engine_lock(), p->node, p->token, &state);
	engine_unlock();
	state.at = repl_now().mono_ms;
	state.wall = repl_now().wall_ms;
	text_fmt(&r->headers, "%s: ", RR_HDR_STATE);
	n = rr_state_encode(
		&state, r->headers.s + r->headers.len, r->headers.size - r->headers.len);
	if (n < 0) {
		r->headers.full = true;
		return;
	}
	r->headers.len += n;
	text_add(&r->headers, "\r\n", 2);
}

static void add_msg(struct request *r, const struct rr_msg *m)
{
	int n;

	text_fmt(&r->headers, "%s: ", RR_HDR_CHANGE);
	n = rr_msg_encode(m, r->headers.s + r->headers.len, r->headers.size - r->headers.len);
	if (n < 0) {
		r->headers.full = true;
		return;
	}
	r->headers.len += n;
	text_add(&r->headers, "\r\n", 2);
}

/* Everything of a message from node to node but what it is about. */
static void node_init(struct request *r, const char *method, const struct repl_peer *peer,
	const struct pending *p)
{
	struct text to = {r->to_buf, 0, sizeof(r->to_buf), false};

	request_init(r, method, p);
	text_fmt(&to, "sip:node-%d@%.*s", repl_cfg.node_id, peer->host.len, peer->host.s);
	r->ruri = r->to = peer->uri;
	r->from = (str){to.s, to.len};
}

/* A ping, or the exchange of a leaf: both say and ask for state. */
static void send_state(
	const struct repl_peer *peer, struct request *r, struct pending *p, bool ping)
{
	node_init(r, "OPTIONS", peer, p);
	if (!peer->plain)
		add_state(r, p);
	dispatch(peer, r, p, ping);
}

/*
 * When what a message tells is so: taken once for each, so that all its seconds count from the
 * same moment, the beginning of a second of the clock that contacts expire by.
 */
static struct rr_now told;

static struct rr_msg *span_msg(const struct rr_send *send)
{
	static struct rr_msg m;

	memset(&m, 0, offsetof(struct rr_msg, text));
	m.from = repl_cfg.node_id;
	m.stream = send->stream;
	m.span = send->span;
	m.at = told.mono_ms - told.wall_ms % 1000;
	return &m;
}

static void send_claim(const struct repl_peer *peer, const struct rr_send *send, struct request *r,
	struct pending *p)
{
	if (send->span.to == 0) { /* a repair that something newer has made needless */
		rr_failed(engine_lock(), repl_now(), peer->id, send->token, 513);
		engine_unlock();
		shm_free(p);
		return;
	}
	if (peer->plain) { /* it keeps no spans: what replaced this will reach it */
		struct rr_engine *e = engine_lock();

		rr_answered(
			e, repl_now(), peer->id, send->token, 200, (struct rr_str){"", 0}, NULL);
		engine_unlock();
		sync_answer();
		shm_free(p);
		return;
	}
	node_init(r, "OPTIONS", peer, p);
	add_msg(r, span_msg(send));
	dispatch(peer, r, p, false);
}

/* --- REGISTER: a change ------------------------------------------------------------ */

enum fetched {
	FETCHED,
	GONE,     /* it has been replaced, or usrloc does not have it any more */
	TOO_LARGE /* for us: nobody gets it */
};

/* The payload of the chosen change, if that is still the binding's latest. */
static enum fetched fetch(const struct rr_change *c, struct payload *p)
{
	udomain_t *d = repl_cfg.domains[c->key.domain].domain;
	str aor = str_of(c->key.aor), contact = str_of(c->key.contact);
	str callid = str_of(c->key.callid);
	enum fetched result = GONE;
	struct rr_change known;
	ucontact_t *ct = NULL;
	urecord_t *r = NULL;
	bool latest;

	ul->lock_udomain(d, &aor);
	SLOT_LOCKED();
	latest = rr_lookup(engine_lock(), &c->key, &known) &&
		 rr_stamp_cmp(known.stamp, c->stamp) == 0;
	engine_unlock();
	if (latest && c->kind == RR_SET && ul->get_urecord(d, &aor, &r) == 0)
		ct = payload_find(ul, r, &contact, &callid);
	if (latest && c->kind == RR_REMOVED)
		result = FETCHED;
	else if (ct)
		result = payload_copy(p, ct) ? FETCHED : TOO_LARGE;
	SLOT_UNLOCKED();
	ul->unlock_udomain(d, &aor);
	if (result == TOO_LARGE)
		LM_ERR("contact %.*s of %.*s is too large and is NOT replicated\n", contact.len,
			contact.s, aor.len, aor.s);
	return result;
}

/* usrloc has forgotten what was removed; only the key is left. */
static void payload_of_removed(
	const struct rr_change *c, struct payload *p, const struct request *r)
{
	memset(p, 0, offsetof(struct payload, text));
	p->domain = c->key.domain;
	p->removed = true;
	p->aor = str_of(c->key.aor);
	p->contact = str_of(c->key.contact);
	p->callid = str_of(c->key.callid);
	if (!p->callid.len) {
		p->callid = r->call_id;
		p->cseq = 1;
	} else {
		p->cseq = 0x7ffffffe; /* past whatever a plain peer has stored of it */
	}
}

static unsigned int seconds_left(uint64_t until)
{
	uint64_t wall = told.wall_ms / 1000;

	return until > wall ? until - wall : 1;
}

/* Seconds, not times, cross the wire: clocks differ. 0: for ever, or removed. */
static unsigned int left_of(const struct rr_change *c, const struct payload *p, bool plain)
{
	if (c->kind == RR_REMOVED)
		return 0;
	if (p->expires == 0)
		return plain ? NEVER : 0;
	return seconds_left(p->expires);
}

static void commas(const str *names, struct text *out)
{
	for (int i = 0; i < names->len; i++)
		text_add(out, names->s[i] == FLAG_DELIM ? "," : names->s + i, 1);
}

static void add_change(struct request *r, const struct rr_send *send, const struct rr_change *c,
	const struct payload *p)
{
	struct rr_msg *m = span_msg(send);
	struct text flags = {m->text, 0, sizeof(m->text), false};

	commas(&p->flags, &flags);
	m->kind = c->kind;
	m->time = c->stamp.time;
	m->keep = c->keep ? seconds_left(c->keep) : 0;
	m->domain = rr_of(&repl_cfg.domains[p->domain].name);
	m->aor = rr_of(&p->aor);
	m->cflags = (struct rr_str){flags.s, flags.len};
	m->attr = rr_of(&p->attr);
	add_msg(r, m);
}

/* The R-URI of a REGISTER names the domain only (RFC 3261 10.2). */
static void set_uris(struct request *r, const struct repl_peer *peer, const str *aor)
{
	struct text to = {r->to_buf, 0, sizeof(r->to_buf), false};
	struct text ruri = {r->ruri_buf, 0, sizeof(r->ruri_buf), false};
	const char *at;

	payload_aor_uri(aor, &peer->host, &to);
	r->to = r->from = (str){to.s, to.len};
	at = memrchr(to.s, '@', to.len);
	text_fmt(&ruri, "sip:%.*s", (int)(to.s + to.len - at - 1), at + 1);
	r->ruri = (str){ruri.s, ruri.len};
	r->headers.full |= to.full || ruri.full;
}

static void send_change(const struct repl_peer *peer, const struct rr_send *send,
	const struct rr_change *c, struct request *r, struct pending *p)
{
	static struct payload payload;
	enum fetched got = fetch(c, &payload);

	if (got == TOO_LARGE) {
		report(p, 513, NULL);
		shm_free(p);
		return;
	}
	if (got == GONE) {
		send_claim(peer, send, r, p);
		return;
	}
	request_init(r, "REGISTER", p);
	if (c->kind == RR_REMOVED)
		payload_of_removed(c, &payload, r);
	set_uris(r, peer, &payload.aor);
	r->call_id = payload.callid;
	r->cseq = payload.cseq;
	payload_headers(&payload, left_of(c, &payload, peer->plain), peer->plain, &r->headers);
	if (!peer->plain)
		add_change(r, send, c, &payload);
	dispatch(peer, r, p, false);
}

/* --- NOTIFY: many changes ------------------------------------------------------------ */

/* Bytes of a datagram (RFC 3261 18.1.1), and what the core and we put before a body. */
#define DATAGRAM    1300
#define HEADERS_UDP 650

static int body_room(const struct repl_peer *peer, const struct rr_send *send)
{
	int room = send->body < REPL_BODY_MAX ? (int)send->body : REPL_BODY_MAX;

	return peer->proto == PROTO_UDP && room > DATAGRAM - HEADERS_UDP ? DATAGRAM - HEADERS_UDP
									 : room;
}

static int bytes_each = 400; /* that a change takes in a body, by experience */

static bool add_to_body(
	struct text *body, const struct rr_change *c, const struct payload *p, const str *host)
{
	struct reginfo_change change = {
		.kind = c->kind,
		.time = c->stamp.time,
		.left = left_of(c, p, false),
		.keep = c->keep ? seconds_left(c->keep) : 0,
		.domain = repl_cfg.domains[p->domain].name,
		.payload = p,
	};
	int before = body->len;

	if (!reginfo_add(body, &change, host))
		return false;
	bytes_each += (body->len - before - bytes_each) / 8;
	return true;
}

/* A removal has the Call-ID only where it is part of the key. */
static void removed_in_body(const struct rr_change *c, struct payload *p)
{
	static const struct request nobody;

	payload_of_removed(c, p, &nobody);
	if (!c->key.callid.len)
		p->callid.len = 0;
}

/*
 * Reads payloads one by one, each under its own lock, until the body is full; what has been
 * replaced meanwhile is left out. Returns how many changes have been dealt with. *written: how many
 * are in the body, *only: the number of the first. A change that is too large or cannot be
 * written in XML goes alone, as REGISTER; then it counts as written.
 */
static int fill_body(const struct chosen *c, struct text *body, int *written, int *only)
{
	static struct payload payload;
	int i;

	*written = 0;
	for (i = 0; i < c->n; i++) {
		const struct rr_change *change = &c->change[i];
		enum fetched got = fetch(change, &payload);

		if (got == GONE)
			continue;
		if (change->kind == RR_REMOVED)
			removed_in_body(change, &payload);
		if (*written == 0)
			*only = i;
		if (got == FETCHED && add_to_body(body, change, &payload, &c->peer->host)) {
			++*written;
			continue;
		}
		if (*written > 0)
			break;
		*written = 1;
		return i + 1;
	}
	return i;
}

static void send_notify(const struct repl_peer *peer, const struct rr_send *send, struct request *r,
	struct pending *p, struct text *body)
{
	node_init(r, "NOTIFY", peer, p);
	text_fmt(&r->headers, "Event: reg\r\nSubscription-State: active\r\n"
			      "Content-Type: " REGINFO_TYPE "\r\n");
	add_msg(r, span_msg(send));
	reginfo_end(body);
	r->body = (str){body->s, body->len};
	count(STAT_BATCHES);
	dispatch(peer, r, p, false);
}

static void send_changes(const struct repl_peer *peer, struct rr_send *send, const struct chosen *c,
	struct request *r, struct pending *p)
{
	static char buf[REPL_BODY_MAX];
	struct text body = {buf, 0, body_room(peer, send), false};
	int n, written, only = 0;

	reginfo_begin(&body, send->token);
	n = fill_body(c, &body, &written, &only);
	if (n < c->n)
		send->span.to = c->change[n - 1].stamp.time;
	if (written < c->n) {
		rr_carried(engine_lock(), peer->id, send->token, written, send->span.to);
		engine_unlock();
	}
	if (written == 0)
		send_claim(peer, send, r, p);
	else if (written == 1)
		send_change(peer, send, &c->change[only], r, p);
	else
		send_notify(peer, send, r, p, &body);
}

/* --- what the engine wants ---------------------------------------------------------- */

/* Text for one more key is left whenever this is called. */
static bool on_emit(void *ctx, const struct rr_change *change)
{
	struct chosen *c = ctx;

	if (c->n == 0)
		c->most = body_room(c->peer, c->send) / bytes_each + 1;
	else if (c->n >= c->most || c->text.size - c->text.len < RR_KEY_MAX)
		return false;
	change_copy(&c->change[c->n++], change, &c->text);
	return true;
}

bool send_next(const struct repl_peer *peer, int sender, uint64_t *again)
{
	static struct request r;
	static struct chosen c;
	struct rr_send send = {.what = RR_NOTHING};
	struct rr_now now = repl_now();
	struct rr_engine *e;
	struct pending *p;
	int rc;

	told = now;
	*again = now.mono_ms + FLOW_PAUSE_MS;
	if (!flow_open(now.mono_ms))
		return false;
	p = shm_malloc(sizeof(*p));
	if (!p) {
		LM_ERR("no more shared memory, peer %d has to wait\n", peer->id);
		return false;
	}
	c.n = 0;
	c.peer = peer;
	c.send = &send;
	c.text = (struct text){c.buf, 0, sizeof(c.buf), false};
	e = engine_lock();
	rc = rr_next(e, now, peer->id, on_emit, &c, &send);
	if (rc != RR_OK)
		send = (struct rr_send){.what = RR_NOTHING, .again_ms = now.mono_ms + 1000};
	if (send.what == RR_NOTHING)
		sender_sleeps(sender);
	engine_unlock();

	p->token = send.token;
	p->node = peer->id;
	if (send.what == RR_NOTHING) {
		*again = send.again_ms;
		shm_free(p);
		return false;
	}
	if (send.what == RR_PING)
		send_state(peer, &r, p, true);
	else if (send.what == RR_LEAF)
		send_state(peer, &r, p, false);
	else if (c.n == 0)
		send_claim(peer, &send, &r, p);
	else if (c.n == 1)
		send_change(peer, &send, &c.change[0], &r, p);
	else
		send_changes(peer, &send, &c, &r, p);
	return true;
}
