/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schedule: a minute of phones and faults, then peace. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static struct node *somebody(struct sim *s)
{
	return &s->node[1 + dice(s, s->size)];
}

static void fault_crash(struct sim *s)
{
	struct node *x = somebody(s);

	if (x->up)
		node_crash(s, x, dice(s, 2));
}

static void fault_disk(struct sim *s)
{
	struct node *x = somebody(s);

	if (x->up)
		node_write_disk(s, x, true);
}

/* What a flush had written when the node died, or what usrloc writes by itself. */
static void fault_rows(struct sim *s)
{
	struct node *x = somebody(s);

	if (x->up)
		node_write_disk(s, x, false);
}

/* All at once, each in the middle of a flush. */
static void fault_blackout(struct sim *s)
{
	TRACE(s, "blackout");
	for (uint32_t i = 1; i <= s->size; i++) {
		struct node *x = &s->node[i];

		if (!x->up)
			continue;
		if (dice(s, 2))
			node_write_disk(s, x, false);
		node_crash(s, x, true);
	}
}

static void fault_cut(struct sim *s)
{
	uint32_t a = somebody(s)->id, b = somebody(s)->id;
	uint64_t until = s->now + 500 + dice(s, 10000);

	s->cut_until[a][b] = until;
	if (dice(s, 10) < 6)
		s->cut_until[b][a] = until;
	TRACE(s, "cut %u %s %u until %.1f", a, s->cut_until[b][a] == until ? "<->" : "->", b,
		(double)until / 1000);
}

/* One node cut off from all: a network that falls into two. */
static void fault_split(struct sim *s)
{
	uint64_t until = s->now + 1000 + dice(s, 15000);
	uint32_t border = (uint32_t)(1 + dice(s, s->size));

	for (uint32_t a = 1; a <= s->size; a++)
		for (uint32_t b = 1; b <= s->size; b++)
			if ((a < border) != (b < border))
				s->cut_until[a][b] = until;
	TRACE(s, "split before %u until %.1f", border, (double)until / 1000);
}

static void fault_clock(struct sim *s)
{
	struct node *x = somebody(s);

	x->skew += (int64_t)dice(s, 60000) - 30000;
	if (x->skew > 60000 || x->skew < -60000)
		x->skew = 0;
	TRACE(s, "node %u: clock is off by %ld", x->id, (long)x->skew);
}

static void fault_slow(struct sim *s)
{
	struct node *x = somebody(s);

	x->slow = !x->slow;
	TRACE(s, "node %u: %s", x->id, x->slow ? "slow" : "fast");
}

static void fault_mad(struct sim *s)
{
	struct node *x = somebody(s);

	x->mad = !x->mad;
	s->any_mad = true;
	TRACE(s, "node %u: %s", x->id, x->mad ? "mad" : "sane");
}

static void fault_memory(struct sim *s)
{
	memory_fails(s, s->memory_fails ? 0 : 10);
	TRACE(s, "memory %s", s->memory_fails ? "is short" : "suffices");
}

static void happen(struct sim *s)
{
	static const struct {
		unsigned per_mille;
		bool gentle;
		void (*fault)(struct sim *s);
	} faults[] = {
		{20, false, fault_crash},
		{30, true, fault_disk},
		{20, true, fault_rows},
		{3, false, fault_blackout},
		{30, true, fault_cut},
		{5, true, fault_split},
		{10, false, fault_clock},
		{8, true, fault_slow},
		{5, false, fault_mad},
		{5, false, fault_memory},
	};
	uint64_t x = dice(s, 1000);
	struct node *node;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (x < faults[i].per_mille) {
			if (faults[i].gentle || !s->gentle)
				faults[i].fault(s);
			return;
		}
		x -= faults[i].per_mille;
	}
	node = somebody(s);
	if (node->up)
		node_phone(s, node);
	node_run(s, node);
}

void faults_run(struct sim *s)
{
	s->size = (unsigned)(2 + dice(s, NODES - 1));
	s->gentle = dice(s, 4) == 0;
	s->loss = 10;
	s->doubles = 5;
	for (uint32_t i = 1; i <= s->size; i++) {
		s->node[i].id = i;
		s->node[i].skew = (int64_t)dice(s, 60000) - 30000;
		node_boot(s, &s->node[i]);
	}
	while (s->now < FAULTS) {
		net_run(s, s->now + 50 + dice(s, 300));
		happen(s);
		check_engine(s, somebody(s));
	}
}

void faults_end(struct sim *s)
{
	TRACE(s, "peace");
	memset(s->cut_until, 0, sizeof(s->cut_until));
	s->loss = 2;
	memory_fails(s, 0);
	for (uint32_t i = 1; i <= s->size; i++) {
		s->node[i].boot_at = s->now;
		s->node[i].slow = s->node[i].mad = false;
	}
}
