/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digest: two engines whose messages all arrive at once. What divides them is put into one of
 * them only, with a claim as if nothing was missing. tests/sim does this on a bad network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/core.h"

#define WALL   1700000000000
#define WALL_S (WALL / 1000)

static struct rr_engine *node[3]; /* 1 and 2 */
static struct rr_now now;
static unsigned leaves_sent, pages_sent, repairs_sent, told_pings, pings;
static bool swallow; /* changes that come with a claim do not arrive */
static const struct rr_stream_id third = {3, 30};

static struct rr_engine *new_engine(uint32_t id, uint32_t interval, bool swapped)
{
	struct rr_config config = {.node = id,
		.epoch = id * 10,
		.seed = id,
		.digest_interval = interval,
		.alloc = malloc,
		.release = free};
	struct rr_engine *e;

	config.domain_id[swapped] = rr_domain_id((struct rr_str){"location", 8});
	config.domain_id[!swapped] = rr_domain_id((struct rr_str){"other", 5});
	e = rr_engine_new(&config, now);
	assert_non_null(e);
	rr_peer_add(e, now, &(struct rr_peer_config){.node = 3 - id});
	return e;
}

static void start(uint32_t interval)
{
	now = (struct rr_now){WALL, 5000};
	leaves_sent = pages_sent = repairs_sent = told_pings = pings = 0;
	swallow = false;
	for (uint32_t i = 1; i <= 2; i++)
		node[i] = new_engine(i, interval, false);
}

static int setup(void **state)
{
	(void)state;
	start(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 2; i++)
		rr_engine_free(node[i]);
	return 0;
}

static struct rr_key key(const char *contact)
{
	return (struct rr_key){
		.aor = {"alice", 5}, .contact = {contact, (uint32_t)strlen(contact)}};
}

/* A change of the third node's, which is not there. */
static void put(uint32_t to, const char *contact, uint64_t time, enum rr_kind kind, uint32_t left)
{
	struct rr_change c = {.key = key(contact),
		.stamp = {time, third},
		.kind = kind,
		.expires = left ? (uint32_t)(now.wall_ms / 1000) + left : 0};

	assert_int_equal(rr_apply(node[to], now, &c), RR_NEWER);
}

static void claim(uint64_t to)
{
	for (uint32_t i = 1; i <= 2; i++)
		assert_int_equal(rr_claim(node[i], now, third, (struct rr_span){0, to}), 0);
}

/* --- messages --------------------------------------------------------------------------------- */

struct carried {
	unsigned n;
	struct rr_change change;
	char contact[64];
};

static void show(void *ctx, const struct rr_change *change)
{
	struct carried *c = ctx;

	c->n++;
	c->change = *change;
	memcpy(c->contact, change->key.contact.s, change->key.contact.len);
	c->change.key.aor = (struct rr_str){"alice", 5};
	c->change.key.contact.s = c->contact;
}

/* One change a message. */
static bool emit(void *ctx, const struct rr_change *change)
{
	struct carried *c = ctx;

	if (c->n > 0)
		return false;
	show(ctx, change);
	return true;
}

static void send_state(uint32_t from, const struct rr_send *send)
{
	static struct rr_state ask, answer;
	uint32_t to = 3 - from;

	rr_state_ask(node[from], to, send->token, &ask);
	pings += send->what == RR_PING;
	told_pings += ask.digest.told;
	leaves_sent += ask.digest.round != 0;
	pages_sent += send->what == RR_LEAF;
	rr_state_seen(node[to], now, &ask);
	rr_state_answer(node[to], &ask, &answer);
	rr_answered(node[from], now, to, send->token, 200, (struct rr_str){"", 0}, &answer);
}

static void send_change(uint32_t from, const struct rr_send *send, const struct carried *c)
{
	static struct rr_state answer;
	uint32_t to = 3 - from;

	if (swallow && send->span.to)
		return;
	if (send->changes)
		rr_apply(node[to], now, &c->change);
	if (send->span.to)
		rr_claim(node[to], now, send->stream, send->span);
	else
		repairs_sent++;
	rr_state_of(node[to], send->stream, &answer);
	rr_answered(node[from], now, to, send->token, 200, (struct rr_str){"", 0}, &answer);
}

static void run(unsigned ms)
{
	for (; ms >= 100; ms -= 100) {
		now.wall_ms += 100;
		now.mono_ms += 100;
		for (uint32_t i = 1; i <= 2; i++) {
			struct rr_send send;
			struct carried c = {0};

			rr_tick(node[i], now);
			while (rr_next(node[i], now, 3 - i, emit, &c, &send) == 0 &&
				send.what != RR_NOTHING) {
				if (send.what == RR_CHANGES)
					send_change(i, &send, &c);
				else
					send_state(i, &send);
				c.n = 0;
			}
		}
	}
}

static struct rr_status status(uint32_t i)
{
	struct rr_status s;

	rr_status(node[i], now, &s);
	return s;
}

static unsigned diverged(uint32_t i)
{
	struct rr_event ev;
	unsigned n = 0;

	while (rr_event_pop(node[i], &ev))
		n += ev.type == RR_EV_DIVERGED;
	return n;
}

static bool knows(uint32_t i, const char *contact)
{
	struct rr_key k = key(contact);

	return rr_lookup(node[i], &k, NULL);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* The same bindings give the same root, in whatever order they came and however domains are
 * numbered; without any it is 0. */
static void root_of_what_is_there(void **state)
{
	struct rr_engine *swapped = new_engine(1, 1, true);
	struct rr_change a = {.key = key("a"), .stamp = {500, third}, .kind = RR_SET},
			 b = {.key = key("b"), .stamp = {600, third}, .kind = RR_REMOVED};
	struct rr_status s;

	(void)state;
	assert_int_equal(status(1).digest, 0);
	rr_apply(node[1], now, &a);
	rr_apply(node[1], now, &b);
	rr_apply(node[2], now, &b);
	assert_int_not_equal(status(1).digest, status(2).digest);
	rr_apply(node[2], now, &a);
	assert_int_not_equal(status(1).digest, 0);
	assert_int_equal(status(1).digest, status(2).digest);
	a.key.domain = b.key.domain = 1;
	rr_apply(swapped, now, &a);
	rr_apply(swapped, now, &b);
	rr_status(swapped, now, &s);
	assert_int_equal(status(1).digest, s.digest);
	rr_engine_free(swapped);
}

static void expired_does_not_count(void **state)
{
	(void)state;
	put(1, "a", 500, RR_SET, 5);
	put(1, "b", 600, RR_REMOVED, 5);
	claim(600);
	assert_int_not_equal(status(1).digest, 0);
	now.wall_ms += 6000;
	rr_tick(node[1], now);
	assert_int_equal(status(1).digest, 0);
	assert_true(knows(1, "b"));
	/* one second of difference in expiry is no divergence */
	run(20000);
	assert_int_equal(status(1).counter[RR_C_digest_repairs], 0);
	assert_true(status(1).in_sync && status(2).in_sync);
}

static void what_one_lacks_is_found_and_sent(void **state)
{
	struct rr_key k = key("old");

	(void)state;
	for (int i = 1; i <= 2; i++) {
		put((uint32_t)i, "both", 100, RR_SET, 3600);
		put((uint32_t)i, "old", 200, RR_SET, 3600);
	}
	put(1, "lost", 500, RR_SET, 3600);
	put(2, "old", 550, RR_REMOVED, 3600);
	claim(600);
	run(4000);
	assert_int_equal(status(1).missed + status(2).missed, 0);
	assert_false(status(1).in_sync || status(2).in_sync);
	assert_false(knows(2, "lost"));
	run(16000);
	assert_true(knows(2, "lost"));
	assert_int_equal(status(1).digest, status(2).digest);
	assert_true(status(1).in_sync && status(2).in_sync);
	assert_int_equal(status(1).counter[RR_C_digest_repairs], 1);
	assert_int_equal(status(2).counter[RR_C_digest_repairs], 1);
	assert_int_equal(diverged(1) + diverged(2), 2);
	assert_int_equal(repairs_sent, 2);
	assert_true(rr_lookup(node[1], &k, NULL));
	/* and then there is peace: roots only */
	pages_sent = leaves_sent = repairs_sent = 0;
	run(10000);
	assert_int_equal(pages_sent + leaves_sent + repairs_sent, 0);
}

/* Both claim a stream and have no entry of it, so they do not tell it: who refused something claims
 * like that. What they lack is found all the same. */
static void what_both_lack_of_streams_that_they_do_not_tell(void **state)
{
	const struct rr_stream_id fourth = {4, 40};
	struct rr_change other = {.key = key("other"), .stamp = {700, fourth}, .kind = RR_SET};

	(void)state;
	put(1, "lost", 500, RR_SET, 3600);
	claim(600);
	rr_apply(node[2], now, &other);
	for (uint32_t i = 1; i <= 2; i++)
		rr_claim(node[i], now, fourth, (struct rr_span){0, 700});
	swallow = true;
	run(20000);
	assert_true(pages_sent > 0);
	assert_true(knows(2, "lost"));
	assert_true(knows(1, "other"));
	assert_int_equal(diverged(1) + diverged(2), 0); /* nobody knows that it was claimed */
}

/* What is merely remembered for longer is brought into line, and nobody is alarmed. */
static void longer_memory_is_no_divergence(void **state)
{
	(void)state;
	put(1, "a", 500, RR_REMOVED, 3600);
	put(1, "b", 100, RR_SET, 3600);
	put(2, "b", 100, RR_SET, 3600);
	claim(600);
	run(20000);
	assert_true(knows(2, "a"));
	assert_int_equal(status(1).digest, status(2).digest);
	assert_int_equal(status(1).counter[RR_C_digest_repairs], 0);
}

/* The removal was forgotten when it should have met a state that lives longer: it is not. */
static void a_removal_that_was_forgotten(void **state)
{
	struct rr_key k = key("a");
	struct rr_change c;

	(void)state;
	put(1, "a", 100, RR_SET, 3600);
	put(2, "a", 200, RR_REMOVED, 3);
	claim(600);
	now.wall_ms += 5000;
	rr_tick(node[2], now);
	run(30000);
	assert_true(rr_lookup(node[1], &k, &c) && c.kind == RR_REMOVED);
	assert_int_equal(status(1).digest, status(2).digest);
	assert_true(status(1).in_sync && status(2).in_sync);
}

/* More than fits into a page, all in one leaf. */
static void a_leaf_of_many_pages(void **state)
{
	enum {
		MANY = 3 * RR_PAIRS
	};
	unsigned n = 0;
	char contact[32];

	(void)state;
	for (unsigned i = 0; n < MANY; i++) {
		struct rr_key k;

		snprintf(contact, sizeof(contact), "sip:%u", i);
		k = key(contact);
		if (rr_digest_id(node[1], &k) % RR_LEAVES != 7)
			continue;
		put(1, contact, 100 + n, RR_SET, 3600);
		if (n % 3 == 0)
			put(2, contact, 100 + n, RR_SET, 3600);
		n++;
	}
	claim(1000);
	run(20000);
	assert_int_equal(status(1).digest, status(2).digest);
	assert_int_equal(status(2).bindings, MANY);
	assert_int_equal(repairs_sent, MANY - MANY / 3);
}

static void told_every_nth_ping(void **state)
{
	(void)state;
	teardown(state);
	start(4);
	run(40000);
	assert_true(pings > 70);
	assert_in_range(told_pings, pings / 4 - 1, pings / 4 + 1);
	teardown(state);
	start(0);
	put(1, "a", 500, RR_SET, 3600);
	put(1, "b", 600, RR_SET, 3600);
	put(2, "a", 500, RR_SET, 3600);
	claim(600);
	run(20000);
	assert_int_equal(told_pings, 0);
	assert_false(knows(2, "b"));
}

/* Pages that contradict what was asked end the repair; none of them does harm. */
static void nonsense_in_pages(void **state)
{
	static const struct rr_told_leaf wrong[] = {
		{.told = false},
		{.told = true, .leaf = 8, .to = UINT64_MAX},
		{.told = true, .leaf = 7, .from = 9, .to = UINT64_MAX},
		{.told = true, .leaf = 7, .from = 0, .to = UINT64_MAX, .n = RR_PAIRS},
	};
	struct rr_peer *p;

	(void)state;
	run(3000);
	p = rr_peer_find(node[1], 2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rr_slot slot = {.page = true, .key = 7};

		p->scrub.task[0] = (struct rr_task){.used = true, .flying = true, .leaf = 7};
		rr_digest_page(node[1], p, &slot, i ? &wrong[i] : NULL);
		assert_false(p->scrub.task[0].used);
		assert_int_equal(p->scrub.wanted_n, 0);
	}
}

static void leaves_can_be_seen(void **state)
{
	struct carried c = {0};
	struct rr_key k = key("a");
	uint64_t digest, root;
	bool equal;

	(void)state;
	put(1, "a", 500, RR_SET, 3600);
	assert_int_equal(rr_leaf(node[1], (uint32_t)(rr_digest_id(node[1], &k) % RR_LEAVES), 10,
				 &digest, show, &c),
		0);
	assert_int_equal(digest, status(1).digest);
	assert_memory_equal(c.contact, "a", 1);
	assert_int_equal(rr_leaf(node[1], RR_LEAVES, 10, &digest, show, &c), RR_EINVAL);
	assert_false(rr_peer_root(node[1], 2, &root, &equal));
	claim(500);
	put(2, "a", 500, RR_SET, 3600);
	run(3000);
	assert_true(rr_peer_root(node[1], 2, &root, &equal) && equal);
	assert_int_equal(root, digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(root_of_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(expired_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(what_one_lacks_is_found_and_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_both_lack_of_streams_that_they_do_not_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(longer_memory_is_no_divergence, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_that_was_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(a_leaf_of_many_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(told_every_nth_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_in_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_can_be_seen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
