/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4, fed piece by piece; see hash.h. */
#include "hash.h"

static uint64_t rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

static void word(struct rr_hash *h, uint64_t m)
{
	h->v[3] ^= m;
	rounds(h->v, 2);
	h->v[0] ^= m;
}

void rr_hash_start(struct rr_hash *h, uint64_t key0, uint64_t key1)
{
	h->v[0] = key0 ^ 0x736f6d6570736575ULL;
	h->v[1] = key1 ^ 0x646f72616e646f6dULL;
	h->v[2] = key0 ^ 0x6c7967656e657261ULL;
	h->v[3] = key1 ^ 0x7465646279746573ULL;
	h->tail = 0;
	h->length = 0;
}

static uint64_t load(const unsigned char *p)
{
	uint64_t m = 0;

	for (int i = 0; i < 8; i++)
		m |= (uint64_t)p[i] << (8 * i);
	return m;
}

/* Eight bytes at a time, however many of the piece before are waiting in the tail. */
void rr_hash_add(struct rr_hash *h, const void *data, size_t len)
{
	const unsigned char *p = data, *end = p + len;
	int shift = 8 * (int)(h->length & 7);

	h->length += len;
	for (; end - p >= 8; p += 8) {
		uint64_t m = load(p);

		word(h, h->tail | m << shift);
		h->tail = shift ? m >> (64 - shift) : 0;
	}
	for (; p < end; p++) {
		h->tail |= (uint64_t)*p << shift;
		shift = (shift + 8) & 63;
		if (shift)
			continue;
		word(h, h->tail);
		h->tail = 0;
	}
}

uint64_t rr_hash_end(struct rr_hash *h)
{
	word(h, h->tail | h->length << 56);
	h->v[2] ^= 0xff;
	rounds(h->v, 4);
	return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}

uint64_t rr_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}
