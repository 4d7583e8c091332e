/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registrar: REGISTERs are parsed and given to save(), and the reply it sends is compared with what
 * OpenSIPS 3.6 answers to the same request. The clock stands still unless a test turns it.
 * Each test ends with the check that nothing is left in shared memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data_lump_rpl.h"
#include "dset.h"
#include "flags.h"
#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/registrar/registrar.h"
#include "modules/usrloc/ul_mod.h"
#include "modules/usrloc/utime.h"
#include "route.h"
#include "socket_info.h"
#include "usr_avp.h"

static udomain_t *dom;
static unsigned long blocks_before;
static time_t now;
static struct socket_info_full listener, listener2;
static int nevents[ULCB_MAX + 1];

/* What was answered: "200 OK" and the added header lines, "|" between them. */
static char answer[4096];
static int replies;

/* --- world ------------------------------------------------------------------------------- */

static int fake_reply(struct sip_msg *msg, int code, const str *reason, str *tag)
{
	char *p;
	int len = sprintf(answer, "%d %.*s", code, reason->len, reason->s);

	(void)tag;
	replies++;
	for (struct lump_rpl *l = msg->reply_lump; l; l = l->next)
		len += sprintf(answer + len, "|%.*s", l->text.len - 2, l->text.s);
	assert_true(len < (int)sizeof(answer));
	p = strpbrk(answer, "\r\n");
	assert_null(p);
	return 1;
}

static void on_change(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	(void)binding;
	(void)extra;
	nevents[type]++;
}

static time_t clock_by_hand(time_t *t)
{
	if (t)
		*t = now;
	return now;
}

static void add_listener(struct socket_info_full *full, const char *ip, unsigned short port,
	struct socket_info_full *next)
{
	struct socket_info *si = &full->socket_info;
	static char names[4][32];
	static int n;
	str host;

	init_str(&host, ip);
	si->name = si->address_str = host;
	si->port_no = port;
	si->proto = PROTO_UDP;
	si->address = *str2ip(&host);
	init_str(&si->sock_str, names[n]);
	si->sock_str.len = sprintf(names[n++], "udp:%s:%u", ip, port);
	full->next = next;
	if (next)
		next->prev = full;
}

static int world(void **state)
{
	(void)state;
	is_main = 1; /* names of AVPs are given out before forking */
	ul_clock = reg_clock = clock_by_hand;
	nat_bflag = 1 << 3;
	add_listener(&listener2, "127.0.0.2", 5070, NULL);
	add_listener(&listener, "127.0.0.1", 5060, &listener2);
	protos[PROTO_UDP].id = PROTO_UDP;
	protos[PROTO_UDP].listeners = &listener;
	sigb.reply = fake_reply;
	init_str(&sock_hdr_name, "Sock-Info");
	set_route_type(REQUEST_ROUTE);
	if (init_shm_mallocs() < 0 || init_global_avps() < 0 || bind_usrloc(&ul) < 0)
		return -1;
	return ul.register_ulcb(ULCB_MAX, on_change);
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
	now = 1000000;
	retry_after = allow_dup_cseq = 0;
	disable_gruu = 1;
	received_avp = attr_avp = -1;
	ul.use_domain = 0;
	case_sensitive = 1;
	ul_hash_size = 4;
	memset(nevents, 0, sizeof(nevents));
	blocks_before = shm_blocks();
	return ul_init_locks() < 0 || ul.register_udomain("location", &dom) < 0;
}

static int after(void **state)
{
	(void)state;
	reset_avps();
	clear_dset();
	free_all_udomains();
	ul_destroy_locks();
	if (shm_blocks() != blocks_before)
		shm_log_blocks(20);
	assert_int_equal(shm_blocks(), blocks_before);
	return 0;
}

static char msg_text[4096];

static void make_msg(struct sip_msg *msg, const char *method, const char *ruri, const char *user,
	const char *callid, int cseq, const char *headers)
{
	int len = snprintf(msg_text, sizeof(msg_text),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKx\r\n"
		"From: <sip:%s@example.com>;tag=f\r\nTo: <sip:%s@example.com>\r\n"
		"Call-ID: %s\r\nCSeq: %d %s\r\n%sContent-Length: 0\r\n\r\n",
		method, ruri, user, user, callid, cseq, method, headers);

	memset(msg, 0, sizeof(*msg));
	assert_true(len < (int)sizeof(msg_text));
	assert_int_equal(parse_msg(msg_text, len, msg), 0);
	msg->rcv.bind_address = &listener.socket_info;
	msg->rcv.proto = PROTO_UDP;
}

static struct save_flags *flags_of(const char *text)
{
	struct save_flags defaults = {.min_expires = min_expires,
		.max_expires = max_expires,
		.cmatch.mode = CT_MATCH_NONE};
	static str s;
	void *param = &s;

	init_str(&s, text);
	return reg_fixup_save_flags(&param, &defaults) < 0 ? NULL : param;
}

static unsigned int bflags; /* of the next request */

static int reg_as(
	const char *user, const char *callid, int cseq, const char *flags, const char *headers)
{
	struct save_flags *sf = flags ? flags_of(flags) : NULL;
	struct sip_msg msg;
	int ret;

	assert_true(!flags || sf);
	make_msg(&msg, "REGISTER", "sip:example.com", user, callid, cseq, headers);
	setb0flags(&msg, bflags);
	answer[0] = '\0';
	replies = 0;
	ret = save(&msg, dom, sf, NULL, NULL);
	if (!flags || !strstr(flags, "no-reply"))
		assert_int_equal(replies, 1);
	else
		assert_null(msg.reply_lump);
	free_sip_msg(&msg);
	pkg_free(sf);
	return ret;
}

/* Registers as u with Call-ID c and checks result and reply. */
#define REG(cseq, flags, headers, result, reply)                                                   \
	do {                                                                                       \
		assert_int_equal(reg_as("u", "c", cseq, flags, headers), result);                  \
		assert_string_equal(answer, reply);                                                \
	} while (0)

#define CT(text) "Contact: " text "\r\n"

/* The contact of that AoR number i, or NULL. Nothing else runs, so the lock is not needed. */
static ucontact_t *stored(const char *user, int i)
{
	urecord_t *r;
	ucontact_t *c;
	str aor;

	init_str(&aor, user);
	if (ul.get_urecord(dom, &aor, &r) != 0)
		return NULL;
	for (c = r->contacts; c && i--; c = c->next)
		;
	return c;
}

static void assert_str(const str *s, const char *text)
{
	assert_int_equal(s->len, strlen(text));
	assert_memory_equal(s->s, text, s->len);
}

/* --- plain registration ------------------------------------------------------------------ */

static void test_register(void **state)
{
	ucontact_t *c;

	(void)state;
	REG(1, NULL, "", 1, "200 OK");
	REG(1, NULL, CT("<sip:a@1.1.1.1>"), 1, "200 OK|Contact: <sip:a@1.1.1.1>;expires=3600");
	now += 10;
	REG(2, NULL, "", 1, "200 OK|Contact: <sip:a@1.1.1.1>;expires=3590");
	c = stored("u", 0);
	assert_str(&c->user_agent, "n/a");
	assert_int_equal(c->methods, 0xffffffff);
	assert_int_equal(c->expires, 1000000 + 3600);
	assert_ptr_equal(c->sock, &listener.socket_info);
	REG(3, NULL,
		CT("\"B \\\" x\" "
		   "<sip:b@1.1.1.1>;q=0.7;expires=200;+sip.instance=\"<urn:1>\";methods="
		   "\"INVITE,BYE\"") "User-Agent: ua\r\n",
		1,
		"200 OK|Contact: <sip:b@1.1.1.1>;q=0.7;expires=200, <sip:a@1.1.1.1>;expires=3590");
	c = stored("u", 0);
	assert_str(&c->user_agent, "ua");
	assert_str(&c->instance, "<urn:1>");
	assert_int_equal(c->methods, METHOD_INVITE | METHOD_BYE);
	REG(4, NULL, CT("<sip:b@1.1.1.1>;expires=0"), 1,
		"200 OK|Contact: <sip:a@1.1.1.1>;expires=3590");
	REG(5, NULL, CT("<sip:a@1.1.1.1>") "Expires: 0\r\n", 1, "200 OK");
	assert_null(stored("u", 0));
	assert_int_equal(nevents[UL_CONTACT_INSERT], 2);
	assert_int_equal(nevents[UL_CONTACT_DELETE], 2);
	assert_int_equal(nevents[UL_AOR_DELETE], 1);
}

static void test_several_contacts(void **state)
{
	(void)state;
	REG(1, NULL, CT("<sip:a@h>;q=1, <sip:b@h>;q=0.25") CT("sip:c@h") "Expires: 70\r\n", 1,
		"200 OK|Contact: <sip:a@h>;q=1;expires=70, <sip:b@h>;q=0.25;expires=70, "
		"<sip:c@h>;expires=70");
	REG(2, NULL, CT("<sip:a@h>;expires=0, <sip:d@h>;q=0"), 1,
		"200 OK|Contact: <sip:b@h>;q=0.25;expires=70, <sip:d@h>;q=0;expires=3600, "
		"<sip:c@h>;expires=70");
	/* removing one that is not there is no error */
	REG(3, NULL, CT("<sip:zz@h>;expires=0"), 1,
		"200 OK|Contact: <sip:b@h>;q=0.25;expires=70, <sip:d@h>;q=0;expires=3600, "
		"<sip:c@h>;expires=70");
	/* the same one twice: for a new AoR the later counts, else the first */
	assert_int_equal(reg_as("v", "c", 1, NULL, CT("<sip:a@h>, <sip:a@h>;q=0.5")), 1);
	assert_string_equal(answer, "200 OK|Contact: <sip:a@h>;q=0.5;expires=3600");
	assert_int_equal(reg_as("v", "c", 2, NULL, CT("<sip:x@h>, <sip:x@h>;q=0.9")), 1);
	assert_string_equal(
		answer, "200 OK|Contact: <sip:a@h>;q=0.5;expires=3600, <sip:x@h>;expires=3600");
}

static void test_cseq(void **state)
{
	(void)state;
	REG(5, NULL, CT("<sip:a@h>"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	now += 5;
	/* a retransmission changes nothing, whatever it says */
	REG(5, NULL, CT("<sip:a@h>;expires=100"), 1, "200 OK|Contact: <sip:a@h>;expires=3595");
	assert_int_equal(nevents[UL_CONTACT_UPDATE], 0);
	REG(4, NULL, CT("<sip:a@h>"), -2,
		"400 Bad Request|Contact: <sip:a@h>;expires=3595|P-Registrar-Error: Invalid CSeq "
		"number");
	now += 20; /* cseq_delay is over */
	REG(5, NULL, CT("<sip:a@h>"), -2,
		"400 Bad Request|Contact: <sip:a@h>;expires=3575|P-Registrar-Error: Invalid CSeq "
		"number");
	allow_dup_cseq = 1;
	REG(5, NULL, CT("<sip:a@h>"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	allow_dup_cseq = 0;
	/* what came before the refused one stays */
	REG(4, NULL, CT("<sip:b@h>, <sip:a@h>, <sip:c@h>"), -2,
		"400 Bad Request|Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600"
		"|P-Registrar-Error: Invalid CSeq number");
	/* another Call-ID: a phone that was switched off and on */
	assert_int_equal(reg_as("u", "other", 1, NULL, CT("<sip:a@h>;expires=0")), 1);
	assert_string_equal(answer, "200 OK|Contact: <sip:b@h>;expires=3600");
}

static void test_star(void **state)
{
	const char *bad = "400 Bad Request|P-Registrar-Error: ";
	char text[128];

	(void)state;
	REG(1, NULL, CT("<sip:a@h>, <sip:b@h>"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600");
	snprintf(text, sizeof(text), "%s* used in contact and expires is not zero", bad);
	REG(2, NULL, CT("*"), -2, text);
	REG(2, NULL, CT("*") "Expires: 5\r\n", -2, text);
	snprintf(text, sizeof(text), "%s* used in contact and more than 1 contact", bad);
	REG(2, NULL, CT("<sip:a@h>") CT("*") "Expires: 0\r\n", -2, text);
	snprintf(text, sizeof(text), "%sContact parse error", bad);
	REG(2, NULL, CT("*, <sip:a@h>") "Expires: 0\r\n", -2, text);
	assert_non_null(stored("u", 1));
	REG(0, NULL, CT("*") "Expires: 0\r\n", 1, "200 OK"); /* whatever its CSeq */
	assert_null(stored("u", 0));
	assert_int_equal(nevents[UL_CONTACT_DELETE], 2);
	assert_int_equal(nevents[UL_AOR_DELETE], 1);
	REG(3, NULL, CT("*") "Expires: 0\r\n", 1, "200 OK");
}

/* --- limits ------------------------------------------------------------------------------ */

static void test_expires(void **state)
{
	(void)state;
	REG(1, NULL, CT("<sip:a@h>;expires=3"), 1, "200 OK|Contact: <sip:a@h>;expires=60");
	REG(2, "min-expires=0", CT("<sip:a@h>;expires=3"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3");
	REG(3, "min-expires=200", CT("<sip:a@h>;expires=3"), 1,
		"200 OK|Contact: <sip:a@h>;expires=200");
	REG(4, "max-expires=300", CT("<sip:a@h>"), 1, "200 OK|Contact: <sip:a@h>;expires=300");
	REG(5, NULL, CT("<sip:a@h>") "Expires: 500\r\n", 1,
		"200 OK|Contact: <sip:a@h>;expires=500");
	REG(6, NULL, CT("<sip:a@h>;expires=\"77\"") "Expires: 0\r\n", 1,
		"200 OK|Contact: <sip:a@h>;expires=77");
	REG(7, NULL, CT("<sip:a@h>;expires=abc"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	REG(8, NULL, CT("<sip:a@h>;expires=-5"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	REG(9, NULL, CT("<sip:a@h>;expires=4294967295"), 1, "200 OK|Contact: <sip:a@h>;expires=60");
	REG(10, NULL, CT("<sip:a@h>;expires"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	REG(11, NULL, CT("<sip:a@h>") "Expires: abc\r\n", -2,
		"400 Bad Request|P-Registrar-Error: Expires parse error");
	/* expired, but not collected yet: as if it were not there */
	now += 3600;
	REG(12, NULL, "", 1, "200 OK");
}

static void test_q(void **state)
{
	(void)state;
	REG(1, NULL, CT("<sip:a@h>;q=.1"), 1, "200 OK|Contact: <sip:a@h>;q=0.1;expires=3600");
	REG(2, NULL, CT("<sip:a@h>;q=1.000"), 1, "200 OK|Contact: <sip:a@h>;q=1;expires=3600");
	REG(3, NULL, CT("<sip:a@h>;q=3"), -2,
		"400 Bad Request|Contact: <sip:a@h>;q=1;expires=3600"
		"|P-Registrar-Error: Invalid q param in contact");
	assert_int_equal(reg_as("v", "c", 1, NULL, CT("<sip:a@h>;q=x")), -2);
	assert_string_equal(
		answer, "400 Bad Request|P-Registrar-Error: Invalid q param in contact");
	assert_null(stored("v", 0));
}

static void test_max_contacts(void **state)
{
	const char *full =
		"503 Service Unavailable|Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600"
		"|P-Registrar-Error: Too many registered contacts|Retry-After: 7";

	(void)state;
	retry_after = 7;
	REG(1, "max-contacts=2", CT("<sip:a@h>, <sip:b@h>"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600");
	REG(2, "max-contacts=2", CT("<sip:c@h>"), -2, full);
	REG(3, "max-contacts=2", CT("<sip:b@h>"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600");
	/* what the request removes makes no room in it */
	REG(4, "max-contacts=2", CT("<sip:b@h>;expires=0, <sip:c@h>"), -2,
		"503 Service Unavailable|Contact: <sip:a@h>;expires=3600"
		"|P-Registrar-Error: Too many registered contacts|Retry-After: 7");
	REG(5, "max-contacts=1,force-registration", CT("<sip:d@h>"), 1,
		"200 OK|Contact: <sip:d@h>;expires=3600");
	assert_int_equal(nevents[UL_CONTACT_DELETE], 2);
	/* a new AoR: all or nothing */
	assert_int_equal(reg_as("v", "c", 1, "max-contacts=1", CT("<sip:a@h>, <sip:b@h>")), -2);
	assert_string_equal(answer,
		"503 Service Unavailable|P-Registrar-Error: Too many registered "
		"contacts|Retry-After: 7");
	assert_null(stored("v", 0));
	assert_int_equal(reg_as("v", "c", 1, "max-contacts=2,force-registration",
				 CT("<sip:a@h>, <sip:b@h>, <sip:c@h>")),
		1);
	assert_string_equal(
		answer, "200 OK|Contact: <sip:b@h>;expires=3600, <sip:c@h>;expires=3600");
}

static void test_lengths(void **state)
{
	char callid[300], ua[300 + 32], user[66];

	(void)state;
	memset(callid, 'c', sizeof(callid));
	callid[255] = '\0';
	assert_int_equal(reg_as("u", callid, 1, NULL, CT("<sip:a@h>")), 1);
	callid[255] = 'c';
	callid[256] = '\0';
	assert_int_equal(reg_as("v", callid, 1, NULL, CT("<sip:a@h>")), -2);
	assert_string_equal(answer, "400 Bad Request|P-Registrar-Error: Callid too long");
	memset(user, 'u', sizeof(user));
	user[65] = '\0';
	assert_int_equal(reg_as(user, "c", 1, NULL, CT("<sip:a@h>")), -2);
	assert_string_equal(
		answer, "500 Server Internal Error|P-Registrar-Error: Address Of Record too long");
	user[64] = '\0';
	assert_int_equal(reg_as(user, "c", 1, NULL, CT("<sip:a@h>")), 1);
	sprintf(ua, "%sUser-Agent: %0255d\r\n", CT("<sip:a@h>"), 1);
	assert_int_equal(reg_as("w", "c", 1, NULL, ua), 1);
	assert_str(&stored("w", 0)->user_agent, "n/a");
	sprintf(ua, "%sUser-Agent: %0254d\r\n", CT("<sip:a@h>"), 1);
	assert_int_equal(reg_as("x", "c", 1, NULL, ua), 1);
	assert_int_equal(stored("x", 0)->user_agent.len, 254);
}

static void test_bad_contacts(void **state)
{
	(void)state;
	retry_after = 0;
	REG(1, NULL, CT("<sip:a@h"), -2, "400 Bad Request|P-Registrar-Error: Contact parse error");
	REG(1, NULL, CT(""), -2, "400 Bad Request|P-Registrar-Error: Contact parse error");
	REG(1, NULL, CT("<xx:a@1.1.1.1>"), -2,
		"500 Server Internal Error|P-Registrar-Error: usrloc_contact_insert failed");
	REG(1, NULL, CT("<sip:a@h>;received=\"junk\""), -2,
		"500 Server Internal Error|P-Registrar-Error: usrloc_contact_insert failed");
	assert_null(stored("u", 0));
}

/* --- flags ------------------------------------------------------------------------------- */

static void test_flags(void **state)
{
	(void)state;
	assert_null(flags_of("foo"));
	assert_null(flags_of("p2"));
	assert_null(flags_of("max-contacts"));
	assert_null(flags_of("max-contacts=x"));
	assert_null(flags_of("min-expires=-1"));
	assert_null(flags_of("matching-mode=x"));
	REG(1, "memory-only", CT("<sip:a@h>"), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	assert_int_equal(stored("u", 0)->flags, FL_MEM);
	REG(2, "only-request-contacts", CT("<sip:b@h>"), 1,
		"200 OK|Contact: <sip:b@h>;expires=3600");
	REG(2, "only-request-contacts", "", 1, "200 OK");
	REG(4, "no-reply", CT("<sip:a@h>"), 1, "");
	assert_int_equal(replies, 0);
	REG(3, "no-reply", CT("<sip:a@h>"), -2, "");
	assert_int_equal(stored("u", 0)->flags, FL_NONE);
	REG(5, "matching-mode=<x>", CT("<sip:z@h2;x=1>"), 1,
		"200 OK|Contact: <sip:z@h2;x=1>;expires=3600, <sip:b@h>;expires=3600");
	assert_int_equal(reg_as("u", "d", 5, "matching-mode=1", CT("<sip:b@h>")), 1);
	assert_string_equal(answer, "200 OK|Contact: <sip:z@h2;x=1>;expires=3600, "
				    "<sip:b@h>;expires=3600, <sip:b@h>;expires=3600");
}

static void test_socket_header(void **state)
{
	(void)state;
	reg_as("u", "c", 1, "socket-header", CT("<sip:a@h>") "Sock-Info: udp:127.0.0.2:5070\r\n");
	assert_ptr_equal(stored("u", 0)->sock, &listener2.socket_info);
	reg_as("u", "c", 2, "socket-header", CT("<sip:a@h>") "Sock-Info: udp:10.0.0.1:5070\r\n");
	assert_ptr_equal(stored("u", 0)->sock, &listener.socket_info);
	reg_as("u", "c", 3, "socket-header", CT("<sip:a@h>") "Sock-Info: x:y:z\r\n");
	assert_ptr_equal(stored("u", 0)->sock, &listener.socket_info);
	reg_as("u", "c", 4, NULL, CT("<sip:a@h>") "Sock-Info: udp:127.0.0.2:5070\r\n");
	assert_ptr_equal(stored("u", 0)->sock, &listener.socket_info);
}

static void test_path(void **state)
{
	const char *two = CT("<sip:a@h>") "Path: <sip:p1;lr>, <sip:p2;lr>\r\nPath: <sip:p3;lr>\r\n";
	char text[256];

	(void)state;
	REG(1, NULL, two, 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	assert_int_equal(stored("u", 0)->path.len, 0);
	REG(2, "path-off", two, 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	assert_str(&stored("u", 0)->path, "<sip:p1;lr>, <sip:p2;lr>,<sip:p3;lr>");
	REG(3, "path-lazy", two, 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	snprintf(text, sizeof(text), "%sSupported: gruu, path\r\n", two);
	REG(4, "path-lazy", text, 1,
		"200 OK|Contact: <sip:a@h>;expires=3600|Path: <sip:p1;lr>, "
		"<sip:p2;lr>,<sip:p3;lr>");
	REG(5, "path-strict", text, 1,
		"200 OK|Contact: <sip:a@h>;expires=3600|Path: <sip:p1;lr>, "
		"<sip:p2;lr>,<sip:p3;lr>");
	/* it has been stored all the same */
	REG(6, "path-strict", two, 1,
		"420 Bad Extension|Contact: <sip:a@h>;expires=3600|Unsupported: path"
		"|Path: <sip:p1;lr>, <sip:p2;lr>,<sip:p3;lr>"
		"|P-Registrar-Error: No support for found Path indicated");
	REG(7, "path-lazy", CT("<sip:a@h>") "Path: garbage\r\n", -2,
		"400 Bad Request|Contact: <sip:a@h>;expires=3600|P-Registrar-Error: Path parse "
		"error");
	REG(8, "path-off,path-received",
		CT("<sip:a@h>;received=\"sip:8.8.8.8\"") "Path: "
							 "<sip:p1;lr;received=sip:9.8.7.6:55%3b"
							 "transport=tcp>\r\n",
		1,
		"200 OK|Contact: <sip:a@h>;expires=3600;received=\"sip:9.8.7.6:55;transport=tcp\"");
	assert_int_equal(stored("u", 0)->cflags, nat_bflag);
}

/* --- NAT --------------------------------------------------------------------------------- */

static void set_avp_str(const char *name, const char *value, int *id)
{
	int_str val;
	str s;

	init_str(&s, name);
	*id = get_avp_id(&s);
	assert_true(*id >= 0);
	init_str(&val.s, value);
	assert_int_equal(add_avp(AVP_VAL_STR, *id, val), 0);
}

static void test_received(void **state)
{
	ucontact_t *c;

	(void)state;
	set_avp_str("rcv", "sip:7.7.7.7:77", &received_avp);
	set_avp_str("attr", "gold", &attr_avp);
	bflags = nat_bflag;
	/* as in OpenSIPS the first that is told holds for all of the request */
	REG(1, NULL, CT("<sip:a@h>") CT("<sip:b@h>;received=\"sip:5.5.5.5:555\""), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600;received=\"sip:7.7.7.7:77\", "
		"<sip:b@h>;expires=3600;received=\"sip:7.7.7.7:77\"");
	REG(2, NULL, CT("<sip:b@h>;received=\"sip:5.5.5.5:555\",<sip:a@h>"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600;received=\"sip:5.5.5.5:555\", "
		"<sip:b@h>;expires=3600;received=\"sip:5.5.5.5:555\"");
	bflags = 0;
	c = stored("u", 0);
	assert_int_equal(c->cflags, nat_bflag);
	assert_str(&c->attr, "gold");
	reset_avps();
	REG(3, NULL, CT("<sip:a@h>;expires=70"), 1,
		"200 OK|Contact: <sip:a@h>;expires=70, "
		"<sip:b@h>;expires=3600;received=\"sip:5.5.5.5:555\"");
	c = stored("u", 0);
	assert_int_equal(c->cflags + c->attr.len, 0);
}

/* --- what one would not expect, as found by tests/compare --------------------------------- */

static void test_instance(void **state)
{
	(void)state;
	/* that of one contact is that of those behind it, too */
	reg_as("u", "c", 1, NULL, CT("<sip:a@h>,<sip:b@h>;+sip.instance=x,<sip:c@h>"));
	assert_int_equal(stored("u", 0)->instance.len, 0);
	assert_str(&stored("u", 1)->instance, "x");
	assert_str(&stored("u", 2)->instance, "x");
	/* an update never changes it */
	reg_as("u", "c", 2, NULL, CT("<sip:a@h>;+sip.instance=y,<sip:b@h>"));
	assert_int_equal(stored("u", 0)->instance.len, 0);
	assert_str(&stored("u", 1)->instance, "x");
}

/* Contacts of u as "abc": the user part of each, in order. */
static const char *order(void)
{
	static char text[16];
	int n;

	for (n = 0; stored("u", n); n++)
		text[n] = stored("u", n)->c.s[4];
	text[n] = '\0';
	return text;
}

static void test_order(void **state)
{
	const char *start = CT("<sip:a@h>;q=.5,<sip:b@h>;q=.4,<sip:c@h>;q=.3");
	static const struct {
		const char *update, *order;
	} rows[] = {{"<sip:b@h>;q=.6", "acb"}, {"<sip:b@h>;q=.1", "bac"}, {"<sip:c@h>;q=.9", "abc"},
		{"<sip:c@h>;q=.5", "cab"}, {"<sip:c@h>;q=.4", "abc"}, {"<sip:a@h>;q=.1", "abc"},
		{"<sip:b@h>", "bac"}, {"<sip:b@h>;q=.4", "abc"}};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reg_as("u", "c", 1, NULL, CT("*") "Expires: 0\r\n");
		reg_as("u", "c", 1, NULL, start);
		snprintf(text, sizeof(text), CT("%s"), rows[i].update);
		assert_int_equal(reg_as("u", "c", 2, NULL, text), 1);
		assert_string_equal(order(), rows[i].order);
	}
}

static void test_too_many_there(void **state)
{
	const char *three = CT("<sip:a@h>,<sip:b@h>,<sip:c@h>");

	(void)state;
	/* one that is there is refused as well; removing is not */
	reg_as("u", "c", 1, NULL, three);
	assert_int_equal(reg_as("u", "c", 2, "max-contacts=2", CT("<sip:a@h>")), -2);
	assert_non_null(strstr(answer, "503 "));
	assert_int_equal(reg_as("u", "c", 3, "max-contacts=2", CT("<sip:a@h>;expires=0")), 1);
	assert_int_equal(reg_as("u", "c", 4, "max-contacts=2", CT("<sip:b@h>")), 1);
	/* force-registration removes others, from the end */
	reg_as("u", "c", 5, NULL, three);
	assert_string_equal(order(), "bca");
	assert_int_equal(
		reg_as("u", "c", 6, "max-contacts=2,force-registration", CT("<sip:a@h>")), 1);
	assert_string_equal(order(), "ba");
	/* the one removed before still counts, and no other is left: refused, with 200 */
	assert_int_equal(reg_as("u", "c", 7, "max-contacts=1,force-registration",
				 CT("<sip:b@h>;expires=0,<sip:d@h>")),
		-2);
	assert_non_null(strstr(answer, "200 OK"));
	assert_string_equal(order(), "");
	/* the same one twice takes the room of two */
	assert_int_equal(reg_as("v", "c", 1, "max-contacts=1", CT("<sip:a@h>,<sip:a@h>")), -2);
	assert_null(stored("v", 0));
	assert_int_equal(reg_as("v", "c", 1, "max-contacts=2", CT("<sip:a@h>,<sip:a@h>")), 1);
	assert_null(stored("v", 1));
}

static void test_only_the_last_is_told(void **state)
{
	const char *only = "only-request-contacts";

	(void)state;
	REG(1, only, CT("<sip:a@h>,<sip:b@h>"), 1, "200 OK|Contact: <sip:b@h>;expires=3600");
	REG(2, only, CT("<sip:a@h>,<sip:c@h>;expires=0"), 1,
		"200 OK|Contact: <sip:a@h>;expires=3600");
	REG(1, only, CT("<sip:a@h>,<sip:b@h>"), -2,
		"400 Bad Request|Contact: <sip:b@h>;expires=3600|P-Registrar-Error: Invalid CSeq "
		"number");
	/* letter by letter */
	REG(3, only, CT("<sip:b@H>"), 1, "200 OK");
}

static void test_odd_values(void **state)
{
	default_expires = 500;
	/* not a number: the default, not an hour */
	REG(1, NULL, CT("<sip:a@h>;expires=abc"), 1, "200 OK|Contact: <sip:a@h>;expires=500");
	default_expires = 3600;
	REG(2, NULL, CT("<sip:a@h>;expires=4294967396"), 1,
		"200 OK|Contact: <sip:a@h>;expires=100");
	REG(3, NULL, CT("<sip:a@h>") "Expires: 4294967496\r\n", 1,
		"200 OK|Contact: <sip:a@h>;expires=200");
	REG(4, NULL, CT("<sip:a@h>;methods=\"INVITE ACK\""), -2,
		"400 Bad Request|Contact: <sip:a@h>;expires=200|P-Registrar-Error: Message parse "
		"error");
	/* an escape that is none never matches */
	REG(5, NULL, CT("<sip:%zz@h>") "Contact: <sip:a@h>;expires=0\r\n", 1,
		"200 OK|Contact: <sip:%zz@h>;expires=3600");
	REG(6, NULL, CT("<sip:%zz@h>"), 1,
		"200 OK|Contact: <sip:%zz@h>;expires=3600, <sip:%zz@h>;expires=3600");
	after(state); /* the CSeq is not that of the rest */
	before(state);
	now = 2000000;
	assert_int_equal(reg_as("w", "c", -1, NULL, CT("<sip:a@h>")), -2);
}

static void test_odd_paths(void **state)
{
	static const struct {
		const char *flags, *path;
		int result;
	} rows[] = {{"path-off", "<sip:p;lr>", 1}, {"path-off", "<sip:p>", -2},
		{"path-off", "<bad>", -2}, {"path-off", "<>", -2}, {"path-off", "<sip:p;lr>,<>", 1},
		{"path-off", "<sip:p;lr>,<sip:q>", 1}, {"path-off", ",<sip:p;lr>", 1},
		{"path-off", "a,b <sip:p;lr>", 1}, {"path-off", "<sip:p;lr>,", -2},
		{"path-off", "<sip:p;lr>,garbage", -2},
		{"path-off,path-received", "<sip:p;lr;received=>", -2},
		{"path-off,path-received", "<sip:p;lr;received=z%>", 1}};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), CT("<sip:a@h>") "Path: %s\r\n", rows[i].path);
		if (reg_as("u", "c", (int)i + 1, rows[i].flags, text) != rows[i].result)
			fail_msg("%s with %s: %s", rows[i].path, rows[i].flags, answer);
		if (rows[i].result < 0)
			assert_non_null(strstr(answer, "Path parse error"));
	}
}

/* --- the AoR ----------------------------------------------------------------------------- */

static void test_aor(void **state)
{
	str tel = str_init("tel:+49"), aor;

	(void)state;
	reg_as("b%6Fb", "c", 1, NULL, CT("<sip:a@h>"));
	assert_non_null(stored("bob", 0));
	reg_as("BOB", "c", 1, NULL, CT("<sip:a@h>"));
	assert_non_null(stored("BOB", 0));
	case_sensitive = 0;
	reg_as("CAROL", "c", 1, NULL, CT("<sip:a@h>"));
	assert_non_null(stored("carol", 0));
	ul.use_domain = 1;
	reg_as("Dave", "c", 1, NULL, CT("<sip:a@h>"));
	assert_non_null(stored("dave@example.com", 0));
	assert_int_equal(extract_aor(&tel, &aor), 0);
	assert_int_equal(aor.len, 4);
	assert_memory_equal(aor.s, "+49@", 4);
}

/* --- lookup ------------------------------------------------------------------------------ */

static void test_lookup(void **state)
{
	struct msg_branch *b;
	struct sip_msg msg;
	str other = str_init("sip:nobody@x"), user = str_init("sip:u@x");

	(void)state;
	bflags = nat_bflag;
	reg_as("u", "c", 1, NULL,
		CT("<sip:n@h>;received=\"sip:8.8.8.8:888\"") "Allow: MESSAGE\r\n");
	bflags = 0;
	reg_as("u", "d", 1, "path-off,socket-header",
		CT("<sip:p@h>;q=0.5") "Path: <sip:px;lr>,<sip:py>\r\nSock-Info: "
				      "udp:127.0.0.2:5070\r\n");
	make_msg(&msg, "INVITE", "sip:u@example.com", "caller", "i", 1, "");
	assert_int_equal(lookup(&msg, dom, NULL, NULL), 1);
	assert_str(GET_RURI(&msg), "sip:p@h");
	assert_str(&msg.dst_uri, "sip:px;lr");
	assert_str(&msg.path_vec, "<sip:px;lr>,<sip:py>");
	assert_int_equal(get_ruri_q(&msg), 500);
	assert_ptr_equal(msg.force_send_socket, &listener2.socket_info);
	b = get_msg_branch(0);
	assert_non_null(b);
	assert_str(&b->uri, "sip:n@h");
	assert_str(&b->dst_uri, "sip:8.8.8.8:888");
	assert_int_equal(b->bflags, nat_bflag);
	assert_null(get_msg_branch(1));
	clear_dset();
	assert_int_equal(lookup(&msg, dom, NULL, &other), -1);
	assert_int_equal(lookup(&msg, dom, (void *)REG_LOOKUP_NOBRANCH_FLAG, &user), 1);
	assert_null(get_msg_branch(0));
	assert_int_equal(is_registered(&msg, dom, NULL), -1);
	assert_int_equal(is_registered(&msg, dom, &user), 1);
	now += 3600;
	assert_int_equal(is_registered(&msg, dom, &user), -1);
	assert_int_equal(lookup(&msg, dom, NULL, &user), -1);
	free_sip_msg(&msg);
	reg_as("u", "c", 2, NULL, CT("<sip:n@h>") "Allow: MESSAGE\r\n");
	make_msg(&msg, "INVITE", "sip:u@example.com", "caller", "i", 1, "");
	assert_int_equal(lookup(&msg, dom, (void *)REG_LOOKUP_METHODFILTER_FLAG, NULL), -2);
	free_sip_msg(&msg);
}

/* --- GRUUs ------------------------------------------------------------------------------- */

#define INSTANCE "urn:uuid:00000000-0000-1000-8000-000A95A0E128"
#define PHONE    ";+sip.instance=\"<" INSTANCE ">\""
#define GRUU     "Supported: path, gruu\r\n"

/* What OpenSIPS 3.6.8 answered, byte for byte. */
static void test_gruu(void **state)
{
	const char *given = "200 OK|Contact: "
			    "<sip:a@h>;expires=3600;pub-gruu=\"sip:u@127.0.0.1:5060;gr=" INSTANCE
			    "\";temp-gruu=\"sip:tgruu."
			    "AUcKW2EESGIEQBMbc0QCPQoFRgc3C0BjAEADXmMBXWMAQANDYgFAYx1IA15"
			    "jHEBjADEKWxIBNWICSBMN@127.0.0.1:5060;gr\"" PHONE;

	(void)state;
	now = 1795258140;
	REG(1, NULL, CT("<sip:a@h>" PHONE) GRUU, 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	disable_gruu = 0;
	REG(2, NULL, CT("<sip:a@h>" PHONE), 1, "200 OK|Contact: <sip:a@h>;expires=3600");
	REG(3, NULL, CT("<sip:a@h>" PHONE) GRUU, 1, given);
	REG(3, NULL, GRUU, 1, given);
	/* a phone that does not say who it is has none; two characters are not looked at */
	REG(4, NULL, CT("<sip:a@h>;expires=0, <sip:b@h>, <sip:c@h>;+sip.instance=x") GRUU, 1,
		"200 OK|Contact: <sip:b@h>;expires=3600, <sip:c@h>;expires=3600");
	REG(5, NULL,
		CT("<sip:c@h>;expires=0, <sip:d@h>;+sip.instance=ab") "Supported: "
								      "gruu\r\nSock-Info: "
								      "udp:127.0.0.2:5070\r\n",
		1,
		"200 OK|Contact: <sip:b@h>;expires=3600, <sip:d@h>;expires=3600;"
		"pub-gruu=\"sip:u@127.0.0.1:5060;gr=\";temp-gruu=\"sip:tgruu.AUcKW2EESGIEQBMbcxET@"
		"127.0.0.1:5060;gr\";+sip.instance=\"ab\"");
}

static void test_gruu_names(void **state)
{
	str secret = gruu_secret;

	(void)state;
	now = 1795258199;
	disable_gruu = 0;
	ul.use_domain = 1;
	init_str(&gruu_secret, "x");
	REG(1, "socket-header", CT("<sip:a@h>" PHONE) GRUU "Sock-Info: udp:127.0.0.2:5070\r\n", 1,
		"200 OK|Contact: <sip:a@h>;expires=3600;pub-gruu=\"sip:u@example.com;gr=" INSTANCE
		"\";temp-gruu=\"sip:tgruu."
		"SU9BTUpNQElBQVgNOB0AGRUIFB1WGxcVWA0KFkINDREcQkhISEhISEhIVUh"
		"ISEhVSUhISFVASEhIVUhISDlBTTlIPUlKQFgb@127.0.0.2:5070;gr\"" PHONE);
	gruu_secret = secret;
}

/* lookup() of that URI, and how many branches there are then. */
static int look(const char *uri, const char *found, int branches)
{
	struct sip_msg msg;
	int ret, n = 0;

	make_msg(&msg, "MESSAGE", uri, "caller", "i", 1, "");
	ret = lookup(&msg, dom, NULL, NULL);
	while (get_msg_branch(n))
		n++;
	assert_int_equal(n, branches);
	assert_str(GET_RURI(&msg), found ? found : uri);
	clear_dset();
	free_sip_msg(&msg);
	return ret;
}

/* u's phone with Call-ID c, without and with a time in front. */
#define TEMP_OF_C "AVBGTiZDHmlFBVoKaQFAYwBAA15jHEBjAEAeX2MBQH4IQANefgFAY3FJBi9jdEFhCFBQ"
#define TEMP_OF_C2                                                                                 \
	"AUcKW2EESGIEQBMbc0QCPQoFRgc3C0BjAEADXmMBXWMAQANDYgFAYx1IA15jHEBjADEKWxIBNWICSBMN"

static void test_gruu_lookup(void **state)
{
	(void)state;
	reg_as("u", "c", 1, NULL, CT("<sip:p@h>, <sip:a@h>" PHONE ", <sip:b@h>" PHONE));
	reg_as("u", "d", 1, NULL, CT("<sip:d@h>" PHONE));
	/* also where none are given out: another node may have done that */
	assert_int_equal(look("sip:u@h;gr=" INSTANCE, "sip:a@h", 0), 1);
	assert_int_equal(look("sip:u@h;x=y;gr=" INSTANCE ";z", "sip:a@h", 0), 1);
	assert_int_equal(look("sip:u@h;gr=urn:uuid:other", NULL, 0), -1);
	assert_int_equal(
		look("sip:u@h;gr=urn:uuid:00000000-0000-1000-8000-000A95A0E1", NULL, 0), -1);
	assert_int_equal(look("sip:v@h;gr=" INSTANCE, NULL, 0), -1);
	assert_int_equal(look("sip:u@h;gr=", "sip:p@h", 3), 1);
	assert_int_equal(look("sip:u@h;gr", "sip:p@h", 3), 1);
	assert_int_equal(look("sip:u@h", "sip:p@h", 3), 1);
	assert_int_equal(look("sip:tgruu." TEMP_OF_C "@h;gr", "sip:a@h", 0), 1);
	assert_int_equal(look("sip:tgruu." TEMP_OF_C2 "@h;gr", "sip:a@h", 0), 1);
	assert_int_equal(look("sip:tgruu." TEMP_OF_C2 "@h", NULL, 0), -3);
	/* the phone was switched off and on: what was given out before is void */
	reg_as("u", "e", 1, NULL, CT("<sip:a@h>" PHONE ", <sip:b@h>" PHONE));
	assert_int_equal(look("sip:tgruu." TEMP_OF_C "@h;gr", NULL, 0), -1);
	assert_int_equal(look("sip:u@h;gr=" INSTANCE, "sip:a@h", 0), 1);
}

/* Anybody may send these. OpenSIPS 3.4 to 4.0 die of those without a space. */
static void test_gruu_malformed(void **state)
{
	char uri[128];

	(void)state;
	reg_as("u", "c", 1, NULL, CT("<sip:a@h>" PHONE));
	for (int len = 0; len < (int)strlen(TEMP_OF_C); len++) {
		sprintf(uri, "sip:tgruu.%.*s@h;gr", len, TEMP_OF_C);
		assert_int_equal(look(uri, NULL, 0), -3);
	}
	assert_int_equal(look("sip:tgruu." TEMP_OF_C "=@h;gr", "sip:a@h", 0), 1);
	assert_int_equal(look("sip:tgruu." TEMP_OF_C "AAAA@h;gr", NULL, 0), -1);
	assert_int_equal(look("sip:tgruu.!!!!@h;gr", NULL, 0), -3);
	assert_int_equal(look("sip:tgruu.====@h;gr", NULL, 0), -3);
	assert_int_equal(look("sip:tgruu.AAAA@h;gr", NULL, 0), -3);
}

/* --- when memory runs out ---------------------------------------------------------------- */

static void test_out_of_memory(void **state)
{
	int ret = 0;

	(void)state;
	for (int n = 0; ret != 1; n++) {
		assert_true(n < 40);
		shm_fail_after(n);
		ret = reg_as("u", "c", 1, NULL, CT("<sip:a@h>, <sip:b@h>"));
		shm_fail_after(-1);
		assert_memory_equal(answer, ret == 1 ? "200" : "500", 3);
		assert_true(ret == 1 || !stored("u", 0));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_register),
		T(test_several_contacts),
		T(test_cseq),
		T(test_star),
		T(test_expires),
		T(test_q),
		T(test_max_contacts),
		T(test_lengths),
		T(test_bad_contacts),
		T(test_flags),
		T(test_socket_header),
		T(test_path),
		T(test_received),
		T(test_instance),
		T(test_order),
		T(test_too_many_there),
		T(test_only_the_last_is_told),
		T(test_odd_values),
		T(test_odd_paths),
		T(test_aor),
		T(test_lookup),
		T(test_gruu),
		T(test_gruu_names),
		T(test_gruu_lookup),
		T(test_gruu_malformed),
		T(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("registrar", tests, world, end_world);
}
