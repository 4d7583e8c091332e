/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time that usrloc compares expiry with, read once per operation.
 */
#ifndef UTIME_H
#define UTIME_H

#include <time.h>

extern time_t act_time;
/* Where the time comes from; time() unless a test sets another clock. */
extern time_t (*ul_clock)(time_t *t);

/* Sets act_time to now. */
void get_act_time(void);

#endif
