/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop of a process (epoll, level triggered). One per process. */
#ifndef REACTOR_H
#define REACTOR_H

#include "reactor_proc.h"

/* Closes a loop inherited at fork and makes a new one. 0, or -1. */
int reactor_init(const char *name);
int reactor_add(int fd, reactor_proc_cb_f func, void *param);
/* The same for a descriptor that other processes wait for as well. */
int reactor_add_exclusive(int fd, reactor_proc_cb_f func, void *param);
/* Takes fd out; safe inside a callback, also for another fd that is ready too. */
int reactor_del(int fd);
/* Calls func(-1, param, 1) about once a second. One at most. */
void reactor_set_tick(reactor_proc_cb_f func, void *param);
/* Adds the pipes of this process: its jobs, and for SIP workers the shared ones. */
int reactor_add_ipc(void);
int reactor_add_shared(void);
/* Runs until reactor_stop() (0) or an error (-1). */
int reactor_loop(void);
void reactor_stop(void);

#endif
