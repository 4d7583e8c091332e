/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 401 and 407 (RFC 3261, 22; RFC 8760): a header for each algorithm, the strongest first, all with
 * nonces of one number, so that answering one uses up the others too.
 */
#include "auth.h"

#include <time.h>

#include "nonce.h"
#include "../../data_lump_rpl.h"
#include "../../ut.h"

#define MAX_REALM 255

static const char *const alg_names[] = {
	[ALG_UNSPEC] = NULL, /* not named: MD5, for those that know nothing else */
	[ALG_MD5] = "MD5",
	[ALG_SHA256] = "SHA-256",
	[ALG_SHA512_256] = "SHA-512-256",
};

/* --- parameters -------------------------------------------------------------------------- */

int fixup_qop(void **param)
{
	str qop = *(str *)*param;

	trim(&qop);
	if (qop.len && !str_casematch_nt(&qop, "auth")) {
		LM_ERR("qop '%.*s': \"auth\" is possible, or \"\"\n", qop.len, qop.s);
		return -1;
	}
	*param = (void *)(long)(qop.len ? QOP_AUTH_D : QOP_UNSPEC_D);
	return 0;
}

int fixup_algorithms(void **param)
{
	str list = *(str *)*param, name;
	char *end = list.s + list.len, *p, *comma;
	long mask = 0;
	alg_t alg;

	for (p = list.s; p < end; p = comma + 1) {
		comma = q_memchr(p, ',', end - p);
		if (!comma)
			comma = end;
		name = (str){p, (int)(comma - p)};
		trim(&name);
		if (!name.len)
			continue;
		alg = parse_algorithm(&name);
		if (alg == ALG_OTHER) {
			LM_ERR("algorithm '%.*s': MD5, SHA-256 and SHA-512-256 are possible\n",
				name.len, name.s);
			return -1;
		}
		mask |= 1 << alg;
	}
	*param = (void *)mask;
	return 0;
}

/* --- headers ----------------------------------------------------------------------------- */

static int add_challenge(struct sip_msg *msg, const char *name, const str *realm, uint64_t number,
	alg_t alg, qop_type_t qop, int stale)
{
	char buf[MAX_REALM + NONCE_LEN + 160], nonce[NONCE_LEN + 1];
	int len;

	if (nonce_make(nonce, number, alg, qop, time(NULL)) < 0)
		return -1;
	len = snprintf(buf, sizeof(buf), "%s: Digest realm=\"%.*s\", nonce=\"%s\"%s%s%s%s\r\n",
		name, realm->len, realm->s, nonce, qop ? ", qop=\"auth\"" : "",
		stale ? ", stale=true" : "", alg_names[alg] ? ", algorithm=" : "",
		alg_names[alg] ? alg_names[alg] : "");
	return add_lump_rpl(msg, buf, len, LUMP_RPL_HDR) ? 0 : -1;
}

/* A quote would end the parameter. */
static int is_good_realm(const str *realm)
{
	if (realm->len > 0 && realm->len <= MAX_REALM && !q_memchr(realm->s, '"', realm->len) &&
		!q_memchr(realm->s, '\\', realm->len))
		return 1;
	LM_ERR("realm '%.*s': 1 to %d characters, without quotes\n", realm->len, realm->s,
		MAX_REALM);
	return 0;
}

static int is_stale(const struct hdr_field *h)
{
	for (; h; h = h->sibling)
		if (h->parsed && ((auth_body_t *)h->parsed)->stale)
			return 1;
	return 0;
}

static int add_challenges(
	struct sip_msg *msg, const char *name, const str *realm, long qop, long mask, int stale)
{
	uint64_t number = nonce_number();

	if (mask >> ALG_SHA256)
		qop = QOP_AUTH_D; /* RFC 8760, 2.6 */
	for (int alg = ALG_SHA512_256; alg >= 0; alg--)
		if ((mask >> alg & 1) && add_challenge(msg, name, realm, number, (alg_t)alg,
						 (qop_type_t)qop, stale) < 0)
			return -1;
	return 0;
}

/* --- script functions -------------------------------------------------------------------- */

static int challenge(struct sip_msg *msg, hdr_types_t type, const str *given, long qop, long mask)
{
	const int proxy = type == HDR_PROXYAUTH_T;
	str realm = *given;

	if (auth_realm(msg, type, &realm) < 0)
		return auth_reply(msg, 400, "Bad Request");
	if (!is_good_realm(&realm) ||
		add_challenges(msg, proxy ? "Proxy-Authenticate" : "WWW-Authenticate", &realm, qop,
			mask ? mask : 1 << ALG_UNSPEC,
			is_stale(proxy ? msg->proxy_auth : msg->authorization)) < 0) {
		LM_ERR("no challenge can be made\n");
		return -1;
	}
	return proxy ? auth_reply(msg, 407, "Proxy Authentication Required")
		     : auth_reply(msg, 401, "Unauthorized");
}

int www_challenge(struct sip_msg *msg, str *realm, void *qop, void *algorithms)
{
	return challenge(msg, HDR_AUTHORIZATION_T, realm, (long)qop, (long)algorithms);
}

int proxy_challenge(struct sip_msg *msg, str *realm, void *qop, void *algorithms)
{
	return challenge(msg, HDR_PROXYAUTH_T, realm, (long)qop, (long)algorithms);
}
