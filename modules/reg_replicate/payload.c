/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binding in three forms: usrloc's ucontact_t, struct payload, and the header
 * fields of a REGISTER. Numbers that only mean something on one node (flag bits,
 * contact ids, pointers to sockets) become names here.
 */
#include <limits.h>

#include "payload.h"
#include "../../dprint.h"
#include "../../flags.h"
#include "../../trim.h"
#include "../../ut.h"
#include "../../parser/contact/parse_contact.h"
#include "../../parser/parse_cseq.h"
#include "../../parser/parse_methods.h"
#include "../../parser/parse_uri.h"

static const struct {
	unsigned int bit;
	const char *name;
} method_names[] = {
	{METHOD_INVITE, "INVITE"},
	{METHOD_CANCEL, "CANCEL"},
	{METHOD_ACK, "ACK"},
	{METHOD_BYE, "BYE"},
	{METHOD_INFO, "INFO"},
	{METHOD_OPTIONS, "OPTIONS"},
	{METHOD_UPDATE, "UPDATE"},
	{METHOD_REGISTER, "REGISTER"},
	{METHOD_MESSAGE, "MESSAGE"},
	{METHOD_SUBSCRIBE, "SUBSCRIBE"},
	{METHOD_NOTIFY, "NOTIFY"},
	{METHOD_PRACK, "PRACK"},
	{METHOD_REFER, "REFER"},
	{METHOD_PUBLISH, "PUBLISH"},
	{METHOD_OTHER, "OTHER"},
};
#define METHOD_NAMES ((int)(sizeof(method_names) / sizeof(method_names[0])))

/* --- from usrloc ---------------------------------------------------------------- */

/* The very same text needs no comparison of URIs, which is most of what a look-up costs. */
static ucontact_t *same_text(const urecord_t *r, const str *contact)
{
	ucontact_t *c = r->contacts;

	while (c && (c->expires == UL_EXPIRED_TIME || !str_match(&c->c, contact)))
		c = c->next;
	return c;
}

/*
 * A Call-ID that no phone uses makes usrloc match by contact only and skip its CSeq
 * rule, which is about phones: between nodes the stamp alone decides. Where usrloc
 * matches by Call-ID, the highest CSeq passes that rule.
 */
ucontact_t *payload_find(const usrloc_api_t *ul, urecord_t *r, str *contact, str *callid)
{
	static const struct ct_match by_contact = {CT_MATCH_CONTACT_ONLY, NULL};
	static const struct ct_match by_callid = {CT_MATCH_CONTACT_CALLID, NULL};
	static char nobody[] = "\001reg_replicate";
	str none = {nobody, sizeof(nobody) - 1};
	ucontact_t *c = NULL;
	int rc;

	if (!r->contacts)
		return NULL;
	if (repl_cfg.match_callid) {
		rc = ul->get_ucontact(r, contact, callid, INT_MAX, &by_callid, &c);
	} else {
		c = same_text(r, contact);
		rc = c ? 0 : ul->get_ucontact(r, contact, &none, 0, &by_contact, &c);
	}
	return rc == 0 ? c : NULL;
}

/* A header field that was folded must not break the one it is copied into. */
static void keep(struct text *t, const str *from, str *to)
{
	to->s = t->s + t->len;
	to->len = 0;
	if (from->len <= 0)
		return;
	text_str(t, from);
	if (t->full)
		return;
	to->len = from->len;
	for (char *c = to->s; c < to->s + to->len; c++)
		if (*c == '\r' || *c == '\n' || *c == '\0')
			*c = ' ';
}

bool payload_copy(struct payload *p, const ucontact_t *c)
{
	str names = bitmask_to_flag_list(FLAG_TYPE_BRANCH, c->cflags);

	p->text = (struct text){p->buf, 0, sizeof(p->buf), false};
	keep(&p->text, c->aor, &p->aor);
	keep(&p->text, &c->c, &p->contact);
	keep(&p->text, &c->callid, &p->callid);
	keep(&p->text, &c->user_agent, &p->user_agent);
	keep(&p->text, &c->path, &p->path);
	keep(&p->text, &c->received, &p->received);
	keep(&p->text, &c->instance, &p->instance);
	keep(&p->text, &c->attr, &p->attr);
	keep(&p->text, &names, &p->flags);
	p->sock = p->adv_sock = (str){NULL, 0};
	if (c->sock) {
		keep(&p->text, get_socket_real_name(c->sock), &p->sock);
		keep(&p->text, get_socket_sip_name(c->sock), &p->adv_sock);
	}
	p->domain = domain_index(c->domain);
	p->removed = false;
	p->cseq = c->cseq;
	p->expires = c->expires;
	p->q = c->q;
	p->methods = c->methods;
	return !p->text.full;
}

/* --- to a REGISTER -------------------------------------------------------------- */

void payload_methods(unsigned int methods, struct text *out)
{
	if (methods == ALL_METHODS)
		return;
	for (int i = 0; i < METHOD_NAMES; i++)
		if (methods & method_names[i].bit) {
			if (out->len > 0)
				text_add(out, ",", 1);
			text_add(out, method_names[i].name, strlen(method_names[i].name));
		}
}

static void add_methods(unsigned int methods, struct text *out)
{
	char buf[METHOD_NAMES_MAX];
	struct text names = {buf, 0, sizeof(buf), false};

	payload_methods(methods, &names);
	if (names.len)
		text_fmt(out, ";methods=\"%.*s\"", names.len, names.s);
}

static void add_header(struct text *out, const char *name, const str *val)
{
	if (val->len > 0)
		text_fmt(out, "%s: %.*s\r\n", name, val->len, val->s);
}

void payload_headers(const struct payload *p, unsigned int left, bool for_plain, struct text *out)
{
	text_fmt(out, "Contact: <%.*s>;expires=%u", p->contact.len, p->contact.s, left);
	if (!p->removed) {
		unsigned int n;
		const char *q = q2str(p->q, &n);

		if (n > 0)
			text_fmt(out, ";q=%.*s", (int)n, q);
		if (p->received.len)
			text_fmt(out, ";received=\"%.*s\"", p->received.len, p->received.s);
		if (p->instance.len)
			text_fmt(out, ";+sip.instance=\"%.*s\"", p->instance.len, p->instance.s);
		add_methods(p->methods, out);
	}
	text_add(out, "\r\n", 2);
	if (p->removed)
		return;
	add_header(out, "Path", &p->path);
	if (p->path.len)
		text_fmt(out, "Supported: path\r\n");
	add_header(out, "User-Agent", &p->user_agent);
	add_header(out, repl_cfg.sock_hdr_name.s, for_plain ? &p->adv_sock : &p->sock);
}

/* RFC 3261 25.1, user: what is neither unreserved nor user-unreserved is escaped. */
static bool is_user_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-_.!~*'()&=+$,;?/", c));
}

void payload_aor_uri(const str *aor, const str *host, struct text *out)
{
	const char *at = memrchr(aor->s, '@', aor->len);
	int user_len = at ? at - aor->s : aor->len;

	text_add(out, "sip:", 4);
	for (int i = 0; i < user_len; i++) {
		unsigned char c = aor->s[i];

		if (is_user_char(c))
			text_add(out, aor->s + i, 1);
		else
			text_fmt(out, "%%%02X", c);
	}
	text_add(out, "@", 1);
	if (at)
		text_add(out, at + 1, aor->len - user_len - 1);
	else
		text_str(out, host);
}

/* --- from a REGISTER ------------------------------------------------------------ */

unsigned int payload_methods_parse(str list)
{
	unsigned int bits = 0;

	while (list.len > 0) {
		str name = list;
		char *comma = q_memchr(list.s, ',', list.len);

		if (comma)
			name.len = comma - list.s;
		list.s += name.len + (comma != NULL);
		list.len -= name.len + (comma != NULL);
		trim(&name);
		for (int i = 0; i < METHOD_NAMES; i++)
			if (name.len == (int)strlen(method_names[i].name) &&
				strncasecmp(name.s, method_names[i].name, name.len) == 0)
				bits |= method_names[i].bit;
	}
	return bits;
}

struct hdr_field *header_named(const struct sip_msg *msg, const char *name)
{
	struct hdr_field *h = msg->headers;
	int len = strlen(name);

	while (h && (h->name.len != len || strncasecmp(h->name.s, name, len) != 0))
		h = h->next;
	return h;
}

static const char *parse_contact_fields(struct payload *p, struct hdr_field *h, unsigned int *left)
{
	contact_body_t *body;
	contact_t *c;

	if (!h || h->sibling || parse_contact(h) < 0)
		return "one Contact is needed";
	body = h->parsed;
	c = body->contacts;
	if (body->star || !c || c->next)
		return "one Contact is needed";
	p->contact = c->uri;
	if (!c->expires || str2int(&c->expires->body, left) < 0)
		return "expires parameter of Contact is wrong";
	p->q = Q_UNSPECIFIED;
	if (c->q && str2q(&p->q, c->q->body.s, c->q->body.len) < 0)
		return "q parameter of Contact is wrong";
	if (c->received)
		p->received = c->received->body;
	if (c->instance)
		p->instance = c->instance->body;
	p->methods = c->methods ? payload_methods_parse(c->methods->body) : ALL_METHODS;
	return NULL;
}

/*
 * Where the sender's core adds a User-Agent of its own, it stands first; the
 * phone's follows. So the last one counts.
 */
static void parse_plain_fields(struct payload *p, struct sip_msg *msg)
{
	for (struct hdr_field *h = msg->headers; h; h = h->next) {
		str *to = NULL;

		if (h->type == HDR_USERAGENT_T)
			to = &p->user_agent;
		else if (h->type == HDR_PATH_T && !p->path.len)
			to = &p->path;
		else if (str_strcasecmp(&h->name, &repl_cfg.sock_hdr_name) == 0)
			to = &p->sock;
		if (to) {
			*to = h->body;
			trim(to);
		}
	}
}

const char *payload_parse(struct payload *p, struct sip_msg *msg, unsigned int *left)
{
	const char *wrong;
	unsigned int cseq;

	if (!msg->callid || !msg->cseq || !msg->cseq->parsed ||
		str2int(&get_cseq(msg)->number, &cseq) < 0)
		return "Call-ID or CSeq is wrong";
	p->cseq = cseq;
	p->callid = msg->callid->body;
	trim(&p->callid);
	p->user_agent = p->path = p->received = p->instance = p->sock = (str){NULL, 0};
	wrong = parse_contact_fields(p, msg->contact, left);
	if (!wrong)
		parse_plain_fields(p, msg);
	return wrong;
}
