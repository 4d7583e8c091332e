/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two private headers: what comes out, what goes in, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/cover.h"
#include "engine/cursor.h"
#include "engine/hash.h"
#include "engine/wire.h"

#define STR(literal)                                                                               \
	(struct rr_str)                                                                            \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
#define assert_str(str, text)                                                                      \
	do {                                                                                       \
		assert_int_equal((str).len, strlen(text));                                         \
		assert_memory_equal((str).s, text, strlen(text));                                  \
	} while (0)

static int parse_msg(struct rr_msg *m, const char *text)
{
	return rr_msg_parse(m, text, strlen(text));
}

static int parse_state(struct rr_state *s, const char *text)
{
	return rr_state_parse(s, text, strlen(text));
}

static void encode_msg(const struct rr_msg *m, const char *expected)
{
	char buf[RR_CHANGE_MAX];
	int n = rr_msg_encode(m, buf, sizeof(buf));

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(buf, expected, strlen(expected));
}

/* --- Reg-Repl ----------------------------------------------------------------------------- */

static const struct rr_msg full = {
	.from = 2,
	.stream = {1, 1732150000000},
	.span = {0, 1732150000321ULL << 16 | 7},
	.kind = RR_SET,
	.time = 1732150000321ULL << 16 | 7,
	.at = 86400123,
	.keep = 3600,
	.domain = STR("location"),
	.cflags = STR("NAT,SIP_PING"),
	.attr = STR("a;b=\"c\" 100%\r\n"),
};
static const char full_text[] =
	"1;from=2;stream=1/1732150000000;span=0-1732150000321.7;kind=set;time=1732150000321.7"
	";at=86400123;keep=3600;domain=location;cflags=NAT,SIP_PING"
	";attr=a%3Bb=%22c%22%20100%25%0D%0A";

static void change_out(void **state)
{
	struct rr_msg m = full;

	(void)state;
	encode_msg(&m, full_text);
	m = (struct rr_msg){.from = 3, .stream = {3, 5}, .span = {rr_hlc(1), rr_hlc(2)}};
	encode_msg(&m, "1;from=3;stream=3/5;span=1-2");
	m = (struct rr_msg){.from = 1, .stream = {1, 5}, .kind = RR_REMOVED, .time = rr_hlc(9)};
	encode_msg(&m, "1;from=1;stream=1/5;kind=removed;time=9");
}

static void change_in(void **state)
{
	struct rr_msg m;

	(void)state;
	assert_int_equal(parse_msg(&m, full_text), 0);
	assert_int_equal(m.from, 2);
	assert_true(rr_same_stream(m.stream, full.stream));
	assert_int_equal(m.span.from, 0);
	assert_int_equal(m.span.to, full.span.to);
	assert_int_equal(m.kind, RR_SET);
	assert_int_equal(m.time, full.time);
	assert_int_equal(m.at, 86400123);
	assert_int_equal(m.keep, 3600);
	assert_str(m.domain, "location");
	assert_str(m.cflags, "NAT,SIP_PING");
	assert_str(m.attr, "a;b=\"c\" 100%\r\n");
}

static void change_in_other_words(void **state)
{
	struct rr_msg m;

	(void)state;
	/* blanks, other case, other order, unknown parameters with and without value */
	assert_int_equal(
		parse_msg(&m, " 1 ; STREAM=1/2 ;x=%zz;hello; From=4\t;kind=Removed;time=3.65535 "),
		0);
	assert_int_equal(m.from, 4);
	assert_int_equal(m.kind, RR_REMOVED);
	assert_int_equal(m.time, 3 << 16 | 65535);
	assert_int_equal(m.span.to, 0);
	assert_int_equal(m.domain.len, 0);
}

static void change_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} wrong[] = {
		{"", RR_WIRE_ESYNTAX},
		{"x", RR_WIRE_ESYNTAX},
		{"1", RR_WIRE_EMISSING},
		{"2;from=1;stream=1/1", RR_WIRE_EVERSION},
		{"99999999999;from=1;stream=1/1", RR_WIRE_ERANGE},
		{"1;from=1", RR_WIRE_EMISSING},
		{"1;stream=1/1", RR_WIRE_EMISSING},
		{"1 from=1;stream=1/1", RR_WIRE_ESYNTAX},
		{"1;;from=1;stream=1/1", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;", RR_WIRE_ESYNTAX},
		{"1;from=0;stream=1/1", RR_WIRE_ERANGE},
		{"1;from=4294967296;stream=1/1", RR_WIRE_ERANGE},
		{"1;from=-1;stream=1/1", RR_WIRE_ESYNTAX},
		{"1;from=1x;stream=1/1", RR_WIRE_ESYNTAX},
		{"1;from;stream=1/1", RR_WIRE_ESYNTAX},
		{"1;from=1;from=1;stream=1/1", RR_WIRE_EDUPLICATE},
		{"1;from=1;stream=1", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/0", RR_WIRE_ERANGE},
		{"1;from=1;stream=0/1", RR_WIRE_ERANGE},
		{"1;from=1;stream=1/18446744073709551616", RR_WIRE_ERANGE},
		{"1;from=1;stream=1/1;span=5", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;span=5-", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;span=5-4", RR_WIRE_ERANGE},
		{"1;from=1;stream=1/1;span=0-281474976710656", RR_WIRE_ERANGE},
		{"1;from=1;stream=1/1;span=0-1.65536", RR_WIRE_ERANGE},
		{"1;from=1;stream=1/1;span=0-1.", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;kind=set", RR_WIRE_EMISSING},
		{"1;from=1;stream=1/1;kind=set;time=0", RR_WIRE_EMISSING},
		{"1;from=1;stream=1/1;kind=sat;time=1", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;attr=%", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;attr=%4", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;attr=%4g", RR_WIRE_ESYNTAX},
		{"1;from=1;stream=1/1;attr=a b", RR_WIRE_ESYNTAX},
	};
	static const struct rr_msg cleared;
	struct rr_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = parse_msg(&m, wrong[i].text);

		if (rc != wrong[i].error)
			fail_msg("\"%s\": %s", wrong[i].text, rr_wire_strerror(rc));
		assert_memory_equal(&m, &cleared, offsetof(struct rr_msg, text));
	}
}

static void change_too_long(void **state)
{
	static char text[3 * RR_TEXT_MAX], buf[RR_CHANGE_MAX];
	struct rr_msg m = full;

	(void)state;
	/* the encoder: at every size too small */
	for (size_t size = 0; size < sizeof(full_text) - 1; size++)
		assert_int_equal(rr_msg_encode(&m, buf, size), RR_WIRE_ETOOLONG);
	assert_int_equal(rr_msg_encode(&m, buf, sizeof(full_text) - 1), sizeof(full_text) - 1);
	/* the parser: more text than it keeps */
	memset(text, 'a', sizeof(text));
	memcpy(text, "1;from=1;stream=1/1;attr=", 25);
	assert_int_equal(rr_msg_parse(&m, text, 25 + RR_TEXT_MAX), 0);
	assert_int_equal(m.attr.len, RR_TEXT_MAX);
	assert_int_equal(rr_msg_parse(&m, text, 25 + RR_TEXT_MAX + 1), RR_WIRE_ETOOLONG);
	/* all of it escaped still fits what is promised */
	m = full;
	memset(text, ';', RR_TEXT_MAX);
	m.attr = (struct rr_str){text, RR_TEXT_MAX};
	m.domain = m.cflags = (struct rr_str){NULL, 0};
	assert_true(rr_msg_encode(&m, buf, sizeof(buf)) > 3 * RR_TEXT_MAX);
}

/* --- Reg-Repl-State ----------------------------------------------------------------------- */

static void state_both_ways(void **state)
{
	static const char text[] = "1;node=3;epoch=77;clock=1000.1;wall=1234;at=987654;bindings=5"
				   ";vector=3/77@9.2,1/50@0+3-4+5.1-6,2/8@7";
	static struct rr_state s;
	char buf[200];

	(void)state;
	assert_int_equal(parse_state(&s, text), 0);
	assert_int_equal(s.node, 3);
	assert_int_equal(s.epoch, 77);
	assert_int_equal(s.clock, 1000 << 16 | 1);
	assert_int_equal(s.wall, 1234);
	assert_int_equal(s.at, 987654);
	assert_int_equal(s.bindings, 5);
	assert_false(s.part);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.vector[0].cover.watermark, 9 << 16 | 2);
	assert_int_equal(s.vector[1].stream.node, 1);
	assert_int_equal(s.vector[1].cover.watermark, 0);
	assert_int_equal(s.vector[1].cover.n, 2);
	assert_int_equal(s.vector[1].cover.early[1].from, 5 << 16 | 1);
	assert_int_equal(s.vector[1].cover.early[1].to, 6 << 16);
	assert_int_equal(rr_state_encode(&s, buf, sizeof(buf)), sizeof(text) - 1);
	assert_memory_equal(buf, text, sizeof(text) - 1);
	assert_int_equal(s.role, RR_ROLE_UNKNOWN);
	assert_int_equal(parse_state(&s, "1;node=3;epoch=77;bindings=0;role=standby"), 0);
	assert_int_equal(s.role, RR_ROLE_STANDBY);
	assert_int_equal(rr_state_encode(&s, buf, sizeof(buf)), 41);
	assert_memory_equal(buf, "1;node=3;epoch=77;bindings=0;role=standby", 41);
	assert_int_equal(parse_state(&s, "1;node=3;epoch=77;part=1;vector="), 0);
	assert_true(s.part);
	assert_int_equal(s.n, 0);
}

static void state_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} wrong[] = {
		{"1;node=1", RR_WIRE_EMISSING},
		{"1;epoch=1", RR_WIRE_EMISSING},
		{"1;node=1;epoch=0", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;part=2", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;role=master", RR_WIRE_ESYNTAX},
		{"1;node=1;epoch=1;vector=1/1", RR_WIRE_ESYNTAX},
		{"1;node=1;epoch=1;vector=1/1@", RR_WIRE_ESYNTAX},
		{"1;node=1;epoch=1;vector=1/1@5,", RR_WIRE_ESYNTAX},
		{"1;node=1;epoch=1;vector=1/1@5+", RR_WIRE_ESYNTAX},
		{"1;node=1;epoch=1;vector=1/1@5+6-6", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;vector=1/1@5+5-6", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;vector=1/1@5+8-9+6-7", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;vector=1/1@5+6-8+7-9", RR_WIRE_ERANGE},
		{"1;node=1;epoch=1;vector=1/1@0+1-2+3-4+5-6+7-8+9-10+11-12+13-14+15-16+17-18",
			RR_WIRE_ETOOLONG},
	};
	static struct rr_state s, cleared;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = parse_state(&s, wrong[i].text);

		if (rc != wrong[i].error)
			fail_msg("\"%s\": %s", wrong[i].text, rr_wire_strerror(rc));
		assert_memory_equal(&s, &cleared, sizeof(s));
	}
}

/* The largest there is fits RR_STATE_MAX; what does not fit is cut and says so. */
/* root, leaves, sums; and a page of a leaf */
static void digest_both_ways(void **state)
{
	static struct rr_state s = {.node = 3, .epoch = 77}, back;
	static char buf[RR_STATE_MAX];
	int n;

	(void)state;
	s.digest = (struct rr_told_digest){
		.told = true, .sums = true, .group = 5, .round = 9, .root = UINT64_MAX - 1};
	for (uint32_t i = 0; i < RR_GROUP; i++)
		s.digest.leaf[i] = i << 20;
	for (uint32_t i = 0; i < RR_GROUPS; i++)
		s.digest.sum[i] = ~i;
	n = rr_state_encode(&s, buf, sizeof(buf));
	assert_in_range(n, 1500, 1800);
	assert_int_equal(rr_state_parse(&back, buf, (size_t)n), 0);
	assert_memory_equal(&s.digest, &back.digest, sizeof(s.digest));

	memset(&s.digest, 0, sizeof(s.digest));
	s.part = true;
	s.leaf = (struct rr_told_leaf){.told = true, .leaf = 4095, .to = UINT64_MAX, .n = 2};
	s.leaf.pair[0] = (struct rr_pair){0xfff, {rr_hlc(100) | 7, {1, 10}}, false};
	s.leaf.pair[1] = (struct rr_pair){UINT64_MAX, {rr_hlc(200), {2, 20}}, true};
	n = rr_state_encode(&s, buf, sizeof(buf));
	buf[n] = '\0';
	assert_string_equal(buf, "1;node=3;epoch=77;part=1;leaf=4095/0-ffffffffffffffff"
				 ";pairs=fff/1/10@100.7,ffffffffffffffff/2/20-200");
	assert_int_equal(rr_state_parse(&back, buf, (size_t)n), 0);
	assert_int_equal(back.leaf.n, 2);
	assert_true(back.leaf.told && back.leaf.leaf == 4095 && back.leaf.from == 0 &&
		    back.leaf.to == UINT64_MAX);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(s.leaf.pair[i].id, back.leaf.pair[i].id);
		assert_int_equal(s.leaf.pair[i].gone, back.leaf.pair[i].gone);
		assert_int_equal(rr_stamp_cmp(s.leaf.pair[i].stamp, back.leaf.pair[i].stamp), 0);
	}
}

static void digest_refused(void **state)
{
	static const char *const wrong[] = {"digest=", "digest=123", "digest=00000000000000zz",
		"digest=00000000000000001", "leaves=1/128/00", "leaves=1/1/00", "leaves=1",
		"sums=00", "leaf=4096/0-1", "leaf=1", "leaf=1/0", "leaf=1/-1",
		"leaf=1/0-11111111111111111", "pairs=1/1/1@1",
		"leaf=1/0-1;pairs=", "leaf=1/0-1;pairs=1/1/1", "leaf=1/0-1;pairs=1@1",
		"leaf=1/0-1;pairs=1/0/1@1", "leaf=1/0-1;pairs=1/1/1@1,"};
	static struct rr_state s;
	static char many[4096];
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "1;node=3;epoch=77;%s", wrong[i]);
		assert_true(parse_state(&s, text) < 0);
	}
	strcpy(many, "1;node=3;epoch=77;leaf=1/0-1;pairs=1/1/1@1");
	for (int i = 1; i < RR_PAIRS; i++)
		strcat(many, ",1/1/1@1");
	assert_int_equal(parse_state(&s, many), 0);
	strcat(many, ",1/1/1@1");
	assert_int_equal(parse_state(&s, many), RR_WIRE_ETOOLONG);
}

static void state_cut(void **state)
{
	static struct rr_state s, back;
	static char buf[RR_STATE_MAX];
	const uint64_t most = UINT64_MAX - 1000;
	int n, cut;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.node = UINT32_MAX;
	s.epoch = s.bindings = s.clock = s.wall = UINT64_MAX;
	s.n = RR_MAX_STREAMS;
	for (uint32_t i = 0; i < s.n; i++) {
		s.vector[i].stream = (struct rr_stream_id){UINT32_MAX, UINT64_MAX};
		s.vector[i].cover.watermark = most;
		s.vector[i].cover.n = RR_EARLY;
		for (uint32_t k = 0; k < RR_EARLY; k++)
			s.vector[i].cover.early[k] =
				(struct rr_span){most + 2 * k + 1, most + 2 * k + 2};
	}
	n = rr_state_encode(&s, buf, sizeof(buf));
	assert_true(n > 0);
	assert_int_equal(rr_state_parse(&back, buf, (size_t)n), 0);
	assert_int_equal(back.n, RR_MAX_STREAMS);
	assert_false(back.part);
	for (size_t size = 0; size < (size_t)n; size += 97) {
		cut = rr_state_encode(&s, buf, size);
		if (size < 100) {
			assert_true(cut <= (int)size);
			continue;
		}
		assert_in_range(cut, 1, size);
		assert_int_equal(rr_state_parse(&back, buf, (size_t)cut), 0);
		assert_true(back.part && back.n < RR_MAX_STREAMS);
	}
	/* one stream too many */
	n = snprintf(buf, sizeof(buf), "1;node=1;epoch=1;vector=1/1@1");
	for (int i = 0; i < RR_MAX_STREAMS; i++)
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, ",1/1@1");
	assert_int_equal(rr_state_parse(&back, buf, (size_t)n), RR_WIRE_ETOOLONG);
	assert_int_equal(rr_state_parse(&back, buf, (size_t)n - 6), 0);
}

/* --- noise ------------------------------------------------------------------------------------ */

/* Any change of a few bytes is refused or accepted, but harmless, and never read past its end. */
static void mutations(void **state)
{
	static const char text[] = "1;node=3;epoch=77;bindings=5;vector=3/77@9.2,1/50@0+3-4+5.1-6";
	static struct rr_state s;
	static struct rr_msg m;
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *from = i & 1 ? full_text : text;
		size_t len = i & 1 ? sizeof(full_text) - 1 : sizeof(text) - 1;
		char *copy;

		len -= rr_random(&random) % 4 ? 0 : rr_random(&random) % len;
		copy = malloc(len + 1);
		memcpy(copy, from, len);
		for (uint64_t k = rr_random(&random) % 4; k > 0; k--)
			copy[rr_random(&random) % len] = (char)rr_random(&random);
		copy = realloc(copy, len ? len : 1);
		if (rr_msg_parse(&m, copy, len) == 0)
			assert_true(m.from != 0 && m.stream.epoch != 0);
		if (rr_state_parse(&s, copy, len) == 0)
			for (uint32_t k = 0; k < s.n; k++)
				assert_true(rr_cover_valid(&s.vector[k].cover));
		free(copy);
	}
}

static void errors_have_texts(void **state)
{
	(void)state;
	assert_string_equal(rr_wire_strerror(0), "success");
	assert_string_equal(rr_wire_strerror(RR_WIRE_ESYNTAX), "syntax error");
	assert_string_equal(rr_wire_strerror(-1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_out),
		cmocka_unit_test(change_in),
		cmocka_unit_test(change_in_other_words),
		cmocka_unit_test(change_refused),
		cmocka_unit_test(change_too_long),
		cmocka_unit_test(state_both_ways),
		cmocka_unit_test(state_refused),
		cmocka_unit_test(digest_both_ways),
		cmocka_unit_test(digest_refused),
		cmocka_unit_test(state_cut),
		cmocka_unit_test(mutations),
		cmocka_unit_test(errors_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
