/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold. All the time: each engine's table is what its node recorded, and its memory is
 * bounded. At a crash: what still is held by somebody must not get lost any more. In the end:
 * tables, covers and digests are equal, everybody says so, and nothing that was held is lost.
 */
#include <stdio.h>
#include <string.h>

#include "engine/cover.h"
#include "sim.h"

#define MEMORY_FIXED 2000000 /* an engine with eight peers and no binding */
#define MEMORY_EACH  200

/* A node's contact that is there, not expired nor about to. */
static bool living(const struct sim *s, const struct node *x, unsigned key)
{
	const struct value *v = &x->value[key];

	return v->kind == RR_SET &&
	       (v->expires == 0 || v->expires > node_now(s, x).wall_ms / 1000 + 2);
}

void check_engine(const struct sim *s, const struct node *x)
{
	struct rr_status status;
	char text[32];

	if (!x->up)
		return;
	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_key k = key_of(key, text);
		struct rr_change c;

		if (!living(s, x, key))
			continue;
		if (!rr_lookup(x->engine, &k, &c) ||
			rr_stamp_cmp(c.stamp, x->value[key].stamp) != 0 || c.kind != RR_SET)
			broken(s, "node %u: usrloc and engine do not agree on %u", x->id, key);
	}
	rr_status(x->engine, node_now(s, x), &status);
	if (status.memory > MEMORY_FIXED + KEYS * MEMORY_EACH)
		broken(s, "node %u uses %lu bytes", x->id, (unsigned long)status.memory);
}

void check_crash(struct sim *s)
{
	for (unsigned key = 0; key < KEYS; key++) {
		const struct node *x = NULL;
		struct rr_stamp best = {0};

		for (uint32_t i = 1; i <= s->size; i++) {
			const struct value *v = &s->node[i].value[key];

			if (!s->node[i].up || rr_stamp_cmp(v->stamp, best) <= 0)
				continue;
			x = &s->node[i];
			best = v->stamp;
		}
		if (rr_stamp_cmp(best, s->held[key].stamp) == 0)
			continue;
		s->count.lost++;
		s->held[key].stamp = best;
		s->held[key].lasting =
			x && x->value[key].expires > node_now(s, x).wall_ms / 1000 + 1000;
	}
}

/* Two nodes agree on a contact if it is there at both with the same stamp, or at neither. */
static bool same(const struct sim *s, const struct node *a, const struct node *b, unsigned key)
{
	if (!living(s, a, key) && !living(s, b, key))
		return true;
	return rr_stamp_cmp(a->value[key].stamp, b->value[key].stamp) == 0;
}

static bool digests_equal(const struct sim *s)
{
	struct rr_status a, b;

	rr_status(s->node[1].engine, node_now(s, &s->node[1]), &a);
	for (uint32_t i = 2; i <= s->size; i++) {
		rr_status(s->node[i].engine, node_now(s, &s->node[i]), &b);
		if (a.digest != b.digest)
			return false;
	}
	return true;
}

bool check_equal(const struct sim *s)
{
	for (uint32_t i = 2; i <= s->size; i++)
		for (unsigned key = 0; key < KEYS; key++)
			if (!same(s, &s->node[1], &s->node[i], key))
				return false;
	return digests_equal(s);
}

static const struct rr_cover *held(const struct rr_state *state, struct rr_stream_id id)
{
	for (uint32_t i = 0; i < state->n; i++)
		if (rr_same_stream(state->vector[i].stream, id))
			return &state->vector[i].cover;
	return NULL;
}

static void check_covers(const struct sim *s)
{
	static struct rr_state a, b;

	rr_state(s->node[1].engine, &a);
	for (uint32_t i = 2; i <= s->size; i++) {
		rr_state(s->node[i].engine, &b);
		for (uint32_t k = 0; k < a.n; k++) {
			const struct rr_cover *c = held(&b, a.vector[k].stream);

			if (!c || !rr_cover_equal(c, &a.vector[k].cover)) {
				check_show(s, 0);
				broken(s, "nodes 1 and %u differ in their covers", i);
			}
		}
	}
}

void check_end(const struct sim *s)
{
	for (unsigned key = 0; key < KEYS; key++)
		for (uint32_t i = 2; i <= s->size; i++)
			if (!same(s, &s->node[1], &s->node[i], key)) {
				check_show(s, key);
				broken(s, "nodes 1 and %u differ in %u", i, key);
			}
	if (!digests_equal(s)) {
		check_show(s, 0);
		broken(s, "digests differ");
	}
	check_covers(s);
	for (uint32_t i = 1; i <= s->size; i++) {
		const struct node *x = &s->node[i];
		struct rr_status status;

		for (unsigned key = 0; key < KEYS; key++)
			if (s->held[key].lasting &&
				rr_stamp_cmp(x->value[key].stamp, s->held[key].stamp) < 0) {
				check_show(s, key);
				broken(s, "a change of %u was lost", key);
			}
		rr_status(x->engine, node_now(s, x), &status);
		if (!status.in_sync || status.missed)
			broken(s, "node %u says that it is not in sync, or that %lu are missed", i,
				(unsigned long)status.missed);
	}
}

/* For whoever looks into a failure: who holds what. */
void check_show(const struct sim *s, unsigned key)
{
	static struct rr_state state;
	struct rr_status status;

	for (uint32_t i = 1; i <= s->size; i++) {
		const struct node *x = &s->node[i];
		const struct value *v = &x->value[key];

		if (!x->up)
			continue;
		rr_status(x->engine, node_now(s, x), &status);
		rr_state(x->engine, &state);
		printf("node %u, digest %lx: %u: kind %d %lx of %u/%lu, expires in %ld\n", i,
			(unsigned long)status.digest, key, v->kind, (unsigned long)v->stamp.time,
			v->stamp.stream.node, (unsigned long)v->stamp.stream.epoch,
			(long)(v->expires - node_now(s, x).wall_ms / 1000));
		for (uint32_t k = 0; k < state.n; k++) {
			const struct rr_cover *c = &state.vector[k].cover;

			printf("   %u/%lu @ %lx", state.vector[k].stream.node,
				(unsigned long)state.vector[k].stream.epoch,
				(unsigned long)c->watermark);
			for (uint32_t j = 0; j < c->n; j++)
				printf(" + %lx-%lx", (unsigned long)c->early[j].from,
					(unsigned long)c->early[j].to);
			printf("\n");
		}
	}
}
