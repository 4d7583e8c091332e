/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our listening sockets. Made from the configuration before modules are initialised,
 * constant after that, so every process may read them without a lock.
 */
#ifndef SOCKET_INFO_H
#define SOCKET_INFO_H

#include <stdlib.h>
#include "ip_addr.h"
#include "dprint.h"
#include "globals.h"
#include "ut.h"
#include "net/trans.h"

struct sip_msg;

struct socket_info {
	int socket; /* -1 until it is bound */
	str name;   /* as configured */
	str tag;
	struct ip_addr address;
	str address_str;
	unsigned short port_no;
	str port_no_str;
	enum si_flags flags;
	union sockaddr_union su;
	int proto;
	str sock_str;     /* "udp:127.0.0.1:5060" */
	str adv_sock_str; /* the same with the advertised address; empty: none */
	str tag_sock_str;
	str adv_name_str;
	str adv_port_str;
	struct ip_addr adv_address;
	unsigned short adv_port;
	unsigned short workers;
	enum sip_protos internal_proto;
};

struct socket_info_full {
	struct socket_info socket_info;
	struct socket_info_full *next;
	struct socket_info_full *prev;
};

#define get_socket_real_name(_s) (&(_s)->sock_str)
#define get_socket_sip_name(_s)  ((_s)->adv_sock_str.len ? &(_s)->adv_sock_str : &(_s)->sock_str)

#define PROTO_NAME_MAX_SIZE 8

#define set_sip_defaults(_port, _proto)                                                            \
	do {                                                                                       \
		if ((_proto) == PROTO_NONE)                                                        \
			(_proto) = PROTO_UDP;                                                      \
		if ((_port) == 0)                                                                  \
			(_port) = (_proto) == PROTO_TLS ? SIPS_PORT : SIP_PORT;                    \
	} while (0)

/*
 * Our socket with that host (configured name, IP text, or advertised name), port (real or
 * advertised; 0: any) and protocol (PROTO_NONE: any). check_tag: host may be a socket's
 * tag. NULL: not ours.
 */
const struct socket_info *grep_sock_info_ext(
	str *host, unsigned short port, unsigned short proto, int check_tag);
#define grep_sock_info(_host, _port, _proto)          grep_sock_info_ext(_host, _port, _proto, 0)
#define grep_internal_sock_info(_host, _port, _proto) grep_sock_info_ext(_host, _port, _proto, 1)
/* The socket named by "[proto:]host[:port]" or by a tag; NULL: not ours, or nonsense. */
const struct socket_info *parse_sock_info(str *spec);
/* The first in order of protocols; NULL: none. */
const struct socket_info *get_first_socket(void);
/*
 * The socket to send from to that address: msg's forced one if its protocol fits, else the
 * one msg came in on if it fits, else the first of that protocol and address family.
 * msg may be NULL. NULL result: we have no such socket.
 */
const struct socket_info *get_send_socket(
	struct sip_msg *msg, const union sockaddr_union *su, int proto);
/*
 * Another name that is ours, as `alias` says it; port 0 stands for any. Before forking.
 * 0, or -1 without memory.
 */
int add_alias(const char *host, int len, unsigned short port, unsigned short proto);
void free_aliases(void);
/* 1: host and port (0: any) and proto are a listener's or an alias. */
int check_self(str *host, unsigned short port, unsigned short proto);

/* "udp" -> PROTO_UDP. 0, or -1 when it is no protocol name. */
int parse_proto(const unsigned char *s, long len, int *proto);
/*
 * Splits "[proto:]host[:port]"; IPv6 hosts in brackets, which stay part of the host.
 * port and proto are 0 when not given. 0, or -1 when malformed. Points into s.
 */
int parse_phostport(char *s, int slen, char **host, int *hlen, int *port, int *proto);
/* Writes the name without a zero; returns its end. */
char *proto2str(int proto, char *p);
/* Zero terminated in a static buffer. */
char *proto2a(int proto);

/* Adds a socket to a protocol's list. 0, or -1 with the reason logged. */
int new_sock2list(struct socket_id *sid, struct socket_info_full **list);
/* Resolves addresses and fills the strings of a list. 0, or -1 with the reason logged. */
int fix_socket_list(struct socket_info_full **list);
void free_sock_list(struct socket_info_full **list);

#endif
