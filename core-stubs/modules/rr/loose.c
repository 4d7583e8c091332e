/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route (RFC 3261, 16.4, 16.6 step 6, 16.12): our values come off, the next one says where the
 * request goes. What a strict router needs (RFC 2543) is done as 16.12 tells.
 *
 * All values of all Route headers are one list here; which of them go is noted first, and becomes
 * deletions of the message at the end.
 */
#include "rr.h"

#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_rr.h"
#include "../../parser/parse_to.h"
#include "../../parser/parse_uri.h"
#include "../../socket_info.h"
#include "../../ut.h"

str ignore_user;

struct route {
	struct hdr_field *hdr;
	rr_t *value;
	struct sip_uri uri;
	int gone;
};

struct route_set {
	struct route r[RR_MAX_ROUTES];
	rr_t *heads[RR_MAX_ROUTES]; /* what the values belong to, one list a header */
	int n, nheads;
};

/* Of the last request with a route: the parameters of the value that was ours. */
static struct {
	unsigned int msg_id;
	str params; /* a part of the message */
} routed;

/* --- the list ------------------------------------------------------------------------------- */

static void free_set(struct route_set *set)
{
	while (set->nheads > 0)
		free_rr(&set->heads[--set->nheads]);
}

static int add_header(struct route_set *set, struct hdr_field *h)
{
	rr_t *v;

	if (set->nheads == RR_MAX_ROUTES)
		return -1;
	if (parse_rr_body(h->body.s, h->body.len, &set->heads[set->nheads]) < 0)
		return -1;
	for (v = set->heads[set->nheads++]; v; v = v->next) {
		struct route *r = &set->r[set->n];

		if (set->n == RR_MAX_ROUTES) {
			LM_ERR("more than %d routes\n", RR_MAX_ROUTES);
			return -1;
		}
		if (parse_uri(v->nameaddr.uri.s, v->nameaddr.uri.len, &r->uri) < 0)
			return -1;
		r->hdr = h;
		r->value = v;
		r->gone = 0;
		set->n++;
	}
	return 0;
}

/* 0, or -1 for something malformed; the set is to be freed in any case. */
static int read_set(struct sip_msg *msg, struct route_set *set)
{
	struct hdr_field *h;

	set->n = set->nheads = 0;
	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	for (h = msg->headers; h; h = h->next)
		if (h->type == HDR_ROUTE_T && add_header(set, h) < 0) {
			LM_ERR("bad Route <%.*s>\n", h->body.len, h->body.s);
			return -1;
		}
	return 0;
}

static char *start_of(const struct route *r)
{
	return r->value->nameaddr.name.len && r->value->nameaddr.name.s < r->value->nameaddr.uri.s
		       ? r->value->nameaddr.name.s
		       : r->value->nameaddr.uri.s - 1;
}

static char *end_of(const struct route *r)
{
	char *end = r->value->nameaddr.uri.s + r->value->nameaddr.uri.len + 1;
	param_t *p = r->value->params;

	for (; p; p = p->next)
		end = p->name.s + p->len;
	return end;
}

/* Deletes what is gone of the header of values [from, to). 0 or -1. */
static int cut_header(struct sip_msg *msg, struct route_set *set, int from, int to)
{
	struct hdr_field *h = set->r[from].hdr;
	char *begin = NULL, *end;
	int i, left = 0, first = 1;

	for (i = from; i < to; i++)
		left += !set->r[i].gone;
	if (left == to - from)
		return 0;
	if (left == 0)
		return del_lump(msg, (unsigned int)(h->name.s - msg->buf), (unsigned int)h->len,
			       HDR_ROUTE_T)
			       ? 0
			       : -1;
	for (i = from; i < to; i++) {
		struct route *r = &set->r[i];

		if (!r->gone) {
			first = 0;
			continue;
		}
		/* with the comma before it, or if nothing stays before it, with the one behind */
		begin = first ? start_of(r) : end_of(&set->r[i - 1]);
		end = first ? start_of(&set->r[i + 1]) : end_of(r);
		if (!del_lump(msg, (unsigned int)(begin - msg->buf), (unsigned int)(end - begin),
			    HDR_ROUTE_T))
			return -1;
	}
	return 0;
}

static int cut_set(struct sip_msg *msg, struct route_set *set)
{
	int from = 0, to;

	for (; from < set->n; from = to) {
		for (to = from; to < set->n && set->r[to].hdr == set->r[from].hdr; to++)
			;
		if (cut_header(msg, set, from, to) < 0)
			return -1;
	}
	return 0;
}

/* --- whose is it -------------------------------------------------------------------------- */

static const struct socket_info *own_socket(struct sip_uri *uri)
{
	unsigned short proto, port = get_uri_port(uri, &proto);

	return grep_sock_info(&uri->host, port, proto);
}

static int is_own(struct sip_uri *uri)
{
	unsigned short proto, port = get_uri_port(uri, &proto);

	return uri->host.len > 0 && check_self(&uri->host, port, proto) == 1;
}

/* Has a strict router put a Record-Route of ours into the Request-URI? */
static int came_strict(struct sip_msg *msg)
{
	struct sip_uri uri;
	str *ruri = &msg->first_line.u.request.uri;

	if (parse_uri(ruri->s, ruri->len, &uri) < 0 || !is_own(&uri))
		return 0;
	return uri.user.len == 0 || (ignore_user.len > 0 && str_match(&uri.user, &ignore_user));
}

/* --- where to ------------------------------------------------------------------------------ */

static void note_params(struct sip_msg *msg, const struct sip_uri *uri)
{
	routed.msg_id = msg->id;
	routed.params = uri ? uri->params : STR_NULL;
}

/* The Request-URI becomes the last value of the Route set. */
static int append_ruri(struct sip_msg *msg)
{
	str *ruri = GET_RURI(msg);
	size_t size = sizeof("Route: <>" CRLF) + (size_t)ruri->len;
	char *text = pkg_malloc(size);
	struct lump *anchor;
	int len;

	if (!text) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	len = snprintf(text, size, "Route: <%.*s>" CRLF, ruri->len, ruri->s);
	anchor = anchor_lump(msg, (unsigned int)(msg->unparsed - msg->buf), HDR_ROUTE_T);
	if (anchor && insert_new_lump_before(anchor, text, (unsigned int)len, HDR_ROUTE_T))
		return 0;
	pkg_free(text);
	return -1;
}

/* Value i is where the request goes next. */
static int go_to(struct sip_msg *msg, struct route_set *set, int i)
{
	str uri = set->r[i].value->nameaddr.uri;

	if (set->r[i].uri.lr.s)
		return set_dst_uri(msg, &uri);
	if (append_ruri(msg) < 0)
		return -1;
	set->r[i].gone = 1;
	return set_ruri(msg, &uri);
}

/* Takes off our first value, or two that belong together; the number of those that are left behind.
 */
static int take_own(struct sip_msg *msg, struct route_set *set)
{
	const struct socket_info *si;

	if (!is_own(&set->r[0].uri)) {
		note_params(msg, NULL);
		return 0;
	}
	note_params(msg, &set->r[0].uri);
	set->r[0].gone = 1;
	if (!enable_double_rr || !set->r[0].uri.r2.s || set->n < 2 || !is_own(&set->r[1].uri))
		return 1;
	set->r[1].gone = 1;
	si = own_socket(&set->r[1].uri);
	if (si)
		msg->force_send_socket = si;
	return 2;
}

static int after_loose(struct sip_msg *msg, struct route_set *set)
{
	int next = take_own(msg, set);

	if (next < set->n)
		return go_to(msg, set, next);
	reset_dst_uri(msg);
	return 0;
}

/* The real Request-URI is the last value. */
static int after_strict(struct sip_msg *msg, struct route_set *set)
{
	struct sip_uri own;
	str *ruri = &msg->first_line.u.request.uri, uri;
	int next = 0, last = set->n - 1;

	if (parse_uri(ruri->s, ruri->len, &own) < 0)
		return -1;
	if (enable_double_rr && own.r2.s && is_own(&set->r[0].uri)) {
		msg->force_send_socket = own_socket(&set->r[0].uri);
		set->r[0].gone = 1;
		next = 1;
	}
	note_params(msg, &own);
	if (next > last)
		return -1; /* our two values and nothing else: there is no target */
	uri = set->r[last].value->nameaddr.uri;
	if (next < last && !set->r[next].uri.lr.s) { /* a strict one again: as it is */
		uri = set->r[next].value->nameaddr.uri;
		set->r[next].gone = 1;
		return set_ruri(msg, &uri);
	}
	set->r[last].gone = 1;
	if (set_ruri(msg, &uri) < 0)
		return -1;
	if (next == last) {
		reset_dst_uri(msg);
		return 0;
	}
	uri = set->r[next].value->nameaddr.uri;
	return set_dst_uri(msg, &uri);
}

int loose_route(struct sip_msg *msg)
{
	struct route_set set;
	int rc = read_set(msg, &set), i, left = 0;

	if (rc == 0 && set.n == 0)
		rc = -1;
	else if (rc == 0)
		rc = came_strict(msg) ? after_strict(msg, &set) : after_loose(msg, &set);
	if (rc >= 0)
		rc = cut_set(msg, &set);
	for (i = 0; i < set.n; i++)
		left += !set.r[i].gone;
	free_set(&set);
	if (rc >= 0 && left == 0 && has_totag(msg) != 1)
		return -1; /* somebody has put us in front; where it goes now the script must say */
	return rc < 0 ? -1 : 1;
}

/* --- asking about it -------------------------------------------------------------------- */

int check_route_param(struct sip_msg *msg, regex_t *re)
{
	char text[512];

	if (routed.msg_id != msg->id || routed.params.len == 0)
		return -1;
	if (routed.params.len + 1 >= (int)sizeof(text)) {
		LM_ERR("parameters of a Route are longer than %zu bytes\n", sizeof(text));
		return -1;
	}
	snprintf(text, sizeof(text), ";%.*s", routed.params.len, routed.params.s);
	return regexec(re, text, 0, NULL, 0) == 0 ? 1 : -1;
}

/* The value of ftag= among parameters; empty: none. */
static str ftag_of(str params)
{
	static const str name = {(char *)"ftag=", 5};
	char *p = params.s, *end = params.s + params.len, *semi;

	for (; p && p < end; p = semi + 1) {
		semi = memchr(p, ';', (size_t)(end - p));
		if (!semi)
			semi = end;
		if (semi - p > name.len && memcmp(p, name.s, (size_t)name.len) == 0)
			return (str){p + name.len, (int)(semi - p) - name.len};
	}
	return STR_NULL;
}

int is_direction(struct sip_msg *msg, enum direction dir)
{
	enum direction is = RR_DOWNSTREAM;
	str ftag;

	if (routed.msg_id != msg->id || parse_from_header(msg) < 0)
		return -1;
	ftag = ftag_of(routed.params);
	if (ftag.len > 0 && !str_match(&ftag, &get_from(msg)->tag_value))
		is = RR_UPSTREAM;
	return is == dir ? 1 : -1;
}
