/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers. A time keeper process ticks; what is due is run by the timer handler process or
 * by a SIP worker, whichever is free first. One timer never runs twice at once: what
 * comes due meanwhile is skipped or delayed.
 */
#ifndef TIMER_H
#define TIMER_H

typedef unsigned long long utime_t;
typedef long long stime_t;

typedef void(timer_function)(unsigned int ticks, void *param);
typedef void(utimer_function)(utime_t uticks, void *param);

#define TIMER_FLAG_IS_UTIMER      (1 << 0)
#define TIMER_FLAG_SKIP_ON_DELAY  (1 << 1)
#define TIMER_FLAG_DELAY_ON_DELAY (1 << 2)

/* 0, or -1. Before the first registration. */
int init_timer(void);
void destroy_timer(void);

/*
 * Calls f(ticks, param) every interval seconds (microseconds for register_utimer, in steps
 * of 100 ms). Before fork only: from a module's mod_init. label must stay. 0, or -1.
 */
int register_timer(const char *label, timer_function f, void *param, unsigned int interval,
	unsigned short flags);
int register_utimer(const char *label, utimer_function f, void *param, unsigned int interval,
	unsigned short flags);

/* Time since start, in seconds and microseconds (steps of 100 ms). It never goes back. */
unsigned int get_ticks(void);
utime_t get_uticks(void);

/* Used by the core: processes needed, starting them, the script's timer routes. */
int timer_count_processes(void);
int start_timer_processes(void);
int register_route_timers(void);
/* For a reactor: the pipe that due timers come through, and running one of them. */
int timer_job_fd(void);
int handle_timer_job(int fd, void *param, int was_timeout);

#endif
