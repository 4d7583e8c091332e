/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries by key. A hash table that grows by one bucket for each entry put in (linear
 * hashing), so that no single call ever pays for a table of a million: buckets live in
 * segments of RR_SEGMENT, and when no memory is left for another segment the chains get
 * longer and nothing else happens. It does not shrink.
 *
 *	directory  [s0][s1][s2][  ][  ]...
 *	            |
 *	            +-> segment: RR_SEGMENT chains of entries
 */
#ifndef RR_TABLE_H
#define RR_TABLE_H

#include "entry.h"

#define RR_SEGMENT   512
#define RR_DIRECTORY 4096 /* 2 million buckets */

struct rr_memory {
	void *(*alloc)(size_t size);
	void (*release)(void *p);
	uint64_t used; /* bytes allocated now */
};
void *rr_alloc(struct rr_memory *m, size_t size); /* cleared */
void rr_release(struct rr_memory *m, void *p, size_t size);

struct rr_table {
	uint64_t seed;
	uint32_t count;   /* entries */
	uint32_t buckets; /* in use, between base and 2 * base */
	uint32_t base;    /* a power of two */
	struct rr_entry **segment[RR_DIRECTORY];
};

int rr_table_init(struct rr_table *t, struct rr_memory *m, uint64_t seed);
/* Releases all entries too. */
void rr_table_free(struct rr_table *t, struct rr_memory *m);

bool rr_key_valid(const struct rr_key *key);
struct rr_entry *rr_table_find(const struct rr_table *t, const struct rr_key *key);
/* Adds an entry for a key that is not there; only the key is set. NULL: no memory. */
struct rr_entry *rr_table_add(struct rr_table *t, struct rr_memory *m, const struct rr_key *key);
/* Takes the entry out and releases it. */
void rr_table_remove(struct rr_table *t, struct rr_memory *m, struct rr_entry *e);
/* Pointers into the entry. */
struct rr_key rr_entry_key(const struct rr_entry *e);

#endif
