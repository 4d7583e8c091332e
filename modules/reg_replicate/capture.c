/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc's callbacks. They run under the slot lock, which is not recursive: nothing
 * here may call back into usrloc, send, or wait for anything but the engine lock.
 */
#include "capture.h"
#include "params.h"
#include "state.h"
#include "../../dprint.h"

/* Process-local: usrloc calls back in the process, and during the call, that changes it. */
static enum capture_mode mode = CAPTURE_USUAL;

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
		return rr_local_change(e, now, key, RR_REMOVED, gone_until(c, now), NULL);
	return rr_local_change(e, now, key, RR_SET, c->expires, NULL);
}

static void on_contact(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	const ucontact_t *c = binding;
	int domain = domain_index(c->domain), rc;
	struct rr_now now = repl_now();
	struct rr_engine *e;
	struct rr_key key;
	unsigned int due;

	(void)extra;
	if (domain < 0 || (mode == CAPTURE_NONE && !(type & UL_CONTACT_EXPIRE)))
		return;
	key = contact_key(domain, c);
	e = engine_lock();
	rc = record(e, now, &key, c, type);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	if (rc != RR_OK)
		LM_ERR("change of %.*s, contact %.*s, is NOT replicated: %s\n", c->aor->len,
			c->aor->s, c->c.len, c->c.s, rr_strerror(rc));
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
