/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target (libFuzzer) for the body of a NOTIFY. Each change that is read is written again,
 * and if it can be, that must be read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reginfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* Changes that were read first, written once more. */
static char buf[60000];
static struct text again;
static int written, reread;

static bool same(const str *a, const str *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->s, b->s, (size_t)a->len) == 0);
}

static bool first(void *ctx, const struct reginfo_change *c)
{
	static const str host = {(char *)(size_t) "h", 1};

	(void)ctx;
	require(c->time && c->kind != RR_NONE && c->payload->aor.len && c->payload->contact.len);
	if (!reginfo_add(&again, c, &host))
		return true;
	written++;
	return true;
}

static struct reginfo_change one;

static bool second(void *ctx, const struct reginfo_change *c)
{
	(void)ctx;
	require(c->kind == RR_SET || c->left == 0);
	one = *c;
	require(same(&one.domain, &c->domain));
	reread++;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	str body = {copy, (int)size};

	require(copy != NULL);
	memcpy(copy, data, size);
	again = (struct text){buf, 0, sizeof(buf), false};
	written = reread = 0;
	reginfo_begin(&again, 1);
	reginfo_parse(&body, first, NULL);
	reginfo_end(&again);
	require(!again.full);
	body = (str){again.s, again.len};
	require(reginfo_parse(&body, second, NULL) == NULL);
	require(written == reread);
	free(copy);
	return 0;
}
