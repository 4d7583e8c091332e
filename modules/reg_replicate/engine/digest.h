/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding what claims cannot: tables that differ although their covers are equal.
 *
 * Each entry of a stream counts as a 64-bit hash of (key, stamp). The entries fall into
 * RR_LEAVES leaves by a hash of their key that is the same on all nodes (id); a leaf is the xor of
 * what is in it, the root the xor of all, so that a change costs O(1). Leaves are looked at in
 * groups:
 *
 *	ping     root, and the leaves of one group, going round the groups that may differ
 *	answer   root, and if the roots differ, 32 bits of the sum of each group: where to look
 *
 * A leaf that differs is only suspect, for changes are under way all the time. So a few groups are
 * shown in several rounds, then the next few. When a round begins, the hearer notes the covers of
 * both sides. A suspect that still has both its values in a later round, when each side holds what
 * the other held then, has truly diverged. Then the two exchange, page by page, which (id, stamp)
 * they have of it, and each sends, without a claim, what the other lacks or has older.
 */
#ifndef RR_DIGEST_H
#define RR_DIGEST_H

#include "entry.h"

#define RR_SUSPECTS 64 /* per peer; when there are more, the oldest has to wait */
#define RR_TASKS    8  /* leaves being repaired at a time, per peer */
#define RR_WANTED   64 /* entries to be sent to a peer as a repair */
#define RR_LOOK     4  /* groups shown before the next ones have their turn ... */
#define RR_ROUNDS   3  /* ... and how often */
/* Pings: until then others complete what somebody claims before he has it, and what expires a
 * second earlier here than there has done so everywhere. */
#define RR_SUSPECT_AGE 6

struct rr_engine;
struct rr_peer;
struct rr_slot;

struct rr_digest {
	uint64_t root;
	uint32_t rounds; /* shown so far, to all peers */
	uint64_t leaf[RR_LEAVES];
	struct rr_entry *first[RR_LEAVES]; /* what is in it */
};

struct rr_suspect {
	bool used, old; /* old: found before the covers were noted */
	uint16_t leaf;
	uint64_t ours, theirs;
	uint64_t since; /* mono ms */
};

struct rr_task {
	bool used, flying;
	uint16_t leaf;
	uint64_t from; /* the ids below have been dealt with */
};

/* What is known of one peer's digest. */
struct rr_scrub {
	uint64_t theirs;  /* its root */
	bool told, equal; /* its root is known; was that of ours at that time */
	uint32_t unequal; /* answers in a row with our covers but another root */
	uint32_t pings;   /* since the digest was told last */
	bool differs[RR_GROUPS];
	uint16_t look[RR_LOOK], looks, at; /* groups being shown, the next of them */
	uint16_t cursor;                   /* where to look for the next groups */
	uint32_t round, pass;              /* the number of ours; rounds with these groups */
	uint32_t heard;                    /* the peer's round */
	struct rr_suspect suspect[RR_SUSPECTS];
	struct rr_task task[RR_TASKS];
	uint64_t wanted[RR_WANTED]; /* ids to be sent */
	uint32_t wanted_n;
};

/* The hash of a key, the same on all nodes. */
uint64_t rr_digest_id(const struct rr_engine *e, const struct rr_key *key);
/* Adds x to the digest, or takes it out: the same time and stream as when it was added. */
void rr_digest_join(struct rr_engine *e, struct rr_entry *x);
void rr_digest_leave(struct rr_engine *e, struct rr_entry *x);

/* Digest in our ping to p; in our answer to a ping of theirs. */
void rr_digest_ping(struct rr_engine *e, struct rr_peer *p, struct rr_state *out);
void rr_digest_answer(const struct rr_engine *e, const struct rr_state *ping, struct rr_state *out);
/* What p said in its ping; in its answer to ours. */
void rr_digest_heard(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, const struct rr_state *ping);
void rr_digest_told(struct rr_engine *e, struct rr_peer *p, const struct rr_state *answer);

/* Is there something to repair at p? An entry to be sent, or else a page to be exchanged. */
bool rr_digest_due(const struct rr_peer *p);
const struct rr_entry *rr_digest_wanted(const struct rr_engine *e, struct rr_peer *p);
struct rr_task *rr_digest_task(struct rr_peer *p);
/* Our page, from that id on, for a request. */
void rr_digest_ask(
	const struct rr_engine *e, uint16_t leaf, uint64_t from, struct rr_told_leaf *out);
/* A page of p's, and ours for the answer (with told = false: no room to deal with it now). */
void rr_digest_asked(struct rr_engine *e, struct rr_peer *p, const struct rr_told_leaf *page,
	struct rr_told_leaf *out);
/* The answer to our page; NULL: there was none. */
void rr_digest_page(struct rr_engine *e, struct rr_peer *p, const struct rr_slot *s,
	const struct rr_told_leaf *page);

#endif
