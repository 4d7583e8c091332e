/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owes an answer to a ping. An entry is made by the first ping to a contact and goes with the
 * answer to any. One that is `threshold` seconds old without answer counts as lost; after
 * `max_lost` of them in a row the contact is taken out of usrloc, which tells all who listen.
 *
 * The table's lock is never held while usrloc's are taken: what is to be removed is first taken out
 * of the table. There is at most one entry for a contact that is pinged, so what bounds usrloc
 * bounds this too.
 */
#include "nathelper.h"

#include "../../locking.h"

#define BUCKETS 1024

struct entry {
	ucontact_id id;
	udomain_t *d;
	time_t since;      /* of the first ping that was not answered, as usrloc counts time */
	unsigned int sent; /* ticks of the last ping */
	int open;          /* that one may still be answered in time */
	int lost;
	struct entry *next;
	str aor; /* behind the structure */
};

static struct {
	gen_lock_t lock;
	struct entry *bucket[BUCKETS];
} * table;

/* Contact ids count up in their lowest bits, and hold a hash in their highest. */
static struct entry **bucket_of(ucontact_id id)
{
	return &table->bucket[(id ^ id >> 14 ^ id >> 46) % BUCKETS];
}

static struct entry **find(ucontact_id id)
{
	struct entry **e = bucket_of(id);

	while (*e && (*e)->id != id)
		e = &(*e)->next;
	return e;
}

static struct entry *new_entry(udomain_t *d, const str *aor, ucontact_id id)
{
	struct entry *e = shm_malloc(sizeof(*e) + aor->len);

	if (!e) {
		LM_ERR("no more shm memory: %.*s is not watched\n", aor->len, aor->s);
		return NULL;
	}
	*e = (struct entry){.id = id, .d = d, .since = time(NULL)};
	e->aor = (str){(char *)(e + 1), aor->len};
	memcpy(e->aor.s, aor->s, aor->len);
	return e;
}

int track_sent(udomain_t *d, const str *aor, ucontact_id id, unsigned int now)
{
	struct entry **place, *e;

	lock_get(&table->lock);
	place = find(id);
	e = *place;
	if (!e)
		e = *place = new_entry(d, aor, id);
	if (e && !e->open) {
		e->sent = now;
		e->open = 1;
	}
	lock_release(&table->lock);
	return e ? 0 : -1;
}

void track_answered(ucontact_id id)
{
	struct entry **e, *old;

	lock_get(&table->lock);
	e = find(id);
	old = *e;
	if (old)
		*e = old->next;
	lock_release(&table->lock);
	shm_free(old);
}

/* --- what is overdue --------------------------------------------------------------------- */

/*
 * The contact is gone, unless the phone has registered again since its first lost ping: then it
 * is alive, and its NAT has another mapping now.
 */
static void remove_contact(const struct entry *e)
{
	str aor = e->aor;
	urecord_t *r;
	ucontact_t *c;

	ul.lock_udomain(e->d, &aor);
	if (ul.get_urecord(e->d, &aor, &r) == 0) {
		for (c = r->contacts; c && c->contact_id != e->id; c = c->next)
			;
		if (c && c->last_modified <= e->since) {
			LM_INFO("contact <%.*s> of <%.*s> has missed %d pings, removing it\n",
				c->c.len, c->c.s, aor.len, aor.s, e->lost);
			ul.delete_ucontact(r, c, NULL, 0);
		}
		ul.release_urecord(r, 0);
	}
	ul.unlock_udomain(e->d, &aor);
}

/*
 * Counts one lost ping where it is due. 1: it was the last, or the contact has not been pinged
 * for long (it has expired, or lost its flag), so that the entry has to go.
 */
static int is_over(struct entry *e, unsigned int now)
{
	if (e->open && now - e->sent >= (unsigned int)ping.threshold) {
		e->open = 0;
		e->lost++;
	}
	return e->lost >= ping.max_lost ||
	       now - e->sent > (unsigned int)(ping.threshold + 2 * ping.interval);
}

void track_check(unsigned int now)
{
	struct entry *gone = NULL, **e, *next;

	lock_get(&table->lock);
	for (int i = 0; i < BUCKETS; i++)
		for (e = &table->bucket[i]; *e;) {
			if (!is_over(*e, now)) {
				e = &(*e)->next;
				continue;
			}
			next = (*e)->next;
			(*e)->next = gone;
			gone = *e;
			*e = next;
		}
	lock_release(&table->lock);
	for (; gone; gone = next) {
		next = gone->next;
		if (gone->lost >= ping.max_lost && ping_is_enabled())
			remove_contact(gone);
		shm_free(gone);
	}
}

void track_forget_all(void)
{
	struct entry *e, *next;

	lock_get(&table->lock);
	for (int i = 0; i < BUCKETS; i++) {
		for (e = table->bucket[i]; e; e = next) {
			next = e->next;
			shm_free(e);
		}
		table->bucket[i] = NULL;
	}
	lock_release(&table->lock);
}

/* --- start and end ----------------------------------------------------------------------- */

int track_init(void)
{
	table = shm_malloc(sizeof(*table));
	if (!table) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	memset(table, 0, sizeof(*table));
	return lock_init(&table->lock) ? 0 : -1;
}

void track_destroy(void)
{
	if (!table)
		return;
	lock_init(&table->lock); /* whoever held it is gone */
	track_forget_all();
	lock_destroy(&table->lock);
	shm_free(table);
	table = NULL;
}
