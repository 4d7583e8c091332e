/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses, socket addresses, and who sent a message to which of our sockets. */
#ifndef IP_ADDR_H
#define IP_ADDR_H

#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>
#include "str.h"
#include "dprint.h"

enum sip_protos {
	PROTO_NONE = 0,
	PROTO_FIRST = 1,
	PROTO_UDP = 1,
	PROTO_TCP,
	PROTO_TLS,
	PROTO_SCTP,
	PROTO_WS,
	PROTO_WSS,
	PROTO_IPSEC,
	PROTO_SIP_LAST = PROTO_IPSEC,
	PROTO_BIN,
	PROTO_BINS,
	PROTO_HEP_UDP,
	PROTO_HEP_TCP,
	PROTO_HEP_TLS,
	PROTO_SMPP,
	PROTO_MSRP,
	PROTO_MSRPS,
	PROTO_OTHER
};
#define PROTO_LAST           PROTO_OTHER
#define is_sip_proto(_proto) (PROTO_UDP <= (_proto) && (_proto) <= PROTO_SIP_LAST)

struct ip_addr {
	unsigned int af;  /* AF_INET or AF_INET6 */
	unsigned int len; /* 4 or 16 */
	union {
		unsigned long addrl[16 / sizeof(long)];
		unsigned int addr32[4];
		unsigned short addr16[8];
		unsigned char addr[16]; /* network order */
	} u;
};

union sockaddr_union {
	struct sockaddr s;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

enum si_flags {
	SI_NONE = 0,
	SI_IS_IP = 1,
	SI_IS_LO = 2,
	SI_IS_MCAST = 4,
	SI_IS_ANYCAST = 8,
	SI_FRAG = 16,
	SI_REUSEPORT = 32,
	SI_INTERNAL = 64,
};

struct socket_info;

struct receive_info {
	struct ip_addr src_ip;
	struct ip_addr dst_ip;
	unsigned short src_port; /* host order */
	unsigned short dst_port;
	int proto;
	unsigned int proto_reserved1; /* TCP: id of the connection */
	unsigned int proto_reserved2;
	union sockaddr_union src_su;
	const struct socket_info *bind_address; /* our socket */
};

struct dest_info {
	int proto;
	unsigned int proto_reserved1;
	union sockaddr_union to;
	const struct socket_info *send_sock;
};

/* A socket as the configuration names it. Strings are zero terminated, pkg or static. */
struct socket_id {
	char *name;
	char *adv_name; /* "as" address, or NULL */
	char *tag;
	char *auto_scaling_profile; /* not supported: must be NULL */
	int adv_port;
	int proto;
	int port;    /* 0: the protocol's own */
	int workers; /* 0: udp_workers / tcp_workers */
	enum si_flags flags;
	struct socket_id *next;
};

#define sockaddru_len(su)                                                                          \
	(((su).s.sa_family == AF_INET6) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in))

#define ip_addr_cmp(ip1, ip2)                                                                      \
	(((ip1)->af == (ip2)->af) && (memcmp((ip1)->u.addr, (ip2)->u.addr, (ip1)->len) == 0))

#define IP_ADDR_MAX_STR_SIZE 40

/* Text of an address in one of four static buffers; IPv6 without brackets. */
char *ip_addr2a(const struct ip_addr *ip);
/* Dotted IPv4 text. Static result, NULL when it is none. */
struct ip_addr *str2ip(const str *st);
/* IPv6 text, with or without brackets. Static result, NULL when it is none. */
struct ip_addr *str2ip6(const str *st);

void sockaddr2ip_addr(struct ip_addr *ip, const struct sockaddr *sa);
void su2ip_addr(struct ip_addr *ip, const union sockaddr_union *su);
/* 0, or -1 when the address family is unknown. port in host order. */
int init_su(union sockaddr_union *su, const struct ip_addr *ip, unsigned short port);
#define ip_addr2su init_su
int hostent2su(
	union sockaddr_union *su, const struct hostent *he, unsigned int idx, unsigned short port);
unsigned short su_getport(const union sockaddr_union *su);
void su_setport(union sockaddr_union *su, unsigned short port);

#define hostent2ip_addr(ip, he, addr_no)                                                           \
	do {                                                                                       \
		(ip)->af = (he)->h_addrtype;                                                       \
		(ip)->len = (he)->h_length;                                                        \
		memcpy((ip)->u.addr, (he)->h_addr_list[(addr_no)], (ip)->len);                     \
	} while (0)

#define get_su_info(_su, _ip_char, _port_no)                                                       \
	do {                                                                                       \
		struct ip_addr __ip;                                                               \
		sockaddr2ip_addr(&__ip, (const struct sockaddr *)(_su));                           \
		_ip_char = ip_addr2a(&__ip);                                                       \
		_port_no = su_getport((const union sockaddr_union *)(const void *)(_su));          \
	} while (0)

#endif
