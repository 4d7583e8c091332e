/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "response.h"

#include <openssl/evp.h>

#include "../../dprint.h"
#include "../../ut.h"

static const EVP_MD *md_of(alg_t alg)
{
	switch (alg) {
	case ALG_UNSPEC:
	case ALG_MD5:
		return EVP_md5();
	case ALG_SHA256:
		return EVP_sha256();
	case ALG_SHA512_256:
		return EVP_sha512_256();
	default:
		return NULL;
	}
}

int hash_len(alg_t alg)
{
	const EVP_MD *md = md_of(alg);

	return md ? 2 * EVP_MD_get_size(md) : 0;
}

/* The hash of n texts with colons between them. */
static int hash(alg_t alg, const str *const *text, int n, char *hex)
{
	const EVP_MD *md = md_of(alg);
	EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int len;
	int ok;

	ok = ctx && EVP_DigestInit_ex(ctx, md, NULL);
	for (int i = 0; ok && i < n; i++)
		ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1)) &&
		     EVP_DigestUpdate(ctx, text[i]->s, text[i]->len);
	ok = ok && EVP_DigestFinal_ex(ctx, out, &len);
	EVP_MD_CTX_free(ctx);
	if (!ok) {
		LM_ERR("the hash of algorithm %d failed\n", alg);
		return -1;
	}
	string2hex((char *)out, (int)len, hex);
	return 0;
}

int calc_ha1(alg_t alg, const str *username, const str *realm, const str *password, char *ha1)
{
	const str *const text[] = {username, realm, password};

	return hash(alg, text, 3, ha1);
}

int calc_response(const dig_cred_t *c, const char *ha1, const str *method, char *response)
{
	char ha2[HASHHEX_MAX];
	const int len = hash_len(c->alg);
	const str a1 = {(char *)ha1, len}, a2 = {ha2, len};
	const str *const second[] = {method, &c->uri};
	const str *const without[] = {&a1, &c->nonce, &a2};
	const str *const with[] = {&a1, &c->nonce, &c->nc, &c->cnonce, &c->qop_str, &a2};

	if (hash(c->alg, second, 2, ha2) < 0)
		return -1;
	return c->qop == QOP_UNSPEC_D ? hash(c->alg, without, 3, response)
				      : hash(c->alg, with, 6, response);
}
