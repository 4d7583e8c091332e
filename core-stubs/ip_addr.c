/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP and socket addresses: text, comparison, conversion. */
#include <stdio.h>

#include "ip_addr.h"

#define N_BUFS 4

char *ip_addr2a(const struct ip_addr *ip)
{
	static char bufs[N_BUFS][IP_ADDR_MAX_STR_SIZE + 8];
	static unsigned int next;
	char *buf = bufs[next++ % N_BUFS];

	if (ip->af != AF_INET6) {
		if (ip->af != AF_INET || !inet_ntop(AF_INET, ip->u.addr, buf, IP_ADDR_MAX_STR_SIZE))
			*buf = 0;
		return buf;
	}
	/* OpenSIPS writes all eight groups, in capitals; scripts compare with that */
	snprintf(buf, IP_ADDR_MAX_STR_SIZE, "%X:%X:%X:%X:%X:%X:%X:%X", ntohs(ip->u.addr16[0]),
		ntohs(ip->u.addr16[1]), ntohs(ip->u.addr16[2]), ntohs(ip->u.addr16[3]),
		ntohs(ip->u.addr16[4]), ntohs(ip->u.addr16[5]), ntohs(ip->u.addr16[6]),
		ntohs(ip->u.addr16[7]));
	return buf;
}

static struct ip_addr *text2ip(const str *st, int af, unsigned int len)
{
	static struct ip_addr ip;
	char buf[INET6_ADDRSTRLEN];

	if (!st || !st->s || st->len <= 0 || st->len >= (int)sizeof(buf))
		return NULL;
	memcpy(buf, st->s, st->len);
	buf[st->len] = 0;
	memset(&ip, 0, sizeof(ip));
	ip.af = af;
	ip.len = len;
	return inet_pton(af, buf, ip.u.addr) == 1 ? &ip : NULL;
}

struct ip_addr *str2ip(const str *st)
{
	return text2ip(st, AF_INET, 4);
}

struct ip_addr *str2ip6(const str *st)
{
	str in;

	if (!st || !st->s)
		return NULL;
	in = *st;
	if (in.len > 2 && in.s[0] == '[' && in.s[in.len - 1] == ']') {
		in.s++;
		in.len -= 2;
	}
	return text2ip(&in, AF_INET6, 16);
}

void su2ip_addr(struct ip_addr *ip, const union sockaddr_union *su)
{
	memset(ip, 0, sizeof(*ip));
	ip->af = su->s.sa_family;
	switch (su->s.sa_family) {
	case AF_INET:
		ip->len = 4;
		memcpy(ip->u.addr, &su->sin.sin_addr, 4);
		break;
	case AF_INET6:
		ip->len = 16;
		memcpy(ip->u.addr, &su->sin6.sin6_addr, 16);
		break;
	default:
		LM_CRIT("unknown address family %d\n", su->s.sa_family);
	}
}

void sockaddr2ip_addr(struct ip_addr *ip, const struct sockaddr *sa)
{
	su2ip_addr(ip, (const union sockaddr_union *)(const void *)sa);
}

int init_su(union sockaddr_union *su, const struct ip_addr *ip, unsigned short port)
{
	memset(su, 0, sizeof(*su));
	su->s.sa_family = ip->af;
	if (ip->af == AF_INET)
		memcpy(&su->sin.sin_addr, ip->u.addr, 4);
	else if (ip->af == AF_INET6)
		memcpy(&su->sin6.sin6_addr, ip->u.addr, 16);
	else
		return -1;
	su_setport(su, port);
	return 0;
}

int hostent2su(
	union sockaddr_union *su, const struct hostent *he, unsigned int idx, unsigned short port)
{
	struct ip_addr ip;

	if (he->h_length != 4 && he->h_length != 16)
		return -1;
	memset(&ip, 0, sizeof(ip));
	hostent2ip_addr(&ip, he, idx);
	return init_su(su, &ip, port);
}

unsigned short su_getport(const union sockaddr_union *su)
{
	return ntohs(su->s.sa_family == AF_INET6 ? su->sin6.sin6_port : su->sin.sin_port);
}

void su_setport(union sockaddr_union *su, unsigned short port)
{
	if (su->s.sa_family == AF_INET6)
		su->sin6.sin6_port = htons(port);
	else
		su->sin.sin_port = htons(port);
}
