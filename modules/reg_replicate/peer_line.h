/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer as text: "node_id=2, uri=sip:10.0.0.12:5060;transport=tcp, kind=full". The same words
 * in the parameter, in management commands and in SQL.
 */
#ifndef REG_REPLICATE_PEER_LINE_H
#define REG_REPLICATE_PEER_LINE_H

#include "peers.h"
#include "text.h"

/*
 * Reads such a line; the host of the uri is resolved, which may take a while. Returns 0, or -1 and
 * in `wrong` what is not allowed and what is.
 */
int peer_line_read(struct repl_peer *peer, const str *line, struct text *wrong);

/* Writes it, from texts that may be empty or NULL; reading it again tells what is wrong with them.
 */
void peer_line_write(struct text *line, int id, const str *uri, const str *kind, const str *resync);

/* Words for what a peer is, as they are written there. */
const char *peer_kind(const struct repl_peer *peer);
const char *peer_resync(const struct repl_peer *peer);

#endif
