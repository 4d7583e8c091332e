/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handle_replica(): what peers send.
 */
#ifndef REG_REPLICATE_RECEIVE_H
#define REG_REPLICATE_RECEIVE_H

#include "../../parser/msg_parser.h"

/* Binds signaling. Returns 0, or -1 after an error line. */
int receive_init(void);

/*
 * 1: it was a peer's replication message and has been answered, whatever the answer.
 * -1: it was not; private headers that it had are removed. `domain` (name, may be
 * NULL): take changes of this usrloc domain only.
 */
int w_handle_replica(struct sip_msg *msg, str *domain);

#endif
