/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stateless forwarding, and the choice of the socket to send from. msg_send() is in net. */
#ifndef forward_h
#define forward_h

#include "globals.h"
#include "mem/mem.h"
#include "parser/msg_parser.h"
#include "proxy.h"
#include "ip_addr.h"
#include "net/trans.h"
#include "socket_info.h"

/*
 * The socket to send to this address with: the one forced by the script if its transport fits,
 * else the one the message came in on, else the first of that transport and address family.
 * msg may be NULL. NULL: no such listener.
 */
const struct socket_info *get_send_socket(
	struct sip_msg *msg, const union sockaddr_union *su, int proto);

/* 1 when host, port (0: any) and proto (0: any) are one of our listeners; else 0. */
int check_self(str *host, unsigned short port, unsigned short proto);

/* Sends a request on without a transaction. Frees nothing. 0 or an E_... code. */
int forward_request(struct sip_msg *msg, struct proxy_l *p);

/* Where to send a reply by a Via: maddr, received and rport, else host and port. 0, -1. */
int update_sock_struct_from_via(
	union sockaddr_union *to, struct sip_msg *msg, struct via_body *via);

/* Sends a reply on to its second Via. 0, -1. */
int forward_reply(struct sip_msg *msg);

/*
 * Sends a buffer. send_sock NULL: chosen here; id: the connection for TCP, 0 to look one
 * up by address. msg, when not NULL, is what it was made from. 0, -1.
 */
int msg_send(const struct socket_info *send_sock, int proto, union sockaddr_union *to,
	unsigned int id, char *buf, int len, struct sip_msg *msg);

#endif
