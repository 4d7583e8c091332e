/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots and the locks that they share.
 */
#include "hslot.h"

#include <stdlib.h>

#include "udomain.h"
#include "../../dprint.h"

static gen_lock_set_t *ul_locks;
/* The one that this process holds: see hslot.h. */
static gen_lock_t *held;

int ul_init_locks(void)
{
	ul_locks = lock_set_alloc(UL_LOCKS_NO);
	if (!ul_locks) {
		LM_ERR("failed to allocate %d locks\n", UL_LOCKS_NO);
		return -1;
	}
	lock_set_init(ul_locks);
	return 0;
}

void ul_destroy_locks(void)
{
	if (!ul_locks)
		return;
	lock_set_destroy(ul_locks);
	lock_set_dealloc(ul_locks);
	ul_locks = NULL;
}

void ul_reset_locks(void)
{
	held = NULL;
	lock_set_init(ul_locks);
}

void lock_ulslot(udomain_t *d, int slot)
{
	gen_lock_t *lock = d->table[slot].lock;

	if (lock == held) {
		LM_CRIT("this process holds the lock of slot %d of '%.*s' already: deadlock\n",
			slot, d->name->len, d->name->s);
		abort();
	}
	lock_get(lock);
	held = lock;
}

void unlock_ulslot(udomain_t *d, int slot)
{
	gen_lock_t *lock = d->table[slot].lock;

	if (held == lock)
		held = NULL;
	lock_release(lock);
}

int init_slot(struct udomain *d, hslot_t *s, int n)
{
	s->records = map_create(AVLMAP_SHARED | AVLMAP_NO_DUPLICATE);
	if (!s->records)
		return -1;
	s->next_label = rand();
	s->d = d;
	s->lock = &ul_locks->locks[n % UL_LOCKS_NO];
	return 0;
}

static void free_record(void *r)
{
	free_urecord(r);
}

void deinit_slot(hslot_t *s)
{
	if (s->records)
		map_destroy(s->records, free_record);
	s->records = NULL;
}

int slot_add(hslot_t *s, struct urecord *r)
{
	void **place = map_get(s->records, r->aor);

	if (!place)
		return -1;
	*place = r;
	r->slot = s;
	return 0;
}

void slot_rem(hslot_t *s, struct urecord *r)
{
	/* the map's key is within the record */
	map_remove(s->records, r->aor);
	free_urecord(r);
}
