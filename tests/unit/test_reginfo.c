/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many changes as a reginfo document: what is written validates against RFC 3680's schema and is
 * read back as it was; what does not fit or is no XML is not written; what is broken or hostile
 * is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include "mem/mem.h"
#include "parser/msg_parser.h"
#include "parser/parse_methods.h"
#include "reginfo.h"
#include "reginfo_names.h"

#define HEAD                                                                                       \
	"<reginfo xmlns=\"" REGINFO_NS "\" xmlns:r=\"" REGINFO_OWN_NS                              \
	"\" version=\"1\" state=\"partial\">"
#define CONTACT "<contact state=\"active\" event=\"registered\" id=\"1\">"
#define BOUND   "<r:binding time=\"5\" domain=\"location\" aor=\"a\"/>"
#define ONE(inner)                                                                                 \
	HEAD "<registration aor=\"sip:a@h\" id=\"1\" state=\"active\">" inner                      \
	     "</registration></reginfo>"

static const str host = {(char *)(size_t) "h.org", 5};

static str s(const char *text)
{
	return (str){(char *)(size_t)text, (int)strlen(text)};
}

static void assert_str(str got, const char *want)
{
	if (got.len != (int)strlen(want) || (got.len > 0 && memcmp(got.s, want, got.len) != 0))
		fail_msg("[%.*s], not [%s]", got.len, got.s ? got.s : "", want);
}

static struct payload full_payload(void)
{
	return (struct payload){
		.aor = s("al&ice@\"<x>\""),
		.contact = s("sip:alice@10.0.0.1:5062;transport=tcp?a=1&b=<2>"),
		.callid = s("c1@phone\tx"),
		.cseq = 17,
		.q = 500,
		.methods = METHOD_INVITE | METHOD_BYE | METHOD_OTHER,
		.user_agent = s("Phone \"X\"/1 & \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\x9e"),
		.path = s("<sip:p1.org;lr>, <sip:p2.org;lr>"),
		.received = s("sip:1.2.3.4:4000;transport=tcp"),
		.instance = s("<urn:uuid:0-1-2>"),
		.sock = s("udp:10.0.0.9:5060"),
		.flags = s("NAT OTHER"),
		.attr = s("a]]>b"),
	};
}

static struct reginfo_change change_of(const struct payload *p)
{
	return (struct reginfo_change){
		.kind = RR_SET,
		.time = rr_hlc(1732150000321) | 7,
		.left = 3600,
		.keep = 3700,
		.domain = s("location"),
		.payload = p,
	};
}

static struct text document(char *buf, int size, const struct reginfo_change *changes, int n)
{
	struct text t = {buf, 0, size, false};

	reginfo_begin(&t, 42);
	for (int i = 0; i < n; i++)
		assert_true(reginfo_add(&t, &changes[i], &host));
	reginfo_end(&t);
	assert_false(t.full);
	return t;
}

/* --- what is read ------------------------------------------------------------------ */

static int count, count_most;
static struct reginfo_change last;
static struct payload last_payload;

static bool each(void *ctx, const struct reginfo_change *c)
{
	(void)ctx;
	last = *c;
	last_payload = *c->payload;
	return ++count != count_most;
}

static const char *read_text(const char *text, int len)
{
	char *copy = malloc((size_t)len + 1); /* to see reads past the end */
	str body = {copy, len};
	const char *wrong;

	assert_non_null(copy);
	memcpy(copy, text, (size_t)len);
	count = count_most = 0;
	wrong = reginfo_parse(&body, each, NULL);
	free(copy);
	return wrong;
}

static void there_and_back(void **state)
{
	static char buf[8000];
	struct payload p = full_payload();
	struct reginfo_change c = change_of(&p);
	struct text t = document(buf, sizeof(buf), &c, 1);
	str body = {t.s, t.len};

	(void)state;
	count = count_most = 0;
	assert_null(reginfo_parse(&body, each, NULL));
	assert_int_equal(count, 1);
	assert_int_equal(last.kind, RR_SET);
	assert_true(last.time == c.time);
	assert_int_equal(last.left, 3600);
	assert_int_equal(last.keep, 3700);
	assert_int_equal(last_payload.cseq, 17);
	assert_int_equal(last_payload.q, 500);
	assert_int_equal(last_payload.methods, p.methods);
	assert_false(last_payload.removed);
}

/* The strings live only while they are handed over. */
static bool same_strings(void *ctx, const struct reginfo_change *c)
{
	const struct payload *a = ctx, *b = c->payload;

#define SAME(field)                                                                                \
	assert_int_equal(a->field.len, b->field.len);                                              \
	assert_memory_equal(a->field.s, b->field.s, a->field.len)
	SAME(aor);
	SAME(contact);
	SAME(callid);
	SAME(user_agent);
	SAME(path);
	SAME(received);
	SAME(instance);
	SAME(sock);
	SAME(flags);
	SAME(attr);
	assert_str(c->domain, "location");
	count++;
	return true;
}

static void strings_there_and_back(void **state)
{
	static char buf[8000];
	struct payload p = full_payload();
	struct reginfo_change c[3] = {change_of(&p), change_of(&p), change_of(&p)};
	struct text t = document(buf, sizeof(buf), c, 3);
	str body = {t.s, t.len};

	(void)state;
	count = 0;
	assert_null(reginfo_parse(&body, same_strings, &p));
	assert_int_equal(count, 3);
}

static void removal(void **state)
{
	static char buf[2000];
	struct payload p = {.aor = s("bob"), .contact = s("sip:b@1"), .removed = true};
	struct reginfo_change c = change_of(&p);
	struct text t;
	str body;

	(void)state;
	c.kind = RR_REMOVED;
	t = document(buf, sizeof(buf), &c, 1);
	body = (str){t.s, t.len};
	assert_null(reginfo_parse(&body, each, NULL));
	assert_int_equal(last.kind, RR_REMOVED);
	assert_int_equal(last.left, 0);
	assert_int_equal(last.keep, 3700);
	assert_true(last_payload.removed);
}

static void for_ever(void **state)
{
	static char buf[2000];
	struct payload p = full_payload();
	struct reginfo_change c = change_of(&p);
	struct text t;
	str body;

	(void)state;
	c.left = 0;
	t = document(buf, sizeof(buf), &c, 1);
	body = (str){t.s, t.len};
	assert_null(reginfo_parse(&body, each, NULL));
	assert_int_equal(last.left, 0);
	assert_int_equal(last.kind, RR_SET);
}

/* The reader of changes may stop; that is no error. */
static void stops(void **state)
{
	static char buf[8000];
	struct payload p = full_payload();
	struct reginfo_change c[3] = {change_of(&p), change_of(&p), change_of(&p)};
	struct text t = document(buf, sizeof(buf), c, 3);
	str body = {t.s, t.len};

	(void)state;
	count = 0;
	count_most = 2;
	assert_null(reginfo_parse(&body, each, NULL));
	assert_int_equal(count, 2);
}

/* --- what is written ---------------------------------------------------------------- */

static void no_word(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

static int validates(const char *text, int len)
{
	xmlSchemaParserCtxtPtr pc = xmlSchemaNewParserCtxt("tests/unit/reginfo.xsd");
	xmlSchemaPtr schema = xmlSchemaParse(pc);
	xmlSchemaValidCtxtPtr vc;
	xmlDocPtr doc = xmlReadMemory(text, len, NULL, NULL, XML_PARSE_NONET);
	int rc;

	assert_non_null(schema);
	assert_non_null(doc);
	vc = xmlSchemaNewValidCtxt(schema);
	xmlSchemaSetValidErrors(vc, no_word, no_word, NULL);
	rc = xmlSchemaValidateDoc(vc, doc);
	xmlSchemaFreeValidCtxt(vc);
	xmlFreeDoc(doc);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(pc);
	return rc;
}

static void schema_holds(void **state)
{
	static char buf[8000];
	struct payload p = full_payload(), gone = {.aor = s("bob"), .contact = s("sip:b@1")};
	struct reginfo_change c[3] = {change_of(&p), change_of(&gone), change_of(&p)};
	struct text t;
	char *at;

	(void)state;
	c[1].kind = RR_REMOVED;
	c[2].left = 0;
	t = document(buf, sizeof(buf), c, 3);
	assert_int_equal(validates(t.s, t.len), 0);
	/* the schema does look: a contact's attributes are its own only */
	at = memmem(t.s, t.len, " cseq=", 6);
	assert_non_null(at);
	memcpy(at, " cxeq=", 6);
	assert_int_not_equal(validates(t.s, t.len), 0);
}

static void no_room(void **state)
{
	struct payload p = full_payload();
	struct reginfo_change c = change_of(&p);
	char *buf;

	(void)state;
	for (int size = 200; size < 2500; size++) {
		struct text t;
		str body;
		int n = 0;

		buf = malloc((size_t)size);
		assert_non_null(buf);
		t = (struct text){buf, 0, size, false};
		reginfo_begin(&t, 1);
		while (reginfo_add(&t, &c, &host))
			n++;
		reginfo_end(&t);
		assert_false(t.full);
		body = (str){t.s, t.len};
		count = count_most = 0;
		assert_null(reginfo_parse(&body, each, NULL));
		assert_int_equal(count, n);
		free(buf);
	}
}

static void not_for_xml(void **state)
{
	static const char *const bad[] = {"\x01", "a\x1f", "\x80", "\xc3", "\xc0\x80", "\xe2\x82",
		"\xed\xa0\x80", "\xef\xbf\xbe", "\xf5\x80\x80\x80", "\xf0\x80\x80\x80", "\xff"};
	static char buf[4000];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct payload p = full_payload();
		struct reginfo_change c = change_of(&p);
		struct text t = {buf, 0, sizeof(buf), false};
		int len;

		p.user_agent = s(bad[i]);
		reginfo_begin(&t, 1);
		len = t.len;
		assert_false(reginfo_add(&t, &c, &host));
		assert_int_equal(t.len, len);
		assert_false(t.full);
	}
}

/* --- hostile ------------------------------------------------------------------------- */

static void refused(void **state)
{
	static const char *const bodies[] = {
		"",
		" ",
		"not xml",
		"<reginfo/>",
		"<x xmlns=\"" REGINFO_NS "\"/>",
		HEAD,
		HEAD "<registration>",
		HEAD "</reginfo><reginfo/>",
		ONE(CONTACT "<uri>sip:a@1</uri></contact>"),                /* no binding */
		ONE(CONTACT BOUND "</contact>"),                            /* no uri */
		ONE(CONTACT "<uri/>" BOUND "</contact>"),                   /* empty uri */
		ONE(CONTACT "<uri>sip:a@1</uri>" BOUND BOUND "</contact>"), /* twice */
		ONE(CONTACT "<uri>sip:a@1</uri><uri>b</uri>" BOUND "</contact>"),
		ONE(CONTACT "<uri>sip:a&#10;X: y</uri>" BOUND "</contact>"), /* line end */
		ONE(CONTACT "<uri>sip:<b/>a</uri>" BOUND "</contact>"),
		ONE(CONTACT "<uri>&unknown;</uri>" BOUND "</contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"5\" domain=\"d\" aor=\"a&#13;&#10;b\"/>"
			    "</contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"x\" domain=\"d\" aor=\"a\"/></contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"0\" domain=\"d\" aor=\"a\"/></contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"5.70000\" domain=\"d\" aor=\"a\"/>"
			    "</contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"5\" aor=\"a\"/></contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding time=\"5\" domain=\"d\"/></contact>"),
		ONE(CONTACT "<uri>a</uri><r:binding keep=\"-1\" time=\"5\" domain=\"d\" aor=\"a\"/>"
			    "</contact>"),
		ONE("<contact state=\"?\" id=\"1\"><uri>a</uri>" BOUND "</contact>"),
		ONE("<contact id=\"1\"><uri>a</uri>" BOUND "</contact>"),
		ONE("<contact state=\"active\" q=\"7\"><uri>a</uri>" BOUND "</contact>"),
		ONE("<contact state=\"active\" expires=\"-5\"><uri>a</uri>" BOUND "</contact>"),
		ONE("<contact state=\"active\" cseq=\"4294967295\"><uri>a</uri>" BOUND
		    "</contact>"),
		"<!DOCTYPE reginfo>" ONE(""),
		"<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>" ONE("&b;"),
		"<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" ONE(
			CONTACT "<uri>&x;</uri>" BOUND "</contact>"),
		"<!DOCTYPE r SYSTEM \"http://127.0.0.1/x.dtd\">" ONE(""),
		ONE("<a><b><c><d><e><f><g><h/></g></f></e></d></c></b></a>"),
		ONE("\xff"),
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		if (!read_text(bodies[i], (int)strlen(bodies[i])))
			fail_msg("accepted: %s", bodies[i]);
		assert_int_equal(count, 0);
	}
}

static void accepted(void **state)
{
	static const char *const bodies[] = {
		HEAD "</reginfo>",
		ONE(""),
		"<?xml version=\"1.0\" encoding=\"KOI8-R\"?>" ONE(""),
		ONE("<!-- x --><?pi y?><other xmlns=\"urn:z\"><contact/></other>"),
	};
	static const char *const one[] = {
		ONE(CONTACT "<uri>a</uri>" BOUND "</contact>"),
		ONE(CONTACT "<uri><![CDATA[a<&]]></uri><display-name>N</display-name>"
			    "<unknown-param name=\"p\">v</unknown-param>" BOUND
			    "<n:x xmlns:n=\"urn:n\" time=\"9\"/></contact>"),
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_null(read_text(bodies[i], (int)strlen(bodies[i])));
		assert_int_equal(count, 0);
	}
	for (unsigned i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		assert_null(read_text(one[i], (int)strlen(one[i])));
		assert_int_equal(count, 1);
	}
	assert_int_equal(last_payload.contact.len, 3);
}

/* Every piece of a right document is refused, and what it gave was right. */
static void truncated(void **state)
{
	static char buf[8000];
	struct payload p = full_payload();
	struct reginfo_change c[2] = {change_of(&p), change_of(&p)};
	struct text t = document(buf, sizeof(buf), c, 2);

	(void)state;
	for (int len = 0; len < t.len - 1; len++) { /* the last is a line end */
		assert_non_null(read_text(t.s, len));
		assert_true(count <= 2);
		assert_true(count == 0 || last.time == c[0].time);
	}
}

static void too_large(void **state)
{
	static char buf[40000];
	int n = snprintf(buf, sizeof(buf), "%s", HEAD "<registration>" CONTACT "<uri>");

	(void)state;
	memset(buf + n, 'x', 20000);
	strcpy(buf + n + 20000, "</uri>" BOUND "</contact></registration></reginfo>");
	assert_string_equal(read_text(buf, (int)strlen(buf)), "Binding Too Large");
	assert_int_equal(count, 0);
}

static int group_setup(void **state)
{
	(void)state;
	reginfo_init();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	xmlCleanupParser();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(strings_there_and_back),
		cmocka_unit_test(removal),
		cmocka_unit_test(for_ever),
		cmocka_unit_test(stops),
		cmocka_unit_test(schema_holds),
		cmocka_unit_test(no_room),
		cmocka_unit_test(not_for_xml),
		cmocka_unit_test(refused),
		cmocka_unit_test(accepted),
		cmocka_unit_test(truncated),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
