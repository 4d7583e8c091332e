/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coming back with what a former life left on disk, and what may be left there for the next one.
 *
 * Rows prove nothing: after a crash any of them may be missing, the newest be there. So what is
 * held is stored by itself (a vector), and only as far as all changes are on disk: a state is
 * taken, then the oldest change that is not on disk is looked for, and the state is cut there. Own
 * stamps are past all that they replace, on every node; so whatever was replaced before it
 * reached the disk lies beyond that cut too. What such a vector once claimed stays on disk, or
 * something newer: so a later one is only added to it.
 *
 * Rows beyond the vector are *loose*: they are here, but no claim covers them. Peers send that
 * piece again (duplicates). What none of them has, is offered to each peer, once, without a claim.
 */
#include <string.h>

#include "core.h"

/* --- coming back ------------------------------------------------------------------------------ */

static enum rr_verdict verdict(
	const struct rr_engine *e, const struct rr_entry *x, struct rr_stamp stamp)
{
	int order = x ? rr_stamp_cmp(stamp, rr_entry_stamp(e, x)) : 1;

	return order > 0 ? RR_NEWER : order == 0 ? RR_SAME : RR_OLDER;
}

int rr_restore(struct rr_engine *e, struct rr_now now, const struct rr_change *change)
{
	struct rr_entry *x = rr_table_find(&e->table, &change->key);
	enum rr_verdict v = verdict(e, x, change->stamp);
	uint16_t stream;
	int rc;

	if (!rr_key_valid(&change->key) || !rr_stream_valid(change->stamp.stream) ||
		change->stamp.time == 0 ||
		rr_same_stream(change->stamp.stream, e->stream[e->own].id) ||
		(change->kind != RR_SET && change->kind != RR_REMOVED))
		return RR_EINVAL;
	rr_clock_seen(&e->clock, change->stamp.time);
	if (v != RR_NEWER)
		return v;
	stream = rr_stream_get(e, now, change->stamp.stream);
	if (stream == RR_NO_STREAM)
		return RR_EFULL;
	rc = rr_store(e, now, x, stream, change);
	if (rc < 0)
		return rc;
	if (e->stream[stream].loose < change->stamp.time)
		e->stream[stream].loose = change->stamp.time;
	return RR_NEWER;
}

int rr_adopt(struct rr_engine *e, struct rr_now now, const struct rr_key *key, uint32_t expires,
	uint64_t wall_ms, struct rr_stamp *stamp)
{
	struct rr_change change = {.key = *key, .kind = RR_SET, .expires = expires};
	struct rr_entry *x = rr_table_find(&e->table, key);
	struct rr_stream *own = &e->stream[e->own];
	int rc;

	if (!rr_key_valid(key))
		return RR_EINVAL;
	if (wall_ms > now.wall_ms)
		wall_ms = now.wall_ms;
	change.stamp = (struct rr_stamp){rr_hlc(wall_ms) + ++e->adopted, own->id};
	if (verdict(e, x, change.stamp) != RR_NEWER)
		return RR_OLDER;
	rc = rr_store(e, now, x, e->own, &change);
	if (rc < 0)
		return rc;
	rr_clock_seen(&e->clock, change.stamp.time);
	rr_clock_seen(&own->cover.watermark, change.stamp.time);
	*stamp = change.stamp;
	return RR_NEWER;
}

int rr_restore_vector(struct rr_engine *e, struct rr_now now, const struct rr_state *state)
{
	for (uint32_t i = 0; i < state->n; i++) {
		const struct rr_vector_item *v = &state->vector[i];

		if (!rr_stream_valid(v->stream) || !rr_cover_valid(&v->cover) ||
			rr_same_stream(v->stream, e->stream[e->own].id))
			return RR_EINVAL;
	}
	for (uint32_t i = 0; i < state->n; i++) {
		uint16_t s = rr_stream_get(e, now, state->vector[i].stream);

		if (s == RR_NO_STREAM)
			return RR_EFULL;
		rr_cover_merge(&e->stream[s].cover, &state->vector[i].cover);
	}
	return 0;
}

void rr_restore_clock(struct rr_engine *e, uint64_t clock)
{
	rr_clock_seen(&e->clock, clock);
}

int rr_restore_peer(struct rr_engine *e, uint32_t node, const struct rr_state *held)
{
	struct rr_peer *p = rr_peer_find(e, node);

	if (!p)
		return RR_ENOENT;
	if (!p->config.plain)
		return RR_EINVAL;
	for (uint32_t i = 0; i < held->n; i++) {
		uint16_t s = rr_stream_find(e, held->vector[i].stream);

		if (s != RR_NO_STREAM && s != e->own && rr_cover_valid(&held->vector[i].cover))
			rr_cover_merge(&p->link[s].cover, &held->vector[i].cover);
	}
	return 0;
}

/* --- what is loose ---------------------------------------------------------------------------- */

static bool any_full_peer(const struct rr_engine *e)
{
	for (uint32_t i = 0; i < e->peers; i++)
		if (!e->peer[i]->config.plain)
			return true;
	return false;
}

/* Where there is nobody who could know more of a former own stream, all that is left is all. */
void rr_restored(struct rr_engine *e)
{
	bool alone = !any_full_peer(e);

	for (uint16_t i = 0; i < e->top; i++) {
		struct rr_stream *s = &e->stream[i];

		if (alone && s->id.node == e->config.node)
			rr_cover_add(&s->cover, (struct rr_span){0, s->loose});
	}
}

static bool loose(const struct rr_stream *s)
{
	return s->cover.watermark < s->loose;
}

bool rr_offer_due(const struct rr_engine *e, const struct rr_peer *p)
{
	if (p->config.plain || p->state != RR_PEER_IN_SYNC)
		return false;
	for (uint16_t i = 0; i < e->top; i++)
		if (loose(&e->stream[i]) && p->link[i].offered < e->stream[i].loose)
			return true;
	return false;
}

/* The end of the piece of c that `time` lies in; 0: it lies in none. */
static uint64_t held_to(const struct rr_cover *c, uint64_t time)
{
	for (uint32_t i = 0; i < rr_cover_pieces(c); i++) {
		struct rr_span piece = rr_cover_piece(c, i);

		if (piece.from < time && time <= piece.to)
			return piece.to;
	}
	return 0;
}

/* What either side claims is passed over piece by piece: it may be nearly all of the stream. */
static const struct rr_entry *offer_of(const struct rr_stream *s, struct rr_link *l)
{
	while (l->offered < s->loose) {
		const struct rr_entry *x = rr_tree_after(s->root, l->offered);
		uint64_t to;

		if (!x || x->time > s->loose) {
			l->offered = s->loose;
			return NULL;
		}
		to = held_to(&s->cover, x->time);
		if (to == 0)
			to = held_to(&l->cover, x->time);
		l->offered = to ? to : x->time;
		if (to == 0)
			return x;
	}
	return NULL;
}

const struct rr_entry *rr_offer(const struct rr_engine *e, struct rr_peer *p)
{
	const struct rr_entry *x = NULL;

	if (!rr_offer_due(e, p))
		return NULL;
	for (uint16_t i = 0; i < e->top && !x; i++)
		if (loose(&e->stream[i]))
			x = offer_of(&e->stream[i], &p->link[i]);
	return x;
}

void rr_offer_lost(struct rr_peer *p, const struct rr_slot *s)
{
	if (s->state != RR_SLOT_FLYING || s->stream != RR_NO_STREAM || s->page || !s->span.to)
		return;
	if (p->link[s->key].offered > s->span.from)
		p->link[s->key].offered = s->span.from;
}

/* --- what is left for the next life ------------------------------------------------------------
 */

void rr_state_cut(struct rr_state *state, uint64_t before)
{
	for (uint32_t i = 0; i < state->n; i++) {
		struct rr_cover *c = &state->vector[i].cover;

		if (c->watermark >= before)
			c->watermark = before - 1;
		while (c->n && c->early[c->n - 1].from >= before - 1)
			c->n--;
		if (c->n && c->early[c->n - 1].to >= before)
			c->early[c->n - 1].to = before - 1;
	}
}

const struct rr_cover *rr_state_cover(const struct rr_state *state, struct rr_stream_id id)
{
	static const struct rr_cover nothing;

	for (uint32_t i = 0; i < state->n; i++)
		if (rr_same_stream(state->vector[i].stream, id))
			return &state->vector[i].cover;
	return &nothing;
}

void rr_state_merge(struct rr_state *state, const struct rr_state *earlier)
{
	for (uint32_t i = 0; i < state->n; i++)
		rr_cover_merge(
			&state->vector[i].cover, rr_state_cover(earlier, state->vector[i].stream));
}

bool rr_removals(const struct rr_engine *e, struct rr_stream_id stream, struct rr_span *span,
	uint32_t limit, rr_removal_f emit, void *ctx)
{
	uint16_t s = rr_stream_find(e, stream);
	const struct rr_entry *x;

	for (uint32_t i = 0; s != RR_NO_STREAM && i < limit; i++) {
		x = rr_tree_after(e->stream[s].root, span->from);
		if (!x || x->time > span->to)
			break;
		if (x->kind == RR_REMOVED) {
			struct rr_change change = rr_entry_change(e, x);

			if (!emit(ctx, &change))
				return true;
		}
		span->from = x->time;
		if (i + 1 == limit)
			return true;
	}
	span->from = span->to;
	return false;
}

/* What of it was not refused, up to where `out` is full. */
static void but_refused(
	const struct rr_engine *e, const struct rr_peer *p, uint16_t stream, struct rr_cover *out)
{
	const struct rr_cover *c = &p->link[stream].cover;
	struct rr_entry *root = e->stream[stream].root;

	for (uint32_t i = 0; i < rr_cover_pieces(c); i++) {
		struct rr_span left = rr_cover_piece(c, i);

		while (left.from < left.to) {
			const struct rr_entry *x =
				rr_tree_refused_after(root, left.from, p->refusals.bit);
			bool within = x && x->time <= left.to;

			if (!rr_cover_add(out,
				    (struct rr_span){left.from, within ? x->time - 1 : left.to}))
				return;
			left.from = within ? x->time : left.to;
		}
	}
}

int rr_peer_kept(const struct rr_engine *e, uint32_t node, struct rr_state *out)
{
	const struct rr_peer *p = rr_peer_find(e, node);

	memset(out, 0, sizeof(*out));
	if (!p)
		return RR_ENOENT;
	if (!p->config.plain)
		return RR_EINVAL;
	out->node = e->config.node;
	out->epoch = e->config.epoch;
	for (uint16_t s = 0; s < RR_MAX_STREAMS; s++) {
		struct rr_vector_item *v = &out->vector[out->n];

		if (!e->stream[s].id.node)
			continue;
		but_refused(e, p, s, &v->cover);
		if (rr_cover_empty(&v->cover))
			continue;
		v->stream = e->stream[s].id;
		out->n++;
	}
	return 0;
}
