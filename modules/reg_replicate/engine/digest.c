/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See digest.h. */
#include <string.h>

#include "core.h"

static uint16_t leaf_of(uint64_t id)
{
	return (uint16_t)(id % RR_LEAVES);
}

/* Nodes may number their domains differently: what counts is the domain's name. */
uint64_t rr_digest_id(const struct rr_engine *e, const struct rr_key *key)
{
	uint64_t domain = key->domain < RR_MAX_DOMAINS ? e->config.domain_id[key->domain] : 0;
	uint64_t head[4] = {domain, key->aor.len, key->contact.len, key->callid.len};
	struct rr_hash h;

	rr_hash_start(&h, e->config.digest_key[0], e->config.digest_key[1]);
	rr_hash_add(&h, head, sizeof(head));
	rr_hash_add(&h, key->aor.s, key->aor.len);
	rr_hash_add(&h, key->contact.s, key->contact.len);
	rr_hash_add(&h, key->callid.s, key->callid.len);
	return rr_hash_end(&h);
}

/* (key, stamp), the key by its hash. */
static uint64_t item(const struct rr_engine *e, const struct rr_entry *x)
{
	struct rr_stamp stamp = rr_entry_stamp(e, x);
	uint64_t words[4] = {x->id, stamp.time, stamp.stream.node, stamp.stream.epoch};
	struct rr_hash h;

	rr_hash_start(&h, e->config.digest_key[0], e->config.digest_key[1]);
	rr_hash_add(&h, words, sizeof(words));
	return rr_hash_end(&h);
}

static void flip(struct rr_engine *e, const struct rr_entry *x)
{
	uint64_t hash = item(e, x);

	e->digest.leaf[leaf_of(x->id)] ^= hash;
	e->digest.root ^= hash;
}

void rr_digest_join(struct rr_engine *e, struct rr_entry *x)
{
	struct rr_entry **first = &e->digest.first[leaf_of(x->id)];

	flip(e, x);
	x->leaf_next = *first;
	x->leaf_prev = first;
	if (x->leaf_next)
		x->leaf_next->leaf_prev = &x->leaf_next;
	*first = x;
}

void rr_digest_leave(struct rr_engine *e, struct rr_entry *x)
{
	flip(e, x);
	*x->leaf_prev = x->leaf_next;
	if (x->leaf_next)
		x->leaf_next->leaf_prev = x->leaf_prev;
}

/* --- speaking --------------------------------------------------------------------------------- */

static uint32_t sum(const struct rr_engine *e, uint32_t group)
{
	uint64_t x = 0;

	for (uint32_t i = 0; i < RR_GROUP; i++)
		x ^= e->digest.leaf[group * RR_GROUP + i];
	return (uint32_t)(x ^ x >> 32);
}

/* The next few that may differ. */
static void choose_groups(struct rr_scrub *s)
{
	uint16_t first = s->cursor;

	s->looks = 0;
	for (uint32_t i = 0; i < RR_GROUPS && s->looks < RR_LOOK; i++) {
		uint16_t group = (uint16_t)((first + i) % RR_GROUPS);

		if (!s->differs[group])
			continue;
		s->look[s->looks++] = group;
		s->cursor = (uint16_t)((group + 1) % RR_GROUPS);
	}
}

/* The group to be shown now, or RR_GROUPS. */
static uint16_t next_group(struct rr_engine *e, struct rr_scrub *s)
{
	while (s->at < s->looks && !s->differs[s->look[s->at]])
		s->at++;
	if (s->at == s->looks) {
		if (s->looks == 0 || ++s->pass == RR_ROUNDS) {
			choose_groups(s);
			s->pass = 0;
		}
		s->at = 0;
		s->round = ++e->digest.rounds;
	}
	while (s->at < s->looks && !s->differs[s->look[s->at]])
		s->at++;
	return s->at < s->looks ? s->look[s->at++] : RR_GROUPS;
}

void rr_digest_ping(struct rr_engine *e, struct rr_peer *p, struct rr_state *out)
{
	struct rr_scrub *s = &p->scrub;
	uint16_t group;

	if (e->config.digest_interval == 0 || ++s->pings < e->config.digest_interval)
		return;
	s->pings = 0;
	out->digest.told = true;
	out->digest.root = e->digest.root;
	if (s->told && s->equal && s->theirs == e->digest.root)
		return;
	group = next_group(e, s);
	if (group == RR_GROUPS)
		return;
	out->digest.round = s->round;
	out->digest.group = group;
	memcpy(out->digest.leaf, &e->digest.leaf[group * RR_GROUP], sizeof(out->digest.leaf));
}

void rr_digest_answer(const struct rr_engine *e, const struct rr_state *ping, struct rr_state *out)
{
	if (e->config.digest_interval == 0 || !ping->digest.told)
		return;
	out->digest.told = true;
	out->digest.root = e->digest.root;
	if (ping->digest.root == e->digest.root)
		return;
	out->digest.sums = true;
	for (uint32_t i = 0; i < RR_GROUPS; i++)
		out->digest.sum[i] = sum(e, i);
}

/* --- hearing ---------------------------------------------------------------------------------- */

static const struct rr_cover *told(const struct rr_state *state, struct rr_stream_id id)
{
	static const struct rr_cover nothing;

	for (uint32_t i = 0; i < state->n; i++)
		if (rr_same_stream(state->vector[i].stream, id))
			return &state->vector[i].cover;
	return &nothing;
}

/* Does the peer hold just what we hold? */
static bool same_covers(const struct rr_engine *e, const struct rr_state *state)
{
	for (uint16_t s = 0; s < e->top; s++)
		if (rr_stream_live(e, s) &&
			!rr_cover_equal(told(state, e->stream[s].id), &e->stream[s].cover))
			return false;
	return !state->part;
}

void rr_digest_told(struct rr_engine *e, struct rr_peer *p, const struct rr_state *answer)
{
	struct rr_scrub *s = &p->scrub;

	if (!answer->digest.told || e->config.digest_interval == 0)
		return;
	s->told = true;
	s->theirs = answer->digest.root;
	s->equal = answer->digest.root == e->digest.root;
	if (s->equal)
		s->unequal = 0;
	else if (same_covers(e, answer))
		s->unequal++;
	for (uint32_t i = 0; i < RR_GROUPS; i++)
		s->differs[i] = !answer->digest.sums || answer->digest.sum[i] != sum(e, i);
}

/* That of the leaf; else a free one; else the oldest. */
static struct rr_suspect *suspect_of(struct rr_scrub *s, uint16_t leaf)
{
	struct rr_suspect *best = &s->suspect[0];

	for (uint32_t i = 0; i < RR_SUSPECTS; i++) {
		struct rr_suspect *x = &s->suspect[i];

		if (x->used && x->leaf == leaf)
			return x;
		if (best->used && (!x->used || x->since < best->since))
			best = x;
	}
	return best;
}

/* From now on the suspects are held against these covers. Only streams that are told count:
 * without an entry nothing can differ. */
static void note_covers(struct rr_engine *e, struct rr_peer *p, const struct rr_state *ping)
{
	for (uint32_t i = 0; i < RR_SUSPECTS; i++)
		p->scrub.suspect[i].old = true;
	for (uint16_t s = 0; s < e->top; s++) {
		p->link[s].noted_ours = e->stream[s].cover;
		p->link[s].noted_theirs = *told(ping, e->stream[s].id);
	}
}

/* Of a stream that is live here the peer told nothing then, nor does it now: it has no entry of it.
 * Either nobody has begun to send it that, or it refused all of it, and only claims it. What
 * differs then is not on its way. */
static bool absent(const struct rr_cover *told_now, const struct rr_link *l)
{
	return rr_cover_empty(told_now) && rr_cover_empty(&l->noted_theirs);
}

/* Does each side hold what the other held when covers were noted? Theirs as in this very ping:
 * what we know of them otherwise may be newer than their leaves. */
static bool reached(const struct rr_engine *e, const struct rr_peer *p, const struct rr_state *ping)
{
	for (uint16_t s = 0; s < e->top; s++) {
		const struct rr_link *l = &p->link[s];
		const struct rr_stream *stream = &e->stream[s];
		const struct rr_cover *theirs = told(ping, stream->id);

		if (rr_stream_live(e, s) && !absent(theirs, l) &&
			!rr_cover_includes(theirs, &l->noted_ours))
			return false;
		if (!rr_cover_includes(&stream->cover, &l->noted_theirs))
			return false;
	}
	return true;
}

static bool any_old(const struct rr_scrub *s)
{
	for (uint32_t i = 0; i < RR_SUSPECTS; i++)
		if (s->suspect[i].used && s->suspect[i].old)
			return true;
	return false;
}

static void start_task(struct rr_scrub *s, uint16_t leaf)
{
	struct rr_task *unused = NULL;

	for (uint32_t i = 0; i < RR_TASKS; i++) {
		if (s->task[i].used && s->task[i].leaf == leaf)
			return;
		if (!s->task[i].used)
			unused = &s->task[i];
	}
	if (unused)
		*unused = (struct rr_task){.used = true, .leaf = leaf};
}

static void compare(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t leaf,
	uint64_t theirs, bool may)
{
	struct rr_suspect *s = suspect_of(&p->scrub, leaf);
	uint64_t ours = e->digest.leaf[leaf], age = RR_SUSPECT_AGE * e->config.ping_interval;
	bool known = s->used && s->leaf == leaf;

	if (ours == theirs) {
		s->used = s->used && !known;
	} else if (!known || s->ours != ours || s->theirs != theirs) {
		*s = (struct rr_suspect){true, false, leaf, ours, theirs, now.mono_ms};
	} else if (s->old && may && now.mono_ms - s->since >= age) {
		s->used = false;
		start_task(&p->scrub, leaf);
	}
}

void rr_digest_heard(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, const struct rr_state *ping)
{
	bool may;

	/* one that was overtaken tells old covers */
	if (ping->digest.round < p->scrub.heard || ping->digest.round == 0 ||
		e->config.digest_interval == 0)
		return;
	may = reached(e, p, ping);
	for (uint32_t i = 0; i < RR_GROUP; i++)
		compare(e, now, p, (uint16_t)(ping->digest.group * RR_GROUP + i),
			ping->digest.leaf[i], may);
	/* Old suspects keep their covers until those are reached: else, under load, never. */
	if (ping->digest.round != p->scrub.heard && (may || !any_old(&p->scrub)))
		note_covers(e, p, ping);
	p->scrub.heard = ping->digest.round;
}

/* --- repairing -------------------------------------------------------------------------------- */

static bool gone(const struct rr_engine *e, const struct rr_entry *x)
{
	return x->kind != RR_SET || (x->expires && x->expires <= e->wheel.hand + 1);
}

/* Puts x in its place by id; where there is no room, the page ends before the greatest. */
static void insert(const struct rr_engine *e, struct rr_told_leaf *page, uint32_t room,
	const struct rr_entry *x)
{
	uint32_t i = page->n;

	if (page->n == room) {
		if (room == 0 || x->id >= page->pair[room - 1].id) {
			page->to = x->id - 1;
			return;
		}
		page->to = page->pair[room - 1].id - 1;
		i = --page->n;
	}
	for (; i > 0 && page->pair[i - 1].id > x->id; i--)
		page->pair[i] = page->pair[i - 1];
	page->pair[i] = (struct rr_pair){x->id, rr_entry_stamp(e, x), gone(e, x)};
	page->n++;
}

/* Ours, of the lowest ids in [from, to]. */
static void fill_page(const struct rr_engine *e, uint16_t leaf, uint64_t from, uint64_t to,
	uint32_t room, struct rr_told_leaf *out)
{
	out->told = true;
	out->leaf = leaf;
	out->from = from;
	out->to = to;
	out->n = 0;
	for (const struct rr_entry *x = e->digest.first[leaf]; x; x = x->leaf_next)
		if (x->id >= from && x->id <= out->to)
			insert(e, out, room, x);
}

static const struct rr_pair *pair_of(const struct rr_told_leaf *page, uint64_t id)
{
	for (uint32_t i = 0; i < page->n; i++)
		if (page->pair[i].id == id)
			return &page->pair[i];
	return NULL;
}

/*
 * Is it an error that p does not have x, but something older (pair) or nothing? Not if it had not
 * yet claimed it when covers were noted: then it is on its way. And removals, and what has expired,
 * may be remembered longer here than there (doc/engine.md, invariant 8): that is brought into line,
 * but nobody lacked anything.
 */
static bool lacked(const struct rr_engine *e, const struct rr_peer *p, const struct rr_entry *x,
	const struct rr_pair *pair)
{
	return rr_cover_has(
		       &p->link[x->stream].noted_theirs, (struct rr_span){x->time - 1, x->time}) &&
	       (!gone(e, x) || (pair && !pair->gone));
}

static void want(struct rr_scrub *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->wanted_n; i++)
		if (s->wanted[i] == id)
			return;
	if (s->wanted_n < RR_WANTED)
		s->wanted[s->wanted_n++] = id;
}

/* What p lacks or has older, of the ids up to `to`, unless it is known to refuse it. */
static void want_newer(
	struct rr_engine *e, struct rr_peer *p, const struct rr_told_leaf *theirs, uint64_t to)
{
	bool diverged = false;

	for (struct rr_entry *x = e->digest.first[theirs->leaf]; x; x = x->leaf_next) {
		const struct rr_pair *pair = pair_of(theirs, x->id);

		if (x->id < theirs->from || x->id > to)
			continue;
		if (pair && rr_stamp_cmp(pair->stamp, rr_entry_stamp(e, x)) >= 0) {
			rr_refused_taken(e, p, x);
			continue;
		}
		if (x->refused & p->refusals.bit)
			continue;
		want(&p->scrub, x->id);
		diverged |= lacked(e, p, x, pair);
	}
	if (!diverged)
		return;
	rr_bump(e, digest_repairs);
	rr_event_push(e, RR_EV_DIVERGED, p->config.node, theirs->leaf);
}

bool rr_digest_due(const struct rr_peer *p)
{
	const struct rr_scrub *s = &p->scrub;

	for (uint32_t i = 0; i < RR_TASKS && s->wanted_n == 0; i++)
		if (s->task[i].used && !s->task[i].flying)
			return true;
	return s->wanted_n > 0;
}

const struct rr_entry *rr_digest_wanted(const struct rr_engine *e, struct rr_peer *p)
{
	while (p->scrub.wanted_n > 0) {
		uint64_t id = p->scrub.wanted[--p->scrub.wanted_n];
		const struct rr_entry *x = e->digest.first[leaf_of(id)];

		while (x && x->id != id)
			x = x->leaf_next;
		if (x)
			return x;
	}
	return NULL;
}

struct rr_task *rr_digest_task(struct rr_peer *p)
{
	for (uint32_t i = 0; i < RR_TASKS; i++)
		if (p->scrub.task[i].used && !p->scrub.task[i].flying)
			return &p->scrub.task[i];
	return NULL;
}

void rr_digest_ask(
	const struct rr_engine *e, uint16_t leaf, uint64_t from, struct rr_told_leaf *out)
{
	fill_page(e, leaf, from, UINT64_MAX, RR_PAIRS, out);
}

void rr_digest_asked(struct rr_engine *e, struct rr_peer *p, const struct rr_told_leaf *page,
	struct rr_told_leaf *out)
{
	uint32_t room = RR_WANTED - p->scrub.wanted_n;

	if (room == 0 || e->config.digest_interval == 0)
		return;
	fill_page(e, page->leaf, page->from, page->to, room < RR_PAIRS ? room : RR_PAIRS, out);
	want_newer(e, p, page, out->to);
}

void rr_digest_page(struct rr_engine *e, struct rr_peer *p, const struct rr_slot *s,
	const struct rr_told_leaf *page)
{
	uint16_t leaf = (uint16_t)s->key;

	for (uint32_t i = 0; i < RR_TASKS; i++) {
		struct rr_task *t = &p->scrub.task[i];

		if (!t->used || !t->flying || t->leaf != leaf)
			continue;
		t->flying = false;
		if (!page || !page->told || page->leaf != leaf || page->from != t->from ||
			page->to < page->from) {
			t->used = false; /* if it still differs, it will be found again */
			return;
		}
		want_newer(e, p, page, page->to);
		t->used = page->to != UINT64_MAX;
		t->from = page->to + 1;
	}
}

uint64_t rr_domain_id(struct rr_str name)
{
	struct rr_hash h;

	rr_hash_start(&h, 0, 0);
	rr_hash_add(&h, name.s, name.len);
	return rr_hash_end(&h);
}
