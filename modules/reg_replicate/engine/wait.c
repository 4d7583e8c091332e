/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for acknowledgements. A peer that once told that it holds all of a waiter's changes is
 * noted, so that its next words cost one comparison a waiter; when there are enough of those, it is
 * asked once more what they all hold now, since a peer may have restarted in between.
 */
#include <string.h>

#include "core.h"
#include "wait.h"

/* --- the lists -------------------------------------------------------------------------------- */

static void take_out(struct rr_waits *l, struct rr_wait *w)
{
	*(w->prev ? &w->prev->next : &l->first) = w->next;
	*(w->next ? &w->next->prev : &l->last) = w->prev;
	if (w->deadline != RR_NEVER)
		l->started--;
}

/* By deadline; since time-outs are mostly equal, its place is found from the end. */
static void put_in(struct rr_waits *l, struct rr_wait *w)
{
	struct rr_wait *before = l->last;

	while (before && before->deadline > w->deadline)
		before = before->prev;
	w->prev = before;
	w->next = before ? before->next : l->first;
	*(w->prev ? &w->prev->next : &l->first) = w;
	*(w->next ? &w->next->prev : &l->last) = w;
	if (w->deadline != RR_NEVER)
		l->started++;
}

static void release_notes(struct rr_engine *e, struct rr_wait *w)
{
	struct rr_noted *n;

	while ((n = w->noted)) {
		w->noted = n->next;
		rr_release(&e->memory, n, n->size);
	}
}

static void end(struct rr_engine *e, struct rr_wait *w, enum rr_waited outcome)
{
	struct rr_waits *l = &e->waits;

	take_out(l, w);
	w->outcome = outcome;
	w->next = NULL;
	*(l->over ? &l->over_last->next : &l->over) = w;
	l->over_last = w;
}

/* --- who holds what -----------------------------------------------------------------------------
 */

static bool has_time(const struct rr_peer *p, uint16_t stream, uint64_t time)
{
	return rr_cover_has(&p->link[stream].cover, (struct rr_span){time - 1, time});
}

static bool refuses(const struct rr_peer *p, const struct rr_entry *x)
{
	return (x->refused & p->refusals.bit) != 0;
}

/* The change itself, or what has taken its place here; what has expired since is held by all. */
static bool holds_one(const struct rr_engine *e, const struct rr_peer *p, const struct rr_noted *n)
{
	const struct rr_stream_id *id;
	const struct rr_entry *x;

	if (!has_time(p, e->own, n->time))
		return false;
	x = rr_table_find(&e->table, &n->key);
	if (!x || !x->count)
		return true;
	if (refuses(p, x))
		return false;
	if (x->stream == e->own && x->time == n->time)
		return true;
	id = &e->stream[x->stream].id;
	return (id->node == p->config.node && id->epoch == p->epoch) ||
	       has_time(p, x->stream, x->time);
}

static bool holds_all(const struct rr_engine *e, const struct rr_peer *p, const struct rr_wait *w)
{
	const struct rr_noted *n = w->noted;

	while (n && holds_one(e, p, n))
		n = n->next;
	return n == NULL;
}

static bool told_by(const struct rr_wait *w, uint32_t node)
{
	for (uint32_t i = 0; i < w->n_told; i++)
		if (w->told[i] == node)
			return true;
	return false;
}

/* Peers come and go; one for which there is no place any more does not count. */
static void tell(struct rr_wait *w, uint32_t node)
{
	if (w->n_told < RR_MAX_PEERS)
		w->told[w->n_told++] = node;
}

/* How many hold all of it now; who does no longer is not noted any more. */
static uint32_t holding(const struct rr_engine *e, struct rr_wait *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_told; i++) {
		const struct rr_peer *p = rr_peer_find(e, w->told[i]);

		if (p && holds_all(e, p, w))
			w->told[n++] = w->told[i];
	}
	w->n_told = n;
	return n;
}

static bool refuses_one(const struct rr_engine *e, const struct rr_peer *p, const struct rr_wait *w)
{
	for (const struct rr_noted *n = w->noted; p->refusals.count && n; n = n->next) {
		const struct rr_entry *x = rr_table_find(&e->table, &n->key);

		if (x && refuses(p, x))
			return true;
	}
	return false;
}

/* Peers that may still acknowledge: those that answer. */
static uint32_t hopeful(const struct rr_engine *e, const struct rr_wait *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->peers; i++) {
		const struct rr_peer *p = e->peer[i];

		n += rr_peer_up(p) && !p->suspect && !told_by(w, p->config.node) &&
		     !refuses_one(e, p, w);
	}
	return n;
}

void rr_waits_heard(struct rr_engine *e, const struct rr_peer *p)
{
	struct rr_wait *w, *next;

	for (w = e->waits.first; w && w->deadline != RR_NEVER; w = next) {
		next = w->next;
		if (told_by(w, p->config.node) || !holds_all(e, p, w))
			continue;
		tell(w, p->config.node);
		if (w->n_told >= w->peers && holding(e, w) >= w->peers)
			end(e, w, RR_CONFIRMED);
	}
}

void rr_waits_review(struct rr_engine *e)
{
	struct rr_wait *w, *next;

	for (w = e->waits.first; w && w->deadline != RR_NEVER; w = next) {
		next = w->next;
		if (holding(e, w) + hopeful(e, w) < w->peers)
			end(e, w, RR_TOO_FEW);
	}
}

/* --- the public face
 * ------------------------------------------------------------------------------ */

void rr_wait_open(struct rr_engine *e, struct rr_wait *w)
{
	memset(w, 0, sizeof(*w));
	w->deadline = RR_NEVER;
	put_in(&e->waits, w);
}

static char *copy_part(struct rr_str *part, char *to)
{
	if (part->len)
		memcpy(to, part->s, part->len);
	part->s = to;
	return to + part->len;
}

int rr_wait_note(
	struct rr_engine *e, struct rr_wait *w, const struct rr_key *key, struct rr_stamp stamp)
{
	uint32_t size = (uint32_t)sizeof(struct rr_noted) + key->aor.len + key->contact.len +
			key->callid.len;
	struct rr_noted *n = rr_alloc(&e->memory, size);

	if (!n)
		return RR_ENOMEM;
	n->size = size;
	n->time = stamp.time;
	n->key = *key;
	copy_part(&n->key.callid, copy_part(&n->key.contact, copy_part(&n->key.aor, n->text)));
	n->next = w->noted;
	w->noted = n;
	return 0;
}

void rr_wait_close(struct rr_engine *e, struct rr_wait *w)
{
	take_out(&e->waits, w);
	release_notes(e, w);
}

enum rr_waited rr_wait_start(
	struct rr_engine *e, struct rr_now now, struct rr_wait *w, uint32_t peers, uint32_t ms)
{
	uint32_t n;

	take_out(&e->waits, w);
	for (uint32_t i = 0; i < e->peers; i++)
		if (holds_all(e, e->peer[i], w))
			tell(w, e->peer[i]->config.node);
	n = w->n_told;
	w->outcome = RR_WAITING;
	if (n >= peers)
		w->outcome = RR_CONFIRMED;
	else if (n + hopeful(e, w) < peers)
		w->outcome = RR_TOO_FEW;
	else if (e->waits.started >= e->config.waits_max)
		w->outcome = RR_TOO_MANY;
	if (w->outcome != RR_WAITING) {
		release_notes(e, w);
		return w->outcome;
	}
	w->peers = peers;
	w->deadline = now.mono_ms + ms;
	put_in(&e->waits, w);
	return RR_WAITING;
}

struct rr_wait *rr_wait_over(struct rr_engine *e, struct rr_now now)
{
	struct rr_waits *l = &e->waits;
	struct rr_wait *w;

	if (!l->over && l->first && l->first->deadline <= now.mono_ms)
		end(e, l->first, RR_TIMED_OUT);
	w = l->over;
	if (w) {
		l->over = w->next;
		w->next = NULL;
		release_notes(e, w);
	}
	return w;
}

uint64_t rr_wait_next(const struct rr_engine *e)
{
	if (e->waits.over)
		return 0;
	return e->waits.first ? e->waits.first->deadline : RR_NEVER;
}

uint32_t rr_waits(const struct rr_engine *e)
{
	return e->waits.started;
}

void rr_waits_free(struct rr_engine *e)
{
	struct rr_wait *w;

	for (w = e->waits.first; w; w = w->next)
		release_notes(e, w);
	for (w = e->waits.over; w; w = w->next)
		release_notes(e, w);
	memset(&e->waits, 0, sizeof(e->waits));
}
