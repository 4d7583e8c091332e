/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * URIs. Only what separates the parts is looked at: as in OpenSIPS a part may hold any other
 * character, be it white space, a quote or an escape that is none. Only a zero byte is refused
 * here.
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
/* RFC 8599; kept with the unknown ones */
static const char *const pn_params[] = {"pn-prid", "pn-param", "pn-purr", "pn-provider"};
#define PN_PARAMS           (sizeof(pn_params) / sizeof(pn_params[0]))
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
	if (!uri->user.len || memchr(at + 1, '@', end - at - 1))
		return NULL;
	/* in a password these would begin a second one, parameters or headers */
	for (; colon && ++colon < at;)
		if (strchr(":;?", *colon))
			return NULL;
	return at + 1;
}

/* Where a host ends; p itself when there is none. */
static char *host_end(char *p, char *end)
{
	char *q;

	if (p < end && *p == '[') {
		q = memchr(p, ']', end - p);
		return q ? q + 1 : p;
	}
	for (q = p; q < end && *q != ':' && *q != ';' && *q != '?'; q++)
		;
	return q;
}

static char *parse_hostport(char *p, char *end, struct sip_uri *uri)
{
	unsigned int port;
	char *q;

	q = host_end(p, end);
	if (q == p)
		return NULL;
	set_span(&uri->host, p, q);
	if (q == end || *q != ':')
		return q;
	p = q + 1;
	if (p == end || *p == ';' || *p == '?')
		return p; /* a port that is not given */
	q = scan_number(p, end, 65535, &port);
	if (!q)
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

/* OpenSIPS takes others without one; of RFC 8599's all but the last, pn-provider. */
static int needs_value(const str *name)
{
	for (unsigned int i = 0; i < PN_PARAMS - 1; i++)
		if (str_casematch_nt(name, pn_params[i]))
			return 1;
	return str_casematch_nt(name, "maddr");
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
		if (!value.len && needs_value(&name))
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
		p = p < end ? uri->user.s + uri->user.len : NULL;
	} else {
		p = parse_userinfo(p, end, uri);
		p = p ? parse_hostport(p, end, uri) : NULL;
	}
	if (p && p < end && *p == ';')
		p = parse_uri_params(p, end, uri);
	if (p && p < end && *p == '?' && uri->type != TEL_URI_T && !memchr(p, ';', end - p)) {
		set_span(&uri->headers, p + 1, end);
		p = end;
	}
	return p == end ? 0 : -1;
}

int parse_uri(char *buf, int len, struct sip_uri *uri)
{
	memset(uri, 0, sizeof(*uri));
	if (!memchr(buf, '\0', len) && parse_parts(buf, buf + len, uri) == 0)
		return 0;
	LM_ERR("bad URI <%.*s>\n", quoted_len(len), buf);
	memset(uri, 0, sizeof(*uri));
	ser_error = E_BAD_URI;
	if (bad_URIs)
		update_stat(bad_URIs, 1);
	return -1;
}

/* The next character, with %XX decoded; -1 for an escape that is none, or one of a zero byte. */
static int next_decoded(const char **p, const char *end)
{
	int c = (unsigned char)*(*p)++;

	if (c != '%')
		return c;
	if (end - *p < 2 || !_isxdigit((*p)[0]) || !_isxdigit((*p)[1]))
		return -1;
	c = hex2int((*p)[0]) << 4 | hex2int((*p)[1]);
	*p += 2;
	return c ? c : -1;
}

/*
 * Equal once %XX is decoded. With a bad escape they are not, not even to themselves: as in
 * OpenSIPS, where a phone with such a contact gets a new one with each REGISTER.
 */
static int same_decoded(const str *a, const str *b)
{
	const char *p = a->s, *q = b->s, *pend = p + a->len, *qend = q + b->len;
	int c;

	while (p < pend && q < qend) {
		c = next_decoded(&p, pend);
		if (c < 0 || c != next_decoded(&q, qend))
			return 0;
	}
	return p == pend && q == qend;
}

static int same_value(const struct sip_uri *a, const struct sip_uri *b, const char *name)
{
	str param, va = STR_NULL, vb = STR_NULL;

	init_str(&param, name);
	get_uri_param_val(a, &param, &va);
	get_uri_param_val(b, &param, &vb);
	return str_casematch(&va, &vb);
}

/*
 * RFC 3261, 19.1.4. Of a parameter that is known only its value counts, as in OpenSIPS: one without
 * is as one that is not there.
 */
static int same_params(struct sip_uri *a, struct sip_uri *b)
{
	unsigned int i;
	int j, k;

	for (i = 0; i < URI_PARAMS; i++)
		if (!str_casematch(str_at(a, uri_params[i].value), str_at(b, uri_params[i].value)))
			return 0;
	for (i = 0; i < PN_PARAMS; i++)
		if (!same_value(a, b, pn_params[i]))
			return 0;
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

	if (raw_uri_a && raw_uri_b && str_match(raw_uri_a, raw_uri_b) &&
		!memchr(raw_uri_a->s, '%', raw_uri_a->len))
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
	return !(a->type == b->type && str_match(&a->port, &b->port) &&
		 str_casematch(&a->host, &b->host) && same_decoded(&a->user, &b->user) &&
		 str_match(&a->passwd, &b->passwd) && same_params(a, b) &&
		 str_casematch(&a->headers, &b->headers));
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
