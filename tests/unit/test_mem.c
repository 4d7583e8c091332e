/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared and private memory: random use with every block's content checked, exhaustion,
 * failing on demand, misuse that ends the process, use by several processes at once.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dprint.h"
#include "globals.h"
#include "locking.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "rw_locking.h"

#define SLOTS 300
#define STEPS 60000
#define ARENA (4UL << 20)

static int setup(void **state)
{
	(void)state;
	stderr_enabled = 0; /* running out is part of the tests */
	shm_mem_size = ARENA;
	pkg_mem_size = 1UL << 20;
	return init_pkg_mallocs() + init_shm_mallocs();
}

static int teardown(void **state)
{
	struct mem_stats st;

	(void)state;
	assert_int_equal(shm_check(), 0);
	assert_int_equal(shm_blocks(), 0);
	shm_get_stats(&st);
	assert_int_equal(st.used, 0);
	assert_int_equal(st.fragments, 1); /* all free pieces joined again */
	pkg_get_stats(&st);
	assert_int_equal(st.used, 0);
	assert_int_equal(st.fragments, 0);
	shm_mem_destroy();
	return 0;
}

/* --- random use -------------------------------------------------------------------------- */

static uint64_t random_state = 1;

static unsigned int rnd(unsigned int below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(random_state >> 33) % below;
}

static size_t some_size(void)
{
	static const unsigned int limits[] = {1, 20, 200, 2000, 60000};

	return rnd(limits[rnd(5)]);
}

struct slot {
	unsigned char *p;
	size_t size;
	unsigned char fill;
};

static void verify(const struct slot *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(s->p[i], s->fill);
}

static void fill_slot(struct slot *s, void *p, size_t size)
{
	s->p = p;
	s->size = size;
	s->fill = (unsigned char)rnd(256);
	memset(p, s->fill, size);
}

static void one_step(struct slot *s)
{
	size_t size = some_size();
	void *p;

	if (!s->p) {
		p = shm_malloc(size);
		if (p)
			fill_slot(s, p, size);
		return;
	}
	verify(s, s->size);
	shm_free(s->p);
	s->p = NULL;
}

static void test_random(void **state)
{
	static struct slot slots[SLOTS];

	(void)state;
	for (int i = 0; i < STEPS; i++) {
		one_step(&slots[rnd(SLOTS)]);
		if (i % 1000 == 0)
			assert_int_equal(shm_check(), 0);
	}
	for (int i = 0; i < SLOTS; i++)
		shm_free(slots[i].p);
}

static void test_alignment_and_size(void **state)
{
	(void)state;
	for (size_t size = 0; size < 100; size++) {
		void *p = shm_malloc(size), *q = pkg_malloc(size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_int_equal((uintptr_t)q % 16, 0);
		shm_free(p);
		pkg_free(q);
	}
	shm_free(NULL);
	pkg_free(NULL);
}

/* --- running out ------------------------------------------------------------------------- */

static void test_exhaustion(void **state)
{
	void *block[5000];
	struct mem_stats st;
	int n = 0;

	(void)state;
	while (n < 5000 && (block[n] = shm_malloc(1000)))
		n++;
	assert_true(n > 4000 && n < 5000);
	assert_null(shm_malloc(100000));
	assert_null(shm_malloc(SIZE_MAX));
	assert_null(shm_malloc(SIZE_MAX - 20));
	shm_get_stats(&st);
	assert_true(st.free < 2048);
	assert_true(st.max_used >= st.real_used);
	shm_free(block[7]);
	block[7] = shm_malloc(1000); /* what was given back can be had again */
	assert_non_null(block[7]);
	/* give back every other one, then the rest: all must be one piece again */
	for (int i = 0; i < n; i += 2)
		shm_free(block[i]);
	assert_int_equal(shm_check(), 0);
	for (int i = 1; i < n; i += 2)
		shm_free(block[i]);
	block[0] = shm_malloc(ARENA - 64 * 1024);
	assert_non_null(block[0]);
	shm_free(block[0]);
}

static void test_private_limit(void **state)
{
	void *p = pkg_malloc(900 * 1024);

	(void)state;
	assert_non_null(p);
	assert_null(pkg_malloc(200 * 1024));
	assert_null(pkg_malloc(SIZE_MAX));
	assert_null(pkg_realloc(p, 2 << 20));
	p = pkg_realloc(p, 100);
	assert_non_null(p);
	pkg_free(p);
	p = pkg_malloc(900 * 1024);
	assert_non_null(p);
	pkg_free(p);
}

static void test_failing(void **state)
{
	void *a, *b;

	(void)state;
	shm_fail_after(1);
	a = shm_malloc(10);
	b = shm_malloc(10);
	assert_non_null(a);
	assert_null(b);
	shm_fail_after(-1);
	b = shm_malloc(10);
	assert_non_null(b);
	shm_free(a);
	shm_free(b);
	pkg_fail_after(0);
	assert_null(pkg_malloc(1));
	pkg_fail_after(-1);
	pkg_free(pkg_malloc(1));
}

/* --- misuse ------------------------------------------------------------------------------ */

static void free_twice(void)
{
	void *p = shm_malloc(50);

	shm_free(p);
	shm_free(p);
}

static void free_twice_after_joining(void)
{
	void *a = shm_malloc(50), *b = shm_malloc(50);

	shm_free(a);
	shm_free(b);
	shm_free(b);
}

static void overrun(void)
{
	char *p = shm_malloc(64);
	void *keep = shm_malloc(64);

	memset(p, 7, 96);
	shm_free(p);
	shm_free(keep);
}

static void free_foreign(void)
{
	static char no_block[64];

	shm_free(no_block + 32);
}

#ifndef __SANITIZE_ADDRESS__ /* which finds it first */
static void free_private_twice(void)
{
	void *p = pkg_malloc(5);
	volatile size_t *mark = (size_t *)p - 1;

	*mark = 0xdead;
	pkg_free(p);
}
#endif

static void assert_aborts(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_misuse(void **state)
{
	(void)state;
	assert_aborts(free_twice);
	shm_mem_destroy(); /* the child left its blocks in it */
	init_shm_mallocs();
	assert_aborts(free_twice_after_joining);
	assert_aborts(overrun);
	assert_aborts(free_foreign);
#ifndef __SANITIZE_ADDRESS__
	assert_aborts(free_private_twice);
#endif
	shm_mem_destroy();
	init_shm_mallocs();
}

/* --- several processes ------------------------------------------------------------------- */

struct shared {
	gen_lock_t lock;
	volatile long counter;
	rw_lock_t *rw;
	volatile long a, b; /* equal whenever nobody writes */
	_Atomic int torn;
};

static void child_work(struct shared *sh, int seed)
{
	static struct slot slots[50];

	random_state = (uint64_t)seed;
	for (int i = 0; i < 20000; i++) {
		one_step(&slots[rnd(50)]);
		lock_get(&sh->lock);
		sh->counter++;
		lock_release(&sh->lock);
		if (i % 64 == 0) {
			lock_start_write(sh->rw);
			sh->a++;
			sh->b++;
			lock_stop_write(sh->rw);
		} else {
			lock_start_read(sh->rw);
			if (sh->a != sh->b)
				sh->torn = 1;
			lock_stop_read(sh->rw);
		}
	}
	for (int i = 0; i < 50; i++)
		shm_free(slots[i].p);
}

static void test_processes(void **state)
{
	struct shared *sh = shm_malloc(sizeof(*sh));
	int status, n = 4;

	(void)state;
	memset(sh, 0, sizeof(*sh));
	lock_init(&sh->lock);
	sh->rw = lock_init_rw();
	for (int i = 0; i < n; i++)
		if (fork() == 0) {
			child_work(sh, i + 2);
			_exit(0);
		}
	for (int i = 0; i < n; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(sh->counter, n * 20000L);
	assert_int_equal(sh->a, sh->b);
	assert_int_equal(sh->torn, 0);
	lock_destroy_rw(sh->rw);
	shm_free(sh);
}

static void test_lock_is_held(void **state)
{
	gen_lock_t *lock = lock_alloc();
	gen_lock_set_t *set = lock_set_alloc(4);

	(void)state;
	assert_non_null(lock_init(lock));
	lock_get(lock);
	assert_int_equal(lock_try(lock), -1); /* not even by its owner */
	lock_release(lock);
	assert_int_equal(lock_try(lock), 0);
	lock_release(lock);
	lock_set_init(set);
	lock_set_get(set, 1);
	assert_int_equal(lock_try(&set->locks[1]), -1);
	assert_int_equal(lock_try(&set->locks[2]), 0);
	lock_set_release(set, 1);
	lock_set_release(set, 2);
	lock_set_dealloc(set);
	lock_dealloc(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alignment_and_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exhaustion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock_is_held, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
