/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen_lock_t: a lock between processes, in shared memory. It is really held and not
 * recursive: a process that takes it twice waits for itself, as in OpenSIPS.
 *
 * 0 free, 1 held, 2 held and somebody sleeps for it (futex).
 */
#ifndef LOCK_OPS_H
#define LOCK_OPS_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct gen_lock {
	_Atomic int state;
} gen_lock_t;

typedef struct gen_lock_set_t_ {
	long size;
	gen_lock_t *locks;
} gen_lock_set_t;

/* Slow parts (locking.c): sleep until the lock is ours; wake one sleeper. */
void gen_lock_wait(gen_lock_t *lock);
void gen_lock_wake(gen_lock_t *lock);

static inline gen_lock_t *lock_init(gen_lock_t *lock)
{
	atomic_init(&lock->state, 0);
	return lock;
}

static inline void lock_destroy(gen_lock_t *lock)
{
	(void)lock;
}

static inline void lock_get(gen_lock_t *lock)
{
	int was = 0;

	if (!atomic_compare_exchange_strong(&lock->state, &was, 1))
		gen_lock_wait(lock);
}

/* 0: the lock is ours now; -1: somebody holds it. */
static inline int lock_try(gen_lock_t *lock)
{
	int was = 0;

	return atomic_compare_exchange_strong(&lock->state, &was, 1) ? 0 : -1;
}

static inline void lock_release(gen_lock_t *lock)
{
	if (atomic_exchange(&lock->state, 0) == 2)
		gen_lock_wake(lock);
}

static inline gen_lock_set_t *lock_set_init(gen_lock_set_t *s)
{
	for (long i = 0; i < s->size; i++)
		lock_init(&s->locks[i]);
	return s;
}

static inline void lock_set_destroy(gen_lock_set_t *s)
{
	(void)s;
}

static inline void lock_set_get(gen_lock_set_t *s, long i)
{
	lock_get(&s->locks[i]);
}

static inline void lock_set_release(gen_lock_set_t *s, long i)
{
	lock_release(&s->locks[i]);
}

#endif
