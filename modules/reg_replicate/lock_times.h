/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long locks are held: the engine's, and usrloc's slots while our code runs under them. Only in
 * a module built with LOCK_TIMES=1, for measuring: `repl_lock_times` tells. By the wall clock and
 * by processor time, since whoever holds a lock may be scheduled out. Of the latter, work is what
 * was not spent waiting for the engine's lock with a slot held: those who wait spin. Calm is the
 * work of those who were not scheduled out, nor gave way in a spin (of the allocator's lock, say).
 */
#ifndef REG_REPLICATE_LOCK_TIMES_H
#define REG_REPLICATE_LOCK_TIMES_H

#ifdef LOCK_TIMES
#include <stdbool.h>
#include <stdint.h>

#include "../../mi/mi.h"

struct lock_time {
	const char *what; /* the function that holds it */
	bool slot;        /* else the engine's */
	uint64_t wall, cpu, waited, switches;
};

/* Before forking. 0, or -1 after an error line. */
int lock_times_init(void);
/* Right after the lock was taken, and right before it is given back. */
struct lock_time lock_times_begin(bool slot, const char *what);
void lock_times_end(const struct lock_time *t);
/* Around taking the engine's lock. */
void lock_times_wait(void);
void lock_times_waited(void);
mi_response_t *mi_lock_times(const mi_params_t *params, struct mi_handler *async);

#define SLOT_LOCKED()   struct lock_time slot_time = lock_times_begin(true, __func__)
#define SLOT_UNLOCKED() lock_times_end(&slot_time)
#else
#define SLOT_LOCKED()                                                                              \
	do {                                                                                       \
	} while (0)
#define SLOT_UNLOCKED() SLOT_LOCKED()
#endif

#endif
