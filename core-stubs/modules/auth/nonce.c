/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a nonce was used is one word of shared memory, at its number modulo NONCE_SLOTS: twice
 * the number while it is out, and one more once it was used. That step is one compare-and-swap,
 * so of two requests with one nonce exactly one gets through, in whichever processes they are.
 * Numbers begin at random: a node with the same secret, or the one before a restart, has others.
 */
#include "nonce.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "../../dprint.h"
#include "../../mem/shm_mem.h"
#include "../../ut.h"

#define HEAD_LEN (NONCE_LEN - 32)

int nonce_expire = 30;
int disable_nonce_check;

static char key[NONCE_SECRET_LEN];
static struct {
	_Atomic uint64_t last;
	_Atomic uint64_t slot[NONCE_SLOTS];
} * table;

int nonce_init(const char *secret)
{
	uint64_t first;

	if (getrandom(&first, sizeof(first), 0) != sizeof(first) ||
		(!secret && getrandom(key, sizeof(key), 0) != sizeof(key))) {
		LM_ERR("no random bytes\n");
		return -1;
	}
	if (secret)
		memcpy(key, secret, sizeof(key));
	table = shm_malloc(sizeof(*table));
	if (!table) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	memset(table, 0, sizeof(*table));
	atomic_init(&table->last, first >> 16);
	return 0;
}

void nonce_destroy(void)
{
	shm_free(table);
	table = NULL;
}

uint64_t nonce_number(void)
{
	uint64_t n = atomic_fetch_add(&table->last, 1) + 1;

	atomic_store(&table->slot[n % NONCE_SLOTS], 2 * n);
	return n;
}

/* 32 hexadecimal digits: half of an HMAC-SHA256. */
static int mac(const char *head, char *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (!HMAC(EVP_sha256(), key, sizeof(key), (const unsigned char *)head, HEAD_LEN, md,
		    &len)) {
		LM_ERR("HMAC failed\n");
		return -1;
	}
	string2hex((char *)md, 16, out);
	return 0;
}

int nonce_make(char *out, uint64_t number, alg_t alg, qop_type_t qop, time_t now)
{
	if (alg == ALG_UNSPEC)
		alg = ALG_MD5;
	snprintf(out, NONCE_LEN + 1, "%08x%016llx%x%x", (unsigned int)now,
		(unsigned long long)number, (unsigned int)alg & 15, (unsigned int)qop & 15);
	if (mac(out, out + HEAD_LEN) < 0)
		return -1;
	out[NONCE_LEN] = '\0';
	return 0;
}

/* What the MAC vouches for needs no more checks of its form. */
static int is_ours(const str *nonce)
{
	char want[32];

	return nonce->len == NONCE_LEN && mac(nonce->s, want) == 0 &&
	       CRYPTO_memcmp(want, nonce->s + HEAD_LEN, sizeof(want)) == 0;
}

/* Clients may leave qop out though they were asked for it: that is "auth" then. */
static int is_for(const char *what, alg_t alg, qop_type_t qop)
{
	if (alg == ALG_UNSPEC)
		alg = ALG_MD5;
	return hex2int(what[0]) == (int)alg &&
	       (hex2int(what[1]) == (int)qop || qop == QOP_UNSPEC_D);
}

int nonce_use(const str *nonce, alg_t alg, qop_type_t qop, time_t now)
{
	char text[HEAD_LEN + 1];
	uint64_t number, out;
	time_t made;

	if (!is_ours(nonce))
		return 0;
	memcpy(text, nonce->s, HEAD_LEN);
	text[HEAD_LEN] = '\0';
	if (!is_for(text + 24, alg, qop))
		return 0;
	text[24] = '\0';
	number = strtoull(text + 8, NULL, 16);
	text[8] = '\0';
	made = (time_t)strtoul(text, NULL, 16);
	/* a clock that was set back makes nonces that are not made yet */
	if (now > made + nonce_expire || made > now + nonce_expire)
		return 0;
	if (disable_nonce_check)
		return 1;
	out = 2 * number;
	return atomic_compare_exchange_strong(&table->slot[number % NONCE_SLOTS], &out, out + 1);
}
