/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To-tags: a part that is fixed for this start, and a keyed digest of what makes the transaction
 * (the topmost Via). So retransmissions and the ACK get the same tag without any state.
 */
#include "tags.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>

#include "config.h"
#include "dprint.h"
#include "parser/parse_via.h"
#include "ut.h"

static unsigned char secret[16];
static int have_secret;

int init_totags(void)
{
	if (have_secret)
		return 0;
	if (getentropy(secret, sizeof(secret)) < 0) {
		LM_ERR("no random numbers\n");
		return -1;
	}
	have_secret = 1;
	return 0;
}

static void add(EVP_MD_CTX *md, const str *s)
{
	EVP_DigestUpdate(md, s->s, (size_t)s->len);
	EVP_DigestUpdate(md, "", 1);
}

void make_totag(const struct sip_msg *msg, char separator, str *tag)
{
	static char buf[TOTAG_VALUE_LEN + 1];
	unsigned char sum[EVP_MAX_MD_SIZE] = {0};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const struct via_body *via = msg->via1;

	if (md != NULL && EVP_DigestInit_ex(md, EVP_md5(), NULL) == 1) {
		EVP_DigestUpdate(md, secret, sizeof(secret));
		if (via != NULL) {
			add(md, &via->host);
			add(md, &via->port_str);
			if (via->branch != NULL)
				add(md, &via->branch->value);
		}
		EVP_DigestFinal_ex(md, sum, NULL);
	}
	EVP_MD_CTX_free(md);
	snprintf(buf, sizeof(buf), "%02x%02x%c", secret[0], secret[1], separator);
	string2hex((const char *)sum, MD5_LEN / 2, buf + 5);
	tag->s = buf;
	tag->len = TOTAG_VALUE_LEN;
}
