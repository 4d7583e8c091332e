/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing reginfo: the elements and attributes stand in the order and form that the schema of
 * RFC 3680 wants. It allows no attributes of others, but elements at the end of a contact.
 */
#include "reginfo.h"
#include "reginfo_names.h"

#define LIT(_out, _literal) text_add(_out, _literal, sizeof(_literal) - 1)

static const char tail[] = "</reginfo>\n";

/* The length of the UTF-8 character at s, or 0: it is none, or none that XML allows. */
static int char_length(const unsigned char *s, const unsigned char *end)
{
	static const struct {
		unsigned char mask, lead;
		unsigned int least;
	} forms[] = {{0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	unsigned int c;

	if (*s < 0x80)
		return *s >= 0x20 || *s == '\t';
	for (int i = 0; i < 3; i++) {
		if ((*s & forms[i].mask) != forms[i].lead)
			continue;
		if (end - s < i + 2)
			return 0;
		c = *s & ~forms[i].mask & 0xff;
		for (int k = 1; k < i + 2; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[k] & 0x3f);
		}
		if (c < forms[i].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
			c == 0xfffe || c == 0xffff)
			return 0;
		return i + 2;
	}
	return 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\t': /* which an attribute would lose */
		return "&#9;";
	default:
		return NULL;
	}
}

/* Text for an element or a quoted attribute; what XML cannot carry counts as not fitting. */
static void add_escaped(struct text *out, const str *s)
{
	const char *p = s->s, *end = s->s + s->len, *from = p;

	while (p < end) {
		int n = char_length((const unsigned char *)p, (const unsigned char *)end);
		const char *e = n == 1 ? entity(*p) : NULL;

		if (n == 0) {
			out->full = true;
			return;
		}
		p += n;
		if (!e)
			continue;
		text_add(out, from, (int)(p - 1 - from));
		text_add(out, e, (int)strlen(e));
		from = p;
	}
	text_add(out, from, (int)(p - from));
}

static void add_number(struct text *out, unsigned long long n)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	text_add(out, p, (int)(digits + sizeof(digits) - p));
}

/* name is written with its blank, "=" and quote. */
static void add_attribute(struct text *out, const char *name, const str *value)
{
	if (value->len <= 0)
		return;
	text_add(out, name, (int)strlen(name));
	add_escaped(out, value);
	LIT(out, "\"");
}

static void add_number_attribute(struct text *out, const char *name, unsigned long long n)
{
	text_add(out, name, (int)strlen(name));
	add_number(out, n);
	LIT(out, "\"");
}

/* FNV-1a: names an element for watchers, the same in every document. */
static unsigned long long name_of(unsigned long long h, const str *s)
{
	for (int i = 0; i < s->len; i++)
		h = (h ^ (unsigned char)s->s[i]) * 0x100000001b3ull;
	return h;
}

static void add_binding(struct text *out, const struct reginfo_change *c)
{
	const struct payload *p = c->payload;
	char methods_buf[METHOD_NAMES_MAX];
	struct text methods = {methods_buf, 0, sizeof(methods_buf), false};

	LIT(out, "<r:binding time=\"");
	add_number(out, rr_hlc_ms(c->time));
	if (c->time & ((1u << RR_HLC_BITS) - 1)) {
		LIT(out, ".");
		add_number(out, c->time & ((1u << RR_HLC_BITS) - 1));
	}
	LIT(out, "\"");
	if (c->keep)
		add_number_attribute(out, " keep=\"", c->keep);
	add_attribute(out, " domain=\"", &c->domain);
	add_attribute(out, " aor=\"", &p->aor);
	if (c->kind == RR_SET) {
		payload_methods(p->methods, &methods);
		add_attribute(out, " received=\"", &p->received);
		add_attribute(out, " path=\"", &p->path);
		add_attribute(out, " agent=\"", &p->user_agent);
		add_attribute(out, " sock=\"", &p->sock);
		add_attribute(out, " methods=\"", &(str){methods.s, methods.len});
		add_attribute(out, " cflags=\"", &p->flags);
		add_attribute(out, " attr=\"", &p->attr);
	}
	LIT(out, "/>");
}

static void add_contact(struct text *out, const struct reginfo_change *c, unsigned long long id)
{
	const struct payload *p = c->payload;
	unsigned int n = 0;
	const char *q = c->kind == RR_SET ? q2str(p->q, &n) : "";

	if (c->kind == RR_SET)
		LIT(out, "<contact state=\"active\" event=\"registered\"");
	else
		LIT(out, "<contact state=\"terminated\" event=\"unregistered\"");
	if (c->kind == RR_SET && c->left)
		add_number_attribute(out, " expires=\"", c->left);
	add_number_attribute(out, " id=\"", name_of(id, &p->contact));
	add_attribute(out, " q=\"", &(str){(char *)(size_t)q, (int)n});
	if (p->callid.len) {
		add_attribute(out, " callid=\"", &p->callid);
		add_number_attribute(out, " cseq=\"", (unsigned int)p->cseq);
	}
	LIT(out, "><uri>");
	add_escaped(out, &p->contact);
	LIT(out, "</uri>");
	if (c->kind == RR_SET && p->instance.len) {
		LIT(out, "<unknown-param name=\"" REGINFO_INSTANCE "\">");
		add_escaped(out, &p->instance);
		LIT(out, "</unknown-param>");
	}
	add_binding(out, c);
	LIT(out, "</contact>");
}

void reginfo_begin(struct text *out, unsigned long long version)
{
	LIT(out, "<?xml version=\"1.0\"?>\n<reginfo xmlns=\"" REGINFO_NS
		 "\" xmlns:r=\"" REGINFO_OWN_NS "\" version=\"");
	add_number(out, version);
	LIT(out, "\" state=\"partial\">\n");
}

bool reginfo_add(struct text *out, const struct reginfo_change *c, const str *host)
{
	struct text t = *out;
	char uri_buf[1024];
	struct text uri = {uri_buf, 0, sizeof(uri_buf), false};
	unsigned long long id = name_of(0xcbf29ce484222325ull, &c->payload->aor);

	t.size -= (int)sizeof(tail) - 1;
	payload_aor_uri(&c->payload->aor, host, &uri);
	LIT(&t, "<registration aor=\"");
	add_escaped(&t, &(str){uri.s, uri.len});
	add_number_attribute(&t, "\" id=\"", id);
	LIT(&t, " state=\"active\">");
	add_contact(&t, c, id);
	LIT(&t, "</registration>\n");
	if (t.full || uri.full)
		return false;
	out->len = t.len;
	return true;
}

void reginfo_end(struct text *out)
{
	LIT(out, tail);
}
