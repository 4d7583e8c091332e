/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain: its records by AoR, their locks, the timer's way through a slot.
 */
#include "udomain.h"

#include <stdlib.h>

#include "dlist.h"
#include "ul_callback.h"
#include "ul_mod.h"
#include "utime.h"
#include "../../dprint.h"
#include "../../hash_func.h"

static int slot_of(const udomain_t *d, const str *aor)
{
	return core_hash(aor, NULL, d->size);
}

/* "location-users"; the name stays with the statistic. */
static int domain_stat(const str *domain, const char *what, unsigned short flags, stat_var **var)
{
	int size = domain->len + 1 + strlen(what) + 1;
	char *name = shm_malloc(size);

	if (!name)
		return -1;
	snprintf(name, size, "%.*s-%s", domain->len, domain->s, what);
	return register_stat("usrloc", name, var, flags | STAT_SHM_NAME);
}

static int domain_stats(udomain_t *d)
{
	if (!stats_are_ready())
		return 0;
	if (domain_stat(d->name, "users", STAT_NO_RESET, &d->users) < 0 ||
		domain_stat(d->name, "contacts", STAT_NO_RESET, &d->contacts) < 0 ||
		domain_stat(d->name, "expires", 0, &d->expires) < 0) {
		LM_ERR("failed to add statistics of '%.*s'\n", d->name->len, d->name->s);
		return -1;
	}
	return 0;
}

int new_udomain(str *name, int size, udomain_t **d)
{
	udomain_t *dom = shm_malloc(sizeof(*dom));

	*d = NULL;
	if (!dom)
		goto no_mem;
	memset(dom, 0, sizeof(*dom));
	dom->name = name;
	dom->table = shm_malloc(size * sizeof(*dom->table));
	if (!dom->table)
		goto no_mem;
	for (; dom->size < size; dom->size++)
		if (init_slot(dom, &dom->table[dom->size], dom->size) < 0)
			goto no_mem;
	if (domain_stats(dom) < 0)
		goto failed;
	*d = dom;
	return 0;
no_mem:
	LM_ERR("no more shm memory for domain '%.*s'\n", name->len, name->s);
failed:
	free_udomain(dom);
	return -1;
}

void free_udomain(udomain_t *d)
{
	if (!d)
		return;
	for (int i = 0; i < d->size; i++)
		deinit_slot(&d->table[i]);
	shm_free(d->table);
	shm_free(d);
}

void lock_udomain(udomain_t *d, str *aor)
{
	lock_ulslot(d, slot_of(d, aor));
}

void unlock_udomain(udomain_t *d, str *aor)
{
	unlock_ulslot(d, slot_of(d, aor));
}

int mem_insert_urecord(udomain_t *d, str *aor, struct urecord **r)
{
	hslot_t *slot = &d->table[slot_of(d, aor)];

	if (new_urecord(d->name, aor, r) < 0)
		return -1;
	if (slot_add(slot, *r) < 0) {
		LM_ERR("no more shm memory\n");
		free_urecord(*r);
		*r = NULL;
		return -1;
	}
	if_update_stat(d->users, d->users, 1);
	return 0;
}

void mem_delete_urecord(udomain_t *d, struct urecord *r)
{
	if_update_stat(d->users, d->users, -1);
	slot_rem(r->slot, r);
}

int insert_urecord(udomain_t *d, str *aor, struct urecord **r, char skip_replication,
	ur_insert_pre_repl_cb_f pre_replicate_cb, void *pre_replicate_info)
{
	if (mem_insert_urecord(d, aor, r) < 0) {
		LM_ERR("inserting record failed\n");
		return -1;
	}
	/* as in OpenSIPS, where a record that comes from another node brings its own: without
	 * them its contacts' ids, by which rows are found, may be those of others */
	if (!skip_replication) {
		(*r)->label = (*r)->slot->next_label++;
		(*r)->next_clabel = rand() & CLABEL_MASK;
	}
	if (pre_replicate_cb && pre_replicate_cb(*r, pre_replicate_info) != 0)
		LM_ERR("the callback before replication failed\n");
	run_ul_callbacks(UL_AOR_INSERT, *r, NULL);
	return 0;
}

int get_urecord(udomain_t *d, str *aor, struct urecord **r)
{
	void **place = map_find(d->table[slot_of(d, aor)].records, *aor);

	*r = place ? *place : NULL;
	return *r ? 0 : 1;
}

int delete_urecord(udomain_t *d, str *aor, struct urecord *r, char skip_replication)
{
	ucontact_t *c, *next;

	if (!r && get_urecord(d, aor, &r) != 0)
		return 0;
	for (c = r->contacts; c; c = next) {
		next = c->next; /* a contact that waits for the end of its row stays */
		delete_ucontact(r, c, NULL, skip_replication);
	}
	release_urecord(r, skip_replication);
	return 0;
}

static int is_droppable(const urecord_t *r)
{
	return !r->contacts && r->no_clear_ref <= 0 && !r->is_static;
}

void timer_slot(udomain_t *d, int slot, struct ul_batch *batch)
{
	map_iterator_t it, at;
	urecord_t *r;

	get_act_time();
	map_first(d->table[slot].records, &it);
	while (iterator_is_valid(&it)) {
		at = it;
		iterator_next(&it);
		r = *iterator_val(&at);
		timer_urecord(r, batch);
		if (!is_droppable(r))
			continue;
		run_ul_callbacks(UL_AOR_EXPIRE, r, NULL);
		if_update_stat(d->users, d->users, -1);
		iterator_delete(&at);
		free_urecord(r);
	}
}
