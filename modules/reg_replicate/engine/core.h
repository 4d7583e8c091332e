/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's own struct: for the files of the engine only. */
#ifndef RR_CORE_H
#define RR_CORE_H

#include "engine.h"
#include "clock.h"
#include "cover.h"
#include "digest.h"
#include "hash.h"
#include "peer.h"
#include "refused.h"
#include "stream.h"
#include "table.h"
#include "tree.h"
#include "wait.h"
#include "wheel.h"

#define RR_EVENT_QUEUE 64

struct rr_engine {
	struct rr_config config;
	struct rr_memory memory;
	uint64_t clock; /* hybrid logical clock */
	uint64_t random;
	uint64_t token; /* the last one given out */
	enum rr_role role;
	uint16_t own;         /* index of our own stream */
	uint16_t refused_old; /* bits of marks that mean nothing any more: refused.h */
	uint32_t tombstones;
	uint32_t adopted; /* bindings found without a stamp */
	uint32_t peers;
	struct rr_peer *peer[RR_MAX_PEERS]; /* in the order of their ids */
	uint64_t counter[RR_C_MAX];
	uint32_t event_first, event_count;
	struct rr_event event[RR_EVENT_QUEUE];
	uint16_t top; /* places of streams in use, with free ones in between perhaps */
	struct rr_stream stream[RR_MAX_STREAMS];
	struct rr_digest digest;
	struct rr_table table;
	struct rr_wheel wheel;
	struct rr_waits waits;
};

#define rr_bump(e, name) ((e)->counter[RR_C_##name]++)

/* The binding of x (or a new one) is now as `change` says; change->stamp is of stream `stream`. 0,
 * or RR_ENOMEM: nothing has changed (engine.c). */
int rr_store(struct rr_engine *e, struct rr_now now, struct rr_entry *x, uint16_t stream,
	const struct rr_change *change);
/* Is there something that came back from disk and that nobody claims, to be offered to this peer
 * (restore.c)? The next such entry, once; NULL: none. */
bool rr_offer_due(const struct rr_engine *e, const struct rr_peer *p);
const struct rr_entry *rr_offer(const struct rr_engine *e, struct rr_peer *p);
/* If that was under way in this slot, nobody knows whether it arrived: again. */
void rr_offer_lost(struct rr_peer *p, const struct rr_slot *s);

void rr_event_push(struct rr_engine *e, enum rr_event_type type, uint32_t node, uint64_t number);

static inline struct rr_stamp rr_entry_stamp(const struct rr_engine *e, const struct rr_entry *x)
{
	return (struct rr_stamp){x->time, e->stream[x->stream].id};
}

static inline struct rr_change rr_entry_change(const struct rr_engine *e, const struct rr_entry *x)
{
	return (struct rr_change){
		.key = rr_entry_key(x),
		.stamp = rr_entry_stamp(e, x),
		.kind = x->kind,
		.expires = x->expires,
		.keep = x->keep,
	};
}

#endif
