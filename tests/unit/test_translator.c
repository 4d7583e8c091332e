/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lumps, and the messages that are built with them; branches and q values beside. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "data_lump.h"
#include "data_lump_rpl.h"
#include "dprint.h"
#include "dset.h"
#include "error.h"
#include "mem/mem.h"
#include "msg_translator.h"
#include "qvalue.h"
#include "resolve.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static unsigned long blocks_before;
static struct socket_info sock, adv_sock;

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
	pkg_fail_after(-1);
	clear_dset();
	pkg_get_stats(&st);
	if (st.fragments != blocks_before)
		print_error("%ld blocks of private memory left\n",
			(long)(st.fragments - blocks_before));
	return st.fragments != blocks_before;
}

static char wire[4096];

/* A message from text with LF, received from 10.1.2.3:4567. */
static void parse_text(struct sip_msg *msg, const char *text)
{
	str ip = str_init("10.1.2.3");
	size_t len = 0;

	for (; *text; text++) {
		if (*text == '\n')
			wire[len++] = '\r';
		wire[len++] = *text;
	}
	memset(msg, 0, sizeof(*msg));
	msg->rcv.src_ip = *str2ip(&ip);
	msg->rcv.src_port = 4567;
	assert_int_equal(parse_msg_opt(wire, len, msg, 0), 0);
	strcpy(msg->add_to_branch_s, "z9hG4bKours");
	msg->add_to_branch_len = strlen(msg->add_to_branch_s);
}

/* Compares what was built, with LF for CRLF, and frees it. */
static void assert_built(char *buf, unsigned int len, const char *want)
{
	char text[4096], *p = text;

	assert_non_null(buf);
	assert_int_equal(strlen(buf), len);
	for (unsigned int i = 0; i < len; i++)
		if (buf[i] != '\r')
			*p++ = buf[i];
	*p = '\0';
	assert_string_equal(text, want);
	pkg_free(buf);
}

#define OUR_VIA "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKours\n"
#define TAIL    "From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 OPTIONS\n"

static char *build_request(struct sip_msg *msg, unsigned int *len)
{
	return build_req_buf_from_sip_req(msg, len, &sock, PROTO_UDP, NULL, 0);
}

/* --- Via --------------------------------------------------------------------- */

static const struct {
	const char *in, *out;
	int flags;
} top_vias[] = {
	{"SIP/2.0/UDP 10.1.2.3:9;branch=b", "SIP/2.0/UDP 10.1.2.3:9;branch=b", 0},
	{"SIP/2.0/UDP 10.9.9.9:9;branch=b", "SIP/2.0/UDP 10.9.9.9:9;received=10.1.2.3;branch=b", 0},
	{"SIP/2.0/UDP host;branch=b", "SIP/2.0/UDP host;received=10.1.2.3;branch=b", 0},
	{"SIP/2.0/UDP host", "SIP/2.0/UDP host;received=10.1.2.3", 0},
	{"SIP/2.0/UDP 10.1.2.3;rport;branch=b",
		"SIP/2.0/UDP 10.1.2.3;received=10.1.2.3;rport=4567;branch=b", 0},
	{"SIP/2.0/UDP h;branch=b;rport", "SIP/2.0/UDP h;received=10.1.2.3;branch=b;rport=4567", 0},
	{"SIP/2.0/UDP h;rport=1;received=1.1.1.1;branch=b",
		"SIP/2.0/UDP h;rport=4567;received=10.1.2.3;branch=b", 0},
	{"SIP/2.0/UDP h;received=1.1.1.1 ; rport ;branch=b",
		"SIP/2.0/UDP h;received=10.1.2.3;rport=4567;branch=b", 0},
	{"SIP/2.0/UDP 10.1.2.3:9;branch=b",
		"SIP/2.0/UDP 10.1.2.3:9;rport=4567;received=10.1.2.3;branch=b", FL_FORCE_RPORT},
	{"SIP/2.0/UDP h ;branch=b (c), SIP/2.0/TCP i;rport",
		"SIP/2.0/UDP h;received=10.1.2.3 ;branch=b (c), SIP/2.0/TCP i;rport", 0},
	{"SIP/2.0/UDP [::1];branch=b", "SIP/2.0/UDP [::1];received=10.1.2.3;branch=b", 0},
};

static void test_top_via(void **state)
{
	char text[500], want[500];
	struct sip_msg msg;
	unsigned int len;
	str ok = str_init("OK");
	char *buf;

	(void)state;
	server_signature = 0;
	for (size_t i = 0; i < ROWS(top_vias); i++) {
		sprintf(text, "OPTIONS sip:x SIP/2.0\nVia: %s\n" TAIL "\n", top_vias[i].in);
		parse_text(&msg, text);
		msg.msg_flags = top_vias[i].flags;
		buf = build_request(&msg, &len);
		sprintf(want, "OPTIONS sip:x SIP/2.0\n" OUR_VIA "Via: %s\n" TAIL "\n",
			top_vias[i].out);
		assert_built(buf, len, want);
		buf = build_res_buf_from_sip_req(200, &ok, NULL, &msg, &len);
		sprintf(want, "SIP/2.0 200 OK\nVia: %s\n" TAIL "Content-Length: 0\n\n",
			top_vias[i].out);
		assert_built(buf, len, want);
		free_sip_msg(&msg);
	}
}

static void test_received_ipv6(void **state)
{
	str ip = str_init("2001:db8::7"), ok = str_init("OK");
	struct sip_msg msg;
	unsigned int len;
	char *buf;

	(void)state;
	parse_text(&msg, "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP [::1]\n" TAIL "\n");
	msg.rcv.src_ip = *str2ip6(&ip);
	buf = build_res_buf_from_sip_req(200, &ok, NULL, &msg, &len);
	assert_non_null(buf);
	assert_non_null(strcasestr(buf, "Via: SIP/2.0/UDP [::1];received=2001:"));
	pkg_free(buf);
	free_sip_msg(&msg);
}

static void test_via_builder(void **state)
{
	str branch = str_init("z9hG4bKb"), params = str_init(";i=5"), host = str_init("1.2.3.4");
	str port = str_init("99");
	struct hostport hp = {&host, &port};
	unsigned int len;
	char *via;

	(void)state;
	via = via_builder(&len, &sock, &branch, &params, PROTO_TCP, NULL);
	assert_built(via, len, "Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKb;i=5\n");
	via = via_builder(&len, &sock, &branch, NULL, PROTO_UDP, &hp);
	assert_built(via, len, "Via: SIP/2.0/UDP 1.2.3.4:99;branch=z9hG4bKb\n");
	via = via_builder(&len, &adv_sock, &branch, NULL, PROTO_UDP, NULL);
	assert_built(via, len, "Via: SIP/2.0/UDP pub.example:5080;branch=z9hG4bKb\n");
	via = via_builder(&len, &adv_sock, &branch, NULL, PROTO_UDP, &hp);
	assert_built(via, len, "Via: SIP/2.0/UDP 1.2.3.4:99;branch=z9hG4bKb\n");
	assert_null(via_builder(&len, &sock, &branch, NULL, PROTO_OTHER, NULL));
}

/* --- requests ---------------------------------------------------------------- */

static void test_request(void **state)
{
	str uri = str_init("sip:new@host"), path = str_init("<sip:p1;lr>,<sip:p2;lr>");
	struct sip_msg msg;
	unsigned int len;
	char *buf;

	(void)state;
	parse_text(&msg,
		"\n\nOPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP 10.1.2.3\nRoute: <sip:old;lr>\n" TAIL
		"\nbody");
	assert_int_equal(set_ruri(&msg, &uri), 0);
	assert_int_equal(set_path_vector(&msg, &path), 0);
	buf = build_request(&msg, &len);
	assert_built(buf, len,
		"OPTIONS sip:new@host SIP/2.0\n" OUR_VIA
		"Route: <sip:p1;lr>,<sip:p2;lr>\nVia: SIP/2.0/UDP 10.1.2.3\n"
		"Route: <sip:old;lr>\n" TAIL "\nbody");
	/* a stream has to have a Content-Length */
	clear_path_vector(&msg);
	buf = build_req_buf_from_sip_req(&msg, &len, &sock, PROTO_TCP, NULL, 0);
	assert_built(buf, len,
		"OPTIONS sip:new@host SIP/2.0\n"
		"Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKours\n"
		"Via: SIP/2.0/UDP 10.1.2.3\nRoute: <sip:old;lr>\n" TAIL
		"Content-Length: 4\n\nbody");
	buf = build_req_buf_from_sip_req(&msg, &len, &sock, PROTO_UDP, NULL, MSG_TRANS_NOVIA_FLAG);
	assert_built(buf, len,
		"OPTIONS sip:new@host SIP/2.0\nVia: SIP/2.0/UDP 10.1.2.3\n"
		"Route: <sip:old;lr>\n" TAIL "\nbody");
	free_sip_msg(&msg);
}

static void test_too_long(void **state)
{
	char *big = malloc(BUF_SIZE + 1);
	struct sip_msg msg;
	unsigned int len;
	str uri = {big, BUF_SIZE};

	(void)state;
	memset(big, 'x', BUF_SIZE);
	parse_text(&msg, "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP h\n" TAIL "\n");
	assert_int_equal(set_ruri(&msg, &uri), 0);
	assert_null(build_request(&msg, &len));
	free_sip_msg(&msg);
	free(big);
}

/* --- lumps ------------------------------------------------------------------- */

#define HEAD  "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP 10.1.2.3\n"
#define BUILT "OPTIONS sip:x SIP/2.0\n" OUR_VIA "Via: SIP/2.0/UDP 10.1.2.3\n"

static char *text_of(const char *s)
{
	char *p = pkg_malloc(strlen(s));

	memcpy(p, s, strlen(s));
	return p;
}

static unsigned int offset_of(const char *what)
{
	char *p = strstr(wire, what);

	assert_non_null(p);
	return p - wire;
}

static void add_before(struct lump *l, const char *s)
{
	assert_non_null(insert_new_lump_before(l, text_of(s), strlen(s), HDR_OTHER_T));
}

static void add_after(struct lump *l, const char *s)
{
	assert_non_null(insert_new_lump_after(l, text_of(s), strlen(s), HDR_OTHER_T));
}

static void test_lumps(void **state)
{
	struct sip_msg msg;
	struct lump *l;
	unsigned int len;
	char *buf;

	(void)state;
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, HEAD TAIL "X: one\nY: two\nZ: three\n\nbody");
	/* entered out of order */
	l = anchor_lump(&msg, offset_of("\r\n\r\nbody") + 2, HDR_OTHER_T);
	assert_non_null(l);
	add_before(l, "End: 1\r\n");
	l = del_lump(&msg, offset_of("two"), 3, HDR_OTHER_T);
	add_before(l, "(near)");
	add_before(l, "[nearest]");
	add_after(l, "(far)");
	add_after(l, "[nearest]");
	assert_non_null(del_lump(&msg, offset_of("X: one"), 8, HDR_OTHER_T));
	l = anchor_lump(&msg, offset_of("From"), HDR_FROM_T);
	add_before(l, "New: first\r\n");
	buf = build_request(&msg, &len);
	assert_built(buf, len,
		BUILT "New: first\n" TAIL
		      "Y: (near)[nearest][nearest](far)\nZ: three\nEnd: 1\n\nbody");
	free_sip_msg(&msg);
}

static void test_overlapping_lumps(void **state)
{
	struct sip_msg msg;
	struct lump *l;
	unsigned int len;
	char *buf;

	(void)state;
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, HEAD TAIL "X: 0123456789\n\n");
	assert_non_null(del_lump(&msg, offset_of("2345"), 4, HDR_OTHER_T));
	l = del_lump(&msg, offset_of("456"), 4, HDR_OTHER_T); /* goes on to 7 */
	add_after(l, "lost");
	assert_non_null(del_lump(&msg, offset_of("345"), 1, HDR_OTHER_T));
	buf = build_request(&msg, &len);
	assert_built(buf, len, BUILT TAIL "X: 0189\n\n");
	free_sip_msg(&msg);
	/* the whole Via is deleted: what we would have put into it is not left over */
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP host;rport\n" TAIL "\n");
	del_lump(&msg, msg.h_via1->name.s - wire, msg.h_via1->len, HDR_VIA_T);
	buf = build_request(&msg, &len);
	assert_built(buf, len, "OPTIONS sip:x SIP/2.0\n" OUR_VIA TAIL "\n");
	free_sip_msg(&msg);
}

static void test_lump_bounds(void **state)
{
	struct sip_msg msg;
	unsigned int eoh;

	(void)state;
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, HEAD TAIL "\nbody");
	eoh = offset_of("\r\n\r\nbody") + 2;
	assert_null(del_lump(&msg, eoh, 1, HDR_OTHER_T));
	assert_null(del_lump(&msg, eoh - 1, 2, HDR_OTHER_T));
	assert_null(del_lump(&msg, 0, 0xffffffff, HDR_OTHER_T));
	assert_null(anchor_lump(&msg, eoh + 1, HDR_OTHER_T));
	assert_null(msg.add_rm);
	free_sip_msg(&msg);
}

static void test_lump_copies(void **state)
{
	struct sip_msg msg;
	struct lump *l, *own, *shared;
	unsigned int len;
	char *buf;

	(void)state;
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, HEAD TAIL "X: one\n\n");
	l = del_lump(&msg, offset_of("one"), 3, HDR_OTHER_T);
	add_before(l, "b");
	set_init_lump_flags(LUMPFLAG_BRANCH);
	add_after(l, "branch");
	add_before(anchor_lump(&msg, offset_of("To:"), HDR_TO_T), "Br: 1\r\n");
	reset_init_lump_flags();
	shared = msg.add_rm;
	msg.add_rm = own = dup_lump_list(shared);
	assert_non_null(own);
	buf = build_request(&msg, &len);
	assert_built(buf, len,
		BUILT "From: <sip:a@b>;tag=1\nBr: 1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 OPTIONS\n"
		      "X: bbranch\n\n");
	free_lump_list(own);
	msg.add_rm = shared;
	free_sip_msg(&msg);
}

/* --- replies ----------------------------------------------------------------- */

static void test_own_reply(void **state)
{
	str trying = str_init("Trying"), ok = str_init("OK"), tag = str_init("ours");
	struct sip_msg msg;
	unsigned int len;
	char *buf;

	(void)state;
	server_signature = 1;
	*server_header = str_init("Server: test");
	parse_text(&msg, "INVITE sip:x SIP/2.0\nRecord-Route: <sip:rr;lr>\n"
			 "Via: SIP/2.0/UDP 10.1.2.3, SIP/2.0/UDP i\nv: SIP/2.0/UDP j\nSubject: no\n"
			 "From: <sip:a@b>;tag=1\nt  :  <sip:c@d>\ni: x\nCSeq:\n 1 INVITE\n\n");
#define REPLY_VIAS "Via: SIP/2.0/UDP 10.1.2.3, SIP/2.0/UDP i\nv: SIP/2.0/UDP j\n"
	buf = build_res_buf_from_sip_req(100, &trying, &tag, &msg, &len);
	assert_built(buf, len,
		"SIP/2.0 100 Trying\n" REPLY_VIAS "From: <sip:a@b>;tag=1\nt  :  <sip:c@d>\ni: x\n"
		"CSeq:\n 1 INVITE\nServer: test\nContent-Length: 0\n\n");
	assert_non_null(add_lump_rpl(&msg, (char *)"X: 1\r\n", 6, LUMP_RPL_HDR));
	assert_non_null(add_lump_rpl(&msg, (char *)"abc", 3, LUMP_RPL_BODY));
	assert_null(add_lump_rpl(&msg, (char *)"abc", 3, LUMP_RPL_BODY));
	buf = build_res_buf_from_sip_req(200, &ok, &tag, &msg, &len);
	assert_built(buf, len,
		"SIP/2.0 200 OK\nRecord-Route: <sip:rr;lr>\n" REPLY_VIAS
		"From: <sip:a@b>;tag=1\nt  :  <sip:c@d>;tag=ours\ni: x\nCSeq:\n 1 INVITE\n"
		"X: 1\nServer: test\nContent-Length: 3\n\nabc");
	buf = build_res_buf_from_sip_req(404, &ok, NULL, &msg, &len);
	assert_non_null(buf);
	assert_null(strstr(buf, "Record-Route"));
	assert_null(strstr(buf, "tag=ours"));
	pkg_free(buf);
	assert_null(build_res_buf_from_sip_req(99, &ok, NULL, &msg, &len));
	assert_null(build_res_buf_from_sip_req(700, &ok, NULL, &msg, &len));
	free_sip_msg(&msg);
	server_signature = 0;
}

static void test_reply_keeps_tag(void **state)
{
	str ok = str_init("OK"), tag = str_init("ours");
	struct sip_msg msg;
	unsigned int len;
	char *buf;

	(void)state;
	parse_text(&msg, "BYE sip:x SIP/2.0\nVia: SIP/2.0/UDP 10.1.2.3\nFrom: <sip:a@b>;tag=1\n"
			 "To: <sip:c@d>;tag=theirs\nCall-ID: x\nCSeq: 1 BYE\n\n");
	buf = build_res_buf_from_sip_req(200, &ok, &tag, &msg, &len);
	assert_non_null(strstr(buf, ";tag=theirs\r\n"));
	pkg_free(buf);
	free_sip_msg(&msg);
}

/* What is broken does not keep us from saying so. */
static void test_reply_to_broken(void **state)
{
	str text = str_init("Bad"), tag = str_init("ours");
	struct sip_msg msg;
	unsigned int len;
	char *buf;

	(void)state;
	parse_text(&msg, "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP 10.1.2.3\nTo: <broken\ngarbage\n"
			 "CSeq: y\nFrom: z\n\n");
	buf = build_res_buf_from_sip_req(400, &text, &tag, &msg, &len);
	assert_built(buf, len,
		"SIP/2.0 400 Bad\nVia: SIP/2.0/UDP 10.1.2.3\nTo: <broken\nCSeq: y\nFrom: z\n"
		"Content-Length: 0\n\n");
	free_sip_msg(&msg);
}

static void test_relayed_reply(void **state)
{
	static const struct {
		const char *vias, *want;
	} rows[] = {
		{"Via: SIP/2.0/UDP our\nVia: SIP/2.0/UDP h\n", "Via: SIP/2.0/UDP h\n"},
		{"Via: SIP/2.0/UDP our;branch=1 (c) , SIP/2.0/UDP h\n", "Via:  SIP/2.0/UDP h\n"},
		{"Via: SIP/2.0/UDP our,\n SIP/2.0/UDP h\nv: SIP/2.0/UDP i\n",
			"Via: \n SIP/2.0/UDP h\nv: SIP/2.0/UDP i\n"},
		{"Via: SIP/2.0/UDP our\n", ""},
	};
	char text[500], want[500];
	struct sip_msg msg;
	struct lump *l;
	unsigned int len;
	char *buf;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		memset(wire, 0, sizeof(wire));
		sprintf(text, "SIP/2.0 200 OK\n%s" TAIL "\nbody", rows[i].vias);
		parse_text(&msg, text);
		l = anchor_lump(&msg, offset_of("From"), HDR_FROM_T);
		add_before(l, "X: y\r\n");
		buf = build_res_buf_from_sip_res(&msg, &len, &sock, 0);
		sprintf(want, "SIP/2.0 200 OK\n%sX: y\n" TAIL "Content-Length: 4\n\nbody",
			rows[i].want);
		assert_built(buf, len, want);
		free_sip_msg(&msg);
	}
}

static void test_out_of_memory(void **state)
{
	str ok = str_init("OK"), tag = str_init("ours");
	struct sip_msg msg;
	struct lump *copy;
	unsigned int len;
	char *buf;

	(void)state;
	memset(wire, 0, sizeof(wire));
	parse_text(&msg, HEAD TAIL "X: one\n\n");
	add_before(del_lump(&msg, offset_of("one"), 3, HDR_OTHER_T), "two");
	for (long n = 0;; n++) {
		pkg_fail_after(n);
		buf = build_request(&msg, &len);
		pkg_fail_after(-1);
		if (buf)
			break;
		assert_true(n < 10);
	}
	pkg_free(buf);
	for (long n = 0;; n++) {
		pkg_fail_after(n);
		copy = dup_lump_list(msg.add_rm);
		if (copy)
			break;
		assert_true(n < 10);
	}
	pkg_fail_after(0);
	assert_null(build_res_buf_from_sip_req(200, &ok, &tag, &msg, &len));
	assert_null(add_lump_rpl(&msg, (char *)"abc", 3, LUMP_RPL_HDR));
	assert_null(anchor_lump(&msg, 10, HDR_OTHER_T));
	assert_int_equal(set_dst_uri(&msg, &ok), -1);
	assert_null(msg.dst_uri.s);
	pkg_fail_after(-1);
	free_lump_list(copy);
	free_sip_msg(&msg);
}

/* --- branches, q values, names ------------------------------------------------ */

static void test_branches(void **state)
{
	char uri[] = "sip:1@h";
	struct msg_branch b = {.uri = str_init(""), .q = 500};
	struct sip_msg msg = {.ruri_bflags = 0};
	int n;

	(void)state;
	assert_int_equal(append_msg_branch(&b), -1);
	init_str(&b.uri, uri);
	for (n = 0; append_msg_branch(&b) == 1; n++)
		uri[4]++;
	assert_int_equal(n, MAX_BRANCHES - 1);
	assert_non_null(get_msg_branch(n - 1));
	assert_int_equal(ser_error, E_TOO_MANY_BRANCHES);
	assert_int_equal(get_msg_branch(1)->uri.s[4], '2'); /* a copy of its own */
	assert_null(get_msg_branch(1)->path.s);
	assert_int_equal(setbflag(&msg, 0, 4), 1);
	assert_int_equal(setbflag(&msg, 1, 8), 1);
	assert_int_equal(setbflag(&msg, MAX_BRANCHES, 8), -1);
	assert_int_equal(isbflagset(&msg, 0, 4), 1);
	assert_int_equal(isbflagset(&msg, 0, 8), -1);
	assert_int_equal(isbflagset(&msg, 1, 8), 1);
	assert_int_equal(resetbflag(&msg, 1, 8), 1);
	assert_int_equal(isbflagset(&msg, 1, 8), -1);
	set_dset_state(0);
	assert_null(get_msg_branch(0));
	assert_int_equal(append_msg_branch(&b), -1);
	set_dset_state(1);
	clear_dset();
	assert_null(get_msg_branch(0));
}

static void test_qvalues(void **state)
{
	static const struct {
		const char *text;
		int rc, q;
		const char *back;
	} rows[] = {{"1", 0, 1000, "1"}, {"1.0", 0, 1000, "1"}, {"0", 0, 0, "0"},
		{"0.5", 0, 500, "0.5"}, {"0.25", 0, 250, "0.25"}, {"0.123", 0, 123, "0.123"},
		{"0.1239", 0, 123, "0.123"}, {"0.05", 0, 50, "0.05"}, {".7", 0, 700, "0.7"},
		{"", E_Q_EMPTY, 0, NULL}, {"1.1", E_Q_TOO_BIG, 0, NULL},
		{"2", E_Q_TOO_BIG, 0, NULL}, {"high", E_Q_INV_CHAR, 0, NULL},
		{"0.5x", E_Q_INV_CHAR, 0, NULL}, {"-1", E_Q_INV_CHAR, 0, NULL}};
	qvalue_t q;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(str2q(&q, (char *)rows[i].text, strlen(rows[i].text)), rows[i].rc);
		if (rows[i].rc)
			continue;
		assert_int_equal(q, rows[i].q);
		assert_string_equal(q2str(q, NULL), rows[i].back);
	}
	assert_string_equal(q2str(Q_UNSPECIFIED, NULL), "");
}

static void test_proxies(void **state)
{
	str four = str_init("10.0.0.1"), six = str_init("[::1]"), none = str_init("");
	union sockaddr_union su;
	struct proxy_l *p;

	(void)state;
	p = mk_proxy(&four, 0, PROTO_NONE, 0);
	assert_non_null(p);
	assert_int_equal(p->port, SIP_PORT);
	assert_int_equal(p->proto, PROTO_UDP);
	assert_int_equal(hostent2su(&su, &p->host, p->addr_idx, p->port), 0);
	assert_int_equal(su_getport(&su), SIP_PORT);
	assert_int_equal(su.sin.sin_addr.s_addr, htonl(0x0a000001));
	free_proxy(p);
	pkg_free(p);
	p = mk_proxy(&six, 5070, PROTO_NONE, 1);
	assert_non_null(p);
	assert_int_equal(p->proto, PROTO_TLS);
	assert_int_equal(p->host.h_addrtype, AF_INET6);
	free_proxy(p);
	pkg_free(p);
	assert_null(mk_proxy(&none, 0, 0, 0));
	pkg_fail_after(1);
	assert_null(mk_proxy(&four, 0, 0, 0));
	pkg_fail_after(-1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, remember_blocks, check_blocks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_top_via),
		TEST(test_received_ipv6),
		TEST(test_via_builder),
		TEST(test_request),
		TEST(test_too_long),
		TEST(test_lumps),
		TEST(test_overlapping_lumps),
		TEST(test_lump_bounds),
		TEST(test_lump_copies),
		TEST(test_own_reply),
		TEST(test_reply_keeps_tag),
		TEST(test_reply_to_broken),
		TEST(test_relayed_reply),
		TEST(test_out_of_memory),
		TEST(test_branches),
		TEST(test_qvalues),
		TEST(test_proxies),
	};

	stderr_enabled = 0;
	init_pkg_mallocs();
	sock.proto = adv_sock.proto = PROTO_UDP;
	sock.address_str = adv_sock.address_str = str_init("127.0.0.1");
	sock.port_no_str = adv_sock.port_no_str = str_init("5060");
	adv_sock.adv_name_str = str_init("pub.example");
	adv_sock.adv_port_str = str_init("5080");
	return cmocka_run_group_tests_name("translator", tests, NULL, NULL);
}
