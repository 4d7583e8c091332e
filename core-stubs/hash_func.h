/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String hashes for tables in memory. The value may change between versions: never store it. */
#ifndef HASH_FUNC_H
#define HASH_FUNC_H

#include "str.h"

static inline unsigned int core_hash_add(unsigned int h, const str *s)
{
	for (int i = 0; i < s->len; i++)
		h = (h ^ (unsigned char)s->s[i]) * 16777619u;
	return h;
}

static inline unsigned int core_hash_end(unsigned int h, unsigned int size)
{
	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 13;
	return size ? h & (size - 1) : h;
}

/*
 * Hash of s1 and, unless NULL, s2. size is a power of two: the result is below it; 0: all
 * 32 bits.
 */
static inline unsigned int core_hash(const str *s1, const str *s2, const unsigned int size)
{
	unsigned int h = core_hash_add(2166136261u, s1);

	return core_hash_end(s2 ? core_hash_add(h, s2) : h, size);
}

#endif
