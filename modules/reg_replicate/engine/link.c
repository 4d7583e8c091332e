/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer lacks: the difference between our cover of each stream and its own, and who has
 * to do something about it. Nothing in here changes anything.
 */
#include "core.h"

bool rr_origin_up(const struct rr_engine *e, struct rr_stream_id id)
{
	const struct rr_peer *p = rr_peer_find(e, id.node);

	return p && rr_peer_up(p) && p->epoch == id.epoch;
}

/* Are we, of all full nodes that are up, the one with the lowest id? */
static bool lowest(const struct rr_engine *e)
{
	for (uint32_t i = 0; i < e->peers; i++) {
		const struct rr_peer *p = e->peer[i];

		if (!p->config.plain && rr_peer_up(p) && p->config.node < e->config.node)
			return false;
	}
	return true;
}

/* A plain peer tells nobody what it holds: the origin looks after it, or where the origin is gone,
 * one of those that are left. */
bool rr_peer_concerns(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	const struct rr_stream_id *id = &e->stream[stream].id;

	if (!rr_stream_live(e, stream))
		return false;
	/* Its own present stream is whole where it comes from, whatever its last state said. */
	if (!p->config.plain && id->node == p->config.node && id->epoch == p->epoch)
		return false;
	if (!p->config.plain || stream == e->own)
		return true;
	return !rr_origin_up(e, e->stream[stream].id) && lowest(e);
}

bool rr_peer_ours(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	return rr_peer_concerns(e, p, stream) &&
	       (p->config.plain || stream == e->own || p->link[stream].active);
}

/*
 * What we can give a peer of a stream: what we hold of it. A plain peer is told of no claims: of a
 * stream that is not our own it gets all that is here, also beyond a gap that nobody may close any
 * more (what comes into the gap later: refused.h).
 */
struct rr_cover rr_peer_whole(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	const struct rr_stream *s = &e->stream[stream];
	const struct rr_entry *last;

	if (!p->config.plain || stream == e->own)
		return s->cover;
	last = rr_tree_last(s->root);
	return (struct rr_cover){.watermark = last && last->time > s->cover.watermark
						      ? last->time
						      : s->cover.watermark};
}

/* Moves x to the end of what s holds, or *to to its start, as s lies. True: x has moved. */
static bool step(struct rr_span s, uint64_t *x, uint64_t *to)
{
	if (s.from <= *x && *x < s.to) {
		*x = s.to;
		return true;
	}
	if (s.from > *x && s.from < *to && s.from < s.to)
		*to = s.from;
	return false;
}

/* One look at everything that need not be sent. */
static bool step_all(const struct rr_peer *p, uint16_t stream, uint64_t *x, uint64_t *to)
{
	const struct rr_cover *c = &p->link[stream].cover;
	bool moved = false;

	for (uint32_t i = 0; i < rr_cover_pieces(c); i++)
		moved |= step(rr_cover_piece(c, i), x, to);
	for (uint32_t i = 0; i < p->slots; i++) {
		const struct rr_slot *s = &p->slot[i];

		if (s->state != RR_SLOT_FREE && s->stream == stream)
			moved |= step(s->span, x, to);
	}
	return moved;
}

/* The first piece of `whole` that the peer does not hold and that is in no slot. */
static bool gap_beside_slots(
	const struct rr_peer *p, uint16_t stream, const struct rr_cover *whole, struct rr_span *gap)
{
	for (uint32_t i = 0; i < rr_cover_pieces(whole); i++) {
		struct rr_span piece = rr_cover_piece(whole, i);
		uint64_t x = piece.from, to;

		do
			to = piece.to;
		while (x < piece.to && step_all(p, stream, &x, &to));
		if (x < piece.to) {
			*gap = (struct rr_span){x, to};
			return true;
		}
	}
	return false;
}

bool rr_peer_gap(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream, bool slots,
	struct rr_span *gap)
{
	struct rr_cover ours;

	if (!p->config.plain && (!slots || p->flying + p->parked == 0))
		return rr_cover_gap(&p->link[stream].cover, &e->stream[stream].cover, 0, gap);
	ours = rr_peer_whole(e, p, stream);
	if (slots && p->flying + p->parked > 0)
		return gap_beside_slots(p, stream, &ours, gap);
	return rr_cover_gap(&p->link[stream].cover, &ours, 0, gap);
}

bool rr_peer_got_elsewhere(const struct rr_peer *p, uint16_t stream, const struct rr_cover *said)
{
	struct rr_span piece;

	return gap_beside_slots(p, stream, said, &piece);
}

bool rr_peer_lacks(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	return !rr_cover_includes(&p->link[stream].cover, &e->stream[stream].cover);
}

bool rr_peer_lacks_of(const struct rr_peer *p, uint16_t stream, struct rr_span *span)
{
	const struct rr_cover *c = &p->link[stream].cover;
	uint64_t x = span->from, to;
	bool moved;

	do {
		to = span->to;
		moved = false;
		for (uint32_t i = 0; i < rr_cover_pieces(c); i++)
			moved |= step(rr_cover_piece(c, i), &x, &to);
	} while (moved && x < span->to);
	if (x >= span->to)
		return false;
	*span = (struct rr_span){x, to};
	return true;
}

/* Entries in what we hold of a stream, less those in what the peer holds of that. */
static uint64_t missed_of(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	struct rr_cover ours = rr_peer_whole(e, p, stream);
	const struct rr_cover *theirs = &p->link[stream].cover;
	const struct rr_entry *root = e->stream[stream].root;
	uint64_t n = 0;

	for (uint32_t i = 0; i < rr_cover_pieces(&ours); i++) {
		struct rr_span a = rr_cover_piece(&ours, i);

		n += rr_tree_count(root, a);
		for (uint32_t k = 0; k < rr_cover_pieces(theirs); k++) {
			struct rr_span b = rr_cover_piece(theirs, k);

			b.from = b.from > a.from ? b.from : a.from;
			b.to = b.to < a.to ? b.to : a.to;
			n -= rr_tree_count(root, b);
		}
	}
	return n;
}

/* What it refused, less what is not claimed yet, and so counts as missed anyway. */
static uint64_t refused_but_claimed(const struct rr_peer *p)
{
	uint64_t n = 0;

	for (uint32_t i = 0; p->refusals.count && i < p->slots; i++)
		n += p->slot[i].bare ? p->slot[i].changes : 0;
	return n < p->refusals.count ? p->refusals.count - n : 0;
}

uint64_t rr_peer_missed(const struct rr_engine *e, const struct rr_peer *p)
{
	uint64_t n = 0;

	for (uint16_t s = 0; s < e->top; s++)
		if (rr_peer_concerns(e, p, s))
			n += missed_of(e, p, s);
	return n + refused_but_claimed(p);
}

/* Wall ms of the oldest change that the peer lacks of this stream, or of `now` where there is none.
 */
static uint64_t oldest_missed(
	const struct rr_engine *e, struct rr_now now, const struct rr_peer *p, uint16_t stream)
{
	const struct rr_entry *x;
	struct rr_span gap;

	if (!rr_peer_gap(e, p, stream, false, &gap))
		return now.wall_ms;
	x = rr_tree_after(e->stream[stream].root, gap.from);
	if (!x || x->time > gap.to || rr_hlc_ms(x->time) > now.wall_ms)
		return now.wall_ms;
	return rr_hlc_ms(x->time);
}

uint64_t rr_peer_lag(
	const struct rr_engine *e, struct rr_now now, const struct rr_peer *p, bool ours_only)
{
	uint64_t oldest = now.wall_ms;

	for (uint16_t s = 0; s < e->top; s++) {
		uint64_t t;

		if (ours_only ? !rr_peer_ours(e, p, s) : !rr_peer_concerns(e, p, s))
			continue;
		t = oldest_missed(e, now, p, s);
		oldest = t < oldest ? t : oldest;
	}
	return now.wall_ms - oldest;
}

/* What we send ourselves is under way or there; what others send it, we hear of a ping later. */
bool rr_peer_covered(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	struct rr_span gap;

	if (p->parked || p->refusals.count)
		return false;
	for (uint16_t s = 0; s < e->top; s++)
		if (rr_peer_ours(e, p, s) && rr_peer_gap(e, p, s, true, &gap))
			return false;
	return rr_peer_lag(e, now, p, false) <= 2 * (uint64_t)e->config.ping_interval;
}
