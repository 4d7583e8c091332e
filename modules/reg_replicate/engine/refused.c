/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See refused.h. */
#include "core.h"

bool rr_refusal(int code)
{
	return code / 100 == 4 || code / 100 == 6 || code == 513;
}

static void set(struct rr_engine *e, struct rr_entry *x, uint16_t refused)
{
	x->refused = refused;
	rr_tree_remark(e->stream[x->stream].root, x);
}

void rr_refused_wipe(struct rr_engine *e, uint32_t *looks)
{
	for (uint16_t s = 0; e->refused_old && s < e->top; s++) {
		struct rr_entry *x;

		while ((x = rr_tree_refused_after(e->stream[s].root, 0, e->refused_old))) {
			if (*looks == 0)
				return;
			--*looks;
			set(e, x, x->refused & (uint16_t)~e->refused_old);
		}
	}
	e->refused_old = 0;
}

uint16_t rr_refused_bit(struct rr_engine *e)
{
	uint32_t used = 0, all = UINT32_MAX;

	for (uint32_t i = 0; i < e->peers; i++)
		used |= e->peer[i]->refusals.bit;
	if ((uint16_t)(used | e->refused_old) == UINT16_MAX)
		rr_refused_wipe(e, &all);
	used |= e->refused_old;
	return (uint16_t)(~used & (used + 1));
}

static void mark(struct rr_engine *e, struct rr_now now, struct rr_refusals *r, struct rr_entry *x)
{
	set(e, x, x->refused | r->bit);
	if (r->count++ == 0) {
		r->offers = 0;
		r->at = now.mono_ms + RR_RETRY_PINGS * (uint64_t)e->config.ping_interval;
	}
}

void rr_refused_mark(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, struct rr_entry *x, int code)
{
	struct rr_refusals *r = &p->refusals;

	x->code = (uint16_t)code;
	if (x->refused & r->bit)
		return;
	mark(e, now, r, x);
	rr_bump(e, rejected);
	p->rejected++;
	rr_event_push(e, RR_EV_REJECTED, p->config.node, (uint64_t)code);
}

/* Is x behind what p is taken to hold, or will be once it has acknowledged what is under way? */
static bool behind(const struct rr_peer *p, const struct rr_entry *x)
{
	if (rr_cover_has(&p->link[x->stream].cover, (struct rr_span){x->time - 1, x->time}))
		return true;
	for (uint32_t i = 0; p->flying && i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING && p->slot[i].stream == x->stream &&
			p->slot[i].span.from < x->time && x->time <= p->slot[i].span.to)
			return true;
	return false;
}

void rr_refused_late(struct rr_engine *e, struct rr_now now, struct rr_entry *x)
{
	for (uint32_t i = 0; i < e->peers; i++) {
		struct rr_peer *p = e->peer[i];

		if (!p->config.plain || !behind(p, x))
			continue;
		x->code = 0;
		mark(e, now, &p->refusals, x);
		p->refusals.offers++;
	}
}

void rr_refused_taken(struct rr_engine *e, struct rr_peer *p, struct rr_entry *x)
{
	struct rr_refusals *r = &p->refusals;

	if (!(x->refused & r->bit))
		return;
	set(e, x, x->refused & (uint16_t)~r->bit);
	if (--r->count == 0)
		r->offers = 0;
	else if (!p->config.plain)
		r->offers++;
}

void rr_refused_taken_all(
	struct rr_engine *e, struct rr_peer *p, uint16_t stream, struct rr_span span)
{
	struct rr_entry *x;

	while (p->refusals.count > 0 &&
		(x = rr_tree_refused_after(e->stream[stream].root, span.from, p->refusals.bit)) &&
		x->time <= span.to)
		rr_refused_taken(e, p, x);
}

void rr_refused_forget(struct rr_engine *e, struct rr_peer *p)
{
	struct rr_refusals *r = &p->refusals;

	if (r->count == 0)
		return;
	e->refused_old |= r->bit;
	r->bit = 0;
	r->bit = rr_refused_bit(e);
	r->count = r->offers = 0;
}

void rr_refused_leave(struct rr_engine *e, struct rr_entry *x)
{
	for (uint32_t i = 0; x->refused && i < e->peers; i++)
		e->peer[i]->refusals.count -= (x->refused & e->peer[i]->refusals.bit) != 0;
	x->refused = 0;
}

bool rr_refused_due(struct rr_now now, const struct rr_peer *p)
{
	const struct rr_refusals *r = &p->refusals;

	if (p->config.plain) /* one at a time: it orders by arrival */
		return r->count > 0 && r->offers > 0 && p->flying == 0;
	return r->count > 0 && (r->offers > 0 || r->at <= now.mono_ms);
}

/* The first after (stream, time), which begins anew after the last. */
static struct rr_entry *after(struct rr_engine *e, const struct rr_refusals *r)
{
	for (uint16_t i = 0; i <= e->top; i++) {
		uint16_t s = (uint16_t)((r->stream + i) % e->top);
		struct rr_entry *x =
			rr_tree_refused_after(e->stream[s].root, i == 0 ? r->time : 0, r->bit);

		if (x)
			return x;
	}
	return NULL;
}

static bool under_way(const struct rr_peer *p, const struct rr_entry *x)
{
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING && p->slot[i].stream == RR_NO_STREAM &&
			!p->slot[i].page && p->slot[i].key == x->stream &&
			p->slot[i].span.to == x->time)
			return true;
	return false;
}

const struct rr_entry *rr_refused_offer(struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	struct rr_refusals *r = &p->refusals;
	const struct rr_entry *x;

	if (!rr_refused_due(now, p))
		return NULL;
	if (!p->config.plain && r->at <= now.mono_ms) {
		r->at = now.mono_ms + RR_RETRY_PINGS * (uint64_t)e->config.ping_interval;
		if (r->offers < RR_RETRIES)
			r->offers = RR_RETRIES;
	}
	x = after(e, r);
	if (!x || under_way(p, x)) {
		r->offers = 0;
		return NULL;
	}
	r->offers--;
	r->stream = x->stream;
	r->time = x->time;
	return x;
}

void rr_refused_offer_all(struct rr_peer *p)
{
	p->refusals.offers = p->refusals.count;
}
