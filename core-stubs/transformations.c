/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few transformations that scripts of registrars and proxies use. Each takes the value so far,
 * as text, and up to two constant parameters.
 */
#include "transformations.h"

#include <stdarg.h>
#include "dprint.h"
#include "mem/mem.h"
#include "parser/parse_uri.h"
#include "pvar_core.h"
#include "ut.h"

#define TR_MAX_PARAMS 2

enum tr_kind {
	TR_LEN,
	TR_INT,
	TR_SUBSTR,
	TR_TOLOWER,
	TR_TOUPPER,
	TR_URI_USER,
	TR_URI_HOST,
	TR_URI_PORT,
	TR_URI_TRANSPORT,
	TR_URI_PARAM,
	TR_URI_PARAMS
};

static const struct tr_def {
	const char *name;
	enum tr_kind kind;
	int params;
} defs[] = {
	{"s.len", TR_LEN, 0},
	{"s.int", TR_INT, 0},
	{"s.substr", TR_SUBSTR, 2},
	{"s.tolower", TR_TOLOWER, 0},
	{"s.toupper", TR_TOUPPER, 0},
	{"uri.user", TR_URI_USER, 0},
	{"uri.host", TR_URI_HOST, 0},
	{"uri.port", TR_URI_PORT, 0},
	{"uri.transport", TR_URI_TRANSPORT, 0},
	{"uri.param", TR_URI_PARAM, 1},
	{"uri.params", TR_URI_PARAMS, 0},
};

struct trans_ {
	const struct tr_def *def;
	str param[TR_MAX_PARAMS];
	int num[TR_MAX_PARAMS];
	struct trans_ *next;
};

static const struct tr_def *find_def(const str *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(defs) / sizeof(defs[0]); i++)
		if (str_match_nt(name, defs[i].name))
			return &defs[i];
	return NULL;
}

/* "name,param,param" between braces. */
static int parse_one(const str *body, trans_t *t, char *err, int size)
{
	char *p = body->s, *end = body->s + body->len, *comma;
	int n = -1;
	str part;

	while (p <= end) {
		comma = q_memchr(p, ',', end - p);
		part = (str){p, (int)((comma ? comma : end) - p)};
		trim(&part);
		p = comma ? comma + 1 : end + 1;
		if (n < 0)
			t->def = find_def(&part);
		else if (n < TR_MAX_PARAMS)
			t->param[n] = part;
		n++;
		if (!t->def) {
			snprintf(err, size, "transformation {%.*s} is not covered", body->len,
				body->s);
			return -1;
		}
	}
	if (n != t->def->params) {
		snprintf(err, size, "transformation {%s} takes %d parameters, not %d", t->def->name,
			t->def->params, n);
		return -1;
	}
	if (t->def->kind == TR_SUBSTR &&
		(str2sint(&t->param[0], &t->num[0]) || str2sint(&t->param[1], &t->num[1]))) {
		snprintf(err, size, "{s.substr} takes two numbers, not {%.*s}", body->len, body->s);
		return -1;
	}
	return 0;
}

char *parse_transformation(const str *in, trans_t **tr, char *err, int size)
{
	char *p = in->s, *end = in->s + in->len, *close;
	trans_t **tail = tr;
	str body;

	while (p < end && *p == '{') {
		close = q_memchr(p, '}', end - p);
		if (!close) {
			snprintf(err, size, "transformation without '}'");
			return NULL;
		}
		*tail = pkg_malloc(sizeof(**tail));
		if (!*tail) {
			snprintf(err, size, "no more pkg memory");
			return NULL;
		}
		memset(*tail, 0, sizeof(**tail));
		body = (str){p + 1, (int)(close - p - 1)};
		if (parse_one(&body, *tail, err, size) < 0)
			return NULL;
		tail = &(*tail)->next;
		p = close + 1;
	}
	return p;
}

void free_transformation(trans_t *t)
{
	trans_t *next;

	for (; t; t = next) {
		next = t->next;
		pkg_free(t);
	}
}

/* from: negative counts from the end; len: 0 is the rest, negative leaves that many off. */
static int substr(str *s, int from, int len)
{
	if (from < 0)
		from += s->len;
	if (from < 0 || from > s->len)
		return -1;
	if (len <= 0)
		len += s->len - from;
	if (len < 0)
		return -1;
	if (len > s->len - from)
		len = s->len - from;
	s->s += from;
	s->len = len;
	return 0;
}

static int change_case(str *s, int (*f)(int))
{
	char *buf = pv_next_buf();
	int i;

	if (s->len > pv_print_buf_size) {
		LM_ERR("text of %d bytes is too long\n", s->len);
		return -1;
	}
	for (i = 0; i < s->len; i++)
		buf[i] = (char)f((unsigned char)s->s[i]);
	s->s = buf;
	return 0;
}

static int uri_part(struct sip_msg *msg, const trans_t *t, pv_value_t *val)
{
	struct sip_uri uri;
	str part = STR_NULL;

	if (parse_uri(val->rs.s, val->rs.len, &uri) < 0)
		return pv_get_null(msg, NULL, val);
	switch (t->def->kind) {
	case TR_URI_USER:
		part = uri.user;
		break;
	case TR_URI_HOST:
		part = uri.host;
		break;
	case TR_URI_PORT:
		if (uri.port.len)
			return pv_get_sintval(msg, NULL, val, uri.port_no);
		break;
	case TR_URI_TRANSPORT:
		part = uri.transport_val;
		break;
	case TR_URI_PARAMS:
		part = uri.params;
		break;
	default:
		get_uri_param_val(&uri, &t->param[0], &part);
	}
	return part.len ? pv_get_strval(msg, NULL, val, &part) : pv_get_null(msg, NULL, val);
}

static int run_one(struct sip_msg *msg, const trans_t *t, pv_value_t *val)
{
	int n = 0;

	switch (t->def->kind) {
	case TR_LEN:
		return pv_get_sintval(msg, NULL, val, val->rs.len);
	case TR_INT:
		if (str2sint(&val->rs, &n) < 0)
			return pv_get_null(msg, NULL, val);
		return pv_get_sintval(msg, NULL, val, n);
	case TR_SUBSTR:
		if (substr(&val->rs, t->num[0], t->num[1]) < 0)
			return pv_get_null(msg, NULL, val);
		break;
	case TR_TOLOWER:
	case TR_TOUPPER:
		if (change_case(&val->rs, t->def->kind == TR_TOLOWER ? tolower : toupper) < 0)
			return -1;
		break;
	default:
		return uri_part(msg, t, val);
	}
	val->flags = PV_VAL_STR;
	return 0;
}

int run_transformations(struct sip_msg *msg, trans_t *t, pv_value_t *val)
{
	for (; t; t = t->next) {
		if (val->flags & PV_VAL_NULL)
			return 0;
		if (!(val->flags & PV_VAL_STR))
			val->rs.s = sint2str(val->ri, &val->rs.len);
		if (run_one(msg, t, val) < 0)
			return -1;
	}
	return 0;
}
