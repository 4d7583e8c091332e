/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ordered map: against an array kept in order beside it; iterators; no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dprint.h"
#include "globals.h"
#include "map.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"

#define KEYS 200

static int setup(void **state)
{
	(void)state;
	stderr_enabled = 0;
	shm_mem_size = 4UL << 20;
	return init_shm_mallocs();
}

static int teardown(void **state)
{
	struct mem_stats st;

	(void)state;
	assert_int_equal(shm_blocks(), 0);
	pkg_get_stats(&st);
	assert_int_equal(st.fragments, 0);
	shm_mem_destroy();
	return 0;
}

static str key(int i)
{
	static char buf[4][16];
	static int turn;
	char *b = buf[turn++ % 4];

	return (str){b, snprintf(b, sizeof(buf[0]), "k%03d", i)};
}

/* present[i]: key i is in the map with value &present[i]. */
static void verify(map_t map, int *present)
{
	map_iterator_t it;
	int i = 0, n = 0;

	assert_int_equal(map_first(map, &it), 0);
	for (; iterator_is_valid(&it); iterator_next(&it), i++, n++) {
		str k;

		while (i < KEYS && !present[i])
			i++;
		assert_true(i < KEYS);
		k = key(i);
		assert_int_equal(iterator_key(&it)->len, k.len);
		assert_memory_equal(iterator_key(&it)->s, k.s, k.len);
		assert_ptr_equal(*iterator_val(&it), &present[i]);
	}
	assert_int_equal(map_size(map), n);
	for (i = 0; i < KEYS; i++)
		n -= present[i];
	assert_int_equal(n, 0);
}

static void play(enum map_flags flags)
{
	static int present[KEYS];
	map_t map = map_create(flags);

	memset(present, 0, sizeof(present));
	srand(7);
	for (int step = 0; step < 4000; step++) {
		int i = rand() % KEYS;

		if (rand() % 2) {
			assert_ptr_equal(map_put(map, key(i), &present[i]),
				present[i] ? (void *)&present[i] : NULL);
			present[i] = 1;
		} else {
			assert_ptr_equal(
				map_remove(map, key(i)), present[i] ? (void *)&present[i] : NULL);
			present[i] = 0;
		}
		if (step % 50 == 0)
			verify(map, present);
		assert_int_equal(map_find(map, key(i)) != NULL, present[i]);
	}
	verify(map, present);
	map_destroy(map, NULL);
}

static void test_shared(void **state)
{
	(void)state;
	play(AVLMAP_SHARED);
}

static void test_private(void **state)
{
	(void)state;
	play(0);
}

static int destroyed;

static void count_destroyed(void *val)
{
	(void)val;
	destroyed++;
}

static void test_iterators(void **state)
{
	map_t map = map_create(AVLMAP_SHARED);
	map_iterator_t it;
	int x;

	(void)state;
	assert_int_equal(map_first(NULL, &it), -1);
	map_first(map, &it);
	assert_false(iterator_is_valid(&it));
	for (int i = 0; i < 10; i++)
		map_put(map, key(i), &x);
	map_first(map, &it);
	iterator_next(&it);
	assert_memory_equal(iterator_key(&it)->s, "k001", 4);
	assert_ptr_equal(iterator_delete(&it), &x);
	assert_false(iterator_is_valid(&it));
	assert_int_equal(map_size(map), 9);
	destroyed = 0;
	map_destroy(map, count_destroyed);
	assert_int_equal(destroyed, 9);
	map_destroy(NULL, NULL);
}

static void test_keys(void **state)
{
	map_t map = map_create(0);
	str empty = STR_NULL, binary = {(char *)"a\0b", 3}, prefix = {(char *)"a", 1};
	int x, y;

	(void)state;
	map_put(map, empty, &x);
	map_put(map, binary, &y);
	assert_null(map_find(map, prefix));
	assert_ptr_equal(*map_find(map, empty), &x);
	assert_ptr_equal(*map_find(map, binary), &y);
	map_destroy(map, NULL);
}

static void test_no_memory(void **state)
{
	map_t map;
	int x;

	(void)state;
	shm_fail_after(0);
	assert_null(map_create(AVLMAP_SHARED));
	shm_fail_after(1);
	map = map_create(AVLMAP_SHARED);
	assert_non_null(map);
	assert_null(map_get(map, key(1)));
	assert_ptr_equal(map_put(map, key(1), &x), (void *)-1);
	assert_int_equal(map_size(map), 0);
	shm_fail_after(-1);
	assert_null(map_put(map, key(1), &x));
	map_destroy(map, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iterators, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
