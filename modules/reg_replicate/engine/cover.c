/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic of half-open spans (from, to]; see cover.h. */
#include <string.h>

#include "cover.h"

/* Moves the watermark over the early spans that it has reached. */
static void absorb(struct rr_cover *c)
{
	uint32_t gone = 0;

	while (gone < c->n && c->early[gone].from <= c->watermark) {
		if (c->early[gone].to > c->watermark)
			c->watermark = c->early[gone].to;
		gone++;
	}
	c->n -= gone;
	memmove(c->early, c->early + gone, c->n * sizeof(c->early[0]));
}

/* Puts s, which touches none of the early spans, among them. */
static bool insert(struct rr_cover *c, struct rr_span s)
{
	uint32_t at = 0;

	while (at < c->n && c->early[at].from < s.from)
		at++;
	if (at == RR_EARLY)
		return false;
	bool full = c->n == RR_EARLY;
	uint32_t moved = c->n - at - (full ? 1 : 0);

	memmove(c->early + at + 1, c->early + at, moved * sizeof(c->early[0]));
	c->early[at] = s;
	if (!full)
		c->n++;
	return !full;
}

/* Takes out the early spans that s touches or overlaps, and widens s by them. */
static void swallow(struct rr_cover *c, struct rr_span *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		struct rr_span x = c->early[i];

		if (x.to < s->from || x.from > s->to) {
			c->early[kept++] = x;
			continue;
		}
		if (x.from < s->from)
			s->from = x.from;
		if (x.to > s->to)
			s->to = x.to;
	}
	c->n = kept;
}

bool rr_cover_add(struct rr_cover *c, struct rr_span s)
{
	if (s.from >= s.to || s.to <= c->watermark)
		return true;
	if (s.from <= c->watermark) {
		c->watermark = s.to;
		absorb(c);
		return true;
	}
	swallow(c, &s);
	return insert(c, s);
}

bool rr_cover_has(const struct rr_cover *c, struct rr_span s)
{
	if (s.from >= s.to || s.to <= c->watermark)
		return true;
	for (uint32_t i = 0; i < c->n; i++)
		if (c->early[i].from <= s.from && s.to <= c->early[i].to)
			return true;
	return false;
}

bool rr_cover_equal(const struct rr_cover *a, const struct rr_cover *b)
{
	if (a->watermark != b->watermark || a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->early[i].from != b->early[i].from || a->early[i].to != b->early[i].to)
			return false;
	return true;
}

/* What is left of s after the pieces of c, which stand in order, have been cut off its front. */
static bool first_left(const struct rr_cover *c, struct rr_span s, struct rr_span *gap)
{
	for (uint32_t i = 0; i < rr_cover_pieces(c) && s.from < s.to; i++) {
		struct rr_span x = rr_cover_piece(c, i);

		if (x.from <= s.from && x.to > s.from)
			s.from = x.to;
		else if (x.from > s.from && x.from < s.to)
			s.to = x.from;
	}
	*gap = s;
	return s.from < s.to;
}

bool rr_cover_gap(
	const struct rr_cover *c, const struct rr_cover *whole, uint64_t start, struct rr_span *gap)
{
	for (uint32_t i = 0; i < rr_cover_pieces(whole); i++) {
		struct rr_span piece = rr_cover_piece(whole, i);

		if (piece.from < start)
			piece.from = start;
		if (first_left(c, piece, gap))
			return true;
	}
	return false;
}

bool rr_cover_includes(const struct rr_cover *whole, const struct rr_cover *part)
{
	struct rr_span gap;

	return !rr_cover_gap(whole, part, 0, &gap);
}

void rr_cover_merge(struct rr_cover *c, const struct rr_cover *other)
{
	for (uint32_t i = 0; i < rr_cover_pieces(other); i++)
		rr_cover_add(c, rr_cover_piece(other, i));
}

bool rr_cover_empty(const struct rr_cover *c)
{
	return c->watermark == 0 && c->n == 0;
}

bool rr_cover_valid(const struct rr_cover *c)
{
	uint64_t end = c->watermark;

	if (c->n > RR_EARLY)
		return false;
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->early[i].from <= end || c->early[i].to <= c->early[i].from)
			return false;
		end = c->early[i].to;
	}
	return true;
}
