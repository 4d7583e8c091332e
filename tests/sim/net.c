/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time and a bad network: messages are lost, doubled, delayed and reordered; links are
 * cut in one direction or both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"
#include "engine/wire.h"
#include "sim.h"

uint64_t dice(struct sim *s, uint64_t sides)
{
	return rr_random(&s->random) % sides;
}

static bool sooner(const struct message *a, const struct message *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim *s, unsigned a, unsigned b)
{
	struct message *m = s->queue[a];

	s->queue[a] = s->queue[b];
	s->queue[b] = m;
}

static void push(struct sim *s, struct message *m)
{
	unsigned i = s->queued++;

	if (s->queued == QUEUE)
		broken(s, "more than %d messages under way", QUEUE);
	s->queue[i] = m;
	for (; i > 0 && sooner(s->queue[i], s->queue[(i - 1) / 2]); i = (i - 1) / 2)
		swap(s, i, (i - 1) / 2);
}

static struct message *pop(struct sim *s)
{
	struct message *first = s->queue[0];
	unsigned i = 0;

	s->queue[0] = s->queue[--s->queued];
	for (;;) {
		unsigned least = i, left = 2 * i + 1;

		for (unsigned k = left; k <= left + 1 && k < s->queued; k++)
			if (sooner(s->queue[k], s->queue[least]))
				least = k;
		if (least == i)
			return first;
		swap(s, i, least);
		i = least;
	}
}

static void discard(struct message *m)
{
	free(m->state);
	free(m);
}

/* Some states go through the codec, which takes longer than all else; nonsense may not come out of
 * it again. */
static struct rr_state *over_the_wire(struct sim *s, const struct rr_state *state)
{
	static char text[RR_STATE_MAX];
	struct rr_state *copy = malloc(sizeof(*copy));
	int rc;

	if (s->order % CODEC_EACH) {
		*copy = *state;
		return copy;
	}
	rc = rr_state_encode(state, text, sizeof(text));
	if (rc >= 0)
		rc = rr_state_parse(copy, text, (size_t)rc);
	if (rc == 0)
		return copy;
	if (!s->any_mad)
		broken(s, "a state cannot be sent: %s", rr_wire_strerror(rc));
	free(copy);
	return NULL;
}

/* A link that flaps is cut every other while. */
static bool is_cut(const struct sim *s, uint32_t from, uint32_t to)
{
	return s->cut_until[from][to] > s->now ||
	       (s->flap_until[from][to] > s->now && s->now / s->flap_ms % 2);
}

static void send_once(struct sim *s, const struct message *m)
{
	size_t size = offsetof(struct message, change) + m->n * sizeof(m->change[0]);
	struct message *copy;
	uint64_t delay = 1 + dice(s, 40);

	if (is_cut(s, m->from, m->to) || dice(s, 100) < s->loss)
		return;
	if (dice(s, 20) == 0)
		delay += dice(s, 500);
	if (s->node[m->to].slow)
		delay += 200 + dice(s, 3000);
	copy = malloc(size);
	memcpy(copy, m, size);
	copy->at = s->now + delay;
	copy->order = ++s->order;
	copy->life = s->node[m->to].life;
	if (m->state)
		copy->state = over_the_wire(s, m->state);
	push(s, copy);
}

void net_send(struct sim *s, struct message *m)
{
	send_once(s, m);
	if (dice(s, 100) < s->doubles)
		send_once(s, m);
}

static void boot(struct sim *s, struct node *x)
{
	if (x->up || x->boot_at > s->now)
		return;
	if (x->plain)
		plain_boot(s, x);
	else
		node_boot(s, x);
}

void net_run(struct sim *s, uint64_t until)
{
	uint64_t step = s->now;

	while (s->now < until) {
		while (s->queued && s->queue[0]->at <= step) {
			struct message *m = pop(s);

			s->now = m->at;
			if (s->node[m->to].plain)
				plain_deliver(s, m);
			else
				talk_deliver(s, m);
			discard(m);
		}
		s->now = step;
		for (uint32_t i = 1; i <= s->size + s->plains; i++) {
			boot(s, &s->node[i]);
			if (!s->node[i].plain)
				node_run(s, &s->node[i]);
		}
		step += s->now < FAULTS ? STEP : QUIET_STEP;
	}
}

void net_clear(struct sim *s)
{
	while (s->queued)
		discard(pop(s));
}
