/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making, changing and freeing a contact. See ucontact.h for how it is laid out.
 */
#include "ucontact.h"
#include "urecord.h"
#include "udomain.h"
#include "ul_callback.h"
#include "ul_db.h"
#include "kv_store.h"
#include "ul_mod.h"
#include "utime.h"
#include "../../dprint.h"
#include "../../parser/parse_uri.h"
#include "../../parser/parse_rr.h"

#define CT_STRINGS 7

/* Copies src[i] to *dst[i], all into one new block, which takes the place of c->strings. */
static int set_strings(ucontact_t *c, str *const dst[CT_STRINGS], const str src[CT_STRINGS])
{
	int size = 1;
	char *p, *block;

	for (int i = 0; i < CT_STRINGS; i++)
		size += src[i].len;
	block = p = shm_malloc(size);
	if (!block)
		return -1;
	for (int i = 0; i < CT_STRINGS; i++) {
		if (src[i].len)
			memcpy(p, src[i].s, src[i].len);
		*dst[i] = (str){src[i].len ? p : NULL, src[i].len};
		p += src[i].len;
	}
	shm_free(c->strings);
	c->strings = block;
	return 0;
}

static str or_empty(const str *s)
{
	return s && s->len > 0 ? *s : STR_NULL;
}

/* The contact's texts become what ci says; what ci cannot take away stays. */
static int copy_strings(ucontact_t *c, const str *contact, ucontact_info_t *ci)
{
	str *const dst[CT_STRINGS] = {
		&c->c, &c->received, &c->path, &c->instance, &c->callid, &c->user_agent, &c->attr};
	const str src[CT_STRINGS] = {*contact, or_empty(&ci->received), or_empty(ci->path),
		c->strings ? c->instance : or_empty(&ci->instance), or_empty(ci->callid),
		or_empty(ci->user_agent), or_empty(ci->attr)};

	return set_strings(c, dst, src);
}

static void copy_values(ucontact_t *c, ucontact_info_t *ci)
{
	c->expires = ci->expires;
	c->expires_in = ci->expires_in;
	c->expires_out = ci->expires_out;
	c->q = ci->q;
	c->cseq = ci->cseq;
	c->flags = ci->flags;
	c->cflags = ci->cflags;
	c->sock = ci->sock;
	c->methods = ci->methods;
	c->last_modified = ci->last_modified ? ci->last_modified : ul_clock(NULL);
}

/* Requests to this contact go to path, received or the contact itself: it must be a URI. */
static int check_next_hop(const str *contact, ucontact_info_t *ci)
{
	struct sip_uri uri;
	str hop = *contact;

	if (parse_uri(hop.s, hop.len, &uri) < 0) {
		LM_ERR("contact [%.*s] is not valid! Will not store it!\n", hop.len, hop.s);
		return -1;
	}
	if (!ZSTRP(ci->path)) {
		if (get_path_dst_uri(ci->path, &hop) < 0) {
			LM_ERR("failed to get dst_uri for Path '%.*s'\n", ci->path->len,
				ci->path->s);
			return -1;
		}
	} else if (!ZSTR(ci->received)) {
		hop = ci->received;
	}
	if (hop.s != contact->s && parse_uri(hop.s, hop.len, &uri) < 0) {
		LM_ERR("failed to parse URI of next hop: '%.*s'\n", hop.len, hop.s);
		return -1;
	}
	return 0;
}

ucontact_t *new_ucontact(str *dom, str *aor, str *contact, ucontact_info_t *ci)
{
	ucontact_t *c;

	if (check_next_hop(contact, ci) < 0)
		return NULL;
	c = shm_malloc(sizeof(*c));
	if (!c)
		goto no_mem;
	memset(c, 0, sizeof(*c));
	c->domain = dom;
	c->aor = aor;
	c->contact_id = ci->contact_id;
	c->state = CS_NEW;
	if (copy_strings(c, contact, ci) < 0)
		goto no_mem;
	copy_values(c, ci);
	return c;
no_mem:
	LM_ERR("no more shm memory\n");
	free_ucontact(c);
	return NULL;
}

void free_ucontact(ucontact_t *c)
{
	if (!c)
		return;
	store_destroy(c->kv_storage);
	shm_free(c->strings);
	shm_free(c);
}

int mem_update_ucontact(ucontact_t *c, ucontact_info_t *ci)
{
	const str *contact = ZSTRP(ci->c) ? &c->c : ci->c;

	if (check_next_hop(contact, ci) < 0)
		return -1;
	if (copy_strings(c, contact, ci) < 0) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	copy_values(c, ci);
	return 0;
}

/* With desc_time_order the list is by time: what was refreshed comes first. */
static void move_to_front(urecord_t *r, ucontact_t *c)
{
	if (r->contacts == c)
		return;
	mem_remove_ucontact(r, c);
	c->prev = NULL;
	c->next = r->contacts;
	r->contacts->prev = c;
	r->contacts = c;
}

/*
 * What OpenSIPS does when q has changed: a contact that is no more in order between its neighbours
 * goes before the first one whose q is not lower, or to the end. So it may well end in the wrong
 * place.
 */
static void move_by_q(urecord_t *r, ucontact_t *c)
{
	ucontact_t *next = r->contacts, *last = NULL;

	if ((!c->prev || c->prev->q >= c->q) && (!c->next || c->next->q <= c->q))
		return;
	mem_remove_ucontact(r, c);
	for (next = r->contacts; next && next->q < c->q; next = next->next)
		last = next;
	mem_link_ucontact(r, c, last, next);
}

int update_ucontact(struct urecord *r, ucontact_t *c, ucontact_info_t *ci,
	const struct ct_match *match, char skip_replication)
{
	(void)match;
	(void)skip_replication;
	if (mem_update_ucontact(c, ci) < 0) {
		LM_ERR("failed to update memory\n");
		return -1;
	}
	if (desc_time_order)
		move_to_front(r, c);
	else
		move_by_q(r, c);
	run_ul_callbacks(UL_CONTACT_UPDATE, c, NULL);
	ul_row_changed(c);
	return 0;
}

int_str_t *get_ucontact_key(ucontact_t *c, const str *key)
{
	return c->kv_storage ? kv_get(c->kv_storage, key) : NULL;
}

int_str_t *put_ucontact_key(ucontact_t *c, const str *key, const int_str_t *val)
{
	if (!c->kv_storage)
		c->kv_storage = map_create(AVLMAP_SHARED);
	return c->kv_storage ? kv_put(c->kv_storage, key, val) : NULL;
}
