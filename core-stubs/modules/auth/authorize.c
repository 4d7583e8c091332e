/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the credentials of a request to a verdict. The nonce is used up before a password is looked
 * at, so that every guess costs a challenge.
 */
#include "auth.h"

#include <openssl/crypto.h>
#include <time.h>

#include "nonce.h"
#include "response.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_to.h"
#include "../../parser/parse_uri.h"
#include "../../ut.h"

struct sig_binds sigb;
str realm_prefix;

int auth_reply(struct sip_msg *msg, int code, const char *reason)
{
	str text;

	init_str(&text, reason);
	if (sigb.reply(msg, code, &text, NULL) >= 0)
		return 0;
	LM_ERR("failed to send %d\n", code);
	return -1;
}

/* --- realm ------------------------------------------------------------------------------- */

static int uri_of(struct sip_msg *msg, hdr_types_t type, str *uri)
{
	if (type == HDR_AUTHORIZATION_T && msg->REQ_METHOD == METHOD_REGISTER) {
		if (parse_to_header(msg) < 0)
			return -1;
		*uri = get_to(msg)->uri;
		return 0;
	}
	if (parse_from_header(msg) < 0)
		return -1;
	*uri = get_from(msg)->uri;
	return 0;
}

int auth_realm(struct sip_msg *msg, hdr_types_t type, str *realm)
{
	struct sip_uri parsed;
	str uri;

	if (realm->len)
		return 0;
	if (uri_of(msg, type, &uri) < 0 || parse_uri(uri.s, uri.len, &parsed) < 0) {
		LM_ERR("failed to extract the realm\n");
		return -1;
	}
	*realm = parsed.host;
	if (realm_prefix.len && realm_prefix.len <= realm->len &&
		memcmp(realm->s, realm_prefix.s, realm_prefix.len) == 0) {
		realm->s += realm_prefix.len;
		realm->len -= realm_prefix.len;
	}
	return 0;
}

/* --- credentials ------------------------------------------------------------------------- */

/* 0 and *h; 1 there are none for the realm; -1 without memory; -2 malformed. */
static int find_credentials(
	struct sip_msg *msg, const str *realm, hdr_types_t type, struct hdr_field **h)
{
	dig_cred_t *c;
	int rc;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -2;
	*h = type == HDR_PROXYAUTH_T ? msg->proxy_auth : msg->authorization;
	for (; *h; *h = (*h)->sibling) {
		rc = parse_credentials(*h);
		if (rc < 0)
			return rc;
		if (rc > 0)
			continue;
		c = &((auth_body_t *)(*h)->parsed)->digest;
		if (str_casematch(&c->realm, realm) && hash_len(c->alg))
			return 0;
	}
	return 1;
}

struct hdr_field *auth_authorized(struct sip_msg *msg)
{
	struct hdr_field *lists[] = {msg->authorization, msg->proxy_auth};

	for (int i = 0; i < 2; i++)
		for (struct hdr_field *h = lists[i]; h; h = h->sibling)
			if (h->parsed && ((auth_body_t *)h->parsed)->authorized)
				return h;
	return NULL;
}

auth_result_t pre_auth(struct sip_msg *msg, str *realm, hdr_types_t type, struct hdr_field **h)
{
	auth_body_t *body;

	/* RFC 3261, 22.1: these cannot be challenged */
	if (msg->REQ_METHOD == METHOD_ACK || msg->REQ_METHOD == METHOD_CANCEL)
		return AUTHORIZED;
	if (auth_realm(msg, type, realm) < 0) {
		auth_reply(msg, 400, "Bad Request");
		return ERROR;
	}
	switch (find_credentials(msg, realm, type, h)) {
	case 0:
		break;
	case 1:
		return NO_CREDENTIALS;
	case -1:
		auth_reply(msg, 500, "Server Internal Error");
		return ERROR;
	default:
		auth_reply(msg, 400, "Bad Request");
		return ERROR;
	}
	body = (*h)->parsed;
	if (nonce_use(&body->digest.nonce, body->digest.alg, body->digest.qop, time(NULL)))
		return DO_AUTHORIZATION;
	body->stale = 1;
	return STALE_NONCE;
}

/* --- password ---------------------------------------------------------------------------- */

static int get_ha1(const dig_cred_t *c, const str *password, int is_ha1, char *ha1)
{
	str lower = {ha1, password->len};

	if (!is_ha1)
		return calc_ha1(c->alg, &c->username.whole, &c->realm, password, ha1);
	if (password->len != hash_len(c->alg)) {
		LM_ERR("the stored hash of <%.*s> has %d digits, %d are needed\n",
			c->username.whole.len, c->username.whole.s, password->len,
			hash_len(c->alg));
		return -1;
	}
	memcpy(ha1, password->s, password->len);
	strlower(&lower);
	return 0;
}

auth_result_t auth_check(struct sip_msg *msg, struct hdr_field *h, const str *password, int is_ha1)
{
	char ha1[HASHHEX_MAX], want[HASHHEX_MAX];
	auth_body_t *body = h->parsed;
	dig_cred_t *c = &body->digest;
	const int len = hash_len(c->alg);

	if (get_ha1(c, password, is_ha1, ha1) < 0 ||
		calc_response(c, ha1, &msg->REQ_METHOD_S, want) < 0)
		return AUTH_ERROR;
	if (c->response.len != len || CRYPTO_memcmp(want, c->response.s, len) != 0)
		return INVALID_PASSWORD;
	body->authorized = 1;
	return AUTHORIZED;
}
