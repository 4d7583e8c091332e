/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: first line and topmost Via, then headers as they are asked for. */
#include "../core_stats.h"
#include "../data_lump.h"
#include "../data_lump_rpl.h"
#include "../dprint.h"
#include "../error.h"
#include "../mem/mem.h"
#include "../ut.h"
#include "msg_parser.h"
#include "parse_from.h"
#include "parser_f.h"

/* The line end that ends the header, folded lines included. NULL if there is none. */
static char *find_header_end(char *p, char *end)
{
	while ((p = memchr(p, '\n', end - p))) {
		if (p + 1 == end || (p[1] != ' ' && p[1] != '\t'))
			return p;
		p++;
	}
	return NULL;
}

/* The headers that are parsed at once. 0, -1. */
static int parse_body_now(struct hdr_field *hdr)
{
	char *p = hdr->body.s, *end = hdr->body.s + hdr->body.len;
	struct via_body *vb;
	struct cseq_body *cb;
	struct to_body *tb;
	int n;

	switch (hdr->type) {
	case HDR_VIA_T:
		vb = pkg_malloc(sizeof(*vb));
		if (!vb)
			goto no_memory;
		parse_via(p, end, vb);
		hdr->parsed = vb;
		vb->hdr = hdr->name;
		/* a later value may be bad; only the topmost one has to be good */
		return vb->error == PARSE_OK ? 0 : -1;
	case HDR_TO_T:
		tb = pkg_malloc(sizeof(*tb));
		if (!tb)
			goto no_memory;
		parse_to(p, end, tb);
		if (tb->error == PARSE_OK) {
			hdr->parsed = tb;
			return 0;
		}
		free_to(tb);
		return -1;
	case HDR_CSEQ_T:
		cb = pkg_malloc(sizeof(*cb));
		if (!cb)
			goto no_memory;
		parse_cseq(p, end, cb);
		if (cb->error == PARSE_OK) {
			hdr->parsed = cb;
			return 0;
		}
		free_cseq(cb);
		return -1;
	case HDR_CONTENTLENGTH_T:
		if (!parse_content_length(p, end, &n))
			return -1;
		hdr->parsed = (void *)(long)n;
		return 0;
	default:
		return 0;
	}
no_memory:
	LM_ERR("no more pkg memory\n");
	ser_error = E_OUT_OF_MEM;
	return -1;
}

char *get_hdr_field(char *buf, char *end, struct hdr_field *hdr)
{
	char *p, *lf;

	memset(hdr, 0, sizeof(*hdr));
	hdr->type = HDR_ERROR_T;
	if (buf == end || *buf == '\n' || (end - buf > 1 && buf[0] == '\r' && buf[1] == '\n')) {
		hdr->type = HDR_EOH_T;
		return buf;
	}
	lf = find_header_end(buf, end);
	if (!lf)
		return end;
	p = skip_token(buf, lf);
	hdr->name.s = buf;
	hdr->name.len = p - buf;
	while (p < lf && (*p == ' ' || *p == '\t'))
		p++;
	if (!hdr->name.len || p == lf || *p != ':')
		return lf + 1;
	hdr->body.s = p + 1;
	hdr->body.len = lf - p - 1;
	trim(&hdr->body);
	hdr->len = lf + 1 - buf;
	hdr->type = hdr_type_by_name(hdr->name.s, hdr->name.len);
	return lf + 1;
}

/* Puts a header into the lists of the message. */
static void link_header(struct sip_msg *msg, struct hdr_field *hdr)
{
	struct hdr_field **slot = hdr_first(msg, hdr->type);
	struct via_body *vb;

	if (msg->last_header)
		msg->last_header->next = hdr;
	else
		msg->headers = hdr;
	msg->last_header = hdr;
	msg->hdr_no++;
	msg->parsed_flag |= HDR_T2F(hdr->type);
	if (!slot)
		return;
	while (*slot)
		slot = &(*slot)->sibling;
	*slot = hdr;
	if (hdr->type != HDR_VIA_T || msg->via2)
		return;
	vb = hdr->parsed;
	if (!msg->via1) {
		msg->via1 = vb;
		vb = vb->next;
	}
	msg->via2 = vb;
	if (vb)
		msg->parsed_flag |= HDR_VIA2_F;
}

/* One more header. 1, 0 at the end of the headers, -1 when it is malformed (and behind us). */
static int next_header(struct sip_msg *msg)
{
	struct hdr_field *hdr;
	char *next;
	int rc;

	if (msg->hdr_no >= MAX_HEADER_FIELDS) {
		LM_ERR("more than %d header fields\n", MAX_HEADER_FIELDS);
		return -1;
	}
	hdr = pkg_malloc(sizeof(*hdr));
	if (!hdr) {
		LM_ERR("no more pkg memory\n");
		ser_error = E_OUT_OF_MEM;
		return -1;
	}
	next = get_hdr_field(msg->unparsed, msg->buf + msg->len, hdr);
	if (hdr->type == HDR_EOH_T) {
		msg->eoh = msg->unparsed;
		msg->parsed_flag |= HDR_EOH_F;
		pkg_free(hdr);
		return 0;
	}
	rc = hdr->type == HDR_ERROR_T ? -1 : parse_body_now(hdr);
	if (rc < 0) {
		msg->hdr_bad++;
		LM_ERR("bad header field [%.*s]\n", quoted_len(next - msg->unparsed),
			msg->unparsed);
		if (bad_msg_hdr)
			update_stat(bad_msg_hdr, 1);
	}
	msg->unparsed = next;
	if (hdr->type == HDR_ERROR_T || (hdr->type == HDR_VIA_T && !hdr->parsed))
		pkg_free(hdr);
	else
		link_header(msg, hdr);
	return rc < 0 ? -1 : 1;
}

int parse_headers(struct sip_msg *msg, hdr_flags_t flags, int next)
{
	hdr_flags_t before = msg->parsed_flag;
	int rc = 1;

	if (next)
		msg->parsed_flag &= ~flags;
	while (rc > 0 && (msg->parsed_flag & flags) != flags)
		rc = msg->eoh ? 0 : next_header(msg);
	msg->parsed_flag |= before;
	return rc < 0 ? -1 : 0;
}

void parse_all_headers(struct sip_msg *msg)
{
	char *before;

	do {
		before = msg->unparsed;
		parse_headers(msg, HDR_EOH_F, 0);
	} while (!msg->eoh && msg->unparsed != before);
}

int parse_msg_opt(char *buf, unsigned int len, struct sip_msg *msg, int free_on_err)
{
	char *p = buf, *end = buf + len;

	msg->buf = buf;
	msg->len = len;
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	msg->unparsed = parse_first_line(p, end - p, &msg->first_line);
	if (msg->first_line.type == SIP_INVALID)
		return -1;
	/* malformed headers above the Via are for msg_defect() to tell; here it is who to tell */
	for (p = NULL; !msg->via1 && !msg->eoh && p != msg->unparsed;) {
		p = msg->unparsed;
		parse_headers(msg, HDR_VIA_F, 0);
	}
	if (msg->via1 && msg->via1->error == PARSE_OK)
		return 0;
	LM_ERR("no usable Via\n");
	if (free_on_err)
		free_sip_msg(msg);
	return -1;
}

void free_sip_msg(struct sip_msg *msg)
{
	free_hdr_field_lst(msg->headers);
	msg->headers = msg->last_header = NULL;
	pkg_free(msg->new_uri.s);
	pkg_free(msg->dst_uri.s);
	pkg_free(msg->path_vec.s);
	pkg_free(msg->set_global_address.s);
	pkg_free(msg->set_global_port.s);
	free_lump_list(msg->add_rm);
	del_nonshm_lump_rpl(&msg->reply_lump);
}

int check_transaction_quadruple(struct sip_msg *msg)
{
	const hdr_flags_t flags = HDR_FROM_F | HDR_TO_F | HDR_CALLID_F | HDR_CSEQ_F | HDR_VIA_F;

	if (parse_from_header(msg) == 0 && parse_headers(msg, flags, 0) == 0 && msg->to &&
		msg->to->parsed && msg->cseq && msg->cseq->parsed && msg->callid)
		return 1;
	ser_error = E_BAD_TUPEL;
	return 0;
}

int get_body(struct sip_msg *msg, str *body)
{
	long announced;

	body->s = NULL;
	body->len = 0;
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->eoh)
		return -1;
	body->s = msg->eoh;
	if (body->s < msg->buf + msg->len && *body->s == '\r')
		body->s++;
	if (body->s < msg->buf + msg->len)
		body->s++;
	body->len = msg->buf + msg->len - body->s;
	if (!msg->content_length)
		return 0;
	announced = get_content_length(msg);
	if (announced > body->len) {
		LM_ERR("body has %d bytes, Content-Length says %ld\n", body->len, announced);
		return -1;
	}
	body->len = announced;
	return 0;
}
