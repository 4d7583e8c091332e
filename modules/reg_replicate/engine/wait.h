/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits until peers hold certain changes (synchronous mode): two lists, intrusive in what the
 * caller owns.
 *
 *	first <-> ... <-> last   those who wait, by deadline; at the end those not yet started
 *	over -> ...              those who need not wait any more, until the caller fetches them
 *
 * A waiter keeps the keys of its changes, not only their times: when a change is replaced before a
 * peer got it, that peer claims its time without ever having had anything of the binding; and so it
 * does when it refused the change. So what counts is the latest change of the binding that is known
 * here, and that the peer is not marked as refusing it.
 */
#ifndef RR_WAIT_H
#define RR_WAIT_H

#include "engine.h"

struct rr_noted {
	struct rr_noted *next;
	uint64_t time; /* in our own stream */
	uint32_t size; /* bytes allocated */
	struct rr_key key;
	char text[];
};

struct rr_waits {
	struct rr_wait *first, *last;
	struct rr_wait *over, *over_last;
	uint32_t started;
};

struct rr_peer;
/* The peer has told what it holds. */
void rr_waits_heard(struct rr_engine *e, const struct rr_peer *p);
/* Those for whom too few peers are left need not wait. */
void rr_waits_review(struct rr_engine *e);
/* Releases what all of them have noted. */
void rr_waits_free(struct rr_engine *e);

#endif
