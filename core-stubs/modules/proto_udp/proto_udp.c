/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport UDP: reading one datagram, sending one. */
#include <errno.h>

#include "../../globals.h"
#include "../../net/net_udp.h"
#include "../../receive.h"
#include "../../sr_module.h"
#include "../../tsend.h"

static int udp_port = SIP_PORT;

static int udp_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	int n = tsend_dgram(si->socket, buf, len, &to->s, sockaddru_len(*to));

	(void)id;
	if (n < 0) {
		struct ip_addr ip;

		su2ip_addr(&ip, to);
		LM_ERR("sending %u bytes from %s to %s:%hu: %s\n", len, si->sock_str.s,
			ip_addr2a(&ip), su_getport(to), strerror(errno));
	}
	return n;
}

/* Bytes of four and less are what phones send to keep a NAT open. */
static int is_keepalive(const char *buf, ssize_t len)
{
	return len <= 4 || (len < MIN_UDP_PACKET && buf[0] == 0);
}

static int udp_read(const struct socket_info *si)
{
	static char buf[BUF_SIZE + 1];
	struct receive_info ri;
	socklen_t from_len = sizeof(ri.src_su);
	ssize_t len;

	memset(&ri, 0, sizeof(ri));
	len = recvfrom(si->socket, buf, BUF_SIZE, 0, &ri.src_su.s, &from_len);
	if (len < 0) {
		/* another worker was faster, or an earlier message of ours was refused */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
			LM_ERR("%s: %s\n", si->sock_str.s, strerror(errno));
		return -1;
	}
	buf[len] = 0;
	if (is_keepalive(buf, len))
		return 0;
	ri.bind_address = si;
	ri.dst_port = si->port_no;
	ri.dst_ip = si->address;
	ri.proto = PROTO_UDP;
	su2ip_addr(&ri.src_ip, &ri.src_su);
	ri.src_port = su_getport(&ri.src_su);
	if (len < MIN_UDP_PACKET || ri.src_port == 0) {
		LM_DBG("%zd bytes from %s:%hu dropped\n", len, ip_addr2a(&ri.src_ip), ri.src_port);
		return 0;
	}
	return receive_msg(buf, (unsigned int)len, &ri, NULL, 0);
}

static int proto_udp_init(struct proto_info *pi)
{
	pi->default_port = (unsigned short)udp_port;
	pi->tran.bind_listener = udp_init_listener;
	pi->tran.send = udp_send;
	pi->net.flags = PROTO_NET_USE_UDP;
	pi->net.dgram_read = udp_read;
	return 0;
}

static const cmd_export_t cmds[] = {
	{"proto_init", (cmd_function)proto_udp_init, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"udp_port", INT_PARAM, &udp_port},
	{0, 0, 0},
};

const struct module_exports exports = {
	.name = "proto_udp",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
};
