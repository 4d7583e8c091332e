/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module auth: credentials as clients write them and as they do not, the test vectors of the RFCs,
 * nonces, and what pre_auth() and the challenges make of requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "data_lump_rpl.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/auth/auth.h"
#include "modules/auth/nonce.h"
#include "modules/auth/response.h"

#define S(text) (&str_init(text))

/* What was answered: "401 Unauthorized" and the added header lines, "|" between them. */
static char answer[4096];
static char msg_text[8192];

static int fake_reply(struct sip_msg *msg, int code, const str *reason, str *tag)
{
	int len = sprintf(answer, "%d %.*s", code, reason->len, reason->s);

	(void)tag;
	for (struct lump_rpl *l = msg->reply_lump; l; l = l->next)
		len += sprintf(answer + len, "|%.*s", l->text.len - 2, l->text.s);
	return 1;
}

static void make_msg(struct sip_msg *msg, const char *method, const char *headers)
{
	int len = snprintf(msg_text, sizeof(msg_text),
		"%s sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKx\r\n"
		"From: <sip:u@from.test>;tag=f\r\nTo: <sip:u@to.test>\r\n"
		"Call-ID: c\r\nCSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
		method, method, headers);

	memset(msg, 0, sizeof(*msg));
	assert_true(len < (int)sizeof(msg_text));
	assert_int_equal(parse_msg(msg_text, len, msg), 0);
	answer[0] = '\0';
}

/* --- credentials ------------------------------------------------------------------------- */

static int parsed(const char *value, dig_cred_t *c)
{
	struct sip_msg msg;
	char header[2048];
	int rc;

	snprintf(header, sizeof(header), "Authorization: %s\r\n", value);
	make_msg(&msg, "REGISTER", header);
	assert_int_equal(parse_headers(&msg, HDR_EOH_F, 0), 0);
	assert_non_null(msg.authorization);
	rc = parse_credentials(msg.authorization);
	if (rc == 0) {
		assert_int_equal(parse_credentials(msg.authorization), 0); /* once is enough */
		*c = ((auth_body_t *)msg.authorization->parsed)->digest;
	} else {
		assert_null(msg.authorization->parsed);
	}
	free_sip_msg(&msg);
	return rc;
}

static void assert_str(const str *s, const char *text)
{
	assert_int_equal(s->len, strlen(text));
	assert_memory_equal(s->s, text, s->len);
}

static void test_parse(void **state)
{
	dig_cred_t c;

	(void)state;
	assert_int_equal(
		parsed("Digest username=\"bob@b.test\", realm=\"r \\\" x\", nonce=\"n\", "
		       "uri=\"sip:a;b=1,2\",response=\"0f\",algorithm=sha-256, qop=auth,\r\n"
		       " cnonce=\"c,d\" , nc=00000001, opaque=\"\", foo=bar",
			&c),
		0);
	assert_str(&c.username.whole, "bob@b.test");
	assert_str(&c.username.user, "bob");
	assert_str(&c.username.domain, "b.test");
	assert_str(&c.realm, "r \\\" x");
	assert_str(&c.uri, "sip:a;b=1,2");
	assert_str(&c.cnonce, "c,d");
	assert_str(&c.nc, "00000001");
	assert_int_equal(c.alg, ALG_SHA256);
	assert_int_equal(c.qop, QOP_AUTH_D);
	/* RFC 2069, and names in any case */
	assert_int_equal(parsed("DIGEST  Username=u,REALM=r,nonce=n,uri=sip:x,response=f", &c), 0);
	assert_int_equal(c.alg, ALG_UNSPEC);
	assert_int_equal(c.qop, QOP_UNSPEC_D);
	assert_str(&c.username.whole, "u");
	assert_int_equal(c.username.domain.len, 0);
	assert_int_equal(parsed("Basic QWxhZGRpbg==", &c), 1);
	assert_int_equal(parsed("Digestusername=\"u\"", &c), 1);
}

#define GOOD "username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"f\""

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {
		"Digest",
		"Digest ",
		"Digest \"",
		"Digest username",
		"Digest username=",
		"Digest =\"u\"",
		"Digest " GOOD ",username=\"v\"",
		"Digest " GOOD " opaque=\"x\"",
		"Digest " GOOD ";opaque=\"x\"",
		"Digest " GOOD ",opaque=\"x",
		"Digest " GOOD ",qop=auth",
		"Digest " GOOD ",qop=auth,cnonce=\"\",nc=1",
		"Digest username=\"\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"f\"",
		"Digest username=\"@r\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"f\"",
		"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\"",
		"Digest username=\"u\",realm=\"r\",nonce=\"\",uri=\"sip:x\",response=\"f\"",
	};
	dig_cred_t c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (parsed(bad[i], &c) != -2)
			fail_msg("not refused: %s", bad[i]);
	assert_int_equal(parsed("Digest ,, " GOOD ",", &c), 0);
}

/* Any prefix of good credentials is either good or refused, whatever it ends in. */
static void test_parse_cut(void **state)
{
	static const char good[] =
		"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", "
		"response=\"f\", qop=auth, nc=1, cnonce=\"c\"";
	char cut[sizeof(good)];
	dig_cred_t c;

	(void)state;
	for (size_t n = 1; n < sizeof(good); n++) {
		snprintf(cut, n + 1, "%s", good);
		parsed(cut, &c);
	}
}

/* --- responses --------------------------------------------------------------------------- */

static void response_is(alg_t alg, const str *user, const str *realm, const str *password,
	dig_cred_t c, const char *want)
{
	char ha1[HASHHEX_MAX], got[HASHHEX_MAX];

	c.alg = alg;
	assert_int_equal(hash_len(alg), strlen(want));
	assert_int_equal(calc_ha1(alg, user, realm, password, ha1), 0);
	assert_int_equal(calc_response(&c, ha1, S("GET"), got), 0);
	assert_memory_equal(got, want, strlen(want));
}

static void test_vectors(void **state)
{
	dig_cred_t rfc7616 = {
		.nonce = str_init("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		.uri = str_init("/dir/index.html"),
		.nc = str_init("00000001"),
		.cnonce = str_init("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		.qop_str = str_init("auth"),
		.qop = QOP_AUTH_D,
	};
	dig_cred_t rfc2617 = {
		.nonce = str_init("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		.uri = str_init("/dir/index.html"),
		.nc = str_init("00000001"),
		.cnonce = str_init("0a4f113b"),
		.qop_str = str_init("auth"),
		.qop = QOP_AUTH_D,
	};

	(void)state;
	/* RFC 7616, 3.9.1 */
	response_is(ALG_MD5, S("Mufasa"), S("http-auth@example.org"), S("Circle of Life"), rfc7616,
		"8ca523f5e9506fed4657c9700eebdbec");
	response_is(ALG_SHA256, S("Mufasa"), S("http-auth@example.org"), S("Circle of Life"),
		rfc7616, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
	/* the same input, computed with Python's hashlib */
	response_is(ALG_SHA512_256, S("Mufasa"), S("http-auth@example.org"), S("Circle of Life"),
		rfc7616, "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0");
	/* RFC 2617, 3.5 */
	response_is(ALG_UNSPEC, S("Mufasa"), S("testrealm@host.com"), S("Circle Of Life"), rfc2617,
		"6629fae49393a05397450978507c4ef1");
	/* RFC 2069, 2.4, with its erratum */
	rfc2617.qop = QOP_UNSPEC_D;
	response_is(ALG_UNSPEC, S("Mufasa"), S("testrealm@host.com"), S("CircleOfLife"), rfc2617,
		"1949323746fe6a43ef61f9606e7febea");
	assert_int_equal(hash_len(ALG_OTHER), 0);
}

/* --- nonces ------------------------------------------------------------------------------ */

static const time_t NOW = 1700000000;

static str nonce(alg_t alg, qop_type_t qop, time_t now)
{
	static char buf[NONCE_LEN + 1];

	assert_int_equal(nonce_make(buf, nonce_number(), alg, qop, now), 0);
	assert_int_equal(strlen(buf), NONCE_LEN);
	return (str){buf, NONCE_LEN};
}

static void test_nonce(void **state)
{
	str n;

	(void)state;
	n = nonce(ALG_MD5, QOP_AUTH_D, NOW);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 1);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 0); /* once only */
	n = nonce(ALG_UNSPEC, QOP_UNSPEC_D, NOW);
	assert_int_equal(nonce_use(&n, ALG_UNSPEC, QOP_UNSPEC_D, NOW + nonce_expire), 1);
	n = nonce(ALG_MD5, QOP_AUTH_D, NOW);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW + nonce_expire + 1), 0);
	n = nonce(ALG_MD5, QOP_AUTH_D, NOW);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW - nonce_expire - 1), 0);
	/* for another algorithm or qop than it was given for */
	n = nonce(ALG_SHA256, QOP_AUTH_D, NOW);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 0);
	assert_int_equal(nonce_use(&n, ALG_UNSPEC, QOP_AUTH_D, NOW), 0);
	assert_int_equal(nonce_use(&n, ALG_SHA256, QOP_OTHER_D, NOW), 0);
	assert_int_equal(nonce_use(&n, ALG_SHA256, QOP_UNSPEC_D, NOW), 1);
}

/* Whatever character is changed, and whatever is cut off. */
static void test_nonce_forged(void **state)
{
	str n = nonce(ALG_MD5, QOP_AUTH_D, NOW), s;

	(void)state;
	for (int i = 0; i < n.len; i++) {
		n.s[i] ^= 1;
		assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 0);
		n.s[i] ^= 1;
		s = (str){n.s, i};
		assert_int_equal(nonce_use(&s, ALG_MD5, QOP_AUTH_D, NOW), 0);
	}
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 1);
}

/* Those that so many others came after are not remembered: they are stale, not good again. */
static void test_nonce_many(void **state)
{
	str n = nonce(ALG_MD5, QOP_AUTH_D, NOW);

	(void)state;
	for (int i = 0; i < NONCE_SLOTS; i++)
		nonce_number();
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 0);
}

static void test_nonce_again(void **state)
{
	str n = nonce(ALG_MD5, QOP_AUTH_D, NOW);

	(void)state;
	disable_nonce_check = 1;
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 1);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 1);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW + nonce_expire + 1), 0);
	disable_nonce_check = 0;
}

/* Another server with the same secret takes the form, but knows nothing of the number. */
static void test_nonce_shared_secret(void **state)
{
	static const char secret[] = "0123456789abcdef0123456789abcdef";
	char copy[NONCE_LEN];
	str n;

	(void)state;
	nonce_destroy();
	assert_int_equal(nonce_init(secret), 0);
	n = nonce(ALG_MD5, QOP_AUTH_D, NOW);
	memcpy(copy, n.s, NONCE_LEN);
	n.s = copy;
	nonce_destroy();
	assert_int_equal(nonce_init(secret), 0);
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 0);
	disable_nonce_check = 1;
	assert_int_equal(nonce_use(&n, ALG_MD5, QOP_AUTH_D, NOW), 1);
	disable_nonce_check = 0;
	nonce_destroy();
	assert_int_equal(nonce_init(NULL), 0);
}

/* --- requests ---------------------------------------------------------------------------- */

/* Runs pre_auth(), and with a password the check, on a REGISTER with these headers. */
static int verdict(const char *method, const char *headers, const char *realm, const char *password)
{
	struct sip_msg msg;
	struct hdr_field *h;
	str r, p;
	int rc;

	make_msg(&msg, method, headers);
	init_str(&r, realm);
	rc = pre_auth(&msg, &r, HDR_AUTHORIZATION_T, &h);
	if (rc == DO_AUTHORIZATION && password) {
		init_str(&p, password);
		rc = auth_check(&msg, h, &p, 0);
		assert_int_equal(auth_authorized(&msg) != NULL, rc == AUTHORIZED);
	}
	free_sip_msg(&msg);
	return rc;
}

/* Credentials of u for realm and password, with a fresh nonce unless one is given. */
static const char *credentials(const char *realm, const char *password, const char *given)
{
	static char out[2][1024];
	static int turn;
	char fresh[NONCE_LEN + 1], ha1[HASHHEX_MAX], response[HASHHEX_MAX];
	dig_cred_t c = {.uri = str_init("sip:example.com"),
		.nc = str_init("00000001"),
		.cnonce = str_init("c"),
		.qop_str = str_init("auth"),
		.alg = ALG_MD5,
		.qop = QOP_AUTH_D};
	str r, p;

	assert_int_equal(nonce_make(fresh, nonce_number(), ALG_MD5, QOP_AUTH_D, time(NULL)), 0);
	init_str(&r, realm);
	init_str(&p, password);
	init_str(&c.nonce, given ? given : fresh);
	assert_int_equal(calc_ha1(ALG_MD5, S("u"), &r, &p, ha1), 0);
	assert_int_equal(calc_response(&c, ha1, S("REGISTER"), response), 0);
	turn = !turn;
	snprintf(out[turn], sizeof(out[turn]),
		"Authorization: Digest username=\"u\",realm=\"%s\",nonce=\"%s\","
		"uri=\"sip:example.com\",response=\"%.32s\",qop=auth,nc=00000001,cnonce=\"c\"\r\n",
		realm, given ? given : fresh, response);
	return out[turn];
}

static void test_verdicts(void **state)
{
	char used[NONCE_LEN + 1];
	char two[2048];

	(void)state;
	assert_int_equal(verdict("REGISTER", "", "r", "p"), NO_CREDENTIALS);
	assert_int_equal(verdict("REGISTER", credentials("r", "p", NULL), "r", "p"), AUTHORIZED);
	assert_int_equal(verdict("REGISTER", credentials("R", "p", NULL), "r", "p"), AUTHORIZED);
	assert_int_equal(
		verdict("REGISTER", credentials("to.test", "p", NULL), "", "p"), AUTHORIZED);
	assert_int_equal(
		verdict("REGISTER", credentials("r", "p", NULL), "r", "q"), INVALID_PASSWORD);
	assert_int_equal(
		verdict("REGISTER", credentials("r", "p", NULL), "s", "p"), NO_CREDENTIALS);
	assert_int_equal(verdict("REGISTER", credentials("r", "p", "abc"), "r", "p"), STALE_NONCE);
	assert_int_equal(verdict("ACK", "", "r", "p"), AUTHORIZED);
	assert_int_equal(
		verdict("REGISTER", "Authorization: Basic x\r\n", "r", "p"), NO_CREDENTIALS);
	/* a guess uses up the nonce: the right password behind it needs another */
	assert_int_equal(nonce_make(used, nonce_number(), ALG_MD5, QOP_AUTH_D, time(NULL)), 0);
	assert_int_equal(
		verdict("REGISTER", credentials("r", "guess", used), "r", "p"), INVALID_PASSWORD);
	assert_int_equal(verdict("REGISTER", credentials("r", "p", used), "r", "p"), STALE_NONCE);
	/* those of another realm before it */
	snprintf(two, sizeof(two), "%s%s", credentials("other", "x", NULL),
		credentials("r", "p", NULL));
	assert_int_equal(verdict("REGISTER", two, "r", "p"), AUTHORIZED);
	assert_string_equal(answer, "");
	/* malformed ones are answered */
	assert_int_equal(verdict("REGISTER", "Authorization: Digest x\r\n", "r", "p"), ERROR);
	assert_string_equal(answer, "400 Bad Request");
}

static void test_hashed(void **state)
{
	const char *headers = credentials("r", "p", NULL);
	char ha1[HASHHEX_MAX + 1] = "";
	str stored = {ha1, 32}, realm = str_init("r");
	struct sip_msg msg;
	struct hdr_field *h;

	(void)state;
	assert_int_equal(calc_ha1(ALG_MD5, S("u"), S("r"), S("p"), ha1), 0);
	for (int i = 0; i < 32; i++)
		ha1[i] = (char)toupper((unsigned char)ha1[i]);
	make_msg(&msg, "REGISTER", headers);
	assert_int_equal(pre_auth(&msg, &realm, HDR_AUTHORIZATION_T, &h), DO_AUTHORIZATION);
	assert_int_equal(auth_check(&msg, h, &stored, 1), AUTHORIZED);
	stored.len = 31;
	assert_int_equal(auth_check(&msg, h, &stored, 1), AUTH_ERROR);
	free_sip_msg(&msg);
}

/* --- challenges -------------------------------------------------------------------------- */

static int challenged(const char *headers, const char *realm, const char *qop, const char *algs)
{
	str q, a, r;
	void *qp = &q, *ap = &a;
	struct sip_msg msg;
	struct hdr_field *h;
	int rc;

	init_str(&q, qop);
	init_str(&a, algs);
	init_str(&r, realm);
	if (fixup_qop(&qp) < 0 || fixup_algorithms(&ap) < 0)
		return -2;
	make_msg(&msg, "REGISTER", headers);
	pre_auth(&msg, &(str){r.s, r.len}, HDR_AUTHORIZATION_T, &h);
	rc = www_challenge(&msg, &r, qp, ap);
	free_sip_msg(&msg);
	return rc;
}

/* Replaces each nonce of the answer by N, so that it can be compared. */
static const char *without_nonce(void)
{
	static char out[4096];
	char *to = out, *p = answer, *n;

	while ((n = strstr(p, "nonce=\""))) {
		to += sprintf(to, "%.*sN", (int)(n + 7 - p), p);
		p = n + 7 + NONCE_LEN;
	}
	strcpy(to, p);
	return out;
}

static void test_challenge(void **state)
{
	(void)state;
	assert_int_equal(challenged("", "r", "", ""), 0);
	assert_string_equal(without_nonce(),
		"401 Unauthorized|WWW-Authenticate: Digest realm=\"r\", nonce=\"N\"");
	assert_int_equal(challenged("", "", "auth", "md5, SHA-256"), 0);
	assert_string_equal(without_nonce(), "401 Unauthorized"
					     "|WWW-Authenticate: Digest realm=\"to.test\", "
					     "nonce=\"N\", qop=\"auth\", algorithm=SHA-256"
					     "|WWW-Authenticate: Digest realm=\"to.test\", "
					     "nonce=\"N\", qop=\"auth\", algorithm=MD5");
	assert_int_equal(challenged(credentials("r", "p", "forged"), "r", "auth", ""), 0);
	assert_string_equal(without_nonce(),
		"401 Unauthorized|WWW-Authenticate: Digest realm=\"r\", nonce=\"N\", qop=\"auth\", "
		"stale=true");
	/* a wrong password is not stale */
	assert_int_equal(challenged(credentials("r", "wrong", NULL), "r", "auth", ""), 0);
	assert_null(strstr(answer, "stale"));
	assert_int_equal(challenged("", "r", "", "SHA-256"), 0);
	assert_non_null(strstr(answer, "qop=\"auth\""));
	assert_int_equal(challenged("", "a\"b", "", ""), -1);
	assert_int_equal(challenged("", "r", "auth-int", ""), -2);
	assert_int_equal(challenged("", "r", "auth", "MD5-sess"), -2);
}

static void test_proxy_challenge(void **state)
{
	str realm = str_init("");
	struct sip_msg msg;

	(void)state;
	make_msg(&msg, "INVITE", "");
	assert_int_equal(proxy_challenge(&msg, &realm, (void *)QOP_AUTH_D, NULL), 0);
	assert_string_equal(without_nonce(),
		"407 Proxy Authentication Required|Proxy-Authenticate: "
		"Digest realm=\"from.test\", nonce=\"N\", qop=\"auth\"");
	free_sip_msg(&msg);
}

static int before(void **state)
{
	(void)state;
	sigb.reply = fake_reply;
	return nonce_init(NULL);
}

static int after(void **state)
{
	(void)state;
	nonce_destroy();
	assert_int_equal(shm_blocks(), 0);
	return 0;
}

static int world(void **state)
{
	(void)state;
	return init_shm_mallocs();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_parse),
		TEST(test_parse_bad),
		TEST(test_parse_cut),
		TEST(test_vectors),
		TEST(test_nonce),
		TEST(test_nonce_forged),
		TEST(test_nonce_many),
		TEST(test_nonce_again),
		TEST(test_nonce_shared_secret),
		TEST(test_verdicts),
		TEST(test_hashed),
		TEST(test_challenge),
		TEST(test_proxy_challenge),
	};

	return cmocka_run_group_tests(tests, world, NULL);
}
