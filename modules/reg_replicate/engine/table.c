/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linear hashing; see table.h. */
#include <string.h>

#include "engine.h"
#include "table.h"
#include "hash.h"

void *rr_alloc(struct rr_memory *m, size_t size)
{
	void *p = m->alloc(size);

	if (p) {
		memset(p, 0, size);
		m->used += size;
	}
	return p;
}

void rr_release(struct rr_memory *m, void *p, size_t size)
{
	if (!p)
		return;
	m->used -= size;
	m->release(p);
}

static size_t entry_size(const struct rr_entry *e)
{
	return sizeof(*e) + e->aor_len + e->contact_len + e->callid_len;
}

size_t rr_entry_room(const struct rr_key *key)
{
	return sizeof(struct rr_entry) + key->aor.len + key->contact.len + key->callid.len;
}

static struct rr_entry **bucket(const struct rr_table *t, uint32_t i)
{
	return &t->segment[i / RR_SEGMENT][i % RR_SEGMENT];
}

static uint32_t index_of(const struct rr_table *t, uint32_t hash)
{
	uint32_t i = hash & (2 * t->base - 1);

	return i < t->buckets ? i : hash & (t->base - 1);
}

int rr_table_init(struct rr_table *t, struct rr_memory *m, uint64_t seed)
{
	t->seed = seed;
	t->base = t->buckets = RR_SEGMENT;
	t->segment[0] = rr_alloc(m, RR_SEGMENT * sizeof(*t->segment[0]));
	return t->segment[0] ? 0 : RR_ENOMEM;
}

void rr_table_free(struct rr_table *t, struct rr_memory *m)
{
	for (uint32_t i = 0; t->segment[0] && i < t->buckets; i++) {
		for (struct rr_entry *e = *bucket(t, i), *next; e; e = next) {
			next = e->chain;
			rr_release(m, e, entry_size(e));
		}
	}
	for (uint32_t s = 0; s < RR_DIRECTORY; s++)
		rr_release(m, t->segment[s], RR_SEGMENT * sizeof(*t->segment[s]));
}

bool rr_key_valid(const struct rr_key *key)
{
	return (uint64_t)key->aor.len + key->contact.len + key->callid.len <= RR_KEY_MAX;
}

static uint32_t hash_key(const struct rr_table *t, const struct rr_key *key)
{
	uint32_t head[3] = {key->domain, key->aor.len, key->contact.len};
	struct rr_hash h;

	rr_hash_start(&h, t->seed, ~t->seed);
	rr_hash_add(&h, head, sizeof(head));
	rr_hash_add(&h, key->aor.s, key->aor.len);
	rr_hash_add(&h, key->contact.s, key->contact.len);
	rr_hash_add(&h, key->callid.s, key->callid.len);
	return (uint32_t)rr_hash_end(&h);
}

static bool same(const char *s, uint32_t len, const struct rr_str *x)
{
	return len == x->len && (len == 0 || memcmp(s, x->s, len) == 0);
}

static bool matches(const struct rr_entry *e, uint32_t hash, const struct rr_key *key)
{
	struct rr_key k = rr_entry_key(e);

	return e->hash == hash && e->domain == key->domain && same(k.aor.s, k.aor.len, &key->aor) &&
	       same(k.contact.s, k.contact.len, &key->contact) &&
	       same(k.callid.s, k.callid.len, &key->callid);
}

struct rr_entry *rr_table_find(const struct rr_table *t, const struct rr_key *key)
{
	uint32_t hash = hash_key(t, key);
	struct rr_entry *e = *bucket(t, index_of(t, hash));

	while (e && !matches(e, hash, key))
		e = e->chain;
	return e;
}

/* One more bucket: the first one not yet split gives it about half of its chain. */
static void grow(struct rr_table *t, struct rr_memory *m)
{
	uint32_t s = t->buckets / RR_SEGMENT;
	struct rr_entry *e, *next;

	if (s == RR_DIRECTORY)
		return;
	if (!t->segment[s])
		t->segment[s] = rr_alloc(m, RR_SEGMENT * sizeof(*t->segment[s]));
	if (!t->segment[s])
		return;
	e = *bucket(t, t->buckets - t->base);
	*bucket(t, t->buckets - t->base) = NULL;
	t->buckets++;
	for (; e; e = next) {
		struct rr_entry **b = bucket(t, index_of(t, e->hash));

		next = e->chain;
		e->chain = *b;
		*b = e;
	}
	if (t->buckets == 2 * t->base)
		t->base = t->buckets;
}

static char *put(char *p, struct rr_str s)
{
	if (s.len)
		memcpy(p, s.s, s.len);
	return p + s.len;
}

struct rr_entry *rr_table_add(struct rr_table *t, struct rr_memory *m, const struct rr_key *key)
{
	struct rr_entry *e, **b;

	e = rr_alloc(m, rr_entry_room(key));
	if (!e)
		return NULL;
	e->hash = hash_key(t, key);
	e->domain = key->domain;
	e->aor_len = (uint16_t)key->aor.len;
	e->contact_len = (uint16_t)key->contact.len;
	e->callid_len = (uint16_t)key->callid.len;
	put(put(put(e->text, key->aor), key->contact), key->callid);
	b = bucket(t, index_of(t, e->hash));
	e->chain = *b;
	*b = e;
	if (++t->count > t->buckets)
		grow(t, m);
	return e;
}

void rr_table_remove(struct rr_table *t, struct rr_memory *m, struct rr_entry *e)
{
	struct rr_entry **p = bucket(t, index_of(t, e->hash));

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
	t->count--;
	rr_release(m, e, entry_size(e));
}

struct rr_key rr_entry_key(const struct rr_entry *e)
{
	const char *contact = e->text + e->aor_len, *callid = contact + e->contact_len;

	return (struct rr_key){
		.domain = e->domain,
		.aor = {e->text, e->aor_len},
		.contact = {contact, e->contact_len},
		.callid = {callid, e->callid_len},
	};
}
