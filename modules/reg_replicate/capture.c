/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc's callbacks. They run under the slot lock, which is not recursive: nothing
 * here may call back into usrloc, send, or wait for anything but the engine lock.
 */
#include "capture.h"
#include "lock_times.h"
#include "params.h"
#include "persist.h"
#include "stamp.h"
#include "state.h"
#include "sync.h"
#include "../../dprint.h"

/* Process-local: usrloc calls back in the process, and during the call, that changes it. */
static enum capture_mode mode = CAPTURE_USUAL;
static const struct rr_change *applying; /* a peer's change that is being written now */
static uint32_t from; /* the plain peer whose REGISTER is being saved now, or 0 */

enum capture_mode capture_enter(enum capture_mode now)
{
	enum capture_mode former = mode;

	mode = now;
	return former;
}

void capture_leave(enum capture_mode former)
{
	mode = former;
}

void capture_apply(const struct rr_change *change)
{
	applying = change;
}

void capture_from(uint32_t node)
{
	from = node;
}

static bool takes_new(void)
{
	return mode == CAPTURE_ALL || (mode == CAPTURE_USUAL && repl_cfg.replicate_all);
}

/* Time up to which a removal must be remembered: somebody may still hold the binding. */
static uint32_t gone_until(const ucontact_t *c, struct rr_now now)
{
	const uint32_t at_least = 600;
	uint32_t wall = now.wall_ms / 1000;

	if (c->expires == 0)
		return 0;
	return c->expires > (time_t)(wall + at_least) ? (uint32_t)c->expires : wall + at_least;
}

static int change(struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	enum rr_kind kind, uint32_t expires)
{
	struct rr_stamp stamp;
	int rc = rr_local_change(e, now, key, kind, expires, &stamp);

	if (rc == RR_OK && from && kind == RR_SET)
		rr_peer_holds(e, from, key, stamp);
	sync_changed(e, key, rc == RR_OK ? &stamp : NULL);
	return rc;
}

static int record(struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	const ucontact_t *c, ul_cb_type type)
{
	if (type & UL_CONTACT_EXPIRE) {
		rr_forget(e, now, key);
		return RR_OK;
	}
	if (!takes_new() && !rr_lookup(e, key, NULL))
		return RR_OK;
	if (type & UL_CONTACT_DELETE)
		return change(e, now, key, RR_REMOVED, gone_until(c, now));
	return change(e, now, key, RR_SET, c->expires);
}

/* The stamp goes into the contact here, since the row is written when this returns. */
static void keep_stamp(ucontact_t *c, ul_cb_type type, const struct rr_change *before,
	const struct rr_change *change)
{
	if (persist_stamps() && change->kind == RR_SET &&
		(type & (UL_CONTACT_INSERT | UL_CONTACT_UPDATE)))
		stamp_put(c, change, type & UL_CONTACT_INSERT, before->stamp.time);
}

/* A peer's change: known to the engine only when usrloc has it. */
static void on_applied(ucontact_t *c, int domain, ul_cb_type type)
{
	struct rr_change before = {0}, change = *applying;
	struct rr_key key = contact_key(domain, c);

	rr_lookup(engine_lock(), &key, &before);
	engine_unlock();
	if (change.keep < change.expires)
		change.keep = change.expires;
	if (change.keep < before.keep)
		change.keep = before.keep;
	keep_stamp(c, type, &before, &change);
}

static void captured(void *binding, ul_cb_type type)
{
	ucontact_t *c = binding;
	int domain = domain_index(c->domain), rc;
	struct rr_change before = {0}, change = {0};
	struct rr_engine *e;
	struct rr_now now;
	struct rr_key key;
	unsigned int due;

	if (domain >= 0 && applying && persist_stamps())
		on_applied(c, domain, type);
	if (domain < 0 || (mode == CAPTURE_NONE && !(type & UL_CONTACT_EXPIRE)))
		return;
	now = repl_now();
	key = contact_key(domain, c);
	if ((type & UL_CONTACT_INSERT) && takes_new())
		engine_room(rr_entry_room(&key));
	e = engine_lock();
	if (persist_stamps() && (type & UL_CONTACT_INSERT))
		rr_lookup(e, &key, &before);
	rc = record(e, now, &key, c, type);
	if (persist_stamps())
		rr_lookup(e, &key, &change);
	due = senders_due(e, now);
	engine_unlock();
	if (rc == RR_OK)
		keep_stamp(c, type, &before, &change);
	wake_senders(due);
	if (rc != RR_OK)
		LM_ERR("change of %.*s, contact %.*s, is NOT replicated: %s\n", c->aor->len,
			c->aor->s, c->c.len, c->c.s, rr_strerror(rc));
}

static void on_contact(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	SLOT_LOCKED();
	(void)extra;
	captured(binding, type);
	SLOT_UNLOCKED();
}

int capture_init(usrloc_api_t *ul)
{
	if (ul->register_ulcb(
		    UL_CONTACT_INSERT | UL_CONTACT_UPDATE | UL_CONTACT_DELETE | UL_CONTACT_EXPIRE,
		    on_contact) < 0) {
		LM_ERR("usrloc does not take our callback\n");
		return -1;
	}
	return 0;
}
