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

void rr_wheel_put(struct rr_wheel *w, struct rr_entry *e)
{
	uint64_t second = due(e);

	rr_wheel_take(e);
	if (e->keep == 0)
		return;
	/* Due already: where the hand looks next, not where it comes by in a lap. */
	if (second <= w->hand)
		second = w->hand + 1;

	struct rr_entry **slot = &w->slot[second % RR_SLOTS];

	e->next = *slot;
	e->prev = slot;
	if (*slot)
		(*slot)->prev = &e->next;
	*slot = e;
}

struct rr_entry *rr_wheel_due(struct rr_wheel *w, uint64_t second)
{
	if (second < w->hand)
		w->hand = second;
	if (second - w->hand > RR_SLOTS)
		w->hand = second - RR_SLOTS;
	while (w->hand < second) {
		struct rr_entry *e = w->slot[(w->hand + 1) % RR_SLOTS];

		while (e && due(e) > second)
			e = e->next;
		if (e) {
			rr_wheel_take(e);
			return e;
		}
		w->hand++;
	}
	return NULL;
}
