/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * URIs. What a character may be is checked so far that no part can hold white space, brackets or
 * quotes, whatever it is put into later.
 */
#include <stddef.h>
#include "../core_stats.h"
#include "../dprint.h"
#include "../error.h"
#include "parse_uri.h"
#include "parser_f.h"

static const struct {
	const char *name;
	size_t param; /* places in struct sip_uri: name=value ... */
	size_t value; /* ... and the value alone */
} uri_params[] = {
#define PARAM(name, member)                                                                        \
	{                                                                                          \
		name, offsetof(struct sip_uri, member), offsetof(struct sip_uri, member##_val)     \
	}
	PARAM("transport", transport),
	PARAM("user", user_param),
	PARAM("ttl", ttl),
	PARAM("maddr", maddr),
	PARAM("method", method),
	PARAM("lr", lr),
	PARAM("r2", r2),
	PARAM("gr", gr),
#undef PARAM
};
#define URI_PARAMS (sizeof(uri_params) / sizeof(uri_params[0]))
/* RFC 3261, 19.1.4: these differ when only one side has them; gr likewise (RFC 5627) */
#define is_decisive(i)      ((i) < 5 || (i) == 7)
#define str_at(uri, offset) ((str *)(void *)((char *)(uri) + (offset)))

static unsigned short proto_of(const str *transport)
{
	static const char *const names[] = {[PROTO_UDP] = "udp",
		[PROTO_TCP] = "tcp",
		[PROTO_TLS] = "tls",
		[PROTO_SCTP] = "sctp",
		[PROTO_WS] = "ws",
		[PROTO_WSS] = "wss"};
	unsigned int i;

	for (i = PROTO_FIRST; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_casematch_nt(transport, names[i]))
			return i;
	return PROTO_OTHER;
}

static int is_uri_char(unsigned char c)
{
	return c > ' ' && c < 127 && c != '<' && c != '>' && c != '"';
}

/* Checks characters and escapes of one part. */
static int part_ok(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (!is_uri_char((unsigned char)*p))
			return 0;
		if (*p != '%')
			continue;
		if (end - p < 3 || !_isxdigit(p[1]) || !_isxdigit(p[2]))
			return 0;
		p += 2;
	}
	return 1;
}

static void set_span(str *s, char *from, char *to)
{
	s->s = from;
	s->len = to - from;
}

static char *parse_scheme(char *p, char *end, struct sip_uri *uri)
{
	static const struct {
		const char *name;
		int len;
		uri_type type;
	} schemes[] = {{"sip:", 4, SIP_URI_T}, {"sips:", 5, SIPS_URI_T}, {"tel:", 4, TEL_URI_T}};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (end - p >= schemes[i].len && !strncasecmp(p, schemes[i].name, schemes[i].len)) {
			uri->type = schemes[i].type;
			return p + schemes[i].len;
		}
	}
	return NULL;
}

int is_uri_scheme(const str *uri)
{
	struct sip_uri u;

	return parse_scheme(uri->s, uri->s + uri->len, &u) != NULL;
}

/* [ user [ ":" password ] "@" ]; what follows '@' can have no other one. */
static char *parse_userinfo(char *p, char *end, struct sip_uri *uri)
{
	char *at, *colon;

	at = memchr(p, '@', end - p);
	if (!at)
		return p;
	colon = memchr(p, ':', at - p);
	set_span(&uri->user, p, colon ? colon : at);
	if (colon)
		set_span(&uri->passwd, colon + 1, at);
	if (!uri->user.len || !part_ok(p, at) || memchr(at + 1, '@', end - at - 1))
		return NULL;
	return at + 1;
}

static char *parse_hostport(char *p, char *end, struct sip_uri *uri)
{
	unsigned int port;
	char *q;

	q = skip_host(p, end);
	if (q == p)
		return NULL;
	set_span(&uri->host, p, q);
	if (q == end || *q != ':')
		return q;
	p = q + 1;
	q = scan_number(p, end, 65535, &port);
	if (!q || !port)
		return NULL;
	set_span(&uri->port, p, q);
	uri->port_no = port;
	return q;
}

static void store_param(struct sip_uri *uri, str *param, str *name, str *value)
{
	unsigned int i;

	for (i = 0; i < URI_PARAMS; i++) {
		if (str_casematch_nt(name, uri_params[i].name)) {
			*str_at(uri, uri_params[i].param) = *param;
			*str_at(uri, uri_params[i].value) = *value;
			if (i == 0)
				uri->proto = proto_of(value);
			return;
		}
	}
	if (uri->u_params_no < URI_MAX_U_PARAMS) {
		uri->u_name[uri->u_params_no] = *name;
		uri->u_val[uri->u_params_no++] = *value;
	}
}

/* ;name[=value];... up to '?' or the end. p is at the ';'. */
static char *parse_uri_params(char *p, char *end, struct sip_uri *uri)
{
	str param, name, value;
	char *q, *eq;

	uri->params.s = p + 1;
	while (p < end && *p == ';') {
		for (q = ++p; q < end && *q != ';' && *q != '?'; q++)
			;
		set_span(&param, p, q);
		eq = memchr(p, '=', q - p);
		set_span(&name, p, eq ? eq : q);
		value = STR_NULL;
		if (eq)
			set_span(&value, eq + 1, q);
		if (!name.len || !part_ok(p, q))
			return NULL;
		store_param(uri, &param, &name, &value);
		p = q;
	}
	uri->params.len = p - uri->params.s;
	return p;
}

static int parse_parts(char *p, char *end, struct sip_uri *uri)
{
	char *q;

	p = parse_scheme(p, end, uri);
	if (!p)
		return -1;
	if (uri->type == TEL_URI_T) {
		q = memchr(p, ';', end - p);
		set_span(&uri->user, p, q ? q : end);
		p = uri->user.len && part_ok(p, q ? q : end) ? uri->user.s + uri->user.len : NULL;
	} else {
		p = parse_userinfo(p, end, uri);
		p = p ? parse_hostport(p, end, uri) : NULL;
	}
	if (p && p < end && *p == ';')
		p = parse_uri_params(p, end, uri);
	if (p && p < end && *p == '?' && uri->type != TEL_URI_T && part_ok(p, end)) {
		set_span(&uri->headers, p + 1, end);
		p = end;
	}
	return p == end ? 0 : -1;
}

int parse_uri(char *buf, int len, struct sip_uri *uri)
{
	memset(uri, 0, sizeof(*uri));
	if (parse_parts(buf, buf + len, uri) == 0)
		return 0;
	LM_ERR("bad URI <%.*s>\n", quoted_len(len), buf);
	memset(uri, 0, sizeof(*uri));
	ser_error = E_BAD_URI;
	if (bad_URIs)
		update_stat(bad_URIs, 1);
	return -1;
}

static int next_decoded(const char **p, const char *end)
{
	int c = (unsigned char)*(*p)++;

	if (c == '%' && end - *p >= 2) {
		c = hex2int((*p)[0]) << 4 | hex2int((*p)[1]);
		*p += 2;
	}
	return c;
}

/* Equal once %XX is decoded. */
static int same_decoded(const str *a, const str *b)
{
	const char *p = a->s, *q = b->s, *pend = p + a->len, *qend = q + b->len;

	while (p < pend && q < qend)
		if (next_decoded(&p, pend) != next_decoded(&q, qend))
			return 0;
	return p == pend && q == qend;
}

static int same_params(struct sip_uri *a, struct sip_uri *b)
{
	str *pa, *pb;
	unsigned int i;
	int j, k;

	for (i = 0; i < URI_PARAMS; i++) {
		pa = str_at(a, uri_params[i].param);
		pb = str_at(b, uri_params[i].param);
		if (pa->s && pb->s) {
			if (!str_casematch(
				    str_at(a, uri_params[i].value), str_at(b, uri_params[i].value)))
				return 0;
		} else if ((pa->s || pb->s) && is_decisive(i)) {
			return 0;
		}
	}
	for (j = 0; j < a->u_params_no; j++)
		for (k = 0; k < b->u_params_no; k++)
			if (str_casematch(&a->u_name[j], &b->u_name[k]) &&
				!str_casematch(&a->u_val[j], &b->u_val[k]))
				return 0;
	return 1;
}

int compare_uris(
	str *raw_uri_a, struct sip_uri *parsed_uri_a, str *raw_uri_b, struct sip_uri *parsed_uri_b)
{
	static struct sip_uri first, second;
	struct sip_uri *a = parsed_uri_a, *b = parsed_uri_b;

	if (raw_uri_a && raw_uri_b && str_match(raw_uri_a, raw_uri_b))
		return 0;
	if (!a) {
		a = &first;
		if (!raw_uri_a || parse_uri(raw_uri_a->s, raw_uri_a->len, a) < 0)
			return -1;
	}
	if (!b) {
		b = &second;
		if (!raw_uri_b || parse_uri(raw_uri_b->s, raw_uri_b->len, b) < 0)
			return -1;
	}
	return !(a->type == b->type && a->port_no == b->port_no &&
		 str_casematch(&a->host, &b->host) && same_decoded(&a->user, &b->user) &&
		 same_decoded(&a->passwd, &b->passwd) && same_params(a, b) &&
		 str_match(&a->headers, &b->headers));
}

int get_uri_param_val(const struct sip_uri *uri, const str *param, str *val)
{
	unsigned int i;

	for (i = 0; i < URI_PARAMS; i++) {
		if (str_casematch_nt(param, uri_params[i].name)) {
			*val = *(
				const str *)(const void *)((const char *)uri + uri_params[i].value);
			return 0;
		}
	}
	for (i = 0; i < uri->u_params_no; i++) {
		if (str_casematch(param, &uri->u_name[i])) {
			*val = uri->u_val[i];
			return 0;
		}
	}
	return -1;
}
