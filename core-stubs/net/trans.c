/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of transport protocols. A proto_* module fills its row; without it a listener of
 * that protocol is an error at start. */
#include <errno.h>
#include <stdio.h>

#include "trans.h"
#include "../globals.h"
#include "../mem/mem.h"
#include "../socket_info.h"
#include "../sr_module.h"
#include "../ut.h"

#define MAX_CMD_SOCKETS 16

#define ROW(_id, _name, _port)                                                                     \
	[_id] = {.name = _name, .default_rfc_port = _port, .default_port = _port}

struct proto_info protos[PROTO_LAST] = {
	ROW(PROTO_UDP, "udp", SIP_PORT),
	ROW(PROTO_TCP, "tcp", SIP_PORT),
	ROW(PROTO_TLS, "tls", SIPS_PORT),
	ROW(PROTO_SCTP, "sctp", SIP_PORT),
	ROW(PROTO_WS, "ws", 80),
	ROW(PROTO_WSS, "wss", 443),
};

static struct socket_id cmd_sockets[MAX_CMD_SOCKETS];
static int n_cmd_sockets;

const char *get_proto_name(unsigned short proto)
{
	if (proto == PROTO_NONE)
		return "*";
	return proto < PROTO_LAST && protos[proto].name ? protos[proto].name : "unknown";
}

static int load_proto(int p)
{
	char module[sizeof(PROTO_PREFIX) + PROTO_NAME_MAX_SIZE];
	api_proto_init init;

	snprintf(module, sizeof(module), "%s%s", PROTO_PREFIX, protos[p].name);
	if (!module_loaded(module))
		return 0;
	init = (api_proto_init)(void (*)(void))find_mod_export(module, "proto_init", 0);
	if (!init || init(&protos[p]) < 0) {
		LM_ERR("cannot start protocol %s\n", protos[p].name);
		return -1;
	}
	protos[p].id = p;
	return 0;
}

int trans_load(void)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		if (protos[p].name && load_proto(p) < 0)
			return -1;
	return 0;
}

int add_listening_socket(struct socket_id *sock)
{
	if (sock->proto <= PROTO_NONE || sock->proto >= PROTO_LAST || !protos[sock->proto].name) {
		LM_ERR("no protocol %s here for socket %s\n", proto2a(sock->proto), sock->name);
		return -1;
	}
	if (sock->auto_scaling_profile) {
		LM_ERR("socket %s: auto scaling is not supported\n", sock->name);
		return -1;
	}
	return new_sock2list(sock, &protos[sock->proto].listeners);
}

int add_cmd_listening_socket(char *name, int port, int proto)
{
	struct socket_id *sid = &cmd_sockets[n_cmd_sockets];

	if (n_cmd_sockets == MAX_CMD_SOCKETS) {
		LM_ERR("more than %d listeners on the command line\n", MAX_CMD_SOCKETS);
		return -1;
	}
	*sid = (struct socket_id){.name = name, .port = port, .proto = proto ? proto : PROTO_UDP};
	n_cmd_sockets++;
	return 0;
}

/* As in OpenSIPS, listeners of the command line stand in for all configured ones. */
int fix_cmd_listening_sockets(void)
{
	if (n_cmd_sockets)
		free_all_socket_lists();
	for (int i = 0; i < n_cmd_sockets; i++)
		if (add_listening_socket(&cmd_sockets[i]) < 0)
			return -1;
	return 0;
}

int fix_all_socket_lists(void)
{
	int found = 0;

	for (int p = PROTO_FIRST; p < PROTO_LAST; p++) {
		if (!protos[p].listeners)
			continue;
		if (protos[p].id == PROTO_NONE) {
			LM_ERR("listeners found for protocol %s, but no module can handle it "
			       "(loadmodule \"" PROTO_PREFIX "%s.so\")\n",
				protos[p].name, protos[p].name);
			return -1;
		}
		if (fix_socket_list(&protos[p].listeners) < 0)
			return -1;
		found++;
	}
	if (!found)
		LM_ERR("no listener: say socket=udp:IP:PORT\n");
	return found ? 0 : -1;
}

const char *bind_advice(int error)
{
	return error == EADDRNOTAVAIL
		       ? " (no interface has this address; to listen on one that comes later, set "
			 "net.ipv4.ip_nonlocal_bind=1, for IPv6 net.ipv6.ip_nonlocal_bind=1)"
		       : "";
}

int trans_init_all_listeners(void)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		for (struct socket_info_full *s = protos[p].listeners; s; s = s->next)
			if (protos[p].tran.bind_listener(&s->socket_info) < 0) {
				LM_ERR("cannot listen on %s\n", s->socket_info.sock_str.s);
				return -1;
			}
	return 0;
}

void print_all_socket_lists(void)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		for (struct socket_info_full *s = protos[p].listeners; s; s = s->next)
			LM_INFO("listening on %s%s%s\n", s->socket_info.sock_str.s,
				s->socket_info.adv_sock_str.len ? ", advertised as " : "",
				ZSW(s->socket_info.adv_sock_str.s));
}

void free_all_socket_lists(void)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		free_sock_list(&protos[p].listeners);
}

int msg_send(const struct socket_info *send_sock, int proto, union sockaddr_union *to,
	unsigned int id, char *buf, int len, struct sip_msg *msg)
{
	unsigned short port;
	char *ip;

	if (proto <= PROTO_NONE || proto >= PROTO_LAST || protos[proto].id == PROTO_NONE) {
		LM_ERR("protocol %s is not loaded\n", proto2a(proto));
		return -1;
	}
	if (!send_sock)
		send_sock = get_send_socket(msg, to, proto);
	if (!send_sock) {
		LM_ERR("no socket to send from for protocol %s\n", proto2a(proto));
		return -1;
	}
	if (protos[proto].tran.send(send_sock, buf, (unsigned int)len, to, id) < 0) {
		get_su_info(to, ip, port);
		LM_ERR("cannot send to %s:%s:%hu\n", proto2a(proto), ip, port);
		return -1;
	}
	return 0;
}
