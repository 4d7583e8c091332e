/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's life, and its table: own changes, changes of others, claims, expiry. Each entry
 * is in the tree of exactly one stream, that of its latest change; this file is the only one that
 * moves it. See doc/engine.md for the invariants.
 */
#include <string.h>

#include "core.h"

/* --- life --------------------------------------------------------------------------------- */

static void fill(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static void defaults(struct rr_config *c)
{
	fill(&c->ping_interval, 1000);
	fill(&c->ping_timeout, 1000);
	fill(&c->down_after, 3);
	fill(&c->window, 4);
	fill(&c->batch_max, 1);
	fill(&c->answer_timeout, 10000);
	fill(&c->max_clock_ahead, 60000);
	fill(&c->tombstone_max, 86400);
	fill(&c->waits_max, 1000);
	if (c->window > 256)
		c->window = 256;
	if (c->batch_max > RR_BATCH_MAX)
		c->batch_max = RR_BATCH_MAX;
}

struct rr_engine *rr_engine_new(const struct rr_config *config, struct rr_now now)
{
	struct rr_memory memory = {config->alloc, config->release, 0};
	struct rr_engine *e;

	if (config->node == 0 || config->epoch == 0 || !config->alloc || !config->release)
		return NULL;
	e = rr_alloc(&memory, sizeof(*e));
	if (!e)
		return NULL;
	e->config = *config;
	e->memory = memory;
	defaults(&e->config);
	e->random = config->seed;
	e->wheel.hand = now.wall_ms / 1000;
	e->own = rr_stream_get(e, now, (struct rr_stream_id){config->node, config->epoch});
	if (rr_table_init(&e->table, &e->memory, rr_random(&e->random)) < 0) {
		rr_engine_free(e);
		return NULL;
	}
	return e;
}

void rr_engine_free(struct rr_engine *e)
{
	struct rr_memory memory;

	if (!e)
		return;
	rr_waits_free(e);
	while (e->peers)
		rr_peer_remove(e, e->peer[0]->config.node);
	rr_table_free(&e->table, &e->memory);
	memory = e->memory;
	rr_release(&memory, e, sizeof(*e));
}

/* --- entries -------------------------------------------------------------------------------- */

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/*
 * How long a stamp must be remembered: as long as any earlier state of the binding may live
 * somewhere. `old` is what the change replaces, if anything. (A binding refreshed with a shorter
 * expiry, then expired, must still be taken from a node that only knows the longer one.)
 */
static uint32_t keep_until(const struct rr_engine *e, struct rr_now now,
	const struct rr_change *change, const struct rr_entry *old)
{
	uint32_t most = (uint32_t)(now.wall_ms / 1000) + e->config.tombstone_max;
	uint32_t keep = later(change->keep, change->expires);

	if (change->kind == RR_SET && change->expires == 0)
		return 0;
	if (keep == 0)
		keep = most;
	if (old)
		keep = later(keep, old->keep ? old->keep : most);
	return keep;
}

/* What is in a stream is in the digest. */
static void leave_stream(struct rr_engine *e, struct rr_entry *x)
{
	if (!x->count)
		return;
	rr_refused_leave(e, x);
	rr_digest_leave(e, x);
	rr_tree_remove(&e->stream[x->stream].root, x);
}

static void join_stream(struct rr_engine *e, struct rr_entry *x)
{
	rr_tree_insert(&e->stream[x->stream].root, x);
	rr_digest_join(e, x);
}

static void drop_entry(struct rr_engine *e, struct rr_entry *x)
{
	leave_stream(e, x);
	rr_wheel_take(x);
	if (x->kind == RR_REMOVED)
		e->tombstones--;
	rr_table_remove(&e->table, &e->memory, x);
}

static void set_kind(struct rr_engine *e, struct rr_entry *x, enum rr_kind kind)
{
	e->tombstones += (kind == RR_REMOVED) - (x->kind == RR_REMOVED);
	x->kind = (uint8_t)kind;
}

int rr_store(struct rr_engine *e, struct rr_now now, struct rr_entry *x, uint16_t stream,
	const struct rr_change *change)
{
	uint32_t keep = keep_until(e, now, change, x);

	if (x) {
		leave_stream(e, x);
	} else {
		x = rr_table_add(&e->table, &e->memory, &change->key);
		if (!x)
			return RR_ENOMEM;
		x->id = rr_digest_id(e, &change->key);
	}
	x->stream = stream;
	x->time = change->stamp.time;
	x->expires = change->expires;
	x->keep = keep;
	set_kind(e, x, change->kind);
	join_stream(e, x);
	rr_refused_late(e, now, x);
	rr_wheel_put(&e->wheel, x);
	return 0;
}

/* Nobody needs it any more; only its stamp is kept a little longer, against late duplicates. So
 * it does not look as if those lacked it whose clocks are a second ahead. */
static void retire(struct rr_engine *e, struct rr_entry *x)
{
	leave_stream(e, x);
	set_kind(e, x, RR_REMOVED);
	rr_wheel_put(&e->wheel, x);
}

static bool change_valid(const struct rr_change *c)
{
	return rr_key_valid(&c->key) && (c->kind == RR_SET || c->kind == RR_REMOVED);
}

int rr_local_change(struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	enum rr_kind kind, uint32_t expires, struct rr_stamp *stamp)
{
	struct rr_change change = {.key = *key, .kind = kind, .expires = expires};
	struct rr_stream *own = &e->stream[e->own];
	uint64_t clock = e->clock;
	struct rr_entry *x;
	int rc = RR_EINVAL;

	if (change_valid(&change)) {
		x = rr_table_find(&e->table, key);
		change.stamp =
			(struct rr_stamp){rr_clock_next(&clock, now, x ? x->time : 0), own->id};
		rc = rr_store(e, now, x, e->own, &change);
	}
	if (rc < 0) {
		rr_bump(e, dropped);
		return rc;
	}
	e->clock = clock;
	own->cover.watermark = change.stamp.time;
	rr_bump(e, changes);
	if (stamp)
		*stamp = change.stamp;
	return 0;
}

/*
 * What expired here expires everywhere. But where an earlier state of the binding would have
 * lived longer, somebody may know only that one: then the stamp stays, as that of a removal.
 */
void rr_forget(struct rr_engine *e, struct rr_now now, const struct rr_key *key)
{
	struct rr_entry *x = rr_table_find(&e->table, key);

	if (!x || x->kind == RR_REMOVED)
		return;
	if (x->keep > x->expires && x->keep > now.wall_ms / 1000)
		set_kind(e, x, RR_REMOVED);
	else
		drop_entry(e, x);
}

static enum rr_verdict compare(
	const struct rr_engine *e, const struct rr_entry *x, struct rr_stamp stamp)
{
	int order = x ? rr_stamp_cmp(stamp, rr_entry_stamp(e, x)) : 1;

	return order > 0 ? RR_NEWER : order == 0 ? RR_SAME : RR_OLDER;
}

enum rr_verdict rr_judge(const struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	struct rr_stamp stamp)
{
	if (rr_clock_ahead(stamp.time, now, e->config.max_clock_ahead))
		return RR_CLOCK_AHEAD;
	return compare(e, rr_table_find(&e->table, key), stamp);
}

static int nonsense(struct rr_engine *e)
{
	rr_bump(e, nonsense);
	return RR_EINVAL;
}

static void too_far_ahead(
	struct rr_engine *e, struct rr_now now, struct rr_stream_id stream, uint64_t time)
{
	rr_bump(e, clock_ahead);
	rr_event_push(e, RR_EV_CLOCK, stream.node, rr_hlc_ms(time) - now.wall_ms);
}

/* Would this be a piece of our own present stream that we have not made? */
static bool forged(const struct rr_engine *e, struct rr_stream_id stream, uint64_t time)
{
	const struct rr_stream *own = &e->stream[e->own];

	return rr_same_stream(stream, own->id) && time > own->cover.watermark;
}

/*
 * Somebody remembers this stamp for longer; or he has an older state of the binding that lives
 * longer, since its removal has never reached him and was forgotten here meanwhile: x has to be
 * remembered for as long, and to be in its stream (and the digest) again, so that he gets it.
 */
static void prolong(
	struct rr_engine *e, struct rr_now now, struct rr_entry *x, const struct rr_change *other)
{
	uint64_t second = now.wall_ms / 1000;
	uint32_t keep = later(other->keep, other->expires);

	if (keep == 0)
		keep = (uint32_t)second + e->config.tombstone_max;
	if (x->keep == 0 || keep <= x->keep || keep <= second)
		return;
	x->keep = keep;
	if (!x->count)
		join_stream(e, x);
	rr_wheel_put(&e->wheel, x);
}

int rr_apply(struct rr_engine *e, struct rr_now now, const struct rr_change *change)
{
	struct rr_stamp stamp = change->stamp;
	struct rr_entry *x;
	enum rr_verdict verdict;
	uint16_t stream;
	int rc;

	if (!change_valid(change) || !rr_stream_valid(stamp.stream) || stamp.time == 0 ||
		forged(e, stamp.stream, stamp.time))
		return nonsense(e);
	if (rr_clock_ahead(stamp.time, now, e->config.max_clock_ahead)) {
		too_far_ahead(e, now, stamp.stream, stamp.time);
		return RR_CLOCK_AHEAD;
	}
	x = rr_table_find(&e->table, &change->key);
	verdict = compare(e, x, stamp);
	if (verdict != RR_NEWER)
		prolong(e, now, x, change);
	if (verdict == RR_NEWER) {
		stream = rr_stream_get(e, now, stamp.stream);
		if (stream == RR_NO_STREAM)
			return RR_EFULL;
		rc = rr_store(e, now, x, stream, change);
		if (rc < 0)
			return rc;
	}
	rr_clock_seen(&e->clock, stamp.time);
	e->counter[verdict == RR_NEWER  ? RR_C_applied
		   : verdict == RR_SAME ? RR_C_duplicate
					: RR_C_stale]++;
	return verdict;
}

int rr_claim(
	struct rr_engine *e, struct rr_now now, struct rr_stream_id stream, struct rr_span span)
{
	uint16_t s;

	if (!rr_stream_valid(stream) || span.from > span.to || forged(e, stream, span.to))
		return nonsense(e);
	if (rr_clock_ahead(span.to, now, e->config.max_clock_ahead)) {
		too_far_ahead(e, now, stream, span.to);
		return RR_EINVAL;
	}
	s = rr_stream_get(e, now, stream);
	if (s == RR_NO_STREAM)
		return RR_EFULL;
	rr_clock_seen(&e->clock, span.to);
	if (!rr_cover_add(&e->stream[s].cover, span))
		rr_bump(e, early_dropped);
	return 0;
}

int rr_claim_but(struct rr_engine *e, struct rr_now now, struct rr_stream_id stream,
	struct rr_span span, const uint64_t *but, uint32_t n)
{
	int rc = 0;

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		if (but[i] <= span.from || but[i] > span.to)
			return nonsense(e);
		if (span.from < but[i] - 1)
			rc = rr_claim(e, now, stream, (struct rr_span){span.from, but[i] - 1});
		span.from = but[i];
	}
	if (rc == 0 && (n == 0 || span.from < span.to))
		rc = rr_claim(e, now, stream, span);
	return rc;
}

bool rr_lookup(const struct rr_engine *e, const struct rr_key *key, struct rr_change *out)
{
	const struct rr_entry *x = rr_table_find(&e->table, key);

	if (x && out) {
		*out = rr_entry_change(e, x);
		out->key = *key;
	}
	return x != NULL;
}

/* --- own state -------------------------------------------------------------------------------- */

static void own_head(const struct rr_engine *e, struct rr_state *out)
{
	out->node = e->config.node;
	out->epoch = e->config.epoch;
	out->clock = e->clock;
	out->wall = 0;
	out->at = 0;
	out->bindings = 0;
	memset(&out->digest, 0, sizeof(out->digest));
	memset(&out->leaf, 0, sizeof(out->leaf));
	out->role = RR_ROLE_UNKNOWN;
	out->body = 0;
	out->n = 0;
}

static void tell(const struct rr_engine *e, uint16_t stream, struct rr_state *out)
{
	const struct rr_stream *s = &e->stream[stream];

	out->vector[out->n++] = (struct rr_vector_item){s->id, s->cover};
}

void rr_state(const struct rr_engine *e, struct rr_state *out)
{
	own_head(e, out);
	out->part = false;
	out->bindings = e->table.count - e->tombstones;
	out->body = e->config.body;
	out->role = e->role;
	for (uint16_t s = 0; s < e->top; s++)
		if (rr_stream_live(e, s) && !rr_cover_empty(&e->stream[s].cover))
			tell(e, s, out);
}

/* The ping that is under way told the former one: what comes in answer to it is taken as that to
 * any message. */
int rr_role_set(struct rr_engine *e, struct rr_now now, enum rr_role role)
{
	if ((unsigned)role >= RR_ROLE_MAX)
		return RR_EINVAL;
	for (uint32_t i = 0; role != e->role && i < e->peers; i++) {
		e->peer[i]->ping_token = 0;
		rr_peer_ping_now(now, e->peer[i]);
	}
	e->role = role;
	return 0;
}

int rr_state_ask(struct rr_engine *e, uint32_t node, uint64_t token, struct rr_state *out)
{
	struct rr_peer *p = NULL;
	int rc = rr_peer_heard(e, node, &p);
	struct rr_slot *s = p ? rr_slot_find(p, token) : NULL;

	if (s && s->page) {
		own_head(e, out);
		out->part = true;
		rr_digest_ask(e, (uint16_t)s->key, s->span.from, &out->leaf);
		return 0;
	}
	rr_state(e, out);
	if (rc < 0)
		return rc;
	rr_digest_ping(e, p, out);
	return 0;
}

void rr_state_answer(struct rr_engine *e, const struct rr_state *asked, struct rr_state *out)
{
	struct rr_peer *p = rr_peer_find(e, asked->node);

	if (p && asked->leaf.told) {
		own_head(e, out);
		out->part = true;
		rr_digest_asked(e, p, &asked->leaf, &out->leaf);
		return;
	}
	rr_state(e, out);
	rr_digest_answer(e, asked, out);
}

void rr_state_of(const struct rr_engine *e, struct rr_stream_id stream, struct rr_state *out)
{
	uint16_t s = rr_stream_valid(stream) ? rr_stream_find(e, stream) : RR_NO_STREAM;

	own_head(e, out);
	out->part = true;
	if (s != RR_NO_STREAM)
		tell(e, s, out);
}

/* --- time --------------------------------------------------------------------------------- */

bool rr_tick(struct rr_engine *e, struct rr_now now)
{
	uint64_t second = now.wall_ms / 1000;
	uint32_t looks = RR_TICK;
	struct rr_entry *x;

	for (uint32_t i = 0; i < e->peers; i++)
		rr_peer_timeouts(e, now, e->peer[i]);
	rr_waits_review(e);
	while ((x = rr_wheel_due(&e->wheel, second, &looks))) {
		if (x->count && x->keep + (uint64_t)RR_GRACE > second)
			retire(e, x);
		else
			drop_entry(e, x);
	}
	rr_refused_wipe(e, &looks);
	rr_stream_collect(e, now);
	return looks == 0;
}
