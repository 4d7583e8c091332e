/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: name-addr and addr-spec, and the headers To and From that hold one. */
#include "../dprint.h"
#include "../mem/mem.h"
#include "msg_parser.h"
#include "parse_from.h"
#include "parse_nameaddr.h"
#include "parse_to.h"
#include "parse_uri.h"
#include "parser_f.h"

/* The part in brackets; p is at '<'. */
static char *scan_bracketed(char *p, char *end, str *uri)
{
	uri->s = ++p;
	while (p < end && *p != '>') {
		if (*p == '<' || *p == '\r' || *p == '\n')
			return NULL;
		p++;
	}
	uri->len = p - uri->s;
	return p < end ? p + 1 : NULL;
}

/* A URI without brackets ends where parameters of the header begin. */
static char *scan_bare(char *p, char *end, str *uri)
{
	uri->s = p;
	while (p < end && *p != ';' && *p != ',' && !is_lws(*p)) {
		if (*p == '?' || *p == '>' || *p == '"')
			return NULL;
		p++;
	}
	uri->len = p - uri->s;
	return uri->len ? p : NULL;
}

int parse_addr(char **p, char *end, str *name, str *uri)
{
	char *q, *start;

	name->s = uri->s = NULL;
	name->len = uri->len = 0;
	start = q = skip_lws(*p, end);
	if (q < end && *q == '"') {
		q = skip_quoted(q, end);
		if (!q)
			return -1;
		name->s = start;
		name->len = q - start;
		q = skip_lws(q, end);
		if (q == end || *q != '<')
			return -1;
	}
	while (q < end && *q != '<' && *q != ';' && *q != ',' && *q != '"')
		q++;
	if (q < end && *q == '<') {
		if (!name->s && q > start) {
			name->s = start;
			name->len = q - start;
			trim(name);
		}
		q = scan_bracketed(q, end, uri);
	} else {
		q = scan_bare(start, end, uri);
	}
	if (!q)
		return -1;
	*p = q;
	return 0;
}

/* The first of that character which is not quoted; NULL if there is none. */
static char *find_unquoted(char *p, char *end, char c)
{
	for (; p < end && *p != c; p++) {
		if (*p != '"')
			continue;
		p = skip_quoted(p, end);
		if (!p)
			return NULL;
		p--;
	}
	return p < end ? p : NULL;
}

/* As OpenSIPS takes it: all before the '<' is a name, whatever it holds, and the URI may be empty.
 */
int parse_nameaddr(str *_s, name_addr_t *_a)
{
	char *end = _s->s + _s->len, *open, *close;

	open = find_unquoted(_s->s, end, '<');
	close = open ? find_unquoted(open, end, '>') : NULL;
	if (!close)
		return -1;
	_a->name = (str){_s->s, open - _s->s};
	trim(&_a->name);
	_a->uri = (str){open + 1, close - open - 1};
	_a->len = close + 1 - _s->s;
	return 0;
}

static int add_to_param(struct to_body *tb, struct raw_param *raw)
{
	struct to_param *param;

	param = pkg_malloc(sizeof(*param));
	if (!param) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	param->type = GENERAL_PARAM;
	param->name = raw->name;
	param->value = raw->value;
	param->next = NULL;
	if (raw->name.len == 3 && !strncasecmp(raw->name.s, "tag", 3)) {
		param->type = TAG_PARAM;
		tb->tag_value = raw->value;
	}
	if (tb->last_param)
		tb->last_param->next = param;
	else
		tb->param_lst = param;
	tb->last_param = param;
	return 0;
}

char *parse_to(char *buffer, char *end, struct to_body *to_b)
{
	struct raw_param raw;
	char *p = buffer;

	memset(to_b, 0, sizeof(*to_b));
	to_b->error = PARSE_ERROR;
	if (parse_addr(&p, end, &to_b->display, &to_b->uri) < 0 || !to_b->uri.len)
		return p;
	p = skip_lws(p, end);
	while (p < end && *p == ';') {
		p = scan_param(p + 1, end, &raw);
		if (!p)
			return buffer;
		/* one tag, and not an empty one */
		if (raw.name.len == 3 && !strncasecmp(raw.name.s, "tag", 3) &&
			(to_b->tag_value.s || !raw.value.len))
			return p;
		if (add_to_param(to_b, &raw) < 0)
			return p;
	}
	if (p == end) {
		to_b->body.s = buffer;
		to_b->body.len = end - buffer;
		to_b->error = PARSE_OK;
	}
	return p;
}

void free_to_params(struct to_body *tb)
{
	struct to_param *param, *next;

	for (param = tb->param_lst; param; param = next) {
		next = param->next;
		pkg_free(param);
	}
	tb->param_lst = tb->last_param = NULL;
}

void free_to(struct to_body *tb)
{
	free_to_params(tb);
	pkg_free(tb);
}

int parse_to_body_uri(struct to_body *to_b)
{
	if (to_b->parsed_uri.type != ERROR_URI_T)
		return 0;
	if (parse_uri(to_b->uri.s, to_b->uri.len, &to_b->parsed_uri) < 0) {
		memset(&to_b->parsed_uri, 0, sizeof(to_b->parsed_uri));
		return -1;
	}
	return 0;
}

int parse_to_header(struct sip_msg *msg)
{
	if (!msg->to && parse_headers(msg, HDR_TO_F, 0) < 0)
		return -1;
	return msg->to && msg->to->parsed ? 0 : -1;
}

int has_totag(struct sip_msg *msg)
{
	if (parse_to_header(msg) < 0)
		return -1;
	return get_to(msg)->tag_value.len > 0;
}

int parse_from_header(struct sip_msg *msg)
{
	struct to_body *from;

	if (!msg->from && parse_headers(msg, HDR_FROM_F, 0) < 0)
		return -1;
	if (!msg->from)
		return -1;
	if (msg->from->parsed)
		return 0;
	from = pkg_malloc(sizeof(*from));
	if (!from) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	parse_to(msg->from->body.s, msg->from->body.s + msg->from->body.len, from);
	if (from->error == PARSE_ERROR) {
		LM_ERR("bad From header [%.*s]\n", quoted_len(msg->from->body.len),
			msg->from->body.s);
		free_to(from);
		return -1;
	}
	msg->from->parsed = from;
	return 0;
}
