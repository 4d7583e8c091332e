/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schedule: a minute of phones and faults, then peace. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static struct node *somebody(struct sim *s)
{
	return &s->node[1 + dice(s, s->size)];
}

static struct node *anybody(struct sim *s)
{
	return &s->node[1 + dice(s, s->size + s->plains)];
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
	uint32_t a = anybody(s)->id, b = anybody(s)->id;
	uint64_t until = s->now + 500 + dice(s, 10000);

	s->cut_until[a][b] = until;
	if (dice(s, 10) < 6)
		s->cut_until[b][a] = until;
	TRACE(s, "cut %u %s %u until %.1f", a, s->cut_until[b][a] == until ? "<->" : "->", b,
		(double)until / 1000);
}

static void fault_flap(struct sim *s)
{
	uint32_t a = anybody(s)->id, b = anybody(s)->id;
	uint64_t until = s->now + 2000 + dice(s, 15000);

	s->flap_until[a][b] = until;
	if (dice(s, 10) < 6)
		s->flap_until[b][a] = until;
	TRACE(s, "flap %u %s %u until %.1f", a, s->flap_until[b][a] == until ? "<->" : "->", b,
		(double)until / 1000);
}

/* One node cut off from all: a network that falls into two. */
static void fault_split(struct sim *s)
{
	uint64_t until = s->now + 1000 + dice(s, 15000);
	uint32_t border = (uint32_t)(1 + dice(s, s->size));

	for (uint32_t a = 1; a <= s->size + s->plains; a++)
		for (uint32_t b = 1; b <= s->size + s->plains; b++)
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

/* It comes back minutes in the past: what others have is too far in the future for it. */
static void fault_old_clock(struct sim *s)
{
	struct node *x = somebody(s);

	if (!x->up)
		return;
	node_crash(s, x, dice(s, 2));
	x->skew = -200000;
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

/* For a while, or for good. */
static void fault_refuse(struct sim *s)
{
	struct node *x = anybody(s);

	x->refuses = (unsigned)dice(s, 20);
	x->refuses_until = dice(s, 4) ? s->now + 1000 + dice(s, 20000) : UINT64_MAX;
	s->any_refusal = true;
	TRACE(s, "node %u: refuses some until %.1f", x->id, (double)x->refuses_until / 1000);
}

static void fault_list(struct sim *s)
{
	struct node *x = somebody(s);
	uint32_t peer = anybody(s)->id;

	if (x->up && peer != x->id)
		node_list(s, x, peer, x->listed[peer] == LISTED ? 1 + dice(s, 2) : LISTED);
}

static void fault_resync(struct sim *s)
{
	struct node *x = somebody(s);
	uint32_t peer = anybody(s)->id;
	int64_t n = x->up ? rr_resync(x->engine, node_now(s, x), peer, dice(s, 2)) : 0;

	if (n > 0 && peer <= s->size)
		s->count.asked += (uint64_t)n;
	x->changed = true;
	TRACE(s, "node %u -> %u: is to get %ld again", x->id, peer, (long)n);
}

static void fault_role(struct sim *s)
{
	struct node *x = somebody(s);
	enum rr_role role = (enum rr_role)dice(s, RR_ROLE_MAX);

	if (!x->up)
		return;
	rr_role_set(x->engine, node_now(s, x), role);
	for (uint32_t p = 1; role != x->role && p <= s->size; p++)
		if (p != x->id && x->listed[p] == LISTED && !rr_due(x->engine, node_now(s, x), p))
			broken(s, "node %u does not tell %u its role at once", x->id, p);
	x->role = role;
	x->changed = true;
	TRACE(s, "node %u: %s", x->id, rr_role_name(x->role));
}

static void fault_plain(struct sim *s)
{
	struct node *x = anybody(s);

	if (x->plain && x->up)
		plain_crash(s, x);
}

/* Many phones at once, as after an outage of their own. */
static void fault_bulk(struct sim *s)
{
	struct node *x = somebody(s);

	for (uint64_t n = x->up ? 5 + dice(s, 60) : 0; n > 0; n--)
		node_phone(s, x, (unsigned)dice(s, KEYS));
	node_run(s, x);
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
		{10, true, fault_flap},
		{5, true, fault_split},
		{10, false, fault_clock},
		{3, false, fault_old_clock},
		{8, true, fault_slow},
		{5, false, fault_mad},
		{5, false, fault_memory},
		{5, false, fault_refuse},
		{8, false, fault_list},
		{3, false, fault_resync},
		{5, true, fault_role},
		{20, true, fault_plain},
		{10, true, fault_bulk},
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
		node_phone(s, node, (unsigned)dice(s, KEYS));
	node_run(s, node);
}

void faults_run(struct sim *s)
{
	s->size = (unsigned)(2 + dice(s, NODES - 1));
	s->plains = (unsigned)dice(s, PLAINS + 1);
	s->plain_keeps = dice(s, 2);
	s->coarse = dice(s, 4) == 0;
	s->gentle = dice(s, 4) == 0;
	s->loss = 10;
	s->doubles = 5;
	s->flap_ms = 300 + dice(s, 3000);
	for (uint32_t i = 1; i <= s->size + s->plains; i++) {
		s->node[i].id = i;
		s->node[i].plain = i > s->size;
		if (s->node[i].plain) {
			plain_boot(s, &s->node[i]);
			continue;
		}
		s->node[i].skew = s->coarse ? 0 : (int64_t)dice(s, 60000) - 30000;
		node_boot(s, &s->node[i]);
	}
	while (s->now < FAULTS) {
		net_run(s, s->now + 50 + dice(s, 300));
		happen(s);
		check_engine(s, somebody(s));
	}
}

/* Who refuses for good goes on; a plain one is down for as long as it has to be. */
void faults_end(struct sim *s)
{
	TRACE(s, "peace");
	memset(s->cut_until, 0, sizeof(s->cut_until));
	memset(s->flap_until, 0, sizeof(s->flap_until));
	s->loss = 2;
	memory_fails(s, 0);
	for (uint32_t i = 1; i <= s->size; i++) {
		struct node *x = &s->node[i];

		if (x->skew < -60000)
			x->skew = 0;
		x->boot_at = s->now;
		x->slow = x->mad = false;
		for (uint32_t p = 1; x->up && p <= s->size + s->plains; p++)
			if (p != i)
				node_list(s, x, p, LISTED);
	}
}
