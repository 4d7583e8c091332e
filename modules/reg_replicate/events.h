/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What operators are told: log lines and events (E_REPL_*).
 */
#ifndef REG_REPLICATE_EVENTS_H
#define REG_REPLICATE_EVENTS_H

/* Publishes the events. Returns 0, or -1 after an error line. */
int events_init(void);

/* Fetches what the engine has to tell; logs it and raises events. No lock is held. */
void tell_events(void);

/* Raises E_REPL_AUTH_FAILURE; its number is how many there were so far. Any process. */
void tell_auth_failure(unsigned int peer, const char *reason);

#endif
