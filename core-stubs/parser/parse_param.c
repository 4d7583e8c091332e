/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameter lists of Contact, Route and the like. */
#include "../dprint.h"
#include "../mem/mem.h"
#include "parse_param.h"
#include "parser_f.h"

static const struct {
	ptype_t type;
	const char *name;
} known[] = {
	{P_Q, "q"},
	{P_EXPIRES, "expires"},
	{P_METHODS, "methods"},
	{P_RECEIVED, "received"},
	{P_INSTANCE, "+sip.instance"},
};

static ptype_t type_of(pclass_t class, const str *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (class == CLASS_CONTACT && (int)strlen(known[i].name) == name->len &&
			!strncasecmp(known[i].name, name->s, name->len))
			return known[i].type;
	return P_OTHER;
}

static void hook(param_hooks_t *h, param_t *p)
{
	switch (p->type) {
	case P_Q:
		h->contact.q = p;
		break;
	case P_EXPIRES:
		h->contact.expires = p;
		break;
	case P_METHODS:
		h->contact.methods = p;
		break;
	case P_RECEIVED:
		h->contact.received = p;
		break;
	case P_INSTANCE:
		h->contact.instance = p;
		break;
	case P_OTHER:
		break;
	}
}

/*
 * As scan_param(), for lists in which OpenSIPS takes more: empty parameters before another one, any
 * character in a name or value but white space and what ends it. A '=' without a value is an error.
 */
static char *scan_loose(char *p, char *end, struct raw_param *raw)
{
	*raw = (struct raw_param){0};
	while (p < end && (is_lws(*p) || *p == ';'))
		p++;
	raw->name.s = p;
	while (p < end && !is_lws(*p) && !strchr(";,=", *p))
		p++;
	raw->name.len = p - raw->name.s;
	raw->stop = p;
	p = skip_lws(p, end);
	if (p == end || *p != '=')
		return raw->name.len && (p == end || *p == ';' || *p == ',') ? p : NULL;
	p = skip_lws(p + 1, end);
	raw->value.s = p;
	if (p < end && *p == '"') {
		p = skip_quoted(p, end);
		if (!p)
			return NULL;
		raw->value = (str){raw->value.s + 1, p - raw->value.s - 2};
	} else {
		while (p < end && !is_lws(*p) && *p != ';' && *p != ',')
			p++;
		raw->value.len = p - raw->value.s;
		if (!raw->value.len)
			return NULL;
	}
	raw->stop = p;
	p = skip_lws(p, end);
	return p == end || *p == ';' || *p == ',' ? p : NULL;
}

int parse_params(str *_s, pclass_t _c, param_hooks_t *_h, param_t **_p)
{
	char *p = _s->s, *end = _s->s + _s->len;
	param_t *first = NULL, **tail = &first, *param;
	struct raw_param raw;
	int rc = -1;

	*_p = NULL;
	memset(_h, 0, sizeof(*_h));
	for (;;) {
		p = scan_loose(p, end, &raw);
		if (!p)
			goto error;
		param = pkg_malloc(sizeof(*param));
		if (!param) {
			LM_ERR("no more pkg memory\n");
			rc = -2;
			goto error;
		}
		param->type = type_of(_c, &raw.name);
		param->name = raw.name;
		param->body = raw.value;
		param->len = raw.stop - raw.name.s;
		param->next = NULL;
		*tail = param;
		tail = &param->next;
		hook(_h, param);
		_h->last_param = param;
		if (p == end || *p != ';')
			break;
		p++;
	}
	_s->len = end - p;
	_s->s = p;
	*_p = first;
	return 0;
error:
	free_params(first);
	return rc;
}

void free_params(param_t *_p)
{
	param_t *next;

	for (; _p; _p = next) {
		next = _p->next;
		pkg_free(_p);
	}
}
