/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names into addresses, by the system's resolver: SIP workers wait for it, as they do in
 * OpenSIPS without asynchronous DNS. Addresses in figures never get that far.
 */
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "net/trans.h"
#include "proxy.h"
#include "resolve.h"
#include "socket_info.h"

/* The one answer of this process. */
static struct {
	struct hostent he;
	char name[256];
	char *aliases[1];
	char *list[MAX_HOST_ADDRS + 1];
	char addr[MAX_HOST_ADDRS][16];
} found;

static void begin_answer(const char *name, int af)
{
	memset(&found.he, 0, sizeof(found.he));
	snprintf(found.name, sizeof(found.name), "%s", name);
	found.he.h_name = found.name;
	found.he.h_aliases = found.aliases;
	found.he.h_addrtype = af;
	found.he.h_length = af == AF_INET6 ? 16 : 4;
	found.he.h_addr_list = found.list;
	found.list[0] = NULL;
}

static int add_answer(int n, const void *addr)
{
	if (n >= MAX_HOST_ADDRS)
		return n;
	memcpy(found.addr[n], addr, found.he.h_length);
	found.list[n] = found.addr[n];
	found.list[n + 1] = NULL;
	return n + 1;
}

/* All addresses of one family. The number of them. */
static int ask_resolver(const char *name, int af)
{
	struct addrinfo hints = {.ai_family = af, .ai_socktype = SOCK_DGRAM}, *res, *i;
	const void *addr;
	int n = 0;

	begin_answer(name, af);
	if (getaddrinfo(name, NULL, &hints, &res) != 0)
		return 0;
	for (i = res; i; i = i->ai_next) {
		if (af == AF_INET6)
			addr = &((struct sockaddr_in6 *)(void *)i->ai_addr)->sin6_addr;
		else
			addr = &((struct sockaddr_in *)(void *)i->ai_addr)->sin_addr;
		n = add_answer(n, addr);
	}
	freeaddrinfo(res);
	return n;
}

struct hostent *resolvehost(char *name, int no_ip_test)
{
	str s = {name, (int)strlen(name)};
	struct ip_addr *ip;

	ip = no_ip_test ? NULL : str2ip(&s);
	if (!ip && !no_ip_test)
		ip = str2ip6(&s);
	if (ip) {
		begin_answer(name, ip->af);
		add_answer(0, ip->u.addr);
		return &found.he;
	}
	if (ask_resolver(name, AF_INET) || ask_resolver(name, AF_INET6))
		return &found.he;
	LM_ERR("no address for [%s]\n", name);
	return NULL;
}

struct hostent *sip_resolvehost(
	str *name, unsigned short *port, unsigned short *proto, int is_sips, void *dn)
{
	unsigned short no_port = 0, no_proto = PROTO_NONE;
	char host[256];

	(void)dn;
	port = port ? port : &no_port;
	proto = proto ? proto : &no_proto;
	if (is_sips && *proto == PROTO_NONE)
		*proto = PROTO_TLS;
	set_sip_defaults(*port, *proto);
	if (name->len <= 0 || name->len >= (int)sizeof(host)) {
		LM_ERR("a host name of %d bytes\n", name->len);
		return NULL;
	}
	memcpy(host, name->s, name->len);
	host[name->len] = '\0';
	return resolvehost(host, 0);
}

int check_ip_address(
	struct ip_addr *ip, str *name, unsigned short port, unsigned short proto, int resolver)
{
	struct ip_addr *host = str2ip(name);

	(void)port;
	(void)proto;
	(void)resolver;
	if (!host)
		host = str2ip6(name);
	return host && ip_addr_cmp(ip, host);
}

/* --- next hops --------------------------------------------------------------- */

/* Everything of a hostent in one block: the list of pointers, the addresses, the name. */
static int copy_hostent(struct hostent *dst, struct hostent *src)
{
	size_t n = 0, name_len = strlen(src->h_name) + 1, i;
	char **list, *p;

	while (src->h_addr_list[n])
		n++;
	list = pkg_malloc((n + 1) * sizeof(char *) + n * src->h_length + name_len);
	if (!list) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	p = (char *)(list + n + 1);
	for (i = 0; i < n; i++, p += src->h_length)
		list[i] = memcpy(p, src->h_addr_list[i], src->h_length);
	list[n] = NULL;
	*dst = *src;
	dst->h_addr_list = list;
	dst->h_aliases = list + n;
	dst->h_name = memcpy(p, src->h_name, name_len);
	return 0;
}

struct proxy_l *mk_proxy(str *name, unsigned short port, unsigned short proto, int is_sips)
{
	struct proxy_l *p;
	struct hostent *he;

	p = pkg_malloc(sizeof(*p));
	if (!p) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	p->name = *name;
	p->port = port;
	p->proto = proto;
	he = sip_resolvehost(name, &p->port, &p->proto, is_sips, NULL);
	if (!he || copy_hostent(&p->host, he) < 0) {
		pkg_free(p);
		return NULL;
	}
	return p;
}

void free_proxy(struct proxy_l *p)
{
	pkg_free(p->host.h_addr_list);
	memset(&p->host, 0, sizeof(p->host));
}
