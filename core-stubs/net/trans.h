/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport protocols that are loaded, and their listeners. */
#ifndef NET_TRANS_H
#define NET_TRANS_H

#include "../ip_addr.h"
#include "api_proto.h"

struct sip_msg;
struct socket_info_full;

struct proto_info {
	const char *name;
	unsigned short default_rfc_port;
	enum sip_protos id; /* PROTO_NONE until its module is loaded */
	unsigned short default_port;
	struct api_proto tran;
	struct api_proto_net net;
	struct socket_info_full *listeners;
};

/* "proto_init" of a proto_* module: fills the rest of pi. 0, or -1. */
typedef int (*api_proto_init)(struct proto_info *pi);

extern struct proto_info protos[];

#define is_tcp_based_proto(_p) (protos[_p].net.flags & PROTO_NET_USE_TCP)
#define is_udp_based_proto(_p) (protos[_p].net.flags & PROTO_NET_USE_UDP)

/* Asks all loaded proto_* modules for their functions. 0, or -1 with the reason logged. */
int trans_load(void);
/* A socket of the configuration; the strings must stay. 0, or -1 with the reason logged. */
int add_listening_socket(struct socket_id *sock);
/* A socket of the command line (-l); put before the configured ones by the second call. */
int add_cmd_listening_socket(char *name, int port, int proto);
int fix_cmd_listening_sockets(void);
/* Resolves all sockets. 0; -1 with the reason logged, also when there is none at all. */
int fix_all_socket_lists(void);
/* Binds them. 0, or -1 with the reason logged. */
int trans_init_all_listeners(void);
/* What an operator can do about an error of bind(), for the end of a log line; may be empty. */
const char *bind_advice(int error);
void print_all_socket_lists(void);
void free_all_socket_lists(void);

const char *get_proto_name(unsigned short proto);

/*
 * Sends a message: from send_sock (NULL: chosen by destination), to "to", for streams over
 * connection id when it still exists (0: any to that address, else a new one). msg: what
 * it belongs to, or NULL. 0, or -1 after a log line.
 */
int msg_send(const struct socket_info *send_sock, int proto, union sockaddr_union *to,
	unsigned int id, char *buf, int len, struct sip_msg *msg);

#endif
