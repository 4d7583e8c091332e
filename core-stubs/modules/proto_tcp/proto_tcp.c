/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport TCP. */
#include "../../globals.h"
#include "../../net/net_tcp.h"
#include "../../net/trans.h"
#include "../../sr_module.h"

static int tcp_port = SIP_PORT;
static struct tcp_limits limits = TCP_LIMITS;

static int tcp_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	return tcp_send_msg(si, buf, len, to, id, limits.send_timeout);
}

static int tcp_read(struct tcp_connection *c, int fd)
{
	return tcp_read_msgs(c, fd, &limits);
}

static int proto_tcp_init(struct proto_info *pi)
{
	pi->default_port = (unsigned short)tcp_port;
	pi->tran.bind_listener = tcp_init_listener;
	pi->tran.send = tcp_send;
	pi->net.flags = PROTO_NET_USE_TCP;
	pi->net.stream_read = tcp_read;
	return 0;
}

static const cmd_export_t cmds[] = {
	{"proto_init", (cmd_function)proto_tcp_init, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"tcp_port", INT_PARAM, &tcp_port},
	{"tcp_send_timeout", INT_PARAM, &limits.send_timeout},
	{"tcp_max_msg_chunks", INT_PARAM, &limits.max_msg_chunks},
	{"tcp_crlf_pingpong", INT_PARAM, &limits.crlf_pingpong},
	{"tcp_crlf_drop", INT_PARAM, &limits.crlf_drop},
	{0, 0, 0},
};

const struct module_exports exports = {
	.name = "proto_tcp",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
};
