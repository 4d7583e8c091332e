/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Via values:
 *
 *   SIP / 2.0 / UDP  host [: port] *( ; name [= value] ) [ (comment) ]  [ , next value ]
 */
#include "../dprint.h"
#include "../mem/mem.h"
#include "../ip_addr.h"
#include "msg_parser.h"
#include "parser_f.h"

static const struct {
	const char *name;
	int type;
} via_params[] = {
	{"branch", PARAM_BRANCH},
	{"received", PARAM_RECEIVED},
	{"rport", PARAM_RPORT},
	{"maddr", PARAM_MADDR},
	{"ttl", PARAM_TTL},
	{"i", PARAM_I},
	{"alias", PARAM_ALIAS},
	{"hidden", PARAM_HIDDEN},
	{NULL, GEN_PARAM},
};

static const struct {
	const char *name;
	unsigned short proto;
} via_protos[] = {
	{"UDP", PROTO_UDP},
	{"TCP", PROTO_TCP},
	{"TLS", PROTO_TLS},
	{"SCTP", PROTO_SCTP},
	{"WS", PROTO_WS},
	{"WSS", PROTO_WSS},
	{NULL, PROTO_NONE},
};

static int same_word(const str *s, const char *word)
{
	return s->len == (int)strlen(word) && !strncasecmp(s->s, word, s->len);
}

static void hook_param(struct via_body *vb, struct via_param *param)
{
	switch (param->type) {
	case PARAM_BRANCH:
		vb->branch = param;
		break;
	case PARAM_RECEIVED:
		vb->received = param;
		break;
	case PARAM_RPORT:
		vb->rport = param;
		break;
	case PARAM_MADDR:
		vb->maddr = param;
		break;
	case PARAM_I:
		vb->i = param;
		break;
	case PARAM_ALIAS:
		vb->alias = param;
		break;
	}
}

static int add_param(struct via_body *vb, char *start, char *stop, struct raw_param *raw)
{
	struct via_param *param;
	int i;

	param = pkg_malloc(sizeof(*param));
	if (!param) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memset(param, 0, sizeof(*param));
	for (i = 0; via_params[i].name && !same_word(&raw->name, via_params[i].name); i++)
		;
	param->type = via_params[i].type;
	param->name = raw->name;
	param->value = raw->value;
	param->start = start;
	param->size = stop - start;
	if (vb->last_param)
		vb->last_param->next = param;
	else
		vb->param_lst = param;
	vb->last_param = param;
	hook_param(vb, param);
	return 0;
}

/* SIP / 2.0 / UDP; the parts may have white space between them. */
static char *parse_sent_protocol(char *p, char *end, struct via_body *vb)
{
	str *part[] = {&vb->name, &vb->version, &vb->transport};
	int i;

	for (i = 0; i < 3; i++) {
		p = skip_lws(p, end);
		part[i]->s = p;
		p = skip_token(p, end);
		part[i]->len = p - part[i]->s;
		if (!part[i]->len)
			return NULL;
		if (i == 2)
			break;
		p = skip_lws(p, end);
		if (p == end || *p++ != '/')
			return NULL;
	}
	if (!same_word(&vb->name, "SIP") || !same_word(&vb->version, "2.0"))
		return NULL;
	for (i = 0; via_protos[i].name && !same_word(&vb->transport, via_protos[i].name); i++)
		;
	vb->proto = via_protos[i].proto;
	return p < end && is_lws(*p) ? skip_lws(p, end) : NULL;
}

static char *parse_sent_by(char *p, char *end, struct via_body *vb)
{
	unsigned int port;
	char *q;

	q = skip_host(p, end);
	vb->host.s = p;
	vb->host.len = q - p;
	if (!vb->host.len)
		return NULL;
	p = skip_lws(q, end);
	if (p == end || *p != ':')
		return p;
	p = skip_lws(p + 1, end);
	q = scan_number(p, end, 65535, &port);
	if (!q || !port)
		return NULL;
	vb->port = port;
	vb->port_str.s = p;
	vb->port_str.len = q - p;
	return skip_lws(q, end);
}

static char *parse_via_params(char *p, char *end, struct via_body *vb)
{
	struct raw_param raw;
	char *start, *stop;

	if (p < end && *p == ';')
		vb->params.s = p + 1;
	while (p < end && *p == ';') {
		start = ++p;
		/* a comment may follow the last value; cut it off for scan_param() */
		for (stop = p; stop < end && *stop != ',' && *stop != ';' && *stop != '('; stop++)
			if (*stop == '"') {
				stop = skip_quoted(stop, end);
				if (!stop)
					return NULL;
				stop--;
			}
		p = scan_param(p, stop, &raw);
		if (p != stop || add_param(vb, start, stop, &raw) < 0)
			return NULL;
	}
	if (vb->params.s)
		vb->params.len = p - vb->params.s;
	return p;
}

/* One value. The byte behind it, NULL on an error. */
static char *parse_one_via(char *p, char *end, struct via_body *vb)
{
	char *start = p, *q;

	p = parse_sent_protocol(p, end, vb);
	p = p ? parse_sent_by(p, end, vb) : NULL;
	p = p ? parse_via_params(p, end, vb) : NULL;
	if (!p)
		return NULL;
	if (p < end && *p == '(') {
		q = skip_comment(p, end);
		if (!q)
			return NULL;
		vb->comment.s = p + 1;
		vb->comment.len = q - p - 2;
		p = skip_lws(q, end);
	}
	if (p < end && *p++ != ',')
		return NULL;
	vb->bsize = p - start;
	vb->error = PARSE_OK;
	return p;
}

char *parse_via(char *buffer, char *end, struct via_body *vb)
{
	char *p = buffer, *next;

	memset(vb, 0, sizeof(*vb));
	for (;;) {
		vb->error = PARSE_ERROR;
		next = parse_one_via(p, end, vb);
		if (!next)
			return p;
		p = next;
		if (p[-1] != ',')
			return p;
		vb->next = pkg_malloc(sizeof(*vb));
		if (!vb->next) {
			LM_ERR("no more pkg memory\n");
			vb->error = PARSE_ERROR;
			return p;
		}
		memset(vb->next, 0, sizeof(*vb));
		vb = vb->next;
	}
}

void free_via_list(struct via_body *vb)
{
	struct via_param *param, *next_param;
	struct via_body *next;

	for (; vb; vb = next) {
		next = vb->next;
		for (param = vb->param_lst; param; param = next_param) {
			next_param = param->next;
			pkg_free(param);
		}
		pkg_free(vb);
	}
}
