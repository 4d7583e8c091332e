/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slow parts of gen_lock_t: a short spin, then sleeping on a futex.
 *
 * Whoever sleeps, or has slept, sets the state to 2, so that the owner wakes one sleeper
 * when it lets go. A state of 2 without a sleeper costs one system call, nothing more.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lock_ops.h"

#define SPINS 100

static long futex(_Atomic int *addr, int op, int val)
{
	return syscall(SYS_futex, addr, op, val, NULL, NULL, 0);
}

void gen_lock_wait(gen_lock_t *lock)
{
	for (int i = 0; i < SPINS; i++)
		if (lock_try(lock) == 0)
			return;
	while (atomic_exchange(&lock->state, 2) != 0)
		futex(&lock->state, FUTEX_WAIT, 2);
}

void gen_lock_wake(gen_lock_t *lock)
{
	futex(&lock->state, FUTEX_WAKE, 1);
}
