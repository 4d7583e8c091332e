/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coming back with what a former life left on disk: vectors that are cut, rows beyond them,
 * removals, rows without a stamp. */
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
#define T(n)   (rr_hlc(WALL) + (n))

static const struct rr_now now = {WALL, 5000};
static const struct rr_stream_id former = {1, 5}, others = {2, 20};
static struct rr_engine *e;

static int setup(void **state)
{
	struct rr_config config = {.node = 1, .epoch = 10, .alloc = malloc, .release = free};

	(void)state;
	e = rr_engine_new(&config, now);
	assert_non_null(e);
	assert_int_equal(rr_peer_add(e, now, &(struct rr_peer_config){.node = 2}), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rr_engine_free(e);
	return 0;
}

static struct rr_key key(const char *contact)
{
	return (struct rr_key){
		.aor = {"alice", 5}, .contact = {contact, (uint32_t)strlen(contact)}};
}

static struct rr_change change(
	const char *contact, struct rr_stream_id stream, uint64_t time, enum rr_kind kind)
{
	return (struct rr_change){.key = key(contact),
		.stamp = {time, stream},
		.kind = kind,
		.expires = WALL_S + 600};
}

static int restore(
	const char *contact, struct rr_stream_id stream, uint64_t time, enum rr_kind kind)
{
	struct rr_change c = change(contact, stream, time, kind);

	return rr_restore(e, now, &c);
}

static struct rr_state vector(struct rr_stream_id stream, uint64_t watermark)
{
	struct rr_state s = {.n = 1};

	s.vector[0] = (struct rr_vector_item){stream, {.watermark = watermark}};
	return s;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_newest_row_wins(void **state)
{
	struct rr_change found;
	struct rr_key k = key("a");

	(void)state;
	assert_int_equal(restore("a", others, T(5), RR_SET), RR_NEWER);
	assert_int_equal(restore("a", former, T(7), RR_REMOVED), RR_NEWER);
	assert_int_equal(restore("a", former, T(7), RR_REMOVED), RR_SAME);
	assert_int_equal(restore("a", others, T(6), RR_SET), RR_OLDER);
	assert_true(rr_lookup(e, &k, &found));
	assert_int_equal(found.kind, RR_REMOVED);
	assert_int_equal(found.stamp.time, T(7));
}

static void test_nonsense_is_refused(void **state)
{
	struct rr_state own = vector((struct rr_stream_id){1, 10}, T(1));
	struct rr_state bad = vector(former, T(9));

	(void)state;
	assert_int_equal(restore("a", (struct rr_stream_id){1, 10}, T(1), RR_SET), RR_EINVAL);
	assert_int_equal(restore("a", (struct rr_stream_id){0, 10}, T(1), RR_SET), RR_EINVAL);
	assert_int_equal(restore("a", former, 0, RR_SET), RR_EINVAL);
	assert_int_equal(restore("a", former, T(1), RR_NONE), RR_EINVAL);
	assert_int_equal(rr_restore_vector(e, now, &own), RR_EINVAL);
	bad.vector[0].cover.n = 1;
	bad.vector[0].cover.early[0] = (struct rr_span){T(5), T(10)};
	assert_int_equal(rr_restore_vector(e, now, &bad), RR_EINVAL);
}

/* The former own stream is told as it was stored; the own stream is new, and past all of it. */
static void test_vector_comes_back(void **state)
{
	struct rr_state v = vector(former, T(9)), told;
	struct rr_stamp stamp;
	struct rr_key k = key("b");

	(void)state;
	assert_int_equal(restore("a", former, T(8), RR_SET), RR_NEWER);
	assert_int_equal(rr_restore_vector(e, now, &v), 0);
	rr_restore_clock(e, rr_hlc(WALL + 5000));
	rr_restored(e);
	rr_state(e, &told);
	assert_int_equal(rr_state_cover(&told, former)->watermark, T(9));
	assert_int_equal(told.bindings, 1);
	assert_int_equal(rr_local_change(e, now, &k, RR_SET, WALL_S + 60, &stamp), 0);
	assert_int_equal(stamp.time, rr_hlc(WALL + 5000) + 1);
	assert_int_equal(stamp.stream.epoch, 10);
}

static void test_cut(void **state)
{
	struct rr_state s = vector(former, T(9));
	struct rr_cover *c = &s.vector[0].cover;

	(void)state;
	c->n = 2;
	c->early[0] = (struct rr_span){T(20), T(30)};
	c->early[1] = (struct rr_span){T(40), T(50)};
	rr_state_cut(&s, T(51));
	assert_int_equal(c->n, 2);
	assert_int_equal(c->early[1].to, T(50));
	rr_state_cut(&s, T(50));
	assert_int_equal(c->early[1].to, T(49));
	rr_state_cut(&s, T(41));
	assert_int_equal(c->n, 1);
	rr_state_cut(&s, T(25));
	assert_int_equal(c->early[0].to, T(24));
	rr_state_cut(&s, T(10));
	assert_int_equal(c->n, 0);
	assert_int_equal(c->watermark, T(9));
	rr_state_cut(&s, T(9));
	assert_int_equal(c->watermark, T(8));
	assert_true(rr_cover_valid(c));
}

/* What was on disk once is so still; streams that are over are left out. */
static void test_merge(void **state)
{
	struct rr_state s = vector(former, T(3)), earlier = vector(former, T(7));

	(void)state;
	earlier.n = 2;
	earlier.vector[1] = (struct rr_vector_item){others, {.watermark = T(9)}};
	rr_state_merge(&s, &earlier);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.vector[0].cover.watermark, T(7));
}

struct found {
	unsigned n, room;
	uint64_t time[4];
};

static bool found(void *ctx, const struct rr_change *c)
{
	struct found *f = ctx;

	if (f->n == f->room)
		return false;
	assert_int_equal(c->kind, RR_REMOVED);
	f->time[f->n++] = c->stamp.time;
	return true;
}

static void test_removals(void **state)
{
	struct rr_span span = {T(1), T(5)};
	struct found f = {.room = 1};

	(void)state;
	restore("a", others, T(1), RR_REMOVED);
	restore("b", others, T(2), RR_SET);
	restore("c", others, T(3), RR_REMOVED);
	restore("d", others, T(4), RR_SET);
	restore("e", others, T(5), RR_REMOVED);
	restore("f", others, T(6), RR_REMOVED);
	assert_true(rr_removals(e, others, &span, 100, found, &f));
	assert_int_equal(f.n, 1);
	assert_int_equal(f.time[0], T(3));
	f.room = 4;
	while (rr_removals(e, others, &span, 1, found, &f))
		;
	assert_int_equal(f.n, 2);
	assert_int_equal(f.time[1], T(5));
	assert_int_equal(span.from, T(5));
	assert_false(rr_removals(e, former, &span, 1, found, &f));
}

/* Without a stamp a binding counts as changed when it says so: what is newer wins over it. */
static void test_adopt(void **state)
{
	struct rr_key a = key("a"), b = key("b"), c = key("c");
	struct rr_stamp stamp, other;
	struct rr_state told;

	(void)state;
	restore("a", others, rr_hlc(WALL - 5000), RR_REMOVED);
	assert_int_equal(rr_adopt(e, now, &a, WALL_S + 60, WALL - 9000, &stamp), RR_OLDER);
	assert_int_equal(rr_adopt(e, now, &a, WALL_S + 60, WALL - 4000, &stamp), RR_NEWER);
	assert_int_equal(rr_adopt(e, now, &b, WALL_S + 60, WALL - 4000, &other), RR_NEWER);
	assert_int_not_equal(stamp.time, other.time);
	assert_int_equal(other.stream.epoch, 10);
	/* never from the future */
	assert_int_equal(rr_adopt(e, now, &c, WALL_S + 60, WALL + 4000, &stamp), RR_NEWER);
	assert_int_equal(rr_hlc_ms(stamp.time), WALL);
	rr_state(e, &told);
	assert_int_equal(rr_state_cover(&told, other.stream)->watermark, stamp.time);
}

/* --- what no claim covers --------------------------------------------------------------------- */

static uint64_t offered; /* the last */

static bool emit(void *ctx, const struct rr_change *c)
{
	(void)ctx;
	offered = c->stamp.time;
	return true;
}

/* The peer is up, and holds that much of the former own stream. */
static void peer_in_sync(uint64_t watermark)
{
	struct rr_state s = vector(former, watermark);
	struct rr_send send;

	s.node = 2;
	s.epoch = 20;
	rr_next(e, now, 2, emit, NULL, &send);
	assert_int_equal(send.what, RR_PING);
	assert_int_equal(rr_answered(e, now, 2, send.token, 200, (struct rr_str){NULL, 0}, &s), 0);
}

static void test_loose_is_offered_once(void **state)
{
	struct rr_state v = vector(former, T(2));
	struct rr_send send;

	(void)state;
	restore("a", former, T(2), RR_SET);
	restore("b", former, T(4), RR_SET);
	restore("c", former, T(6), RR_SET);
	assert_int_equal(rr_restore_vector(e, now, &v), 0);
	rr_restored(e);
	peer_in_sync(T(4)); /* has b */
	assert_true(rr_due(e, now, 2));
	rr_next(e, now, 2, emit, NULL, &send);
	assert_int_equal(send.what, RR_CHANGES);
	assert_int_equal(send.changes, 1);
	assert_int_equal(send.span.to, 0); /* no claim */
	assert_int_equal(offered, T(6));
	/* lost: again, when it has given a sign of life */
	rr_failed(e, now, 2, send.token, 408);
	peer_in_sync(T(4));
	rr_next(e, now, 2, emit, NULL, &send);
	assert_int_equal(send.what, RR_CHANGES);
	assert_int_equal(offered, T(6));
	rr_answered(e, now, 2, send.token, 200, (struct rr_str){NULL, 0}, NULL);
	assert_false(rr_due(e, now, 2));
}

/* With nobody else to ask, what is left of a former life is all of it. */
static void test_alone(void **state)
{
	struct rr_state told;

	(void)state;
	rr_peer_remove(e, 2);
	restore("a", former, T(6), RR_SET);
	restore("b", others, T(7), RR_SET);
	rr_restored(e);
	rr_state(e, &told);
	assert_int_equal(rr_state_cover(&told, former)->watermark, T(6));
	assert_int_equal(rr_state_cover(&told, others)->watermark, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- plain peers ------------------------------------------------------------------------------ */

#define PLAIN 9

static bool take(void *ctx, const struct rr_change *c)
{
	(void)c;
	++*(int *)ctx;
	return true;
}

/* What it is sent now, answered with `code`: how many changes. */
static int sent(int code)
{
	struct rr_send send;
	int n = 0;

	do {
		assert_int_equal(rr_next(e, now, PLAIN, take, &n, &send), 0);
		if (send.what != RR_NOTHING)
			rr_answered(e, now, PLAIN, send.token, send.what == RR_PING ? 200 : code,
				(struct rr_str){"", 0}, NULL);
	} while (send.what != RR_NOTHING);
	return n;
}

static void add_plain(void)
{
	rr_peer_remove(e, 2);
	assert_int_equal(
		rr_peer_add(e, now, &(struct rr_peer_config){.node = PLAIN, .plain = true}), 0);
}

static void former_life(void)
{
	struct rr_state v = vector(former, T(4));

	restore("a", former, T(1), RR_SET);
	restore("b", former, T(2), RR_SET);
	restore("c", former, T(3), RR_SET);
	restore("d", former, T(4), RR_SET);
	assert_int_equal(rr_restore_vector(e, now, &v), 0);
}

static void test_plain_peer_goes_on(void **state)
{
	struct rr_state held = vector(former, T(2)), unknown = vector(others, T(9));

	(void)state;
	add_plain();
	former_life();
	assert_int_equal(rr_restore_peer(e, 7, &held), RR_ENOENT);
	assert_int_equal(rr_restore_peer(e, PLAIN, &unknown), 0);
	assert_int_equal(rr_restore_peer(e, PLAIN, &held), 0);
	rr_restored(e);
	assert_int_equal(sent(200), 2);
	assert_int_equal(rr_peer_kept(e, PLAIN, &held), 0);
	assert_int_equal(held.n, 1);
	assert_int_equal(held.vector[0].cover.watermark, T(4));
	assert_int_equal(rr_stream_find(e, others), RR_NO_STREAM);
}

static void test_plain_peer_gets_everything(void **state)
{
	(void)state;
	add_plain();
	former_life();
	rr_restored(e);
	assert_int_equal(sent(200), 4);
}

/* What it refused comes again, once; so does all beyond more gaps than there is room for. */
static void test_refused_is_kept_as_missed(void **state)
{
	struct rr_state held, all;
	const struct rr_cover *c;
	char contact[16];

	(void)state;
	add_plain();
	former_life();
	rr_restored(e);
	assert_int_equal(sent(403), 4);
	assert_int_equal(rr_peer_kept(e, PLAIN, &held), 0);
	assert_true(rr_cover_has(&held.vector[0].cover, (struct rr_span){0, T(1) - 1}));
	for (int i = 1; i <= 4; i++)
		assert_false(rr_cover_has(&held.vector[0].cover, (struct rr_span){T(i) - 1, T(i)}));
	teardown(NULL);
	setup(NULL);
	add_plain();
	former_life();
	for (int i = 0; i < 20; i++) {
		snprintf(contact, sizeof(contact), "n%d", i);
		restore(contact, others, T(10 + 2 * i), RR_SET);
	}
	all = vector(others, T(100));
	assert_int_equal(rr_restore_vector(e, now, &all), 0);
	assert_int_equal(rr_restore_peer(e, PLAIN, &held), 0);
	rr_restored(e);
	assert_int_equal(sent(403), 24);
	assert_int_equal(rr_peer_kept(e, PLAIN, &held), 0);
	assert_int_equal(held.n, 2);
	for (uint32_t i = 0; i < held.n; i++)
		assert_true(rr_cover_valid(&held.vector[i].cover));
	c = rr_state_cover(&held, others);
	assert_int_equal(c->watermark, T(10) - 1);
	assert_int_equal(c->n, RR_EARLY);
	assert_int_equal(c->early[RR_EARLY - 1].to, T(10 + 2 * RR_EARLY) - 1);
}

static void test_full_peers_tell_it_themselves(void **state)
{
	struct rr_state held = vector(former, T(2));

	(void)state;
	assert_int_equal(rr_restore_peer(e, 2, &held), RR_EINVAL);
	assert_int_equal(rr_peer_kept(e, 2, &held), RR_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_newest_row_wins),
		TEST(test_nonsense_is_refused),
		TEST(test_vector_comes_back),
		TEST(test_cut),
		TEST(test_merge),
		TEST(test_removals),
		TEST(test_adopt),
		TEST(test_loose_is_offered_once),
		TEST(test_alone),
		TEST(test_plain_peer_goes_on),
		TEST(test_plain_peer_gets_everything),
		TEST(test_refused_is_kept_as_missed),
		TEST(test_full_peers_tell_it_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
