/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address that a message came from, put where its sender wrote an address of his own: into
 * Contact, so that it is stored and used like any other, or beside it (`received`), so that the
 * contact stays as the phone wrote it and requests go to where the phone was seen.
 */
#include "nathelper.h"

#include "../../data_lump.h"
#include "../../parser/contact/parse_contact.h"
#include "../../parser/parse_uri.h"
#include "../../usr_avp.h"

#define HOSTPORT_SIZE (IP_ADDR_MAX_STR_SIZE + sizeof("[]:65535"))
#define RCV_URI_SIZE  (HOSTPORT_SIZE + sizeof("sip:;transport=") + PROTO_NAME_MAX_SIZE)

int received_avp = -1;

static int print_source(char *buf, size_t size, const struct sip_msg *msg)
{
	return snprintf(buf, size, msg->rcv.src_ip.af == AF_INET6 ? "[%s]:%hu" : "%s:%hu",
		ip_addr2a(&msg->rcv.src_ip), msg->rcv.src_port);
}

/* "sip:1.2.3.4:5060", for all but UDP with ";transport=". Static. */
static str received_uri(const struct sip_msg *msg)
{
	static char buf[RCV_URI_SIZE];
	char source[HOSTPORT_SIZE];
	int proto = msg->rcv.proto, len;

	print_source(source, sizeof(source), msg);
	if (proto == PROTO_NONE || proto == PROTO_UDP)
		len = snprintf(buf, sizeof(buf), "sip:%s", source);
	else
		len = snprintf(
			buf, sizeof(buf), "sip:%s;transport=%s", source, get_proto_name(proto));
	return (str){buf, len};
}

/* --- Contact ----------------------------------------------------------------------------- */

/* "<sip:x@y>" and not "sip:x@y", where parameters are the header's. */
static int in_brackets(const struct sip_msg *msg, const contact_t *c)
{
	return c->uri.s > msg->buf && c->uri.s[-1] == '<';
}

/*
 * What comes behind host and port, without maddr, which would lead elsewhere: one piece before it
 * and one behind.
 */
static void rest_of(const contact_t *c, const struct sip_uri *uri, str *before, str *behind)
{
	char *end = c->uri.s + c->uri.len;

	before->s = uri->port.len ? uri->port.s + uri->port.len : uri->host.s + uri->host.len;
	before->len = end - before->s;
	*behind = (str){end, 0};
	if (!uri->maddr.len)
		return;
	before->len = uri->maddr.s - 1 - before->s; /* its semicolon too */
	behind->s = uri->maddr.s + uri->maddr.len;
	behind->len = end - behind->s;
}

/* The new text of a contact's URI, in brackets if parameters are added where there were none. */
static int new_uri(struct sip_msg *msg, const contact_t *c, const struct sip_uri *uri,
	const str *params, str *text, int *brackets)
{
	char source[HOSTPORT_SIZE];
	str before, behind;
	int size;

	*brackets = params->len && !in_brackets(msg, c);
	print_source(source, sizeof(source), msg);
	rest_of(c, uri, &before, &behind);
	size = c->uri.len + (int)strlen(source) + params->len + 3;
	text->s = pkg_malloc(size);
	if (!text->s) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	text->len = snprintf(text->s, size, "%s%.*s%s%.*s%.*s%.*s%s", *brackets ? "<" : "",
		(int)(uri->host.s - c->uri.s), c->uri.s, source, params->len, params->s, before.len,
		before.s, behind.len, behind.s, *brackets ? ">" : "");
	return 0;
}

static int fix_one(struct sip_msg *msg, contact_t *c, const str *params)
{
	struct sip_uri uri;
	struct lump *gap;
	str text;
	int brackets;

	if (c->uri.s < msg->buf || c->uri.s > msg->buf + msg->len) {
		LM_ERR("Contact was rewritten before: fix_nated_contact() can be called once\n");
		return -1;
	}
	if (parse_uri(c->uri.s, c->uri.len, &uri) < 0 || !uri.host.len) {
		LM_ERR("failed to parse Contact URI\n");
		return -1;
	}
	if (new_uri(msg, c, &uri, params, &text, &brackets) < 0)
		return -1;
	gap = del_lump(msg, c->uri.s - msg->buf, c->uri.len, HDR_CONTACT_T);
	if (!gap || !insert_new_lump_after(gap, text.s, text.len, HDR_CONTACT_T)) {
		pkg_free(text.s);
		return -1;
	}
	/* save() and others see the new one; the lump lives as long as the message */
	c->uri = (str){text.s + brackets, text.len - 2 * brackets};
	return 0;
}

int fix_nated_contact(struct sip_msg *msg, str *params)
{
	static const str none;
	contact_t *c = NULL;

	while (contact_iterator(&c, msg, c) == 0 && c)
		if (fix_one(msg, c, params ? params : &none) < 0)
			return -1;
	return 1;
}

int add_rcv_param(struct sip_msg *msg, int *flag)
{
	str uri = received_uri(msg);
	contact_t *c = NULL;
	struct lump *at;
	int to_uri = flag && *flag > 0, size = uri.len + sizeof(";received=\"\"");
	char *where, *text;

	while (contact_iterator(&c, msg, c) == 0 && c) {
		where = to_uri ? c->uri.s + c->uri.len
			       : (c->name.s ? c->name.s : c->uri.s) + c->len;
		if (!to_uri && !c->name.s && in_brackets(msg, c))
			where = c->uri.s - 1 + c->len;
		at = anchor_lump(msg, where - msg->buf, HDR_OTHER_T);
		text = at ? pkg_malloc(size) : NULL;
		if (!text) {
			LM_ERR("cannot add a parameter to Contact\n");
			return -1;
		}
		snprintf(text, size, ";received=\"%.*s\"", uri.len, uri.s);
		if (!insert_new_lump_after(at, text, size - 1, HDR_OTHER_T)) {
			pkg_free(text);
			return -1;
		}
	}
	return 1;
}

/* --- received ---------------------------------------------------------------------------- */

int fix_nated_register(struct sip_msg *msg)
{
	int_str val = {.s = received_uri(msg)};

	if (received_avp < 0)
		return 1;
	if (add_avp(AVP_VAL_STR, received_avp, val) < 0) {
		LM_ERR("failed to create the AVP\n");
		return -1;
	}
	return 1;
}
