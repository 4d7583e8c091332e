/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reactor for a module's own process: file descriptors, jobs of other processes. */
#ifndef REACTOR_PROC_H
#define REACTOR_PROC_H

#define REACTOR_PROC_TIMEOUT 1 /* seconds between two calls with was_timeout set */

/* fd can be read; or, with was_timeout, time has passed. The result is ignored. */
typedef int (*reactor_proc_cb_f)(int fd, void *param, int was_timeout);

/* In the child, once; takes jobs (ipc.h) from then on. 0, or -1. */
int reactor_proc_init(char *name);
int reactor_proc_add_fd(int fd, reactor_proc_cb_f func, void *param);
/* Does not return unless there is an error. */
int reactor_proc_loop(void);

#endif
