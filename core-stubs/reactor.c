/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a process.
 *
 * SIGTERM is let through only while the loop waits, so a process never ends in the middle
 * of a message, with a lock held. Descriptors that several processes wait for are added
 * exclusively: one event wakes one of them.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "reactor.h"
#include "dprint.h"
#include "ipc.h"
#include "mem/mem.h"
#include "timer.h"

#define MAX_EVENTS 32
#define TICK_MS    (REACTOR_PROC_TIMEOUT * 1000)

struct watch {
	int fd;
	reactor_proc_cb_f func;
	void *param;
	struct watch *next;
};

static struct watch *watches;
static struct watch *removed; /* freed between two rounds */
static int epoll_fd = -1;
static const char *loop_name = "";
static reactor_proc_cb_f tick_func;
static void *tick_param;
static sigset_t wait_mask;
static int stopping;

static void free_watches(struct watch **list)
{
	while (*list) {
		struct watch *next = (*list)->next;

		pkg_free(*list);
		*list = next;
	}
}

int reactor_init(const char *name)
{
	sigset_t term;

	if (epoll_fd >= 0)
		close(epoll_fd);
	free_watches(&watches);
	free_watches(&removed);
	tick_func = NULL;
	stopping = 0;
	loop_name = name;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &term, &wait_mask) < 0)
		return -1;
	if (!is_main) /* which reads its signals from a descriptor */
		sigdelset(&wait_mask, SIGTERM);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		LM_ERR("%s: epoll: %s\n", name, strerror(errno));
	return epoll_fd < 0 ? -1 : 0;
}

static int add(int fd, reactor_proc_cb_f func, void *param, unsigned int how)
{
	struct watch *w = pkg_malloc(sizeof(*w));
	struct epoll_event ev = {.events = EPOLLIN | how, .data.ptr = w};

	if (!w)
		return -1;
	*w = (struct watch){fd, func, param, watches};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		LM_ERR("%s: cannot watch descriptor %d: %s\n", loop_name, fd, strerror(errno));
		pkg_free(w);
		return -1;
	}
	watches = w;
	return 0;
}

int reactor_add(int fd, reactor_proc_cb_f func, void *param)
{
	return add(fd, func, param, 0);
}

int reactor_add_exclusive(int fd, reactor_proc_cb_f func, void *param)
{
	return add(fd, func, param, EPOLLEXCLUSIVE);
}

int reactor_del(int fd)
{
	struct watch **at = &watches, *w;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	w = *at;
	if (!w)
		return -1;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	*at = w->next;
	w->func = NULL; /* an event that waits in this round is not delivered */
	w->next = removed;
	removed = w;
	return 0;
}

void reactor_set_tick(reactor_proc_cb_f func, void *param)
{
	tick_func = func;
	tick_param = param;
}

int reactor_add_ipc(void)
{
	return reactor_add(IPC_FD_READ_SELF, ipc_handle_job, NULL);
}

int reactor_add_shared(void)
{
	if (reactor_add_exclusive(ipc_shared_fd(), ipc_handle_job, NULL) < 0)
		return -1;
	return reactor_add_exclusive(timer_job_fd(), handle_timer_job, NULL);
}

void reactor_stop(void)
{
	stopping = 1;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

int reactor_loop(void)
{
	struct epoll_event events[MAX_EVENTS];
	long next_tick = now_ms() + TICK_MS;

	while (!stopping) {
		long left = next_tick - now_ms();
		int n = epoll_pwait(epoll_fd, events, MAX_EVENTS,
			!tick_func ? -1
			: left > 0 ? (int)left
				   : 0,
			&wait_mask);

		if (n < 0 && errno != EINTR) {
			LM_CRIT("%s: epoll: %s\n", loop_name, strerror(errno));
			return -1;
		}
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			if (w->func)
				w->func(w->fd, w->param, 0);
		}
		if (tick_func && now_ms() >= next_tick) {
			next_tick = now_ms() + TICK_MS;
			tick_func(-1, tick_param, 1);
		}
		free_watches(&removed);
	}
	return 0;
}
