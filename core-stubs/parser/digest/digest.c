/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"

#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../ut.h"
#include "../parser_f.h"

#define SCHEME "Digest"

alg_t parse_algorithm(const str *name)
{
	static const char *const names[] = {
		[ALG_MD5] = "MD5", [ALG_SHA256] = "SHA-256", [ALG_SHA512_256] = "SHA-512-256"};

	for (int i = ALG_MD5; i < ALG_OTHER; i++)
		if (str_casematch_nt(name, names[i]))
			return (alg_t)i;
	return ALG_OTHER;
}

/* Where the value of that parameter goes; NULL: nobody needs it. */
static str *place_of(dig_cred_t *c, str *algorithm, const str *name)
{
	const struct {
		const char *name;
		str *place;
	} known[] = {
		{"username", &c->username.whole},
		{"realm", &c->realm},
		{"nonce", &c->nonce},
		{"uri", &c->uri},
		{"response", &c->response},
		{"cnonce", &c->cnonce},
		{"nc", &c->nc},
		{"qop", &c->qop_str},
		{"algorithm", algorithm},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_casematch_nt(name, known[i].name))
			return known[i].place;
	return NULL;
}

/* The list behind the scheme. 0, or -1: bad syntax, or a parameter that comes twice. */
static int parse_list(char *p, char *end, dig_cred_t *c, str *algorithm)
{
	struct raw_param param;
	str *place;

	for (;; p++) {
		p = skip_lws(p, end);
		if (p < end && *p == ',')
			continue;
		if (p == end)
			return 0;
		p = scan_param(p, end, &param);
		if (!p || (p < end && *p != ','))
			return -1;
		place = place_of(c, algorithm, &param.name);
		if (place) {
			if (place->s || !param.value.s)
				return -1;
			*place = param.value;
		}
		if (p == end)
			return 0;
	}
}

static void split_username(struct username *u)
{
	char *at = u->whole.len ? q_memchr(u->whole.s, '@', u->whole.len) : NULL;

	u->user = u->whole;
	if (!at)
		return;
	u->user.len = at - u->whole.s;
	u->domain = (str){at + 1, u->whole.len - u->user.len - 1};
}

/* RFC 7616, 3.4: what must be there. */
static int is_complete(const dig_cred_t *c)
{
	if (!c->username.user.len || !c->realm.s || !c->nonce.len || !c->uri.len ||
		!c->response.len)
		return 0;
	return !c->qop_str.s || (c->cnonce.len && c->nc.len);
}

static int parse_digest(const str *body, dig_cred_t *c)
{
	char *end = body->s + body->len, *p = skip_token(body->s, end);
	str scheme = {body->s, (int)(p - body->s)}, algorithm = STR_NULL;

	if (!str_casematch_nt(&scheme, SCHEME))
		return 1;
	if (p == end || !is_lws(*p) || parse_list(p, end, c, &algorithm) < 0)
		return -2;
	split_username(&c->username);
	c->alg = algorithm.s ? parse_algorithm(&algorithm) : ALG_UNSPEC;
	c->qop = !c->qop_str.s                           ? QOP_UNSPEC_D
		 : str_casematch_nt(&c->qop_str, "auth") ? QOP_AUTH_D
							 : QOP_OTHER_D;
	return is_complete(c) ? 0 : -2;
}

int parse_credentials(struct hdr_field *h)
{
	auth_body_t *b;
	str body = h->body;
	int rc;

	if (h->parsed)
		return 0;
	trim(&body);
	b = pkg_malloc(sizeof(*b));
	if (!b) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memset(b, 0, sizeof(*b));
	rc = parse_digest(&body, &b->digest);
	if (rc == 0) {
		h->parsed = b;
		return 0;
	}
	if (rc < 0)
		LM_ERR("bad %.*s [%.*s]\n", h->name.len, h->name.s, quoted_len(body.len), body.s);
	pkg_free(b);
	return rc;
}
