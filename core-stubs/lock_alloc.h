/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks live in shared memory. All of these give NULL when there is none left. */
#ifndef LOCK_ALLOC_H
#define LOCK_ALLOC_H

#include "lock_ops.h"
#include "mem/shm_mem.h"

#define lock_alloc()        ((gen_lock_t *)shm_malloc(sizeof(gen_lock_t)))
#define lock_dealloc(_lock) shm_free((void *)(_lock))

/* The set and its n locks are one block. */
static inline gen_lock_set_t *lock_set_alloc(int n)
{
	gen_lock_set_t *set = shm_malloc(sizeof(*set) + n * sizeof(gen_lock_t));

	if (set) {
		set->locks = (gen_lock_t *)(set + 1);
		set->size = n;
	}
	return set;
}
#define lock_set_dealloc(_set) shm_free((void *)(_set))

#endif
