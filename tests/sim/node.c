/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's glue does around an engine: a table that stands for usrloc, expiry in it,
 * seconds left on the wire, sending until there is nothing more, receiving. A node may die
 * empty, or come back with what it had written to disk last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"
#include "sim.h"

static unsigned fail_one_in;
static uint64_t fail_random;

void memory_fails(struct sim *s, unsigned one_in)
{
	s->memory_fails = fail_one_in = one_in;
	fail_random = s->seed;
}

static void *sometimes(size_t size)
{
	if (fail_one_in && rr_random(&fail_random) % fail_one_in == 0)
		return NULL;
	return malloc(size);
}

struct rr_now node_now(const struct sim *s, const struct node *x)
{
	return (struct rr_now){(uint64_t)(EPOCH_0 + (int64_t)s->now + x->skew), s->now + 1};
}

static uint64_t second(const struct sim *s, const struct node *x)
{
	return node_now(s, x).wall_ms / 1000;
}

struct rr_key key_of(unsigned key, char text[32])
{
	int len = snprintf(text, 32, "user%02usip:%02u@phone", key, key);

	return (struct rr_key){.aor = {text, 6}, .contact = {text + 6, (uint32_t)len - 6}};
}

/* --- phones and expiry ---------------------------------------------------------------------- */

void node_phone(struct sim *s, struct node *x)
{
	static const unsigned lives[] = {10, 30, 3600, 3600, 3600, 3600};
	unsigned key = (unsigned)dice(s, KEYS);
	struct value *v = &x->value[key];
	enum rr_kind kind = v->kind == RR_SET && dice(s, 4) == 0 ? RR_REMOVED : RR_SET;
	uint64_t expires = second(s, x) + lives[dice(s, 6)];
	struct rr_stamp stamp;
	char text[32];
	struct rr_key k = key_of(key, text);

	if (kind == RR_REMOVED)
		expires = v->expires;
	if (rr_local_change(x->engine, node_now(s, x), &k, kind, (uint32_t)expires, &stamp) < 0)
		return;
	if (rr_stamp_cmp(stamp, v->stamp) <= 0)
		broken(s, "node %u: own change of %u is not newer than what it replaces", x->id,
			key);
	*v = (struct value){stamp, kind, expires};
	if (rr_stamp_cmp(stamp, s->held[key].stamp) > 0) {
		s->held[key].stamp = stamp;
		s->held[key].lasting = expires > second(s, x) + 1000;
	}
	s->count.changes++;
	TRACE(s, "node %u: %s %u, %lx, expires in %ld", x->id, kind == RR_SET ? "set" : "remove",
		key, (unsigned long)stamp.time, (long)(expires - second(s, x)));
}

/* usrloc's timer */
static void expire(struct sim *s, struct node *x)
{
	uint64_t now = second(s, x);
	char text[32];

	if (now == x->last_second)
		return;
	x->last_second = now;
	for (unsigned key = 0; key < KEYS; key++) {
		struct value *v = &x->value[key];
		struct rr_key k = key_of(key, text);

		if (v->kind != RR_SET || v->expires == 0 || v->expires > now)
			continue;
		rr_forget(x->engine, node_now(s, x), &k);
		v->kind = RR_REMOVED;
	}
}

/* --- sending -------------------------------------------------------------------------------- */

struct chosen {
	const struct sim *s;
	const struct node *x;
	struct message *m;
};

static uint64_t left(uint64_t until, uint64_t now)
{
	return until > now ? until - now : 1;
}

static bool emit(void *ctx, const struct rr_change *c)
{
	struct chosen *out = ctx;
	uint64_t now = second(out->s, out->x);

	out->m->carries = true;
	out->m->key = (unsigned)atoi(c->key.contact.s + 4);
	out->m->stamp = c->stamp;
	out->m->kind = c->kind;
	out->m->left = c->expires ? left(c->expires, now) : 0;
	out->m->keep = c->keep ? left(c->keep, now) : 0;
	return true;
}

/* What is sent lies in the span that it claims, and is the latest that the node has. */
static void check_sent(const struct sim *s, const struct node *x, const struct message *m)
{
	if (!m->carries)
		return;
	if (m->span.to && (m->stamp.time <= m->span.from || m->stamp.time > m->span.to))
		broken(s, "node %u sends a change outside its span", x->id);
	if (rr_stamp_cmp(m->stamp, x->value[m->key].stamp) != 0)
		broken(s, "node %u sends %u with a stamp that it does not have", x->id, m->key);
}

static void send_changes(
	struct sim *s, struct node *x, const struct rr_send *what, struct message *m)
{
	m->what = MSG_CHANGE;
	m->stream = what->stream;
	m->span = what->span;
	check_sent(s, x, m);
	if (m->span.to == 0)
		s->count.repairs++;
	else
		s->count.sent += m->carries;
	TRACE(s, "node %u -> %u: %s %d of %u, span %lx-%lx, attempt %u", x->id, m->to,
		m->span.to ? "change" : "repair", m->carries ? (int)m->key : -1, m->stream.node,
		(unsigned long)m->span.from, (unsigned long)m->span.to, what->attempt);
	net_send(s, m);
}

static void run_peer(struct sim *s, struct node *x, uint32_t peer)
{
	static struct rr_state state;
	struct rr_send what;

	for (;;) {
		struct message m = {.from = x->id, .to = peer};
		struct chosen out = {s, x, &m};

		rr_next(x->engine, node_now(s, x), peer, emit, &out, &what);
		m.token = what.token;
		if (what.what == RR_NOTHING)
			return;
		if (what.what == RR_CHANGES) {
			send_changes(s, x, &what, &m);
			continue;
		}
		m.what = MSG_PING;
		m.state = &state;
		rr_state_ask(x->engine, peer, what.token, &state);
		if (what.what == RR_LEAF) {
			s->count.pages++;
			TRACE(s, "node %u -> %u: %u entries of leaf %u", x->id, peer, state.leaf.n,
				state.leaf.leaf);
		}
		net_send(s, &m);
	}
}

static void events(struct sim *s, struct node *x)
{
	struct rr_event ev;

	while (rr_event_pop(x->engine, &ev)) {
		s->count.diverged += ev.type == RR_EV_DIVERGED;
		if (ev.type == RR_EV_DIVERGED && s->gentle && s->count.diverged > GENTLE_MAX)
			broken(s, "node %u found that %u had diverged, and no memory was lost",
				x->id, ev.node);
		TRACE(s, "node %u: peer %u: %s (%lu)", x->id, ev.node, rr_event_text(ev.type),
			(unsigned long)ev.number);
	}
}

void node_run(struct sim *s, struct node *x)
{
	if (!x->up)
		return;
	expire(s, x);
	rr_tick(x->engine, node_now(s, x));
	for (uint32_t p = 1; p <= s->size; p++)
		if (p != x->id)
			run_peer(s, x, p);
	events(s, x);
}

/* --- receiving ------------------------------------------------------------------------------ */

static int take_change(struct sim *s, struct node *x, const struct message *m)
{
	struct value *v = &x->value[m->key];
	uint64_t now = second(s, x);
	struct rr_change c = {.stamp = m->stamp, .kind = m->kind}, known;
	char text[32];
	int verdict;
	bool old;

	c.expires = m->left ? (uint32_t)(now + m->left) : 0;
	c.keep = m->keep ? (uint32_t)(now + m->keep) : 0;
	c.key = key_of(m->key, text);
	old = rr_lookup(x->engine, &c.key, &known) && rr_stamp_cmp(m->stamp, known.stamp) <= 0;
	verdict = rr_apply(x->engine, node_now(s, x), &c);
	if (verdict < 0)
		return 500;
	if (old && verdict == RR_NEWER)
		broken(s, "node %u takes %u again, which it has as new or newer", x->id, m->key);
	if (verdict == RR_CLOCK_AHEAD) {
		s->count.refused++;
		return 403;
	}
	if (verdict == RR_NEWER) {
		*v = (struct value){m->stamp, m->kind, c.expires};
		s->count.applied++;
	}
	return 200;
}

static void answer(
	struct sim *s, const struct message *m, enum what what, int code, struct rr_state *state)
{
	struct message a = {.from = m->to,
		.to = m->from,
		.what = what,
		.token = m->token,
		.code = code,
		.state = code == 200 ? state : NULL};

	/* out of its mind: other codes, no state, somebody else's state, covers that are not true
	 */
	if (s->node[m->to].mad) {
		static const int codes[] = {200, 200, 403, 404, 500, 503, 603, 408};

		a.code = codes[dice(s, 8)];
		if (dice(s, 3) == 0)
			a.state = NULL;
		if (a.state && dice(s, 3) == 0)
			state->node = (uint32_t)dice(s, 12);
		for (uint32_t i = 0; a.state && i < state->n; i++)
			state->vector[i].cover.watermark += dice(s, 2) << dice(s, 30);
		state->digest.root += dice(s, 2);
		state->leaf.to -= dice(s, 2) << dice(s, 60);
		state->leaf.leaf ^= dice(s, 2);
	}
	net_send(s, &a);
}

static void take_message(struct sim *s, struct node *x, const struct message *m)
{
	static struct rr_state state;
	int code = m->carries ? take_change(s, x, m) : 200;

	if (code == 200 && m->span.to &&
		rr_claim(x->engine, node_now(s, x), m->stream, m->span) < 0)
		code = 500;
	rr_state_of(x->engine, m->stream, &state);
	answer(s, m, MSG_ANSWER, code, &state);
}

static void take_ping(struct sim *s, struct node *x, const struct message *m)
{
	static struct rr_state state;

	rr_state_seen(x->engine, node_now(s, x), m->state);
	rr_state_answer(x->engine, m->state, &state);
	answer(s, m, MSG_PONG, 200, &state);
}

void node_deliver(struct sim *s, const struct message *m)
{
	static const struct rr_str none;
	struct node *x = &s->node[m->to];

	if (!x->up || x->life != m->life)
		return;
	expire(s, x);
	if (m->what == MSG_CHANGE)
		take_message(s, x, m);
	else if (m->what == MSG_PING)
		take_ping(s, x, m);
	else
		rr_answered(x->engine, node_now(s, x), m->from, m->token, m->code, none, m->state);
	run_peer(s, x, m->from);
	events(s, x);
}

/* --- life and death -------------------------------------------------------------------------- */

static void restore(struct sim *s, struct node *x)
{
	struct disk *d = &x->disk;
	char text[32];

	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_change *c = &d->change[key];

		if (!d->there[key])
			continue;
		c->key = key_of(key, text);
		if (rr_restore(x->engine, node_now(s, x), c) == RR_NEWER)
			x->value[key] = (struct value){c->stamp, c->kind, c->expires};
	}
	rr_restore_clock(x->engine, d->vector.clock);
	if (rr_restore_vector(x->engine, node_now(s, x), &d->vector) != 0)
		broken(s, "node %u cannot restore its vector", x->id);
	rr_restored(x->engine);
	s->count.restored++;
}

void node_boot(struct sim *s, struct node *x)
{
	struct rr_config config = {
		.node = x->id,
		.seed = dice(s, UINT64_MAX),
		.digest_key = {s->seed, 1},
		.digest_interval = 1,
		.ping_interval = PING,
		.ping_timeout = PING,
		.answer_timeout = 2000,
		.max_clock_ahead = 300000,
		.window = (uint32_t)(1 + dice(s, 32)),
		.alloc = sometimes,
		.release = free,
	};

	x->life++;
	/* new at every start, whatever the clock says */
	config.epoch = node_now(s, x).wall_ms;
	if (config.epoch == x->last_epoch)
		config.epoch++;
	x->last_epoch = config.epoch;
	memset(x->value, 0, sizeof(x->value));
	fail_one_in = 0;
	x->engine = rr_engine_new(&config, node_now(s, x));
	for (uint32_t p = 1; p <= s->size; p++)
		if (p != x->id)
			rr_peer_add(x->engine, node_now(s, x), &(struct rr_peer_config){.node = p});
	x->up = true;
	if (x->disk.written)
		restore(s, x);
	fail_one_in = s->memory_fails;
	TRACE(s, "node %u: boots %s, epoch %lu", x->id,
		x->disk.written ? "with its state" : "empty", (unsigned long)config.epoch);
}

/* Everything, and the vector; or some rows, newer than the vector that is there. */
void node_write_disk(struct sim *s, struct node *x, bool all)
{
	char text[32];

	x->disk.written = true;
	if (all)
		rr_state(x->engine, &x->disk.vector);
	for (unsigned key = 0; key < KEYS; key++) {
		struct rr_key k = key_of(key, text);

		if (all || dice(s, 2))
			x->disk.there[key] = rr_lookup(x->engine, &k, &x->disk.change[key]);
	}
	TRACE(s, "node %u: writes %s", x->id, all ? "its state" : "some rows");
}

void node_crash(struct sim *s, struct node *x, bool keeps_disk)
{
	TRACE(s, "node %u: dies", x->id);
	rr_engine_free(x->engine);
	x->engine = NULL;
	x->up = x->slow = x->mad = false;
	if (!keeps_disk)
		memset(&x->disk, 0, sizeof(x->disk));
	x->boot_at = s->now + 500 + dice(s, 8000);
	s->count.crashes++;
	check_crash(s);
}
