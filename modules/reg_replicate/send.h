/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes out to a peer: a REGISTER for a change, an OPTIONS for a ping or a bare
 * claim, each a transaction of its own, so that every peer's answer is known.
 */
#ifndef REG_REPLICATE_SEND_H
#define REG_REPLICATE_SEND_H

#include "engine/engine.h"
#include "params.h"
#include "../usrloc/usrloc.h"

/* Binds tm. Returns 0, or -1 after an error line. */
int send_init(const usrloc_api_t *ul);

/*
 * Asks the engine what this peer is to get next and sends it. May take a while where a
 * TCP connection has to be made. Returns true if there may be more to send now;
 * false: nothing (sender number `sender` is marked as sleeping) or no room; *again is the monotonic
 * time in ms at which to ask again at the latest.
 */
bool send_next(const struct repl_peer *peer, int sender, uint64_t *again);

#endif
