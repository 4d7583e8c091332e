/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The streams that are known, in a fixed table: who made it, what we hold of it, and its
 * entries in order. A stream is live while it has entries, is our own present one, or the present
 * one of a peer; only live ones are told to peers and completed at them. One that is not live and
 * that nobody has mentioned for a while is dropped.
 */
#ifndef RR_STREAM_H
#define RR_STREAM_H

#include "entry.h"

#define RR_NO_STREAM UINT16_MAX

struct rr_stream {
	struct rr_stream_id id; /* node 0: free */
	struct rr_cover cover;  /* what we hold */
	struct rr_entry *root;  /* its entries, by time */
	uint64_t touched;       /* mono ms when it was last heard of */
	uint64_t loose;         /* time of the last entry that came from disk; 0: none did */
};

struct rr_engine;

/* Index of a stream, or RR_NO_STREAM. */
uint16_t rr_stream_find(const struct rr_engine *e, struct rr_stream_id id);
/* The same, making it if need be; RR_NO_STREAM (counted, told) when there are too many. */
uint16_t rr_stream_get(struct rr_engine *e, struct rr_now now, struct rr_stream_id id);
bool rr_stream_live(const struct rr_engine *e, uint16_t index);
/* Drops those that are not live and have not been mentioned for RR_STREAM_IDLE pings. */
void rr_stream_collect(struct rr_engine *e, struct rr_now now);
/* Would the engine have to refuse stamps and claims of this stream? */
bool rr_stream_valid(struct rr_stream_id id);

#define RR_STREAM_IDLE 30

#endif
