/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contact headers: one or more addresses with parameters, or a star. */
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../parser_f.h"
#include "parse_contact.h"

/*
 * Where the URI begins: with the first '<' or, if a ':' comes before that, with the contact itself.
 * What is before a '<' is a display name, whatever it holds. NULL: there is no URI.
 */
static char *uri_start(char *p, char *end)
{
	for (char *q = p; q < end; q++) {
		if (*q == '<')
			return q;
		if (*q == ':')
			return p;
		if (*q == '"') {
			q = skip_quoted(q, end);
			if (!q)
				return NULL;
			q--;
		}
	}
	return NULL;
}

/* Where it ends: at a ';' or ',' that is neither quoted nor in brackets. NULL: one is left open. */
static char *uri_stop(char *p, char *end)
{
	int open = 0;

	for (; p < end && (open || (*p != ';' && *p != ',')); p++) {
		if (*p == '"') {
			p = skip_quoted(p, end);
			if (!p)
				return NULL;
			p--;
		} else if (*p == (open ? '<' : '>')) {
			return NULL;
		} else if (*p == '<' || *p == '>') {
			open = !open;
		}
	}
	return open ? NULL : p;
}

static int scan_uri(char **p, char *end, contact_t *c)
{
	char *start = *p;

	*p = uri_start(start, end);
	if (!*p)
		return -1;
	c->name = (str){start, *p - start};
	trim(&c->name);
	if (!c->name.len)
		c->name = STR_NULL;
	c->uri.s = *p;
	*p = uri_stop(*p, end);
	if (!*p)
		return -1;
	c->uri.len = *p - c->uri.s;
	trim(&c->uri);
	c->len = c->uri.s + c->uri.len - start;
	/* what is behind the brackets makes a URI that is none */
	if (*c->uri.s == '<' && c->uri.s[c->uri.len - 1] == '>') {
		c->uri = (str){c->uri.s + 1, c->uri.len - 2};
		trim(&c->uri);
	}
	return c->uri.len ? 0 : -1;
}

/* One contact; *p is moved to the ',' or the end. */
static contact_t *parse_one(char **p, char *end)
{
	param_hooks_t hooks;
	contact_t *c;
	char *start = *p;

	c = pkg_malloc(sizeof(*c));
	if (!c) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	memset(c, 0, sizeof(*c));
	if (scan_uri(p, end, c) < 0)
		goto error;
	if (*p < end && **p == ';') {
		str params = {*p + 1, end - *p - 1};

		if (parse_params(&params, CLASS_CONTACT, &hooks, &c->params) < 0)
			goto error;
		c->instance = hooks.contact.instance;
		c->q = hooks.contact.q;
		c->expires = hooks.contact.expires;
		c->methods = hooks.contact.methods;
		c->received = hooks.contact.received;
		c->len = hooks.last_param->name.s + hooks.last_param->len - start;
		*p = params.s;
	}
	return c;
error:
	free_contacts(&c);
	return NULL;
}

int parse_contacts(str *_s, contact_t **_c)
{
	char *p = _s->s, *end = _s->s + _s->len;
	contact_t **tail = _c;

	*_c = NULL;
	for (;;) {
		while (p < end && (is_lws(*p) || *p == ','))
			p++;
		*tail = parse_one(&p, end);
		if (!*tail)
			break;
		tail = &(*tail)->next;
		if (p == end) {
			_s->s = end;
			_s->len = 0;
			return 0;
		}
		p++;
	}
	free_contacts(_c);
	return -1;
}

void free_contacts(contact_t **_c)
{
	contact_t *c, *next;

	for (c = *_c; c; c = next) {
		next = c->next;
		free_params(c->params);
		pkg_free(c);
	}
	*_c = NULL;
}

int parse_contact(struct hdr_field *_h)
{
	contact_body_t *b;
	str body = _h->body;

	if (_h->parsed)
		return 0;
	trim(&body);
	if (!body.len) {
		LM_ERR("empty Contact header\n");
		return -1;
	}
	b = pkg_malloc(sizeof(*b));
	if (!b) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memset(b, 0, sizeof(*b));
	/* a star stands alone, and as in OpenSIPS white space behind it is too much */
	b->star = body.s[0] == '*';
	if (b->star ? _h->body.s + _h->body.len > body.s + 1
		    : parse_contacts(&body, &b->contacts) < 0) {
		LM_ERR("bad Contact header [%.*s]\n", quoted_len(_h->body.len), _h->body.s);
		pkg_free(b);
		return -1;
	}
	_h->parsed = b;
	return 0;
}

void free_contact(contact_body_t **_c)
{
	if (!*_c)
		return;
	free_contacts(&(*_c)->contacts);
	pkg_free(*_c);
	*_c = NULL;
}

int contact_iterator(contact_t **c, struct sip_msg *msg, contact_t *prev)
{
	struct hdr_field *h;
	contact_t *i;

	if (prev && prev->next) {
		*c = prev->next;
		return 0;
	}
	*c = NULL;
	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	for (h = msg->contact; h; h = h->sibling) {
		if (parse_contact(h) < 0)
			return -1;
		i = ((contact_body_t *)h->parsed)->contacts;
		if (!prev && i) {
			*c = i;
			return 0;
		}
		/* the header that ends with prev: go on behind it */
		for (; i && i != prev; i = i->next)
			;
		if (i)
			prev = NULL;
	}
	return 0;
}
