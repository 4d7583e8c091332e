/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer wheel; see timer.h. A timer is fired one at a time, with the wheel unlocked, and
 * each is taken off under the lock, so that nobody meets a half-linked one. A handler that
 * finds its timer set again knows that it has been overtaken, and does nothing.
 *
 * Time is that of the last utimer_routine(), plus a tick when a timer is set: a timer may be
 * late by a tick, never early.
 */
#include "timer.h"

#include <string.h>

#include "../../dprint.h"
#include "../../locking.h"
#include "../../mem/shm_mem.h"
#include "h_table.h"
#include "t_reply.h"

#define TICK_US ((utime_t)TM_TICK_MS * 1000)

struct wheel {
	gen_lock_t lock;
	utime_t tick; /* the last one that was processed, or is */
	unsigned int set;
	struct timer_link *slot[TM_WHEEL_SLOTS];
};

static struct wheel *wheel;

int tm_init_timers(void)
{
	wheel = shm_malloc(sizeof(*wheel));
	if (wheel == NULL) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	memset(wheel, 0, sizeof(*wheel));
	lock_init(&wheel->lock);
	return 0;
}

void tm_free_timers(void)
{
	if (wheel == NULL)
		return;
	lock_destroy(&wheel->lock);
	shm_free(wheel);
	wheel = NULL;
}

void tm_init_link(struct timer_link *tl, struct cell *t, enum tm_timer_kind kind, int branch)
{
	memset(tl, 0, sizeof(*tl));
	tl->t = t;
	tl->kind = kind;
	tl->branch = (short)branch;
}

static struct timer_link **slot_of(const struct timer_link *tl)
{
	return &wheel->slot[tl->due % TM_WHEEL_SLOTS];
}

static void link_in(struct timer_link *tl)
{
	struct timer_link **head = slot_of(tl);

	tl->prev = NULL;
	tl->next = *head;
	if (*head != NULL)
		(*head)->prev = tl;
	*head = tl;
	tl->set = 1;
	wheel->set++;
}

static void link_out(struct timer_link *tl)
{
	if (tl->prev != NULL)
		tl->prev->next = tl->next;
	else
		*slot_of(tl) = tl->next;
	if (tl->next != NULL)
		tl->next->prev = tl->prev;
	tl->next = tl->prev = NULL;
	tl->set = 0;
	wheel->set--;
}

void set_timer(struct timer_link *tl, utime_t delay)
{
	lock_get(&wheel->lock);
	if (tl->set)
		link_out(tl);
	else
		t_ref_cell(tl->t);
	tl->due = wheel->tick + 1 + (delay + TICK_US - 1) / TICK_US;
	link_in(tl);
	lock_release(&wheel->lock);
}

void reset_timer(struct timer_link *tl)
{
	int was_set;

	lock_get(&wheel->lock);
	was_set = tl->set;
	if (was_set)
		link_out(tl);
	lock_release(&wheel->lock);
	if (was_set)
		t_unref_cell(tl->t);
}

int timer_is_set(struct timer_link *tl)
{
	int set;

	lock_get(&wheel->lock);
	set = tl->set;
	lock_release(&wheel->lock);
	return set;
}

static void fire(struct timer_link *tl)
{
	struct cell *t = tl->t;

	switch (tl->kind) {
	case TM_RETR:
		t_retransmit(t, tl);
		break;
	case TM_FR:
		t_timed_out(t, tl);
		break;
	default:
		remove_from_hash_table(t);
	}
	t_unref_cell(t);
}

/* Takes one timer that is due at `tick` off its slot; NULL when there is no more. */
static struct timer_link *take_due(utime_t tick)
{
	struct timer_link *tl;

	lock_get(&wheel->lock);
	if (tick > wheel->tick)
		wheel->tick = tick;
	for (tl = wheel->slot[tick % TM_WHEEL_SLOTS]; tl != NULL; tl = tl->next)
		if (tl->due <= tick) {
			link_out(tl);
			break;
		}
	lock_release(&wheel->lock);
	return tl;
}

void utimer_routine(utime_t uticks, void *param)
{
	utime_t now = uticks / TICK_US;
	utime_t tick = wheel->tick + 1;
	struct timer_link *tl;

	(void)param;
	/* after a long stop (or at the start) one turn visits every slot */
	if (now > tick + TM_WHEEL_SLOTS)
		tick = now - TM_WHEEL_SLOTS;
	for (; tick <= now; tick++)
		while ((tl = take_due(tick)) != NULL)
			fire(tl);
}

unsigned int tm_timers_set(void)
{
	unsigned int n;

	lock_get(&wheel->lock);
	n = wheel->set;
	lock_release(&wheel->lock);
	return n;
}

void tm_drop_timers(void)
{
	int i;

	if (wheel == NULL)
		return;
	lock_init(&wheel->lock); /* nobody is left; one who was killed may have held it */
	for (i = 0; i < TM_WHEEL_SLOTS; i++)
		while (wheel->slot[i] != NULL)
			reset_timer(wheel->slot[i]);
}
