/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the engine, each by itself and against a simple model: cover, tree, table, wheel,
 * clock, hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/clock.h"
#include "engine/cover.h"
#include "engine/hash.h"
#include "engine/table.h"
#include "engine/tree.h"
#include "engine/wheel.h"

/* --- cover ---------------------------------------------------------------------------------- */

static bool add(struct rr_cover *c, uint64_t from, uint64_t to)
{
	return rr_cover_add(c, (struct rr_span){from, to});
}

static bool has(const struct rr_cover *c, uint64_t from, uint64_t to)
{
	return rr_cover_has(c, (struct rr_span){from, to});
}

static void watermark_needs_no_gap(void **state)
{
	struct rr_cover c = {0};

	(void)state;
	assert_true(add(&c, 0, 5));
	assert_int_equal(c.watermark, 5);
	assert_true(add(&c, 7, 9));
	assert_int_equal(c.watermark, 5);
	assert_int_equal(c.n, 1);
	assert_true(has(&c, 7, 9) && has(&c, 2, 4) && !has(&c, 4, 6) && !has(&c, 4, 9));
	assert_true(add(&c, 5, 7));
	assert_int_equal(c.watermark, 9);
	assert_int_equal(c.n, 0);
	/* nothing, and what is there already */
	assert_true(add(&c, 20, 20) && add(&c, 21, 20) && add(&c, 1, 8));
	assert_int_equal(c.watermark, 9);
	assert_int_equal(c.n, 0);
}

static void early_spans_grow_together(void **state)
{
	struct rr_cover c = {0};

	(void)state;
	add(&c, 10, 12);
	add(&c, 20, 22);
	add(&c, 30, 32);
	assert_int_equal(c.n, 3);
	add(&c, 12, 20); /* touches both sides */
	assert_int_equal(c.n, 2);
	assert_true(has(&c, 10, 22));
	add(&c, 5, 40);
	assert_int_equal(c.n, 1);
	add(&c, 0, 5);
	assert_int_equal(c.watermark, 40);
	assert_int_equal(c.n, 0);
}

static void full_cover_drops_the_last(void **state)
{
	struct rr_cover c = {0};

	(void)state;
	for (uint64_t i = 0; i < RR_EARLY; i++)
		assert_true(add(&c, 20 + 10 * i, 21 + 10 * i));
	assert_false(add(&c, 500, 501));
	assert_false(has(&c, 500, 501));
	assert_false(add(&c, 10, 11));
	assert_true(has(&c, 10, 11));
	assert_false(has(&c, 20 + 10 * (RR_EARLY - 1), 21 + 10 * (RR_EARLY - 1)));
	assert_int_equal(c.n, RR_EARLY);
	assert_true(rr_cover_valid(&c));
	assert_true(add(&c, 0, 1000));
	assert_int_equal(c.watermark, 1000);
}

/* Against a bitmap: never claims too much, and all of it where nothing had to be dropped. */
static void cover_random(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct rr_cover c = {0};
		bool bit[101] = {false}, dropped = false;

		for (int i = 0; i < 30; i++) {
			uint64_t from = rr_random(&random) % 100;
			uint64_t to = from + 1 + rr_random(&random) % 8;

			to = to > 100 ? 100 : to;
			dropped |= !add(&c, from, to);
			for (uint64_t k = from + 1; k <= to; k++)
				bit[k] = true;
			assert_true(rr_cover_valid(&c));
			for (uint64_t k = 1; k <= 100; k++) {
				bool held = has(&c, k - 1, k);

				assert_true(dropped ? !held || bit[k] : held == bit[k]);
			}
		}
	}
}

static void cover_sets(void **state)
{
	struct rr_cover a = {0}, b = {0};

	(void)state;
	assert_true(rr_cover_empty(&a) && rr_cover_equal(&a, &b) && rr_cover_includes(&a, &b));
	add(&a, 0, 10);
	add(&b, 2, 4);
	assert_true(rr_cover_includes(&a, &b) && !rr_cover_includes(&b, &a));
	assert_false(rr_cover_equal(&a, &b));
	add(&b, 12, 14);
	assert_false(rr_cover_includes(&a, &b));
	rr_cover_merge(&a, &b);
	assert_true(rr_cover_includes(&a, &b) && has(&a, 0, 10) && has(&a, 12, 14));
	assert_false(rr_cover_valid(&(struct rr_cover){.n = RR_EARLY + 1}));
	assert_false(rr_cover_valid(&(struct rr_cover){.watermark = 5, .n = 1, .early = {{5, 6}}}));
	assert_false(rr_cover_valid(&(struct rr_cover){.n = 2, .early = {{3, 4}, {4, 5}}}));
}

/* --- tree ------------------------------------------------------------------------------------- */

static uint32_t check_tree(const struct rr_entry *t, uint64_t low, uint64_t high)
{
	uint32_t left, right;

	if (!t)
		return 0;
	assert_in_range(t->time, low, high);
	left = check_tree(t->left, low, t->time);
	right = check_tree(t->right, t->time, high);
	assert_int_equal(t->count, left + right + 1);
	assert_true(left + 1 <= 3 * (right + 1) && right + 1 <= 3 * (left + 1));
	return t->count;
}

static void tree_random(void **state)
{
	enum {
		N = 300,
		TIMES = 400
	};
	struct rr_entry *e = calloc(N, sizeof(*e)), *root = NULL;
	bool in[N] = {false};
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned k = rr_random(&random) % N;
		uint64_t from = rr_random(&random) % TIMES, to = rr_random(&random) % TIMES;
		uint32_t n = 0;
		struct rr_entry *after = rr_tree_after(root, from);

		for (unsigned j = 0; j < N; j++) {
			n += in[j] && from < e[j].time && e[j].time <= to;
			assert_false(in[j] && e[j].time > from && after && e[j].time < after->time);
			assert_false(in[j] && e[j].time > from && !after);
		}
		assert_int_equal(rr_tree_count(root, (struct rr_span){from, to}), n);
		if (in[k]) {
			rr_tree_remove(&root, &e[k]);
		} else {
			/* in order now and then, as a stream grows */
			e[k].time = i % 3 ? 1 + rr_random(&random) % TIMES : TIMES;
			rr_tree_insert(&root, &e[k]);
		}
		in[k] = !in[k];
		if (i % 50 == 0)
			check_tree(root, 0, UINT64_MAX);
	}
	free(e);
}

static void tree_in_order(void **state)
{
	enum {
		N = 5000
	};
	struct rr_entry *e = calloc(N, sizeof(*e)), *root = NULL;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		e[i].time = i + 1;
		rr_tree_insert(&root, &e[i]);
	}
	assert_int_equal(check_tree(root, 0, UINT64_MAX), N);
	assert_int_equal(rr_tree_count(root, (struct rr_span){10, 20}), 10);
	assert_int_equal(rr_tree_count(root, (struct rr_span){20, 10}), 0);
	/* a table that is refreshed from its beginning */
	for (unsigned i = 0; i < N; i++) {
		rr_tree_remove(&root, &e[i]);
		e[i].time = N + i + 1;
		rr_tree_insert(&root, &e[i]);
	}
	assert_int_equal(check_tree(root, N + 1, UINT64_MAX), N);
	for (unsigned i = 0; i < N; i++)
		rr_tree_remove(&root, &e[N - 1 - i]);
	assert_null(root);
	free(e);
}

/* --- table ------------------------------------------------------------------------------------ */

static bool no_segments;

static void *alloc(size_t size)
{
	return no_segments && size == RR_SEGMENT * sizeof(void *) ? NULL : malloc(size);
}

static struct rr_key number_key(unsigned i, char text[64])
{
	int a = snprintf(text, 64, "user%u", i);
	int b = snprintf(text + a, 64 - (size_t)a, "sip:phone%u", i * 7);

	return (struct rr_key){
		.domain = (uint8_t)(i % 2),
		.aor = {text, (uint32_t)a},
		.contact = {text + a, (uint32_t)b},
	};
}

static void fill_and_empty(bool starved)
{
	enum {
		N = 5000
	};
	struct rr_memory m = {alloc, free, 0};
	struct rr_table *t = calloc(1, sizeof(*t));
	char text[64];

	assert_int_equal(rr_table_init(t, &m, 42), 0);
	no_segments = starved;
	for (unsigned i = 0; i < N; i++) {
		struct rr_key key = number_key(i, text);

		assert_null(rr_table_find(t, &key));
		assert_non_null(rr_table_add(t, &m, &key));
	}
	assert_int_equal(t->count, N);
	assert_true(starved ? t->buckets == RR_SEGMENT : t->buckets == N);
	for (unsigned i = 0; i < N; i++) {
		struct rr_key key = number_key(i, text);
		struct rr_entry *e = rr_table_find(t, &key);

		assert_non_null(e);
		assert_memory_equal(rr_entry_key(e).aor.s, key.aor.s, key.aor.len);
		assert_int_equal(rr_entry_key(e).contact.len, key.contact.len);
		if (i % 2)
			rr_table_remove(t, &m, e);
	}
	for (unsigned i = 0; i < N; i++) {
		struct rr_key key = number_key(i, text);

		assert_int_equal(rr_table_find(t, &key) == NULL, i % 2);
	}
	rr_table_free(t, &m);
	assert_int_equal(m.used, 0);
	no_segments = false;
	free(t);
}

static void table_grows(void **state)
{
	(void)state;
	fill_and_empty(false);
	fill_and_empty(true);
}

static void keys_do_not_run_together(void **state)
{
	struct rr_memory m = {alloc, free, 0};
	struct rr_table *t = calloc(1, sizeof(*t));
	struct rr_key a = {.aor = {"ab", 2}, .contact = {"c", 1}};
	struct rr_key b = {.aor = {"a", 1}, .contact = {"bc", 2}};
	struct rr_key c = {.aor = {"ab", 2}, .contact = {"", 0}, .callid = {"c", 1}};
	struct rr_key d = {.domain = 1, .aor = {"ab", 2}, .contact = {"c", 1}};

	(void)state;
	rr_table_init(t, &m, 1);
	rr_table_add(t, &m, &a);
	assert_non_null(rr_table_find(t, &a));
	assert_null(rr_table_find(t, &b));
	assert_null(rr_table_find(t, &c));
	assert_null(rr_table_find(t, &d));
	assert_true(rr_key_valid(&a));
	a.aor.len = RR_KEY_MAX;
	assert_false(rr_key_valid(&a));
	a.aor.len = UINT32_MAX;
	assert_false(rr_key_valid(&a));
	rr_table_free(t, &m);
	free(t);
}

/* --- wheel ------------------------------------------------------------------------------------ */

static struct rr_entry *due(struct rr_wheel *w, uint64_t second)
{
	uint32_t looks = UINT32_MAX;

	return rr_wheel_due(w, second, &looks);
}

static void wheel_in_time(void **state)
{
	enum {
		N = 200
	};
	struct rr_wheel *w = calloc(1, sizeof(*w));
	struct rr_entry *e = calloc(N, sizeof(*e)), *x;
	uint64_t start = 1700000000, random = 5;
	unsigned seen = 0;

	(void)state;
	w->hand = start;
	for (unsigned i = 0; i < N; i++) {
		/* some are due at once, some laps later, some moved, some never */
		e[i].keep = (uint32_t)(start - RR_GRACE - 10 + rr_random(&random) % (3 * RR_SLOTS));
		rr_wheel_put(w, &e[i]);
		if (i % 5 == 0) {
			e[i].keep += 100;
			rr_wheel_put(w, &e[i]);
		}
	}
	rr_wheel_take(&e[0]);
	rr_wheel_take(&e[0]);
	e[1].keep = 0;
	rr_wheel_put(w, &e[1]);
	for (uint64_t now = start; now < start + 4 * RR_SLOTS; now += rr_random(&random) % 20) {
		while ((x = due(w, now))) {
			assert_true(x->keep + RR_GRACE <= now);
			assert_true(x->keep + RR_GRACE + 40 >= now);
			assert_null(x->prev);
			seen++;
		}
	}
	assert_int_equal(seen, N - 2);
	free(e);
	free(w);
}

/* Many in one slot, of this lap and of later ones: one look at a time they come all the same, while
 * others come and go and the clock jumps. */
static void wheel_in_pieces(void **state)
{
	enum {
		N = 300,
		START = 1700000000
	};
	struct rr_wheel *w = calloc(1, sizeof(*w));
	struct rr_entry *e = calloc(N, sizeof(*e)), *x;
	uint64_t now = START + 10;
	uint32_t looks, seen = 0;

	(void)state;
	w->hand = START;
	for (unsigned i = 0; i < N; i++) {
		e[i].keep = (uint32_t)(START + 10 - RR_GRACE + i % 3 * RR_SLOTS);
		rr_wheel_put(w, &e[i]);
	}
	for (unsigned i = 0; i < 150; i++) {
		looks = 1;
		x = rr_wheel_due(w, now, &looks);
		assert_int_equal(looks, 0);
		seen += x != NULL;
	}
	assert_int_equal(seen, 50);
	/* in the middle: some that were looked at, and some that were not, go; some come back */
	rr_wheel_take(&e[1]);
	rr_wheel_take(&e[298]);
	rr_wheel_put(w, &e[1]);
	rr_wheel_put(w, &e[298]);
	now -= 5; /* that second is finished first, though nothing is due any more */
	assert_null(due(w, now));
	now += 5;
	while ((x = due(w, now)))
		seen++;
	assert_int_equal(seen, 100);
	for (unsigned lap = 1; lap < 3; lap++) {
		now += RR_SLOTS;
		assert_null(due(w, now - 1));
		while ((x = due(w, now))) {
			assert_int_equal(x->keep + RR_GRACE, now);
			seen++;
		}
		assert_int_equal(seen, 100 + 100 * lap);
	}
	free(e);
	free(w);
}

static void wheel_and_a_clock_that_jumps(void **state)
{
	struct rr_wheel *w = calloc(1, sizeof(*w));
	struct rr_entry e = {.keep = 10000};

	(void)state;
	w->hand = 9000;
	rr_wheel_put(w, &e);
	assert_null(due(w, 5000)); /* back: nothing is due, and nothing is lost */
	assert_null(due(w, 10000 + RR_GRACE - 1));
	assert_ptr_equal(due(w, 10000 + RR_GRACE), &e);
	assert_null(due(w, 10000 + RR_GRACE));
	rr_wheel_put(w, &e); /* due already, and the hand is past it */
	assert_null(due(w, 10000 + RR_GRACE));
	assert_ptr_equal(due(w, 10000 + RR_GRACE + 1), &e);
	e.keep = 20000;
	rr_wheel_put(w, &e);
	assert_ptr_equal(due(w, 4000000000), &e); /* far ahead */
	assert_null(due(w, 4000000000));
	free(w);
}

/* --- clock and hash --------------------------------------------------------------------------- */

static void clock_never_goes_back(void **state)
{
	struct rr_now now = {.wall_ms = 1000};
	uint64_t clock = 0;

	(void)state;
	assert_int_equal(rr_clock_next(&clock, now, 0), rr_hlc(1000));
	assert_int_equal(rr_clock_next(&clock, now, 0), rr_hlc(1000) + 1);
	now.wall_ms = 500;
	assert_int_equal(rr_clock_next(&clock, now, 0), rr_hlc(1000) + 2);
	assert_int_equal(rr_clock_next(&clock, now, rr_hlc(3000)), rr_hlc(3000) + 1);
	rr_clock_seen(&clock, rr_hlc(4000));
	rr_clock_seen(&clock, rr_hlc(3500));
	assert_int_equal(rr_clock_next(&clock, now, 0), rr_hlc(4000) + 1);
	now.wall_ms = 5000;
	assert_int_equal(rr_clock_next(&clock, now, 0), rr_hlc(5000));
	assert_false(rr_clock_ahead(rr_hlc(6000), now, 1000));
	assert_true(rr_clock_ahead(rr_hlc(6001), now, 1000));
}

static void stamps_are_ordered(void **state)
{
	struct rr_stamp a = {5, {1, 1}}, b = {5, {1, 2}}, c = {5, {2, 1}}, d = {6, {1, 1}};

	(void)state;
	assert_true(rr_stamp_cmp(a, a) == 0);
	assert_true(rr_stamp_cmp(a, b) < 0 && rr_stamp_cmp(b, c) < 0 && rr_stamp_cmp(c, d) < 0);
	assert_true(rr_stamp_cmp(d, a) > 0);
}

static void siphash_of_its_authors(void **state)
{
	unsigned char in[15];
	struct rr_hash h;

	(void)state;
	/* The example of the paper, appendix A: key 00..0f, input 00..0e; here in two pieces. */
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)i;
	rr_hash_start(&h, 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL);
	rr_hash_add(&h, in, 4);
	rr_hash_add(&h, in + 4, 11);
	assert_true(rr_hash_end(&h) == 0xa129ca6149be45e5ULL);
}

/* However the pieces are cut, the hash is the same. */
static void hash_in_pieces(void **state)
{
	unsigned char in[60];
	uint64_t whole;
	struct rr_hash h;

	(void)state;
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 37 + 1);
	rr_hash_start(&h, 1, 2);
	rr_hash_add(&h, in, sizeof(in));
	whole = rr_hash_end(&h);
	for (size_t a = 0; a <= sizeof(in); a++)
		for (size_t b = a; b <= sizeof(in); b++) {
			rr_hash_start(&h, 1, 2);
			rr_hash_add(&h, in, a);
			rr_hash_add(&h, in + a, b - a);
			rr_hash_add(&h, in + b, sizeof(in) - b);
			assert_true(rr_hash_end(&h) == whole);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watermark_needs_no_gap),
		cmocka_unit_test(early_spans_grow_together),
		cmocka_unit_test(full_cover_drops_the_last),
		cmocka_unit_test(cover_random),
		cmocka_unit_test(cover_sets),
		cmocka_unit_test(tree_random),
		cmocka_unit_test(tree_in_order),
		cmocka_unit_test(table_grows),
		cmocka_unit_test(keys_do_not_run_together),
		cmocka_unit_test(wheel_in_time),
		cmocka_unit_test(wheel_in_pieces),
		cmocka_unit_test(wheel_and_a_clock_that_jumps),
		cmocka_unit_test(clock_never_goes_back),
		cmocka_unit_test(stamps_are_ordered),
		cmocka_unit_test(siphash_of_its_authors),
		cmocka_unit_test(hash_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
