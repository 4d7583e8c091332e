/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers that are a number, or begin with one: CSeq, Content-Length, Expires. */
#include <limits.h>
#include "../dprint.h"
#include "../mem/mem.h"
#include "msg_parser.h"
#include "parse_expires.h"
#include "parse_methods.h"
#include "parser_f.h"
#include "../ut.h"

char *parse_cseq(char *buf, char *end, struct cseq_body *cb)
{
	unsigned int method;
	char *p;

	memset(cb, 0, sizeof(*cb));
	cb->error = PARSE_ERROR;
	buf = skip_lws(buf, end);
	for (p = buf; p < end && _isdigit(*p); p++)
		;
	if (p == buf || p == end || !is_lws(*p))
		return buf;
	cb->number.s = buf;
	cb->number.len = p - buf;
	buf = skip_lws(p, end);
	p = parse_method(buf, end, &method);
	if (!p)
		return buf;
	cb->method.s = buf;
	cb->method.len = p - buf;
	cb->method_id = method;
	p = skip_lws(p, end);
	if (p == end)
		cb->error = PARSE_OK;
	return p;
}

void free_cseq(struct cseq_body *cb)
{
	pkg_free(cb);
}

char *parse_content_length(char *buffer, char *end, int *len)
{
	unsigned int n;
	char *p;

	p = scan_number(skip_lws(buffer, end), end, INT_MAX, &n);
	if (!p || skip_lws(p, end) != end)
		return NULL;
	*len = n;
	return p;
}

int parse_expires(struct hdr_field *_h)
{
	exp_body_t *e;

	if (_h->parsed)
		return 0;
	if (!_h->body.len)
		return -1;
	e = pkg_malloc(sizeof(*e));
	if (!e) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memset(e, 0, sizeof(*e));
	e->text = _h->body;
	trim(&e->text);
	e->valid = str2int(&e->text, (unsigned int *)&e->val) == 0;
	_h->parsed = e;
	return 0;
}

void free_expires(exp_body_t **_e)
{
	pkg_free(*_e);
	*_e = NULL;
}
