/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the headers of a REGISTER to the ucontact_info_t that usrloc stores.
 */
#include "registrar.h"

#include "../../parser/parse_allow.h"
#include "../../parser/parse_cseq.h"
#include "../../parser/parse_expires.h"
#include "../../parser/parse_methods.h"
#include "../../parser/parse_rr.h"
#include "../../parser/parse_uri.h"
#include "../../strcommon.h"
#include "../../usr_avp.h"

static str no_user_agent = str_init("n/a");

/* --- expiry ------------------------------------------------------------------------------ */

/* What the request asks for, in seconds; 0: remove. RFC 3261, 10.3 steps 6 and 7. */
static unsigned int asked_expires(struct sip_msg *msg, contact_t *ct)
{
	unsigned int val;

	if (ct->expires && ct->expires->body.len) {
		/* not a number: RFC 3261, 10.2.1.1 says to take an hour, OpenSIPS takes the default
		 */
		if (str2int(&ct->expires->body, &val) < 0)
			return default_expires;
		return val;
	}
	if (msg->expires && msg->expires->body.len)
		return ((exp_body_t *)msg->expires->parsed)->val;
	return default_expires;
}

time_t contact_expires(struct sip_msg *msg, struct save_ctx *ctx, contact_t *ct, time_t now)
{
	unsigned int asked = asked_expires(msg, ct);
	int until;

	if (asked == 0)
		return 0;
	/*
	 * OpenSIPS adds in 32 bits, so that an absurdly long time ends in the past and
	 * min-expires is what the phone gets. A node that did otherwise would differ.
	 */
	until = (int)((unsigned int)now + asked);
	if (until < now + ctx->min_expires)
		until = now + ctx->min_expires;
	if (ctx->max_expires && until > now + ctx->max_expires)
		until = now + ctx->max_expires;
	return until;
}

/* --- the request ------------------------------------------------------------------------- */

/* As in OpenSIPS only the URI of the first hop is looked at. It has to be a loose router. */
static int check_path(str *path)
{
	rr_t *rr = NULL;
	struct sip_uri uri;
	int rc = -1;

	if (parse_rr_body(path->s, path->len, &rr) < 0)
		LM_ERR("failed to parse Path body\n");
	else if (parse_uri(rr->nameaddr.uri.s, rr->nameaddr.uri.len, &uri) < 0)
		LM_ERR("failed to parse the first Path URI\n");
	else if (!uri.lr.s)
		LM_ERR("first Path URI is not a loose router\n");
	else
		rc = 0;
	free_rr(&rr);
	if (rc < 0)
		rerrno = R_PARSE_PATH;
	return rc;
}

int build_path_vector(struct sip_msg *msg, str *path)
{
	struct hdr_field *h;
	int size = 0;

	*path = STR_NULL;
	for (h = msg->path; h; h = h->sibling)
		size += h->body.len + 1;
	if (size == 0)
		return 0;
	path->s = pkg_malloc(size);
	if (!path->s) {
		LM_ERR("no more pkg memory\n");
		rerrno = R_INTERNAL;
		return -1;
	}
	for (h = msg->path; h; h = h->sibling) {
		if (!h->body.len)
			continue;
		if (path->len)
			path->s[path->len++] = ',';
		memcpy(path->s + path->len, h->body.s, h->body.len);
		path->len += h->body.len;
	}
	return path->len ? check_path(path) : 0;
}

/* The `received` parameter of the first Path URI: the phone as the edge proxy saw it. */
static int received_of_path(const str *path, str *received)
{
	static char buf[1024];
	struct sip_uri uri;
	str hop, rest = *path, val;

	*received = STR_NULL;
	if (get_path_dst_uri(&rest, &hop) < 0 || parse_uri(hop.s, hop.len, &uri) < 0) {
		rerrno = R_PARSE_PATH;
		return -1;
	}
	if (get_uri_param_val(&uri, _str("received"), &val) < 0 || !val.s)
		return 0;
	if (!val.len) {
		rerrno = R_PARSE_PATH;
		return -1;
	}
	*received = (str){buf, sizeof(buf)};
	if (unescape_param(&val, received) < 0) {
		LM_ERR("failed to unescape received=%.*s\n", val.len, val.s);
		*received = STR_NULL;
	}
	return 0;
}

/* The listener that the socket header names, else the one the request came in on. */
static const struct socket_info *socket_of(struct sip_msg *msg, unsigned int flags)
{
	const struct socket_info *sock;
	struct hdr_field *h;
	int port, proto;
	str val, host;

	if (!(flags & REG_SAVE_SOCKET_FLAG) || !sock_hdr_name.len)
		return msg->rcv.bind_address;
	h = get_header_by_name(msg, sock_hdr_name.s, sock_hdr_name.len);
	if (!h)
		return msg->rcv.bind_address;
	val = h->body;
	trim(&val);
	if (!val.len)
		return msg->rcv.bind_address;
	if (parse_phostport(val.s, val.len, &host.s, &host.len, &port, &proto) < 0) {
		LM_ERR("bad socket <%.*s> in %.*s\n", val.len, val.s, h->name.len, h->name.s);
		return msg->rcv.bind_address;
	}
	set_sip_defaults(port, proto);
	sock = grep_sock_info(&host, port, proto);
	if (!sock) {
		LM_ERR("non-local socket <%.*s>\n", val.len, val.s);
		return msg->rcv.bind_address;
	}
	return sock;
}

/* Points into the AVP; usrloc copies it. */
static str avp_value(int id)
{
	int_str val;
	struct usr_avp *avp = id < 0 ? NULL : search_first_avp(0, id, &val, NULL);

	if (!avp || !is_avp_str_val(avp) || (avp->flags & AVP_VAL_NULL))
		return STR_NULL;
	return val.s;
}

static int pack_path(struct sip_msg *msg, struct save_ctx *ctx, ucontact_info_t *ci)
{
	if (!(ctx->flags & REG_SAVE_PATH_FLAG))
		return 0;
	if (build_path_vector(msg, &ctx->path) < 0)
		return -1;
	if (!ctx->path.len)
		return 0;
	ci->path = &ctx->path;
	if (!(ctx->flags & REG_SAVE_PATH_RECEIVED_FLAG))
		return 0;
	if (received_of_path(&ctx->path, &ci->received) < 0)
		return -1;
	if (ci->received.len)
		ci->cflags |= ul.nat_flag;
	return 0;
}

int pack_ci(struct sip_msg *msg, struct save_ctx *ctx, ucontact_info_t *ci)
{
	static str attr;

	*ci = (ucontact_info_t){.callid = &ctx->callid, .cseq = ctx->cseq};
	if (ctx->callid.len > CALLID_MAX_SIZE) {
		LM_ERR("callid too long\n");
		rerrno = R_CALLID_LEN;
		return -1;
	}
	ci->last_modified = reg_clock(NULL);
	ci->cflags = getb0flags(msg);
	ci->flags = ctx->flags & REG_SAVE_MEMORY_FLAG ? FL_MEM : FL_NONE;
	ci->sock = socket_of(msg, ctx->flags);
	ci->user_agent = &no_user_agent;
	if (msg->user_agent && msg->user_agent->body.len > 0 &&
		msg->user_agent->body.len < UA_MAX_SIZE)
		ci->user_agent = &msg->user_agent->body;
	attr = avp_value(attr_avp);
	ci->attr = &attr;
	ci->cmatch = &ctx->cmatch;
	return pack_path(msg, ctx, ci);
}

/* --- one contact ------------------------------------------------------------------------- */

static int contact_q(contact_t *ct, qvalue_t *q)
{
	int err;

	*q = default_q;
	if (!ct->q || !ct->q->body.len)
		return 0;
	err = str2q(q, ct->q->body.s, ct->q->body.len);
	if (err == 0)
		return 0;
	LM_ERR("invalid qvalue (%.*s)\n", ct->q->body.len, ct->q->body.s);
	rerrno = R_INV_Q;
	return -1;
}

static int contact_methods(struct sip_msg *msg, contact_t *ct, unsigned int *methods)
{
	*methods = ALL_METHODS;
	if (ct->methods) {
		if (parse_methods(&ct->methods->body, methods) == 0)
			return 0;
		LM_ERR("failed to parse contact methods\n");
		rerrno = R_PARSE;
		return -1;
	}
	if (msg->allow && parse_allow(msg) == 0)
		*methods = get_allow_methods(msg);
	return 0;
}

int pack_contact(struct sip_msg *msg, contact_t *ct, time_t expires, ucontact_info_t *ci)
{
	ci->contact_id = 0;
	ci->expires = ci->expires_in = ci->expires_out = expires;
	if (contact_q(ct, &ci->q) < 0 || contact_methods(msg, ct, &ci->methods) < 0)
		return -1;
	/*
	 * As in OpenSIPS what one contact said of these two holds for those behind it in the
	 * request, and what the Path said is of the first hop and for all of them.
	 */
	if (ct->instance)
		ci->instance = ct->instance->body;
	if (!ci->received.len)
		ci->received = ct->received ? ct->received->body : avp_value(received_avp);
	return 0;
}
