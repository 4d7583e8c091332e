/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wheel.h. */
#include "wheel.h"

static uint64_t due(const struct rr_entry *e)
{
	return (uint64_t)e->keep + (e->count ? 0 : RR_GRACE);
}

void rr_wheel_take(struct rr_entry *e)
{
	if (!e->prev)
		return;
	*e->prev = e->next;
	if (e->next)
		e->next->prev = e->prev;
	e->next = NULL;
	e->prev = NULL;
}

static void link_in(struct rr_entry **list, struct rr_entry *e)
{
	e->next = *list;
	e->prev = list;
	if (*list)
		(*list)->prev = &e->next;
	*list = e;
}

void rr_wheel_put(struct rr_wheel *w, struct rr_entry *e)
{
	uint64_t second = due(e);

	rr_wheel_take(e);
	if (e->keep == 0)
		return;
	/* Due already: where the hand looks next, not where it comes by in a lap. */
	if (second <= w->hand)
		second = w->hand + 1;
	link_in(&w->slot[second % RR_SLOTS], e);
}

/* All of its slot has been looked at: what stays there is there again. */
static void step(struct rr_wheel *w, struct rr_entry **slot)
{
	*slot = w->later;
	if (*slot)
		(*slot)->prev = slot;
	w->later = NULL;
	w->hand++;
}

/* Follows the clock, at most a lap at a time; false: it need not move. */
static bool behind(struct rr_wheel *w, uint64_t second)
{
	if (w->later) /* that slot is finished first, whatever the clock does */
		return true;
	if (second < w->hand)
		w->hand = second;
	if (second - w->hand > RR_SLOTS)
		w->hand = second - RR_SLOTS;
	return w->hand < second;
}

struct rr_entry *rr_wheel_due(struct rr_wheel *w, uint64_t second, uint32_t *looks)
{
	while (behind(w, second) && *looks > 0) {
		struct rr_entry **slot = &w->slot[(w->hand + 1) % RR_SLOTS], *e = *slot;

		if (!e) {
			step(w, slot);
			continue;
		}
		--*looks;
		rr_wheel_take(e);
		if (due(e) <= second)
			return e;
		link_in(&w->later, e);
	}
	return NULL;
}
