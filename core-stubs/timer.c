/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers.
 *
 *   time keeper --(pipe: timer numbers)--> timer handler, or any SIP worker
 *
 * The keeper ticks every 100 ms, moves the clock that all processes read, and writes what is
 * due into the pipe. A timer is marked from then until it has run; if it comes due again
 * before that, it is skipped (SKIP_ON_DELAY, and without flags), or counted and run once
 * more afterwards (DELAY_ON_DELAY). So a slow timer never piles up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "timer.h"
#include "atomic.h"
#include "config.h"
#include "dprint.h"
#include "mem/shm_mem.h"
#include "pt.h"
#include "reactor.h"
#include "sr_module.h"

#define MAX_TIMERS 64

enum timer_state {
	IDLE,
	QUEUED,
	QUEUED_AGAIN
};

struct timer {
	const char *label;
	unsigned short flags;
	union {
		timer_function *f;
		utimer_function *uf;
	} u;
	void *param;
	utime_t interval, due; /* microseconds; due: the keeper's own */
	_Atomic int state;
};

struct clock {
	_Atomic utime_t now;
	int n;
	struct timer timer[MAX_TIMERS];
};

static struct clock *clk;
static int job_pipe[2] = {-1, -1};

int init_timer(void)
{
	clk = shm_malloc(sizeof(*clk));
	if (!clk)
		return -1;
	memset(clk, 0, sizeof(*clk));
	if (pipe2(job_pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
		LM_ERR("cannot make a pipe: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

void destroy_timer(void)
{
	for (int i = 0; i < 2; i++) {
		if (job_pipe[i] >= 0)
			close(job_pipe[i]);
		job_pipe[i] = -1;
	}
	shm_free(clk);
	clk = NULL;
}

static int reg(const char *label, utime_t interval, unsigned short flags, struct timer **out)
{
	if (!clk || clk->n == MAX_TIMERS || interval == 0) {
		LM_ERR("cannot add timer '%s': %s\n", label,
			interval == 0 ? "interval is 0" : "too many, or too early");
		return -1;
	}
	*out = &clk->timer[clk->n++];
	**out = (struct timer){
		.label = label, .flags = flags, .interval = interval, .due = interval};
	return 0;
}

int register_timer(const char *label, timer_function f, void *param, unsigned int interval,
	unsigned short flags)
{
	struct timer *t;

	if (reg(label, interval * 1000000ULL, flags & ~TIMER_FLAG_IS_UTIMER, &t) < 0)
		return -1;
	t->u.f = f;
	t->param = param;
	return 0;
}

int register_utimer(const char *label, utimer_function f, void *param, unsigned int interval,
	unsigned short flags)
{
	struct timer *t;

	if (reg(label, interval, flags | TIMER_FLAG_IS_UTIMER, &t) < 0)
		return -1;
	t->u.uf = f;
	t->param = param;
	return 0;
}

utime_t get_uticks(void)
{
	return clk ? clk->now : 0;
}

unsigned int get_ticks(void)
{
	return (unsigned int)(get_uticks() / 1000000);
}

/* --- running ----------------------------------------------------------------------------- */

int timer_job_fd(void)
{
	return job_pipe[0];
}

static void run(struct timer *t)
{
	int was;

	if (t->flags & TIMER_FLAG_IS_UTIMER)
		t->u.uf(get_uticks(), t->param);
	else
		t->u.f(get_ticks(), t->param);
	was = QUEUED;
	if (!atomic_compare_exchange_strong(&t->state, &was, IDLE)) {
		int i = (int)(t - clk->timer);

		t->state = QUEUED; /* it came due while it ran */
		if (write(job_pipe[1], &i, sizeof(i)) != (ssize_t)sizeof(i))
			t->state = IDLE;
	}
}

int handle_timer_job(int fd, void *param, int was_timeout)
{
	int i;

	(void)param;
	(void)was_timeout;
	if (read(fd, &i, sizeof(i)) == (ssize_t)sizeof(i) && i >= 0 && i < clk->n)
		run(&clk->timer[i]);
	return 0;
}

/* --- the keeper -------------------------------------------------------------------------- */

static void trigger(int i)
{
	struct timer *t = &clk->timer[i];
	int was = IDLE;

	if (!atomic_compare_exchange_strong(&t->state, &was, QUEUED)) {
		was = QUEUED;
		if (t->flags & TIMER_FLAG_DELAY_ON_DELAY)
			atomic_compare_exchange_strong(&t->state, &was, QUEUED_AGAIN);
		LM_WARN("timer '%s' has not finished its last run: %s\n", t->label,
			t->flags & TIMER_FLAG_DELAY_ON_DELAY ? "delayed" : "skipped");
		return;
	}
	if (write(job_pipe[1], &i, sizeof(i)) != (ssize_t)sizeof(i)) {
		LM_ERR("timer '%s': no process takes timers\n", t->label);
		t->state = IDLE;
	}
}

static int on_time(int fd, void *param, int was_timeout)
{
	uint64_t ticks;

	(void)param;
	(void)was_timeout;
	if (read(fd, &ticks, sizeof(ticks)) != (ssize_t)sizeof(ticks))
		return 0;
	clk->now += ticks * UTIMER_TICK;
	for (int i = 0; i < clk->n; i++) {
		struct timer *t = &clk->timer[i];

		if (clk->now < t->due)
			continue;
		t->due += ((clk->now - t->due) / t->interval + 1) * t->interval;
		trigger(i);
	}
	return 0;
}

static void keeper(void)
{
	struct itimerspec each = {{0, UTIMER_TICK * 1000L}, {0, UTIMER_TICK * 1000L}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &each, NULL) < 0 || reactor_init("time keeper") < 0 ||
		reactor_add(fd, on_time, NULL) < 0) {
		LM_CRIT("cannot keep time: %s\n", strerror(errno));
		exit(1);
	}
	atomic_store(&pt[process_no].ready, 1);
	reactor_loop();
	exit(1);
}

static void handler(void)
{
	if (init_child(PROC_TIMER) < 0 || reactor_init("timer handler") < 0 ||
		reactor_add_ipc() < 0 ||
		reactor_add_exclusive(job_pipe[0], handle_timer_job, NULL) < 0)
		exit(1);
	atomic_store(&pt[process_no].ready, 1);
	reactor_loop();
	exit(1);
}

int timer_count_processes(void)
{
	return 2;
}

int start_timer_processes(void)
{
	static const struct internal_fork_params keeper_params = {
		"time_keeper", OSS_PROC_NO_IPC, TYPE_TIMER};
	static const struct internal_fork_params handler_params = {
		"timer", OSS_PROC_NEEDS_SCRIPT, TYPE_TIMER};
	pid_t pid;

	pid = internal_fork(&keeper_params);
	if (pid == 0)
		keeper();
	if (pid < 0)
		return -1;
	pid = internal_fork(&handler_params);
	if (pid == 0)
		handler();
	return pid < 0 ? -1 : 0;
}
