/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding statefully: R-URI and the branches of the destination set become branches of
 * the current transaction.
 */
#ifndef TM_T_FWD_H
#define TM_T_FWD_H

#include "h_table.h"

typedef int (*trelay_f)(struct sip_msg *msg, void *flags, struct proxy_l *proxy);

/* flags of t_relay(), by name in scripts */
#define TM_T_RELAY_repl_FLAG  (1 << 0) /* replicate: replies are absorbed */
#define TM_T_RELAY_no477_FLAG (1 << 1) /* no-auto-477: no reply when nothing could be sent */
#define TM_T_RELAY_noDNS_FLAG (1 << 2) /* no-dns-failover: taken, and always so here */

/*
 * Relays the request of the current or a new transaction. flags: NULL or a pointer to an
 * unsigned int. proxy: NULL or where to send. 1, 0 (retransmission), or negative.
 */
int t_relay(struct sip_msg *msg, void *flags, struct proxy_l *proxy);

/*
 * Sends a copy of the request to dst; nothing of what is answered is relayed. As
 * t_relay(). A later final t_reply() stops it.
 */
int t_replicate(struct sip_msg *msg, str *dst);

/* Address and transport of the next hop: proxy's, or else the URI's. 0 or an error of error.h. */
int t_resolve(str *uri, struct proxy_l *proxy, struct dest_info *dst);

/*
 * Adds and sends branches: R-URI of msg, then the destination set. 1, or negative if none
 * could be sent.
 */
int t_forward_nonack(struct cell *t, struct sip_msg *msg, struct proxy_l *proxy);

#endif
