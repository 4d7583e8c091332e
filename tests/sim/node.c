/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node around an engine: a table that stands for usrloc, phones, expiry. It may die empty, or
 * come back with what it had written to disk last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"
#include "sim.h"

static unsigned fail_one_in;
static uint64_t fail_random;

void memory_fails(struct sim *s, unsigned one_in)
{
	s->memory_fails = fail_one_in = one_in;
	fail_random = s->seed;
}

static void *sometimes(size_t size)
{
	if (fail_one_in && rr_random(&fail_random) % fail_one_in == 0)
		return NULL;
	return malloc(size);
}

/* Where clocks are coarse, nodes give the same time to different changes. */
struct rr_now node_now(const struct sim *s, const struct node *x)
{
	uint64_t wall = (uint64_t)(EPOCH_0 + (int64_t)s->now + x->skew);

	if (s->coarse)
		wall -= wall % 2000;
	return (struct rr_now){wall, s->now + 1};
}

uint64_t node_second(const struct sim *s, const struct node *x)
{
	return node_now(s, x).wall_ms / 1000;
}

struct rr_key key_of(unsigned key)
{
	static char text[KEYS][20]; /* user42sip:42@phone */

	if (!text[key][0])
		snprintf(text[key], sizeof(text[key]), "user%02usip:%02u@phone", key % 100,
			key % 100);
	return (struct rr_key){.aor = {text[key], 6}, .contact = {text[key] + 6, 12}};
}

/* One key of twenty. */
bool node_refuses(const struct sim *s, const struct node *x, unsigned key)
{
	return s->now < x->refuses_until && (key * 7 + x->refuses) % 20 == 0;
}

/* --- phones and expiry ---------------------------------------------------------------------- */

static void remember(struct sim *s, struct node *x, const struct made *m)
{
	struct value *v = &x->value[m->key];

	if (s->n_made == MADE)
		broken(s, "more than %d changes", MADE);
	s->made[s->n_made++] = *m;
	s->count.changes++;
	if (rr_stamp_cmp(m->stamp, s->held[m->key].stamp) > 0) {
		s->held[m->key].stamp = m->stamp;
		s->held[m->key].lasting = v->expires > node_second(s, x) + 1000;
	}
}

void node_phone(struct sim *s, struct node *x, unsigned key)
{
	static const unsigned lives[] = {10, 30, 3600, 3600, 3600, 3600};
	struct value *v = &x->value[key];
	enum rr_kind kind = v->kind == RR_SET && dice(s, 4) == 0 ? RR_REMOVED : RR_SET;
	uint64_t now = node_second(s, x), expires = now + lives[dice(s, 6)];
	struct rr_key k = key_of(key);
	struct rr_stamp stamp;

	if (kind == RR_REMOVED)
		expires = v->expires;
	x->changed = true;
	if (rr_local_change(x->engine, node_now(s, x), &k, kind, (uint32_t)expires, &stamp) < 0)
		return;
	if (rr_stamp_cmp(stamp, v->stamp) <= 0)
		broken(s, "node %u: own change of %u is not newer than what it replaces", x->id,
			key);
	*v = (struct value){stamp, kind, expires};
	remember(s, x, &(struct made){stamp, key, kind, s->now + (expires - now) * 1000});
	TRACE(s, "node %u: %s %u, %lx, expires in %ld", x->id, kind == RR_SET ? "set" : "remove",
		key, (unsigned long)stamp.time, (long)(expires - now));
}

/* usrloc's timer */
void node_expire(struct sim *s, struct node *x)
{
	uint64_t now = node_second(s, x);

	if (now == x->last_second)
		return;
	x->last_second = now;
	for (unsigned key = 0; key < KEYS; key++) {
		struct value *v = &x->value[key];
		struct rr_key k = key_of(key);

		if (v->kind != RR_SET || v->expires == 0 || v->expires > now)
			continue;
		rr_forget(x->engine, node_now(s, x), &k);
		v->kind = RR_REMOVED;
	}
}

void node_run(struct sim *s, struct node *x)
{
	uint64_t now = node_now(s, x).mono_ms;
	bool changed = x->changed;

	if (!x->up)
		return;
	node_expire(s, x);
	rr_tick(x->engine, node_now(s, x));
	x->changed = false;
	for (uint32_t p = 1; p <= s->size + s->plains; p++)
		if (p != x->id && (changed || x->wake[p] <= now))
			talk_peer(s, x, p);
	talk_events(s, x);
}

/* --- life and death -------------------------------------------------------------------------- */

static void restore(struct sim *s, struct node *x)
{
	struct disk *d = &x->disk;

	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_change *c = &d->change[key];

		if (!d->there[key])
			continue;
		c->key = key_of(key);
		if (rr_restore(x->engine, node_now(s, x), c) == RR_NEWER)
			x->value[key] = (struct value){c->stamp, c->kind, c->expires};
	}
	rr_restore_clock(x->engine, d->vector.clock);
	if (rr_restore_vector(x->engine, node_now(s, x), &d->vector) != 0)
		broken(s, "node %u cannot restore its vector", x->id);
	for (uint32_t i = 0; s->plain_keeps && i < s->plains; i++)
		rr_restore_peer(x->engine, s->size + 1 + i, &d->plain[i]);
	rr_restored(x->engine);
	s->count.restored++;
}

static void add_peer(struct sim *s, struct node *x, uint32_t peer)
{
	struct rr_peer_config config = {
		.node = peer,
		.plain = peer > s->size,
		.resync_full = !s->plain_keeps,
	};

	if (rr_peer_add(x->engine, node_now(s, x), &config) == 0)
		x->listed[peer] = LISTED;
}

void node_list(struct sim *s, struct node *x, uint32_t peer, enum listed how)
{
	static const char *const names[] = {"lists", "disables", "removes"};

	if (x->listed[peer] == how)
		return;
	TRACE(s, "node %u: %s %u", x->id, names[how], peer);
	x->changed = true;
	if (how == REMOVED) {
		rr_peer_remove(x->engine, peer);
		x->listed[peer] = REMOVED;
		return;
	}
	if (x->listed[peer] == REMOVED)
		add_peer(s, x, peer);
	if (rr_peer_enable(x->engine, node_now(s, x), peer, how == LISTED) == 0)
		x->listed[peer] = (uint8_t)how;
}

static struct rr_engine *new_engine(struct sim *s, struct node *x)
{
	static const uint32_t delays[] = {0, 5, 300};
	struct rr_config config = {
		.node = x->id,
		.seed = dice(s, UINT64_MAX),
		.digest_key = {s->seed, 1},
		.digest_interval = 1,
		.ping_interval = PING,
		.ping_timeout = PING,
		.answer_timeout = 2000,
		.max_clock_ahead = AHEAD,
		.window = (uint32_t)(1 + dice(s, 32)),
		.batch_max = (uint32_t)(1 + dice(s, BATCH)),
		.batch_delay = delays[dice(s, 3)],
		.body = dice(s, 5) ? 3000 : 0,
		.alloc = sometimes,
		.release = free,
	};

	/* new at every start, whatever the clock says: it may be set to where it was long ago */
	config.epoch = node_now(s, x).wall_ms / LIVES * LIVES + x->life % LIVES;
	x->last_epoch = config.epoch;
	return rr_engine_new(&config, node_now(s, x));
}

void node_boot(struct sim *s, struct node *x)
{
	struct rr_status status;

	x->life++;
	memset(x->value, 0, sizeof(x->value));
	memset(x->wake, 0, sizeof(x->wake));
	x->role = RR_ROLE_UNKNOWN;
	x->changed = true;
	fail_one_in = 0;
	x->engine = new_engine(s, x);
	for (uint32_t p = 1; p <= s->size + s->plains; p++)
		if (p != x->id)
			add_peer(s, x, p);
	rr_status(x->engine, node_now(s, x), &status);
	x->memory = status.memory;
	x->up = true;
	if (x->disk.written)
		restore(s, x);
	fail_one_in = s->memory_fails;
	TRACE(s, "node %u: boots %s, epoch %lu", x->id,
		x->disk.written ? "with its state" : "empty", (unsigned long)x->last_epoch);
}

/* Everything, and the vector; or some rows, newer than the vector that is there. */
void node_write_disk(struct sim *s, struct node *x, bool all)
{
	x->disk.written = true;
	if (all)
		rr_state(x->engine, &x->disk.vector);
	for (uint32_t i = 0; all && i < s->plains; i++)
		rr_peer_kept(x->engine, s->size + 1 + i, &x->disk.plain[i]);
	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_key k = key_of(key);

		if (all || dice(s, 2))
			x->disk.there[key] = rr_lookup(x->engine, &k, &x->disk.change[key]);
	}
	TRACE(s, "node %u: writes %s", x->id, all ? "its state" : "some rows");
}

void node_crash(struct sim *s, struct node *x, bool keeps_disk)
{
	TRACE(s, "node %u: dies", x->id);
	rr_engine_free(x->engine);
	x->engine = NULL;
	x->up = x->slow = x->mad = false;
	if (!keeps_disk)
		memset(&x->disk, 0, sizeof(x->disk));
	x->boot_at = s->now + 500 + dice(s, 8000);
	s->count.crashes++;
	check_crash(s);
}
