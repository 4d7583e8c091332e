/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Route, Record-Route and Path: lists of name-addrs with parameters. */
#include "../dprint.h"
#include "../mem/mem.h"
#include "parse_rr.h"
#include "parser_f.h"

static rr_t *parse_one(char **p, char *end, int *rc)
{
	char *start = *p;
	param_hooks_t hooks;
	str s = {start, end - start};
	rr_t *r;

	*rc = -2;
	r = pkg_malloc(sizeof(*r));
	if (!r) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	memset(r, 0, sizeof(*r));
	*rc = -1;
	if (parse_nameaddr(&s, &r->nameaddr) < 0)
		goto error;
	r->len = r->nameaddr.len;
	*p = skip_lws(*p + r->len, end);
	if (*p < end && **p == ';') {
		s.s = *p + 1;
		s.len = end - s.s;
		*rc = parse_params(&s, CLASS_ANY, &hooks, &r->params);
		if (*rc < 0)
			goto error;
		r->len = hooks.last_param->name.s + hooks.last_param->len - start;
		*p = s.s;
	}
	*rc = -1;
	if (*p == end || **p == ',')
		return r;
error:
	free_rr(&r);
	return NULL;
}

int parse_rr_body(char *buf, int len, rr_t **head)
{
	char *p = buf, *end = buf + len;
	rr_t **tail = head;
	int rc;

	*head = NULL;
	for (;;) {
		while (p < end && (is_lws(*p) || *p == ','))
			p++;
		*tail = parse_one(&p, end, &rc);
		if (!*tail)
			break;
		tail = &(*tail)->next;
		if (p == end)
			return 0;
		p++;
	}
	free_rr(head);
	return rc;
}

void free_rr(rr_t **_r)
{
	rr_t *r, *next;

	for (r = *_r; r; r = next) {
		next = r->next;
		free_params(r->params);
		pkg_free(r);
	}
	*_r = NULL;
}

int get_path_dst_uri(str *_p, str *_dst)
{
	name_addr_t a;
	str rest = *_p;

	for (; rest.len && (is_lws(*rest.s) || *rest.s == ','); rest.len--)
		rest.s++;
	if (parse_nameaddr(&rest, &a) < 0) {
		LM_ERR("bad path [%.*s]\n", quoted_len(_p->len), _p->s);
		return -1;
	}
	*_dst = a.uri;
	return 0;
}
