/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callbacks of stateless processing: a reply goes out, an ACK to one comes in, a request is
 * forwarded without a transaction.
 */
#ifndef SL_CB_H
#define SL_CB_H

#include "ip_addr.h"
#include "parser/msg_parser.h"
#include "str.h"

enum sl_cb_type {
	SLCB_REPLY_OUT = 0,
	SLCB_ACK_IN,
	SLCB_REQUEST_OUT,
	SLCB_LAST
};

typedef void(sl_cb_t)(struct sip_msg *req, str *buffer, int rpl_code,
	const union sockaddr_union *dst, const struct socket_info *sock, int proto);

/*
 * Registers f, before forking. fmask: flags of the message of which one must be set, or 0 for
 * any. 0, or -1 when out of memory.
 */
int register_slcb(enum sl_cb_type type, unsigned int fmask, sl_cb_t f);
void destroy_slcb_lists(void);

void slcb_run_reply_out(struct sip_msg *req, str *buffer, union sockaddr_union *dst, int rpl_code);
void slcb_run_ack_in(struct sip_msg *req);
void slcb_run_req_out(struct sip_msg *req, str *buffer, const union sockaddr_union *dst,
	const struct socket_info *sock, int proto);

#endif
