/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a message through receive_msg(), and stateless forwarding. What would be sent is
 * caught; a callback before the script stands for the script.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "context.h"
#include "core_stats.h"
#include "dprint.h"
#include "dset.h"
#include "forward.h"
#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "receive.h"
#include "route.h"
#include "script_cb.h"
#include "sr_module.h"
#include "statistics.h"
#include "usr_avp.h"

static struct socket_info_full sock;
static struct receive_info rcv;
static char sent[BUF_SIZE + 1];
static union sockaddr_union sent_to;
static int sent_no, script_runs, module_asked, module_takes;
static int (*script)(struct sip_msg *msg);
static unsigned long blocks_before;

static int catch_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	(void)si;
	(void)id;
	memcpy(sent, buf, len);
	sent[len] = '\0';
	sent_to = *to;
	sent_no++;
	return len;
}

static int run_script(struct sip_msg *msg, void *param)
{
	(void)param;
	script_runs++;
	return script ? script(msg) : SCB_RUN_POST_CBS;
}

static int module_response(struct sip_msg *msg)
{
	(void)msg;
	module_asked++;
	return module_takes ? 0 : 1;
}

static const struct module_exports test_exports = {
	.name = "test",
	.response_f = module_response,
};
static struct sr_module test_module = {.exports = &test_exports};

static int remember_blocks(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_get_stats(&st);
	blocks_before = st.fragments;
	sent_no = script_runs = module_asked = module_takes = 0;
	script = NULL;
	sent[0] = '\0';
	rcv.proto_reserved1 = 0;
	return 0;
}

static int check_blocks(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_fail_after(-1);
	pkg_get_stats(&st);
	if (st.fragments != blocks_before)
		print_error("%ld blocks of private memory left\n",
			(long)(st.fragments - blocks_before));
	return st.fragments != blocks_before;
}

/* Receives a text whose lines end with LF, from an exact block. */
static int receive(const char *text)
{
	char *wire = malloc(2 * strlen(text) + 1), *buf;
	size_t len = 0;
	int rc;

	for (; *text; text++) {
		if (*text == '\n')
			wire[len++] = '\r';
		wire[len++] = *text;
	}
	buf = realloc(wire, len ? len : 1);
	rc = receive_msg(buf, len, &rcv, NULL, 0);
	free(buf);
	return rc;
}

static unsigned long value(stat_var *var)
{
	return get_stat_val(var);
}

#define VIA  "Via: SIP/2.0/UDP h:9;branch=z9hG4bK1\n"
#define REST "From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 OPTIONS\n"

static void test_good_request(void **state)
{
	unsigned long requests = value(rcv_reqs), errors = value(err_reqs);

	(void)state;
	assert_int_equal(receive("OPTIONS sip:h SIP/2.0\n" VIA REST "\n"), 0);
	assert_int_equal(script_runs, 1);
	assert_int_equal(sent_no, 0);
	assert_int_equal(value(rcv_reqs), requests + 1);
	assert_int_equal(value(err_reqs), errors);
}

static void test_bad_request(void **state)
{
	unsigned long errors = value(err_reqs);

	(void)state;
	assert_int_equal(receive("OPTIONS sip:h SIP/2.0\n" VIA "To: <sip:c@d>\n\n"), -1);
	assert_int_equal(script_runs, 0);
	assert_int_equal(sent_no, 1);
	assert_memory_equal(sent, "SIP/2.0 400 Missing From\r\n", 26);
	assert_non_null(strstr(sent, ";received=10.0.0.2"));
	assert_int_equal(sent_to.sin.sin_addr.s_addr, htonl(0x0a000002));
	assert_int_equal(su_getport(&sent_to), 9); /* of Via, since it has no rport */
	assert_int_equal(value(err_reqs), errors + 1);
	/* with rport it goes where it came from */
	receive("OPTIONS sip:h SIP/3.0\nVia: SIP/2.0/UDP h:9;rport\n" REST "\n");
	assert_memory_equal(sent, "SIP/2.0 505 ", 12);
	assert_int_equal(su_getport(&sent_to), 5070);
}

static void test_silence(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"x",
		"OPTIONS sip:h SIP/2.0\n" REST "\n",
		"OPTIONS sip:h SIP/2.0\nVia: x\n" REST "\n",
		"ACK sip:h SIP/2.0\n" VIA "\n",
		"SIP/2.0 200 OK\n" VIA "\n",
		"SIP/2.0 999 OK\n" VIA REST "\n",
	};
	unsigned long errors = value(err_reqs) + value(err_rpls);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(receive(texts[i]), -1);
	assert_int_equal(sent_no, 0);
	assert_int_equal(script_runs, 0);
	assert_int_equal(value(err_reqs) + value(err_rpls), errors + 8);
}

static int see_body(struct sip_msg *msg)
{
	assert_memory_equal(msg->buf + msg->len - 3, "\nab", 3);
	return SCB_DROP_MSG;
}

static void test_body_is_cut(void **state)
{
	unsigned long drops = value(drp_reqs);

	(void)state;
	script = see_body;
	receive("OPTIONS sip:h SIP/2.0\n" VIA REST "Content-Length: 2\n\nabOPTIONS sip:h");
	assert_int_equal(script_runs, 1);
	assert_int_equal(value(drp_reqs), drops + 1);
}

static void test_too_long(void **state)
{
	char *big = calloc(1, BUF_SIZE + 1);

	(void)state;
	assert_int_equal(receive_msg(big, BUF_SIZE + 1, &rcv, NULL, 0), -1);
	assert_int_equal(sent_no, 0);
	free(big);
}

static int append_branch(struct sip_msg *msg)
{
	struct msg_branch b = {.uri = str_init("sip:x")};
	str uri = str_init("sip:y");

	assert_int_equal(append_msg_branch(&b), 1);
	assert_int_equal(set_dst_uri(msg, &uri), 0);
	assert_non_null(current_processing_ctx);
	return SCB_RUN_POST_CBS;
}

/* Nothing of one message is there when the next one comes. */
static void test_nothing_is_left(void **state)
{
	(void)state;
	script = append_branch;
	receive("OPTIONS sip:h SIP/2.0\n" VIA REST "\n");
	assert_null(get_msg_branch(0));
	assert_null(current_processing_ctx);
}

/* --- forwarding ---------------------------------------------------------------- */

static int forward_it(struct sip_msg *msg)
{
	assert_int_equal(forward_request(msg, NULL), 0);
	return SCB_DROP_MSG;
}

static void top_branch(char *branch, size_t size)
{
	char *p = strstr(sent, "branch=");
	size_t n;

	assert_non_null(p);
	n = strcspn(p, ";\r");
	assert_true(n < size);
	memcpy(branch, p, n);
	branch[n] = '\0';
}

static void test_forward_request(void **state)
{
	char first[100], again[100], cancel[100], other[100];
	unsigned long forwarded = value(fwd_reqs);

	(void)state;
	script = forward_it;
	receive("INVITE sip:10.0.0.9:5080 SIP/2.0\n" VIA
		"From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 INVITE\n\n");
	assert_int_equal(sent_no, 1);
	assert_int_equal(sent_to.sin.sin_addr.s_addr, htonl(0x0a000009));
	assert_int_equal(su_getport(&sent_to), 5080);
	assert_int_equal(value(fwd_reqs), forwarded + 1);
	assert_memory_equal(strstr(sent, "Via: "), "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK",
		strlen("Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK"));
	top_branch(first, sizeof(first));
	/* RFC 3261, 16.11: retransmission and CANCEL get the same branch, another request does not
	 */
	receive("INVITE sip:10.0.0.9:5080 SIP/2.0\n" VIA
		"From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 INVITE\n\n");
	top_branch(again, sizeof(again));
	assert_string_equal(first, again);
	receive("CANCEL sip:10.0.0.9:5080 SIP/2.0\n" VIA
		"From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 CANCEL\n\n");
	top_branch(cancel, sizeof(cancel));
	assert_string_equal(first, cancel);
	receive("INVITE sip:10.0.0.9:5080 SIP/2.0\nVia: SIP/2.0/UDP h:9;branch=z9hG4bK2\n"
		"From: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\nCSeq: 1 INVITE\n\n");
	top_branch(other, sizeof(other));
	assert_string_not_equal(first, other);
}

static int forward_in_vain(struct sip_msg *msg)
{
	assert_true(forward_request(msg, NULL) < 0);
	return SCB_DROP_MSG;
}

static void test_forward_nowhere(void **state)
{
	unsigned long errors = value(err_reqs);

	(void)state;
	script = forward_in_vain;
	receive("OPTIONS sip:10.0.0.9;transport=tcp SIP/2.0\n" VIA REST "\n");
	receive("OPTIONS tel:+1 SIP/2.0\n" VIA REST "\n");
	assert_int_equal(script_runs, 2);
	assert_int_equal(sent_no, 0);
	assert_int_equal(value(err_reqs), errors + 2);
}

#define OURS "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK9\n"

static void test_forward_reply(void **state)
{
	static const struct {
		const char *via;
		unsigned int ip, port;
	} rows[] = {
		{"Via: SIP/2.0/UDP 10.0.0.7:5090\n", 0x0a000007, 5090},
		{"Via: SIP/2.0/UDP 10.0.0.7\n", 0x0a000007, 5060},
		{"Via: SIP/2.0/UDP 10.0.0.7:5090;received=10.0.0.8\n", 0x0a000008, 5090},
		{"Via: SIP/2.0/UDP h;received=10.0.0.8;rport=4000\n", 0x0a000008, 4000},
		{"Via: SIP/2.0/UDP 10.0.0.7:5090;rport\n", 0x0a000007, 5090},
		{"Via: SIP/2.0/UDP 10.0.0.7:5090;rport=99999\n", 0x0a000007, 5090},
	};
	unsigned long forwarded = value(fwd_rpls);
	char text[500];

	(void)state;
	sl_fwd_disabled = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sprintf(text, "SIP/2.0 200 OK\n" OURS "%s" REST "\n", rows[i].via);
		receive(text);
		assert_int_equal(sent_no, (int)i + 1);
		assert_int_equal(sent_to.sin.sin_addr.s_addr, htonl(rows[i].ip));
		assert_int_equal(su_getport(&sent_to), rows[i].port);
		assert_null(strstr(sent, "z9hG4bK9"));
	}
	assert_int_equal(value(fwd_rpls), forwarded + 6);
	assert_int_equal(module_asked, 6);

	/* Nothing said, and no forward() in the script: modules only. */
	sl_fwd_disabled = -1;
	receive(text);
	assert_int_equal(sent_no, 6);
	assert_int_equal(module_asked, 7);
	assert_int_equal(value(fwd_rpls), forwarded + 6);
}

static void test_reply_for_us(void **state)
{
	unsigned long drops = value(drp_rpls);

	(void)state;
	receive("SIP/2.0 200 OK\n" OURS REST "\n");
	assert_int_equal(value(drp_rpls), drops + 1);
	module_takes = 1;
	receive("SIP/2.0 200 OK\n" OURS REST "\n");
	assert_int_equal(value(drp_rpls), drops + 1);
	assert_int_equal(module_asked, 2);
	assert_int_equal(sent_no, 0);
}

/* Whatever allocation fails: no crash, nothing left, and silence or an answer. */
static void test_out_of_memory(void **state)
{
	static const char *const texts[] = {
		"OPTIONS sip:10.0.0.9:5080 SIP/2.0\n" VIA REST "\n",
		"OPTIONS sip:10.0.0.9:5080 SIP/2.0\n" VIA REST "garbage\n\n",
		"SIP/2.0 200 OK\n" OURS VIA REST "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (long n = 0; n < 60; n++) {
			pkg_fail_after(n);
			receive(texts[i]);
		}
		pkg_fail_after(-1);
	}
}

static int set_up(void **state)
{
	str ip = str_init("10.0.0.1"), peer = str_init("10.0.0.2");
	struct socket_info *si = &sock.socket_info;

	(void)state;
	si->proto = PROTO_UDP;
	si->address = *str2ip(&ip);
	si->address_str = si->name = str_init("10.0.0.1");
	si->port_no = 5060;
	si->port_no_str = str_init("5060");
	init_su(&si->su, &si->address, si->port_no);
	protos[PROTO_UDP].id = PROTO_UDP;
	protos[PROTO_UDP].tran.send = catch_send;
	protos[PROTO_UDP].listeners = &sock;
	rcv.src_ip = *str2ip(&peer);
	rcv.src_port = 5070;
	rcv.proto = PROTO_UDP;
	rcv.bind_address = si;
	init_su(&rcv.src_su, &rcv.src_ip, rcv.src_port);
	modules = &test_module;
	sroutes = new_sroutes_holder(0);
	return !sroutes || register_script_cb(run_script, PRE_SCRIPT_CB | REQ_TYPE_CB, NULL) < 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, remember_blocks, check_blocks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good_request),
		TEST(test_bad_request),
		TEST(test_silence),
		TEST(test_body_is_cut),
		TEST(test_too_long),
		TEST(test_nothing_is_left),
		TEST(test_forward_request),
		TEST(test_forward_nowhere),
		TEST(test_forward_reply),
		TEST(test_reply_for_us),
		TEST(test_out_of_memory),
	};

	stderr_enabled = 0;
	init_pkg_mallocs();
	if (init_shm_mallocs() < 0 || init_stats_collector() < 0)
		return 1;
	init_global_avps();
	return cmocka_run_group_tests_name("receive", tests, set_up, NULL);
}
