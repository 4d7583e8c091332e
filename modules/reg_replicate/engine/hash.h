/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson and Bernstein) over several pieces: phones choose what is hashed, so
 * the hash must not be predictable without the key. And a small generator of
 * pseudo-random numbers for jitter (splitmix64).
 */
#ifndef RR_HASH_H
#define RR_HASH_H

#include <stddef.h>
#include <stdint.h>

struct rr_hash {
	uint64_t v[4];
	uint64_t tail;   /* bytes not yet mixed in */
	uint64_t length; /* bytes so far */
};

void rr_hash_start(struct rr_hash *h, uint64_t key0, uint64_t key1);
void rr_hash_add(struct rr_hash *h, const void *data, size_t len);
uint64_t rr_hash_end(struct rr_hash *h);

uint64_t rr_random(uint64_t *state);

#endif
