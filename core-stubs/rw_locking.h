/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many readers or one writer. A waiting writer keeps new readers out, so that it gets
 * its turn. Not recursive, neither for readers nor for the writer.
 */
#ifndef RW_LOCKING_H
#define RW_LOCKING_H

#include <sched.h>
#include <stdatomic.h>
#include "locking.h"

typedef struct rw_lock_t {
	gen_lock_t lock;     /* held by the writer all the time, by a reader while it enters */
	_Atomic int r_count; /* readers inside */
} rw_lock_t;

/* NULL: no shared memory. */
static inline rw_lock_t *lock_init_rw(void)
{
	rw_lock_t *rw = shm_malloc(sizeof(*rw));

	if (rw) {
		lock_init(&rw->lock);
		atomic_init(&rw->r_count, 0);
	}
	return rw;
}

static inline void lock_destroy_rw(rw_lock_t *rw)
{
	if (rw)
		shm_free(rw);
}

static inline void lock_start_read(rw_lock_t *rw)
{
	lock_get(&rw->lock);
	atomic_fetch_add(&rw->r_count, 1);
	lock_release(&rw->lock);
}

static inline void lock_stop_read(rw_lock_t *rw)
{
	atomic_fetch_sub(&rw->r_count, 1);
}

static inline void lock_start_write(rw_lock_t *rw)
{
	lock_get(&rw->lock);
	while (atomic_load(&rw->r_count) != 0)
		sched_yield();
}

static inline void lock_stop_write(rw_lock_t *rw)
{
	lock_release(&rw->lock);
}

#endif
