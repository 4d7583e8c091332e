/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer refuses: changes that it answered with 4xx or 6xx, one by one. They must not block
 * the rest, however many there are. So once a change was refused, the piece of its stream is
 * claimed without it: the peer knows that it has refused it. Here the entry is marked, with a bit
 * for each peer, so it is counted and listed as missed, and the peer is not in sync. It is offered
 * again now and then, without a claim, until the peer takes it or something newer takes its place.
 * A mark is a cache like all that we think of a peer: where it is lost, the digest finds
 * what the peer lacks, sends it, and it is refused and marked again.
 *
 * To a plain peer nothing is offered again that it refused, until it comes back or is
 * resynchronised. But it has no digest; so what comes here late, behind what it is taken to hold,
 * is marked too (code 0), and offered at once.
 */
#ifndef RR_REFUSED_H
#define RR_REFUSED_H

#include "entry.h"

#define RR_RETRIES     4 /* entries offered again at a time; each one that is taken lets one follow */
#define RR_RETRY_PINGS 16 /* ping intervals between that */

struct rr_engine;
struct rr_peer;

/* What is known of a peer. */
struct rr_refusals {
	uint16_t bit;    /* of it in rr_entry.refused */
	uint32_t count;  /* entries so marked */
	uint32_t offers; /* how many may be offered again now */
	uint64_t at;     /* mono ms at which some may again */
	uint16_t stream; /* the one offered last */
	uint64_t time;
};

/* 4xx, 6xx, or too large for any message: it will not take this one, but others. */
bool rr_refusal(int code);
/* A bit that no peer has and no mark. Where each of 16 peers has one, or marks of former ones, it
 * is made by wiping them all out: O(refused * log entries). */
uint16_t rr_refused_bit(struct rr_engine *e);
/* p refuses x: counted and told if that is new. */
void rr_refused_mark(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_entry *x, int code);
/* x has just come: is it behind what a plain peer is taken to hold of its stream? */
void rr_refused_late(struct rr_engine *e, struct rr_now now, struct rr_entry *x);
/* It has taken x. It has taken all of this span. What it refused is to be sent as if it never had
 * been; the bit of such marks is used no more, and ticks wipe them out little by little. */
void rr_refused_taken(struct rr_engine *e, struct rr_peer *p, struct rr_entry *x);
void rr_refused_taken_all(
	struct rr_engine *e, struct rr_peer *p, uint16_t stream, struct rr_span span);
void rr_refused_forget(struct rr_engine *e, struct rr_peer *p);
/* A mark that means nothing any more is wiped out for each of *looks, which counts down. */
void rr_refused_wipe(struct rr_engine *e, uint32_t *looks);
/* x is about to leave its stream. */
void rr_refused_leave(struct rr_engine *e, struct rr_entry *x);

/* Is there one to be offered again? The next of them, or NULL. All of them may be. */
bool rr_refused_due(struct rr_now now, const struct rr_peer *p);
const struct rr_entry *rr_refused_offer(struct rr_engine *e, struct rr_now now, struct rr_peer *p);
void rr_refused_offer_all(struct rr_peer *p);

#endif
