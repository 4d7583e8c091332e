/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine by its public face, one behaviour at a time: node 1 is the engine, what its peers
 * say is scripted. test_engine_random.c lets several engines talk to each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/cover.h"
#include "engine/engine.h"
#include "engine/peer.h"

#define WALL     1700000000000 /* ms at which tests begin */
#define WALL_S   (WALL / 1000)
#define EPOCH    7
#define INTERVAL 1000

/* --- memory that can run out ------------------------------------------------------------------ */

static int fail_at = -1, allocations;
static size_t in_use;

static void *alloc(size_t size)
{
	size_t *p;

	if (allocations++ == fail_at)
		return NULL;
	p = malloc(size + sizeof(size_t) * 2);
	assert_non_null(p);
	*p = size;
	in_use += size;
	return p + 2;
}

static void release(void *p)
{
	in_use -= ((size_t *)p)[-2];
	free((size_t *)p - 2);
}

/* --- the engine under test ------------------------------------------------------------------- */

static struct rr_engine *e;
static struct rr_now now;
static struct rr_send sent; /* what rr_next gave last */
static struct rr_change out;
static char out_contact[64];
static char batch[256]; /* contacts of the message */
static unsigned emitted, room = 100;
static const struct rr_str none;

static uint32_t batch_max, batch_delay;

static void engine_new(uint32_t window)
{
	struct rr_config config = {
		.batch_max = batch_max,
		.batch_delay = batch_delay,
		.node = 1,
		.epoch = EPOCH,
		.seed = 1,
		.ping_interval = INTERVAL,
		.window = window,
		.alloc = alloc,
		.release = release,
	};

	now = (struct rr_now){WALL, 5000};
	e = rr_engine_new(&config, now);
	assert_non_null(e);
}

static int setup(void **state)
{
	(void)state;
	fail_at = -1;
	engine_new(4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rr_engine_free(e);
	assert_int_equal(in_use, 0);
	return 0;
}

static void wait_ms(uint64_t ms)
{
	now.wall_ms += ms;
	now.mono_ms += ms;
}

static struct rr_key key(const char *contact)
{
	return (struct rr_key){
		.aor = {"alice", 5}, .contact = {contact, (uint32_t)strlen(contact)}};
}

static struct rr_stamp change(const char *contact)
{
	struct rr_key k = key(contact);
	struct rr_stamp stamp;

	assert_int_equal(rr_local_change(e, now, &k, RR_SET, WALL_S + 3600, &stamp), 0);
	return stamp;
}

static int apply(const char *contact, uint32_t node, uint64_t time, enum rr_kind kind)
{
	struct rr_change c = {
		.key = key(contact),
		.stamp = {time, {node, EPOCH}},
		.kind = kind,
		.expires = WALL_S + 3600,
	};

	return rr_apply(e, now, &c);
}

static int claim(uint32_t node, uint64_t from, uint64_t to)
{
	return rr_claim(e, now, (struct rr_stream_id){node, EPOCH}, (struct rr_span){from, to});
}

static struct rr_status status(void)
{
	struct rr_status s;

	rr_status(e, now, &s);
	return s;
}

static struct rr_peer_info info(uint32_t node)
{
	struct rr_peer_info i;

	assert_int_equal(rr_peer_info(e, now, node, &i), 0);
	return i;
}

static bool emit(void *ctx, const struct rr_change *c)
{
	(void)ctx;
	out = *c;
	snprintf(out_contact, sizeof(out_contact), "%.*s", (int)c->key.contact.len,
		c->key.contact.s);
	if (emitted == room)
		return false;
	snprintf(batch + strlen(batch), sizeof(batch) - strlen(batch), "%s%s", emitted++ ? " " : "",
		out_contact);
	return true;
}

/* What rr_next says to that peer; rr_due must agree. */
static enum rr_what next(uint32_t node)
{
	bool due = rr_due(e, now, node);

	out_contact[0] = batch[0] = '\0';
	emitted = 0;
	assert_int_equal(rr_next(e, now, node, emit, NULL, &sent), 0);
	if (sent.what != RR_NOTHING)
		assert_true(due);
	return sent.what;
}

#define assert_sends(node, contact)                                                                \
	do {                                                                                       \
		assert_int_equal(next(node), RR_CHANGES);                                          \
		assert_string_equal(out_contact, contact);                                         \
	} while (0)
#define assert_silent(node) assert_int_equal(next(node), RR_NOTHING)

/* --- a scripted full peer -------------------------------------------------------------------- */

struct far_end {
	uint32_t node;
	uint64_t epoch;
	uint32_t body; /* bytes that it takes, 0: no messages with several changes */
	uint32_t n;
	struct rr_vector_item vector[4];
};

static struct rr_cover *holds(struct far_end *p, uint32_t node)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->vector[i].stream.node == node)
			return &p->vector[i].cover;
	p->vector[p->n] = (struct rr_vector_item){.stream = {node, EPOCH}};
	return &p->vector[p->n++].cover;
}

static const struct rr_state *says(const struct far_end *p, bool part)
{
	static struct rr_state s;

	memset(&s, 0, sizeof(s));
	s.node = p->node;
	s.epoch = p->epoch;
	s.part = part;
	s.body = part ? 0 : p->body;
	s.n = p->n;
	memcpy(s.vector, p->vector, sizeof(p->vector));
	return &s;
}

static void answer(struct far_end *p, uint64_t token, int code, bool state)
{
	assert_int_equal(
		rr_answered(e, now, p->node, token, code, none, state ? says(p, true) : NULL), 0);
}

/* It takes the message: what the receiver's engine does. */
static void takes(struct far_end *p, const struct rr_send *s)
{
	rr_cover_add(holds(p, s->stream.node), s->span);
	answer(p, s->token, 200, true);
}

static void answer_ping(struct far_end *p)
{
	assert_int_equal(next(p->node), RR_PING);
	assert_int_equal(rr_answered(e, now, p->node, sent.token, 200, none, says(p, false)), 0);
}

static void next_ping(struct far_end *p)
{
	wait_ms(INTERVAL + INTERVAL / 4);
	answer_ping(p);
}

static struct far_end peer_up(uint32_t node)
{
	struct far_end p = {.node = node, .epoch = EPOCH};

	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = node}), 0);
	assert_int_equal(info(node).state, RR_PEER_DOWN);
	answer_ping(&p);
	return p;
}

static bool event(enum rr_event_type type)
{
	struct rr_event ev;

	while (rr_event_pop(e, &ev))
		if (ev.type == type)
			return true;
	return false;
}

/* --- the table -------------------------------------------------------------------------------- */

static void own_changes(void **state)
{
	struct rr_stamp a = change("a"), b = change("b"), again = change("a");
	struct rr_key k = key("a");
	struct rr_state s;
	struct rr_change c;

	(void)state;
	assert_true(a.time >= rr_hlc(WALL) && a.stream.node == 1 && a.stream.epoch == EPOCH);
	assert_true(rr_stamp_cmp(a, b) < 0 && rr_stamp_cmp(b, again) < 0);
	assert_int_equal(status().bindings, 2);
	assert_true(rr_lookup(e, &k, &c));
	assert_int_equal(rr_stamp_cmp(c.stamp, again), 0);
	assert_int_equal(c.keep, WALL_S + 3600);
	rr_state(e, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.vector[0].cover.watermark, again.time);
	assert_int_equal(s.bindings, 2);
	assert_int_equal(status().counter[RR_C_changes], 3);
}

static void own_changes_are_later_than_what_they_replace(void **state)
{
	uint64_t future = rr_hlc(WALL + 50000);

	(void)state;
	assert_int_equal(apply("a", 2, future, RR_SET), RR_NEWER);
	assert_int_equal(change("a").time, future + 1);
	assert_int_equal(apply("x", 2, future + 10, RR_SET), RR_NEWER);
	assert_int_equal(apply("x", 2, future + 20, RR_SET), RR_NEWER);
	assert_int_equal(change("b").time, future + 21); /* seen is enough */
	now.wall_ms -= 10000;
	assert_int_equal(change("c").time, future + 22); /* never back */
	now.wall_ms = WALL + 60000;
	assert_int_equal(change("d").time, rr_hlc(WALL + 60000));
	/* a claim says that such a time has been seen */
	assert_int_equal(claim(2, 0, rr_hlc(WALL + 100000)), 0);
	assert_int_equal(change("e").time, rr_hlc(WALL + 100000) + 1);
}

static void applying_is_idempotent(void **state)
{
	uint64_t t = rr_hlc(WALL);
	struct rr_key k = key("a");
	struct rr_change c;

	(void)state;
	assert_int_equal(apply("a", 2, t, RR_SET), RR_NEWER);
	assert_int_equal(apply("a", 2, t, RR_REMOVED), RR_SAME);
	assert_int_equal(apply("a", 2, t - 1, RR_REMOVED), RR_OLDER);
	assert_true(rr_lookup(e, &k, &c));
	assert_int_equal(c.kind, RR_SET);
	/* node decides between equal times */
	assert_int_equal(apply("a", 3, t, RR_REMOVED), RR_NEWER);
	assert_int_equal(apply("a", 2, t, RR_SET), RR_OLDER);
	assert_int_equal(rr_judge(e, now, &k, (struct rr_stamp){t, {3, EPOCH}}), RR_SAME);
	assert_int_equal(rr_judge(e, now, &k, (struct rr_stamp){t, {3, EPOCH + 1}}), RR_NEWER);
	assert_int_equal(rr_judge(e, now, &k, (struct rr_stamp){t, {3, EPOCH - 1}}), RR_OLDER);
	assert_int_equal(status().tombstones, 1);
	assert_int_equal(status().bindings, 0);
	assert_int_equal(rr_count(e, RR_C_applied), 2);
	assert_int_equal(rr_count(e, RR_C_duplicate), 1);
	assert_int_equal(rr_count(e, RR_C_stale), 2);
}

static void refused(void **state)
{
	struct rr_key k = key("a"), longest = k;
	static char text[RR_KEY_MAX + 1];
	uint64_t ahead = rr_hlc(WALL + 60001);

	(void)state;
	/* clocks too far ahead */
	assert_int_equal(
		rr_judge(e, now, &k, (struct rr_stamp){ahead, {2, EPOCH}}), RR_CLOCK_AHEAD);
	assert_int_equal(apply("a", 2, ahead, RR_SET), RR_CLOCK_AHEAD);
	assert_true(event(RR_EV_CLOCK));
	assert_int_equal(claim(2, 0, ahead), RR_EINVAL);
	assert_int_equal(rr_count(e, RR_C_clock_ahead), 2);
	/* nonsense: stamps and claims of our own life that we have not made, or of nobody */
	assert_int_equal(apply("a", 1, rr_hlc(WALL), RR_SET), RR_EINVAL);
	assert_int_equal(claim(1, 0, rr_hlc(WALL)), RR_EINVAL);
	assert_int_equal(apply("a", 0, rr_hlc(WALL), RR_SET), RR_EINVAL);
	assert_int_equal(apply("a", 2, 0, RR_SET), RR_EINVAL);
	assert_int_equal(apply("a", 2, rr_hlc(WALL), RR_NONE), RR_EINVAL);
	assert_int_equal(claim(2, 5, 4), RR_EINVAL);
	assert_int_equal(rr_count(e, RR_C_nonsense), 6);
	/* keys too long */
	longest.aor = (struct rr_str){text, RR_KEY_MAX};
	assert_int_equal(rr_local_change(e, now, &longest, RR_SET, 0, NULL), RR_EINVAL);
	assert_int_equal(rr_local_change(e, now, &k, RR_NONE, 0, NULL), RR_EINVAL);
	assert_int_equal(rr_count(e, RR_C_dropped), 2);
	longest.contact.len = 0;
	assert_int_equal(rr_local_change(e, now, &longest, RR_SET, 0, NULL), 0);
	assert_int_equal(status().bindings, 1);
	/* what we made comes back: nothing new */
	assert_int_equal(claim(1, 0, change("b").time), 0);
}

static void claims(void **state)
{
	struct rr_state s;
	struct rr_stream_id id = {2, EPOCH};

	(void)state;
	assert_int_equal(claim(2, 10, 20), 0);
	rr_state_of(e, id, &s);
	assert_true(s.part && s.n == 1);
	assert_int_equal(s.vector[0].cover.watermark, 0);
	assert_int_equal(s.vector[0].cover.n, 1);
	assert_int_equal(claim(2, 0, 10), 0);
	rr_state_of(e, id, &s);
	assert_int_equal(s.vector[0].cover.watermark, 20);
	for (uint64_t i = 0; i <= RR_EARLY; i++)
		assert_int_equal(claim(2, 100 + 10 * i, 101 + 10 * i), 0);
	assert_int_equal(rr_count(e, RR_C_early_dropped), 1);
	rr_state_of(e, (struct rr_stream_id){9, 9}, &s);
	assert_int_equal(s.n, 0);
	/* not told to all: it has no binding, and is nobody's present life */
	rr_state(e, &s);
	assert_int_equal(s.n, 0);
	apply("a", 2, 15, RR_SET);
	rr_state(e, &s);
	assert_int_equal(s.n, 1);
}

/* --- expiry ----------------------------------------------------------------------------------- */

static void expiry(void **state)
{
	struct rr_key k = key("a"), gone = key("gone");

	(void)state;
	peer_up(2);
	change("a");
	change("b");
	rr_local_change(e, now, &gone, RR_REMOVED, WALL_S + 100, NULL);
	assert_int_equal(info(2).missed, 3);
	rr_forget(e, now, &k);
	rr_forget(e, now, &k);
	rr_forget(e, now, &gone); /* not for usrloc to say */
	assert_int_equal(status().bindings, 1);
	assert_int_equal(status().tombstones, 1);
	wait_ms(150 * 1000); /* needed no more, but late duplicates of it may come */
	rr_tick(e, now);
	assert_int_equal(status().tombstones, 1);
	assert_int_equal(info(2).missed, 1);
	wait_ms(15 * 1000);
	assert_false(rr_tick(e, now));
	assert_int_equal(status().tombstones, 0);
	assert_int_equal(status().bindings, 1);
	wait_ms(3700 * 1000); /* usrloc never told of b */
	rr_tick(e, now);
	assert_int_equal(status().bindings, 0);
}

static void tick_is_bounded(void **state)
{
	char contact[32];
	int ticks = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(contact, sizeof(contact), "%d", i);
		change(contact);
	}
	assert_false(rr_tick(e, now));
	wait_ms(4000 * 1000);
	while (rr_tick(e, now))
		ticks++;
	assert_int_equal(ticks, 5000 / RR_TICK + 1);
	assert_int_equal(status().bindings, 0);
}

/* A binding refreshed with a shorter expiry expires here, but somebody may still know only the
 * longer one. */
static void shorter_refresh_leaves_a_tombstone(void **state)
{
	struct rr_key k = key("a");
	struct rr_stamp stamp;
	struct rr_change c;

	(void)state;
	change("a");
	rr_local_change(e, now, &k, RR_SET, WALL_S + 60, &stamp);
	wait_ms(61 * 1000);
	rr_forget(e, now, &k);
	assert_true(rr_lookup(e, &k, &c));
	assert_int_equal(c.kind, RR_REMOVED);
	assert_int_equal(rr_stamp_cmp(c.stamp, stamp), 0);
	assert_int_equal(c.keep, WALL_S + 3600);
	wait_ms(3700 * 1000);
	rr_tick(e, now);
	assert_false(rr_lookup(e, &k, NULL));
}

static void tombstones_of_permanent_bindings_end_too(void **state)
{
	struct rr_key k = key("a");
	struct rr_change c;

	(void)state;
	rr_local_change(e, now, &k, RR_SET, 0, NULL);
	assert_true(rr_lookup(e, &k, &c) && c.keep == 0);
	wait_ms(10000000);
	rr_tick(e, now);
	assert_true(rr_lookup(e, &k, NULL));
	rr_local_change(e, now, &k, RR_REMOVED, 0, NULL);
	assert_true(rr_lookup(e, &k, &c));
	assert_int_equal(c.keep, now.wall_ms / 1000 + 86400);
	wait_ms(86500000);
	rr_tick(e, now);
	assert_false(rr_lookup(e, &k, NULL));
}

/* --- peers: pings and states ------------------------------------------------------------------ */

static void a_peer_comes_and_goes(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t since;

	(void)state;
	assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
	assert_true(event(RR_EV_PEER_UP));
	assert_silent(2);
	assert_in_range(sent.again_ms, now.mono_ms + 750, now.mono_ms + 1250);
	next_ping(&p);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
		wait_ms(1250);
		assert_int_equal(next(2), RR_PING);
		if (i == 1) /* the transaction layer says so, else time does */
			rr_failed(e, now, 2, sent.token, 408);
		wait_ms(1000);
		rr_tick(e, now);
	}
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_true(event(RR_EV_PEER_DOWN));
	change("a");
	/* pings only, and ever fewer: a pause is an eighth of the outage, but 1 to 8 intervals,
	 * +-25% */
	since = now.mono_ms;
	assert_silent(2);
	for (int i = 0; i < 40; i++) {
		uint64_t pause = sent.again_ms - now.mono_ms, mean = (now.mono_ms - since) / 8;

		mean = mean < INTERVAL ? INTERVAL : mean > 8 * INTERVAL ? 8 * INTERVAL : mean;
		assert_in_range(pause, mean - mean / 4, mean + mean / 4 + 1);
		wait_ms(pause);
		assert_int_equal(next(2), RR_PING);
		wait_ms(1000);
		assert_silent(2);
	}
	assert_true(now.mono_ms - since > 64 * INTERVAL);
	/* a sign of life: asked at once, and when it answers it gets what it lacks */
	assert_int_equal(rr_alive(e, now, 2), 0);
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	answer_ping(&p);
	assert_int_equal(info(2).state, RR_PEER_SYNCING);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
	assert_true(event(RR_EV_IN_SYNC));
	assert_int_equal(info(2).missed, 0);
}

static void a_disabled_peer(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t old;

	(void)state;
	change("a");
	assert_sends(2, "a");
	old = sent.token;
	assert_int_equal(rr_peer_enable(e, now, 2, false), 0);
	assert_int_equal(info(2).state, RR_PEER_DISABLED);
	assert_false(rr_peer_enabled(e, 2));
	assert_true(event(RR_EV_PEER_DOWN));
	assert_int_equal(info(2).in_flight, 0);
	/* it gets nothing, and says nothing; nobody waits for it */
	wait_ms(60000);
	rr_tick(e, now);
	assert_silent(2);
	assert_true(sent.again_ms == UINT64_MAX);
	assert_int_equal(rr_answered(e, now, 2, old, 200, none, says(&p, true)), RR_EDISABLED);
	assert_int_equal(rr_failed(e, now, 2, old, 408), RR_EDISABLED);
	assert_int_equal(rr_alive(e, now, 2), RR_EDISABLED);
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), RR_EDISABLED);
	assert_int_equal(rr_resync(e, now, 2, false), RR_EDISABLED);
	assert_int_equal(info(2).missed, 1);
	assert_int_equal(status().missed, 0);
	assert_int_equal(status().peers, 0);
	assert_int_equal(status().peers_up, 0);
	assert_true(status().in_sync);
	/* and no-ops */
	assert_int_equal(rr_peer_enable(e, now, 2, false), 0);
	assert_int_equal(rr_peer_enable(e, now, 3, false), RR_ENOENT);
	assert_false(rr_peer_enabled(e, 3));
	/* back: a ping at once, then what it missed; what was sent before says nothing any more */
	assert_int_equal(rr_peer_enable(e, now, 2, true), 0);
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_int_equal(status().peers, 1);
	assert_int_equal(rr_answered(e, now, 2, old, 200, none, says(&p, true)), 0);
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	answer_ping(&p);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_int_equal(rr_peer_enable(e, now, 2, true), 0);
	assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
}

/* Another one of the same id: answers to the first say nothing about it. */
static void a_peer_is_removed_and_comes_back(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t old;

	(void)state;
	claim(2, 0, 50);
	assert_int_equal(apply("x", 2, 50, RR_SET), RR_NEWER);
	change("a");
	assert_sends(2, "a");
	old = sent.token;
	assert_int_equal(rr_peer_remove(e, 2), 0);
	assert_int_equal(rr_answered(e, now, 2, old, 200, none, says(&p, true)), RR_ENOENT);
	assert_int_equal(rr_failed(e, now, 2, old, 408), RR_ENOENT);
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 2}), 0);
	rr_cover_add(holds(&p, 1), (struct rr_span){0, UINT64_MAX});
	assert_int_equal(rr_answered(e, now, 2, old, 200, none, says(&p, true)), 0);
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_int_equal(info(2).missed, 2);
	p.n = 0;
	answer_ping(&p);
	assert_sends(2, "a");
}

static void the_own_role_is_told_at_once(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_state s;
	uint64_t before;

	(void)state;
	rr_state_ask(e, 2, 0, &s);
	assert_int_equal(s.role, RR_ROLE_UNKNOWN);
	assert_silent(2);
	assert_int_equal(rr_role_set(e, now, RR_ROLE_ACTIVE), 0);
	assert_int_equal(status().role, RR_ROLE_ACTIVE);
	assert_int_equal(next(2), RR_PING);
	before = sent.token;
	/* one that is under way told the former role */
	assert_int_equal(rr_role_set(e, now, RR_ROLE_STANDBY), 0);
	assert_int_equal(next(2), RR_PING);
	rr_state_ask(e, 2, sent.token, &s);
	assert_int_equal(s.role, RR_ROLE_STANDBY);
	answer(&p, before, 200, true);
	assert_int_equal(rr_answered(e, now, 2, sent.token, 200, none, says(&p, false)), 0);
	assert_int_equal(info(2).role, RR_ROLE_UNKNOWN);
	/* what has not changed is not told */
	assert_int_equal(rr_role_set(e, now, RR_ROLE_STANDBY), 0);
	assert_silent(2);
	assert_int_equal(rr_role_set(e, now, RR_ROLE_MAX), RR_EINVAL);
	/* theirs */
	s = *says(&p, false);
	s.role = RR_ROLE_ACTIVE;
	assert_int_equal(rr_state_seen(e, now, &s), 0);
	assert_int_equal(info(2).role, RR_ROLE_ACTIVE);
	rr_state_of(e, (struct rr_stream_id){1, EPOCH}, &s);
	assert_int_equal(s.role, RR_ROLE_UNKNOWN);
	assert_int_equal(rr_role_of((struct rr_str){"Standby", 7}), RR_ROLE_STANDBY);
	assert_int_equal(rr_role_of((struct rr_str){"standb", 6}), RR_ROLE_MAX);
	assert_string_equal(rr_role_name(RR_ROLE_ACTIVE), "active");
	assert_string_equal(rr_role_name(RR_ROLE_MAX), "?");
}

static void a_ping_needs_a_proper_answer(void **state)
{
	struct far_end p = {.node = 2, .epoch = EPOCH};

	(void)state;
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 2});
	assert_int_equal(next(2), RR_PING);
	answer(&p, sent.token, 200, false); /* some SIP server */
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	wait_ms(1300);
	assert_int_equal(next(2), RR_PING);
	answer(&p, sent.token, 503, false); /* loading */
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_int_equal(info(2).last_code, 503);
	wait_ms(1300);
	answer_ping(&p);
	assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
	/* it says that it is somebody else */
	p.node = 3;
	assert_int_equal(rr_answered(e, now, 2, 0, 200, none, says(&p, true)), 0);
	assert_int_equal(rr_count(e, RR_C_nonsense), 1);
}

static void strangers(void **state)
{
	struct rr_missed_at at = {0};
	struct far_end p = {.node = 9, .epoch = EPOCH};

	(void)state;
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), RR_ENOENT);
	assert_int_equal(rr_alive(e, now, 9), RR_ENOENT);
	assert_int_equal(rr_next(e, now, 9, emit, NULL, &sent), RR_ENOENT);
	assert_int_equal(sent.what, RR_NOTHING);
	assert_false(rr_due(e, now, 9));
	assert_int_equal(rr_answered(e, now, 9, 1, 200, none, NULL), RR_ENOENT);
	assert_int_equal(rr_failed(e, now, 9, 1, 408), RR_ENOENT);
	assert_int_equal(rr_resync(e, now, 9, false), RR_ENOENT);
	assert_int_equal(rr_missed(e, 9, &at, 5, NULL, NULL), RR_ENOENT);
	assert_int_equal(rr_peer_remove(e, 9), RR_ENOENT);
}

static void list_of_peers(void **state)
{
	uint32_t nodes[RR_MAX_PEERS];

	(void)state;
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 1}), RR_EINVAL);
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 0}), RR_EINVAL);
	for (uint32_t i = 0; i < RR_MAX_PEERS; i++)
		assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 50 - i}), 0);
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 50}), RR_EEXIST);
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 51}), RR_EFULL);
	assert_int_equal(rr_peer_remove(e, 40), 0);
	assert_int_equal(rr_peers(e, nodes), RR_MAX_PEERS - 1);
	for (int i = 1; i < RR_MAX_PEERS - 1; i++)
		assert_true(nodes[i - 1] < nodes[i] && nodes[i] != 40);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void changes_in_order_with_spans_that_touch(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_stamp a = change("a"), b = change("b");
	struct rr_send second;
	uint64_t token;

	(void)state;
	assert_sends(2, "a");
	assert_int_equal(sent.span.from, 0);
	assert_int_equal(sent.span.to, a.time);
	assert_int_equal(rr_stamp_cmp(out.stamp, a), 0);
	assert_int_equal(sent.changes, 1);
	token = sent.token;
	assert_sends(2, "b");
	assert_int_equal(sent.span.from, a.time);
	assert_int_equal(sent.span.to, b.time);
	second = sent;
	assert_silent(2); /* neither twice */
	assert_int_equal(info(2).in_flight, 2);
	assert_int_equal(info(2).missed, 2);
	/* answers cross */
	takes(&p, &second);
	assert_int_equal(info(2).missed, 1);
	assert_silent(2);
	rr_cover_add(holds(&p, 1), (struct rr_span){0, a.time});
	answer(&p, token, 200, true);
	assert_int_equal(info(2).missed, 0);
	assert_int_equal(info(2).acked, 2);
	assert_silent(2);
}

static void the_window_bounds_what_is_in_flight(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_send s[4];
	char contact[16];

	(void)state;
	for (int i = 0; i < 9; i++) {
		snprintf(contact, sizeof(contact), "%d", i);
		change(contact);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(next(2), RR_CHANGES);
		s[i] = sent;
	}
	assert_silent(2);
	takes(&p, &s[0]);
	assert_sends(2, "4");
	assert_silent(2);
	takes(&p, &s[2]);
	takes(&p, &s[1]);
	assert_sends(2, "5");
	assert_sends(2, "6");
	assert_silent(2);
}

static void what_is_replaced_is_covered_by_the_next(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_stamp last;

	(void)state;
	change("a");
	change("b");
	last = change("a"); /* the first is no more */
	assert_sends(2, "b");
	assert_int_equal(sent.span.from, 0);
	takes(&p, &sent);
	assert_sends(2, "a");
	assert_int_equal(sent.span.to, last.time);
	takes(&p, &sent);
	/* our last change is replaced by somebody else's: nothing is left but the claim */
	last = change("b");
	assert_int_equal(apply("b", 3, last.time + 1, RR_SET), RR_NEWER);
	assert_int_equal(next(2), RR_CHANGES);
	assert_int_equal(sent.changes, 0);
	assert_int_equal(sent.span.to, last.time);
	assert_string_equal(out_contact, "");
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(rr_count(e, RR_C_claims), 1);
	assert_int_equal(rr_count(e, RR_C_sent), 2);
}

static void lost_messages_are_sent_again(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_send first;
	uint64_t ping;

	(void)state;
	change("a");
	change("b");
	assert_sends(2, "a");
	first = sent;
	assert_sends(2, "b");
	takes(&p, &sent);
	rr_failed(e, now, 2, first.token, 408);
	change("c");
	/* first: is anybody there? Until that is known, nothing else */
	assert_int_equal(next(2), RR_PING);
	ping = sent.token;
	assert_silent(2);
	assert_int_equal(rr_answered(e, now, 2, ping, 200, none, says(&p, false)), 0);
	assert_sends(2, "a");
	assert_int_equal(sent.attempt, 1);
	assert_int_equal(sent.span.from, first.span.from);
	assert_int_equal(sent.span.to, first.span.to);
	takes(&p, &sent);
	assert_sends(2, "c");
	takes(&p, &sent);
	assert_silent(2);
	/* the first comes back after all */
	answer(&p, first.token, 200, true);
	assert_silent(2);
	assert_int_equal(rr_count(e, RR_C_retried), 1);
	assert_int_equal(rr_count(e, RR_C_failed), 1);
}

static void silence_is_failure_too(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	change("a");
	assert_sends(2, "a");
	for (int i = 0; i < 12; i++)
		next_ping(&p); /* it answers pings, but this it never does */
	assert_int_equal(rr_count(e, RR_C_failed), 1);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 0);
}

static void the_word_of_the_peer_counts(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_stamp a = change("a"), b = change("b");

	(void)state;
	/* forwards: it has all from somebody else */
	rr_cover_add(holds(&p, 1), (struct rr_span){0, b.time});
	next_ping(&p);
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
	/* backwards: it does not hold what we thought */
	holds(&p, 1)->watermark = a.time;
	next_ping(&p);
	assert_sends(2, "b");
	assert_int_equal(sent.span.from, a.time);
	/* a word that is older than the last answer does not take it back */
	takes(&p, &sent);
	holds(&p, 1)->watermark = a.time;
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), 0);
	assert_silent(2);
	/* but one that comes later does */
	wait_ms(1100);
	answer_ping(&p);
	assert_sends(2, "b");
}

static void a_peer_restarts_empty(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	change("a");
	assert_sends(2, "a");
	takes(&p, &sent);
	change("b");
	assert_sends(2, "b");
	p = (struct far_end){.node = 2, .epoch = EPOCH + 1};
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), 0);
	assert_true(event(RR_EV_PEER_RESTARTED));
	assert_int_equal(info(2).state, RR_PEER_ALIVE);
	assert_int_equal(info(2).in_flight, 0);
	answer_ping(&p);
	assert_int_equal(info(2).missed, 2);
	assert_sends(2, "a");
	assert_sends(2, "b");
	assert_silent(2);
}

/* What an operator is told of its clock is its wall clock, not when it last changed anything. */
static void clock_of_a_peer(void **state)
{
	struct far_end p = peer_up(2);
	static struct rr_state s;

	(void)state;
	s = *says(&p, false);
	s.clock = rr_hlc(now.wall_ms - 3600000);
	s.wall = now.wall_ms + 250;
	assert_int_equal(rr_state_seen(e, now, &s), 0);
	assert_int_equal(info(2).clock_ms, 250);
}

static char listed[200];

static bool list(void *ctx, const struct rr_missing *m)
{
	(void)ctx;
	snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed), "%.*s:%u:%d ",
		(int)m->change.key.contact.len, m->change.key.contact.s, m->attempts, m->last_code);
	assert_true(m->since_ms >= WALL);
	return true;
}

static bool no_room(void *ctx, const struct rr_missing *m)
{
	(void)ctx;
	(void)m;
	return false;
}

static const char *missed_by(uint32_t node, uint32_t limit)
{
	struct rr_missed_at at = {0};
	uint32_t n = 0;

	listed[0] = '\0';
	assert_int_equal(rr_missed(e, node, &at, 100, no_room, NULL), 0);
	while (n < limit && !at.end) /* piece by piece, as the glue does */
		n += rr_missed(e, node, &at, 1, list, NULL);
	return listed;
}

/* What cannot be taken now comes again after a pause, which grows. */
static void failure_does_not_block(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_send bad;

	(void)state;
	change("bad");
	change("b");
	assert_sends(2, "bad");
	bad = sent;
	answer(&p, sent.token, 500, false);
	assert_sends(2, "b");
	takes(&p, &sent);
	assert_silent(2);
	wait_ms(700);
	assert_silent(2);
	next_ping(&p);
	assert_sends(2, "bad");
	assert_int_equal(sent.attempt, 1);
	assert_int_equal(sent.span.to, bad.span.to);
	answer(&p, sent.token, 500, false);
	next_ping(&p);
	assert_silent(2);
	next_ping(&p);
	assert_sends(2, "bad");
	/* replaced meanwhile: only claimed, and the new state goes its own way */
	answer(&p, sent.token, 503, false);
	change("bad");
	assert_sends(2, "bad");
	takes(&p, &sent);
	for (int i = 0; i < 5; i++)
		next_ping(&p);
	assert_int_equal(next(2), RR_CHANGES);
	assert_int_equal(sent.changes, 0);
	assert_int_equal(sent.span.to, bad.span.to);
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 0);
	assert_silent(2);
}

#define assert_claims(node, end)                                                                   \
	do {                                                                                       \
		assert_int_equal(next(node), RR_CHANGES);                                          \
		assert_int_equal(sent.changes, 0);                                                 \
		assert_true(sent.span.to == (end));                                                \
	} while (0)

/* What is refused is claimed at once without it, and stays missed; it is offered again. */
static void poison_does_not_block(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_stamp bad;
	uint64_t again;

	(void)state;
	bad = change("bad");
	change("b");
	assert_sends(2, "bad");
	answer(&p, sent.token, 403, false);
	assert_true(event(RR_EV_REJECTED));
	assert_int_equal(info(2).missed, 2);
	assert_claims(2, bad.time);
	assert_int_equal(info(2).missed, 2);
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 2);
	assert_sends(2, "b");
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).rejected, 1);
	assert_int_equal(info(2).acked, 1);
	assert_int_equal(info(2).missed, 1);
	assert_string_equal(missed_by(2, 10), "bad:1:403 ");
	next_ping(&p);
	assert_int_equal(info(2).state, RR_PEER_SYNCING);
	assert_false(status().in_sync);
	assert_int_equal(status().missed, 1);
	/* once more, after a while; and refused again: nothing new */
	for (int i = 0; i < 11; i++) {
		assert_silent(2);
		next_ping(&p);
	}
	wait_ms(16 * INTERVAL - 12 * (INTERVAL + INTERVAL / 4));
	assert_sends(2, "bad");
	assert_int_equal(sent.span.to, 0);
	again = sent.token;
	assert_silent(2);
	answer(&p, again, 404, false);
	assert_silent(2);
	assert_int_equal(info(2).rejected, 1);
	assert_int_equal(info(2).missed, 1);
	assert_string_equal(missed_by(2, 10), "bad:1:404 ");
	assert_int_equal(rr_resync(e, now, 2, false), 1);
	answer_ping(&p);
	assert_sends(2, "bad");
	answer(&p, sent.token, 200, true);
	assert_int_equal(info(2).missed, 0);
	next_ping(&p);
	assert_int_equal(info(2).state, RR_PEER_IN_SYNC);
	assert_true(status().in_sync);
}

/* Nothing is left of a refusal of what is there no more. */
static void what_was_refused_is_replaced(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_key k = key("x");

	(void)state;
	change("bad");
	change("x");
	change("y");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next(2), RR_CHANGES);
		answer(&p, sent.token, 404, false);
		assert_int_equal(next(2), RR_CHANGES);
		takes(&p, &sent);
	}
	assert_int_equal(info(2).missed, 3);
	change("bad");
	assert_sends(2, "bad");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 2);
	rr_forget(e, now, &k);
	assert_int_equal(info(2).missed, 1);
	assert_string_equal(missed_by(2, 10), "y:1:404 ");
	/* another life of it may take what this one did not: if it does not say that it has it */
	p.epoch++;
	p.n = 0;
	next_ping(&p);
	assert_int_equal(info(2).missed, 2);
	assert_sends(2, "y");
	answer(&p, sent.token, 404, false);
	assert_int_equal(info(2).missed, 2);
	assert_int_equal(rr_peer_remove(e, 2), 0);
	peer_up(2);
	assert_int_equal(info(2).missed, 2);
	assert_string_equal(missed_by(2, 10), "y:0:0 bad:0:0 ");
}

/* A 200 that does not claim what we sent is no success; and must not make us send in a circle. */
static void hollow_answers(void **state)
{
	struct far_end p = peer_up(2);
	int n = 0;

	(void)state;
	change("a");
	while (next(2) == RR_CHANGES && n++ < 100)
		answer(&p, sent.token, 200, n & 1);
	assert_int_equal(n, 1);
	assert_int_equal(rr_count(e, RR_C_failed), 1);
	assert_int_equal(rr_count(e, RR_C_rejected), 0);
	assert_int_equal(info(2).missed, 1);
}

/* All that a peer gets may fail: then it gets a pause, and slots are never exceeded. */
static void everything_fails(void **state)
{
	struct far_end p = peer_up(2);
	char contact[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(contact, sizeof(contact), "%d", i);
		change(contact);
	}
	while (next(2) == RR_CHANGES && n++ < 1000)
		answer(&p, sent.token, 500, false);
	assert_in_range(n, 32, 40);
	assert_true(sent.again_ms > now.mono_ms);
	/* when it takes them, all of them arrive */
	rr_resync(e, now, 2, false);
	answer_ping(&p);
	for (n = 0; next(2) == RR_CHANGES && n < 1000; n++)
		takes(&p, &sent);
	assert_int_equal(n, 200);
	assert_int_equal(info(2).missed, 0);
}

/* Many refused changes are no more in the way than one. */
static void everything_is_refused(void **state)
{
	struct far_end p = peer_up(2);
	char contact[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(contact, sizeof(contact), "%d", i);
		change(contact);
	}
	while (next(2) == RR_CHANGES && n++ < 1000) {
		if (sent.changes)
			answer(&p, sent.token, 404, false);
		else
			takes(&p, &sent);
	}
	assert_int_equal(n, 400);
	assert_int_equal(info(2).missed, 200);
	assert_int_equal(rr_count(e, RR_C_rejected), 200);
	change("good");
	assert_sends(2, "good");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 200);
	/* when it takes them, all of them arrive: a few are tried, then the rest follows */
	for (int i = 0; i < 17; i++)
		next_ping(&p);
	for (n = 0; next(2) == RR_CHANGES && n < 1000; n++)
		answer(&p, sent.token, 200, true);
	assert_int_equal(n, 200);
	assert_int_equal(info(2).missed, 0);
}

/* As many as that, refused. */
static void refuses_all(struct far_end *p, int n)
{
	char contact[16];

	for (int i = 0; i < n; i++) {
		snprintf(contact, sizeof(contact), "%d", i);
		change(contact);
	}
	for (int sends = 0; next(2) == RR_CHANGES && sends < 10 * n; sends++) {
		if (sent.changes)
			answer(p, sent.token, 404, false);
		else
			takes(p, &sent);
	}
}

/* What another life of the peer has refused counts no more at once, however much it was; it is
 * cleared away in pieces, while this life may refuse too. */
static void refusals_of_a_former_life(void **state)
{
	enum {
		MANY = 3 * RR_TICK
	};
	struct far_end p = peer_up(2);
	int n;

	(void)state;
	refuses_all(&p, MANY);
	assert_int_equal(info(2).missed, MANY);
	p.epoch++;
	p.n = 0;
	next_ping(&p);
	assert_int_equal(info(2).missed, MANY);
	assert_sends(2, "0");
	answer(&p, sent.token, 404, false);
	for (n = 0; next(2) == RR_CHANGES && n < 2 * MANY; n++)
		takes(&p, &sent);
	assert_int_equal(n, MANY);
	assert_int_equal(info(2).missed, 1);
	assert_string_equal(missed_by(2, 10), "0:1:404 ");
	for (n = 0; rr_tick(e, now); n++)
		;
	assert_int_equal(n, MANY / RR_TICK);
	assert_string_equal(missed_by(2, 10), "0:1:404 ");
	assert_int_equal(rr_peer_remove(e, 2), 0);
	assert_false(rr_tick(e, now)); /* just that one */
	peer_up(2);
	assert_int_equal(info(2).missed, MANY);
}

/* As many peers as there are bits for marks: one is free again only when its marks are gone. */
static void refusals_where_all_bits_are_taken(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	for (uint32_t i = 1; i < RR_MAX_PEERS; i++)
		assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 2 + i}), 0);
	for (int life = 0; life < 3; life++) {
		refuses_all(&p, 2 * RR_TICK);
		assert_int_equal(info(2).missed, 2 * RR_TICK);
		p.epoch++;
		p.n = 0;
		next_ping(&p);
	}
	for (int n = 0; next(2) == RR_CHANGES && n < 9 * RR_TICK; n++)
		takes(&p, &sent);
	assert_int_equal(info(2).missed, 0);
}

static void too_large_is_nobodys_fault(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	change("a");
	change("b");
	assert_sends(2, "a");
	rr_failed(e, now, 2, sent.token, 513);
	assert_int_equal(next(2), RR_CHANGES);
	assert_int_equal(sent.changes, 0);
	takes(&p, &sent);
	assert_sends(2, "b");
	takes(&p, &sent);
	assert_int_equal(info(2).state, RR_PEER_SYNCING + (info(2).state == RR_PEER_IN_SYNC));
	assert_int_equal(rr_count(e, RR_C_rejected), 1);
	assert_int_equal(info(2).missed, 1);
}

/* --- who completes whom ------------------------------------------------------------------------
 */

static void others_streams_after_a_wait(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t t = rr_hlc(WALL - 60000);
	int pings = 0;

	(void)state;
	/* node 3 has died; we have two changes of it, node 2 has none */
	apply("a", 3, t, RR_SET);
	apply("b", 3, t + 1, RR_SET);
	claim(3, 0, t + 1);
	while (next(2) != RR_CHANGES && pings < 20) {
		assert_int_equal(info(2).missed, 2);
		next_ping(&p);
		pings++;
	}
	/* seen to lag, then two pings (and no rank: nobody else is there) without movement */
	assert_in_range(pings, 2, 4);
	assert_string_equal(out_contact, "a");
	assert_int_equal(sent.stream.node, 3);
	takes(&p, &sent);
	assert_sends(2, "b");
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
}

static void movement_starts_the_wait_again(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t t = rr_hlc(WALL - 60000);

	(void)state;
	apply("a", 3, t + 10, RR_SET);
	claim(3, 0, t + 10);
	for (uint64_t i = 0; i < 10; i++) {
		next_ping(&p);
		assert_silent(2);
		rr_cover_add(holds(&p, 3), (struct rr_span){0, t + i});
	}
	rr_cover_add(holds(&p, 3), (struct rr_span){0, t + 10});
	next_ping(&p);
	assert_silent(2);
	assert_int_equal(rr_count(e, RR_C_sent), 0);
}

static void rank_makes_later(void **state)
{
	struct far_end p = {.node = 9, .epoch = EPOCH};
	uint64_t t = rr_hlc(WALL - 60000);
	int pings = 0;

	(void)state;
	/* another engine: node 5, with 2 and 3 before it */
	rr_engine_free(e);
	e = rr_engine_new(&(struct rr_config){.node = 5,
				  .epoch = EPOCH,
				  .ping_interval = INTERVAL,
				  .alloc = alloc,
				  .release = release},
		now);
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 2});
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 3});
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 4, .plain = true});
	p = peer_up(9);
	apply("a", 7, t, RR_SET);
	claim(7, 0, t);
	while (next(9) != RR_CHANGES && pings < 20) {
		next_ping(&p);
		pings++;
	}
	assert_in_range(pings, 4, 6);
}

/* We are node 5, with node 2 before us, which is up or not, and have begun to complete node 9: it
 * lacks the changes b to j of node 7, at t + 1 to t + 9. Two may be under way. */
static struct far_end completing(uint64_t t, bool up)
{
	struct far_end p, first = {.node = 2, .epoch = EPOCH};

	rr_engine_free(e);
	e = rr_engine_new(&(struct rr_config){.node = 5,
				  .epoch = EPOCH,
				  .ping_interval = INTERVAL,
				  .window = 2,
				  .alloc = alloc,
				  .release = release},
		now);
	if (up)
		first = peer_up(2);
	p = peer_up(9);
	claim(7, 0, t);
	for (uint64_t i = 1; i <= 9; i++) {
		apply((char[]){(char)('a' + i), 0}, 7, t + i, RR_SET);
		claim(7, t + i - 1, t + i);
	}
	for (int i = 0; i < 20 && next(9) != RR_CHANGES; i++) {
		if (up)
			next_ping(&first);
		next_ping(&p);
	}
	assert_string_equal(out_contact, "b");
	return p;
}

/* Two nodes complete a third one: who sees that, and is not the first of them, stops. */
static void one_of_two_gives_way(void **state)
{
	uint64_t t = rr_hlc(WALL - 60000);
	struct far_end p = completing(t, true);
	struct rr_send one = sent;

	(void)state;
	assert_sends(9, "c");
	/* what we have sent it ourselves, answered or not, proves nothing */
	rr_cover_add(holds(&p, 7), (struct rr_span){0, t + 2});
	takes(&p, &one);
	assert_sends(9, "d");
	/* what it has of another does */
	rr_cover_add(holds(&p, 7), (struct rr_span){0, t + 6});
	takes(&p, &sent);
	assert_silent(9);
	assert_int_equal(info(9).missed, 3);
	/* that one stops, too: then it is for us again */
	for (int i = 0; i < 3; i++) {
		next_ping(&p);
		if (next(2) == RR_PING)
			rr_failed(e, now, 2, sent.token, 503);
	}
	assert_sends(9, "h");
}

static void the_first_goes_on(void **state)
{
	uint64_t t = rr_hlc(WALL - 60000);
	struct far_end p = completing(t, false);

	(void)state;
	rr_cover_add(holds(&p, 7), (struct rr_span){0, t + 6});
	takes(&p, &sent);
	assert_sends(9, "h");
}

/* Beyond a gap that nobody can fill, what there is goes on all the same. */
static void beyond_a_gap(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t t = rr_hlc(WALL - 60000);

	(void)state;
	apply("a", 3, t + 1, RR_SET);
	claim(3, 0, t + 1);
	apply("z", 3, t + 9, RR_SET);
	claim(3, t + 5, t + 9);
	for (int i = 0; i < 4; i++)
		next_ping(&p);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_sends(2, "z");
	assert_int_equal(sent.span.from, t + 5);
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
}

/* The peer keeps track of RR_EARLY pieces beyond gaps: what would be one more is not sent. */
static void no_more_gaps_than_the_peer_can_hold(void **state)
{
	struct rr_send gap[RR_EARLY + 1];
	struct far_end p;
	char name[3] = "c";

	(void)state;
	rr_engine_free(e);
	engine_new(64);
	p = peer_up(2);
	for (int i = 0; i < 2 * RR_EARLY + 3; i++) {
		name[1] = (char)('A' + i);
		change(name);
	}
	for (int i = 0; i < RR_EARLY; i++) { /* every other one gets lost */
		assert_int_equal(next(2), RR_CHANGES);
		gap[i] = sent;
		assert_int_equal(next(2), RR_CHANGES);
		takes(&p, &sent);
	}
	assert_int_equal(next(2), RR_CHANGES); /* it touches what is there */
	gap[RR_EARLY] = sent;
	assert_silent(2);
	takes(&p, &gap[0]);
	assert_int_equal(next(2), RR_CHANGES);
	takes(&p, &sent);
	for (int i = 1; i <= RR_EARLY; i++)
		takes(&p, &gap[i]);
	assert_int_equal(next(2), RR_CHANGES);
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
	assert_int_equal(status().counter[RR_C_sent], 2 * RR_EARLY + 3);
}

static void a_peer_needs_nothing_of_its_own_life(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	apply("a", 2, rr_hlc(WALL), RR_SET);
	claim(2, 0, rr_hlc(WALL));
	for (int i = 0; i < 6; i++) {
		next_ping(&p);
		assert_silent(2);
	}
	assert_int_equal(info(2).missed, 0);
	/* of its former one it does */
	p = (struct far_end){.node = 2, .epoch = EPOCH + 1};
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), 0);
	for (int i = 0; i < 5; i++)
		next_ping(&p);
	assert_sends(2, "a");
}

static void ended_streams_are_dropped(void **state)
{
	struct far_end p = peer_up(2);
	struct rr_key k = key("a");

	(void)state;
	apply("a", 3, rr_hlc(WALL), RR_SET);
	claim(3, 0, rr_hlc(WALL));
	rr_cover_add(holds(&p, 3), (struct rr_span){0, rr_hlc(WALL)});
	next_ping(&p);
	assert_int_equal(status().streams, 2);
	rr_forget(e, now, &k);
	for (int i = 0; i < 40; i++) {
		rr_tick(e, now);
		wait_ms(INTERVAL);
	}
	assert_int_equal(status().streams, 1);
	/* another one in its place: what was known of peers is not taken over */
	apply("a", 4, rr_hlc(WALL), RR_SET);
	claim(4, 0, rr_hlc(WALL));
	assert_int_equal(info(2).missed, 1);
}

static void too_many_streams(void **state)
{
	uint64_t t = rr_hlc(WALL);
	char contact[16];

	(void)state;
	for (uint32_t i = 0; i < RR_MAX_STREAMS - 1; i++) {
		snprintf(contact, sizeof(contact), "%u", i);
		assert_int_equal(apply(contact, 10 + i, t, RR_SET), RR_NEWER);
	}
	assert_int_equal(apply("x", 5, t, RR_SET), RR_EFULL);
	assert_int_equal(claim(5, 0, t), RR_EFULL);
	assert_int_equal(rr_count(e, RR_C_stream_limit), 2);
	assert_true(event(RR_EV_STREAM_LIMIT));
	assert_int_equal(status().bindings, RR_MAX_STREAMS - 1);
	/* one that has nothing left makes room */
	apply("0", 11, t, RR_SET);
	assert_int_equal(apply("x", 5, t, RR_SET), RR_NEWER);
}

/* --- plain peers --------------------------------------------------------------------------------
 */

static void plain_up(bool full)
{
	struct rr_peer_config config = {.node = 2, .plain = true, .resync_full = full};

	assert_int_equal(rr_peer_add(e, now, &config), 0);
	assert_int_equal(next(2), RR_PING);
	rr_answered(e, now, 2, sent.token, 404, none, NULL);
	assert_int_not_equal(info(2).state, RR_PEER_DOWN);
}

static void plain_answer(int code, const char *reason)
{
	rr_answered(e, now, 2, sent.token, code, (struct rr_str){reason, (uint32_t)strlen(reason)},
		NULL);
}

static void plain_acknowledgements(void **state)
{
	(void)state;
	plain_up(true);
	change("a");
	change("b");
	change("c");
	change("d");
	assert_sends(2, "a");
	plain_answer(200, "OK");
	assert_sends(2, "b");
	plain_answer(400, "Invalid cseq number");
	assert_int_equal(rr_count(e, RR_C_acked), 2);
	assert_sends(2, "c");
	plain_answer(400, "Bad Request");
	assert_int_equal(rr_count(e, RR_C_rejected), 1);
	assert_sends(2, "d");
	plain_answer(403, "Forbidden");
	assert_silent(2);
	assert_int_equal(info(2).missed, 2);
	assert_int_equal(info(2).rejected, 2);
	assert_string_equal(missed_by(2, 10), "c:1:400 d:1:403 ");
	assert_false(status().in_sync);
	/* nothing by itself; all of it when asked to */
	wait_ms(600000);
	assert_int_equal(next(2), RR_PING);
	plain_answer(200, "OK");
	assert_silent(2);
	assert_int_equal(rr_resync(e, now, 2, true), 4);
	assert_int_equal(next(2), RR_PING);
	plain_answer(200, "OK");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(next(2), RR_CHANGES);
		plain_answer(200, "OK");
	}
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
	assert_true(status().in_sync);
}

static void plain_peers_hear_of_no_claims(void **state)
{
	struct rr_stamp b;

	(void)state;
	plain_up(true);
	change("a");
	b = change("b");
	apply("b", 3, b.time + 1, RR_SET);
	assert_sends(2, "a");
	plain_answer(200, "OK");
	/* b is node 3's now; node 3 is not there, so it falls to us */
	assert_int_equal(claim(3, 0, b.time + 1), 0);
	assert_sends(2, "b");
	assert_int_equal(sent.stream.node, 3);
	plain_answer(200, "OK");
	assert_silent(2);
	assert_int_equal(rr_count(e, RR_C_claims), 0);
	assert_int_equal(info(2).missed, 0);
}

static void plain_one_at_a_time_per_binding(void **state)
{
	uint64_t token;

	(void)state;
	plain_up(true);
	change("a");
	assert_sends(2, "a");
	token = sent.token;
	change("a");
	change("b");
	assert_silent(2);
	rr_answered(e, now, 2, token, 200, none, NULL);
	assert_sends(2, "a");
	assert_sends(2, "b");
}

static void plain_peers_are_not_sent_their_own(void **state)
{
	struct rr_key a = key("a"), b = key("b");
	struct rr_stamp old, stamp;
	uint64_t token;

	(void)state;
	plain_up(true);
	old = change("a");
	assert_int_equal(rr_peer_holds(e, 2, &a, old), RR_OK);
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
	stamp = change("a");
	assert_int_equal(rr_peer_holds(e, 2, &a, old), RR_EINVAL);
	assert_int_equal(rr_peer_holds(e, 3, &a, stamp), RR_ENOENT);
	assert_int_equal(rr_peer_holds(e, 2, &b, stamp), RR_ENOENT);
	change("b");
	stamp = change("c");
	/* between what it lacks */
	assert_sends(2, "a");
	token = sent.token;
	assert_int_equal(rr_peer_holds(e, 2, &(struct rr_key){0}, stamp), RR_ENOENT);
	/* an older one is under way, which may arrive later */
	stamp = change("a");
	assert_int_equal(rr_peer_holds(e, 2, &a, stamp), RR_OK);
	rr_answered(e, now, 2, token, 200, none, NULL);
	assert_sends(2, "b");
	plain_answer(200, "OK");
	assert_sends(2, "c");
	plain_answer(200, "OK");
	assert_sends(2, "a");
	plain_answer(200, "OK");
	assert_silent(2);
	assert_int_equal(info(2).missed, 0);
}

static void plain_peers_are_not_sent_many_of_their_own(void **state)
{
	char name[16];
	struct rr_key k;

	(void)state;
	plain_up(true);
	change("before");
	for (int i = 0; i < 100; i++) { /* far more than gaps that can be kept */
		snprintf(name, sizeof(name), "c%d", i);
		k = key(name);
		assert_int_equal(rr_peer_holds(e, 2, &k, change(name)), RR_OK);
		wait_ms(1);
	}
	change("after");
	assert_sends(2, "before");
	plain_answer(200, "OK");
	assert_sends(2, "after");
	plain_answer(200, "OK");
	assert_silent(2);
}

static void plain_outage(bool full, const char *after)
{
	plain_up(full);
	change("a");
	change("b");
	assert_sends(2, "a");
	plain_answer(200, "OK");
	assert_sends(2, "b");
	plain_answer(503, "Service Unavailable");
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_int_equal(next(2), RR_PING);
	plain_answer(200, "OK");
	assert_sends(2, after);
}

static void plain_outage_full(void **state)
{
	(void)state;
	plain_outage(true, "a");
}

static void plain_outage_missed(void **state)
{
	(void)state;
	plain_outage(false, "b");
	/* by hand */
	plain_answer(200, "OK");
	assert_silent(2);
	assert_int_equal(rr_resync(e, now, 2, true), 2);
	assert_int_equal(next(2), RR_PING);
	assert_sends(2, "a");
}

static void plain_peers_belong_to_one(void **state)
{
	struct far_end p = peer_up(3), low;

	(void)state;
	plain_up(true);
	apply("a", 3, rr_hlc(WALL), RR_SET);
	claim(3, 0, rr_hlc(WALL));
	assert_silent(2); /* its origin is up */
	assert_int_equal(info(2).missed, 0);
	p = (struct far_end){.node = 3, .epoch = EPOCH + 1};
	rr_state_seen(e, now, says(&p, false));
	assert_int_equal(info(2).missed, 1); /* that life is over, and we are the lowest */
	assert_sends(2, "a");
	plain_answer(200, "OK");
	/* not the lowest */
	rr_engine_free(e);
	e = rr_engine_new(&(struct rr_config){.node = 7,
				  .epoch = EPOCH,
				  .ping_interval = INTERVAL,
				  .alloc = alloc,
				  .release = release},
		now);
	low = peer_up(4);
	plain_up(true);
	apply("a", 3, rr_hlc(WALL), RR_SET);
	claim(3, 0, rr_hlc(WALL));
	assert_silent(2);
	for (int i = 0; i < 3; i++) { /* the other one goes */
		wait_ms(1300);
		assert_int_equal(next(low.node), RR_PING);
		rr_failed(e, now, low.node, sent.token, 408);
	}
	assert_int_equal(next(2), RR_PING);
	plain_answer(200, "OK");
	assert_sends(2, "a");
}

/* They are sent what is here, whether anybody claims it or not, and late what came late. */
static void plain_peers_get_what_comes_late(void **state)
{
	uint64_t t = rr_hlc(WALL);
	struct rr_send first;

	(void)state;
	plain_up(true);
	apply("b", 3, t + 20, RR_SET);
	claim(3, t + 10, t + 20);
	assert_sends(2, "b");
	first = sent;
	apply("a", 3, t + 10, RR_SET); /* while that is under way */
	assert_silent(2);
	sent = first;
	plain_answer(200, "OK");
	assert_int_equal(info(2).missed, 1);
	assert_string_equal(missed_by(2, 10), "a:1:0 ");
	assert_sends(2, "a");
	assert_int_equal(sent.span.to, 0);
	plain_answer(200, "OK");
	assert_int_equal(info(2).missed, 0);
	apply("c", 3, t + 5, RR_SET); /* and after it */
	assert_sends(2, "c");
	plain_answer(403, "Forbidden");
	assert_silent(2);
	assert_int_equal(rr_count(e, RR_C_rejected), 0);
	assert_int_equal(info(2).missed, 1);
	apply("d", 3, t + 4, RR_SET);
	assert_sends(2, "d");
	plain_answer(500, "Down");
	assert_int_equal(info(2).state, RR_PEER_DOWN);
	assert_int_equal(info(2).missed, 2);
	wait_ms(1300);
	assert_int_equal(next(2), RR_PING);
	plain_answer(200, "OK");
	assert_int_equal(next(2), RR_CHANGES);
	plain_answer(200, "OK");
	assert_int_equal(next(2), RR_CHANGES);
	plain_answer(200, "OK");
	while (info(2).missed && next(2) == RR_CHANGES)
		plain_answer(200, "OK");
	assert_int_equal(info(2).missed, 0);
}

static void plain_peers_have_no_state(void **state)
{
	struct far_end p = {.node = 2, .epoch = EPOCH};

	(void)state;
	plain_up(true);
	assert_int_equal(rr_state_seen(e, now, says(&p, false)), RR_EINVAL);
}

/* --- what is missed -----------------------------------------------------------------------------
 */

static void missed(void **state)
{
	struct rr_missed_at at = {0};
	struct far_end p = peer_up(2);

	(void)state;
	change("a");
	change("b");
	change("c");
	change("d");
	wait_ms(500);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_sends(2, "b");
	answer(&p, sent.token, 503, false);
	assert_sends(2, "c");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 2);
	assert_int_equal(info(2).lag_ms, 500);
	assert_int_equal(status().missed, 2);
	assert_int_equal(status().max_lag_ms, 500);
	assert_false(status().in_sync);
	assert_string_equal(missed_by(2, 10), "b:1:503 d:0:0 ");
	assert_string_equal(missed_by(2, 1), "b:1:503 ");
	assert_int_equal(rr_missed(e, 2, &at, 1, list, NULL), 1);
	assert_int_equal(rr_missed(e, 2, &at, 100, list, NULL), 1);
	assert_true(at.end);
	assert_int_equal(rr_resync(e, now, 2, false), 2);
	answer_ping(&p);
	assert_sends(2, "b"); /* at once, without its pause */
	takes(&p, &sent);
	assert_sends(2, "d");
	takes(&p, &sent);
	assert_true(status().in_sync);
}

static void resync_completes_at_once(void **state)
{
	struct far_end p = peer_up(2);

	(void)state;
	apply("a", 3, rr_hlc(WALL), RR_SET);
	claim(3, 0, rr_hlc(WALL));
	assert_silent(2);
	assert_int_equal(rr_resync(e, now, 2, false), 1);
	answer_ping(&p);
	assert_sends(2, "a");
}

/* It has all of it, and says so; it gets all of it again, once, and nothing twice. */
static void resync_in_full(void **state)
{
	struct far_end p = peer_up(2);
	uint64_t first;

	(void)state;
	change("a");
	assert_sends(2, "a");
	takes(&p, &sent);
	apply("x", 3, rr_hlc(WALL), RR_SET);
	claim(3, 0, rr_hlc(WALL));
	*holds(&p, 3) = (struct rr_cover){.watermark = rr_hlc(WALL)};
	next_ping(&p);
	assert_int_equal(info(2).missed, 0);
	assert_int_equal(rr_resync(e, now, 2, true), 2);
	assert_int_equal(info(2).missed, 2);
	answer_ping(&p); /* says that it has it */
	assert_int_equal(info(2).missed, 2);
	assert_sends(2, "a");
	first = sent.token;
	change("b"); /* what is new goes on */
	assert_sends(2, "b");
	assert_sends(2, "x");
	takes(&p, &sent);
	answer(&p, first, 408, false); /* lost: it comes again */
	next_ping(&p);
	assert_sends(2, "a");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 1);
	/* from now on its word counts again: it has b, although the answer was lost */
	rr_cover_add(holds(&p, 1), (struct rr_span){0, rr_hlc(WALL + 3600000)});
	next_ping(&p);
	assert_int_equal(info(2).missed, 0);
	/* ended in the middle by a restart: empty, it gets what it says that it lacks */
	assert_int_equal(rr_resync(e, now, 2, true), 3);
	p.epoch++;
	answer_ping(&p);
	next_ping(&p);
	assert_int_equal(info(2).missed, 0);
}

static void events_are_bounded(void **state)
{
	struct rr_event ev;
	int n = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		apply("a", 2 + i % 2, rr_hlc(WALL + 100000), RR_SET);
		apply("a", 2 + i % 2, rr_hlc(WALL + 100000), RR_SET); /* the same: once */
	}
	while (rr_event_pop(e, &ev))
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(rr_count(e, RR_C_events_lost), 36);
	assert_int_equal(ev.number, 100000);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(rr_counter_name(RR_C_changes), "changes");
	assert_string_equal(rr_counter_name(RR_C_MAX), "?");
	assert_string_equal(rr_peer_state_name(RR_PEER_IN_SYNC), "in-sync");
	assert_string_equal(rr_peer_state_name(RR_PEER_STATE_MAX), "?");
	assert_string_equal(rr_strerror(RR_ENOENT), "not known");
	assert_string_equal(rr_strerror(0), "success");
	assert_string_equal(rr_event_text(RR_EV_PEER_DOWN), "peer is down");
}

/* --- memory -------------------------------------------------------------------------------------
 */

static void memory_of_a_binding(void **state)
{
	uint64_t before = status().memory;
	char contact[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(contact, sizeof(contact), "sip:phone%05d", i);
		change(contact);
	}
	assert_int_equal(status().memory, in_use);
	/* with a key of 19 bytes */
	assert_true((status().memory - before) / 20000 <= 144);
}

/* Whatever allocation fails, the call says so and nothing has changed. */
static void allocation_failures(void **state)
{
	struct rr_config config = {.node = 1, .epoch = EPOCH, .alloc = alloc, .release = release};
	struct rr_key k = key("new");
	struct rr_status before, after;
	size_t used;

	(void)state;
	assert_null(rr_engine_new(&(struct rr_config){.node = 1, .epoch = 1}, now));
	assert_null(rr_engine_new(
		&(struct rr_config){.epoch = 1, .alloc = alloc, .release = release}, now));
	rr_engine_free(NULL);
	for (int i = 0; i < 2; i++) {
		used = in_use;
		allocations = 0;
		fail_at = i;
		assert_null(rr_engine_new(&config, now));
		assert_int_equal(in_use, used);
	}
	change("a");
	before = status();
	allocations = fail_at = 0;
	assert_int_equal(rr_local_change(e, now, &k, RR_SET, 0, NULL), RR_ENOMEM);
	allocations = 0;
	assert_int_equal(apply("new", 2, rr_hlc(WALL), RR_SET), RR_ENOMEM);
	allocations = 0;
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 2}), RR_ENOMEM);
	after = status();
	assert_int_equal(after.bindings, 1);
	assert_int_equal(after.peers, 0);
	assert_int_equal(after.memory, before.memory);
	assert_int_equal(after.clock, before.clock);
	assert_int_equal(after.counter[RR_C_dropped], 1);
	assert_false(rr_lookup(e, &k, NULL));
	/* what is there changes without memory */
	allocations = 0;
	change("a");
	assert_int_equal(apply("a", 2, rr_hlc(WALL + 1), RR_REMOVED), RR_NEWER);
	assert_int_equal(claim(2, 0, rr_hlc(WALL + 1)), 0);
	assert_int_equal(allocations, 0);
}

/* --- how long messages were on their way --------------------------------------------------------
 */

static void said_at(uint64_t epoch, uint64_t at, bool part)
{
	struct rr_state s = {.node = 2, .epoch = epoch, .at = at, .part = part};

	assert_int_equal(rr_state_seen(e, now, &s), 0);
}

static void age_of_messages(void **state)
{
	(void)state;
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 2});
	assert_int_equal(rr_age(e, now, 2, 900000), 0); /* nothing known yet */
	said_at(50, 900000, false);
	assert_int_equal(rr_age(e, now, 2, 900000), 0);
	assert_int_equal(rr_age(e, now, 2, 0), 0); /* not told */
	assert_int_equal(rr_age(e, now, 3, 900000), 0);
	now.mono_ms += 30000;
	now.wall_ms -= 3600000; /* a clock that is set is no reason to believe anything else */
	assert_int_equal(rr_age(e, now, 2, 900000), 30000);
	assert_int_equal(rr_age(e, now, 2, 930000), 0);
	assert_int_equal(rr_age(e, now, 2, 940000), 0);
	now.mono_ms += 100000;
	assert_int_equal(rr_age(e, now, 2, 900000), RR_MAX_AGE);
	/* an answer that was late too changes nothing */
	said_at(50, 900000, true);
	assert_int_equal(rr_age(e, now, 2, 1010000), 20000);
	/* words that were faster than all before */
	said_at(50, 1030500, true);
	assert_int_equal(rr_age(e, now, 2, 1010000), 20500);
	/* states that are slow, however slow, spoil nothing, nor do any number of slow answers */
	for (int i = 0; i < RR_CLOCK_STATES; i++)
		said_at(50, 1000000 + (uint64_t)i, false);
	for (int i = 0; i < 1000; i++)
		said_at(50, 1020500, true);
	assert_int_equal(rr_age(e, now, 2, 1010000), 20500);
	said_at(50, 1030400, false); /* one that is almost as fast lasts as long again */
	for (int i = 0; i < RR_CLOCK_STATES; i++)
		said_at(50, 1000000, false);
	assert_int_equal(rr_age(e, now, 2, 1010000), 20400);
	/* its clock was stopped for a while: that is believed in the end */
	for (int i = 0; i < 2 * RR_CLOCK_STATES; i++)
		said_at(50, 1020500, false);
	assert_int_equal(rr_age(e, now, 2, 1010000), 10500);
	/* another life, another clock */
	said_at(51, 77, false);
	assert_int_equal(rr_age(e, now, 2, 77), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- several changes in a message --------------------------------------------------------- */

/* An engine that sends up to four changes in a message, and a peer that takes them. */
static struct far_end batches(void)
{
	struct far_end p;

	rr_engine_free(e);
	batch_max = 4;
	batch_delay = 5;
	engine_new(4);
	batch_max = batch_delay = 0;
	p = peer_up(2);
	p.body = 3000;
	next_ping(&p);
	return p;
}

static void changes_gather(void **state)
{
	struct far_end p = batches();
	struct rr_send first;

	(void)state;
	change("a"); /* at once after a pause */
	assert_sends(2, "a");
	first = sent;
	change("b");
	change("c");
	assert_silent(2);
	assert_int_equal(sent.again_ms, now.mono_ms + 5);
	wait_ms(5); /* these are few: a little longer */
	assert_false(rr_due(e, now, 2));
	assert_silent(2);
	assert_int_equal(sent.again_ms, now.mono_ms + 5);
	wait_ms(5);
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "b c");
	assert_int_equal(sent.changes, 2);
	assert_true(sent.span.from == first.span.to);
	takes(&p, &sent);
	takes(&p, &first);
	assert_int_equal(info(2).acked, 3);
	assert_int_equal(info(2).missed, 0);
	assert_silent(2);
}

static void enough_wait_no_longer(void **state)
{
	struct far_end p = batches();

	(void)state;
	change("a");
	assert_sends(2, "a");
	takes(&p, &sent);
	change("b");
	change("c");
	change("d");
	wait_ms(5);
	assert_silent(2);
	change("e");
	assert_true(rr_due(e, now, 2));
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "b c d e");
	takes(&p, &sent);
	/* nothing comes for a while: then the next one goes at once */
	wait_ms(5);
	assert_silent(2);
	wait_ms(1);
	change("f");
	assert_true(rr_due(e, now, 2));
	assert_sends(2, "f");
	takes(&p, &sent);
}

static void full_messages_follow_at_once(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	struct far_end p = batches();

	(void)state;
	for (int i = 0; i < 6; i++)
		change(names[i]);
	change("b"); /* moves to the end */
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "a c d e");
	takes(&p, &sent);
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "f b");
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).sent, 6);
}

static void no_room_for_all(void **state)
{
	struct far_end p = batches();
	struct rr_stamp b;

	(void)state;
	change("a");
	b = change("b");
	change("c");
	change("d");
	room = 3;
	assert_int_equal(next(2), RR_CHANGES);
	room = 100;
	assert_string_equal(batch, "a b c");
	/* and of these, c does not fit, and a was replaced meanwhile */
	rr_carried(e, 2, sent.token, 1, b.time);
	assert_int_equal(info(2).sent, 1);
	sent.span.to = b.time;
	takes(&p, &sent);
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "c d");
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 0);
}

/* Of many, the peer refuses b and d: one claim, and the rest goes on. */
static void some_of_many_refused(void **state)
{
	struct far_end p = batches();
	struct rr_stamp b, d;

	(void)state;
	change("a");
	b = change("b");
	change("c");
	d = change("d");
	assert_int_equal(next(2), RR_CHANGES);
	rr_cover_add(holds(&p, 1), (struct rr_span){sent.span.from, b.time - 1});
	rr_cover_add(holds(&p, 1), (struct rr_span){b.time, d.time - 1});
	answer(&p, sent.token, 404, true);
	assert_int_equal(info(2).missed, 2);
	assert_claims(2, d.time - 1);
	assert_true(sent.span.from == b.time - 1);
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 2);
	assert_int_equal(rr_count(e, RR_C_rejected), 1);
	/* d may be one that the peer did not come to: again */
	wait_ms(10);
	change("e");
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "d e");
	rr_cover_add(holds(&p, 1), (struct rr_span){d.time, sent.span.to});
	answer(&p, sent.token, 404, true);
	assert_claims(2, sent.span.to);
	assert_true(sent.span.from == d.time - 1);
	takes(&p, &sent);
	assert_silent(2);
	assert_int_equal(info(2).missed, 2);
	assert_string_equal(missed_by(2, 10), "b:1:404 d:1:404 ");
}

/* Which one was it? They go alone, one by one. */
static void all_of_many_refused(void **state)
{
	struct far_end p = batches();
	struct rr_stamp a;

	(void)state;
	a = change("a");
	change("b");
	assert_int_equal(next(2), RR_CHANGES);
	answer(&p, sent.token, 400, true);
	assert_int_equal(rr_count(e, RR_C_rejected), 0);
	next_ping(&p);
	assert_sends(2, "a");
	answer(&p, sent.token, 400, true);
	assert_int_equal(rr_count(e, RR_C_rejected), 1);
	assert_claims(2, a.time);
	takes(&p, &sent);
	wait_ms(10);
	assert_sends(2, "b");
	takes(&p, &sent);
	assert_string_equal(missed_by(2, 10), "a:1:400 ");
}

/* Only what the peer did not take comes again, and alone. */
static void one_of_many_failed(void **state)
{
	struct far_end p = batches();
	struct rr_stamp b;

	(void)state;
	change("a");
	b = change("b");
	change("c");
	assert_int_equal(next(2), RR_CHANGES);
	rr_cover_add(holds(&p, 1), (struct rr_span){sent.span.from, b.time - 1});
	rr_cover_add(holds(&p, 1), (struct rr_span){b.time, sent.span.to});
	answer(&p, sent.token, 500, true);
	assert_int_equal(info(2).missed, 1);
	wait_ms(10);
	change("d");
	assert_sends(2, "d"); /* the rest goes on */
	takes(&p, &sent);
	next_ping(&p);
	assert_sends(2, "b");
	assert_true(sent.span.to == b.time && sent.attempt == 1);
	takes(&p, &sent);
	assert_int_equal(info(2).missed, 0);
}

static void lost_messages_get_smaller(void **state)
{
	struct far_end p = batches();

	(void)state;
	for (int i = 0; i < 8; i++)
		change((const char[2]){(char)('a' + i), 0});
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "a b c d");
	assert_int_equal(rr_failed(e, now, 2, sent.token, 408), 0);
	answer_ping(&p);
	assert_sends(2, "a"); /* what failed goes alone */
	takes(&p, &sent);
	assert_int_equal(next(2), RR_CHANGES);
	assert_string_equal(batch, "b c");
}

static void who_takes_no_body_gets_one_by_one(void **state)
{
	struct far_end p = batches();

	(void)state;
	p.body = 0;
	next_ping(&p);
	change("a");
	change("b");
	assert_sends(2, "a");
	assert_sends(2, "b");
}

static void claims_leave_out_what_failed(void **state)
{
	struct rr_stream_id stream = {2, EPOCH};
	uint64_t failed[] = {11, 12, 20};
	struct rr_state s;

	(void)state;
	assert_int_equal(rr_claim_but(e, now, stream, (struct rr_span){0, 20}, failed, 3), 0);
	rr_state_of(e, stream, &s);
	assert_int_equal(s.vector[0].cover.watermark, 10);
	assert_int_equal(s.vector[0].cover.n, 1);
	assert_int_equal(s.vector[0].cover.early[0].from, 12);
	assert_int_equal(s.vector[0].cover.early[0].to, 19);
	assert_int_equal(
		rr_claim_but(e, now, stream, (struct rr_span){0, 10}, failed, 1), RR_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_changes),
		TEST(own_changes_are_later_than_what_they_replace),
		TEST(applying_is_idempotent),
		TEST(refused),
		TEST(claims),
		TEST(expiry),
		TEST(tick_is_bounded),
		TEST(shorter_refresh_leaves_a_tombstone),
		TEST(tombstones_of_permanent_bindings_end_too),
		TEST(a_peer_comes_and_goes),
		TEST(a_disabled_peer),
		TEST(a_peer_is_removed_and_comes_back),
		TEST(the_own_role_is_told_at_once),
		TEST(a_ping_needs_a_proper_answer),
		TEST(strangers),
		TEST(list_of_peers),
		TEST(changes_in_order_with_spans_that_touch),
		TEST(the_window_bounds_what_is_in_flight),
		TEST(what_is_replaced_is_covered_by_the_next),
		TEST(lost_messages_are_sent_again),
		TEST(silence_is_failure_too),
		TEST(the_word_of_the_peer_counts),
		TEST(a_peer_restarts_empty),
		TEST(clock_of_a_peer),
		TEST(failure_does_not_block),
		TEST(poison_does_not_block),
		TEST(what_was_refused_is_replaced),
		TEST(hollow_answers),
		TEST(everything_fails),
		TEST(everything_is_refused),
		TEST(refusals_of_a_former_life),
		TEST(refusals_where_all_bits_are_taken),
		TEST(too_large_is_nobodys_fault),
		TEST(others_streams_after_a_wait),
		TEST(movement_starts_the_wait_again),
		TEST(rank_makes_later),
		TEST(one_of_two_gives_way),
		TEST(the_first_goes_on),
		TEST(beyond_a_gap),
		TEST(no_more_gaps_than_the_peer_can_hold),
		TEST(a_peer_needs_nothing_of_its_own_life),
		TEST(ended_streams_are_dropped),
		TEST(too_many_streams),
		TEST(plain_acknowledgements),
		TEST(plain_peers_hear_of_no_claims),
		TEST(plain_one_at_a_time_per_binding),
		TEST(plain_peers_are_not_sent_their_own),
		TEST(plain_peers_are_not_sent_many_of_their_own),
		TEST(plain_outage_full),
		TEST(plain_outage_missed),
		TEST(plain_peers_belong_to_one),
		TEST(plain_peers_get_what_comes_late),
		TEST(plain_peers_have_no_state),
		TEST(missed),
		TEST(resync_completes_at_once),
		TEST(resync_in_full),
		TEST(events_are_bounded),
		TEST(age_of_messages),
		TEST(names),
		TEST(memory_of_a_binding),
		TEST(allocation_failures),
		TEST(changes_gather),
		TEST(enough_wait_no_longer),
		TEST(full_messages_follow_at_once),
		TEST(no_room_for_all),
		TEST(some_of_many_refused),
		TEST(all_of_many_refused),
		TEST(one_of_many_failed),
		TEST(lost_messages_get_smaller),
		TEST(who_takes_no_body_gets_one_by_one),
		TEST(claims_leave_out_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
