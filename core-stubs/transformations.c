/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few transformations that scripts of registrars and proxies use. Each takes the value so far,
 * as text.
 */
#include "transformations.h"

#include "dprint.h"
#include "mem/mem.h"
#include "parser/parse_uri.h"
#include "ut.h"

enum tr_kind {
	TR_LEN,
	TR_INT,
	TR_URI_USER,
	TR_URI_HOST,
	TR_URI_PORT
};

static const struct tr_def {
	const char *name;
	enum tr_kind kind;
} defs[] = {
	{"s.len", TR_LEN},
	{"s.int", TR_INT},
	{"uri.user", TR_URI_USER},
	{"uri.host", TR_URI_HOST},
	{"uri.port", TR_URI_PORT},
};

struct trans_ {
	const struct tr_def *def;
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

char *parse_transformation(const str *in, trans_t **tr, char *err, int size)
{
	char *p = in->s, *end = in->s + in->len, *close;
	trans_t **tail = tr;
	str name;

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
		name = (str){p + 1, (int)(close - p - 1)};
		trim(&name);
		(*tail)->def = find_def(&name);
		if (!(*tail)->def) {
			snprintf(err, size, "transformation {%.*s} is not covered", name.len,
				name.s);
			return NULL;
		}
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
	default:
		break;
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
	default:
		return uri_part(msg, t, val);
	}
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
