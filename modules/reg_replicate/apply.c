/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers' changes go straight into usrloc, not through save(): the phone was admitted
 * where it registered, and here only the stamps decide. The slot stays locked from
 * judging to recording, so nobody can change the binding in between.
 */
#include <string.h>
#include <time.h>

#include "apply.h"
#include "lock_times.h"
#include "capture.h"
#include "compat.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "../../dprint.h"
#include "../../flags.h"

static const usrloc_api_t *ul;

void apply_init(const usrloc_api_t *api)
{
	ul = api;
}

/* --- the socket ------------------------------------------------------------------ */

static const struct socket_info *listener(const str *name, int *proto)
{
	char *host;
	int hlen, port;
	str h;

	*proto = PROTO_NONE;
	if (parse_phostport(name->s, name->len, &host, &hlen, &port, proto) < 0)
		return NULL;
	h.s = host;
	h.len = hlen;
	set_sip_defaults(port, *proto);
	return grep_sock_info(&h, port, *proto);
}

/* Are these names of one socket? An IPv6 address can be written in many ways. */
static bool same_socket(const str *a, const str *b)
{
	int port[2], proto[2], hlen[2];
	char *host[2];
	struct ip_addr ip, *other;
	str h;

	if (str_strcasecmp(a, b) == 0)
		return true;
	if (parse_phostport(a->s, a->len, &host[0], &hlen[0], &port[0], &proto[0]) < 0 ||
		parse_phostport(b->s, b->len, &host[1], &hlen[1], &port[1], &proto[1]) < 0 ||
		port[0] != port[1] || proto[0] != proto[1] || *host[0] != '[' || *host[1] != '[')
		return false;
	h = (str){host[0], hlen[0]};
	other = str2ip6(&h);
	if (!other)
		return false;
	ip = *other;
	h = (str){host[1], hlen[1]};
	other = str2ip6(&h);
	return other && ip_addr_cmp(&ip, other);
}

/*
 * The own listener that stands for the socket a peer names: the very same one, or what
 * socket_map says, else the first one of the same transport, else the one on which
 * the peer's message came.
 */
static const struct socket_info *own_socket(const str *name, const struct socket_info *via)
{
	const struct socket_info *sock;
	int proto;

	if (name->len == 0)
		return NULL;
	for (int i = 0; i < repl_cfg.n_maps; i++)
		if (same_socket(&repl_cfg.maps[i].theirs, name))
			return repl_cfg.maps[i].sock;
	sock = listener(name, &proto);
	if (sock)
		return sock;
	if (proto > PROTO_NONE && proto < PROTO_LAST)
		sock = first_listener(proto);
	if (!sock)
		sock = via;
	count(STAT_SOCKET_FALLBACKS);
	WARN_SELDOM("socket %.*s of a replicated contact is no listener of this node and not in "
		    "socket_map: %.*s is used instead",
		name->len, name->s, sock->sock_str.len, sock->sock_str.s);
	return sock;
}

/* --- into usrloc ----------------------------------------------------------------- */

/* Names that this configuration does not use have no bit here and are left out. */
static unsigned int flag_bits(const str *names)
{
	str_const list = {names->s, names->len};

	return names->len ? flag_list_to_bitmask(&list, FLAG_TYPE_BRANCH, ',', 0) : 0;
}

static void fill(ucontact_info_t *ci, struct payload *p, uint32_t until,
	const struct socket_info *via, struct ct_match *match)
{
	time_t now = time(NULL);

	memset(ci, 0, sizeof(*ci));
	ci->c = &p->contact;
	ci->received = p->received;
	ci->path = p->path.len ? &p->path : NULL;
	ci->expires = until;
	ci->expires_in = ci->expires_out = until > now ? until - now : until != 0;
	ci->q = p->q;
	ci->instance = p->instance;
	ci->callid = &p->callid;
	ci->cseq = p->cseq;
	ci->cflags = flag_bits(&p->flags);
	ci->user_agent = &p->user_agent;
	ci->sock = socket_ref(own_socket(&p->sock, via));
	ci->methods = p->methods;
	ci->last_modified = now;
	ci->attr = p->attr.len ? &p->attr : NULL;
	match->mode = repl_cfg.match_callid ? CT_MATCH_CONTACT_CALLID : CT_MATCH_CONTACT_ONLY;
	ci->cmatch = match;
}

/*
 * Where usrloc's own cluster shares all contacts too (on the way from one to the other), what peers
 * send is not handed on to it: each of the two would give the other's changes back for ever.
 */
static char beside_cluster(void)
{
	return ul->cluster_mode == CM_FULL_SHARING;
}

static int write_contact(
	struct payload *p, uint32_t until, const struct socket_info *via, urecord_t **r)
{
	udomain_t *d = repl_cfg.domains[p->domain].domain;
	struct ct_match match = {0};
	ucontact_info_t ci;
	ucontact_t *c = NULL;

	fill(&ci, p, until, via, &match);
	if (!*r && insert_aor(ul, d, &p->aor, r) < 0)
		return -1;
	c = payload_find(ul, *r, &p->contact, &p->callid);
	if (c) {
		ci.flags = c->flags;
		return ul->update_ucontact(*r, c, &ci, &match, beside_cluster());
	}
	return ul->insert_ucontact(*r, &p->contact, &ci, &match, beside_cluster(), &c);
}

static int delete_contact(struct payload *p, urecord_t *r)
{
	struct ct_match match = {.mode = CT_MATCH_CONTACT_ONLY};
	ucontact_t *c = r ? payload_find(ul, r, &p->contact, &p->callid) : NULL;

	return c ? ul->delete_ucontact(r, c, &match, beside_cluster()) : 0;
}

/* usrloc reports what happens now to our own callback too: it is no change of ours. */
static int write_usrloc(
	struct payload *p, enum rr_kind kind, uint32_t until, const struct socket_info *via)
{
	enum capture_mode was = capture_enter(CAPTURE_NONE);
	udomain_t *d = repl_cfg.domains[p->domain].domain;
	urecord_t *r = NULL;
	int rc;

	if (ul->get_urecord(d, &p->aor, &r) != 0)
		r = NULL;
	rc = kind == RR_SET ? write_contact(p, until, via, &r) : delete_contact(p, r);
	if (r)
		ul->release_urecord(r, beside_cluster());
	capture_leave(was);
	return rc < 0 ? -1 : 0;
}

/* Is this newer than what is here? Engine locked only for as long as that takes. */
static enum rr_verdict judge(const struct rr_change *change, struct rr_now now)
{
	struct rr_engine *e = engine_lock();
	enum rr_verdict verdict = rr_judge(e, now, &change->key, change->stamp);
	bool known = rr_lookup(e, &change->key, NULL);

	engine_unlock();
	if (verdict == RR_NEWER && !known)
		engine_room(rr_entry_room(&change->key));
	return verdict;
}

/* Is the binding in usrloc? Its slot is locked. */
static bool is_there(struct payload *p)
{
	udomain_t *d = repl_cfg.domains[p->domain].domain;
	urecord_t *r = NULL;
	bool there;

	if (ul->get_urecord(d, &p->aor, &r) != 0 || !r)
		return false;
	there = payload_find(ul, r, &p->contact, &p->callid) != NULL;
	ul->release_urecord(r, 0);
	return there;
}

int apply_change(const struct payload *p, struct rr_stamp stamp, enum rr_kind kind, uint32_t until,
	unsigned int keep, const struct socket_info *via)
{
	struct payload *mine = (struct payload *)p; /* usrloc takes str *, and changes none */
	udomain_t *d = repl_cfg.domains[p->domain].domain;
	struct rr_now now = repl_now();
	struct rr_change change = {
		.key = {.domain = p->domain, .aor = rr_of(&p->aor), .contact = rr_of(&p->contact)},
		.stamp = stamp,
		.kind = kind,
		.expires = until,
		.keep = keep ? now.wall_ms / 1000 + keep : 0,
	};
	int rc;

	if (repl_cfg.match_callid)
		change.key.callid = rr_of(&p->callid);
	ul->lock_udomain(d, &mine->aor);
	SLOT_LOCKED();
	rc = judge(&change, now);
	capture_apply(&change);
	/* The same again (perhaps by repl_resync) brings back what somebody took out behind us. */
	if ((rc == RR_NEWER || (rc == RR_SAME && kind == RR_SET && !is_there(mine))) &&
		write_usrloc(mine, kind, until, via) < 0) {
		rc = RR_ENOMEM;
	} else {
		/* also what is not newer: it is counted, and keeps the clock ahead */
		rc = rr_apply(engine_lock(), now, &change);
		engine_unlock();
	}
	capture_apply(NULL);
	SLOT_UNLOCKED();
	ul->unlock_udomain(d, &mine->aor);
	return rc;
}
