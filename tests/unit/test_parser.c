/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SIP parser. Every message is parsed from a block of exactly its size, so that the address
 * sanitizer sees a read beyond it, and every test gives all private memory back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "dprint.h"
#include "error.h"
#include "mem/mem.h"
#include "parser/contact/parse_contact.h"
#include "parser/msg_parser.h"
#include "parser/parse_allow.h"
#include "parser/parse_expires.h"
#include "parser/parse_from.h"
#include "parser/parse_methods.h"
#include "parser/parse_rr.h"
#include "parser/parse_supported.h"
#include "parser/parse_uri.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

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
	pkg_fail_after(-1);
	pkg_get_stats(&st);
	if (st.fragments != blocks_before)
		print_error("%ld blocks of private memory left\n",
			(long)(st.fragments - blocks_before));
	return st.fragments != blocks_before;
}

static void assert_str(str s, const char *want, const char *where)
{
	if (s.len != (int)strlen(want) || memcmp(s.s ? s.s : "", want, s.len))
		fail_msg("%s: [%.*s], not [%s]", where, s.len, s.s, want);
}

/* A copy without terminator. */
static char *exact(const char *text, size_t len)
{
	char *buf = malloc(len ? len : 1);

	memcpy(buf, text, len);
	return buf;
}

/* --- URIs -------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *user, *passwd, *host;
	unsigned int port;
	const char *params, *headers;
	int proto;
} good_uris[] = {
	{"sip:alice@atlanta.com", "alice", "", "atlanta.com", 0, "", "", 0},
	{"sip:atlanta.com", "", "", "atlanta.com", 0, "", "", 0},
	{"SIP:10.0.0.1:5070", "", "", "10.0.0.1", 5070, "", "", 0},
	{"sips:bob:secret@host.example:5061", "bob", "secret", "host.example", 5061, "", "", 0},
	{"sip:a@[2001:db8::1]", "a", "", "[2001:db8::1]", 0, "", "", 0},
	{"sip:[::1]:5080;transport=tcp", "", "", "[::1]", 5080, "transport=tcp", "", PROTO_TCP},
	{"sip:a@h;transport=UDP;lr", "a", "", "h", 0, "transport=UDP;lr", "", PROTO_UDP},
	{"sip:a@h;transport=carrier", "a", "", "h", 0, "transport=carrier", "", PROTO_OTHER},
	{"sip:a@h?Subject=x&Route=y", "a", "", "h", 0, "", "Subject=x&Route=y", 0},
	{"sip:a;b=c?d@h;maddr=1.2.3.4?x=y", "a;b=c?d", "", "h", 0, "maddr=1.2.3.4", "x=y", 0},
	{"sip:%61lice%40home@h", "%61lice%40home", "", "h", 0, "", "", 0},
	{"sip:+1-212-555-0101;postd=pp22@h;user=phone", "+1-212-555-0101;postd=pp22", "", "h", 0,
		"user=phone", "", 0},
	{"sip:*98@h:65535", "*98", "", "h", 65535, "", "", 0},
	{"sip:#21#@h", "#21#", "", "h", 0, "", "", 0},
	{"tel:+358-555-1234567;postd=pp22", "+358-555-1234567", "", "", 0, "postd=pp22", "", 0},
	{"sip:a@h;ob;pn-provider=x;pn-prid=a:b", "a", "", "h", 0, "ob;pn-provider=x;pn-prid=a:b",
		"", 0},
};

static void test_good_uris(void **state)
{
	struct sip_uri u;
	char *buf;

	(void)state;
	for (size_t i = 0; i < ROWS(good_uris); i++) {
		const char *t = good_uris[i].text;

		buf = exact(t, strlen(t));
		if (parse_uri(buf, strlen(t), &u) < 0)
			fail_msg("refused: %s", t);
		assert_str(u.user, good_uris[i].user, t);
		assert_str(u.passwd, good_uris[i].passwd, t);
		assert_str(u.host, good_uris[i].host, t);
		assert_str(u.params, good_uris[i].params, t);
		assert_str(u.headers, good_uris[i].headers, t);
		assert_int_equal(u.port_no, good_uris[i].port);
		assert_int_equal(u.proto, good_uris[i].proto);
		free(buf);
	}
}

/* What RFC 3261 does not allow, and OpenSIPS takes. */
static const char *const lax_uris[] = {"tel:;x", "sip:h:", "sip:h:0", "sip:[]", "sip:[::g]",
	"sip:h;", "sip:h;;a", "sip:h;=b", "sip:a b@h", "sip:a@h ", "sip:a@h;p=\"q\"", "sip:<a>@h",
	"sip:a%@h", "sip:a%4@h", "sip:a%4g@h", "sip:a@h;p=%", "sip:\x80@h", "sip:h/x", "sip:h?%",
	"sip:a@h\\", "sip:h;pn-provider="};

static const char *const bad_uris[] = {"", "s", "sip", "sip:", "sips:", "tel:", ":", "@",
	"mailto:a@b", "sip:@h", "sip:a@", "sip::@h", "sip:a@b@c", "sip:h:65536",
	"sip:h:99999999999999999999", "sip:h:1x", "sip:h:-1", "sip:[", "sip:[::1", "sip:[::1]x",
	"sip:::1", " sip:a@h", "sip:a:b:c@h", "sip:a:b;c@h", "sip:a:b?c@h", "sip:h?a;b",
	"sip:h;maddr=", "sip:h;maddr", "sip:h;pn-prid", "sip:h;pn-param=", "sip:h;pn-purr"};

static void test_bad_uris(void **state)
{
	struct sip_uri u;
	char *buf;

	(void)state;
	for (size_t i = 0; i < ROWS(lax_uris); i++) {
		buf = exact(lax_uris[i], strlen(lax_uris[i]));
		if (parse_uri(buf, strlen(lax_uris[i]), &u) < 0)
			fail_msg("refused: %s", lax_uris[i]);
		free(buf);
	}
	for (size_t i = 0; i < ROWS(bad_uris); i++) {
		buf = exact(bad_uris[i], strlen(bad_uris[i]));
		if (parse_uri(buf, strlen(bad_uris[i]), &u) == 0)
			fail_msg("taken: %s", bad_uris[i]);
		assert_int_equal(u.type, ERROR_URI_T);
		free(buf);
	}
	buf = exact("sip:a\0b@h", 9);
	assert_int_equal(parse_uri(buf, 9, &u), -1);
	free(buf);
}

static void test_uri_params(void **state)
{
	char text[] = "sip:h;Transport=tls;LR;r2=on;gr=urn:x;ttl=5;method=INVITE;x=1;Y";
	struct sip_uri u;
	str name = str_init("y"), val;

	(void)state;
	assert_int_equal(parse_uri(text, strlen(text), &u), 0);
	assert_int_equal(u.proto, PROTO_TLS);
	assert_str(u.transport, "Transport=tls", "transport");
	assert_str(u.transport_val, "tls", "transport");
	assert_str(u.lr, "LR", "lr");
	assert_str(u.lr_val, "", "lr");
	assert_str(u.r2_val, "on", "r2");
	assert_str(u.gr_val, "urn:x", "gr");
	assert_str(u.ttl_val, "5", "ttl");
	assert_str(u.method_val, "INVITE", "method");
	assert_int_equal(u.u_params_no, 2);
	assert_str(u.u_name[0], "x", "x");
	assert_str(u.u_val[0], "1", "x");
	assert_int_equal(get_uri_param_val(&u, &name, &val), 0);
	assert_str(val, "", "y");
	name = str_init("nothing");
	assert_int_equal(get_uri_param_val(&u, &name, &val), -1);
}

static void test_many_uri_params(void **state)
{
	char text[] = "sip:h;1;2;3;4;5;6;7;8;9;10;11;12;lr";
	struct sip_uri u;

	(void)state;
	assert_int_equal(parse_uri(text, strlen(text), &u), 0);
	assert_int_equal(u.u_params_no, URI_MAX_U_PARAMS);
	assert_str(u.lr, "lr", "lr");
}

/* RFC 3261, 19.1.4, with its own examples first */
static const struct {
	const char *a, *b;
	int result;
} compared[] = {
	{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", 0},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", 0},
	{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", 0},
	{"sip:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", 1},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", 1},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", 1},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", 1},
	{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", 1},
	{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", 1},
	{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", 1},
	{"sip:a:x@h", "sip:a:X@h", 1},
	{"sip:a@h", "sips:a@h", 1},
	{"sip:a@h;gr=1", "sip:a@h", 1},
	{"sip:a@h;lr", "sip:a@h", 0},
	{"sip:a@h", "sip:a@h", 0},
	/* as OpenSIPS sees it */
	{"sip:a@h;gr", "sip:a@h", 0},
	{"sip:a@h;transport;user;method=;ttl", "sip:a@h", 0},
	{"sip:a@h;r2=on", "sip:a@h", 1},
	{"sip:a@h;lr=on", "sip:a@h", 1},
	{"sip:a@h;pn-prid=x", "sip:a@h", 1},
	{"sip:a@h;pn-prid=x", "sip:a@h;pn-prid=X", 0},
	{"sip:a@h:5060", "sip:a@h:05060", 1},
	{"sip:a@h:", "sip:a@h", 0},
	{"sip:a:%41@h", "sip:a:A@h", 1},
	{"sip:a@h?X=y", "sip:a@h?x=Y", 0},
	{"sip:%zz@h", "sip:%zz@h", 1},
	{"sip:a%00@h", "sip:a%00@h", 1},
	{"sip:a@h", "garbage", -1},
	{"garbage", "sip:a@h", -1},
};

static void test_compare_uris(void **state)
{
	struct sip_uri u;
	str a, b;

	(void)state;
	for (size_t i = 0; i < ROWS(compared); i++) {
		init_str(&a, compared[i].a);
		init_str(&b, compared[i].b);
		if (compare_uris(&a, NULL, &b, NULL) != compared[i].result)
			fail_msg("%s and %s", compared[i].a, compared[i].b);
		if (compared[i].result < 0)
			continue;
		assert_int_equal(parse_uri(b.s, b.len, &u), 0);
		assert_int_equal(compare_uris(&a, NULL, NULL, &u), compared[i].result);
		assert_int_equal(compare_uris(NULL, &u, &a, NULL), compared[i].result);
	}
}

/* --- parts of messages ------------------------------------------------------- */

static const struct {
	const char *text;
	int values; /* 0: malformed */
	const char *host;
	int port;
	const char *branch, *received;
	int proto;
} vias[] = {
	{"SIP/2.0/UDP h:5060;branch=z9hG4bKx", 1, "h", 5060, "z9hG4bKx", "", PROTO_UDP},
	{"SIP/2.0/TCP 10.0.0.1;rport;branch=b", 1, "10.0.0.1", 0, "b", "", PROTO_TCP},
	{"SIP / 2.0 / UDP  first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9 (c)", 1,
		"first.example.com", 4000, "z9", "", PROTO_UDP},
	{"SIP/2.0/UDP [2001:db8::9:1];received=[::1];branch=b", 1, "[2001:db8::9:1]", 0, "b",
		"[::1]", PROTO_UDP},
	{"SIP/2.0/UDP h;received=::1;branch=b", 1, "h", 0, "b", "::1", PROTO_UDP},
	{"sip/2.0/tls h;BRANCH=b", 1, "h", 0, "b", "", PROTO_TLS},
	{"SIP/2.0/UNKNOWN h;branch=b", 1, "h", 0, "b", "", PROTO_NONE},
	{"SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2 ,SIP/2.0/UDP c", 3, "a", 0, "1", "",
		PROTO_UDP},
	{"SIP/2.0/UDP a;x=\"q,;\\\" (\";branch=1 (co(mm)ent, \\) ;)", 1, "a", 0, "1", "",
		PROTO_UDP},
	{"SIP/2.0/UDP\r\n a\r\n\t;branch=1", 1, "a", 0, "1", "", PROTO_UDP},
	{"SIP/2.0/UDP a;branch", 1, "a", 0, "", "", PROTO_UDP},
	{"SIP/2.0/UDP a ; rport = 55 ; branch = 1", 1, "a", 0, "1", "", PROTO_UDP},
	{"", 0},
	{"SIP", 0},
	{"SIP/2.0", 0},
	{"SIP/2.0/", 0},
	{"SIP/2.0/UDP", 0},
	{"SIP/2.0/UDP ", 0},
	{"SIP/2.0/UDPh", 0},
	{"SIP/2.0/UDP ;branch=1", 0},
	{"SIP/1.0/UDP h", 0},
	{"XIP/2.0/UDP h", 0},
	{"SIP/2.0/UDP h:", 0},
	{"SIP/2.0/UDP h:0", 0},
	{"SIP/2.0/UDP h:70000", 0},
	{"SIP/2.0/UDP h:1;", 0},
	{"SIP/2.0/UDP h;;branch=1", 0},
	{"SIP/2.0/UDP h;branch=\"1", 0},
	{"SIP/2.0/UDP h (comment", 0},
	{"SIP/2.0/UDP h x", 0},
	{"SIP/2.0/UDP [::1", 0},
};

static void test_vias(void **state)
{
	struct via_body *vb, *last;
	char *buf;
	int n;

	(void)state;
	for (size_t i = 0; i < ROWS(vias); i++) {
		const char *t = vias[i].text;

		buf = exact(t, strlen(t));
		vb = pkg_malloc(sizeof(*vb));
		parse_via(buf, buf + strlen(t), vb);
		if ((vb->error == PARSE_OK) != (vias[i].values > 0))
			fail_msg("[%s]: error %d", t, vb->error);
		if (vias[i].values) {
			for (n = 1, last = vb; last->next; last = last->next)
				n++;
			assert_int_equal(last->error, PARSE_OK);
			assert_int_equal(n, vias[i].values);
			assert_str(vb->host, vias[i].host, t);
			assert_int_equal(vb->port, vias[i].port);
			assert_int_equal(vb->proto, vias[i].proto);
			assert_str(vb->branch ? vb->branch->value : STR_NULL, vias[i].branch, t);
			assert_str(
				vb->received ? vb->received->value : STR_NULL, vias[i].received, t);
		}
		free_via_list(vb);
		free(buf);
	}
}

static void test_bad_later_via(void **state)
{
	char text[] = "SIP/2.0/UDP a;branch=1,";
	struct via_body *vb = pkg_malloc(sizeof(*vb));

	(void)state;
	parse_via(text, text + strlen(text), vb);
	assert_int_equal(vb->error, PARSE_OK);
	assert_int_equal(vb->bsize, strlen(text));
	assert_non_null(vb->next);
	assert_int_equal(vb->next->error, PARSE_ERROR);
	free_via_list(vb);
}

static const struct {
	const char *text;
	int ok;
	const char *display, *uri, *tag;
	int params;
} addresses[] = {
	{"<sip:a@b>", 1, "", "sip:a@b", "", 0},
	{"sip:a@b", 1, "", "sip:a@b", "", 0},
	{"sip:a@b;tag=1", 1, "", "sip:a@b", "1", 1},
	{"<sip:a@b;lr>;tag=1", 1, "", "sip:a@b;lr", "1", 1},
	{"Bob <sip:a@b>;x=y;TAG=1", 1, "Bob", "sip:a@b", "1", 2},
	{"The Big Bob<sip:a@b>", 1, "The Big Bob", "sip:a@b", "", 0},
	{"\"Bob, \\\"the <big>\\\"\" <sip:a@b> ; tag = 1", 1, "\"Bob, \\\"the <big>\\\"\"",
		"sip:a@b", "1", 1},
	{"\"\" <sip:a@b>", 1, "\"\"", "sip:a@b", "", 0},
	{"\r\n <sip:a@b>\r\n ;\r\n tag\r\n =\r\n 1", 1, "", "sip:a@b", "1", 1},
	{"<sip:a@b>;x=\"a;tag=7\";tag=1", 1, "", "sip:a@b", "1", 2},
	{"<sip:a@[::1]:5060>;tag=1", 1, "", "sip:a@[::1]:5060", "1", 1},
	{"<tel:+123>;tag=1", 1, "", "tel:+123", "1", 1},
	{"", 0},
	{"<>", 0},
	{"<sip:a@b", 0},
	{"sip:a@b>", 0},
	{"<<sip:a@b>>", 0},
	{"\"Bob <sip:a@b>", 0},
	{"\"Bob\"", 0},
	{"\"Bob\" sip:a@b", 0},
	{"\"Bob\\\" <sip:a@b>", 0},
	{"Bob, Jr <sip:a@b>", 0},
	{"<sip:a@b>;", 0},
	{"<sip:a@b>;;tag=1", 0},
	{"<sip:a@b>;tag", 0},
	{"<sip:a@b>;tag=", 0},
	{"<sip:a@b>;tag=1;tag=2", 0},
	{"<sip:a@b>;tag=1,<sip:c@d>", 0},
	{"<sip:a@b>x", 0},
	{"<sip:a@b>;tag=1 2", 0},
	{"<sip:a@b>;x=\"y", 0},
	{"sip:a@b?x=y", 0},
	{";tag=1", 0},
};

static void test_addresses(void **state)
{
	struct to_body *tb;
	struct to_param *p;
	char *buf;
	int n;

	(void)state;
	for (size_t i = 0; i < ROWS(addresses); i++) {
		const char *t = addresses[i].text;

		buf = exact(t, strlen(t));
		tb = pkg_malloc(sizeof(*tb));
		parse_to(buf, buf + strlen(t), tb);
		if ((tb->error == PARSE_OK) != addresses[i].ok)
			fail_msg("[%s]: error %d", t, tb->error);
		if (addresses[i].ok) {
			assert_str(tb->display, addresses[i].display, t);
			assert_str(tb->uri, addresses[i].uri, t);
			assert_str(tb->tag_value, addresses[i].tag, t);
			for (n = 0, p = tb->param_lst; p; p = p->next)
				n++;
			assert_int_equal(n, addresses[i].params);
			assert_int_equal(parse_to_body_uri(tb), 0);
		}
		free_to(tb);
		free(buf);
	}
}

static const struct {
	const char *text;
	int contacts; /* -1: malformed, 0: star */
	const char *uri, *q, *expires, *received, *instance, *methods;
} contacts[] = {
	{"*", 0},
	{" *", 0},
	{"sip:a@b", 1, "sip:a@b", "", "", "", "", ""},
	{"sip:a@b;expires=60", 1, "sip:a@b", "", "60", "", "", ""},
	{"<sip:a@b;expires=1>;expires=60;q=0.5", 1, "sip:a@b;expires=1", "0.5", "60", "", "", ""},
	{"\"A, B\" <sip:a@b>;q=1,\r\n <sip:c@d>", 2, "sip:a@b", "1", "", "", "", ""},
	{"sip:a@b,sip:c@d,sip:e@f", 3, "sip:a@b", "", "", "", "", ""},
	{"<sip:a@b>;+sip.instance=\"<urn:uuid:1-2>\";reg-id=1;methods=\"INVITE, BYE\""
	 ";received=\"sip:1.2.3.4:5\"",
		1, "sip:a@b", "", "", "sip:1.2.3.4:5", "<urn:uuid:1-2>", "INVITE, BYE"},
	{"<sip:a@b>;+SIP.Instance=\"x\";EXPIRES=3", 1, "sip:a@b", "", "3", "", "x", ""},
	{"<sip:a@b>;unknown;q=.5", 1, "sip:a@b", ".5", "", "", "", ""},
	/* as OpenSIPS takes them */
	{",<sip:a@b>,, <sip:c@d>", 2, "sip:a@b", "", "", "", "", ""},
	{"70,<sip:a@b>", 1, "sip:a@b", "", "", "", "", ""},
	{"a;b \"c\" <sip:a@b>", 1, "sip:a@b", "", "", "", "", ""},
	{"a, sip:a@b", 2, "a", "", "", "", "", ""},
	{"sip:a b@c", 1, "sip:a b@c", "", "", "", "", ""},
	{"sip:a@b?x=y", 1, "sip:a@b?x=y", "", "", "", "", ""},
	{"< sip:a@b >", 1, "sip:a@b", "", "", "", "", ""},
	{"<sip:a@b;x=\">\">", 1, "sip:a@b;x=\">\"", "", "", "", "", ""},
	{"<sip:a@b> <sip:c@d>;q=1", 1, "sip:a@b> <sip:c@d", "1", "", "", "", ""},
	{"<*>", 1, "*", "", "", "", "", ""},
	{"<sip:a@b>; ;q=.5;=x;x=y\"z", 1, "sip:a@b", ".5", "", "", "", ""},
	{"", -1},
	{"* ", -1},
	{"*,*", -1},
	{"*, <sip:a@b>", -1},
	{"<sip:a@b>,", -1},
	{"70", -1},
	{"<sip:a@b>;q=", -1},
	{"<sip:a@b>;x=;q=1", -1},
	{"sip:a@b>", -1},
	{"<sip:<a@b>", -1},
	{"<sip:a@b>;;", -1},
	{"<sip:a@b>;q=0.5 0.6", -1},
	{"<sip:a@b>;q=\"1", -1},
	{"<>", -1},
};

static void test_contacts(void **state)
{
	struct hdr_field h;
	contact_body_t *b;
	contact_t *c;
	int n;

	(void)state;
	for (size_t i = 0; i < ROWS(contacts); i++) {
		const char *t = contacts[i].text;

		memset(&h, 0, sizeof(h));
		h.type = HDR_CONTACT_T;
		h.body.len = strlen(t);
		h.body.s = exact(t, h.body.len);
		n = parse_contact(&h);
		b = h.parsed;
		if ((n < 0) != (contacts[i].contacts < 0))
			fail_msg("[%s]: %d", t, n);
		if (b) {
			for (n = 0, c = b->contacts; c; c = c->next)
				n++;
			assert_int_equal(n, contacts[i].contacts);
			assert_int_equal(b->star, n == 0);
			c = b->contacts;
		}
		if (b && c) {
			assert_str(c->uri, contacts[i].uri, t);
#define SAME(member) assert_str(c->member ? c->member->body : STR_NULL, contacts[i].member, t)
			SAME(q);
			SAME(expires);
			SAME(received);
			SAME(instance);
			SAME(methods);
		}
		clean_hdr_field(&h);
		assert_null(h.parsed);
		free(h.body.s);
	}
}

static void test_contact_length(void **state)
{
	char text[] = "  \"x\" <sip:a@b> ; q = 1  , <sip:c@d>";
	str s = {text, (int)strlen(text)};
	contact_t *c;

	(void)state;
	assert_int_equal(parse_contacts(&s, &c), 0);
	assert_int_equal(c->len, strlen("\"x\" <sip:a@b> ; q = 1"));
	assert_int_equal(c->next->len, strlen("<sip:c@d>"));
	assert_int_equal(c->q->len, strlen("q = 1"));
	free_contacts(&c);
}

static void test_routes(void **state)
{
	static const char *const bad[] = {
		"", "<sip:a", "sip:a", "<sip:a>,", "<sip:a>;", "<sip:a> x"};
	char text[] = "<sip:a;lr>;x=y , \"P\" <sip:b;lr>;r2=on,<sip:c>";
	str path = {text, (int)strlen(text)}, dst;
	char *buf;
	rr_t *r;

	(void)state;
	assert_int_equal(parse_rr_body(text, strlen(text), &r), 0);
	assert_str(r->nameaddr.uri, "sip:a;lr", "first");
	assert_int_equal(r->len, strlen("<sip:a;lr>;x=y"));
	assert_str(r->next->nameaddr.name, "\"P\"", "second");
	assert_str(r->next->next->nameaddr.uri, "sip:c", "third");
	assert_null(r->next->next->next);
	free_rr(&r);
	assert_int_equal(get_path_dst_uri(&path, &dst), 0);
	assert_str(dst, "sip:a;lr", "path");
	for (size_t i = 0; i < ROWS(bad); i++) {
		buf = exact(bad[i], strlen(bad[i]));
		assert_true(parse_rr_body(buf, strlen(bad[i]), &r) < 0);
		assert_null(r);
		free(buf);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int ok;
		const char *number, *method;
		int id;
	} cseqs[] = {{"1 INVITE", 1, "1", "INVITE", METHOD_INVITE},
		{"  2147483647\r\n \t BYE", 1, "2147483647", "BYE", METHOD_BYE},
		{"0009 FOO.bar", 1, "0009", "FOO.bar", METHOD_OTHER}, {"", 0}, {"1", 0}, {"1 ", 0},
		{"INVITE", 0}, {"99999999999 INVITE", 1, "99999999999", "INVITE", METHOD_INVITE},
		{"-1 INVITE", 0}, {"1INVITE", 0}, {"1 INVITE x", 0}, {"1 (INVITE)", 0}};
	static const struct {
		const char *text;
		int len;
	} lengths[] = {{"0", 0}, {"65535", 65535}, {" 12 ", 12}, {"2147483647", 2147483647},
		{"2147483648", -1}, {"", -1}, {"x", -1}, {"-1", -1}, {"1 2", -1}, {"1x", -1}};
	struct cseq_body cb;
	char *buf;
	int n;

	(void)state;
	for (size_t i = 0; i < ROWS(cseqs); i++) {
		buf = exact(cseqs[i].text, strlen(cseqs[i].text));
		parse_cseq(buf, buf + strlen(cseqs[i].text), &cb);
		if ((cb.error == PARSE_OK) != cseqs[i].ok)
			fail_msg("CSeq [%s]: error %d", cseqs[i].text, cb.error);
		if (cseqs[i].ok) {
			assert_str(cb.number, cseqs[i].number, "number");
			assert_str(cb.method, cseqs[i].method, "method");
			assert_int_equal(cb.method_id, cseqs[i].id);
		}
		free(buf);
	}
	for (size_t i = 0; i < ROWS(lengths); i++) {
		buf = exact(lengths[i].text, strlen(lengths[i].text));
		n = -1;
		parse_content_length(buf, buf + strlen(lengths[i].text), &n);
		if (n != lengths[i].len)
			fail_msg("Content-Length [%s]: %d", lengths[i].text, n);
		free(buf);
	}
}

static void test_expires(void **state)
{
	static const struct {
		const char *text;
		int valid, val;
	} rows[] = {{"3600", 1, 3600}, {"0", 1, 0}, {"soon", 0, 0}, {"1x", 0, 0},
		{"Thu, 01 Dec 1994 16:00:00 GMT", 0, 0}, {"-1", 0, 0},
		{"99999999999", 1, 1215752191}, {"4294967297", 1, 1}};
	struct hdr_field h;
	exp_body_t *e;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		memset(&h, 0, sizeof(h));
		h.type = HDR_EXPIRES_T;
		init_str(&h.body, rows[i].text);
		assert_int_equal(parse_expires(&h), 0);
		e = h.parsed;
		assert_int_equal(e->valid, rows[i].valid);
		assert_int_equal(e->val, rows[i].val);
		clean_hdr_field(&h);
	}
	memset(&h, 0, sizeof(h));
	h.type = HDR_EXPIRES_T;
	assert_int_equal(parse_expires(&h), -1);
}

static void test_methods(void **state)
{
	str s = str_init("INVITE, ACK ,BYE,,FROB,\r\n MESSAGE");
	unsigned int m;

	(void)state;
	assert_int_equal(parse_methods(&s, &m), 0);
	assert_int_equal(
		m, METHOD_INVITE | METHOD_ACK | METHOD_BYE | METHOD_OTHER | METHOD_MESSAGE);
	s = str_init("invite");
	assert_int_equal(parse_methods(&s, &m), 0);
	assert_int_equal(m, METHOD_INVITE);
	s = str_init("ACK, ,BYE,");
	assert_int_equal(parse_methods(&s, &m), 0);
	assert_int_equal(m, METHOD_ACK | METHOD_BYE | METHOD_OTHER);
	s = str_init("ACK,BYE, ");
	assert_int_equal(parse_methods(&s, &m), 0);
	assert_int_equal(m, METHOD_ACK | METHOD_BYE);
	s = str_init("gruu path");
	assert_int_equal(parse_supported_body(&s, &m), 0);
	assert_int_equal(m, F_SUPPORTED_GRUU | F_SUPPORTED_PATH);
	s = str_init("path;x");
	assert_int_equal(parse_supported_body(&s, &m), 0);
	assert_int_equal(m, 0);
	s = str_init("INVITE ACK");
	assert_int_equal(parse_methods(&s, &m), -1);
	s = str_init("INVITE;ACK");
	assert_int_equal(parse_methods(&s, &m), -1);
}

/* --- whole messages ---------------------------------------------------------- */

struct message {
	struct sip_msg msg;
	char *buf;
	int rc;
};

/* Lines end with LF in the tables here, for reading; on the wire with CRLF. */
static void parse_text(struct message *m, const char *text)
{
	size_t len = 0;
	char *wire = malloc(2 * strlen(text) + 1);

	for (; *text; text++) {
		if (*text == '\n')
			wire[len++] = '\r';
		wire[len++] = *text;
	}
	memset(&m->msg, 0, sizeof(m->msg));
	m->buf = exact(wire, len);
	free(wire);
	m->rc = parse_msg_opt(m->buf, len, &m->msg, 0);
}

static void drop_message(struct message *m)
{
	free_sip_msg(&m->msg);
	free(m->buf);
}

#define VIA  "Via: SIP/2.0/UDP h;branch=z9hG4bK1\n"
#define REST "f: <sip:a@b>;tag=1\nt: <sip:c@d>\ni: x\nCSeq: 1 OPTIONS\n"

static void test_first_lines(void **state)
{
	static const struct {
		const char *line;
		int type;
		const char *a, *b; /* method and URI, or reason */
		int number;
	} rows[] = {
		{"INVITE sip:a@b SIP/2.0", SIP_REQUEST, "INVITE", "sip:a@b", METHOD_INVITE},
		{"FROB sip:a@b sip/2.0", SIP_REQUEST, "FROB", "sip:a@b", METHOD_OTHER},
		{"INVITE  SIP/2.0", SIP_REQUEST, "INVITE", "", METHOD_INVITE},
		{"INVITE a b c SIP/9", SIP_REQUEST, "INVITE", "a b c", METHOD_INVITE},
		{"SIP/2.0 200 OK", SIP_REPLY, "OK", NULL, 200},
		{"SIP/2.0 180 ", SIP_REPLY, "", NULL, 180},
		{"SIP/2.0 699", SIP_REPLY, "", NULL, 699},
		{"sip/2.0 404 Not = found & \"gone\"", SIP_REPLY, "Not = found & \"gone\"", NULL,
			404},
		{"INVITE SIP/2.0", SIP_INVALID, NULL, NULL, 0},
		{"INVITE sip:a@b", SIP_INVALID, NULL, NULL, 0},
		{"INVITE sip:a@b SIP/2.0 ", SIP_INVALID, NULL, NULL, 0},
		{"INVITE sip:a@b HTTP/1.1", SIP_INVALID, NULL, NULL, 0},
		{" INVITE sip:a@b SIP/2.0", SIP_INVALID, NULL, NULL, 0},
		{"IN(ITE sip:a@b SIP/2.0", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 700 x", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 099 x", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 2000 x", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 20 x", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 200x", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0", SIP_INVALID, NULL, NULL, 0},
		{"SIP/2.0 ", SIP_INVALID, NULL, NULL, 0},
		{"", SIP_INVALID, NULL, NULL, 0},
	};
	struct msg_start fl;
	char line[100], *buf;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int len = sprintf(line, "%s\r\n", rows[i].line);

		buf = exact(line, len);
		parse_first_line(buf, len, &fl);
		if (fl.type != rows[i].type)
			fail_msg("[%s]: type %d", rows[i].line, fl.type);
		if (fl.type == SIP_REQUEST) {
			assert_str(fl.u.request.method, rows[i].a, line);
			assert_str(fl.u.request.uri, rows[i].b, line);
			assert_int_equal(fl.u.request.method_value, rows[i].number);
			assert_int_equal(fl.len, len);
		} else if (fl.type == SIP_REPLY) {
			assert_str(fl.u.reply.reason, rows[i].a, line);
			assert_int_equal(fl.u.reply.statuscode, rows[i].number);
		}
		free(buf);
	}
}

static void test_compact_and_folded(void **state)
{
	struct message m;
	struct hdr_field *h;

	(void)state;
	parse_text(&m,
		"\n\nREGISTER sip:b SIP/2.0\n"
		"v: SIP/2.0/UDP h;branch=z9hG4bK1\n"
		"V:SIP/2.0/UDP i\n"
		"subject  :  one\n  two\n\tthree   \n"
		"F:<sip:a@b>;tag=1\nt:<sip:c@d>\ni:x\ncseq:1 REGISTER\n"
		"m:<sip:1@h>,<sip:2@h>\nContact: <sip:3@h>\nk: path, GRUU\nSupported: 100rel\n"
		"user-agent: Phone (\"x\")\nAllow: INVITE\nallow: BYE\nPath: <sip:p;lr>\n"
		"X-Other: 1\nx-other: 2\nl:2\n\nab");
	assert_int_equal(m.rc, 0);
	assert_null(m.msg.to); /* lazily: nothing behind the Via has been looked at */
	assert_int_equal(parse_headers(&m.msg, HDR_VIA2_F, 0), 0);
	assert_str(m.msg.via2->host, "i", "via2");
	assert_null(m.msg.to);
	assert_int_equal(parse_headers(&m.msg, HDR_EOH_F, 0), 0);
	assert_int_equal(m.msg.content_length->type, HDR_CONTENTLENGTH_T);
	assert_int_equal(get_content_length(&m.msg), 2);
	assert_str(m.msg.subject->body, "one\r\n  two\r\n\tthree", "subject");
	assert_str(m.msg.callid->body, "x", "call-id");
	assert_str(m.msg.user_agent->body, "Phone (\"x\")", "user agent");
	assert_non_null(m.msg.contact->sibling);
	assert_null(m.msg.contact->sibling->sibling);
	assert_non_null(m.msg.path);
	assert_int_equal(parse_allow(&m.msg), 0);
	assert_int_equal(get_allow_methods(&m.msg), METHOD_INVITE | METHOD_BYE);
	assert_int_equal(parse_supported(&m.msg), 0);
	assert_int_equal(
		get_supported(&m.msg), F_SUPPORTED_PATH | F_SUPPORTED_GRUU | F_SUPPORTED_100REL);
	h = get_header_by_static_name(&m.msg, "X-OTHER");
	assert_str(h->body, "1", "x-other");
	assert_int_equal(has_totag(&m.msg), 0);
	drop_message(&m);
}

static void test_contact_iterator(void **state)
{
	struct message m;
	contact_t *c = NULL;
	int n = 0;

	(void)state;
	parse_text(
		&m, "REGISTER sip:b SIP/2.0\n" VIA REST "m: <sip:0@h>,<sip:1@h>\nm: <sip:2@h>\n\n");
	for (;;) {
		assert_int_equal(contact_iterator(&c, &m.msg, c), 0);
		if (!c)
			break;
		assert_int_equal(c->uri.s[4], '0' + n++);
	}
	assert_int_equal(n, 3);
	drop_message(&m);
	parse_text(&m, "REGISTER sip:b SIP/2.0\n" VIA REST "m: <sip:0@h>\nm: <sip:1@h\n\n");
	assert_int_equal(contact_iterator(&c, &m.msg, NULL), 0);
	assert_int_equal(contact_iterator(&c, &m.msg, c), -1);
	drop_message(&m);
}

static void test_next_of_a_type(void **state)
{
	struct message m;

	(void)state;
	parse_text(&m, "REGISTER sip:b SIP/2.0\n" VIA
		       "m: <sip:0@h>\nSubject: x\nm: <sip:1@h>\n" REST "\n");
	assert_int_equal(parse_headers(&m.msg, HDR_CONTACT_F, 0), 0);
	assert_null(m.msg.contact->sibling);
	assert_int_equal(parse_headers(&m.msg, HDR_CONTACT_F, 1), 0);
	assert_non_null(m.msg.contact->sibling);
	assert_null(m.msg.callid);
	assert_int_equal(parse_headers(&m.msg, HDR_CONTACT_F, 1), 0);
	assert_non_null(m.msg.eoh);
	assert_null(m.msg.contact->sibling->sibling);
	drop_message(&m);
}

#define MF "Max-Forwards: 70\n"

/* What is told about a message: 0 none, -1 no answer is possible. RFC 4475 by its names. */
static const struct {
	const char *name;
	int code;
	const char *text;
} messages[] = {
	{"wsinv", 0,
		"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\n"
		"TO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n"
		"from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n"
		"  tag = 98asjd8\nMaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\n"
		"Content-Length   : 2\ncseq: 0009\n  INVITE\nVia  : SIP  /   2.0\n /UDP\n"
		"    192.0.2.2;branch=390skdjuw\ns :\nNewFangledHeader:   newfangled value\n"
		" continued newfangled value\nUnknownHeaderWithUnusualValue: ;;,,;;,;\n"
		"Content-Type: application/sdp\n"
		"Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n"
		"  branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  192.168.255.111   ; "
		"branch=\n"
		" z9hG4bK30239\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam "
		"=\n"
		"      newvalue ;\n  secondparam ; q = 0.33\n\nab"},
	{"intmeth", 0,
		"!interesting-Method0123456789_*+`.%indeed'~ "
		"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
		":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n"
		"Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
		"To: \"BEL:\\\x07 NUL:\\\x01 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)"
		"&isn't+it$/crazy?,/;;*@example.com>\n"
		"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
		";fromParam''~+*_!.-%=\"\xD1\x80\xD0\xB0\";tag=_token~1'+`*%!-.\n"
		"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
		"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\nMax-Forwards: 255\n"
		"extensionHeader-!.%*+_`'~:\xEF\xBB\xBF\xE5\xA4\xA7\xE5\x81\x9C\xE9\x9B\xBB\n"
		"Content-Length: 0\n\n"},
	{"esc01", 0,
		"INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\n"
		"To: sip:%75se%72@example.com\nFrom: <sip:I%20have%20spaces@example.net>;tag=938\n"
		"Max-Forwards: 87\ni: esc01.239409asdfakjkn23onasd0-3234\nCSeq: 234234 INVITE\n"
		"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\nC: application/sdp\n"
		"Contact:\n <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\n"
		"Content-Length: 0\n\n"},
	{"escnull", 0,
		"REGISTER sip:example.com SIP/2.0\nTo: sip:null-%00-null@example.com\n"
		"From: sip:null-%00-null@example.com;tag=839923423\nMax-Forwards: 70\n"
		"Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\nCSeq: 14398234 REGISTER\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\n"
		"Contact: <sip:%00@host5.example.com>\nContact: "
		"<sip:%00%00@host5.example.com>\nL:0\n\n"},
	{"esc02", 0,
		"RE%47IST%45R sip:registrar.example.com SIP/2.0\n"
		"To: \"%Z%45\" <sip:resource@example.com>\n"
		"From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\n"
		"Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\n"
		"Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\n"
		"CSeq: 29344 RE%47IST%45R\nMax-Forwards: 70\nContact: "
		"<sip:alias1@host1.example.com>\n"
		"Content-Length: 0\n\n"},
	{"lwsdisp", 0,
		"OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
		"From: caller<sip:caller@example.com>;tag=323\nMax-Forwards: 70\n"
		"Call-ID: lwsdisp.1234abcd@funky.example.com\nCSeq: 60 OPTIONS\n"
		"Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n"},
	{"dblreq", 0,
		"REGISTER sip:example.com SIP/2.0\nTo: sip:j.user@example.com\n"
		"From: sip:j.user@example.com;tag=43251j3j324\nMax-Forwards: 8\n"
		"I: dblreq.0ha0isndaksdj99sdfafnl3lk233412\nContact: sip:j.user@host.example.com\n"
		"CSeq: 8 REGISTER\nVia: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\n"
		"Content-Length: 0\n\n\nINVITE sip:joe@example.com SIP/2.0\n\n"},
	{"semiuri", 0,
		"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\n"
		"To: sip:j_user@example.com\nFrom: sip:caller@example.org;tag=33242\n"
		"Max-Forwards: 3\nCall-ID: semiuri.0ha0isndaksdj\nCSeq: 8 OPTIONS\n"
		"Accept: application/sdp, application/pkcs7-mime\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\nl: 0\n\n"},
	{"transports", 0,
		"OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\n"
		"From: <sip:caller@example.com>;tag=323\nMax-Forwards: 70\nCall-ID: "
		"transports.kijh4\n"
		"CSeq: 60 OPTIONS\nVia: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\n"
		"Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n"
		"Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\n"
		"Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\nl: 0\n\n"},
	{"unreason", 0,
		"SIP/2.0 200 = 2**3 * 5**2 \xD0\xBD\xD0\xBE\n"
		"Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nCall-ID: "
		"unreason.1234ksdfak3j2\n"
		"CSeq: 35 INVITE\nFrom: sip:user@example.com;tag=11141343\n"
		"To: sip:user@example.edu;tag=2229\nContent-Length: 0\n\n"},
	{"noreason", 0,
		"SIP/2.0 100 \nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\n"
		"Call-ID: noreason.asndj203insdf99223ndf\nCSeq: 35 INVITE\n"
		"From: <sip:user@example.com>;tag=39ansfi3\nTo: <sip:user@example.edu>;tag=902\n"
		"Content-Length: 0\n\n"},
	{"badinv01", -1,
		"INVITE sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\n"
		"From: sip:caller@example.net;tag=134161461246\nMax-Forwards: 7\n"
		"Call-ID: badinv01.0ha0isndaksdjasdf3234nas\nCSeq: 8 INVITE\n"
		"Via: SIP/2.0/UDP 192.0.2.15;;,;,,\nContact: \"Joe\" <sip:joe@example.org>;;;;\n"
		"Content-Length: 0\n\n"},
	{"clerr", 400,
		"INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 80\nTo: "
		"sip:j.user@example.com\n"
		"From: sip:caller@example.net;tag=93942939o2\nCall-ID: "
		"clerr.0ha0isndaksdjweiafasdk3\n"
		"CSeq: 8 INVITE\nVia: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523\n"
		"Content-Type: application/sdp\nContent-Length: 9999\n\nv=0\n"},
	{"ncl", 400,
		"INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 254\nTo: "
		"sip:j.user@example.com\n"
		"From: sip:caller@example.net;tag=32394234\nCall-ID: "
		"ncl.0ha0isndaksdj2193423r542w35\n"
		"CSeq: 0 INVITE\nVia: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw\n"
		"Content-Length: -999\n\nv=0\n"},
	{"scalar02", 400,
		"REGISTER sip:example.com SIP/2.0\nVia: SIP/2.0/TCP "
		"host129.example.com;branch=z9hG4bK3\n"
		"To: <sip:user@example.com>\nFrom: <sip:user@example.com>;tag=239232jh3\n"
		"CSeq: 36893488147419103232 REGISTER\nCall-ID: "
		"scalar02.23o0pd9vanlq3wnrlnewofjas9ui32\n"
		"Max-Forwards: 300\nExpires: 1\nContact: <sip:user@h>;expires=280297596632815\nl: "
		"0\n\n"},
	{"quotbal", 400,
		"INVITE sip:user@example.com SIP/2.0\nTo: \"Mr. J. User <sip:j.user@example.com>\n"
		"From: sip:caller@example.net;tag=93334\nMax-Forwards: 10\nCall-ID: quotbal.aksdj\n"
		"CSeq: 8 INVITE\nVia: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234\nl: "
		"0\n\n"},
	{"ltgtruri", 400,
		"INVITE <sip:user@example.com> SIP/2.0\nTo: sip:user@example.com\n"
		"From: sip:caller@example.net;tag=39291\nMax-Forwards: 23\nCall-ID: "
		"ltgtruri.1@192.0.2.5\n"
		"CSeq: 1 INVITE\nVia: SIP/2.0/UDP 192.0.2.5\nl: 0\n\n"},
	{"lwsruri", 400,
		"INVITE sip:user@example.com; lr SIP/2.0\nTo: "
		"sip:user@example.com;tag=3xfe-9921883-z9f\n"
		"From: sip:caller@example.net;tag=231413434\nMax-Forwards: 5\nCall-ID: "
		"lwsruri.asdfa\n"
		"CSeq: 2130706432 INVITE\nVia: SIP/2.0/UDP 192.0.2.1:8080;branch=z9hG4bKkdj\nl: "
		"0\n\n"},
	{"lwsstart", 400,
		"INVITE  sip:user@example.com  SIP/2.0\nMax-Forwards: 8\nTo: sip:user@example.com\n"
		"From: sip:caller@example.net;tag=8814\nCall-ID: lwsstart.dfknq234oi243099adsdf\n"
		"CSeq: 1893884 INVITE\nVia: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdj\nl: "
		"0\n\n"},
	{"trws", -1,
		"OPTIONS sip:remote-target@example.com SIP/2.0  \nVia: SIP/2.0/TCP "
		"host1.example.com\n"
		"To: <sip:remote-target@example.com>\nFrom: "
		"<sip:local-resource@example.com>;tag=329429089\n"
		"Call-ID: trws.oicu34958239neffasdhr2345r\nMax-Forwards: 70\nCSeq: 238923 "
		"OPTIONS\n\n"},
	{"escruri", 0, /* headers in a Request-URI: sip_uri.headers */
		"INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\n"
		"To: sip:user@example.com\nFrom: sip:caller@example.net;tag=341518\nMax-Forwards: "
		"7\n"
		"Call-ID: escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5\nCSeq: 149209342 "
		"INVITE\n"
		"Via: SIP/2.0/UDP host-of-the-hour.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n"},
	{"baddn", 400,
		"OPTIONS sip:t.watson@example.org SIP/2.0\nVia: SIP/2.0/UDP "
		"c.example.com:5060;branch=z9\n"
		"Max-Forwards: 70\nFrom: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n"
		"To: Watson, Thomas <sip:t.watson@example.org>\nCall-ID: "
		"baddn.31415@c.example.com\n"
		"CSeq: 3923239 OPTIONS\nl: 0\n\n"},
	{"badvers", -1,
		"OPTIONS sip:t.watson@example.org SIP/7.0\nVia: SIP/7.0/UDP "
		"c.example.com;branch=z9hG4\n"
		"Via: SIP/2.0/UDP h\n" REST "\n"},
	{"badvers with a good Via", 505,
		"OPTIONS sip:t.watson@example.org SIP/7.0\n" VIA REST "\n"},
	{"mismatch01", 400,
		"OPTIONS sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\n"
		"From: sip:caller@example.net;tag=34525\nMax-Forwards: 6\nCall-ID: "
		"mismatch01.dj0234sxdfl3\n"
		"CSeq: 8 INVITE\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n"},
	{"mismatch02", 400,
		"NEWMETHOD sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\n"
		"From: sip:caller@example.net;tag=34525\nMax-Forwards: 6\nCall-ID: "
		"mismatch02.dj0234sxdfl3\n"
		"CSeq: 8 INVITE\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n"},
	{"bigcode", -1, "SIP/2.0 4294967301 better not break the receiver\n" VIA REST "\n"},
	{"insuf", 400,
		"INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n"
		"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\nl: 0\n\n"},
	{"unkscm", 416,
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\n" VIA REST MF "\n"},
	{"novelsc", 416, "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\n" VIA REST MF "\n"},
	{"multi01", 400,
		"INVITE sip:user@company.com SIP/2.0\nContact: <sip:caller@host25.example.net>\n"
		"Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw\nMax-Forwards: 70\nCSeq: 5 "
		"INVITE\n"
		"Call-ID: multi01.98asdh@192.0.2.1\nCSeq: 59 INVITE\nCall-ID: "
		"multi01.98asdh@192.0.2.2\n"
		"From: sip:caller@example.com;tag=3413415\nTo: sip:user@example.com\n"
		"To: sip:other@example.net\nFrom: sip:caller@example.net;tag=2923420123\nl: 0\n\n"},
	{"mcl01", 400,
		"OPTIONS sip:user@example.com SIP/2.0\n" VIA REST MF
		"Content-Length: 13\nContent-Length: 5\n\nThere's no way to know\n"},
	{"bext01", 0,
		"OPTIONS sip:user@example.com SIP/2.0\n" VIA REST MF
		"Proxy-Require: nothingSupportsThis, nothingSupportsThisEither\nl: 0\n\n"},
	{"zeromf", 0, "OPTIONS sip:user@example.com SIP/2.0\n" VIA REST "Max-Forwards: 0\n\n"},
	{"inv2543", 0,
		"INVITE sip:UserB@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\n"
		"From: <sip:+13035551111@ift.client.example.net;user=phone>\n"
		"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\n"
		"To: sip:+16505552222@ss1.example.net;user=phone\nCall-ID: inv2543.1717@h\n"
		"CSeq: 56 INVITE\nContent-Type: application/sdp\n\nv=0\n"},
	/* our own */
	{"minimal", 0, "OPTIONS sip:h SIP/2.0\n" VIA REST "\n"},
	{"no empty line", 0, "OPTIONS sip:h SIP/2.0\n" VIA REST},
	{"garbage line", 400, "OPTIONS sip:h SIP/2.0\n" VIA REST "garbage\n\n"},
	{"garbage above the Via", 400, "OPTIONS sip:h SIP/2.0\ngarbage\n" VIA REST "\n"},
	{"bad CSeq above the Via", 400,
		"OPTIONS sip:h SIP/2.0\nCSeq: x\n" VIA "f: <sip:a@b>\nt: <sip:c@d>\ni: x\n\n"},
	{"bad To above the Via", 400,
		"OPTIONS sip:h SIP/2.0\nTo: <\n" VIA "f: <sip:a@b>\nCSeq: 1 OPTIONS\ni: x\n\n"},
	{"folded first header", 400, "OPTIONS sip:h SIP/2.0\n x: y\n" VIA REST "\n"},
	{"bad From", 400,
		"OPTIONS sip:h SIP/2.0\n" VIA
		"f: <sip:a@b\nt: <sip:c@d>\ni: x\nCSeq: 1 OPTIONS\n\n"},
	{"second Via bad", 400, "OPTIONS sip:h SIP/2.0\n" VIA "v: x\n" REST "\n"},
	{"second value bad", 400, "OPTIONS sip:h SIP/2.0\nv: SIP/2.0/UDP h,\n" REST "\n"},
	{"no Via", -1, "OPTIONS sip:h SIP/2.0\n" REST "\n"},
	{"empty Via", -1, "OPTIONS sip:h SIP/2.0\nVia:\n" REST "\n"},
	{"nothing", -1, "OPTIONS sip:h SIP/2.0\n\n"},
	{"only the line", -1, "OPTIONS sip:h SIP/2.0\n"},
	{"empty", -1, ""},
	{"line ends", -1, "\n\n\n\n"},
	{"cut", 400, "OPTIONS sip:h SIP/2.0\n" VIA REST "Subject: x"},
	{"Content-Length and no empty line", 400, "OPTIONS sip:h SIP/2.0\n" VIA REST "l: 1\n"},
};

static void test_defects(void **state)
{
	struct message m;
	const char *defect;
	int code;

	(void)state;
	for (size_t i = 0; i < ROWS(messages); i++) {
		parse_text(&m, messages[i].text);
		if ((m.rc < 0) != (messages[i].code < 0))
			fail_msg("%s: parse_msg gives %d", messages[i].name, m.rc);
		if (m.rc == 0) {
			defect = msg_defect(&m.msg, &code);
			if (!defect)
				code = 0;
			if (code != messages[i].code)
				fail_msg("%s: %d %s", messages[i].name, code, defect);
		}
		drop_message(&m);
	}
}

/* Each message, cut at every byte: nothing is read beyond the end, nothing is left. */
static void test_cut_everywhere(void **state)
{
	struct sip_msg msg;
	char *buf;
	int code;

	(void)state;
	for (size_t i = 0; i < ROWS(messages); i++) {
		for (size_t len = 0; len < strlen(messages[i].text); len++) {
			buf = exact(messages[i].text, len);
			memset(&msg, 0, sizeof(msg));
			if (parse_msg_opt(buf, len, &msg, 0) == 0)
				msg_defect(&msg, &code);
			free_sip_msg(&msg);
			free(buf);
		}
	}
}

/* Each message with the n-th allocation failing: it is refused, not half taken. */
static void test_out_of_memory(void **state)
{
	struct message m;
	contact_t *c;
	int code;

	(void)state;
	for (size_t i = 0; i < ROWS(messages); i++) {
		for (long n = 0; messages[i].code == 0; n++) {
			pkg_fail_after(n);
			parse_text(&m, messages[i].text);
			if (m.rc == 0 && !msg_defect(&m.msg, &code) &&
				(!m.msg.contact || contact_iterator(&c, &m.msg, NULL) == 0)) {
				drop_message(&m);
				break; /* it needs no more than n */
			}
			drop_message(&m);
			assert_true(n < 100);
		}
		pkg_fail_after(-1);
	}
}

static void test_too_many_headers(void **state)
{
	char *text = malloc(64 * MAX_HEADER_FIELDS + 256), *p = text;
	struct message m;
	int code;

	(void)state;
	p += sprintf(p, "OPTIONS sip:h SIP/2.0\n" VIA REST);
	for (int i = 0; i < MAX_HEADER_FIELDS; i++)
		p += sprintf(p, "X: y\n");
	sprintf(p, "\n");
	parse_text(&m, text);
	assert_int_equal(m.rc, 0);
	assert_string_equal(msg_defect(&m.msg, &code), "Too Many Header Fields");
	assert_int_equal(m.msg.hdr_no, MAX_HEADER_FIELDS);
	drop_message(&m);
	free(text);
}

static void test_body(void **state)
{
	static const struct {
		const char *tail, *body;
		int rc;
	} rows[] = {{"\n", "", 0}, {"l: 0\n\nxyz", "", 0}, {"l: 2\n\nxyz", "xy", 0},
		{"\nxyz", "xyz", 0}, {"l: 4\n\nxyz", "", -1}, {"", "", 0}};
	char text[300];
	struct message m;
	str body;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		sprintf(text, "OPTIONS sip:h SIP/2.0\n" VIA REST "%s", rows[i].tail);
		parse_text(&m, text);
		assert_int_equal(get_body(&m.msg, &body), rows[i].rc);
		if (rows[i].rc == 0)
			assert_str(body, rows[i].body, rows[i].tail);
		drop_message(&m);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, remember_blocks, check_blocks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good_uris),
		TEST(test_bad_uris),
		TEST(test_uri_params),
		TEST(test_many_uri_params),
		TEST(test_compare_uris),
		TEST(test_vias),
		TEST(test_bad_later_via),
		TEST(test_addresses),
		TEST(test_contacts),
		TEST(test_contact_length),
		TEST(test_routes),
		TEST(test_numbers),
		TEST(test_expires),
		TEST(test_methods),
		TEST(test_first_lines),
		TEST(test_compact_and_folded),
		TEST(test_contact_iterator),
		TEST(test_next_of_a_type),
		TEST(test_defects),
		TEST(test_cut_everywhere),
		TEST(test_out_of_memory),
		TEST(test_too_many_headers),
		TEST(test_body),
	};

	stderr_enabled = 0;
	init_pkg_mallocs();
	return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
}
