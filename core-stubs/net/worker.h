/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What UDP and TCP workers have in common. */
#ifndef NET_WORKER_H
#define NET_WORKER_H

/*
 * In a new worker: the reactor with its own and the shared jobs, the modules' child_init,
 * and in rank 1 the startup_route. 0, or -1 with the reason logged.
 */
int worker_init(const char *name, int rank);
/* Tells the main process that this one is ready. */
void worker_ready(void);

#endif
