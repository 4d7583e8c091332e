/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target (libFuzzer) for the two private headers. The first byte chooses which. Whatever is
 * accepted must come out of the encoder such that it parses to the same again.
 *
 *	clang -fsanitize=fuzzer,address,undefined -Imodules/reg_replicate -o fuzz_wire \
 *		tests/fuzz/fuzz_wire.c modules/reg_replicate/engine/{wire,cursor,cover}.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cover.h"
#include "engine/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool same(struct rr_str a, struct rr_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static void change(const char *s, size_t len)
{
	static struct rr_msg a, b;
	static char buf[RR_CHANGE_MAX];
	int n;

	if (rr_msg_parse(&a, s, len) < 0)
		return;
	n = rr_msg_encode(&a, buf, sizeof(buf));
	require(n > 0);
	require(rr_msg_parse(&b, buf, (size_t)n) == 0);
	require(a.from == b.from && rr_same_stream(a.stream, b.stream));
	require(a.kind == b.kind && (a.kind == RR_NONE || a.time == b.time) && a.keep == b.keep);
	require(a.span.to == b.span.to && (a.span.to == 0 || a.span.from == b.span.from));
	require(same(a.domain, b.domain) && same(a.cflags, b.cflags));
	require(same(a.attr, b.attr));
}

static void state(const char *s, size_t len)
{
	static struct rr_state a, b;
	static char buf[RR_STATE_MAX];
	int n;

	if (rr_state_parse(&a, s, len) < 0)
		return;
	n = rr_state_encode(&a, buf, sizeof(buf));
	require(n > 0);
	require(rr_state_parse(&b, buf, (size_t)n) == 0);
	require(a.node == b.node && a.epoch == b.epoch && a.clock == b.clock && a.wall == b.wall &&
		a.n == b.n);
	require(a.part == b.part);
	for (uint32_t i = 0; i < a.n; i++) {
		require(rr_same_stream(a.vector[i].stream, b.vector[i].stream));
		require(rr_cover_valid(&a.vector[i].cover));
		require(rr_cover_equal(&a.vector[i].cover, &b.vector[i].cover));
	}
	require(a.digest.told == b.digest.told && a.leaf.told == b.leaf.told &&
		a.leaf.n == b.leaf.n);
	/* cut short, it is still one that parses */
	n = rr_state_encode(&a, buf, 100 + len % 400);
	require(n < 0 || rr_state_parse(&b, buf, (size_t)n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size == 0)
		return 0;
	/* at the very end of an allocation, so that reading past it is seen */
	copy = malloc(size - 1 ? size - 1 : 1);
	require(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		change(copy, size - 1);
	else
		state(copy, size - 1);
	free(copy);
	return 0;
}
