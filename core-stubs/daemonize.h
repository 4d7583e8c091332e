/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming a daemon: the first process stays until the rest has started, or has failed. */
#ifndef DAEMONIZE_H
#define DAEMONIZE_H

/* Forks into the background. 0 in the daemon, -1; the first process does not return. */
int daemonize(void);
/* Tells the first process how the start went (0: well). Once; later calls do nothing. */
void daemon_report(int status);
/* Writes the pid file; refuses when processes of it are running. 0, or -1. */
int write_pid_file(void);
void remove_pid_file(void);
int set_open_fds_limit(void);

#endif
