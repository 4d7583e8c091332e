/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to send from messages received: what stays the same is copied in as large pieces
 * as possible, lumps are applied, our Via is added or removed.
 */
#ifndef _MSG_TRANSLATOR_H
#define _MSG_TRANSLATOR_H

#define BRANCH_SEPARATOR '.'

/* flags of build_req_buf_from_sip_req() and build_res_buf_from_sip_res() */
#define MSG_TRANS_SHM_FLAG   (1 << 0) /* the result in shared memory */
#define MSG_TRANS_NOVIA_FLAG (1 << 1) /* leave Via alone */

#include "parser/msg_parser.h"
#include "ip_addr.h"
#include "socket_info.h"
#include "context.h"
#include "globals.h"

/* For via_builder(): what to write instead of the socket's address. */
struct hostport {
	const str *host;
	const str *port;
};

#define set_hostport(hp, msg)                                                                      \
	do {                                                                                       \
		struct sip_msg *_m = (msg);                                                        \
		(hp)->host = (hp)->port = NULL;                                                    \
		if (_m) {                                                                          \
			(hp)->host = _m->set_global_address.s ? &_m->set_global_address            \
							      : default_global_address;            \
			(hp)->port = _m->set_global_port.s ? &_m->set_global_port                  \
							   : default_global_port;                  \
		}                                                                                  \
	} while (0)

/* What to tell others as our address: of the socket, else of advertised_address, else the real one.
 */
static inline const str *get_adv_host(const struct socket_info *sock)
{
	if (sock->adv_name_str.len)
		return &sock->adv_name_str;
	return default_global_address->s ? default_global_address : &sock->address_str;
}

static inline const str *get_adv_port(const struct socket_info *sock)
{
	if (sock->adv_port_str.len)
		return &sock->adv_port_str;
	return default_global_port->s ? default_global_port : &sock->port_no_str;
}

/*
 * A request to forward: new first line if the URI was changed, our Via on top with the branch
 * of msg->add_to_branch_s and via_params behind it, received and rport in the one below,
 * Route headers from the path vector, lumps, and Content-Length where TCP needs it. Returns
 * private (or shared) memory, terminated but not counted so, NULL on an error.
 */
char *build_req_buf_from_sip_req(struct sip_msg *msg, unsigned int *returned_len,
	const struct socket_info *send_sock, int proto, str *via_params, unsigned int flags);

/* A reply to forward: without our Via, with lumps. */
char *build_res_buf_from_sip_res(
	struct sip_msg *msg, unsigned int *returned_len, const struct socket_info *sock, int flags);

/*
 * A reply of our own (RFC 3261, 8.2.6). new_tag is put into To if that has none. Private
 * memory, NULL on an error.
 */
char *build_res_buf_from_sip_req(unsigned int code, const str *text, str *new_tag,
	struct sip_msg *msg, unsigned int *returned_len);

/* "Via: SIP/2.0/UDP host:port;branch=...<extra_params>\r\n" in private memory. */
char *via_builder(unsigned int *len, const struct socket_info *send_sock, str *branch,
	str *extra_params, int proto, struct hostport *hp);

/* 1 when the address in the topmost Via is not the one it came from (RFC 3261, 18.2.1). */
int received_test(struct sip_msg *msg);

#endif
