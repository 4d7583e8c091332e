/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our listening sockets: making them from the configuration, finding them again. */
#include <stdio.h>

#include "socket_info.h"
#include "config.h"
#include "mem/mem.h"
#include "parser/msg_parser.h"
#include "resolve.h"

static const char *const proto_names[] = {
	[PROTO_UDP] = "udp",
	[PROTO_TCP] = "tcp",
	[PROTO_TLS] = "tls",
	[PROTO_SCTP] = "sctp",
	[PROTO_WS] = "ws",
	[PROTO_WSS] = "wss",
	[PROTO_IPSEC] = "ipsec",
	[PROTO_BIN] = "bin",
	[PROTO_BINS] = "bins",
	[PROTO_HEP_UDP] = "hep_udp",
	[PROTO_HEP_TCP] = "hep_tcp",
	[PROTO_HEP_TLS] = "hep_tls",
	[PROTO_SMPP] = "smpp",
	[PROTO_MSRP] = "msrp",
	[PROTO_MSRPS] = "msrps",
};

/* --- protocol names ---------------------------------------------------------------------- */

int parse_proto(const unsigned char *s, long len, int *proto)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		if ((long)strlen(proto_names[p]) == len &&
			strncasecmp(proto_names[p], (const char *)s, len) == 0) {
			*proto = p;
			return 0;
		}
	return -1;
}

static const char *proto_name(int proto)
{
	if (proto > PROTO_NONE && proto < PROTO_LAST)
		return proto_names[proto];
	return proto == PROTO_NONE ? "*" : "?";
}

char *proto2str(int proto, char *p)
{
	const char *name = proto_name(proto);

	memcpy(p, name, strlen(name));
	return p + strlen(name);
}

char *proto2a(int proto)
{
	static char buf[PROTO_NAME_MAX_SIZE + 1];

	*proto2str(proto, buf) = 0;
	return buf;
}

/* --- "[proto:]host[:port]" --------------------------------------------------------------- */

static int split_port(str *in, int *port)
{
	char *colon = memrchr(in->s, ':', in->len);
	unsigned short value;
	str digits;

	if (!colon)
		return 0;
	digits.s = colon + 1;
	digits.len = (int)(in->s + in->len - digits.s);
	if (str2short(&digits, &value) < 0 || value == 0)
		return -1;
	*port = value;
	in->len = (int)(colon - in->s);
	return 0;
}

int parse_phostport(char *s, int slen, char **host, int *hlen, int *port, int *proto)
{
	str in = {s, slen};
	char *colon = memchr(s, ':', slen), *close;

	*port = *proto = 0;
	if (colon && parse_proto((unsigned char *)s, colon - s, proto) == 0) {
		in.s = colon + 1;
		in.len = (int)(s + slen - in.s);
	}
	if (in.len > 0 && *in.s == '[') {
		close = memchr(in.s, ']', in.len);
		if (!close)
			return -1;
		*host = in.s;
		*hlen = (int)(close + 1 - in.s);
		if (close + 1 == in.s + in.len)
			return 0;
		in.len -= *hlen;
		in.s = close + 1;
		return *in.s == ':' && split_port(&in, port) == 0 && in.len == 0 ? 0 : -1;
	}
	if (split_port(&in, port) < 0 || in.len <= 0 || memchr(in.s, ':', in.len))
		return -1;
	*host = in.s;
	*hlen = in.len;
	return 0;
}

/* --- making a list ----------------------------------------------------------------------- */

static int copy_text(str *dst, const char *src)
{
	str in = {(char *)src, src ? (int)strlen(src) : 0};

	return src ? pkg_nt_str_dup(dst, &in) : 0;
}

static void free_one(struct socket_info_full *sif)
{
	struct socket_info *si = &sif->socket_info;
	str *owned[] = {&si->name, &si->tag, &si->address_str, &si->port_no_str, &si->sock_str,
		&si->adv_sock_str, &si->tag_sock_str, &si->adv_name_str, &si->adv_port_str};

	for (size_t i = 0; i < howmany(owned, *owned); i++)
		pkg_free(owned[i]->s);
	if (si->socket >= 0)
		close(si->socket);
	pkg_free(sif);
}

void free_sock_list(struct socket_info_full **list)
{
	while (*list) {
		struct socket_info_full *next = (*list)->next;

		free_one(*list);
		*list = next;
	}
}

int new_sock2list(struct socket_id *sid, struct socket_info_full **list)
{
	struct socket_info_full *sif = pkg_malloc(sizeof(*sif)), *last = *list;
	struct socket_info *si;

	if (!sif)
		return -1;
	memset(sif, 0, sizeof(*sif));
	si = &sif->socket_info;
	si->socket = -1;
	si->proto = sid->proto;
	si->port_no = sid->port;
	si->adv_port = sid->adv_port;
	si->workers = sid->workers;
	si->flags = sid->flags;
	if (copy_text(&si->name, sid->name) < 0 || copy_text(&si->tag, sid->tag) < 0 ||
		copy_text(&si->adv_name_str, sid->adv_name) < 0) {
		free_one(sif);
		return -1;
	}
	while (last && last->next)
		last = last->next;
	sif->prev = last;
	if (last)
		last->next = sif;
	else
		*list = sif;
	return 0;
}

static int print_text(str *dst, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
static int print_text(str *dst, const char *fmt, ...)
{
	char buf[512];
	str out = {buf, 0};
	va_list ap;

	va_start(ap, fmt);
	out.len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (out.len < 0 || out.len >= (int)sizeof(buf)) {
		LM_ERR("address too long\n");
		return -1;
	}
	return pkg_nt_str_dup(dst, &out);
}

static int resolve_into(const str *name, struct ip_addr *ip)
{
	struct hostent *he;

	if (name->len > 2 && *name->s == '[') {
		struct ip_addr *ip6 = str2ip6(name);

		if (!ip6)
			return -1;
		*ip = *ip6;
		return 0;
	}
	he = resolvehost(name->s, 0);
	if (!he)
		return -1;
	memset(ip, 0, sizeof(*ip));
	hostent2ip_addr(ip, he, 0);
	return 0;
}

static int fix_advertised(struct socket_info *si, const char *proto)
{
	if (!si->adv_name_str.len)
		return 0;
	if (print_text(&si->adv_port_str, "%d", si->adv_port ? si->adv_port : si->port_no) < 0)
		return -1;
	/* a name that does not resolve here may well do so for others */
	if (resolve_into(&si->adv_name_str, &si->adv_address) < 0)
		LM_WARN("advertised address %s does not resolve\n", si->adv_name_str.s);
	return print_text(&si->adv_sock_str, "%s:%s:%d", proto, si->adv_name_str.s,
		si->adv_port ? si->adv_port : si->port_no);
}

static int fix_one(struct socket_info *si)
{
	const char *proto = proto_names[si->proto];
	const char *open, *close;

	if (resolve_into(&si->name, &si->address) < 0) {
		LM_ERR("cannot resolve the address of socket %s:%s\n", proto, si->name.s);
		return -1;
	}
	if (!si->port_no)
		si->port_no = protos[si->proto].default_port;
	if (si->address.af != AF_INET6 && str2ip(&si->name))
		si->flags |= SI_IS_IP;
	if (init_su(&si->su, &si->address, si->port_no) < 0)
		return -1;
	open = si->address.af == AF_INET6 ? "[" : "";
	close = si->address.af == AF_INET6 ? "]" : "";
	if (print_text(&si->address_str, "%s%s%s", open, ip_addr2a(&si->address), close) < 0 ||
		print_text(&si->port_no_str, "%hu", si->port_no) < 0 ||
		print_text(&si->sock_str, "%s:%s:%hu", proto, si->address_str.s, si->port_no) < 0)
		return -1;
	if (si->tag.len && print_text(&si->tag_sock_str, "%s:%s", proto, si->tag.s) < 0)
		return -1;
	return fix_advertised(si, proto);
}

int fix_socket_list(struct socket_info_full **list)
{
	for (struct socket_info_full *a = *list; a; a = a->next) {
		if (fix_one(&a->socket_info) < 0)
			return -1;
		for (struct socket_info_full *b = *list; b != a; b = b->next)
			if (str_match(&a->socket_info.sock_str, &b->socket_info.sock_str)) {
				LM_ERR("socket %s is there twice\n", a->socket_info.sock_str.s);
				return -1;
			}
	}
	return 0;
}

/* --- finding one ------------------------------------------------------------------------- */

/* The socket after si (NULL: the first) of that protocol, or of all. */
static const struct socket_info *next_socket(const struct socket_info *si, int proto)
{
	const struct socket_info_full *sif = (const struct socket_info_full *)(const void *)si;
	int p = si ? si->proto : proto == PROTO_NONE ? PROTO_FIRST : proto;

	if (sif && sif->next)
		return &sif->next->socket_info;
	if (sif)
		p++;
	for (; p < PROTO_LAST && (proto == PROTO_NONE || p == proto); p++)
		if (protos[p].listeners)
			return &protos[p].listeners->socket_info;
	return NULL;
}

const struct socket_info *get_first_socket(void)
{
	return next_socket(NULL, PROTO_NONE);
}

static int names_address(const str *host, const struct ip_addr *ip)
{
	const struct ip_addr *is =
		*host->s == '[' || memchr(host->s, ':', host->len) ? str2ip6(host) : str2ip(host);

	return is && ip_addr_cmp(is, ip);
}

static int is_named(const struct socket_info *si, const str *host, unsigned short port, int tag)
{
	if (tag && si->tag.len && str_match(&si->tag, host))
		return 1;
	/* either port goes with either name, as in OpenSIPS */
	if (port && port != si->port_no && port != si->adv_port)
		return 0;
	if (str_casematch(&si->name, host) || names_address(host, &si->address))
		return 1;
	if (si->adv_name_str.len)
		return str_casematch(&si->adv_name_str, host);
	return default_global_address->s && str_casematch(default_global_address, host);
}

const struct socket_info *grep_sock_info_ext(
	str *host, unsigned short port, unsigned short proto, int check_tag)
{
	const struct socket_info *si = NULL;

	if (!host || !host->s || host->len <= 0 || proto >= PROTO_LAST)
		return NULL;
	while ((si = next_socket(si, proto)))
		if (is_named(si, host, port, check_tag))
			return si;
	return NULL;
}

const struct socket_info *parse_sock_info(str *spec)
{
	str host;
	int port, proto;

	if (parse_phostport(spec->s, spec->len, &host.s, &host.len, &port, &proto) < 0)
		return NULL;
	return grep_sock_info_ext(&host, (unsigned short)port, (unsigned short)proto, 1);
}

struct alias {
	struct alias *next;
	unsigned short port, proto;
	str host;
};

static struct alias *aliases;

int add_alias(const char *host, int len, unsigned short port, unsigned short proto)
{
	struct alias *a = pkg_malloc(sizeof(*a) + (size_t)len);

	if (!a)
		return -1;
	*a = (struct alias){aliases, port, proto, {(char *)(a + 1), len}};
	memcpy(a->host.s, host, (size_t)len);
	aliases = a;
	return 0;
}

void free_aliases(void)
{
	struct alias *next;

	for (; aliases; aliases = next) {
		next = aliases->next;
		pkg_free(aliases);
	}
}

static int is_alias(const str *host, unsigned short port, unsigned short proto)
{
	const struct alias *a;

	for (a = aliases; a; a = a->next)
		if (str_casematch(&a->host, host) && (!port || !a->port || a->port == port) &&
			(proto == PROTO_NONE || a->proto == proto))
			return 1;
	return 0;
}

int check_self(str *host, unsigned short port, unsigned short proto)
{
	return grep_sock_info(host, port, proto) != NULL || is_alias(host, port, proto);
}

/* --- sending from one -------------------------------------------------------------------- */

static int fits(const struct socket_info *si, const union sockaddr_union *su, int proto)
{
	return si && si->proto == proto && si->address.af == su->s.sa_family;
}

const struct socket_info *get_send_socket(
	struct sip_msg *msg, const union sockaddr_union *su, int proto)
{
	const struct socket_info *si;

	if (msg && fits(msg->force_send_socket, su, proto))
		return msg->force_send_socket;
	if (msg && fits(msg->rcv.bind_address, su, proto))
		return msg->rcv.bind_address;
	for (si = NULL; (si = next_socket(si, proto));)
		if (fits(si, su, proto))
			return si;
	/* as OpenSIPS: rather over another transport than not at all, if that socket was asked for
	 */
	si = msg ? msg->force_send_socket : NULL;
	return si && fits(si, su, si->proto) ? si : NULL;
}
