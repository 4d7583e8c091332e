/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers of transactions: a wheel of TM_WHEEL_SLOTS slots, one for each TM_TICK_MS, in shared
 * memory below one lock. Setting and resetting are O(1) and allocate nothing; a time-out
 * farther away than one turn stays in its slot for more turns.
 *
 * A timer that is set holds a reference of its transaction. Whoever takes it off the wheel
 * inherits that reference: reset_timer() drops it, a fired timer's handler drops it at its
 * end. So a handler never meets a freed transaction; whether its event still matters it
 * finds out under the transaction's reply lock.
 */
#ifndef TM_TIMER_H
#define TM_TIMER_H

#include "../../timer.h"

#define TM_TICK_MS     100
#define TM_WHEEL_SLOTS 4096

struct cell;

enum tm_timer_kind {
	TM_RETR, /* retransmit the request or the final reply (timers A, E, G) */
	TM_FR,   /* no final reply, or no ACK (timers B, F, C, H) */
	TM_WAIT, /* end of absorbing (timers D, I, J, K) */
};

struct timer_link {
	struct timer_link *next;
	struct timer_link *prev;
	struct cell *t;
	utime_t due; /* number of the tick */
	unsigned char kind;
	unsigned char set;
	short branch; /* TM_UAS or the index of the branch */
};

#define TM_UAS (-1)

/* Makes the wheel, in shared memory. 0, or -1 when out of memory. */
int tm_init_timers(void);
void tm_free_timers(void);

void tm_init_link(struct timer_link *tl, struct cell *t, enum tm_timer_kind kind, int branch);

/* (Re)starts: fires at the first tick that is not before now + delay (microseconds). The
 * caller holds a reference. */
void set_timer(struct timer_link *tl, utime_t delay);

/* Takes the timer off the wheel, if it is there. The caller holds a reference of its own. */
void reset_timer(struct timer_link *tl);

/* Fires everything that is due at `uticks`; the utimer job of the timer process. */
void utimer_routine(utime_t uticks, void *param);

/* Has it been set (again)? A handler asks under the reply lock, and returns if so. */
int timer_is_set(struct timer_link *tl);

/* How many timers are set; for tests and shutdown. */
unsigned int tm_timers_set(void);

/* Takes all timers off, at the end of the last process; transactions without others are freed. */
void tm_drop_timers(void);

#endif
