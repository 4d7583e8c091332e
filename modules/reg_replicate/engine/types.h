/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the protocol as C types: shared by the engine, the wire format
 * and whoever uses them. Nothing here allocates; strings point to memory of
 * whoever made the struct.
 */
#ifndef RR_TYPES_H
#define RR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RR_EARLY       8    /* spans kept beyond a gap, per stream */
#define RR_MAX_STREAMS 64   /* streams known at a time, see counter `stream_limit` */
#define RR_MAX_PEERS   16   /* peers */
#define RR_LEAVES      4096 /* of the digest */
#define RR_GROUP       32   /* leaves of a group */
#define RR_GROUPS      (RR_LEAVES / RR_GROUP)
#define RR_PAIRS       24 /* entries of a leaf in a message */
#define RR_MAX_DOMAINS 8
#define RR_BATCH_MAX   1000 /* changes per message */
#define RR_KEY_MAX     2048 /* bytes of AoR + contact + Call-ID of one key */

/* What functions return: 0, or one of these. */
#define RR_ERRORS(X)                                                                               \
	X(ENOMEM, "out of memory")                                                                 \
	X(ENOENT, "not known")                                                                     \
	X(EINVAL, "not a valid value")                                                             \
	X(EFULL, "limit reached")                                                                  \
	X(EEXIST, "exists already")                                                                \
	X(EDISABLED, "disabled")

enum rr_error {
	RR_OK = 0,
	RR_ERROR_BASE = -100,
#define X(name, text) RR_##name,
	RR_ERRORS(X)
#undef X
};

/* Time as the caller sees it. wall: since 1970; mono: never goes back. */
struct rr_now {
	uint64_t wall_ms;
	uint64_t mono_ms;
};

/* A string with its length; not terminated. */
struct rr_str {
	const char *s;
	uint32_t len;
};

/* The identity of a binding: the same on every node. */
struct rr_key {
	uint8_t domain;        /* index in the caller's list of usrloc domains */
	struct rr_str aor;     /* as usrloc stores it */
	struct rr_str contact; /* contact URI */
	struct rr_str callid;  /* empty unless usrloc matches on it */
};

/* A stream: all that one life (epoch) of one node accepted first. */
struct rr_stream_id {
	uint32_t node;
	uint64_t epoch;
};

/* The one order of changes: (time, node, epoch). time is a hybrid logical clock:
 * 48 bits of milliseconds since 1970, 16 bits of counter. */
struct rr_stamp {
	uint64_t time;
	struct rr_stream_id stream;
};

#define RR_HLC_BITS     16
#define rr_hlc(ms)      ((uint64_t)(ms) << RR_HLC_BITS)
#define rr_hlc_ms(time) ((time) >> RR_HLC_BITS)

/* The piece (from, to] of a stream. */
struct rr_span {
	uint64_t from, to;
};

/* What a node holds of one stream: all up to the watermark, and a few spans that
 * arrived early, beyond a gap: disjoint, not touching, in order. */
struct rr_cover {
	uint64_t watermark;
	uint32_t n;
	struct rr_span early[RR_EARLY];
};

enum rr_kind {
	RR_NONE,    /* no change: a bare claim */
	RR_SET,     /* the binding is there */
	RR_REMOVED, /* it has been removed: a tombstone */
};

/* The latest state of a binding, without its payload (that is in usrloc). */
struct rr_change {
	struct rr_key key;
	struct rr_stamp stamp;
	enum rr_kind kind;
	/* Wall seconds at which the binding expires; 0: never. */
	uint32_t expires;
	/* Wall seconds up to which the stamp has to be remembered: at least `expires`, and for
	 * a tombstone when the last of what it removed would have expired. 0: as `expires`. */
	uint32_t keep;
};

/* What a node is for, as failover tools tell it; the engine only passes it on. */
#define RR_ROLES(X)                                                                                \
	X(UNKNOWN, "unknown") /* nobody has told */                                                \
	X(ACTIVE, "active")                                                                        \
	X(STANDBY, "standby")

enum rr_role {
#define X(name, text) RR_ROLE_##name,
	RR_ROLES(X)
#undef X
	RR_ROLE_MAX
};

/* A stream and what a node holds of it. */
struct rr_vector_item {
	struct rr_stream_id stream;
	struct rr_cover cover;
};

/* What a node tells of its digest (digest.h). round 0: no leaves; sums: whether there are any. */
struct rr_told_digest {
	bool told, sums;
	uint16_t group;
	uint32_t round;
	uint64_t root;
	uint64_t leaf[RR_GROUP];
	uint32_t sum[RR_GROUPS];
};

/* A binding by the hash of its key, and its stamp. gone: removed or expired. */
struct rr_pair {
	uint64_t id;
	struct rr_stamp stamp;
	bool gone;
};

/* All that a node has of a leaf, of the ids in [from, to]. */
struct rr_told_leaf {
	bool told;
	uint16_t leaf;
	uint64_t from, to;
	uint32_t n;
	struct rr_pair pair[RR_PAIRS];
};

/* What a node tells about itself: in OPTIONS and its answer in full, in the answers to
 * changes only the streams concerned (part). */
struct rr_state {
	uint32_t node;
	uint64_t epoch;
	uint64_t clock;    /* hybrid logical clock, 0: not told */
	uint64_t wall;     /* ms since 1970, 0: not told; set by who sends it */
	uint64_t at;       /* the node's monotonic ms when it wrote this, 0: not told */
	uint64_t bindings; /* 0 where part */
	uint32_t body;     /* bytes of the largest body it takes; 0: none, or not told (part) */
	enum rr_role role; /* not where part */
	bool part;         /* streams not listed are not told, instead of not held */
	struct rr_told_digest digest;
	struct rr_told_leaf leaf;
	uint32_t n;
	struct rr_vector_item vector[RR_MAX_STREAMS];
};

static inline bool rr_same_stream(struct rr_stream_id a, struct rr_stream_id b)
{
	return a.node == b.node && a.epoch == b.epoch;
}

/* < 0, 0, > 0 as a is older than, the same as, newer than b. */
static inline int rr_stamp_cmp(struct rr_stamp a, struct rr_stamp b)
{
	if (a.time != b.time)
		return a.time < b.time ? -1 : 1;
	if (a.stream.node != b.stream.node)
		return a.stream.node < b.stream.node ? -1 : 1;
	if (a.stream.epoch != b.stream.epoch)
		return a.stream.epoch < b.stream.epoch ? -1 : 1;
	return 0;
}

#endif
