/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stateless forwarding. msg_send() is declared in net/trans.h, get_send_socket() and check_self()
 * in socket_info.h. */
#ifndef forward_h
#define forward_h

#include "globals.h"
#include "mem/mem.h"
#include "parser/msg_parser.h"
#include "proxy.h"
#include "ip_addr.h"
#include "net/trans.h"
#include "socket_info.h"

/* Sends a request on without a transaction. Frees nothing. 0 or an E_... code. */
int forward_request(struct sip_msg *msg, struct proxy_l *p);

/* Where to send a reply by a Via: maddr, received and rport, else host and port. 0, -1. */
int update_sock_struct_from_via(
	union sockaddr_union *to, struct sip_msg *msg, struct via_body *via);

/* Where to send a reply whatever Via says: the source address, with its port if rport was there. */
#define update_sock_struct_from_ip(to, msg)                                                        \
	init_su((to), &(msg)->rcv.src_ip,                                                          \
		(!(msg)->via1 || (msg)->via1->rport || ((msg)->msg_flags & FL_FORCE_RPORT))        \
			? (msg)->rcv.src_port                                                      \
		: (msg)->via1->port ? (msg)->via1->port                                            \
				    : SIP_PORT)

/* Sends a reply on to its second Via. 0, -1. */
int forward_reply(struct sip_msg *msg);

#endif
