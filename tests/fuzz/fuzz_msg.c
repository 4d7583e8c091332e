/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: any bytes as a message. What the parser takes is looked at with every header parser,
 * changed with lumps, and built into a request, a reply of our own and a relayed reply. What we
 * built has to be a message that we would take ourselves.
 */
#include <stdint.h>
#include <stdlib.h>
#include "data_lump.h"
#include "data_lump_rpl.h"
#include "dprint.h"
#include "mem/mem.h"
#include "msg_translator.h"
#include "parser/contact/parse_contact.h"
#include "parser/digest/digest.h"
#include "parser/parse_allow.h"
#include "parser/parse_expires.h"
#include "parser/parse_from.h"
#include "parser/parse_rr.h"
#include "parser/parse_supported.h"
#include "parser/parse_uri.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct socket_info sock;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stderr_enabled = 0;
	*log_level = L_ALERT - 1;
	pkg_mem_size = 64 << 20;
	init_pkg_mallocs();
	sock.proto = PROTO_UDP;
	sock.address_str = str_init("127.0.0.1");
	sock.port_no_str = str_init("5060");
	return 0;
}

static void die_unless(int good)
{
	if (!good)
		abort();
}

/* Every span is one of the message's own. */
static void check_span(struct sip_msg *msg, str s)
{
	die_unless(s.len >= 0);
	if (s.len)
		die_unless(s.s >= msg->buf && s.s + s.len <= msg->buf + msg->len);
}

static void parse_all_credentials(struct sip_msg *msg, struct hdr_field *h)
{
	const dig_cred_t *c;

	for (; h; h = h->sibling) {
		if (parse_credentials(h) != 0)
			continue;
		c = &((auth_body_t *)h->parsed)->digest;
		check_span(msg, c->username.whole);
		check_span(msg, c->username.user);
		check_span(msg, c->username.domain);
		check_span(msg, c->nonce);
		check_span(msg, c->uri);
		check_span(msg, c->response);
	}
}

static void parse_everything(struct sip_msg *msg)
{
	struct hdr_field *h;
	contact_t *c = NULL;
	struct via_body *vb;
	rr_t *r, *list;

	for (h = msg->headers; h; h = h->next) {
		check_span(msg, h->name);
		check_span(msg, h->body);
	}
	for (h = msg->h_via1; h; h = h->sibling)
		for (vb = h->parsed; vb; vb = vb->next)
			check_span(msg, vb->host);
	while (contact_iterator(&c, msg, c) == 0 && c)
		check_span(msg, c->uri);
	for (h = msg->path; h; h = h->sibling)
		if (parse_rr_body(h->body.s, h->body.len, &list) == 0) {
			for (r = list; r; r = r->next)
				check_span(msg, r->nameaddr.uri);
			free_rr(&list);
		}
	for (h = msg->expires; h; h = h->sibling)
		parse_expires(h);
	parse_all_credentials(msg, msg->authorization);
	parse_all_credentials(msg, msg->proxy_auth);
	parse_allow(msg);
	parse_supported(msg);
	parse_from_header(msg);
	parse_to_header(msg);
}

/* Parses what we built; it must be without defect. */
static void check_built(char *buf, unsigned int len, int type, const struct receive_info *rcv)
{
	struct sip_msg msg = {.rcv = *rcv};
	int code;

	if (!buf)
		return; /* too long */
	die_unless(parse_msg_opt(buf, len, &msg, 0) == 0);
	die_unless(msg.first_line.type == type);
	die_unless(msg_defect(&msg, &code) == NULL);
	free_sip_msg(&msg);
	pkg_free(buf);
}

static void change(struct sip_msg *msg)
{
	char *text = pkg_malloc(8);
	struct lump *l = anchor_lump(msg, msg->eoh - msg->buf, HDR_OTHER_T);

	memcpy(text, "X: y\r\n", 6);
	if (!l || !insert_new_lump_before(l, text, 6, HDR_OTHER_T))
		pkg_free(text);
	if (msg->user_agent)
		del_lump(msg, msg->user_agent->name.s - msg->buf, msg->user_agent->len,
			HDR_USERAGENT_T);
}

static void build_from_request(struct sip_msg *msg, int good)
{
	str text = str_init("OK"), tag = str_init("t"), uri = str_init("sip:new@host");
	unsigned int len;
	char *buf;

	buf = build_res_buf_from_sip_req(200, &text, &tag, msg, &len);
	if (!good) {
		pkg_free(buf);
		return;
	}
	check_built(buf, len, SIP_REPLY, &msg->rcv);
	change(msg);
	msg->add_to_branch_len =
		snprintf(msg->add_to_branch_s, sizeof(msg->add_to_branch_s), "%s1.2.3", MCOOKIE);
	buf = build_req_buf_from_sip_req(msg, &len, &sock, PROTO_UDP, NULL, 0);
	check_built(buf, len, SIP_REQUEST, &msg->rcv);
	set_ruri(msg, &uri);
	buf = build_req_buf_from_sip_req(msg, &len, &sock, PROTO_TCP, NULL, 0);
	check_built(buf, len, SIP_REQUEST, &msg->rcv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg msg;
	unsigned int len;
	char *copy, *buf;
	int good, code;

	if (size > BUF_SIZE)
		return 0;
	copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	memset(&msg, 0, sizeof(msg));
	msg.rcv.src_ip.af = AF_INET;
	msg.rcv.src_ip.len = 4;
	msg.rcv.src_port = 5070;
	if (parse_msg_opt(copy, size, &msg, 0) == 0) {
		good = msg_defect(&msg, &code) == NULL;
		/* what we add may be too much for the next one */
		good = good && msg.hdr_no + 4 < MAX_HEADER_FIELDS;
		parse_everything(&msg);
		if (msg.first_line.type == SIP_REQUEST) {
			build_from_request(&msg, good);
		} else if (good && msg.via2) {
			change(&msg);
			buf = build_res_buf_from_sip_res(&msg, &len, &sock, 0);
			check_built(buf, len, SIP_REPLY, &msg.rcv);
		}
	}
	free_sip_msg(&msg);
	free(copy);
	return 0;
}
