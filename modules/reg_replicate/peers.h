/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of peers. It is in shared memory and changes at run time; each process reads a copy
 * of its own, so that looking at every message costs no lock.
 */
#ifndef REG_REPLICATE_PEERS_H
#define REG_REPLICATE_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "../../ip_addr.h"
#include "../../str.h"

#define REPL_MAX_PEERS 16 /* RR_MAX_PEERS */
#define REPL_MAX_ADDRS 8
#define REPL_URI_MAX   255
#define REPL_NODE_MAX  65535 /* the greatest node id */

/* Where a peer comes from, and so where it has to be taken out to stay away. */
#define REPL_SOURCES(X)                                                                            \
	X(PARAMETER, "parameter")                                                                  \
	X(SQL, "sql")                                                                              \
	X(MI, "mi") /* and there is no SQL: until the end of this process */

enum repl_source {
#define X(name, text) REPL_FROM_##name,
	REPL_SOURCES(X)
#undef X
};
const char *repl_source_name(enum repl_source source);

struct repl_peer {
	int id;           /* 0: the place is free */
	uint32_t serial;  /* another one each time that a peer is added */
	bool plain;       /* any SIP registrar, without this module */
	bool resync_full; /* plain: send it everything after an outage */
	bool disabled;    /* known, but neither told anything nor listened to */
	enum repl_source source;
	str uri;                             /* next hop of whatever is sent to it; in `text` */
	str host;                            /* host part of uri */
	unsigned short port, proto;          /* of uri, defaults filled in */
	struct ip_addr addr[REPL_MAX_ADDRS]; /* addresses that its messages come from */
	int addrs;
	char text[REPL_URI_MAX + 1];
};

/* A copy, with strings of its own (peer_line.c). */
void peer_copy(struct repl_peer *to, const struct repl_peer *from);

/*
 * Makes the list of `n` peers with room for `most`, and tells the engine of them; after
 * state_init(), before forking. Returns 0, or -1 after an error line.
 */
int peers_init(const struct repl_peer *first, int n, int most);
void peers_destroy(void);

/*
 * What follows reads this process's copy as it was at the last peers_refresh(). That is called
 * wherever something begins: a message, a command, a turn of a sender; pointers are good
 * until the next. It takes the engine's lock only if the list has changed.
 */
void peers_refresh(void);
/* The peer in place `i` (0 to peers_places() - 1), or NULL. Its sender is replicator `i`. */
const struct repl_peer *peer_at(int i);
int peers_places(void);
int peers_count(void);
const struct repl_peer *peer_by_id(unsigned id);
/* The next peer after `prev` (NULL: the first) that lives at this address, or NULL. */
const struct repl_peer *peer_by_addr(const struct ip_addr *ip, const struct repl_peer *prev);

/*
 * Changes, for all processes and the engine at once, under the engine's lock. They return 0 or
 * an enum rr_error: RR_EEXIST, RR_EFULL (no free place), RR_ENOENT, RR_ENOMEM.
 */
int peers_add(const struct repl_peer *peer);
int peers_remove(unsigned id);
/* All of a peer but its uri, kind and resync may be another now: disabled, addresses, source. */
int peers_update(const struct repl_peer *peer);

/*
 * One command at a time may change the list, since it asks names and writes to SQL meanwhile,
 * which nobody may do under a lock. False: another one is at it.
 */
bool peers_change_begin(void);
void peers_change_end(void);

#endif
