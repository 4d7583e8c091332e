/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building messages. Each is written twice by the same code: first into nothing, to count,
 * then into memory of that size.
 *
 * What changes is of two kinds: lumps, which scripts and modules made and which stay with the
 * message, and edits, which are made here for this one copy (our Via, received, rport).
 */
#include "data_lump.h"
#include "data_lump_rpl.h"
#include "dprint.h"
#include "error.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "msg_translator.h"
#include "resolve.h"
#include "ut.h"

struct out {
	char *buf; /* NULL while counting */
	unsigned int len;
	/* of a request: where it is sent from, for lumps that tell it */
	const struct sip_msg *msg;
	const struct socket_info *sock;
};

/* At offset, len bytes become text. */
struct edit {
	unsigned int offset;
	unsigned int len;
	str text;
};

#define MAX_EDITS 4
struct edits {
	struct edit e[MAX_EDITS]; /* sorted by offset */
	int n;
	char received[MAX_RECEIVED_SIZE];
	char rport[MAX_RPORT_SIZE];
	char content_length[CONTENT_LENGTH_LEN + INT2STR_MAX_LEN];
};

static void put(struct out *o, const char *s, unsigned int len)
{
	if (o->buf && len)
		memcpy(o->buf + o->len, s, len);
	o->len += len;
}

static void put_str(struct out *o, const str *s)
{
	put(o, s->s, s->len);
}

#define put_lit(o, lit) put(o, lit, sizeof(lit) - 1)

static void add_edit(
	struct edits *ed, unsigned int offset, unsigned int len, char *text, unsigned int text_len)
{
	int i = ed->n++;

	/* what is only added comes before what is replaced at the same place */
	for (; i > 0 && (ed->e[i - 1].offset > offset ||
				(ed->e[i - 1].offset == offset && len == 0 && ed->e[i - 1].len));
		i--)
		ed->e[i] = ed->e[i - 1];
	ed->e[i].offset = offset;
	ed->e[i].len = len;
	ed->e[i].text.s = text;
	ed->e[i].text.len = text_len;
}

/* Does the request leave as it came in, by address, port and transport? */
static int same_realm(const struct out *o)
{
	const struct socket_info *in = o->msg->rcv.bind_address;

	return in == o->sock || in == NULL ||
	       (in->proto == o->sock->proto && in->port_no == o->sock->port_no &&
		       ip_addr_cmp(&in->address, &o->sock->address));
}

/*
 * "host[:port][;transport=...]" of a socket: its `as`, else what the script says, else what is told
 * for all. The usual port is left out, unless it is of an `as`.
 */
static void put_address(
	struct out *o, const struct socket_info *si, const str *its_host, const str *its_port)
{
	const str *host = its_host->len && !si->adv_name_str.len ? its_host : get_adv_host(si);
	const str *port = its_port->len && !si->adv_name_str.len ? its_port : get_adv_port(si);

	put_str(o, host);
	if (port == &si->adv_port_str || !str_match_nt(port, "5060")) {
		put_lit(o, ":");
		put_str(o, port);
	}
	if (si->proto != PROTO_UDP) {
		put_lit(o, ";transport=");
		put(o, get_proto_name(si->proto), strlen(get_proto_name(si->proto)));
	}
}

/* set_advertised_address() is for the side that the request is sent to. */
static void put_subst(struct out *o, enum lump_subst subst)
{
	static const str none;

	if (subst == SUBST_RCV_ALL && !same_realm(o))
		put_address(o, o->msg->rcv.bind_address, &none, &none);
	else
		put_address(o, o->sock, &o->msg->set_global_address, &o->msg->set_global_port);
}

static void put_added(struct out *o, const struct lump *l)
{
	if (l->flags & LUMPFLAG_DIFF_REALMS && (!o->sock || same_realm(o)))
		return;
	if (l->op == LUMP_ADD)
		put(o, l->u.value, l->len);
	else if (o->sock)
		put_subst(o, l->u.subst);
}

/* The additions before a lump: the farthest, which is the last in the chain, comes first. */
static void put_before(struct out *o, const struct lump *l)
{
	if (!l)
		return;
	put_before(o, l->before);
	put_added(o, l);
}

static void put_after(struct out *o, const struct lump *l)
{
	for (; l; l = l->after)
		put_added(o, l);
}

/*
 * Writes the message from one offset to its end with lumps and edits. Both lists are sorted;
 * at one offset edits come first. What a deletion covers is gone, with additions in it.
 */
static void put_changed(
	struct out *o, struct sip_msg *msg, unsigned int from, const struct edits *ed)
{
	const struct lump *l = msg->add_rm;
	unsigned int pos = from, at;
	int i = 0;

	while (l || i < ed->n) {
		at = l ? l->u.offset : msg->len;
		if (i < ed->n && ed->e[i].offset <= at) {
			if (ed->e[i].offset >= pos) {
				put(o, msg->buf + pos, ed->e[i].offset - pos);
				put_str(o, &ed->e[i].text);
				pos = ed->e[i].offset + ed->e[i].len;
			}
			i++;
			continue;
		}
		if (at >= pos) {
			put(o, msg->buf + pos, at - pos);
			pos = at;
			put_before(o, l->before);
			if (l->op == LUMP_DEL)
				pos += l->len;
			put_after(o, l->after);
		} else if (l->op == LUMP_DEL && at + l->len > pos) {
			pos = at + l->len;
		}
		l = l->next;
	}
	if (pos < msg->len)
		put(o, msg->buf + pos, msg->len - pos);
}

int received_test(struct sip_msg *msg)
{
	if (msg->via1->received)
		return 1;
	return !check_ip_address(
		&msg->rcv.src_ip, &msg->via1->host, msg->via1->port, msg->via1->proto, 0);
}

/* RFC 3261, 18.2.1 and RFC 3581, 4: what we add to the topmost Via. */
static void edit_top_via(struct sip_msg *msg, struct edits *ed)
{
	struct via_body *via = msg->via1;
	struct via_param *p;
	unsigned int end;
	int n;

	p = via->rport;
	if (p || (msg->msg_flags & FL_FORCE_RPORT)) {
		n = snprintf(ed->rport, sizeof(ed->rport), ";rport=%hu", msg->rcv.src_port);
		if (p)
			add_edit(ed, p->start - 1 - msg->buf, p->size + 1, ed->rport, n);
	}
	p = via->received;
	if (p || via->rport || (msg->msg_flags & FL_FORCE_RPORT) || received_test(msg)) {
		/* RFC 3261, 25.1: an IPv6 address without brackets */
		n = snprintf(ed->received, sizeof(ed->received), ";received=%s",
			ip_addr2a(&msg->rcv.src_ip));
		if (p)
			add_edit(ed, p->start - 1 - msg->buf, p->size + 1, ed->received, n);
	}
	/* what is new goes behind host and port */
	end = (via->port_str.s ? via->port_str.s + via->port_str.len
			       : via->host.s + via->host.len) -
	      msg->buf;
	if (ed->rport[0] && !via->rport)
		add_edit(ed, end, 0, ed->rport, strlen(ed->rport));
	if (ed->received[0] && !via->received)
		add_edit(ed, end, 0, ed->received, strlen(ed->received));
}

static char *new_buffer(struct out *o, unsigned int flags)
{
	if (o->len > BUF_SIZE) {
		LM_ERR("a message of %u bytes, the limit is %d\n", o->len, BUF_SIZE);
		ser_error = E_BAD_REQ;
		return NULL;
	}
	o->buf = flags & MSG_TRANS_SHM_FLAG ? shm_malloc(o->len + 1) : pkg_malloc(o->len + 1);
	if (!o->buf) {
		LM_ERR("no more %s memory\n", flags & MSG_TRANS_SHM_FLAG ? "shm" : "pkg");
		ser_error = E_OUT_OF_MEM;
		return NULL;
	}
	o->buf[o->len] = '\0';
	o->len = 0;
	return o->buf;
}

static void put_request(struct out *o, struct sip_msg *msg, const str *via, const struct edits *ed)
{
	struct msg_start *fl = &msg->first_line;

	put_str(o, &fl->u.request.method);
	put_lit(o, " ");
	put_str(o, GET_RURI(msg));
	put_lit(o, " ");
	put_str(o, &fl->u.request.version);
	put_lit(o, CRLF);
	put_str(o, via);
	if (msg->path_vec.len) {
		put_lit(o, "Route: ");
		put_str(o, &msg->path_vec);
		put_lit(o, CRLF);
	}
	put_changed(o, msg, fl->u.request.method.s + fl->len - msg->buf, ed);
}

/* Streams need a Content-Length (RFC 3261, 18.3). */
static int edit_content_length(struct sip_msg *msg, int proto, struct edits *ed)
{
	str body;
	int n;

	if (msg->content_length || proto == PROTO_UDP)
		return 0;
	if (get_body(msg, &body) < 0)
		return -1;
	n = snprintf(
		ed->content_length, sizeof(ed->content_length), CONTENT_LENGTH "%d" CRLF, body.len);
	add_edit(ed, msg->eoh - msg->buf, 0, ed->content_length, n);
	return 0;
}

char *build_req_buf_from_sip_req(struct sip_msg *msg, unsigned int *returned_len,
	const struct socket_info *send_sock, int proto, str *via_params, unsigned int flags)
{
	struct edits ed = {.n = 0};
	struct out o = {.msg = msg, .sock = send_sock};
	struct hostport hp;
	str via = {NULL, 0}, branch = {msg->add_to_branch_s, msg->add_to_branch_len};
	unsigned int via_len;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || edit_content_length(msg, proto, &ed) < 0)
		return NULL;
	if (!(flags & MSG_TRANS_NOVIA_FLAG)) {
		set_hostport(&hp, msg);
		via.s = via_builder(&via_len, send_sock, &branch, via_params, proto, &hp);
		if (!via.s)
			return NULL;
		via.len = via_len;
		edit_top_via(msg, &ed);
	}
	put_request(&o, msg, &via, &ed);
	if (new_buffer(&o, flags)) {
		put_request(&o, msg, &via, &ed);
		*returned_len = o.len;
	}
	pkg_free(via.s);
	return o.buf;
}

char *build_res_buf_from_sip_res(
	struct sip_msg *msg, unsigned int *returned_len, const struct socket_info *sock, int flags)
{
	struct edits ed = {.n = 0};
	struct out o = {.buf = NULL};
	unsigned int from = msg->first_line.u.reply.version.s - msg->buf;
	struct hdr_field *via = msg->h_via1;

	(void)sock; /* whether it is a stream's, the caller's transaction knows alone */
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || edit_content_length(msg, PROTO_TCP, &ed) < 0)
		return NULL;
	if (!(flags & MSG_TRANS_NOVIA_FLAG)) {
		if (msg->via1->next)
			add_edit(&ed, via->body.s - msg->buf, msg->via1->bsize, NULL, 0);
		else
			add_edit(&ed, via->name.s - msg->buf, via->len, NULL, 0);
	}
	put_changed(&o, msg, from, &ed);
	if (new_buffer(&o, flags)) {
		put_changed(&o, msg, from, &ed);
		*returned_len = o.len;
	}
	return o.buf;
}

/* One header as it came, but for its line end. */
static void put_header(struct out *o, const struct hdr_field *hdr)
{
	put(o, hdr->name.s, hdr->body.s + hdr->body.len - hdr->name.s);
	put_lit(o, CRLF);
}

static void put_top_via(struct out *o, struct sip_msg *msg, const struct edits *ed)
{
	const struct hdr_field *hdr = msg->h_via1;
	unsigned int pos = hdr->name.s - msg->buf;
	int i;

	for (i = 0; i < ed->n; i++) {
		put(o, msg->buf + pos, ed->e[i].offset - pos);
		put_str(o, &ed->e[i].text);
		pos = ed->e[i].offset + ed->e[i].len;
	}
	put(o, msg->buf + pos, hdr->body.s + hdr->body.len - (msg->buf + pos));
	put_lit(o, CRLF);
}

/* To, with a tag of ours if it has none. */
static void put_to(struct out *o, struct sip_msg *msg, const str *new_tag)
{
	struct hdr_field *hdr = msg->to;
	struct to_body *to = hdr->parsed;

	put(o, hdr->name.s, hdr->body.s + hdr->body.len - hdr->name.s);
	if (to && !to->tag_value.len && new_tag && new_tag->len) {
		put_lit(o, TOTAG_TOKEN);
		put_str(o, new_tag);
	}
	put_lit(o, CRLF);
}

static void put_reply_headers(struct out *o, struct sip_msg *msg, unsigned int code,
	const str *new_tag, const struct edits *ed)
{
	struct hdr_field *hdr;

	for (hdr = msg->headers; hdr; hdr = hdr->next) {
		switch (hdr->type) {
		case HDR_VIA_T:
			if (hdr == msg->h_via1)
				put_top_via(o, msg, ed);
			else
				put_header(o, hdr);
			break;
		case HDR_TO_T:
			if (hdr == msg->to)
				put_to(o, msg, code > 100 ? new_tag : NULL);
			break;
		case HDR_FROM_T:
		case HDR_CALLID_T:
		case HDR_CSEQ_T:
			if (hdr == *hdr_first(msg, hdr->type))
				put_header(o, hdr);
			break;
		case HDR_RECORDROUTE_T:
			if (code > 100 && code < 300)
				put_header(o, hdr);
			break;
		default:
			break;
		}
	}
}

static void put_reply(struct out *o, struct sip_msg *msg, unsigned int code, const str *text,
	const str *new_tag, const struct edits *ed)
{
	struct lump_rpl *l, *body = get_lump_rpl(msg, LUMP_RPL_BODY);
	char line[CONTENT_LENGTH_LEN + INT2STR_MAX_LEN + 8];

	put(o, line, sprintf(line, SIP_VERSION " %03u ", code));
	put_str(o, text);
	put_lit(o, CRLF);
	put_reply_headers(o, msg, code, new_tag, ed);
	for (l = msg->reply_lump; l; l = l->next)
		if (l->flags & LUMP_RPL_HDR)
			put_str(o, &l->text);
	if (server_signature) {
		put_str(o, server_header);
		put_lit(o, CRLF);
	}
	put(o, line, sprintf(line, CONTENT_LENGTH "%d" CRLF CRLF, body ? body->text.len : 0));
	if (body)
		put_str(o, &body->text);
}

char *build_res_buf_from_sip_req(unsigned int code, const str *text, str *new_tag,
	struct sip_msg *msg, unsigned int *returned_len)
{
	struct edits ed = {.n = 0};
	struct out o = {.buf = NULL};

	if (code < 100 || code > 699) {
		LM_ERR("%u is no status code\n", code);
		return NULL;
	}
	/* a header that cannot be parsed does not keep us from answering */
	parse_all_headers(msg);
	if (!msg->via1) {
		LM_ERR("no Via to answer to\n");
		return NULL;
	}
	edit_top_via(msg, &ed);
	put_reply(&o, msg, code, text, new_tag, &ed);
	if (new_buffer(&o, 0)) {
		put_reply(&o, msg, code, text, new_tag, &ed);
		*returned_len = o.len;
	}
	return o.buf;
}

char *via_builder(unsigned int *len, const struct socket_info *send_sock, str *branch,
	str *extra_params, int proto, struct hostport *hp)
{
	static const str_const transport[] = {[PROTO_UDP] = str_const_init("UDP"),
		[PROTO_TCP] = str_const_init("TCP"),
		[PROTO_TLS] = str_const_init("TLS")};
	const str *host = get_adv_host(send_sock), *port = get_adv_port(send_sock);
	char *buf;
	int n, size;

	if (proto < PROTO_UDP || proto > PROTO_TLS) {
		LM_ERR("transport %d is not supported\n", proto);
		return NULL;
	}
	/* what the script or the configuration as a whole says, before the socket's own */
	if (hp && hp->host && hp->host->len)
		host = hp->host;
	if (hp && hp->port && hp->port->len)
		port = hp->port;
	size = 64 + host->len + port->len + branch->len + (extra_params ? extra_params->len : 0);
	buf = pkg_malloc(size);
	if (!buf) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	n = snprintf(buf, size, "Via: SIP/2.0/%s %.*s:%.*s;branch=%.*s%.*s" CRLF,
		transport[proto].s, host->len, host->s, port->len, port->s, branch->len, branch->s,
		extra_params ? extra_params->len : 0, extra_params ? extra_params->s : "");
	*len = n;
	return buf;
}
