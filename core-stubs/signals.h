/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the main process and the children do when a signal comes. */
#ifndef SIGNALS_H
#define SIGNALS_H

/* 0, or -1. */
int install_main_sigs(void);
/* In a child, right after fork: SIGTERM ends it at once, if it is the main process's wish. */
void install_child_sigs(void);
/*
 * Waits in the main process until a signal asks to stop or a child ends by itself.
 * Returns the exit status: 0 for an orderly stop.
 */
int wait_for_end(void);
/* Ends all children: SIGTERM, after SHUTDOWN_TIMEOUT seconds SIGKILL. */
void stop_children(void);

#endif
