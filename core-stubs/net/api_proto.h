/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a transport protocol module (proto_*) gives to the core. */
#ifndef NET_API_PROTO_H
#define NET_API_PROTO_H

#include "../ip_addr.h"

#define PROTO_PREFIX "proto_"

/* 0, or -1 with the reason logged. Called in the main process before fork. */
typedef int (*proto_bind_f)(struct socket_info *si);
/*
 * Sends len bytes to "to" from si. id: connection to prefer, 0: none. Returns bytes sent,
 * or -1. Never longer than the protocol's connect and send time-outs.
 */
typedef int (*proto_send_f)(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id);

struct api_proto {
	proto_bind_f bind_listener;
	proto_send_f send;
};

#define PROTO_NET_USE_TCP (1 << 0)
#define PROTO_NET_USE_UDP (1 << 1)

struct tcp_connection;

/* Reads one datagram and handles it; 0, or -1. */
typedef int (*proto_net_dgram_read_f)(const struct socket_info *si);
/* Reads what has come and handles whole messages. 0: go on, -1: close the connection. */
typedef int (*proto_net_stream_read_f)(struct tcp_connection *c, int fd);

/*
 * For a transport with a layer between TCP and SIP: takes the descriptor of a new connection
 * over si, and gives one from which SIP is read and to which it is written; -1 with the reason
 * logged. fd is its own in any case. connecting: it was made by us to that peer, and may be
 * waited for; otherwise it was accepted from there, and there is no waiting.
 */
typedef int (*proto_net_wrap_f)(
	const struct socket_info *si, const union sockaddr_union *peer, int fd, int connecting);

struct api_proto_net {
	int flags;
	proto_net_dgram_read_f dgram_read;
	proto_net_stream_read_f stream_read;
	proto_net_wrap_f wrap; /* NULL: none */
};

#endif
