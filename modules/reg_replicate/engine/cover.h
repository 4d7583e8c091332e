/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody holds of one stream (struct rr_cover): everything up to a watermark, and at
 * most RR_EARLY spans beyond a gap. The watermark only moves over spans without gaps; when
 * there is no place for another early span, the last one is dropped and will come again.
 */
#ifndef RR_COVER_H
#define RR_COVER_H

#include "types.h"

/* Adds a span; true if all of it is held now, false if something had to be dropped. */
bool rr_cover_add(struct rr_cover *c, struct rr_span s);
bool rr_cover_has(const struct rr_cover *c, struct rr_span s);
bool rr_cover_equal(const struct rr_cover *a, const struct rr_cover *b);
/* Is everything of `part` in `whole`? */
bool rr_cover_includes(const struct rr_cover *whole, const struct rr_cover *part);
void rr_cover_merge(struct rr_cover *c, const struct rr_cover *other);
/* The first piece beyond `start` that `whole` has and `c` lacks; false: there is none. */
bool rr_cover_gap(const struct rr_cover *c, const struct rr_cover *whole, uint64_t start,
	struct rr_span *gap);
bool rr_cover_empty(const struct rr_cover *c);
/* In order, not touching, beyond the watermark: as everything in here keeps it. */
bool rr_cover_valid(const struct rr_cover *c);

/* The i-th piece held, i < rr_cover_pieces(): the first is (0, watermark], maybe empty. */
static inline uint32_t rr_cover_pieces(const struct rr_cover *c)
{
	return c->n + 1;
}
static inline struct rr_span rr_cover_piece(const struct rr_cover *c, uint32_t i)
{
	return i == 0 ? (struct rr_span){0, c->watermark} : c->early[i - 1];
}

#endif
