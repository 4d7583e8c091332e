/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading reginfo with libxml2's SAX2 interface: nothing but the contact at hand is held. The
 * parser resolves predefined entities and character references, and knows no others,
 * since a DOCTYPE ends it.
 */
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "reginfo.h"
#include "reginfo_names.h"
#include "engine/cursor.h"
#include "../../ut.h"
#include "../../parser/parse_methods.h"

#define DEPTH_MAX 8

/* What the attributes of an element are copied into. */
struct field {
	const char *name;
	str *to;
};

struct reader {
	xmlParserCtxtPtr ctxt;
	reginfo_f each;
	void *ctx;
	const char *wrong;
	bool stopped;
	int depth, contact_depth; /* contact_depth 0: not in a contact */
	bool in_reginfo, in_registration;
	str *gathers; /* what the text of the element at hand belongs to, or NULL */
	int gathers_depth;
	bool bound; /* the contact had our element */
	struct reginfo_change change;
	struct payload payload;
};

static void stop(struct reader *r, const char *wrong)
{
	if (!r->stopped)
		r->wrong = wrong;
	r->stopped = true;
	xmlStopParser(r->ctxt);
}

static bool is(const xmlChar *a, const char *b)
{
	return a && *a == (xmlChar)*b && strcmp((const char *)a, b) == 0;
}

static void keep(struct reader *r, str *to, const char *s, int len)
{
	char *at = r->payload.text.s + r->payload.text.len;

	text_add(&r->payload.text, s, len);
	if (r->payload.text.full) {
		stop(r, "Binding Too Large");
		return;
	}
	if (!to->len)
		to->s = at;
	to->len += len; /* only one field is gathered at a time */
}

/* Our header fields end at a line's end, and usrloc's texts have none. */
static bool one_line(const char *s, int len)
{
	for (int i = 0; i < len; i++)
		if (s[i] == '\r' || s[i] == '\n' || s[i] == '\0')
			return false;
	return true;
}

/* SAX2 gives five pointers for each attribute: name, prefix, namespace, value, its end. */
static void take_attributes(
	struct reader *r, const xmlChar **a, int n, const struct field *fields, int count)
{
	for (int i = 0; i < n; i++, a += 5)
		for (int k = 0; k < count; k++) {
			int len = (int)(a[4] - a[3]);

			if (a[1] || !is(a[0], fields[k].name))
				continue;
			if (!one_line((const char *)a[3], len))
				stop(r, "Attribute Has a Line End");
			else
				keep(r, fields[k].to, (const char *)a[3], len);
		}
}

#define COUNT(_a) ((int)(sizeof(_a) / sizeof((_a)[0])))

static bool str_is(const str *s, const char *text)
{
	return s->len == (int)strlen(text) && memcmp(s->s, text, s->len) == 0;
}

static bool number(const str *s, unsigned int *out)
{
	return s->len == 0 || str2int((str *)s, out) == 0;
}

static void start_contact(struct reader *r, const xmlChar **attributes, int n)
{
	struct payload *p = &r->payload;
	str state = {0}, expires = {0}, q = {0}, cseq = {0};
	const struct field fields[] = {{"state", &state}, {"expires", &expires}, {"q", &q},
		{"callid", &p->callid}, {"cseq", &cseq}};
	unsigned int seq = 1;

	memset(p, 0, offsetof(struct payload, text));
	p->text = (struct text){p->buf, 0, sizeof(p->buf), false};
	p->q = Q_UNSPECIFIED;
	r->change = (struct reginfo_change){.payload = p};
	r->bound = false;
	r->contact_depth = r->depth;
	take_attributes(r, attributes, n, fields, COUNT(fields));
	if (str_is(&state, "active"))
		r->change.kind = RR_SET;
	else if (str_is(&state, "terminated"))
		r->change.kind = RR_REMOVED;
	p->removed = r->change.kind == RR_REMOVED;
	if (!r->stopped && (r->change.kind == RR_NONE || !number(&expires, &r->change.left) ||
				   !number(&cseq, &seq) || seq > 0x7fffffff ||
				   (q.len && str2q(&p->q, q.s, q.len) < 0)))
		stop(r, "Attribute of contact Is Wrong");
	p->cseq = (int)seq;
	if (p->removed)
		r->change.left = 0;
}

/* ms[.counter] */
static uint64_t time_of(const str *s)
{
	struct rr_in in = rr_in(s->s, (size_t)s->len);
	uint64_t time = rr_hlc(rr_in_number(&in, UINT64_MAX >> RR_HLC_BITS));

	if (rr_in_try(&in, '.'))
		time |= rr_in_number(&in, (1u << RR_HLC_BITS) - 1);
	return in.error || in.p != in.end ? 0 : time;
}

static void take_binding(struct reader *r, const xmlChar **attributes, int n)
{
	struct payload *p = &r->payload;
	str time = {0}, keep_for = {0}, methods = {0};
	const struct field fields[] = {{"time", &time}, {"keep", &keep_for},
		{"domain", &r->change.domain}, {"aor", &p->aor}, {"received", &p->received},
		{"path", &p->path}, {"agent", &p->user_agent}, {"sock", &p->sock},
		{"methods", &methods}, {"cflags", &p->flags}, {"attr", &p->attr}};

	if (r->bound) {
		stop(r, "binding Occurs Twice");
		return;
	}
	r->bound = true;
	take_attributes(r, attributes, n, fields, COUNT(fields));
	if (r->stopped)
		return;
	r->change.time = time_of(&time);
	p->methods = methods.len ? payload_methods_parse(methods) : ALL_METHODS;
	if (!r->change.time || !number(&keep_for, &r->change.keep))
		stop(r, "Attribute of binding Is Wrong");
}

static bool is_instance(const xmlChar **a, int n)
{
	for (int i = 0; i < n; i++, a += 5)
		if (!a[1] && is(a[0], "name"))
			return a[4] - a[3] == (int)strlen(REGINFO_INSTANCE) &&
			       memcmp(a[3], REGINFO_INSTANCE, strlen(REGINFO_INSTANCE)) == 0;
	return false;
}

static void gather(struct reader *r, str *to)
{
	if (to->len)
		stop(r, "An Element Occurs Twice");
	r->gathers = to;
	r->gathers_depth = r->depth;
}

static void in_contact(
	struct reader *r, const xmlChar *name, const xmlChar *ns, const xmlChar **attributes, int n)
{
	if (r->depth != r->contact_depth + 1)
		return;
	if (is(ns, REGINFO_OWN_NS) && is(name, "binding"))
		take_binding(r, attributes, n);
	else if (is(ns, REGINFO_NS) && is(name, "uri"))
		gather(r, &r->payload.contact);
	else if (is(ns, REGINFO_NS) && is(name, "unknown-param") && is_instance(attributes, n))
		gather(r, &r->payload.instance);
}

static void start_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns,
	int n_ns, const xmlChar **all_ns, int n, int n_default, const xmlChar **attributes)
{
	struct reader *r = ctx;
	bool rfc = is(ns, REGINFO_NS);

	(void)prefix;
	(void)n_ns;
	(void)all_ns;
	(void)n_default;
	r->depth++;
	if (r->stopped)
		return;
	if (r->depth > DEPTH_MAX)
		stop(r, "XML Too Deep");
	else if (r->gathers)
		stop(r, "Text Has an Element in It");
	else if (r->depth == 1 && !(rfc && is(name, "reginfo")))
		stop(r, "Not reginfo");
	else if (r->depth == 2)
		r->in_registration = rfc && is(name, "registration");
	else if (r->depth == 3 && r->in_registration && rfc && is(name, "contact"))
		start_contact(r, attributes, n);
	else if (r->contact_depth)
		in_contact(r, name, ns, attributes, n);
}

static void end_contact(struct reader *r)
{
	struct payload *p = &r->payload;

	r->contact_depth = 0;
	if (!r->bound || !p->aor.len || !r->change.domain.len || !p->contact.len ||
		!one_line(p->contact.s, p->contact.len) ||
		!one_line(p->instance.s, p->instance.len))
		stop(r, "uri, domain, aor, time Are Needed");
	else if (!r->each(r->ctx, &r->change))
		stop(r, NULL);
}

static void end_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
	struct reader *r = ctx;

	(void)name;
	(void)prefix;
	(void)ns;
	if (r->gathers && r->depth == r->gathers_depth)
		r->gathers = NULL;
	if (!r->stopped && r->contact_depth && r->depth == r->contact_depth)
		end_contact(r);
	r->depth--;
}

static void characters(void *ctx, const xmlChar *s, int len)
{
	struct reader *r = ctx;

	if (!r->stopped && r->gathers)
		keep(r, r->gathers, (const char *)s, len);
}

static void doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(ctx, "DOCTYPE Is Not Allowed");
}

/* Instead of libxml2's own, which would write to stderr; the parser remembers the error. Of errors
 * in the encoding it does not tell which parser they are of, so there is one for the process. */
static void no_words(void *ctx, xmlErrorPtr error)
{
	(void)ctx;
	(void)error;
}

void reginfo_init(void)
{
	xmlInitParser();
}

const char *reginfo_parse(const str *body, reginfo_f each, void *ctx)
{
	static struct reader reader; /* 8 KB, one use at a time in a process */
	const xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = start_element,
		.endElementNs = end_element,
		.characters = characters,
		.cdataBlock = characters,
		.internalSubset = doctype,
		.serror = no_words,
	};
	xmlParserCtxtPtr c = xmlCreateMemoryParserCtxt(body->s, body->len);
	xmlStructuredErrorFunc was = xmlStructuredError;
	void *was_of = xmlStructuredErrorContext;
	const char *wrong;

	if (!c)
		return body->len > 0 ? "No Memory" : "Empty Body";
	memset(&reader, 0, offsetof(struct reader, change));
	reader.ctxt = c;
	reader.each = each;
	reader.ctx = ctx;
	*c->sax = sax;
	c->userData = &reader;
	xmlCtxtUseOptions(c, XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	xmlSetStructuredErrorFunc(NULL, no_words);
	xmlParseDocument(c);
	xmlSetStructuredErrorFunc(was_of, was);
	wrong = reader.wrong;
	if (!reader.stopped && !c->wellFormed)
		wrong = "Not Well-Formed XML";
	if (c->myDoc)
		xmlFreeDoc(c->myDoc);
	xmlFreeParserCtxt(c);
	return wrong;
}
