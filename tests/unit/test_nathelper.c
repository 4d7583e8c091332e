/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nathelper: what counts as a sign of a NAT, what becomes of Contact, and who is taken out of
 * usrloc for not answering. Messages come from 198.51.100.7:40000.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/nathelper/nathelper.h"
#include "modules/usrloc/ul_mod.h"
#include "modules/usrloc/utime.h"
#include "msg_translator.h"
#include "parser/contact/parse_contact.h"
#include "timer.h"
#include "usr_avp.h"

usrloc_api_t ul; /* the module's frame, which has it otherwise, is not linked */

static struct socket_info sock;
static udomain_t *dom;
static unsigned long blocks_before;
static int deleted;

static char msg_text[4096];

static void make_msg(struct sip_msg *msg, const char *via, const char *headers, const char *body)
{
	str from = str_init("198.51.100.7");
	int len = snprintf(msg_text, sizeof(msg_text),
		"INVITE sip:u@example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKx\r\n"
		"From: <sip:u@example.com>;tag=f\r\nTo: <sip:u@example.com>\r\n"
		"Call-ID: c\r\nCSeq: 1 INVITE\r\n%sContent-Length: %d\r\n\r\n%s",
		via, headers, (int)strlen(body), body);

	memset(msg, 0, sizeof(*msg));
	assert_int_equal(parse_msg(msg_text, len, msg), 0);
	msg->rcv.src_ip = *str2ip(&from);
	msg->rcv.src_port = 40000;
	msg->rcv.proto = PROTO_UDP;
	msg->rcv.bind_address = &sock;
}

/* --- nat_uac_test ------------------------------------------------------------------------ */

static int test_is(unsigned long tests, const char *via, const char *headers, const char *body)
{
	struct sip_msg msg;
	int rc;

	make_msg(&msg, via, headers, body);
	rc = nat_uac_test(&msg, (void *)tests);
	free_sip_msg(&msg);
	return rc;
}

#define PUBLIC   "198.51.100.7:40000"
#define CT(uri)  "Contact: <" uri ">\r\n"
#define SDP_TYPE "Content-Type: application/sdp\r\n"

static void test_via(void **state)
{
	(void)state;
	assert_int_equal(test_is(NAT_IP_SRC_VIA, PUBLIC, "", ""), -1);
	assert_int_equal(test_is(NAT_IP_SRC_VIA, "10.0.0.1", "", ""), 1);
	assert_int_equal(test_is(NAT_PORT_SRC_VIA, PUBLIC, "", ""), -1);
	assert_int_equal(test_is(NAT_PORT_SRC_VIA, "198.51.100.7:5060", "", ""), 1);
	assert_int_equal(test_is(NAT_PRIVATE_VIA, PUBLIC, "", ""), -1);
	assert_int_equal(test_is(NAT_PRIVATE_VIA, "192.168.7.7", "", ""), 1);
	assert_int_equal(test_is(0, "192.168.7.7", "", ""), -1);
}

static void test_ranges(void **state)
{
	static const char *const private[] = {"10.255.0.1", "172.16.0.1", "172.31.255.255",
		"192.168.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1"};
	static const char *const public[] = {
		"11.0.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "192.0.0.1", "host.test"};

	(void)state;
	for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++)
		assert_int_equal(test_is(NAT_PRIVATE_VIA, private[i], "", ""), 1);
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		assert_int_equal(test_is(NAT_PRIVATE_VIA, public[i], "", ""), -1);
	assert_int_equal(test_is(NAT_PRIVATE_VIA | NAT_CARRIER_GRADE, "192.0.0.1", "", ""), 1);
	assert_int_equal(test_is(NAT_PRIVATE_VIA | NAT_CARRIER_GRADE, "192.0.0.8", "", ""), -1);
}

static void test_contact(void **state)
{
	const unsigned long all = NAT_PRIVATE_CONTACT | NAT_IP_SRC_CONTACT | NAT_PORT_SRC_CONTACT;

	(void)state;
	assert_int_equal(test_is(all, PUBLIC, CT("sip:u@198.51.100.7:40000"), ""), -1);
	assert_int_equal(test_is(all, PUBLIC, "", ""), -1);
	assert_int_equal(test_is(all, PUBLIC, "Contact: *\r\n", ""), -1);
	assert_int_equal(test_is(NAT_PRIVATE_CONTACT, PUBLIC, CT("sip:u@10.1.1.1"), ""), 1);
	assert_int_equal(test_is(NAT_PRIVATE_CONTACT, PUBLIC, CT("sip:u@9.1.1.1"), ""), -1);
	assert_int_equal(test_is(NAT_IP_SRC_CONTACT, PUBLIC, CT("sip:u@9.1.1.1:40000"), ""), 1);
	assert_int_equal(test_is(NAT_IP_SRC_CONTACT, PUBLIC, CT("sip:u@host.test:40000"), ""), 1);
	assert_int_equal(test_is(NAT_PORT_SRC_CONTACT, PUBLIC, CT("sip:u@198.51.100.7"), ""), 1);
	/* the second one is looked at too */
	assert_int_equal(test_is(NAT_PRIVATE_CONTACT, PUBLIC,
				 "Contact: <sip:u@9.1.1.1>, <sip:u@10.1.1.1>\r\n", ""),
		1);
}

static void test_sdp(void **state)
{
	(void)state;
#define SDP(line) SDP_TYPE, "v=0\r\n" line "\r\nm=audio 1 RTP/AVP 0\r\n"
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP("c=IN IP4 10.0.0.1")), 1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP("c=IN IP4 11.0.0.1")), -1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP("c=IN IP4 0.0.0.0")), -1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP("c=IN IP6 ::1")), -1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP("c=")), -1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, SDP_TYPE, ""), -1);
	assert_int_equal(test_is(NAT_PRIVATE_SDP, PUBLIC, "Content-Type: text/plain\r\n",
				 "c=IN IP4 10.0.0.1\r\n"),
		-1);
}

/* --- fix_nated_contact ------------------------------------------------------------------- */

/* The Contact headers as they are sent on, and as save() sees them: "a, b". */
static void fixed(const char *headers, const char *params, const char *sent, const char *seen)
{
	struct sip_msg msg;
	char uris[1024] = "", *out;
	unsigned int len;
	contact_t *c = NULL;
	str p;

	make_msg(&msg, PUBLIC, headers, "");
	init_str(&p, params ? params : "");
	assert_int_equal(fix_nated_contact(&msg, params ? &p : NULL), 1);
	while (contact_iterator(&c, &msg, c) == 0 && c)
		sprintf(uris + strlen(uris), "%s%.*s", *uris ? ", " : "", c->uri.len, c->uri.s);
	assert_string_equal(uris, seen);
	memcpy(msg.add_to_branch_s, "z9hG4bKy", 8);
	msg.add_to_branch_len = 8;
	out = build_req_buf_from_sip_req(&msg, &len, &sock, PROTO_UDP, NULL, 0);
	assert_non_null(out);
	if (!strstr(out, sent))
		fail_msg("no\n%s\nin\n%s", sent, out);
	pkg_free(out);
	free_sip_msg(&msg);
}

static void test_fix_contact(void **state)
{
	struct sip_msg msg;

	(void)state;
	fixed("Contact: <sip:u@10.0.0.1:5062;ob>;expires=60\r\n", NULL,
		"Contact: <sip:u@198.51.100.7:40000;ob>;expires=60\r\n",
		"sip:u@198.51.100.7:40000;ob");
	fixed("Contact: \"A\" <sip:10.0.0.1>;q=0.5, <sip:v@10.0.0.2>\r\n", NULL,
		"Contact: \"A\" <sip:198.51.100.7:40000>;q=0.5, <sip:v@198.51.100.7:40000>\r\n",
		"sip:198.51.100.7:40000, sip:v@198.51.100.7:40000");
	fixed("Contact: <sip:u@10.0.0.1;a=1;maddr=10.9.9.9;b=2?h=x>\r\n", ";nat=yes",
		"Contact: <sip:u@198.51.100.7:40000;nat=yes;a=1;b=2?h=x>\r\n",
		"sip:u@198.51.100.7:40000;nat=yes;a=1;b=2?h=x");
	/* without brackets parameters are the header's */
	fixed("Contact: sip:u@[2001:db8::1]:9;expires=60\r\n", NULL,
		"Contact: sip:u@198.51.100.7:40000;expires=60\r\n", "sip:u@198.51.100.7:40000");
	fixed("Contact: sip:u@10.0.0.1;expires=60\r\n", ";nat=yes",
		"Contact: <sip:u@198.51.100.7:40000;nat=yes>;expires=60\r\n",
		"sip:u@198.51.100.7:40000;nat=yes");
	fixed("", NULL, "Call-ID: c\r\n", "");
	/* a second time, and what cannot be parsed */
	make_msg(&msg, PUBLIC, CT("sip:u@10.0.0.1"), "");
	assert_int_equal(fix_nated_contact(&msg, NULL), 1);
	assert_int_equal(fix_nated_contact(&msg, NULL), -1);
	free_sip_msg(&msg);
	make_msg(&msg, PUBLIC, CT("mailto:u@10.0.0.1"), "");
	assert_int_equal(fix_nated_contact(&msg, NULL), -1);
	free_sip_msg(&msg);
}

static void test_fix_contact_ipv6(void **state)
{
	str from = str_init("2001:db8::7");
	struct sip_msg msg;
	contact_t *c;

	(void)state;
	make_msg(&msg, PUBLIC, CT("sip:u@10.0.0.1"), "");
	msg.rcv.src_ip = *str2ip6(&from);
	assert_int_equal(fix_nated_contact(&msg, NULL), 1);
	assert_int_equal(contact_iterator(&c, &msg, NULL), 0);
	assert_int_equal(c->uri.len, strlen("sip:u@[2001:DB8:0:0:0:0:0:7]:40000"));
	assert_memory_equal(c->uri.s, "sip:u@[2001:DB8:0:0:0:0:0:7]:40000", c->uri.len);
	free_sip_msg(&msg);
}

/* --- received ---------------------------------------------------------------------------- */

static void received_is(int proto, const char *uri)
{
	struct sip_msg msg;
	int_str val;

	make_msg(&msg, PUBLIC, "", "");
	msg.rcv.proto = proto;
	assert_int_equal(fix_nated_register(&msg), 1);
	assert_non_null(search_first_avp(0, received_avp, &val, NULL));
	assert_int_equal(val.s.len, strlen(uri));
	assert_memory_equal(val.s.s, uri, val.s.len);
	reset_avps();
	free_sip_msg(&msg);
}

static void test_received(void **state)
{
	str name = str_init("$avp(rcv)");

	(void)state;
	received_avp = -1;
	{
		struct sip_msg msg;

		make_msg(&msg, PUBLIC, "", "");
		assert_int_equal(fix_nated_register(&msg), 1); /* nowhere to put it */
		free_sip_msg(&msg);
	}
	assert_int_equal(parse_avp_spec(&name, &received_avp), 0);
	received_is(PROTO_UDP, "sip:198.51.100.7:40000");
	received_is(PROTO_TCP, "sip:198.51.100.7:40000;transport=tcp");
}

static void rcv_param(const char *headers, int flag, const char *sent)
{
	struct sip_msg msg;
	unsigned int len;
	char *out;

	make_msg(&msg, PUBLIC, headers, "");
	assert_int_equal(add_rcv_param(&msg, flag < 0 ? NULL : &flag), 1);
	memcpy(msg.add_to_branch_s, "z9hG4bKy", 8);
	msg.add_to_branch_len = 8;
	out = build_req_buf_from_sip_req(&msg, &len, &sock, PROTO_UDP, NULL, 0);
	assert_non_null(out);
	if (!strstr(out, sent))
		fail_msg("no\n%s\nin\n%s", sent, out);
	pkg_free(out);
	free_sip_msg(&msg);
}

static void test_rcv_param(void **state)
{
	(void)state;
#define RCV ";received=\"sip:198.51.100.7:40000\""
	rcv_param("Contact: <sip:u@10.0.0.1>;q=1\r\n", -1,
		"Contact: <sip:u@10.0.0.1>;q=1" RCV "\r\n");
	rcv_param("Contact: \"A\" <sip:u@10.0.0.1>;q=1, sip:v@10.0.0.1\r\n", 0,
		"Contact: \"A\" <sip:u@10.0.0.1>;q=1" RCV ", sip:v@10.0.0.1" RCV "\r\n");
	rcv_param("Contact: <sip:u@10.0.0.1;ob>;q=1\r\n", 1,
		"Contact: <sip:u@10.0.0.1;ob" RCV ">;q=1\r\n");
}

/* --- who does not answer ----------------------------------------------------------------- */

static void on_delete(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	(void)binding;
	(void)extra;
	assert_int_equal(type, UL_CONTACT_DELETE);
	deleted++;
}

static ucontact_t *add_contact(str *aor)
{
	str uri = str_init("sip:u@10.0.0.1"), empty = STR_NULL, cid = str_init("c");
	ucontact_info_t ci = {.callid = &cid,
		.cseq = 1,
		.user_agent = &empty,
		.attr = &empty,
		.q = -1,
		.expires = time(NULL) + 3600,
		.last_modified = time(NULL) - 100};
	urecord_t *r;
	ucontact_t *c;

	ul.lock_udomain(dom, aor);
	assert_int_equal(ul.insert_urecord(dom, aor, &r, 0, NULL, NULL), 0);
	assert_int_equal(ul.insert_ucontact(r, &uri, &ci, NULL, 0, &c), 0);
	ul.unlock_udomain(dom, aor);
	return c;
}

static int world(void **state)
{
	(void)state;
	is_main = 1;
	init_str(&sock.address_str, "203.0.113.1");
	init_str(&sock.port_no_str, "5060");
	sock.proto = PROTO_UDP;
	sock.port_no = 5060;
	protos[PROTO_UDP].id = PROTO_UDP;
	if (init_shm_mallocs() < 0 || init_global_avps() < 0 || bind_usrloc(&ul) < 0)
		return -1;
	return ul.register_ulcb(UL_CONTACT_DELETE, on_delete);
}

static int end_world(void **state)
{
	(void)state;
	destroy_avp_names();
	return 0;
}

static int before(void **state)
{
	(void)state;
	deleted = 0;
	ul_hash_size = 4;
	ping = (struct ping_config){.interval = 10, .partitions = 1, .threshold = 3, .max_lost = 2};
	ping.method = str_init("OPTIONS");
	blocks_before = shm_blocks();
	if (init_timer() < 0 || ping_init() < 0 || ul_init_locks() < 0)
		return -1;
	return ul.register_udomain("location", &dom);
}

static int after(void **state)
{
	(void)state;
	ping_destroy();
	free_all_udomains();
	ul_destroy_locks();
	destroy_timer();
	if (shm_blocks() != blocks_before)
		shm_log_blocks(20);
	assert_int_equal(shm_blocks(), blocks_before);
	return 0;
}

static void test_lost(void **state)
{
	str aor = str_init("u");
	ucontact_id id = add_contact(&aor)->contact_id;

	(void)state;
	assert_int_equal(track_sent(dom, &aor, id, 10), 0);
	track_check(12); /* still in time */
	track_check(13); /* lost, the first */
	track_check(19);
	track_sent(dom, &aor, id, 20);
	track_check(22);
	assert_int_equal(deleted, 0);
	track_check(23);
	assert_int_equal(deleted, 1);
	track_check(24);
	assert_int_equal(deleted, 1);
	track_answered(id); /* too late, and no harm */
}

/* An answer to any ping makes up for those that were lost. */
static void test_answered(void **state)
{
	str aor = str_init("u");
	ucontact_id id = add_contact(&aor)->contact_id;

	(void)state;
	track_sent(dom, &aor, id, 10);
	track_check(13);
	track_sent(dom, &aor, id, 20);
	track_answered(id);
	track_check(23);
	track_sent(dom, &aor, id, 30);
	track_check(33);
	assert_int_equal(deleted, 0);
	track_sent(dom, &aor, id, 40);
	track_check(43);
	assert_int_equal(deleted, 1);
}

static void test_registered_again(void **state)
{
	str aor = str_init("u");
	ucontact_t *c = add_contact(&aor);

	(void)state;
	track_sent(dom, &aor, c->contact_id, 10);
	track_check(13);
	track_sent(dom, &aor, c->contact_id, 20);
	c->last_modified = time(NULL) + 1;
	track_check(23);
	assert_int_equal(deleted, 0);
}

/* What goes while a ping is under way, or is not pinged any more, leaves nothing behind. */
static void test_gone(void **state)
{
	str aor = str_init("u");
	ucontact_id id = add_contact(&aor)->contact_id;

	(void)state;
	track_sent(dom, &aor, id, 10);
	track_check(13);
	track_sent(dom, &aor, id, 20);
	ul.lock_udomain(dom, &aor);
	ul.delete_urecord(dom, &aor, NULL, 0);
	ul.unlock_udomain(dom, &aor);
	assert_int_equal(deleted, 1);
	track_check(23);
	assert_int_equal(deleted, 1);
	track_sent(dom, &aor, 4711, 30);
	track_check(33);
	track_check(60);
	/* after(): no block is left */
}

/* A node that stops pinging removes nothing, and begins anew. */
static void test_switched_off(void **state)
{
	str aor = str_init("u");
	ucontact_id id = add_contact(&aor)->contact_id;

	(void)state;
	track_sent(dom, &aor, id, 10);
	track_check(13);
	track_sent(dom, &aor, id, 20);
	ping_enable(0);
	assert_int_equal(ping_is_enabled(), 0);
	track_check(23);
	assert_int_equal(deleted, 0);
	ping_enable(1);
	track_sent(dom, &aor, id, 30);
	track_check(33);
	assert_int_equal(deleted, 0);
}

static void test_no_memory(void **state)
{
	str aor = str_init("u");

	(void)state;
	shm_fail_after(0);
	assert_int_equal(track_sent(dom, &aor, 1, 10), -1);
	shm_fail_after(-1);
	track_check(13);
	assert_int_equal(deleted, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_via),
		TEST(test_ranges),
		TEST(test_contact),
		TEST(test_sdp),
		TEST(test_fix_contact),
		TEST(test_fix_contact_ipv6),
		TEST(test_received),
		TEST(test_rcv_param),
		TEST(test_lost),
		TEST(test_answered),
		TEST(test_registered_again),
		TEST(test_gone),
		TEST(test_switched_off),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, world, end_world);
}
