/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to forget an entry: a wheel of one slot a second. An entry lies in the slot of the second in
 * which nobody needs it any more (keep): then it leaves the tree of its stream. After that, in
 * that of the second in which its stamp is forgotten too (keep + RR_GRACE). What is due a lap or
 * more later stays where it is when the hand passes.
 *
 * A slot may hold any number of entries, so that looking at it can be interrupted: what has been
 * looked at and is not due goes to a list beside it, which takes its place in the end.
 */
#ifndef RR_WHEEL_H
#define RR_WHEEL_H

#include "entry.h"

#define RR_SLOTS 4096
/* Seconds that an entry outlives its `keep`: seconds-left may have been under way for as long as
 * a transaction lives (64 * T1), and usrloc removes what expired on a timer of its own. */
#define RR_GRACE 60

struct rr_wheel {
	uint64_t hand; /* wall second up to which all has been looked at */
	struct rr_entry *slot[RR_SLOTS];
	struct rr_entry *later; /* of slot hand + 1: looked at, and not due */
};

/* By e->keep, and whether it is in a tree; 0 is never due and is put nowhere. Takes e from where it
 * was before. */
void rr_wheel_put(struct rr_wheel *w, struct rr_entry *e);
void rr_wheel_take(struct rr_entry *e);
/* An entry that is due at that wall second, taken out; NULL: no more, or *looks is 0, which counts
 * down with each entry that is looked at. Walks at most one lap, and only forward; a clock set back
 * makes the hand wait with it. */
struct rr_entry *rr_wheel_due(struct rr_wheel *w, uint64_t second, uint32_t *looks);

#endif
