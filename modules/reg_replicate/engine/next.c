/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to say to a peer next. In this order: a ping that is due; a failed span whose time has come;
 * the next piece of our own stream; the next piece of each other stream that is for us to
 * complete, taking turns; of a stream as many changes as have gathered and fit. Everything but
 * pings only while the peer is up, answers, and has less than a window of messages in flight.
 */
#include "core.h"

/* How many changes one message to this peer may carry. A peer that has not said that it takes
 * bodies gets them one by one. */
static uint32_t most(const struct rr_engine *e, const struct rr_peer *p)
{
	if (p->config.plain || p->body == 0)
		return 1;
	return p->limit && p->limit < e->config.batch_max ? p->limit : e->config.batch_max;
}

/* After a long while larger messages are tried again. */
static void relax(const struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	if (!p->limit || now.mono_ms < p->limited + RR_LIMIT_PAUSE)
		return;
	p->limit = p->limit < e->config.batch_max ? p->limit * 2 : 0;
	p->limited = now.mono_ms;
}

/* Do fewer changes wait that can go than make a message worth its while? */
static bool few(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	uint32_t enough = most(e, p) < RR_FEW ? most(e, p) : RR_FEW;
	struct rr_span gap;

	if (!rr_peer_gap(e, p, stream, true, &gap))
		return false;
	gap.to = UINT64_MAX;
	return rr_tree_count(e->stream[stream].root, gap) < enough;
}

/*
 * Changes gather for a while after each message about their stream, unless that one was full: then
 * there is enough for the next. Where few have come by then, for as long again: a message costs
 * as much as ten changes; but not while somebody waits for acknowledgements. Where none has, the
 * next one goes at once: `more`. So low load makes no delay, and under load few large messages go.
 * Mono ms until which they gather; 0: they do not.
 */
static uint64_t gathers_until(
	const struct rr_engine *e, struct rr_now now, const struct rr_peer *p, uint16_t stream)
{
	const struct rr_link *l = &p->link[stream];
	uint64_t until = l->sent + e->config.batch_delay;

	if (l->more || now.mono_ms >= until + e->config.batch_delay || most(e, p) == 1)
		return 0;
	if (now.mono_ms < until)
		return until;
	return !e->waits.started && few(e, p, stream) ? until + e->config.batch_delay : 0;
}

static const struct rr_entry *first_in(
	const struct rr_engine *e, uint16_t stream, struct rr_span span)
{
	const struct rr_entry *x = rr_tree_after(e->stream[stream].root, span.from);

	return x && x->time <= span.to ? x : NULL;
}

/* A plain peer orders changes of a binding by their arrival: one at a time. */
static bool key_flying(const struct rr_peer *p, uint32_t hash)
{
	for (uint32_t i = 0; p->flying && i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING &&
			(p->slot[i].key == hash || p->slot[i].stream == RR_NO_STREAM))
			return true;
	return false;
}

/* End of the last piece of c before `time`. */
static uint64_t held_before(const struct rr_cover *c, uint64_t time)
{
	uint64_t end = c->watermark;

	for (uint32_t i = 0; i < c->n; i++)
		if (c->early[i].to < time)
			end = c->early[i].to;
	return end;
}

int rr_peer_holds(
	struct rr_engine *e, uint32_t node, const struct rr_key *key, struct rr_stamp stamp)
{
	struct rr_peer *p = rr_peer_find(e, node);
	const struct rr_entry *x = rr_table_find(&e->table, key);
	struct rr_span span = {stamp.time - 1, stamp.time};
	uint64_t held;

	if (!p || !x)
		return RR_ENOENT;
	if (!p->config.plain || x->stream != e->own || x->time != stamp.time)
		return RR_EINVAL;
	if (key_flying(p, x->hash))
		return RR_OK;
	/* With the gap before it, if nothing is in that: gaps are few that can be kept. */
	held = held_before(&p->link[e->own].cover, stamp.time);
	if (!first_in(e, e->own, (struct rr_span){held, stamp.time - 1}))
		span.from = held;
	rr_cover_add(&p->link[e->own].cover, span);
	return RR_OK;
}

/*
 * The changes that the message carries, in order, and the piece of its slot's span that it then
 * claims: no more than up to the last of them. Where there is none (all of it was replaced by
 * something newer) the whole span. True: there was no room for all.
 */
static bool carry(
	const struct rr_engine *e, struct rr_slot *s, uint32_t limit, rr_emit_f emit, void *ctx)
{
	struct rr_span rest = s->span;
	const struct rr_entry *x;

	for (s->changes = 0; (x = first_in(e, s->stream, rest)); s->changes++) {
		struct rr_change change = rr_entry_change(e, x);

		if (s->changes == limit || (!emit(ctx, &change) && s->changes > 0))
			break;
		rest.from = x->time;
	}
	if (s->changes > 0)
		s->span.to = rest.from;
	return x != NULL;
}

/* What failed once goes alone: of many changes one may be the reason. */
static void send_span(struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_slot *s,
	rr_emit_f emit, void *ctx, struct rr_send *send)
{
	const struct rr_entry *x = first_in(e, s->stream, s->span);
	struct rr_link *l = &p->link[s->stream];

	s->token = ++e->token;
	s->due = now.mono_ms + e->config.answer_timeout;
	s->key = x ? x->hash : 0;
	rr_slot_set(p, s, RR_SLOT_FLYING);
	*send = (struct rr_send){
		.what = RR_CHANGES,
		.token = s->token,
		.stream = e->stream[s->stream].id,
		.span = s->span,
		.attempt = s->attempts,
		.body = p->body,
	};
	l->sent = now.mono_ms;
	if (s->bare) {
		rr_bump(e, claims);
		return;
	}
	l->more = carry(e, s, s->attempts ? 1 : most(e, p), emit, ctx);
	send->span = s->span;
	send->changes = s->changes;
	e->counter[RR_C_sent] += s->changes;
	p->sent += s->changes;
	if (s->changes == 0)
		rr_bump(e, claims);
	if (s->attempts)
		rr_bump(e, retried);
}

/* A parked span whose time has come, unless the peer has it by now. */
static struct rr_slot *parked_due(struct rr_now now, struct rr_peer *p)
{
	struct rr_span lacks;

	for (uint32_t i = 0; p->parked && i < p->slots; i++) {
		struct rr_slot *s = &p->slot[i];

		if (s->state != RR_SLOT_PARKED || s->due > now.mono_ms)
			continue;
		lacks = s->span;
		if (rr_peer_lacks_of(p, s->stream, &lacks)) {
			if (!s->bare)
				s->span = lacks;
			return s;
		}
		rr_slot_set(p, s, RR_SLOT_FREE);
	}
	return NULL;
}

static bool send_parked(struct rr_engine *e, struct rr_now now, struct rr_peer *p, rr_emit_f emit,
	void *ctx, struct rr_send *send)
{
	struct rr_slot *s = parked_due(now, p);

	if (!s)
		return false;
	send_span(e, now, p, s, emit, ctx, send);
	return true;
}

/* Would the peer drop this piece, since it lies beyond as many gaps as it can keep track of? */
static bool too_far(const struct rr_peer *p, uint16_t stream, struct rr_span gap)
{
	const struct rr_cover *c = &p->link[stream].cover;

	return !p->config.plain && c->n == RR_EARLY && gap.from > c->early[c->n - 1].to;
}

static bool send_stream(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t stream,
	rr_emit_f emit, void *ctx, struct rr_send *send)
{
	const struct rr_entry *x;
	struct rr_slot *s;
	struct rr_span gap;

	if (!rr_peer_ours(e, p, stream) || gathers_until(e, now, p, stream))
		return false;
	for (;;) {
		if (!rr_peer_gap(e, p, stream, true, &gap)) {
			p->link[stream].more = true;
			return false;
		}
		if (too_far(p, stream, gap))
			return false;
		x = first_in(e, stream, gap);
		if (x || !p->config.plain)
			break;
		/* Nothing to say to somebody who does not know of spans. */
		if (!rr_cover_add(&p->link[stream].cover, gap))
			return false;
	}
	if (x && p->config.plain && key_flying(p, x->hash))
		return false;
	s = rr_slot_unused(p);
	if (!s)
		return false;
	s->stream = stream;
	s->span = gap;
	send_span(e, now, p, s, emit, ctx, send);
	return true;
}

static void send_page(struct rr_engine *e, struct rr_slot *s, struct rr_task *t)
{
	s->page = true;
	s->key = t->leaf;
	s->span.from = t->from;
	t->flying = true;
	rr_bump(e, pages);
}

/* An entry without a claim. */
static void send_entry(struct rr_engine *e, struct rr_slot *s, const struct rr_entry *x,
	rr_emit_f emit, void *ctx, struct rr_send *send)
{
	struct rr_change change = rr_entry_change(e, x);

	s->key = x->stream;
	s->span = (struct rr_span){x->time - 1, x->time};
	send->stream = change.stamp.stream;
	send->changes = 1;
	emit(ctx, &change);
	rr_bump(e, repairs);
}

/* To repair a leaf that has diverged: an entry of it, or what we have of it. Or an entry that was
 * refused before, or that nobody claims. */
static bool send_repair(struct rr_engine *e, struct rr_now now, struct rr_peer *p, rr_emit_f emit,
	void *ctx, struct rr_send *send)
{
	struct rr_slot *s = rr_slot_unused(p);
	const struct rr_entry *x = s ? rr_digest_wanted(e, p) : NULL;
	struct rr_task *t;

	if (!s)
		return false;
	if (!x)
		x = rr_refused_offer(e, now, p);
	t = x ? NULL : rr_digest_task(p);
	if (!x && !t)
		x = rr_offer(e, p);
	if (!x && !t)
		return false;
	s->token = ++e->token;
	s->stream = RR_NO_STREAM;
	s->due = now.mono_ms + e->config.answer_timeout;
	rr_slot_set(p, s, RR_SLOT_FLYING);
	*send = (struct rr_send){.what = x ? RR_CHANGES : RR_LEAF, .token = s->token};
	if (x)
		send_entry(e, s, x, emit, ctx, send);
	else
		send_page(e, s, t);
	return true;
}

static bool may_send(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	return (p->state == RR_PEER_SYNCING || p->state == RR_PEER_IN_SYNC) && !p->suspect &&
	       p->hold <= now.mono_ms && p->flying < e->config.window;
}

static bool send_changes(struct rr_engine *e, struct rr_now now, struct rr_peer *p, rr_emit_f emit,
	void *ctx, struct rr_send *send)
{
	if (send_parked(e, now, p, emit, ctx, send) ||
		send_stream(e, now, p, e->own, emit, ctx, send))
		return true;
	for (uint16_t i = 0; i < e->top; i++) {
		uint16_t stream = (uint16_t)((p->turn + i) % e->top);

		if (stream == e->own || !send_stream(e, now, p, stream, emit, ctx, send))
			continue;
		p->turn = (uint16_t)((stream + 1) % e->top);
		return true;
	}
	return send_repair(e, now, p, emit, ctx, send);
}

static bool ping_due(struct rr_now now, const struct rr_peer *p)
{
	return !p->ping_token && p->ping_at <= now.mono_ms && p->state != RR_PEER_DISABLED;
}

static void send_ping(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_send *send)
{
	p->ping_token = ++e->token;
	p->ping_sent = now.mono_ms;
	rr_bump(e, pings);
	*send = (struct rr_send){.what = RR_PING, .token = p->ping_token};
}

static void sooner(uint64_t *when, uint64_t other)
{
	if (*when > other)
		*when = other;
}

/* When something happens by itself: a ping, a time-out, the end of a pause. */
static uint64_t next_time(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	uint64_t when = p->ping_token ? p->ping_sent + e->config.ping_timeout : p->ping_at;

	if (p->hold > now.mono_ms)
		sooner(&when, p->hold);
	for (uint32_t i = 0; p->flying + p->parked && i < p->slots; i++) {
		const struct rr_slot *s = &p->slot[i];

		if (s->state != RR_SLOT_FREE && (s->due > now.mono_ms || may_send(e, now, p)))
			sooner(&when, s->due);
	}
	if (p->refusals.count && !p->config.plain && p->refusals.at > now.mono_ms)
		sooner(&when, p->refusals.at);
	for (uint16_t s = 0; s < e->top; s++) {
		uint64_t until = gathers_until(e, now, p, s);

		if (until)
			sooner(&when, until);
	}
	return when;
}

int rr_next(struct rr_engine *e, struct rr_now now, uint32_t node, rr_emit_f emit, void *ctx,
	struct rr_send *send)
{
	struct rr_peer *p = rr_peer_find(e, node);

	*send = (struct rr_send){.what = RR_NOTHING};
	if (!p)
		return RR_ENOENT;
	if (p->state == RR_PEER_DISABLED) {
		send->again_ms = UINT64_MAX;
		return 0;
	}
	rr_peer_timeouts(e, now, p);
	relax(e, now, p);
	if (ping_due(now, p)) {
		send_ping(e, now, p, send);
		return 0;
	}
	if (may_send(e, now, p) && send_changes(e, now, p, emit, ctx, send))
		return 0;
	send->again_ms = next_time(e, now, p);
	return 0;
}

void rr_carried(struct rr_engine *e, uint32_t node, uint64_t token, uint32_t changes, uint64_t to)
{
	struct rr_peer *p = rr_peer_find(e, node);
	struct rr_slot *s = p ? rr_slot_find(p, token) : NULL;

	if (!s || s->bare) /* the peer was found down or restarted just now */
		return;
	if (s->span.from < to && to < s->span.to) {
		s->span.to = to;
		p->link[s->stream].more = true;
	}
	if (changes < s->changes) {
		e->counter[RR_C_sent] -= s->changes - changes;
		p->sent -= s->changes - changes;
		s->changes = changes;
	}
}

static bool parked_waits(struct rr_now now, const struct rr_peer *p)
{
	for (uint32_t i = 0; p->parked && i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_PARKED && p->slot[i].due <= now.mono_ms)
			return true;
	return false;
}

bool rr_due(const struct rr_engine *e, struct rr_now now, uint32_t node)
{
	const struct rr_peer *p = rr_peer_find(e, node);
	struct rr_span gap;

	if (!p)
		return false;
	if (ping_due(now, p))
		return true;
	if (!may_send(e, now, p))
		return false;
	if (parked_waits(now, p))
		return true;
	for (uint16_t s = 0; s < e->top; s++)
		if (rr_peer_ours(e, p, s) && !gathers_until(e, now, p, s) &&
			rr_peer_gap(e, p, s, true, &gap) && !too_far(p, s, gap))
			return true;
	return rr_digest_due(p) || rr_refused_due(now, p) || rr_offer_due(e, p);
}
