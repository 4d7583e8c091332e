/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we know of a peer. All of it is a cache or a matter of pace: what the peer holds is
 * told by the peer in each answer, and a message that is lost simply stays missing from it.
 *
 * - link: per stream, what the peer holds, and whether somebody has to complete it there.
 * - slot: a span that must not be sent now: in flight, or parked after a failure until its
 *   time comes. (Or what repairs: an entry, or a page of a leaf.)
 * What is to be sent next is the first piece that we hold, that the peer does not, and that is in
 * no slot; so nothing is twice in flight, and a failure needs no undoing.
 * - state: see the table in peer.c, drawn in doc/engine.md.
 */
#ifndef RR_PEER_H
#define RR_PEER_H

#include "digest.h"
#include "engine.h"
#include "refused.h"

#define RR_PARKED           32     /* slots for failed spans, per peer */
#define RR_BACKOFF_MAX      6      /* pauses double up to 64 times a ping interval */
#define RR_LIMIT_PAUSE      600000 /* ms after which a limit of changes per message doubles */
#define RR_CLOCK_STATES     16 /* after so many slow states it is believed that they are not slow */
#define RR_FEW              20 /* changes for which a message waits a little longer */
#define RR_PING_BACKOFF_MAX 8  /* intervals: the longest pause between pings to a down peer */
#define RR_PING_OUTAGE      8  /* ... which is that part of the time for which it has been down */

struct rr_link {
	struct rr_cover cover;
	uint64_t again;  /* up to here it gets everything again, whatever it says; 0: nothing */
	uint64_t newest; /* the latest of our messages whose answer told the cover */
	uint64_t heard;  /* mono ms of that answer */
	uint64_t since;  /* mono ms since which it lags without moving */
	struct rr_cover noted_ours, noted_theirs; /* see digest.h */
	uint64_t sent;                            /* mono ms of our last message about it */
	uint64_t offered; /* up to this time, what is loose was offered to it (restore.c) */
	bool more;        /* that message had no room for all */
	bool lagging;
	bool active; /* it is for us to complete it now */
};

enum rr_slot_state {
	RR_SLOT_FREE,
	RR_SLOT_FLYING,
	RR_SLOT_PARKED,
};

struct rr_slot {
	uint8_t state;
	bool bare;         /* claimed without the changes that are in it: they were refused */
	bool page;         /* RR_NO_STREAM: of the leaf `key`, ids from span.from on */
	uint16_t stream;   /* RR_NO_STREAM: a repair, an offer, or a page of a leaf */
	uint32_t attempts; /* that failed */
	uint32_t key;      /* plain peers: hash of the key that it carried, 0: none; a repair or an
			    * offer: index of the stream, its time in `span` */
	uint32_t changes;  /* that it carried; of a bare one, those that were refused */
	int code;          /* of the last failure */
	uint64_t token;
	uint64_t due; /* mono ms: flying: counts as failed; parked: is sent again */
	struct rr_span span;
};

struct rr_peer {
	struct rr_peer_config config;
	enum rr_peer_state state;
	uint64_t since_wall;
	uint64_t epoch, bindings;
	uint32_t body;    /* bytes of the largest body it takes; 0: none */
	uint32_t limit;   /* changes per message, after larger ones were lost; 0: as configured */
	uint64_t limited; /* mono ms at which that began, or was last raised */
	enum rr_role role;
	int64_t clock_ms;
	/* Its monotonic clock minus ours, less what its fastest words took: of the last states (up
	 * to RR_CLOCK_STATES of them) and of those before. */
	int64_t mono_ahead[2];
	uint32_t mono_states; /* that count in the first; 0: nothing is known */

	uint64_t first_token;        /* what was sent before was sent to another peer of that id */
	uint64_t ping_token;         /* 0: none under way */
	uint64_t ping_sent, ping_at; /* mono ms */
	uint64_t down_since;         /* mono ms */
	uint32_t ping_failures;      /* in a row */
	uint32_t rtt_ms;
	bool was_up;
	bool suspect;  /* a message timed out: no changes until it gives a sign of life */
	uint64_t hold; /* mono ms: no changes before, too many of them are parked */

	uint32_t flying, parked, slots;
	struct rr_slot *slot;
	uint16_t turn; /* the stream after the one served last */
	uint64_t sent, acked, failed, rejected;
	int last_code;
	struct rr_refusals refusals;
	struct rr_scrub scrub;
	struct rr_link link[RR_MAX_STREAMS];
};

/* What happens to a peer. */
enum rr_peer_input {
	RR_IN_ANSWER,  /* it answered: the way there and back is open */
	RR_IN_KNOCK,   /* it sent something; whether it hears us is not known */
	RR_IN_STATE,   /* what it holds is known */
	RR_IN_COVERED, /* it lacks nothing */
	RR_IN_BEHIND,  /* it has lacked something for longer than sending takes */
	RR_IN_SILENT,  /* down_after pings failed (plain: or a message did) */
	RR_IN_RESTART, /* it lives a new life */
	RR_IN_DISABLE, /* the operator wants it so */
	RR_IN_ENABLE,
	RR_IN_MAX
};
void rr_peer_input(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, enum rr_peer_input input);
/* After its cover has changed: does it lack anything? full: the cover is what it said now in full,
 * so that streams which lag without moving are ours to complete after a while. */
void rr_peer_review(struct rr_engine *e, struct rr_now now, struct rr_peer *p, bool full);
/* A ping was not answered, or not as it should. */
void rr_peer_ping_failed(struct rr_engine *e, struct rr_now now, struct rr_peer *p, int code);

struct rr_peer *rr_peer_find(const struct rr_engine *e, uint32_t node);
/* 0, RR_ENOENT, or RR_EDISABLED; *out is set only with 0. */
int rr_peer_heard(const struct rr_engine *e, uint32_t node, struct rr_peer **out);
static inline bool rr_peer_up(const struct rr_peer *p)
{
	return p->state > RR_PEER_DOWN;
}
/* The next ping is due at once. */
void rr_peer_ping_now(struct rr_now now, struct rr_peer *p);
/* The stream has been dropped. */
void rr_peer_drop_stream(struct rr_peer *p, uint16_t stream);
/* What there is to give it of a stream. */
struct rr_cover rr_peer_whole(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream);
/* Is it for us to send this stream to that peer, at the first sight of a lack? */
bool rr_peer_ours(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream);
/* The first piece that we hold and the peer does not; slots: nor is it in a slot. */
bool rr_peer_gap(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream, bool slots,
	struct rr_span *gap);
/* Before it is taken for true: does the peer say that it holds what it did not hold, and what is in
 * none of our slots? Then somebody else has sent it that. */
bool rr_peer_got_elsewhere(const struct rr_peer *p, uint16_t stream, const struct rr_cover *said);
/* Somebody else sends it a stream that we complete: one of both stops. */
void rr_peer_give_way(
	const struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t stream);
/* Is the node up that makes this stream now? */
bool rr_origin_up(const struct rr_engine *e, struct rr_stream_id id);
/* Does it lack anything of this stream? */
bool rr_peer_lacks(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream);
/* Shortens a span to the first piece of it that the peer lacks; false: it lacks nothing of it. */
bool rr_peer_lacks_of(const struct rr_peer *p, uint16_t stream, struct rr_span *span);
/* Does it lack nothing, but for what is under way? */
bool rr_peer_covered(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p);
/* Does this stream concern it: live, and for a plain peer, ours to send? */
bool rr_peer_concerns(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream);
uint64_t rr_peer_missed(const struct rr_engine *e, const struct rr_peer *p);
/* Age in ms of the oldest change that it lacks, of those that are for us to send, or of all. */
uint64_t rr_peer_lag(
	const struct rr_engine *e, struct rr_now now, const struct rr_peer *p, bool ours_only);
/* Fails what has been under way for too long (answer.c). */
void rr_peer_timeouts(struct rr_engine *e, struct rr_now now, struct rr_peer *p);
/* Its slots. There is always a free one while less than the window is in flight. */
struct rr_slot *rr_slot_unused(struct rr_peer *p);
struct rr_slot *rr_slot_find(const struct rr_peer *p, uint64_t token);
void rr_slot_set(struct rr_peer *p, struct rr_slot *s, enum rr_slot_state state);
void rr_slots_clear(struct rr_peer *p);
/* +-25% around ms. */
uint64_t rr_jitter(struct rr_engine *e, uint64_t ms);

#endif
