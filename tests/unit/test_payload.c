/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binding on its way from usrloc into a REGISTER and back, without usrloc: what is written
 * is parsed again and has to be the same, and what does not fit or is broken is said to be.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "mem/mem.h"
#include "dprint.h"
#include "parser/msg_parser.h"
#include "parser/parse_methods.h"
#include "payload.h"

static unsigned long blocks_before;

static int remember_blocks(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_get_stats(&st);
	blocks_before = st.fragments;
	return 0;
}

static int check_blocks(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_get_stats(&st);
	if (st.fragments != blocks_before)
		print_error("%ld blocks left\n", (long)(st.fragments - blocks_before));
	return st.fragments != blocks_before;
}

static str s(const char *text)
{
	return (str){(char *)(size_t)text, (int)strlen(text)};
}

static void assert_str(str got, const char *want)
{
	if (got.len != (int)strlen(want) || memcmp(got.s ? got.s : "", want, got.len) != 0)
		fail_msg("[%.*s], not [%s]", got.len, got.s ? got.s : "", want);
}

/* --- AoRs -------------------------------------------------------------------------- */

static void aor_becomes_uri(void **state)
{
	static const char *const rows[][2] = {
		{"alice", "sip:alice@h.org"},
		{"alice@x.org", "sip:alice@x.org"},
		{"a@b@x.org", "sip:a%40b@x.org"},
		{"sp ce", "sip:sp%20ce@h.org"},
		{"50%", "sip:50%25@h.org"},
		{"+49;ext=1", "sip:+49;ext=1@h.org"},
		{"\xc3\xa4", "sip:%C3%A4@h.org"},
		{"", "sip:@h.org"},
	};
	char buf[64];
	str host = s("h.org");

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text t = {buf, 0, sizeof(buf), false};
		str aor = s(rows[i][0]);

		payload_aor_uri(&aor, &host, &t);
		assert_false(t.full);
		assert_str((str){t.s, t.len}, rows[i][1]);
	}
}

static void aor_that_does_not_fit(void **state)
{
	char buf[16] = {[15] = 'x'};
	struct text t = {buf, 0, 15, false};
	str aor = s("a-very-long-user-name"), host = s("h.org");

	(void)state;
	payload_aor_uri(&aor, &host, &t);
	assert_true(t.full);
	assert_int_equal(buf[15], 'x');
}

/* --- there and back ------------------------------------------------------------------ */

static struct payload full_payload(void)
{
	return (struct payload){
		.aor = s("alice"),
		.contact = s("sip:alice@10.0.0.1:5062;transport=tcp"),
		.callid = s("c1@phone"),
		.cseq = 17,
		.q = 500,
		.methods = METHOD_INVITE | METHOD_BYE | METHOD_OTHER,
		.user_agent = s("Phone \"X\"/1"),
		.path = s("<sip:p1.org;lr>, <sip:p2.org;lr>"),
		.received = s("sip:1.2.3.4:4000;transport=tcp"),
		.instance = s("<urn:uuid:0-1-2>"),
		.sock = s("udp:10.0.0.9:5060"),
		.adv_sock = s("udp:192.0.2.9:5060"),
	};
}

/* A REGISTER with these header fields, parsed. The caller frees it. */
static void register_with(struct sip_msg *msg, char *buf, int size, const char *headers, int len)
{
	int n = snprintf(buf, size,
		"REGISTER sip:x.org SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\n"
		"To: <sip:alice@x.org>\r\nFrom: <sip:alice@x.org>;tag=1\r\n"
		"Call-ID: c1@phone\r\nCSeq: 17 REGISTER\r\n"
		"%.*sContent-Length: 0\r\n\r\n",
		len, headers);

	assert_true(n < size);
	memset(msg, 0, sizeof(*msg));
	msg->buf = buf;
	msg->len = n;
	assert_int_equal(parse_msg(buf, n, msg), 0);
	assert_int_equal(parse_headers(msg, HDR_EOH_F, 0), 0);
}

static void there_and_back(void **state)
{
	struct payload out = full_payload(), in = {0};
	char headers[2048], buf[4096];
	struct text t = {headers, 0, sizeof(headers), false};
	struct sip_msg msg;
	unsigned int left;

	(void)state;
	payload_headers(&out, 300, false, &t);
	assert_false(t.full);
	register_with(&msg, buf, sizeof(buf), t.s, t.len);
	assert_null(payload_parse(&in, &msg, &left));
	assert_int_equal(left, 300);
	assert_int_equal(in.cseq, 17);
	assert_int_equal(in.q, 500);
	assert_int_equal(in.methods, out.methods);
	assert_str(in.callid, "c1@phone");
	assert_str(in.contact, out.contact.s);
	assert_str(in.user_agent, out.user_agent.s);
	assert_str(in.path, out.path.s);
	assert_str(in.received, out.received.s);
	assert_str(in.instance, out.instance.s);
	assert_str(in.sock, out.sock.s);
	free_sip_msg(&msg);
}

static void nothing_but_the_contact(void **state)
{
	struct payload out = {.contact = s("sip:a@b"), .q = Q_UNSPECIFIED, .methods = ALL_METHODS};
	char headers[256];
	struct text t = {headers, 0, sizeof(headers), false};

	(void)state;
	payload_headers(&out, 60, false, &t);
	assert_str((str){t.s, t.len}, "Contact: <sip:a@b>;expires=60\r\n");
}

static void permanent_is_no_removal(void **state)
{
	struct payload out = {.contact = s("sip:a@b"), .q = 700, .methods = ALL_METHODS};
	char headers[256];
	struct text t = {headers, 0, sizeof(headers), false};

	(void)state;
	payload_headers(&out, 0, false, &t);
	assert_str((str){t.s, t.len}, "Contact: <sip:a@b>;expires=0;q=0.7\r\n");
}

static void removal_carries_the_contact_only(void **state)
{
	struct payload out = full_payload();
	char headers[256];
	struct text t = {headers, 0, sizeof(headers), false};

	(void)state;
	out.removed = true;
	payload_headers(&out, 0, false, &t);
	assert_str((str){t.s, t.len},
		"Contact: <sip:alice@10.0.0.1:5062;transport=tcp>;expires=0\r\n");
}

/* A plain peer resolves the socket as the outside knows it. */
static void plain_peer_gets_advertised_socket(void **state)
{
	struct payload out = full_payload();
	char headers[2048];
	struct text t = {headers, 0, sizeof(headers), false};

	(void)state;
	payload_headers(&out, 60, true, &t);
	assert_non_null(memmem(t.s, t.len, "Sock-Info: udp:192.0.2.9:5060\r\n", 31));
}

static void last_user_agent_counts(void **state)
{
	static const char text[] = "User-Agent: OpenSIPS\r\nContact: <sip:a@b>;expires=5\r\n"
				   "User-Agent: phone\r\n";
	struct payload in = {0};
	struct sip_msg msg;
	unsigned int left;
	char buf[1024];

	(void)state;
	register_with(&msg, buf, sizeof(buf), text, sizeof(text) - 1);
	assert_null(payload_parse(&in, &msg, &left));
	assert_str(in.user_agent, "phone");
	free_sip_msg(&msg);
}

static void broken_registers(void **state)
{
	static const char *const rows[] = {
		"",
		"Contact: *\r\n",
		"Contact: <sip:a@b>\r\n",
		"Contact: <sip:a@b>;expires=soon\r\n",
		"Contact: <sip:a@b>;expires=-1\r\n",
		"Contact: <sip:a@b>;expires=5x\r\n",
		"Contact: <sip:a@b>;expires=5;q=7\r\n",
		"Contact: <sip:a@b>;expires=5, <sip:c@d>;expires=5\r\n",
		"Contact: <sip:a@b>;expires=5\r\nContact: <sip:c@d>;expires=5\r\n",
		"Contact: <sip:a@b\r\n",
	};
	struct sip_msg msg;
	unsigned int left;
	char buf[1024];

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct payload in = {0};

		register_with(&msg, buf, sizeof(buf), rows[i], strlen(rows[i]));
		if (!payload_parse(&in, &msg, &left))
			fail_msg("taken: %s", rows[i]);
		free_sip_msg(&msg);
	}
}

/* --- from usrloc ----------------------------------------------------------------------- */

static void copy_unfolds_and_bounds(void **state)
{
	static struct payload p;
	static char big[PAYLOAD_MAX + 1];
	str domain = s("location"), aor = s("alice");
	ucontact_t c = {.domain = &domain, .aor = &aor, .c = s("sip:a@b"), .callid = s("1")};

	(void)state;
	c.user_agent = s("folded\r\n line");
	assert_true(payload_copy(&p, &c));
	assert_str(p.user_agent, "folded   line");
	assert_int_equal(p.sock.len, 0);
	memset(big, 'a', sizeof(big));
	c.attr = (str){big, sizeof(big)};
	assert_false(payload_copy(&p, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aor_becomes_uri),
		cmocka_unit_test(aor_that_does_not_fit),
		cmocka_unit_test_setup_teardown(there_and_back, remember_blocks, check_blocks),
		cmocka_unit_test(nothing_but_the_contact),
		cmocka_unit_test(permanent_is_no_removal),
		cmocka_unit_test(removal_carries_the_contact_only),
		cmocka_unit_test(plain_peer_gets_advertised_socket),
		cmocka_unit_test_setup_teardown(
			last_user_agent_counts, remember_blocks, check_blocks),
		cmocka_unit_test_setup_teardown(broken_registers, remember_blocks, check_blocks),
		cmocka_unit_test(copy_unfolds_and_bounds),
	};

	stderr_enabled = 0;
	if (init_pkg_mallocs() < 0)
		return 1;
	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
