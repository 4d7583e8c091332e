/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwarding without a transaction. */
#include "core_stats.h"
#include "dprint.h"
#include "error.h"
#include "forward.h"
#include "hash_func.h"
#include "msg_translator.h"
#include "parser/parse_from.h"
#include "parser/parse_uri.h"
#include "sr_module.h"

/*
 * The branch of a request without transaction has to be the same for each retransmission, and for
 * the CANCEL and ACK that belong to it (RFC 3261, 16.11).
 */
static void stateless_branch(struct sip_msg *msg)
{
	struct via_body *via = msg->via1;
	str *number = &get_cseq(msg)->number;
	unsigned int h[4];

	if (via->branch)
		h[0] = core_hash(&via->branch->value, &via->host, 0);
	else
		h[0] = core_hash(&get_from(msg)->tag_value, &via->host, 0);
	h[1] = core_hash(&msg->callid->body, number, 0);
	h[2] = core_hash(&REQ_LINE(msg).uri, &get_from(msg)->uri, 0);
	h[3] = core_hash(&via->port_str, &msg->callid->body, 0);
	msg->add_to_branch_len = snprintf(msg->add_to_branch_s, sizeof(msg->add_to_branch_s),
		MCOOKIE "%x%c%08x%08x%08x%08x%c0", h[1] & 0xffff, BRANCH_SEPARATOR, h[0], h[1],
		h[2], h[3], BRANCH_SEPARATOR);
}

/* The next hop's name and transport, resolved. */
static struct proxy_l *resolve_next_hop(struct sip_msg *msg)
{
	struct proxy_l *p = NULL;
	struct sip_uri uri;
	str *next = GET_NEXT_HOP(msg);

	if (parse_uri(next->s, next->len, &uri) < 0 || !uri.host.len)
		ser_error = E_BAD_URI;
	else if (!(p = mk_proxy(uri.maddr_val.len ? &uri.maddr_val : &uri.host, uri.port_no,
			   uri.proto, uri.type == SIPS_URI_T)))
		ser_error = E_BAD_ADDRESS;
	return p;
}

static int send_request(struct sip_msg *msg, struct proxy_l *p)
{
	const struct socket_info *sock;
	union sockaddr_union to;
	char id[sizeof(ID_PARAM) + 8];
	str params = {id, 0}, sent;
	unsigned int len;
	int rc;

	hostent2su(&to, &p->host, p->addr_idx, p->port);
	sock = get_send_socket(msg, &to, p->proto == PROTO_OTHER ? PROTO_UDP : p->proto);
	if (!sock) {
		LM_ERR("no socket to send to that address over %s\n", get_proto_name(p->proto));
		return E_NO_SOCKET;
	}
	/* the reply has to find the connection that the request came in on */
	if (msg->rcv.proto_reserved1)
		params.len = sprintf(id, ID_PARAM "%x", msg->rcv.proto_reserved1);
	sent.s = build_req_buf_from_sip_req(msg, &len, sock, sock->proto, &params, 0);
	if (!sent.s)
		return ser_error < 0 ? ser_error : E_BAD_REQ;
	sent.len = len;
	rc = msg_send(sock, sock->proto, &to, 0, sent.s, sent.len, msg) < 0 ? E_SEND : 0;
	pkg_free(sent.s);
	return rc;
}

int forward_request(struct sip_msg *msg, struct proxy_l *p)
{
	struct proxy_l *own = NULL;
	int rc;

	ser_error = 0;
	if (!check_transaction_quadruple(msg)) {
		rc = E_BAD_REQ;
	} else if (!p && !(p = own = resolve_next_hop(msg))) {
		rc = ser_error;
	} else {
		stateless_branch(msg);
		rc = send_request(msg, p);
	}
	if (own) {
		free_proxy(own);
		pkg_free(own);
	}
	if (rc < 0) {
		ser_error = rc;
		update_stat(err_reqs, 1);
	} else {
		update_stat(fwd_reqs, 1);
	}
	return rc;
}

int update_sock_struct_from_via(union sockaddr_union *to, struct sip_msg *msg, struct via_body *via)
{
	unsigned short proto = via->proto, port = via->port;
	struct hostent *he;
	unsigned int rport;
	str *name = &via->host;

	if (!(msg->msg_flags & FL_REPLY_TO_VIA)) {
		if (via->received && via->received->value.len)
			name = &via->received->value;
		if (via->rport && via->rport->value.len &&
			str2int(&via->rport->value, &rport) == 0 && rport && rport < 65536)
			port = rport;
	}
	he = sip_resolvehost(name, &port, &proto, 0, NULL);
	return he ? hostent2su(to, he, 0, port) : -1;
}

/* Asks the modules (tm, in practice) whether the reply is theirs. */
static int taken_by_module(struct sip_msg *msg)
{
	struct sr_module *m;

	for (m = modules; m; m = m->next)
		if (m->exports->response_f && m->exports->response_f(msg) == 0)
			return 1;
	return 0;
}

/* The number in our own Via's ";i=": the connection where the request came in. */
static unsigned int connection_of(struct sip_msg *msg)
{
	struct via_param *i = msg->via1->i;
	unsigned int id;

	if (!i || !i->value.len || hexstr2int(i->value.s, i->value.len, &id) < 0)
		return 0;
	return id;
}

int forward_reply(struct sip_msg *msg)
{
	const struct socket_info *sock;
	union sockaddr_union to;
	unsigned int len;
	char *buf = NULL;

	if (taken_by_module(msg))
		return 0;
	if (sl_fwd_disabled) {
		LM_DBG("nobody waits for it, and disable_stateless_fwd is not \"no\"\n");
		goto drop;
	}
	if (parse_headers(msg, HDR_VIA2_F, 0) < 0 || !msg->via2 || msg->via2->error != PARSE_OK) {
		LM_DBG("no second Via: for us, and nobody waits for it\n");
		goto drop;
	}
	if (update_sock_struct_from_via(&to, msg, msg->via2) < 0)
		goto error;
	sock = get_send_socket(msg, &to, msg->via2->proto);
	if (!sock)
		goto error;
	buf = build_res_buf_from_sip_res(msg, &len, sock, 0);
	if (!buf || msg_send(sock, sock->proto, &to, connection_of(msg), buf, len, msg) < 0)
		goto error;
	update_stat(fwd_rpls, 1);
	pkg_free(buf);
	return 0;
error:
	LM_ERR("reply %u not forwarded\n", msg->REPLY_STATUS);
	update_stat(err_rpls, 1);
	pkg_free(buf);
	return -1;
drop:
	update_stat(drp_rpls, 1);
	return -1;
}
