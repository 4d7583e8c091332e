/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's glue does between an engine and the network: payloads are read when a message
 * is built, what has been replaced is left out, what does not fit waits; the receiver takes change
 * by change, and claims all but what it could not take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* --- sending -------------------------------------------------------------------------------- */

struct chosen {
	const struct sim *s;
	const struct node *x;
	struct message *m;
	unsigned room;
};

static uint64_t left(uint64_t until, uint64_t now)
{
	return until > now ? until - now : 1;
}

static bool emit(void *ctx, const struct rr_change *c)
{
	struct chosen *out = ctx;
	struct message *m = out->m;
	uint64_t now = node_second(out->s, out->x);

	if (m->n == out->room)
		return false;
	m->change[m->n++] = (struct carried){
		.key = (unsigned)atoi(c->key.contact.s + 4),
		.stamp = c->stamp,
		.kind = c->kind,
		.left = c->expires ? left(c->expires, now) : 0,
		.keep = c->keep ? left(c->keep, now) : 0,
	};
	return true;
}

/* What is sent lies in the span that it claims, in order, and is the latest that the node has. */
static void check_sent(const struct sim *s, const struct node *x, const struct message *m)
{
	uint64_t last = m->span.from;

	for (unsigned i = 0; i < m->n; i++) {
		const struct carried *c = &m->change[i];

		if (m->span.to && (c->stamp.time <= last || c->stamp.time > m->span.to))
			broken(s, "node %u sends a change outside its span", x->id);
		if (!rr_same_stream(c->stamp.stream, m->stream))
			broken(s, "node %u sends a change of another stream", x->id);
		if (rr_stamp_cmp(c->stamp, x->value[c->key].stamp) != 0)
			broken(s, "node %u sends %u with a stamp that it does not have", x->id,
				c->key);
		last = c->stamp.time;
	}
}

static void leave_out(struct message *m, unsigned i)
{
	memmove(m->change + i, m->change + i + 1, (--m->n - i) * sizeof(m->change[0]));
}

/* Between choosing and building, a phone may replace one; and not all may fit. */
static void build(struct sim *s, struct node *x, struct message *m)
{
	unsigned chosen = m->n, i = (unsigned)dice(s, BATCH);

	if (m->n < 2 || m->span.to == 0)
		return;
	if (dice(s, 10) == 0) {
		m->n = (unsigned)(1 + dice(s, m->n));
		if (m->n < chosen)
			m->span.to = m->change[m->n - 1].stamp.time;
	}
	if (i < m->n && dice(s, 4) == 0) {
		node_phone(s, x, m->change[i].key);
		if (rr_stamp_cmp(m->change[i].stamp, x->value[m->change[i].key].stamp) != 0)
			leave_out(m, i);
	}
	if (m->n < chosen)
		rr_carried(x->engine, m->to, m->token, m->n, m->span.to);
}

static void send_changes(
	struct sim *s, struct node *x, const struct rr_send *what, struct message *m)
{
	m->what = MSG_CHANGE;
	m->stream = what->stream;
	m->span = what->span;
	if (what->changes != m->n)
		broken(s, "node %u says that %u changes were chosen, and chose %u", x->id,
			what->changes, m->n);
	check_sent(s, x, m);
	build(s, x, m);
	if (m->to <= s->size) {
		*(m->span.to ? &s->count.sent : &s->count.repairs) += m->n;
		s->count.batches += m->n > 1;
	} else if (m->n != 1) {
		broken(s, "node %u sends %u changes to a plain peer", x->id, m->n);
	}
	TRACE(s, "node %u -> %u: %s of %u, %u:%s%.0d%s, span %lx-%lx, attempt %u", x->id, m->to,
		m->span.to ? "changes" : "repair", m->stream.node, m->n, m->n ? " " : "",
		m->n ? (int)m->change[0].key : 0, m->n > 1 ? " ..." : "",
		(unsigned long)m->span.from, (unsigned long)m->span.to, what->attempt);
	net_send(s, m);
}

void talk_peer(struct sim *s, struct node *x, uint32_t peer)
{
	static struct rr_state state;
	struct message m;
	struct rr_send what;

	for (;;) {
		struct chosen out = {s, x, &m, dice(s, 4) ? BATCH : (unsigned)(1 + dice(s, 4))};

		memset(&m, 0, offsetof(struct message, change));
		m.from = x->id;
		m.to = peer;
		rr_next(x->engine, node_now(s, x), peer, emit, &out, &what);
		m.token = what.token;
		if (what.what == RR_NOTHING) {
			x->wake[peer] = what.again_ms;
			return;
		}
		if (what.what == RR_CHANGES) {
			send_changes(s, x, &what, &m);
			continue;
		}
		m.what = MSG_PING;
		m.state = &state;
		rr_state_ask(x->engine, peer, what.token, &state);
		if (what.what == RR_LEAF) {
			s->count.pages++;
			TRACE(s, "node %u -> %u: %u entries of leaf %u", x->id, peer, state.leaf.n,
				state.leaf.leaf);
		}
		net_send(s, &m);
	}
}

void talk_events(struct sim *s, struct node *x)
{
	struct rr_event ev;

	while (rr_event_pop(x->engine, &ev)) {
		s->count.diverged += ev.type == RR_EV_DIVERGED;
		if (ev.type == RR_EV_DIVERGED && s->gentle && s->count.diverged > GENTLE_MAX)
			broken(s, "node %u found that %u had diverged, and no memory was lost",
				x->id, ev.node);
		TRACE(s, "node %u: peer %u: %s (%lu)", x->id, ev.node, rr_event_text(ev.type),
			(unsigned long)ev.number);
	}
}

/* --- receiving ------------------------------------------------------------------------------ */

/* 200, or why not. */
static int take_change(struct sim *s, struct node *x, const struct carried *m)
{
	struct value *v = &x->value[m->key];
	uint64_t now = node_second(s, x);
	struct rr_change c = {.key = key_of(m->key), .stamp = m->stamp, .kind = m->kind}, known;
	int verdict;
	bool old;

	check_change(s, x, m);
	if (node_refuses(s, x, m->key)) {
		s->count.refused++;
		return 404;
	}
	c.expires = m->left ? (uint32_t)(now + m->left) : 0;
	c.keep = m->keep ? (uint32_t)(now + m->keep) : 0;
	old = rr_lookup(x->engine, &c.key, &known) && rr_stamp_cmp(m->stamp, known.stamp) <= 0;
	verdict = rr_apply(x->engine, node_now(s, x), &c);
	if (verdict < 0)
		return 500;
	if (old && verdict == RR_NEWER)
		broken(s, "node %u takes %u again, which it has as new or newer", x->id, m->key);
	if (verdict == RR_CLOCK_AHEAD) {
		s->count.refused++;
		return 403;
	}
	if (verdict == RR_NEWER) {
		*v = (struct value){m->stamp, m->kind, c.expires};
		s->count.applied++;
	}
	return 200;
}

static void answer(
	struct sim *s, const struct message *m, enum what what, int code, struct rr_state *state)
{
	struct message a = {.from = m->to,
		.to = m->from,
		.what = what,
		.token = m->token,
		.code = code,
		.state = state};

	/* out of its mind: other codes, no state, somebody else's state, covers that are not true
	 */
	if (s->node[m->to].mad) {
		static const int codes[] = {200, 200, 403, 404, 500, 503, 603, 408};

		a.code = codes[dice(s, 8)];
		if (dice(s, 3) == 0)
			a.state = NULL;
		if (a.state && dice(s, 3) == 0)
			state->node = (uint32_t)dice(s, 12);
		for (uint32_t i = 0; a.state && i < state->n; i++)
			state->vector[i].cover.watermark += dice(s, 2) << dice(s, 30);
		if (a.state) {
			state->digest.root += dice(s, 2);
			state->leaf.to -= dice(s, 2) << dice(s, 60);
			state->leaf.leaf ^= dice(s, 2);
		}
	}
	net_send(s, &a);
}

/* A single change that cannot be taken: an error, and nothing is claimed. */
static int take_one(struct sim *s, struct node *x, const struct message *m)
{
	int code = m->n ? take_change(s, x, &m->change[0]) : 200;

	if (code == 200 && m->span.to)
		code = rr_claim(x->engine, node_now(s, x), m->stream, m->span);
	return code == RR_EINVAL ? 400 : code < 0 ? 500 : code ? code : 200;
}

/* Of many, all is claimed but what failed; after RR_EARLY the rest is left for another message. */
static int take_many(struct sim *s, struct node *x, const struct message *m)
{
	uint64_t failed[RR_EARLY];
	struct rr_span span = m->span;
	uint32_t fails = 0;
	int code = 200, rc;

	for (unsigned i = 0; i < m->n && fails < RR_EARLY; i++) {
		int c = take_change(s, x, &m->change[i]);

		if (c == 200)
			continue;
		code = code == 200 ? c : code;
		failed[fails++] = m->change[i].stamp.time;
	}
	if (fails == RR_EARLY)
		span.to = failed[RR_EARLY - 1];
	rc = rr_claim_but(x->engine, node_now(s, x), m->stream, span, failed, fails);
	return rc == RR_EINVAL ? 400 : rc < 0 ? 500 : code;
}

static void take_message(struct sim *s, struct node *x, const struct message *m)
{
	static struct rr_state state;
	int code;

	rr_alive(x->engine, node_now(s, x), m->from);
	code = m->n > 1 ? take_many(s, x, m) : take_one(s, x, m);
	rr_state_of(x->engine, m->stream, &state);
	answer(s, m, MSG_ANSWER, code, code == 200 || m->n > 1 ? &state : NULL);
}

static void take_ping(struct sim *s, struct node *x, const struct message *m)
{
	static struct rr_state state;

	rr_state_seen(x->engine, node_now(s, x), m->state);
	rr_state_answer(x->engine, m->state, &state);
	answer(s, m, MSG_PONG, 200, &state);
}

static void take_answer(struct sim *s, struct node *x, const struct message *m)
{
	static const struct rr_str none, cseq = {"Invalid CSeq", 12};

	rr_answered(x->engine, node_now(s, x), m->from, m->token, m->code, m->cseq ? cseq : none,
		m->state);
}

void talk_deliver(struct sim *s, const struct message *m)
{
	struct node *x = &s->node[m->to];
	bool request = m->what == MSG_CHANGE || m->what == MSG_PING;

	if (!x->up || x->life != m->life)
		return;
	node_expire(s, x);
	x->changed = true;
	if (request && x->listed[m->from] != LISTED)
		answer(s, m, m->what == MSG_PING ? MSG_PONG : MSG_ANSWER, 503, NULL);
	else if (m->what == MSG_CHANGE)
		take_message(s, x, m);
	else if (m->what == MSG_PING)
		take_ping(s, x, m);
	else
		take_answer(s, x, m);
	talk_peer(s, x, m->from);
	talk_events(s, x);
}
