/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save(): what a REGISTER does to usrloc (RFC 3261, 10.3).
 *
 * As in OpenSIPS the contacts of a request are taken one after the other, and the first
 * that is refused ends it: those before it stay. Only for an AoR that was not there
 * before all are taken back. The reply lists what is stored, also with an error.
 */
#include "registrar.h"

#include "../../parser/parse_cseq.h"
#include "../../parser/parse_expires.h"
#include "../../parser/parse_to.h"
#include "../../route.h"

static int fail(rerr_t why)
{
	rerrno = why;
	return -1;
}

/* --- the request ------------------------------------------------------------------------- */

static int parse_contact_headers(struct sip_msg *msg)
{
	for (struct hdr_field *h = msg->contact; h; h = h->sibling)
		if (!h->parsed && parse_contact(h) < 0) {
			LM_ERR("failed to parse Contact body\n");
			return fail(R_PARSE_CONT);
		}
	return 0;
}

static int parse_reg_headers(struct sip_msg *msg)
{
	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return fail(R_PARSE);
	if (!msg->to)
		return fail(R_TO_MISS);
	if (!msg->callid)
		return fail(R_CID_MISS);
	if (!msg->cseq)
		return fail(R_CS_MISS);
	if (msg->expires &&
		(parse_expires(msg->expires) < 0 || !((exp_body_t *)msg->expires->parsed)->valid)) {
		LM_ERR("failed to parse expires body\n");
		return fail(R_PARSE_EXP);
	}
	return parse_contact_headers(msg);
}

/* "Contact: *" stands alone and with Expires: 0. 0, *star set, or -1. */
static int check_contacts(struct sip_msg *msg, int *star)
{
	*star = 0;
	for (struct hdr_field *h = msg->contact; h; h = h->sibling)
		if (((contact_body_t *)h->parsed)->star)
			*star = 1;
	if (!*star)
		return 0;
	if (!msg->expires || ((exp_body_t *)msg->expires->parsed)->val != 0)
		return fail(R_STAR_EXP);
	if (msg->contact->sibling)
		return fail(R_STAR_CONT);
	return 0;
}

static int init_ctx(struct sip_msg *msg, struct save_ctx *ctx, const struct save_flags *sf)
{
	struct cseq_body *cseq = get_cseq(msg);

	*ctx = (struct save_ctx){.max_contacts = max_contacts,
		.min_expires = min_expires,
		.max_expires = max_expires,
		.cmatch.mode = CT_MATCH_NONE};
	if (sf) {
		ctx->flags = sf->flags;
		ctx->max_contacts = sf->max_contacts;
		ctx->min_expires = sf->min_expires;
		ctx->max_expires = sf->max_expires;
		ctx->cmatch = sf->cmatch;
	}
	ctx->callid = msg->callid->body;
	/* one above 2^31-1 is negative, and lower than others, as in OpenSIPS */
	if (str2int(&cseq->number, (unsigned int *)&ctx->cseq) < 0) {
		LM_ERR("bad CSeq %.*s\n", cseq->number.len, cseq->number.s);
		return fail(R_INV_CSEQ);
	}
	return 0;
}

/* --- limits ------------------------------------------------------------------------------ */

static unsigned int count_valid(urecord_t *r, time_t now)
{
	unsigned int n = 0;

	for (ucontact_t *c = r->contacts; c; c = c->next)
		n += VALID_CONTACT(c, now);
	return n;
}

static ucontact_t *last_valid(urecord_t *r, const ucontact_t *but, time_t now)
{
	ucontact_t *last = NULL;

	for (ucontact_t *c = r->contacts; c; c = c->next)
		if (c != but && VALID_CONTACT(c, now))
			last = c;
	return last;
}

/*
 * Are there at most `most` contacts? With force-registration some are removed, as OpenSIPS does: at
 * the end of a list that was there before, but not the one to be updated; at the front of one that
 * this request has begun. Where nothing is left to remove it is refused with a 200, as there.
 */
static int make_room(urecord_t *r, struct save_ctx *ctx, unsigned int *num, unsigned int most,
	const ucontact_t *updated, int is_new, time_t now)
{
	ucontact_t *victim;

	while (*num > most) {
		if (!(ctx->flags & REG_SAVE_FORCE_REG_FLAG) || !r) {
			LM_INFO("too many contacts for AOR <%.*s>, max=%u\n", ctx->aor.len,
				ctx->aor.s, ctx->max_contacts);
			return fail(R_TOO_MANY);
		}
		victim = is_new ? r->contacts : last_valid(r, updated, now);
		if (!victim) {
			LM_ERR("no contact to remove for AOR <%.*s>\n", ctx->aor.len, ctx->aor.s);
			return -1;
		}
		ul.delete_ucontact(r, victim, &ctx->cmatch, 0);
		(*num)--;
	}
	return 0;
}

static int room_for_new(
	urecord_t *r, struct save_ctx *ctx, unsigned int *num, int is_new, time_t now)
{
	return ctx->max_contacts ? make_room(r, ctx, num, ctx->max_contacts - 1, NULL, is_new, now)
				 : 0;
}

/* Even a contact that is there is refused when there are too many, as in OpenSIPS. */
static int room_for_update(
	urecord_t *r, struct save_ctx *ctx, unsigned int *num, const ucontact_t *c, time_t now)
{
	return ctx->max_contacts ? make_room(r, ctx, num, ctx->max_contacts, c, 0, now) : 0;
}

/* --- storing ----------------------------------------------------------------------------- */

static int add_one(
	urecord_t *r, struct sip_msg *msg, contact_t *ct, time_t expires, ucontact_info_t *ci)
{
	ucontact_t *c;

	if (pack_contact(msg, ct, expires, ci) < 0) {
		LM_ERR("failed to pack contact specific info\n");
		return -1;
	}
	if (ul.insert_ucontact(r, &ct->uri, ci, ci->cmatch, 0, &c) < 0) {
		LM_ERR("failed to insert contact\n");
		return fail(R_UL_INS_C);
	}
	return 0;
}

static int update_one(urecord_t *r, ucontact_t *c, struct sip_msg *msg, contact_t *ct,
	time_t expires, ucontact_info_t *ci)
{
	if (pack_contact(msg, ct, expires, ci) < 0) {
		LM_ERR("failed to pack contact specific info\n");
		return -1;
	}
	/* matched by something else than the URI, so that may have changed */
	ci->c = ci->cmatch->mode == CT_MATCH_PARAMS ? &ct->uri : NULL;
	if (ul.update_ucontact(r, c, ci, ci->cmatch, 0) < 0) {
		LM_ERR("failed to update contact\n");
		return fail(R_UL_UPD_C);
	}
	return 0;
}

/* The contacts of a request for an AoR that is not there. *r is NULL if there are none. */
static int insert_contacts(
	struct sip_msg *msg, udomain_t *d, struct save_ctx *ctx, urecord_t **r, time_t now)
{
	ucontact_info_t ci;
	contact_t *ct = NULL;
	ucontact_t *c;
	unsigned int num = 0;
	time_t expires;
	int packed = 0;

	*r = NULL;
	while (contact_iterator(&ct, msg, ct) == 0 && ct) {
		expires = contact_expires(msg, ctx, ct, now);
		if (expires == 0)
			continue;
		if (!packed++ && pack_ci(msg, ctx, &ci) < 0) {
			LM_ERR("failed to extract contact info\n");
			goto error;
		}
		if (!*r && ul.insert_urecord(d, &ctx->aor, r, 0, NULL, NULL) < 0) {
			rerrno = R_UL_NEW_R;
			LM_ERR("failed to insert new record structure\n");
			goto error;
		}
		if (room_for_new(*r, ctx, &num, 1, now) < 0)
			goto error;
		/* the same contact twice in one request: the later one counts, and both take room
		 */
		num++;
		if (ul.get_ucontact(*r, &ct->uri, &ctx->callid, ctx->cseq + 1, &ctx->cmatch, &c) ==
					0
				? update_one(*r, c, msg, ct, expires, &ci) < 0
				: add_one(*r, msg, ct, expires, &ci) < 0)
			goto error;
	}
	return 0;
error:
	if (*r)
		ul.delete_urecord(d, &ctx->aor, *r, 0);
	*r = NULL;
	return -1;
}

/* One contact of a request for an AoR that is there. */
static int update_contact(struct sip_msg *msg, struct save_ctx *ctx, urecord_t *r, contact_t *ct,
	ucontact_info_t *ci, unsigned int *num, time_t now)
{
	time_t expires = contact_expires(msg, ctx, ct, now);
	ucontact_t *c;

	switch (ul.get_ucontact(
		r, &ct->uri, &ctx->callid, ctx->cseq + allow_dup_cseq, &ctx->cmatch, &c)) {
	case -1:
		LM_ERR("invalid cseq for aor <%.*s>\n", ctx->aor.len, ctx->aor.s);
		return fail(R_INV_CSEQ);
	case -2: /* a retransmission */
		return 0;
	case 0:
		if (expires)
			return room_for_update(r, ctx, num, c, now) < 0
				       ? -1
				       : update_one(r, c, msg, ct, expires, ci);
		if (ul.delete_ucontact(r, c, &ctx->cmatch, 0) < 0)
			return fail(R_INTERNAL);
		return 0;
	default:
		if (expires == 0)
			return 0;
		if (room_for_new(r, ctx, num, 0, now) < 0)
			return -1;
		(*num)++;
		return add_one(r, msg, ct, expires, ci);
	}
}

static int update_contacts(struct sip_msg *msg, struct save_ctx *ctx, urecord_t *r, time_t now)
{
	unsigned int num = count_valid(r, now);
	ucontact_info_t ci;
	contact_t *ct = NULL;

	if (pack_ci(msg, ctx, &ci) < 0) {
		LM_ERR("failed to initial pack contact info\n");
		return -1;
	}
	while (contact_iterator(&ct, msg, ct) == 0 && ct)
		if (update_contact(msg, ctx, r, ct, &ci, &num, now) < 0)
			return -1;
	return 0;
}

static int add_contacts(struct sip_msg *msg, udomain_t *d, struct save_ctx *ctx, time_t now)
{
	urecord_t *r;
	int ret;

	ul.lock_udomain(d, &ctx->aor);
	if (ul.get_urecord(d, &ctx->aor, &r) == 0)
		ret = update_contacts(msg, ctx, r, now);
	else
		ret = insert_contacts(msg, d, ctx, &r, now);
	if (r) {
		if (build_contact(msg, ctx, r->contacts, now) < 0)
			ret = -1;
		ul.release_urecord(r, 0);
	}
	ul.unlock_udomain(d, &ctx->aor);
	return ret;
}

/* Without a contact nothing is changed, with "*" all are removed. */
static int list_or_clear(
	struct sip_msg *msg, udomain_t *d, struct save_ctx *ctx, int clear, time_t now)
{
	ucontact_t *c, *next;
	urecord_t *r;
	int ret = 0;

	ul.lock_udomain(d, &ctx->aor);
	if (ul.get_urecord(d, &ctx->aor, &r) == 0) {
		for (c = clear ? r->contacts : NULL; c; c = next) {
			next = c->next;
			ul.delete_ucontact(r, c, &ctx->cmatch, 0);
		}
		/* only-request-contacts: there are none */
		if (!(ctx->flags & REG_SAVE_REQ_CT_ONLY_FLAG))
			ret = build_contact(msg, ctx, r->contacts, now);
		ul.release_urecord(r, 0);
	}
	ul.unlock_udomain(d, &ctx->aor);
	return ret;
}

static int process(struct sip_msg *msg, udomain_t *d, struct save_ctx *ctx,
	const struct save_flags *sf, str *aor)
{
	time_t now = reg_clock(NULL);
	int star;

	if (parse_reg_headers(msg) < 0 || check_contacts(msg, &star) < 0)
		return -1;
	if (init_ctx(msg, ctx, sf) < 0)
		return -1;
	if (!aor || !aor->len)
		aor = &get_to(msg)->uri;
	if (extract_aor(aor, &ctx->aor) < 0) {
		LM_ERR("failed to extract Address Of Record\n");
		return -1;
	}
	if (!ctx->aor.len) {
		LM_ERR("the AoR URI is missing the 'username' part!\n");
		return fail(R_AOR_PARSE);
	}
	if (!msg->contact || star)
		return list_or_clear(msg, d, ctx, star, now);
	return add_contacts(msg, d, ctx, now);
}

/* 1; -2 the request was refused; -1 the reply could not be sent. */
int save(struct sip_msg *msg, void *d, void *flags, str *aor, str *owtag)
{
	const struct save_flags *sf = flags;
	struct save_ctx ctx = {.flags = sf ? sf->flags : 0};
	int ret;

	(void)owtag;
	rerrno = R_FINE;
	if (msg->first_line.type != SIP_REQUEST) {
		LM_ERR("saving from a reply is left out\n");
		return -1;
	}
	ret = process(msg, d, &ctx, sf, aor);
	if_update_stat(accepted_registrations && ret == 0, accepted_registrations, 1);
	if_update_stat(rejected_registrations && ret < 0, rejected_registrations, 1);
	ret = ret < 0 ? -2 : 1;
	if (!(ctx.flags & REG_SAVE_NOREPLY_FLAG) && send_reply(msg, &ctx) < 0)
		ret = -1;
	pkg_free(ctx.path.s);
	return ret;
}
