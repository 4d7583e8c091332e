/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One binding as the engine knows it: set, or a tombstone. It is linked into four
 * structures at once, all intrusive, so that a change allocates nothing but the entry:
 * the hash table (by key), the ordered tree of its stream (by time), the leaf of the digest
 * (by id), the wheel (by keep).
 * 104 bytes and the key.
 */
#ifndef RR_ENTRY_H
#define RR_ENTRY_H

#include "types.h"

struct rr_entry {
	struct rr_entry *chain;        /* table: next in the bucket */
	struct rr_entry *left, *right; /* tree */
	struct rr_entry *next,
		**prev; /* wheel: next of the slot, what points to us; NULL: not in */
	struct rr_entry *leaf_next, **leaf_prev; /* digest: what shares its leaf, while in a tree */
	uint64_t time;                           /* of the stamp; node and epoch are the stream's */
	uint64_t id;                             /* hash of the key, the same on all nodes */
	uint32_t count;                          /* tree: entries in this subtree; 0: in none */
	uint32_t hash;                           /* table */
	uint32_t expires, keep;                  /* wall seconds, 0: never; see struct rr_change */
	uint16_t stream;                         /* index of the stream */
	uint16_t aor_len, contact_len, callid_len;
	/* Peers that refuse it (refused.h), as bits; in this subtree, too; the code of the last. */
	uint16_t refused, refused_below, code;
	uint8_t domain, kind;
	char text[]; /* AoR, contact, Call-ID, not terminated */
};

#endif
