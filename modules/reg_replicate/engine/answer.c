/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What peers say: answers to our messages, the lack of one, and requests of their own. What a
 * full peer says it holds is the truth and replaces what we thought, forwards or backwards; only
 * where an older word overtakes a newer one, both are joined (the worst that a wrong guess costs
 * is a change sent twice, or one ping of delay).
 */
#include <strings.h>
#include <string.h>

#include "core.h"

/* --- what a peer holds ------------------------------------------------------------------ */

static bool flying_on(const struct rr_peer *p, uint16_t stream)
{
	for (uint32_t i = 0; p->flying && i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING && p->slot[i].stream == stream)
			return true;
	return false;
}

/* Is this word newer than what we heard of the stream before? token 0: not asked for, so it
 * may have been said before the last answers. */
static bool newest_word(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p,
	uint16_t stream, uint64_t token)
{
	const struct rr_link *l = &p->link[stream];

	if (token)
		return token >= l->newest;
	return !flying_on(p, stream) &&
	       (l->heard == 0 || now.mono_ms - l->heard > e->config.ping_timeout);
}

/* While it gets everything again, what it says that it holds is what it acknowledges of that. */
static void take_again(
	struct rr_peer *p, uint16_t stream, uint64_t token, const struct rr_cover *cover)
{
	const struct rr_slot *s = rr_slot_find(p, token);
	struct rr_link *l = &p->link[stream];

	if (s && s->stream == stream && rr_cover_has(cover, s->span))
		rr_cover_add(&l->cover, s->span);
	if (l->cover.watermark >= l->again)
		l->again = 0;
}

static void take_cover(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t stream,
	uint64_t token, const struct rr_cover *cover)
{
	struct rr_link *l = &p->link[stream];
	struct rr_cover was = l->cover;

	if (l->again)
		take_again(p, stream, token, cover);
	else if (l->active && rr_peer_got_elsewhere(p, stream, cover))
		rr_peer_give_way(e, now, p, stream);
	if (l->again)
		; /* not yet */
	else if (newest_word(e, now, p, stream, token))
		l->cover = *cover;
	else
		rr_cover_merge(&l->cover, cover);
	if (token) {
		l->heard = now.mono_ms;
		if (l->newest < token)
			l->newest = token;
	}
	if (!rr_cover_equal(&was, &l->cover))
		l->since = now.mono_ms;
}

static bool state_valid(const struct rr_state *s)
{
	if (s->epoch == 0 || s->n > RR_MAX_STREAMS || s->digest.group >= RR_GROUPS ||
		s->leaf.leaf >= RR_LEAVES || s->leaf.n > RR_PAIRS ||
		(unsigned)s->role >= RR_ROLE_MAX)
		return false;
	for (uint32_t i = 0; i < s->n; i++)
		if (!rr_stream_valid(s->vector[i].stream) || !rr_cover_valid(&s->vector[i].cover))
			return false;
	return true;
}

static void take_vector(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint64_t token,
	const struct rr_state *state)
{
	static const struct rr_cover nothing;
	bool told[RR_MAX_STREAMS] = {false};

	for (uint32_t i = 0; i < state->n; i++) {
		uint16_t s = rr_stream_get(e, now, state->vector[i].stream);

		if (s == RR_NO_STREAM)
			continue;
		take_cover(e, now, p, s, token, &state->vector[i].cover);
		told[s] = true;
	}
	for (uint16_t s = 0; !state->part && s < e->top; s++)
		if (e->stream[s].id.node && !told[s])
			take_cover(e, now, p, s, token, &nothing);
}

/*
 * How far the peer's monotonic clock is ahead of ours, as its words tell that were on their way
 * for the least time: those that took longer, or came twice, make it seem behind. So it is the
 * highest that was heard of late, that is in the last 16 to 32 states: a few slow ones do not
 * matter, and a clock that was stopped for a while is followed all the same. Answers to changes, of
 * which there may be many at once, only raise it.
 */
static void take_at(struct rr_now now, struct rr_peer *p, const struct rr_state *state)
{
	int64_t ahead = (int64_t)(state->at - now.mono_ms);

	if (p->mono_states == 0)
		p->mono_ahead[0] = p->mono_ahead[1] = ahead;
	if (p->mono_ahead[0] < ahead)
		p->mono_ahead[0] = ahead;
	if (p->mono_states > 0 && state->part)
		return;
	if (p->mono_states++ < RR_CLOCK_STATES)
		return;
	p->mono_ahead[1] = p->mono_ahead[0];
	p->mono_ahead[0] = ahead;
	p->mono_states = 1;
}

static int64_t mono_ahead(const struct rr_peer *p)
{
	return p->mono_ahead[0] > p->mono_ahead[1] ? p->mono_ahead[0] : p->mono_ahead[1];
}

uint32_t rr_age(const struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t at)
{
	const struct rr_peer *p = rr_peer_find(e, node);
	int64_t age;

	if (!p || !p->mono_states || !at)
		return 0;
	age = (int64_t)now.mono_ms + mono_ahead(p) - (int64_t)at;
	if (age <= 0)
		return 0;
	return age < RR_MAX_AGE ? (uint32_t)age : RR_MAX_AGE;
}

/* A word of a full peer about itself. token: of our message that it answers, or 0. */
static void take_state(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint64_t token,
	const struct rr_state *state)
{
	bool restarted = p->epoch != 0 && p->epoch != state->epoch;

	p->epoch = state->epoch;
	if (restarted) {
		p->mono_states = 0;
		rr_peer_input(e, now, p, RR_IN_RESTART);
	}
	if (state->at)
		take_at(now, p, state);
	if (state->wall)
		p->clock_ms = (int64_t)(state->wall - now.wall_ms);
	if (!rr_clock_ahead(state->clock, now, e->config.max_clock_ahead))
		rr_clock_seen(&e->clock, state->clock);
	if (!state->part) {
		p->bindings = state->bindings;
		p->body = state->body;
		p->role = state->role;
	}
	take_vector(e, now, p, token, state);
	if (token)
		rr_digest_told(e, p, state);
	else
		rr_digest_heard(e, now, p, state);
	/* The answer to a ping counts as its state even if it had to be cut. */
	if (token && (!state->part || token == p->ping_token))
		rr_peer_input(e, now, p, RR_IN_STATE);
	rr_peer_review(e, now, p, !state->part);
}

/* --- messages that failed ----------------------------------------------------------------- */

/* Sets the span of a failed message aside until its time comes. When too many are, the peer gets
 * a pause instead, and the span is simply missing. */
static void park(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_slot *s, bool at_once)
{
	uint32_t doubled = s->attempts < RR_BACKOFF_MAX ? s->attempts : RR_BACKOFF_MAX;
	uint64_t pause = rr_jitter(e, (uint64_t)e->config.ping_interval << doubled);

	s->attempts++;
	if (p->parked == RR_PARKED) {
		rr_slot_set(p, s, RR_SLOT_FREE);
		p->hold = now.mono_ms + e->config.ping_interval;
		return;
	}
	rr_slot_set(p, s, RR_SLOT_PARKED);
	s->due = at_once && s->attempts == 1 ? now.mono_ms : now.mono_ms + pause;
}

static void count_failure(struct rr_engine *e, struct rr_peer *p, struct rr_slot *s, int code)
{
	rr_bump(e, failed);
	p->failed++;
	p->last_code = s->code = code;
}

/* An entry was sent without a claim: what came of it. */
static void repaired(struct rr_engine *e, struct rr_now now, struct rr_peer *p,
	const struct rr_slot *s, int code)
{
	struct rr_entry *x = rr_tree_after(e->stream[s->key].root, s->span.from);

	if (!x || x->time != s->span.to)
		return;
	if (rr_refusal(code))
		rr_refused_mark(e, now, p, x, code);
	else if (code / 100 == 2)
		rr_refused_taken(e, p, x);
}

/* A message of a repair has been answered, or not: what it could not repair will be found again. */
static void repair_over(struct rr_engine *e, struct rr_now now, struct rr_peer *p,
	struct rr_slot *s, int code, const struct rr_state *state)
{
	if (s->page)
		rr_digest_page(e, p, s, state ? &state->leaf : NULL);
	else
		repaired(e, now, p, s, code);
	rr_slot_set(p, s, RR_SLOT_FREE);
}

/* A message with several changes was lost: perhaps something on the way does not let it pass (of
 * TCP, the receiver allows only so many reads for a message), and a smaller one arrives. */
static void limit(struct rr_now now, struct rr_peer *p, const struct rr_slot *s)
{
	if (s->changes < 2 || s->bare || p->suspect) /* once for all that are lost together */
		return;
	p->limit = s->changes / 2;
	p->limited = now.mono_ms;
}

/* Nobody answered. The peer gets nothing more until it answers a ping, which it gets at once. */
static void message_lost(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_slot *s, int code)
{
	count_failure(e, p, s, code);
	limit(now, p, s);
	if (s->stream != RR_NO_STREAM)
		p->link[s->stream].active = p->link[s->stream].lagging = false;
	if (p->config.plain) {
		/* Whether it kept its memory is open from now on. */
		p->ping_at = now.mono_ms;
		p->ping_failures = e->config.down_after;
		rr_peer_input(e, now, p, RR_IN_SILENT);
		return;
	}
	if (s->stream == RR_NO_STREAM) {
		rr_offer_lost(p, s);
		repair_over(e, now, p, s, 0, NULL);
	} else {
		park(e, now, p, s, true);
	}
	p->suspect = true;
	rr_peer_ping_now(now, p);
}

void rr_peer_timeouts(struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	if (p->ping_token && now.mono_ms >= p->ping_sent + e->config.ping_timeout)
		rr_peer_ping_failed(e, now, p, 408);
	for (uint32_t i = 0; p->flying && i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING && now.mono_ms >= p->slot[i].due)
			message_lost(e, now, p, &p->slot[i], 408);
}

/* --- answers ------------------------------------------------------------------------------ */

static void acked(struct rr_engine *e, struct rr_peer *p, struct rr_slot *s)
{
	if (!s->bare) {
		/* what came into the span while it was under way has not been sent to a plain one
		 */
		rr_refused_taken_all(e, p, s->stream,
			p->config.plain ? (struct rr_span){s->span.to - 1, s->span.to} : s->span);
		e->counter[RR_C_acked] += s->changes;
		p->acked += s->changes;
	}
	rr_slot_set(p, s, RR_SLOT_FREE);
}

/* Marks what the peer lacks of this span. Returns how many these are. */
static uint32_t mark_refused(struct rr_engine *e, struct rr_now now, struct rr_peer *p,
	const struct rr_slot *s, uint64_t to, int code)
{
	struct rr_entry *root = e->stream[s->stream].root;
	struct rr_entry *x = rr_tree_after(root, s->span.from);
	uint32_t n = 0;

	for (; x && x->time <= to; x = rr_tree_after(root, x->time)) {
		if (rr_cover_has(&p->link[s->stream].cover, (struct rr_span){x->time - 1, x->time}))
			continue;
		rr_refused_mark(e, now, p, x, code);
		n++;
	}
	return n;
}

/*
 * Up to where it is known, change by change, what was refused of a message: of a single one all.
 * Of many the peer takes one after the other, and claims what it took: what it lacks before the
 * last piece that it holds, it refused. 0: it may be any of them, or the message itself.
 */
static uint64_t refused_to(const struct rr_peer *p, const struct rr_slot *s)
{
	const struct rr_cover *c = &p->link[s->stream].cover;
	uint64_t to = 0;

	if (p->config.plain || (s->changes == 1 && !s->bare))
		return s->span.to;
	if (s->bare)
		return 0;
	for (uint32_t i = 0; i < rr_cover_pieces(c); i++) {
		struct rr_span held = rr_cover_piece(c, i);

		if (held.to > s->span.from && held.from < s->span.to)
			to = held.to < s->span.to ? held.to : s->span.to;
	}
	return to;
}

/* A plain peer is not told of spans: what it refused is over. A full one is told the span without
 * what it refused, at once. */
static void refused(struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_slot *s,
	uint64_t to, int code)
{
	s->span.to = to;
	s->changes = mark_refused(e, now, p, s, to, code);
	if (p->config.plain) {
		rr_cover_add(&p->link[s->stream].cover, s->span);
		rr_slot_set(p, s, RR_SLOT_FREE);
	} else {
		s->bare = true;
		park(e, now, p, s, true);
		s->due = now.mono_ms;
	}
}

/* This span it could not or would not take, the rest goes on. What is not known to be refused
 * goes again later. What it says that it took of it all the same need not come again, so that of
 * many changes the bad one soon stands alone. */
static void set_aside(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_slot *s, int code)
{
	struct rr_span lacks = s->span;
	uint64_t to = rr_refusal(code) ? refused_to(p, s) : 0;

	count_failure(e, p, s, code);
	if (!rr_peer_lacks_of(p, s->stream, &lacks)) {
		rr_slot_set(p, s, RR_SLOT_FREE);
		return;
	}
	s->span.from = lacks.from;
	if (to > lacks.from) {
		refused(e, now, p, s, to, code);
	} else {
		if (!s->bare)
			s->span = lacks;
		park(e, now, p, s, false);
	}
}

static void full_answer(struct rr_engine *e, struct rr_now now, struct rr_peer *p,
	struct rr_slot *s, int code, bool told, const struct rr_state *state)
{
	if (s->stream == RR_NO_STREAM) {
		repair_over(e, now, p, s, code, told ? state : NULL);
		return;
	}
	if (code / 100 == 2 && told && rr_cover_has(&p->link[s->stream].cover, s->span)) {
		acked(e, p, s);
		return;
	}
	/* A 200 without our header, or with a cover that lacks the span, is no acknowledgement. */
	set_aside(e, now, p, s, code);
}

static bool names_cseq(struct rr_str reason)
{
	for (uint32_t i = 0; i + 4 <= reason.len; i++)
		if (strncasecmp(reason.s + i, "cseq", 4) == 0)
			return true;
	return false;
}

static void plain_answer(struct rr_engine *e, struct rr_now now, struct rr_peer *p,
	struct rr_slot *s, int code, struct rr_str reason)
{
	bool ok = code / 100 == 2 || (code == 400 && names_cseq(reason));

	if (!ok && !rr_refusal(code)) {
		message_lost(e, now, p, s, code);
		return;
	}
	if (s->stream == RR_NO_STREAM) {
		repair_over(e, now, p, s, ok ? 200 : code, NULL);
	} else if (ok) {
		rr_cover_add(&p->link[s->stream].cover, s->span);
		acked(e, p, s);
	} else {
		set_aside(e, now, p, s, code);
	}
	rr_peer_review(e, now, p, false);
}

static void ping_answered(struct rr_engine *e, struct rr_now now, struct rr_peer *p, int code)
{
	uint64_t interval = e->config.ping_interval;

	p->ping_token = 0;
	p->rtt_ms = (uint32_t)(now.mono_ms - p->ping_sent);
	p->ping_at =
		now.mono_ms + interval - interval / 8 + rr_random(&e->random) % (interval / 4 + 1);
	if (code / 100 != 2)
		p->last_code = code;
	if (p->config.plain)
		rr_peer_review(e, now, p, true);
}

/* Does a ping answered like this tell that the peer works? Any registrar that answers OPTIONS with
 * 404 or 405 does; a full peer says its state. */
static bool healthy(const struct rr_peer *p, int code, bool told)
{
	return p->config.plain ? code / 100 != 5 : code / 100 == 2 && told;
}

int rr_answered(struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t token, int code,
	struct rr_str reason, const struct rr_state *state)
{
	struct rr_peer *p;
	struct rr_slot *s;
	bool told = false, pong;
	int rc = rr_peer_heard(e, node, &p);

	if (rc < 0)
		return rc;
	if (token && token < p->first_token)
		return 0;
	pong = token && token == p->ping_token;
	if (code == 408)
		return rr_failed(e, now, node, token, code);
	if (state && !p->config.plain) {
		told = state->node == node && state_valid(state);
		if (!told)
			rr_bump(e, nonsense);
	}
	if (pong && !healthy(p, code, told)) {
		rr_peer_ping_failed(e, now, p, code);
		return 0;
	}
	if (code / 100 != 5)
		rr_peer_input(e, now, p, RR_IN_ANSWER);
	if (told)
		take_state(e, now, p, token, state);
	if (pong)
		ping_answered(e, now, p, code);
	s = rr_slot_find(p, token); /* a restart just noticed has cleared it */
	if (s && p->config.plain)
		plain_answer(e, now, p, s, code, reason);
	else if (s)
		full_answer(e, now, p, s, code, told, state);
	rr_waits_heard(e, p);
	return 0;
}

int rr_failed(struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t token, int code)
{
	struct rr_peer *p;
	struct rr_slot *s;
	int rc = rr_peer_heard(e, node, &p);

	if (rc < 0)
		return rc;
	if (token && token == p->ping_token) {
		rr_peer_ping_failed(e, now, p, code);
		return 0;
	}
	s = rr_slot_find(p, token);
	if (s && code == 513 && s->stream == RR_NO_STREAM)
		repair_over(e, now, p, s, code, NULL);
	else if (s && code == 513)
		set_aside(e, now, p, s, code);
	else if (s)
		message_lost(e, now, p, s, code);
	return 0;
}

/* --- requests ----------------------------------------------------------------------------- */

int rr_state_seen(struct rr_engine *e, struct rr_now now, const struct rr_state *state)
{
	struct rr_peer *p;
	int rc = rr_peer_heard(e, state->node, &p);

	if (rc < 0)
		return rc;
	if (p->config.plain || !state_valid(state)) {
		rr_bump(e, nonsense);
		return RR_EINVAL;
	}
	take_state(e, now, p, 0, state);
	rr_peer_input(e, now, p, RR_IN_KNOCK);
	rr_waits_heard(e, p);
	return 0;
}

int rr_alive(struct rr_engine *e, struct rr_now now, uint32_t node)
{
	struct rr_peer *p;
	int rc = rr_peer_heard(e, node, &p);

	if (rc < 0)
		return rc;
	rr_peer_input(e, now, p, RR_IN_KNOCK);
	return 0;
}
