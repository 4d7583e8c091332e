/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ul_flush.h. */
#include "ul_flush.h"

#include "dlist.h"
#include "ul_callback.h"
#include "ul_mod.h"
#include "utime.h"
#include "../../locking.h"

/* A row to be written when the lock is free: copies of all its texts, in one block. */
struct ul_copy {
	enum ul_row_op op;
	ucontact_id id;
	str aor;
	db_val_t val[UL_COLUMN_NO];
	struct ul_copy *next;
};

static gen_lock_t *flush_lock;

int ul_flush_init(void)
{
	flush_lock = lock_alloc();
	if (!flush_lock) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	lock_init(flush_lock);
	return 0;
}

void ul_flush_destroy(void)
{
	if (flush_lock)
		lock_dealloc(flush_lock);
	flush_lock = NULL;
}

/* --- collecting, with the slot lock -------------------------------------------------------- */

static void keep_text(str *s, char **p)
{
	if (s->len)
		memcpy(*p, s->s, s->len);
	s->s = *p;
	*p += s->len;
}

static int is_text(const db_val_t *v)
{
	return v->type == DB_STR && !v->nul;
}

static struct ul_copy *new_copy(const ucontact_t *c, enum ul_row_op op, const db_val_t *val, int n)
{
	int size = c->aor->len;
	struct ul_copy *copy;
	char *p;

	for (int i = 0; i < n; i++)
		size += is_text(&val[i]) ? val[i].val.str_val.len : 0;
	copy = pkg_malloc(sizeof(*copy) + size);
	if (!copy)
		return NULL;
	memset(copy, 0, sizeof(*copy));
	memcpy(copy->val, val, n * sizeof(*val));
	copy->op = op;
	copy->id = c->contact_id;
	copy->aor = *c->aor;
	p = (char *)(copy + 1);
	keep_text(&copy->aor, &p);
	for (int i = 0; i < n; i++)
		if (is_text(&val[i]))
			keep_text(&copy->val[i].val.str_val, &p);
	return copy;
}

static int append(
	struct ul_batch *b, const ucontact_t *c, enum ul_row_op op, const db_val_t *val, int n)
{
	struct ul_copy *copy = new_copy(c, op, val, n);

	if (!copy)
		return -1;
	*b->end = copy;
	b->end = &copy->next;
	return 0;
}

/* As in OpenSIPS, nobody remembers it. */
static void row_stays(const str *domain, ucontact_id id)
{
	LM_ERR("failed to delete contacts from database: row %llu of '%.*s' stays\n",
		(unsigned long long)id, domain->len, domain->s);
}

int ul_batch_end(struct ul_batch *b, ucontact_t *c)
{
	db_val_t id = {.type = DB_BIGINT, .val.bigint_val = (long long)c->contact_id};

	if (!b || !ul_has_row(c))
		return 0;
	if (sql_wmode == SQL_WRITE_THROUGH) {
		if (b->broken || ul_write_row(c->domain, UL_ROW_DELETE, &id) < 0) {
			row_stays(c->domain, c->contact_id);
			b->broken = !ul_db_answers(c->domain);
		}
		return 0;
	}
	if (append(b, c, UL_ROW_DELETE, &id, 1) == 0)
		return 0;
	c->expires = UL_EXPIRED_TIME;
	b->pending++;
	return 1;
}

void ul_batch_write(struct ul_batch *b, ucontact_t *c)
{
	enum ul_row_op op = c->state == CS_NEW ? UL_ROW_INSERT : UL_ROW_UPDATE;
	struct ul_row row;
	int rc = -1;

	if (!b || c->state == CS_SYNC)
		return;
	if (!b->broken && ul_row_of(&row, c) == 0) {
		if (sql_wmode == SQL_WRITE_BACK) {
			rc = append(b, c, op, row.val, UL_COLUMN_NO);
		} else {
			rc = ul_write_row(c->domain, op, row.val);
			b->broken = rc < 0 && !ul_db_answers(c->domain);
		}
		ul_row_done(&row);
	}
	if (rc == 0)
		c->state = CS_SYNC; /* in write-back: on its way to be that */
	else
		b->pending++;
}

/* --- writing, without it ------------------------------------------------------------------- */

static ucontact_t *find_contact(udomain_t *d, struct ul_copy *copy, urecord_t **r)
{
	ucontact_t *c = get_urecord(d, &copy->aor, r) == 0 ? (*r)->contacts : NULL;

	while (c && c->contact_id != copy->id)
		c = c->next;
	return c;
}

/* Not written: what has changed meanwhile does not matter, it has to be written all the same. */
static void put_back(udomain_t *d, struct ul_copy *copy)
{
	urecord_t *r;
	ucontact_t *c;

	lock_udomain(d, &copy->aor);
	c = find_contact(d, copy, &r);
	if (c)
		c->state = copy->op == UL_ROW_INSERT ? CS_NEW : CS_DIRTY;
	unlock_udomain(d, &copy->aor);
}

/* Writes what was collected of a slot. After the first sign of a database that is away no more. */
static void write_batch(udomain_t *d, struct ul_batch *b)
{
	struct ul_copy *copy;
	int rc;

	while ((copy = b->first)) {
		b->first = copy->next;
		rc = b->broken ? -1 : ul_write_row(d->name, copy->op, copy->val);
		if (rc < 0) {
			if (!b->broken)
				b->broken = !ul_db_answers(d->name);
			if (copy->op == UL_ROW_DELETE) {
				row_stays(d->name, copy->id);
			} else {
				b->pending++;
				put_back(d, copy);
			}
		}
		pkg_free(copy);
	}
	b->end = &b->first;
}

static void flush_domain(udomain_t *d)
{
	struct ul_batch b = {.end = &b.first};

	for (int i = 0; i < d->size; i++) {
		/* looked at without the lock: if it is missed now, it is seen next time */
		if (map_size(d->table[i].records) == 0)
			continue;
		lock_ulslot(d, i);
		timer_slot(d, i, sql_wmode == SQL_NO_WRITE ? NULL : &b);
		unlock_ulslot(d, i);
		write_batch(d, &b);
	}
	if (b.pending)
		LM_ERR("%lu changes of '%.*s' are not in the database yet, they are tried again in "
		       "%d s\n",
			b.pending, d->name->len, d->name->s, ul_timer_interval);
}

void ul_flush_all(void)
{
	lock_get(flush_lock);
	for (dlist_t *l = root; l; l = l->next)
		flush_domain(l->d);
	lock_release(flush_lock);
}

/* --- anew ---------------------------------------------------------------------------------- */

/* The contacts of a record have no rows any more. One of memory-only never had. */
static void mark_record(urecord_t *r)
{
	for (ucontact_t *c = r->contacts; c; c = c->next)
		if (!(c->flags & FL_MEM))
			c->state = CS_NEW;
}

static void mark_slot(udomain_t *d, int slot)
{
	map_iterator_t it;

	map_first(d->table[slot].records, &it);
	for (; iterator_is_valid(&it); iterator_next(&it))
		mark_record(*iterator_val(&it));
}

/*
 * Who changes a contact in write-through writes its row at once. A row that came between
 * deleting and marking would be one of a contact that is said to have none. So the slots are
 * locked; each process but this one wants only one lock at a time, so the order is any.
 */
static int through_anew(udomain_t *d)
{
	int locks = d->size < UL_LOCKS_NO ? d->size : UL_LOCKS_NO, rc;

	for (int i = 0; i < locks; i++)
		lock_ulslot(d, i);
	rc = ul_delete_rows(d->name, NULL);
	for (int i = 0; rc == 0 && i < d->size; i++)
		mark_slot(d, i);
	for (int i = 0; i < locks; i++)
		unlock_ulslot(d, i);
	return rc;
}

/* In write-back nobody writes but who holds flush_lock: phones are not kept waiting. */
static int back_anew(udomain_t *d)
{
	if (ul_delete_rows(d->name, NULL) < 0)
		return -1;
	for (int i = 0; i < d->size; i++) {
		lock_ulslot(d, i);
		mark_slot(d, i);
		unlock_ulslot(d, i);
	}
	return 0;
}

static int aor_anew(udomain_t *d, str *aor)
{
	urecord_t *r;
	int rc;

	lock_udomain(d, aor);
	rc = get_urecord(d, aor, &r) != 0;
	if (rc == 0 && sql_wmode == SQL_WRITE_BACK) {
		unlock_udomain(d, aor);
		rc = ul_delete_rows(d->name, aor);
		lock_udomain(d, aor);
		if (rc == 0 && get_urecord(d, aor, &r) == 0)
			mark_record(r);
	} else if (rc == 0) {
		rc = ul_delete_rows(d->name, aor);
		if (rc == 0)
			mark_record(r);
	}
	unlock_udomain(d, aor);
	return rc;
}

int ul_write_anew(udomain_t *d, str *aor)
{
	int rc;

	lock_get(flush_lock);
	if (aor)
		rc = aor_anew(d, aor);
	else
		rc = sql_wmode == SQL_WRITE_BACK ? back_anew(d) : through_anew(d);
	lock_release(flush_lock);
	return rc;
}

/* --- the end ------------------------------------------------------------------------------- */

static int has_records(void)
{
	for (dlist_t *l = root; l; l = l->next)
		for (int i = 0; i < l->d->size; i++)
			if (map_size(l->d->table[i].records) > 0)
				return 1;
	return 0;
}

void ul_flush_last(void)
{
	if (sql_wmode == SQL_NO_WRITE || !has_records())
		return;
	destroy_ulcb_list(); /* other modules are gone, or going */
	ul_reset_locks();    /* of processes that were killed */
	if (ul_db_open() < 0) {
		LM_ERR("what has changed since the last flush is lost\n");
		return;
	}
	for (dlist_t *l = root; l; l = l->next)
		flush_domain(l->d);
	ul_db_close();
}
