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

#define MEMORY_EACH 140 /* bytes of a binding */
#define SLACK       5000

/* A node's contact that is there, not expired nor about to. */
static bool living(const struct sim *s, const struct node *x, unsigned key)
{
	const struct value *v = &x->value[key];

	return v->kind == RR_SET &&
	       (v->expires == 0 || v->expires > node_now(s, x).wall_ms / 1000 + 2);
}

static const struct rr_cover *held(const struct rr_state *state, struct rr_stream_id id)
{
	for (uint32_t i = 0; i < state->n; i++)
		if (rr_same_stream(state->vector[i].stream, id))
			return &state->vector[i].cover;
	return NULL;
}

static bool claimed(const struct rr_state *state, struct rr_stamp stamp)
{
	const struct rr_cover *c = held(state, stamp.stream);

	return c && rr_cover_has(c, (struct rr_span){stamp.time - 1, stamp.time});
}

/* Is there a newer change of that key that the node knows that it lacks, or that has expired? */
static bool newer_is_missing(
	const struct sim *s, const struct rr_state *state, const struct made *than)
{
	for (unsigned i = 0; i < s->n_made; i++)
		if (s->made[i].key == than->key &&
			rr_stamp_cmp(s->made[i].stamp, than->stamp) > 0 &&
			(s->made[i].expires < s->now + SLACK || !claimed(state, s->made[i].stamp)))
			return true;
	return false;
}

/* What a node claims it has, or something newer, or that is what it lacks. Unless it has expired;
 * only crashes at the wrong moment may break that (doc/engine.md). */
static void check_claims(const struct sim *s, const struct node *x)
{
	static struct rr_state state;

	rr_state(x->engine, &state);
	for (unsigned i = 0; i < s->n_made; i++) {
		const struct made *m = &s->made[i];
		struct rr_key k = key_of(m->key);
		struct rr_change known;

		if (m->expires < s->now + SLACK || !claimed(&state, m->stamp))
			continue;
		if ((!rr_lookup(x->engine, &k, &known) ||
			    rr_stamp_cmp(known.stamp, m->stamp) < 0) &&
			!newer_is_missing(s, &state, m))
			broken(s, "node %u claims %u of %lx, and has neither that nor newer", x->id,
				m->key, (unsigned long)m->stamp.time);
	}
}

void check_engine(const struct sim *s, const struct node *x)
{
	struct rr_status status;

	if (!x->up)
		return;
	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_key k = key_of(key);
		struct rr_change c;

		if (!living(s, x, key))
			continue;
		if (!rr_lookup(x->engine, &k, &c) ||
			rr_stamp_cmp(c.stamp, x->value[key].stamp) != 0 || c.kind != RR_SET)
			broken(s, "node %u: usrloc and engine do not agree on %u", x->id, key);
	}
	rr_status(x->engine, node_now(s, x), &status);
	if (status.memory > x->memory + KEYS * MEMORY_EACH)
		broken(s, "node %u uses %lu bytes", x->id, (unsigned long)status.memory);
	if (s->gentle)
		check_claims(s, x);
}

/* Each change that is received is one that a phone made, with the stamp that it got then. */
void check_change(const struct sim *s, const struct node *x, const struct carried *c)
{
	for (unsigned i = s->n_made; i > 0; i--) {
		const struct made *m = &s->made[i - 1];

		if (rr_stamp_cmp(m->stamp, c->stamp) != 0)
			continue;
		/* what expired, or was forgotten with its removal, is sent as removed */
		if (m->key != c->key || (c->kind == RR_SET && m->kind != RR_SET))
			break;
		return;
	}
	broken(s, "node %u gets %u with stamp %lx of %u, which no phone made", x->id, c->key,
		(unsigned long)c->stamp.time, c->stamp.stream.node);
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

/* Two nodes agree on a contact if it is there at both with the same stamp, or at neither; or if one
 * of them refuses it. */
static bool same(const struct sim *s, const struct node *a, const struct node *b, unsigned key)
{
	if (!living(s, a, key) && !living(s, b, key))
		return true;
	if (node_refuses(s, a, key) || node_refuses(s, b, key))
		return true;
	return rr_stamp_cmp(a->value[key].stamp, b->value[key].stamp) == 0;
}

static bool any_refuses(const struct sim *s)
{
	bool any = false;

	for (uint32_t i = 1; i <= s->size; i++)
		any |= s->now < s->node[i].refuses_until;
	return any;
}

static bool digests_equal(const struct sim *s)
{
	struct rr_status a, b;

	if (any_refuses(s))
		return true;
	rr_status(s->node[1].engine, node_now(s, &s->node[1]), &a);
	for (uint32_t i = 2; i <= s->size; i++) {
		rr_status(s->node[i].engine, node_now(s, &s->node[i]), &b);
		if (a.digest != b.digest)
			return false;
	}
	return true;
}

/* Of several that differ, not the first may be the odd one. */
static bool key_equal(const struct sim *s, unsigned key)
{
	for (uint32_t a = 1; a <= s->size; a++)
		for (uint32_t b = a + 1; b <= s->size; b++)
			if (!same(s, &s->node[a], &s->node[b], key))
				return false;
	return true;
}

bool check_equal(const struct sim *s)
{
	for (unsigned key = 0; key < KEYS; key++)
		if (!key_equal(s, key))
			return false;
	return digests_equal(s);
}

static void check_covers(const struct sim *s)
{
	static struct rr_state a, b;

	rr_state(s->node[1].engine, &a);
	for (uint32_t i = 2; i <= s->size; i++) {
		rr_state(s->node[i].engine, &b);
		for (uint32_t k = 0; k < a.n; k++) {
			const struct rr_cover *c = held(&b, a.vector[k].stream);

			/* of what only one remembers, since the other refused it */
			if (!c && any_refuses(s))
				continue;
			if (!c || !rr_cover_equal(c, &a.vector[k].cover)) {
				check_show(s, 0);
				broken(s, "nodes 1 and %u differ in their covers", i);
			}
		}
	}
}

/* A plain peer has what the others have, but for what it refused. It may have what was lost with
 * all of those who had it. */
static void check_plain(const struct sim *s, const struct node *p)
{
	const struct node *x = &s->node[1];

	for (unsigned key = 0; key < KEYS; key++) {
		if (!living(s, x, key) || rr_stamp_cmp(p->refused[key], x->value[key].stamp) == 0 ||
			node_refuses(s, x, key) || same(s, p, x, key) ||
			rr_stamp_cmp(p->value[key].stamp, x->value[key].stamp) > 0)
			continue;
		check_show(s, key);
		broken(s, "plain %u and node 1 differ in %u", p->id, key);
	}
}

/* How many contacts does x have that y refuses and has not? */
static unsigned refused(const struct sim *s, const struct node *x, const struct node *y)
{
	unsigned n = 0;

	for (unsigned key = 0; key < KEYS; key++)
		n += node_refuses(s, y, key) && living(s, x, key) &&
		     rr_stamp_cmp(x->value[key].stamp, y->value[key].stamp) > 0;
	return n;
}

/* All say that nothing is missing, if that is so. */
static void check_words(const struct sim *s, const struct node *x)
{
	struct rr_status status;
	struct rr_peer_info info;
	unsigned lacking = 0;

	for (uint32_t i = 1; i <= s->size; i++) {
		const struct node *y = &s->node[i];

		if (y == x)
			continue;
		rr_peer_info(x->engine, node_now(s, x), i, &info);
		if (info.role != y->role)
			broken(s, "node %u takes %u for %s", x->id, i, rr_role_name(info.role));
		if (info.missed < refused(s, x, y))
			broken(s, "node %u says that %u lacks %lu, it refuses %u", x->id, i,
				(unsigned long)info.missed, refused(s, x, y));
		lacking += refused(s, x, y) + refused(s, y, x);
	}
	rr_status(x->engine, node_now(s, x), &status);
	if (lacking && status.in_sync)
		broken(s, "node %u says that it is in sync", x->id);
	if (!s->any_refusal && (!status.in_sync || status.missed))
		broken(s, "node %u says that it is not in sync, or that %lu are missed", x->id,
			(unsigned long)status.missed);
}

void check_end(const struct sim *s)
{
	for (unsigned key = 0; key < KEYS; key++)
		if (!key_equal(s, key)) {
			check_show(s, key);
			broken(s, "nodes differ in %u", key);
		}
	if (!digests_equal(s)) {
		check_show(s, 0);
		broken(s, "digests differ");
	}
	check_covers(s);
	for (uint32_t i = 1; i <= s->size; i++) {
		const struct node *x = &s->node[i];

		for (unsigned key = 0; key < KEYS; key++)
			if (s->held[key].lasting && !node_refuses(s, x, key) &&
				rr_stamp_cmp(x->value[key].stamp, s->held[key].stamp) < 0) {
				check_show(s, key);
				broken(s, "a change of %u was lost", key);
			}
		check_words(s, x);
	}
	for (uint32_t i = s->size + 1; i <= s->size + s->plains; i++)
		check_plain(s, &s->node[i]);
}

/* For whoever looks into a failure: who holds what. */
void check_show(const struct sim *s, unsigned key)
{
	static struct rr_state state;
	struct rr_status status;

	for (uint32_t i = 1; i <= s->size + s->plains; i++) {
		const struct node *x = &s->node[i];
		const struct value *v = &x->value[key];

		if (!x->up || x->plain) {
			printf("node %u%s: %u: kind %d %lx\n", i, x->plain ? ", plain" : ", down",
				key, v->kind, (unsigned long)v->stamp.time);
			continue;
		}
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
