/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding statefully: R-URI and the branches of the destination set become branches of
 * the current transaction.
 */
#ifndef TM_T_FWD_H
#define TM_T_FWD_H

#include "h_table.h"

/* Relays the request of the current or a new transaction. 1, 0 (retransmission), or negative. */
int t_relay(struct sip_msg *msg);

/*
 * Sends a copy of the request to dst; nothing of what is answered is relayed. As
 * t_relay(). A later final t_reply() stops it.
 */
int t_replicate(struct sip_msg *msg, str *dst);

/* Address and transport of a next hop. 0 or an error of error.h. */
int t_resolve(str *uri, struct dest_info *dst);

/*
 * Adds and sends branches: R-URI of msg, then the destination set. 1, or negative if none
 * could be sent.
 */
int t_forward_nonack(struct cell *t, struct sip_msg *msg);

#endif
