/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be right about a message before anybody works with it (RFC 3261, 8.1.1, 8.2, 16.3).
 * RFC 4475 has an example of nearly everything here.
 */
#include "../error.h"
#include "../ut.h"
#include "msg_parser.h"
#include "parse_from.h"
#include "parse_uri.h"
#include "parser_f.h"

/* Headers that every message has to have, once. */
static const char *mandatory_defect(struct sip_msg *msg)
{
	static const struct {
		hdr_types_t type;
		const char *missing, *twice;
	} mandatory[] = {
		{HDR_FROM_T, "Missing From", "Two From Headers"},
		{HDR_TO_T, "Missing To", "Two To Headers"},
		{HDR_CALLID_T, "Missing Call-ID", "Two Call-ID Headers"},
		{HDR_CSEQ_T, "Missing CSeq", "Two CSeq Headers"},
	};
	struct hdr_field *hdr;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		hdr = *hdr_first(msg, mandatory[i].type);
		if (!hdr || !hdr->body.len)
			return mandatory[i].missing;
		if (hdr->sibling)
			return mandatory[i].twice;
	}
	return parse_from_header(msg) < 0 ? "Bad From" : NULL;
}

static const char *body_defect(struct sip_msg *msg)
{
	str body;

	if (!msg->content_length)
		return NULL;
	if (msg->content_length->sibling)
		return "Two Content-Length Headers";
	if (get_content_length(msg) && get_body(msg, &body) < 0)
		return "Body Too Short";
	return NULL;
}

static const char *via_defect(struct sip_msg *msg)
{
	struct hdr_field *hdr;
	struct via_body *vb;

	for (hdr = msg->h_via1; hdr; hdr = hdr->sibling)
		for (vb = hdr->parsed; vb; vb = vb->next)
			if (vb->error != PARSE_OK)
				return "Bad Via";
	return NULL;
}

static const char *request_defect(struct sip_msg *msg, int *code)
{
	str *uri = &REQ_LINE(msg).uri;
	struct hdr_field *mf = msg->maxforwards;
	struct sip_uri parsed;
	char *end;
	unsigned int n;

	if (!str_casematch_nt(&REQ_LINE(msg).version, SIP_VERSION)) {
		*code = 505;
		return "Version Not Supported";
	}
	end = mf ? mf->body.s + mf->body.len : NULL;
	if (mf && (mf->sibling || scan_number(mf->body.s, end, 255, &n) != end))
		return "Bad Max-Forwards";
	if (!str_match(&get_cseq(msg)->method, &REQ_LINE(msg).method))
		return "CSeq Method Differs";
	end = skip_token(uri->s, uri->s + uri->len);
	if (uri->len && _isalpha(uri->s[0]) && end < uri->s + uri->len && *end == ':' &&
		!is_uri_scheme(uri)) {
		*code = 416;
		return "Unsupported URI Scheme";
	}
	/* what a Contact may hold, but no request line */
	for (end = uri->s; end < uri->s + uri->len; end++)
		if (is_lws(*end))
			return "Bad Request-URI";
	return parse_uri(uri->s, uri->len, &parsed) < 0 ? "Bad Request-URI" : NULL;
}

const char *msg_defect(struct sip_msg *msg, int *code)
{
	const char *defect;

	*code = 400;
	ser_error = 0;
	parse_all_headers(msg);
	if (ser_error == E_OUT_OF_MEM) {
		*code = 500;
		return "Server Out Of Memory";
	}
	if (msg->hdr_bad)
		return "Bad Header Field";
	if (msg->hdr_no >= MAX_HEADER_FIELDS)
		return "Too Many Header Fields";
	if ((defect = mandatory_defect(msg)) || (defect = via_defect(msg)) ||
		(defect = body_defect(msg)))
		return defect;
	return msg->first_line.type == SIP_REQUEST ? request_defect(msg, code) : NULL;
}
