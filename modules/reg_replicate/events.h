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
/* A synchronous REGISTER was answered without enough acknowledgements, e.g. that of `peer` (0: not
 * known). At most one event a second and process; its number counts all of them. */
void tell_sync_degraded(unsigned int peer, const char *reason);

void tell_auth_failure(unsigned int peer, const char *reason);

#endif
