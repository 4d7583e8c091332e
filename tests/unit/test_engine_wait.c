/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting until peers hold certain changes: node 1 is the engine, what its peers answer is
 * scripted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/cover.h"
#include "engine/engine.h"

#define WALL  1700000000000
#define EPOCH 7

static size_t in_use;
static bool no_memory;

static void *alloc(size_t size)
{
	size_t *p = no_memory ? NULL : malloc(size + 2 * sizeof(size_t));

	if (!p)
		return NULL;
	*p = size;
	in_use += size;
	return p + 2;
}

static void release(void *p)
{
	in_use -= ((size_t *)p)[-2];
	free((size_t *)p - 2);
}

static struct rr_engine *e;
static struct rr_now now;
static struct rr_wait w;
static const struct rr_str none;

static int setup(void **state)
{
	struct rr_config config = {
		.node = 1,
		.epoch = EPOCH,
		.ping_interval = 1000,
		.waits_max = 3,
		.alloc = alloc,
		.release = release,
	};

	(void)state;
	no_memory = false;
	now = (struct rr_now){WALL, 5000};
	e = rr_engine_new(&config, now);
	assert_non_null(e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rr_engine_free(e);
	assert_int_equal(in_use, 0);
	return 0;
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

	assert_int_equal(
		rr_local_change(e, now, &k, RR_SET, (uint32_t)(WALL / 1000) + 3600, &stamp), 0);
	return stamp;
}

static void note(struct rr_wait *wait, const char *contact)
{
	struct rr_key k = key(contact);

	assert_int_equal(rr_wait_note(e, wait, &k, change(contact)), 0);
}

static enum rr_waited start(struct rr_wait *wait, const char *contact, uint32_t peers, uint32_t ms)
{
	rr_wait_open(e, wait);
	assert_false(rr_wait_noted(wait));
	note(wait, contact);
	assert_true(rr_wait_noted(wait));
	return rr_wait_start(e, now, wait, peers, ms);
}

/* --- peers ------------------------------------------------------------------------------------ */

static bool emit(void *ctx, const struct rr_change *c)
{
	(void)ctx;
	(void)c;
	return true;
}

static struct rr_send next(uint32_t node)
{
	struct rr_send s;

	assert_int_equal(rr_next(e, now, node, emit, NULL, &s), 0);
	return s;
}

/* It tells that it holds our stream up to `to`, and that of node `other` up to `theirs`. */
static struct rr_state holding(uint32_t node, uint64_t to, uint32_t other, uint64_t theirs)
{
	struct rr_state s = {.node = node, .epoch = EPOCH, .part = true};

	s.vector[s.n++] = (struct rr_vector_item){{1, EPOCH}, {.watermark = to}};
	if (other)
		s.vector[s.n++] = (struct rr_vector_item){{other, EPOCH}, {.watermark = theirs}};
	return s;
}

static void says(uint32_t node, uint64_t token, uint64_t to)
{
	struct rr_state s = holding(node, to, 0, 0);

	assert_int_equal(rr_answered(e, now, node, token, 200, none, &s), 0);
}

static void peer_up(uint32_t node)
{
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = node}), 0);
	says(node, next(node).token, 0);
}

/* It takes what it is sent next. */
static void takes(uint32_t node)
{
	struct rr_send s = next(node);

	assert_int_equal(s.what, RR_CHANGES);
	says(node, s.token, s.span.to);
}

static void plain_up(uint32_t node)
{
	assert_int_equal(
		rr_peer_add(e, now, &(struct rr_peer_config){.node = node, .plain = true}), 0);
	assert_int_equal(rr_answered(e, now, node, next(node).token, 200, none, NULL), 0);
}

static void plain_answers(uint32_t node, int code)
{
	struct rr_send s = next(node);

	assert_int_equal(s.what, RR_CHANGES);
	assert_int_equal(rr_answered(e, now, node, s.token, code, none, NULL), 0);
}

#define assert_over(wait, what)                                                                    \
	do {                                                                                       \
		assert_ptr_equal(rr_wait_over(e, now), wait);                                      \
		assert_int_equal((wait)->outcome, what);                                           \
	} while (0)
#define assert_waits(n)                                                                            \
	do {                                                                                       \
		assert_null(rr_wait_over(e, now));                                                 \
		assert_int_equal(rr_waits(e), n);                                                  \
	} while (0)

/* --- tests ------------------------------------------------------------------------------------ */

static void confirmed_by_one(void **state)
{
	(void)state;
	peer_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	assert_int_equal(rr_wait_next(e), now.mono_ms + 500);
	assert_waits(1);
	takes(2);
	assert_over(&w, RR_CONFIRMED);
	assert_waits(0);
	assert_int_equal(rr_wait_next(e), RR_NEVER);
}

static void two_of_three(void **state)
{
	(void)state;
	peer_up(2);
	peer_up(3);
	peer_up(4);
	assert_int_equal(start(&w, "a", 2, 500), RR_WAITING);
	takes(4);
	assert_waits(1);
	takes(2);
	assert_over(&w, RR_CONFIRMED);
	takes(3);
	assert_waits(0);
}

static void all_changes_count(void **state)
{
	(void)state;
	peer_up(2);
	rr_wait_open(e, &w);
	note(&w, "a");
	note(&w, "b");
	assert_int_equal(rr_wait_start(e, now, &w, 1, 500), RR_WAITING);
	takes(2); /* one change a message: the peer takes no bodies */
	assert_waits(1);
	takes(2);
	assert_over(&w, RR_CONFIRMED);
}

/* The answer was faster than he who waits for it. */
static void confirmed_before_it_began(void **state)
{
	(void)state;
	peer_up(2);
	rr_wait_open(e, &w);
	note(&w, "a");
	takes(2);
	assert_null(rr_wait_over(e, now));
	assert_int_equal(rr_wait_start(e, now, &w, 1, 500), RR_CONFIRMED);
	assert_waits(0);
}

static void timed_out_in_order(void **state)
{
	struct rr_wait sooner;

	(void)state;
	peer_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	assert_int_equal(start(&sooner, "b", 1, 20), RR_WAITING);
	assert_int_equal(rr_wait_next(e), now.mono_ms + 20);
	now.mono_ms += 19;
	assert_waits(2);
	now.mono_ms++;
	assert_over(&sooner, RR_TIMED_OUT);
	assert_waits(1);
	now.mono_ms += 480;
	assert_over(&w, RR_TIMED_OUT);
	takes(2); /* too late, no harm */
	assert_waits(0);
}

static void not_for_the_dead(void **state)
{
	(void)state;
	peer_up(2);
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 3});
	assert_int_equal(start(&w, "a", 2, 500), RR_TOO_FEW);
	assert_int_equal(start(&w, "a", 1, 60000), RR_WAITING);
	/* it goes down meanwhile */
	for (int i = 0; i < 30 && rr_waits(e); i++) {
		now.mono_ms += 1000;
		now.wall_ms += 1000;
		rr_tick(e, now);
		next(2);
	}
	assert_over(&w, RR_TOO_FEW);
	assert_int_equal(start(&w, "a", 1, 500), RR_TOO_FEW);
	assert_waits(0);
}

static void limit(void **state)
{
	struct rr_wait x[4];

	(void)state;
	peer_up(2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(start(&x[i], "a", 1, 500), RR_WAITING);
	assert_int_equal(start(&x[3], "b", 1, 500), RR_TOO_MANY);
	assert_waits(3);
	takes(2);
	takes(2); /* a, b: the former changes of a have been replaced */
	for (int i = 0; i < 3; i++)
		assert_over(&x[i], RR_CONFIRMED);
	assert_waits(0);
}

/* A peer that claims the time of a change that was replaced has had nothing of it yet. */
static void what_replaced_it_counts(void **state)
{
	struct rr_send s;
	uint64_t first;

	(void)state;
	peer_up(2);
	rr_wait_open(e, &w);
	note(&w, "a");
	assert_int_equal(rr_wait_start(e, now, &w, 1, 500), RR_WAITING);
	s = next(2);
	first = s.span.to;
	change("a");
	says(2, s.token, first);
	assert_waits(1);
	takes(2);
	assert_over(&w, RR_CONFIRMED);
}

static void replaced_by_another_node(void **state)
{
	uint64_t theirs = rr_hlc(WALL + 100);
	struct rr_change c = {.key = key("a"),
		.stamp = {theirs, {3, EPOCH}},
		.kind = RR_SET,
		.expires = (uint32_t)(WALL / 1000) + 3600};
	struct rr_state state_of_2;
	struct rr_send s;

	(void)state;
	peer_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	assert_int_equal(rr_apply(e, now, &c), RR_NEWER);
	rr_claim(e, now, c.stamp.stream, (struct rr_span){0, theirs});
	s = next(2);
	says(2, s.token, s.span.to);
	assert_waits(1);
	state_of_2 = holding(2, s.span.to, 3, theirs);
	assert_int_equal(rr_state_seen(e, now, &state_of_2), 0);
	assert_over(&w, RR_CONFIRMED);
}

/* It had acknowledged, restarted empty, and another one acknowledges now: that is one, not two. */
static void restarted_meanwhile(void **state)
{
	struct rr_state empty;

	(void)state;
	peer_up(2);
	peer_up(3);
	assert_int_equal(start(&w, "a", 2, 60000), RR_WAITING);
	takes(2);
	empty = holding(2, 0, 0, 0);
	empty.epoch++;
	empty.part = false;
	assert_int_equal(rr_state_seen(e, now, &empty), 0);
	takes(3);
	assert_waits(1);
	/* and again */
	now.mono_ms += 2000;
	empty = holding(2, rr_hlc(WALL + 1000), 0, 0);
	empty.epoch++;
	assert_int_equal(rr_state_seen(e, now, &empty), 0);
	assert_over(&w, RR_CONFIRMED);
}

static void plain_peers(void **state)
{
	(void)state;
	plain_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	plain_answers(2, 200);
	assert_over(&w, RR_CONFIRMED);
	/* what it refuses it does not have, whatever its cursor says */
	assert_int_equal(start(&w, "b", 1, 500), RR_WAITING);
	plain_answers(2, 403);
	assert_waits(1);
	rr_tick(e, now);
	assert_over(&w, RR_TOO_FEW);
	/* even if it did so before the waiting began */
	rr_wait_open(e, &w);
	note(&w, "c");
	plain_answers(2, 403);
	assert_int_equal(rr_wait_start(e, now, &w, 1, 500), RR_TOO_FEW);
}

/* Its cover goes past what it refused; that is no acknowledgement. */
static void full_peer_refuses(void **state)
{
	struct rr_send s;
	struct rr_state none_of_it = holding(2, 0, 0, 0);

	(void)state;
	peer_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	s = next(2);
	assert_int_equal(rr_answered(e, now, 2, s.token, 403, none, &none_of_it), 0);
	s = next(2); /* the claim without it */
	says(2, s.token, s.span.to);
	assert_waits(1);
	rr_tick(e, now);
	assert_over(&w, RR_TOO_FEW);
	/* a newer one that it takes */
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
	takes(2);
	assert_over(&w, RR_CONFIRMED);
}

static void removed_peer_does_not_count(void **state)
{
	(void)state;
	peer_up(2);
	peer_up(3);
	assert_int_equal(start(&w, "a", 2, 500), RR_WAITING);
	takes(2);
	assert_int_equal(rr_peer_remove(e, 2), 0);
	takes(3);
	rr_tick(e, now);
	assert_over(&w, RR_TOO_FEW);
}

static void closed_and_no_memory(void **state)
{
	struct rr_stamp stamp = change("a");
	struct rr_key k = key("a");
	struct rr_wait other;

	(void)state;
	rr_wait_open(e, &w);
	rr_wait_open(e, &other);
	no_memory = true;
	assert_int_equal(rr_wait_note(e, &w, &k, stamp), RR_ENOMEM);
	no_memory = false;
	note(&other, "b");
	rr_wait_close(e, &w);
	rr_wait_close(e, &other);
	assert_waits(0);
	/* what still waits at the end is released with the engine */
	peer_up(2);
	assert_int_equal(start(&w, "a", 1, 500), RR_WAITING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(confirmed_by_one),
		TEST(two_of_three),
		TEST(all_changes_count),
		TEST(confirmed_before_it_began),
		TEST(timed_out_in_order),
		TEST(not_for_the_dead),
		TEST(limit),
		TEST(what_replaced_it_counts),
		TEST(replaced_by_another_node),
		TEST(restarted_meanwhile),
		TEST(plain_peers),
		TEST(full_peer_refuses),
		TEST(removed_peer_does_not_count),
		TEST(closed_and_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
