/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup(): from an AoR, or a GRUU, to where its contacts are; is_registered().
 */
#include "registrar.h"

#include "../../dset.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_rr.h"
#include "../../parser/parse_to.h"

/* Where a request for the contact has to be sent first; empty: to the contact itself. */
static int next_hop(ucontact_t *c, str *hop)
{
	str path = c->path;

	*hop = c->received;
	return c->path.len ? get_path_dst_uri(&path, hop) : 0;
}

static int set_first(struct sip_msg *msg, ucontact_t *c)
{
	str hop;

	if (next_hop(c, &hop) < 0 || set_ruri(msg, &c->c) < 0)
		return -1;
	if (hop.len) {
		if (set_dst_uri(msg, &hop) < 0)
			return -1;
	} else {
		reset_dst_uri(msg);
	}
	if (c->path.len) {
		if (set_path_vector(msg, &c->path) < 0)
			return -1;
	} else {
		clear_path_vector(msg);
	}
	set_ruri_q(msg, c->q);
	setb0flags(msg, c->cflags);
	if (c->sock)
		msg->force_send_socket = c->sock;
	return 0;
}

static int add_branch(ucontact_t *c)
{
	struct msg_branch branch = {
		.uri = c->c,
		.path = c->path,
		.q = c->q,
		.force_send_socket = c->sock,
		.bflags = c->cflags,
	};

	if (next_hop(c, &branch.dst_uri) < 0 || append_msg_branch(&branch) < 0) {
		LM_ERR("failed to append a branch\n");
		return -1;
	}
	return 0;
}

/*
 * Under the slot lock. The contacts come in their order, the best first; of a phone that a
 * GRUU names just the first.
 */
static int push_contacts(
	struct sip_msg *msg, urecord_t *r, unsigned int flags, const struct gruu *gruu)
{
	int one = (flags & REG_LOOKUP_NOBRANCH_FLAG) || gruu->instance.len;
	time_t now = reg_clock(NULL);
	int found = 0, unfit = 0;

	for (ucontact_t *c = r->contacts; c; c = c->next) {
		if (!VALID_CONTACT(c, now) || !gruu_fits(gruu, c))
			continue;
		if ((flags & REG_LOOKUP_METHODFILTER_FLAG) && !(c->methods & msg->REQ_METHOD)) {
			unfit = 1;
			continue;
		}
		if (!found && set_first(msg, c) < 0)
			return -3;
		if (found && add_branch(c) < 0)
			break;
		found = 1;
		if (one)
			break;
	}
	return found ? 1 : unfit ? -2 : -1;
}

/* 1 found; -1 none; -2 none that takes this method; -3 an error. */
int lookup(struct sip_msg *msg, void *d, void *flags, str *aor)
{
	str *uri = aor && aor->len ? aor : GET_RURI(msg), user;
	struct gruu gruu;
	urecord_t *r;
	int ret = -1;

	if (parse_gruu(uri, &gruu) < 0)
		return -3;
	if (gruu.block) {
		user = gruu.aor;
	} else if (extract_aor(uri, &user) < 0) {
		LM_ERR("failed to extract address of record\n");
		return -3;
	}
	ul.lock_udomain(d, &user);
	if (ul.get_urecord(d, &user, &r) == 0) {
		ret = push_contacts(msg, r, (unsigned int)(unsigned long)flags, &gruu);
		ul.release_urecord(r, 0);
	}
	ul.unlock_udomain(d, &user);
	free_gruu(&gruu);
	return ret;
}

/* To of a REGISTER, From of anything else. NULL when it is malformed. */
static str *default_aor(struct sip_msg *msg)
{
	if (msg->first_line.type == SIP_REQUEST && msg->REQ_METHOD == METHOD_REGISTER)
		return parse_to_header(msg) < 0 ? NULL : &get_to(msg)->uri;
	return parse_from_header(msg) < 0 ? NULL : &get_from(msg)->uri;
}

/* 1, or -1. */
int is_registered(struct sip_msg *msg, void *d, str *aor)
{
	time_t now = reg_clock(NULL);
	str *uri = aor && aor->len ? aor : default_aor(msg), user;
	urecord_t *r;
	int ret = -1;

	if (!uri || extract_aor(uri, &user) < 0) {
		LM_ERR("failed to extract address of record\n");
		return -1;
	}
	ul.lock_udomain(d, &user);
	if (ul.get_urecord(d, &user, &r) == 0) {
		for (ucontact_t *c = r->contacts; c && ret < 0; c = c->next)
			if (VALID_CONTACT(c, now))
				ret = 1;
		ul.release_urecord(r, 0);
	}
	ul.unlock_udomain(d, &user);
	return ret;
}
