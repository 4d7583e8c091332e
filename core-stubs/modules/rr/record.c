/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record-Route (RFC 3261, 16.6 step 4).
 *
 * Where the request will leave from is known only when it is sent: the script may set another
 * socket later, and each branch has its own. So the header is a chain of lumps behind one anchor.
 * Those of the first line, and ";r2=on" of the second, are written only if it leaves from another
 * socket than it came in on:
 *
 *   Record-Route: <sip:OUT;r2=on;lr;ftag=x>      read by the callee's requests first
 *   Record-Route: <sip:IN;r2=on;lr;ftag=x>
 */
#include "rr.h"

#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_uri.h"
#include "../../ut.h"

#define RR_HEAD "Record-Route: <sip:"
#define RR_TAIL ">" CRLF

int append_fromtag = 1;
int enable_double_rr = 1;
int add_username;

/* What add_rr_param() was given before there is a Record-Route. */
static struct {
	unsigned int msg_id;
	int len;
	char text[256];
} waiting;

/* --- a chain that is being made ------------------------------------------------------ */

struct chain {
	struct lump *last;
	enum lump_flag flags; /* of what is added */
};

static int add(struct chain *c, const char *s, int len)
{
	struct lump *l;
	char *copy;

	if (len == 0)
		return 0;
	copy = pkg_malloc((size_t)len);
	if (!copy) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memcpy(copy, s, (size_t)len);
	l = insert_new_lump_after(c->last, copy, (unsigned int)len, HDR_RECORDROUTE_T);
	if (!l) {
		pkg_free(copy);
		return -1;
	}
	l->flags |= c->flags;
	c->last = l;
	return 0;
}

#define add_lit(_c, _s) add(_c, _s, sizeof(_s) - 1)

static int add_subst(struct chain *c, enum lump_subst subst)
{
	struct lump *l = insert_subst_lump_after(c->last, subst, HDR_RECORDROUTE_T);

	if (!l)
		return -1;
	l->flags |= c->flags;
	c->last = l;
	return 0;
}

/* --- parts ----------------------------------------------------------------------------- */

/* The lump that our Record-Route hangs on, or NULL. */
static struct lump *find_chain(const struct sip_msg *msg)
{
	struct lump *l = msg->add_rm;

	while (l && (l->type != HDR_RECORDROUTE_T || l->op != LUMP_NOP))
		l = l->next;
	return l;
}

static int start_chain(struct sip_msg *msg, struct chain *c)
{
	if (find_chain(msg)) {
		LM_ERR("the request has a Record-Route of ours already\n");
		return -1;
	}
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || parse_from_header(msg) < 0)
		return -1;
	/* in front of the Record-Routes of others */
	c->last = anchor_lump(msg,
		(msg->record_route ? msg->record_route->name.s : msg->headers->name.s) - msg->buf,
		HDR_RECORDROUTE_T);
	c->flags = LUMPFLAG_NONE;
	return c->last ? 0 : -1;
}

static int add_user(struct chain *c, struct sip_msg *msg)
{
	struct sip_uri uri;
	str *ruri = &msg->first_line.u.request.uri;

	if (!add_username)
		return 0;
	if (parse_uri(ruri->s, ruri->len, &uri) < 0)
		return -1;
	if (uri.user.len == 0)
		return 0;
	return add(c, uri.user.s, uri.user.len) < 0 || add_lit(c, "@") < 0 ? -1 : 0;
}

static int add_ftag(struct chain *c, struct sip_msg *msg)
{
	str *tag = &get_from(msg)->tag_value;

	if (!append_fromtag || tag->len == 0)
		return 0;
	return add_lit(c, ";ftag=") < 0 || add(c, tag->s, tag->len) < 0 ? -1 : 0;
}

static int add_params(struct chain *c, struct sip_msg *msg, const str *params)
{
	if (params && add(c, params->s, params->len) < 0)
		return -1;
	return waiting.msg_id == msg->id ? add(c, waiting.text, waiting.len) : 0;
}

/* ";r2=on" is for both lines, but only where both are written. */
static int add_r2(struct chain *c)
{
	enum lump_flag flags = c->flags;
	int rc;

	if (!enable_double_rr)
		return 0;
	c->flags |= LUMPFLAG_DIFF_REALMS;
	rc = add_lit(c, ";r2=on");
	c->flags = flags;
	return rc;
}

static int add_line(struct chain *c, struct sip_msg *msg, enum lump_subst subst, const str *params)
{
	if (add_lit(c, RR_HEAD) < 0 || add_user(c, msg) < 0 || add_subst(c, subst) < 0 ||
		add_r2(c) < 0 || add_lit(c, ";lr") < 0 || add_ftag(c, msg) < 0 ||
		add_params(c, msg, params) < 0)
		return -1;
	return add_lit(c, RR_TAIL);
}

static int add_preset_line(struct chain *c, struct sip_msg *msg, const str *address)
{
	if (add_lit(c, RR_HEAD) < 0 || add_user(c, msg) < 0 ||
		add(c, address->s, address->len) < 0 || add_ftag(c, msg) < 0 ||
		add_params(c, msg, NULL) < 0 || add_lit(c, ";lr") < 0)
		return -1;
	return add_lit(c, RR_TAIL);
}

/* --- script functions ------------------------------------------------------------------- */

int record_route(struct sip_msg *msg, str *params)
{
	struct chain c;

	if (start_chain(msg, &c) < 0)
		return -1;
	if (enable_double_rr) {
		c.flags = LUMPFLAG_DIFF_REALMS;
		if (add_line(&c, msg, SUBST_SND_ALL, params) < 0)
			return -1;
		c.flags = LUMPFLAG_NONE;
	}
	return add_line(&c, msg, SUBST_RCV_ALL, params) < 0 ? -1 : 1;
}

int record_route_preset(struct sip_msg *msg, str *out, str *in)
{
	struct chain c;

	if (in && !enable_double_rr) {
		LM_ERR("two addresses need enable_double_rr\n");
		return -1;
	}
	if (start_chain(msg, &c) < 0 || add_preset_line(&c, msg, out) < 0)
		return -1;
	return in && add_preset_line(&c, msg, in) < 0 ? -1 : 1;
}

/* Before the end of each line of the chain. */
static int add_to_chain(struct lump *anchor, const str *params)
{
	struct lump *l;
	struct chain c;
	int n = 0;

	for (l = anchor; l->after; l = l->after) {
		struct lump *tail = l->after;

		if (tail->op != LUMP_ADD || tail->len != sizeof(RR_TAIL) - 1 ||
			memcmp(tail->u.value, RR_TAIL, tail->len) != 0)
			continue;
		c.last = l;
		c.flags = tail->flags & LUMPFLAG_DIFF_REALMS;
		if (add(&c, params->s, params->len) < 0)
			return -1;
		l = tail;
		n++;
		if (!l->after)
			break;
	}
	return n > 0 ? 1 : -1;
}

int add_rr_param(struct sip_msg *msg, str *params)
{
	struct lump *anchor = find_chain(msg);

	if (anchor)
		return add_to_chain(anchor, params);
	if (waiting.msg_id != msg->id)
		waiting.len = 0;
	if (params->len > (int)sizeof(waiting.text) - waiting.len) {
		LM_ERR("more than %zu bytes of parameters\n", sizeof(waiting.text));
		return -1;
	}
	waiting.msg_id = msg->id;
	memcpy(waiting.text + waiting.len, params->s, (size_t)params->len);
	waiting.len += params->len;
	return 1;
}
