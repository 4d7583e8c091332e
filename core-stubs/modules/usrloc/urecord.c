/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contacts of an AoR: their order, matching, insertion, removal and expiry.
 */
#include "urecord.h"

#include <stdlib.h>

#include "udomain.h"
#include "dlist.h"
#include "ul_callback.h"
#include "ul_flush.h"
#include "kv_store.h"
#include "ul_mod.h"
#include "utime.h"
#include "../../dprint.h"
#include "../../hash_func.h"
#include "../../parser/parse_uri.h"

int new_urecord(str *dom, str *aor, urecord_t **r)
{
	urecord_t *rec = shm_malloc(sizeof(*rec) + aor->len);

	*r = NULL;
	if (!rec) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	memset(rec, 0, sizeof(*rec));
	rec->domain = dom;
	rec->aor.s = (char *)(rec + 1);
	str_cpy(&rec->aor, aor);
	rec->aorhash = core_hash(aor, NULL, 0);
	*r = rec;
	return 0;
}

void free_urecord(urecord_t *r)
{
	ucontact_t *c;

	while ((c = r->contacts)) {
		r->contacts = c->next;
		free_ucontact(c);
	}
	store_destroy(r->kv_storage);
	shm_free(r);
}

/* --- the list ---------------------------------------------------------------------------- */

/*
 * Best q first, the earlier one first among equals; or, with desc_time_order, the latest.
 * update_ucontact() tells what becomes of it when q changes.
 */
static void link_ucontact(urecord_t *r, ucontact_t *c)
{
	ucontact_t *prev = NULL, *next = r->contacts;

	if (!desc_time_order)
		for (; next && next->q >= c->q; next = next->next)
			prev = next;
	mem_link_ucontact(r, c, prev, next);
}

void mem_link_ucontact(urecord_t *r, ucontact_t *c, ucontact_t *prev, ucontact_t *next)
{
	c->prev = prev;
	c->next = next;
	if (next)
		next->prev = c;
	if (prev)
		prev->next = c;
	else
		r->contacts = c;
}

ucontact_t *mem_insert_ucontact(urecord_t *r, str *contact, ucontact_info_t *ci)
{
	ucontact_t *c = new_ucontact(r->domain, &r->aor, contact, ci);

	if (!c) {
		LM_ERR("failed to create new contact\n");
		return NULL;
	}
	c->label = c->contact_id & CLABEL_MASK;
	link_ucontact(r, c);
	if_update_stat(r->slot && r->slot->d->contacts, r->slot->d->contacts, 1);
	return c;
}

void mem_remove_ucontact(urecord_t *r, ucontact_t *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		r->contacts = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->prev = c->next = NULL;
}

void mem_delete_ucontact(urecord_t *r, ucontact_t *c)
{
	mem_remove_ucontact(r, c);
	if_update_stat(r->slot && r->slot->d->contacts, r->slot->d->contacts, -1);
	free_ucontact(c);
}

/* The end of a contact that was forced to expire has been told already. */
static void expire_ucontact(urecord_t *r, ucontact_t *c, struct ul_batch *batch)
{
	if (!FORCE_EXPIRED_CONTACT(c)) {
		run_ul_callbacks(UL_CONTACT_EXPIRE, c, NULL);
		LM_DBG("binding '%.*s','%.*s' has expired\n", r->aor.len, r->aor.s, c->c.len,
			c->c.s);
		if_update_stat(r->slot && r->slot->d->expires, r->slot->d->expires, 1);
	}
	if (!ul_batch_end(batch, c))
		mem_delete_ucontact(r, c);
}

void timer_urecord(urecord_t *r, struct ul_batch *batch)
{
	ucontact_t *c, *next;

	for (c = r->contacts; c; c = next) {
		next = c->next;
		if (VALID_CONTACT(c, act_time))
			ul_batch_write(batch, c);
		else
			expire_ucontact(r, c, batch);
	}
}

/* --- interface --------------------------------------------------------------------------- */

void release_urecord(urecord_t *r, char skip_replication)
{
	(void)skip_replication;
	if (r->no_clear_ref > 0 || r->is_static || r->contacts)
		return;
	run_ul_callbacks(UL_AOR_DELETE, r, NULL);
	mem_delete_urecord(r->slot->d, r);
}

uint64_t next_contact_id(urecord_t *r)
{
	uint64_t id = pack_indexes((unsigned short)r->aorhash, r->label, r->next_clabel);

	r->next_clabel = CLABEL_NEXT(r->next_clabel);
	return id;
}

int insert_ucontact(urecord_t *r, str *contact, ucontact_info_t *ci, const struct ct_match *match,
	char skip_replication, ucontact_t **c)
{
	(void)match;
	(void)skip_replication;
	if (!ci->contact_id)
		ci->contact_id = next_contact_id(r);
	*c = mem_insert_ucontact(r, contact, ci);
	if (!*c) {
		LM_ERR("failed to insert contact\n");
		return -1;
	}
	if (ci->pre_replicate_cb && ci->pre_replicate_cb(*c, ci->pre_replicate_info) != 0)
		LM_ERR("the callback before replication failed\n");
	run_ul_callbacks(UL_CONTACT_INSERT, *c, NULL);
	ul_row_changed(*c);
	return 0;
}

int delete_ucontact(
	urecord_t *r, ucontact_t *c, const struct ct_match *match, char skip_replication)
{
	(void)match;
	(void)skip_replication;
	/* forced to expire: its DELETE has been told when that was done; it may wait for its row */
	if (!FORCE_EXPIRED_CONTACT(c))
		run_ul_callbacks(UL_CONTACT_DELETE, c, NULL);
	else if (ul_has_row(c))
		return 0;
	if (!ul_row_ended(c))
		mem_delete_ucontact(r, c);
	return 0;
}

int_str_t *get_urecord_key(urecord_t *r, const str *key)
{
	return r->kv_storage ? kv_get(r->kv_storage, key) : NULL;
}

int_str_t *put_urecord_key(urecord_t *r, const str *key, const int_str_t *val)
{
	if (!r->kv_storage)
		r->kv_storage = map_create(AVLMAP_SHARED);
	return r->kv_storage ? kv_put(r->kv_storage, key, val) : NULL;
}

/* --- matching ---------------------------------------------------------------------------- */

static int same_uri(ucontact_t *c, str *uri, struct sip_uri *parsed)
{
	return compare_uris(&c->c, NULL, uri, parsed) == 0;
}

/* Different only where both have the parameter and its values differ. */
static int same_params(ucontact_t *c, struct sip_uri *parsed, const str_list *names)
{
	struct sip_uri have;
	str a, b;

	if (parse_uri(c->c.s, c->c.len, &have) < 0)
		return 0;
	for (; names; names = names->next)
		if (get_uri_param_val(&have, &names->s, &a) == 0 &&
			get_uri_param_val(parsed, &names->s, &b) == 0 && !str_match(&a, &b))
			return 0;
	return 1;
}

static ucontact_t *find_ucontact(
	urecord_t *r, str *uri, const str *callid, int mode, const str_list *params)
{
	struct sip_uri parsed;
	ucontact_t *c;

	if (parse_uri(uri->s, uri->len, &parsed) < 0) {
		LM_ERR("Failed to parse searched URI\n");
		return NULL;
	}
	for (c = r->contacts; c; c = c->next) {
		if (FORCE_EXPIRED_CONTACT(c))
			continue;
		if (mode == CT_MATCH_PARAMS) {
			if (same_params(c, &parsed, params))
				break;
		} else if (mode != CT_MATCH_CONTACT_CALLID || str_match(&c->callid, callid)) {
			if (same_uri(c, uri, &parsed))
				break;
		}
	}
	return c;
}

int get_ucontact(urecord_t *r, str *contact, str *callid, int cseq, const struct ct_match *match,
	ucontact_t **c)
{
	int mode = match && match->mode != CT_MATCH_NONE ? (int)match->mode : matching_mode;

	*c = find_ucontact(r, contact, callid, mode, match ? match->match_params : NULL);
	if (!*c)
		return 1;
	if (!str_match(&(*c)->callid, callid) || cseq > (*c)->cseq)
		return 0;
	/* the same registration, and nothing new: RFC 3261, 10.3 step 7 */
	get_act_time();
	if (cseq == (*c)->cseq && (*c)->last_modified + cseq_delay > act_time)
		return -2;
	return -1;
}
