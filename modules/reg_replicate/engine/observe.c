/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operators are shown: state of the whole and of each peer, what is missed, events, names. */
#include <string.h>
#include <strings.h>

#include "core.h"

/* --- peers -------------------------------------------------------------------------------- */

int rr_peer_info(
	const struct rr_engine *e, struct rr_now now, uint32_t node, struct rr_peer_info *out)
{
	const struct rr_peer *p = rr_peer_find(e, node);

	memset(out, 0, sizeof(*out));
	if (!p)
		return RR_ENOENT;
	out->node = node;
	out->plain = p->config.plain;
	out->state = p->state;
	out->since = p->since_wall;
	out->epoch = p->epoch;
	out->bindings = p->bindings;
	out->role = p->role;
	out->clock_ms = p->clock_ms;
	out->rtt_ms = p->rtt_ms;
	out->missed = rr_peer_missed(e, p);
	out->lag_ms = rr_peer_lag(e, now, p, true);
	out->in_flight = p->flying;
	out->sent = p->sent;
	out->acked = p->acked;
	out->failed = p->failed;
	out->rejected = p->rejected;
	out->last_code = p->last_code;
	return 0;
}

int rr_peer_vector(const struct rr_engine *e, uint32_t node, struct rr_state *out)
{
	const struct rr_peer *p = rr_peer_find(e, node);

	memset(out, 0, sizeof(*out));
	if (!p)
		return RR_ENOENT;
	out->node = node;
	out->epoch = p->epoch;
	out->bindings = p->bindings;
	for (uint16_t s = 0; s < e->top; s++)
		if (e->stream[s].id.node && !rr_cover_empty(&p->link[s].cover))
			out->vector[out->n++] =
				(struct rr_vector_item){e->stream[s].id, p->link[s].cover};
	return 0;
}

/* --- what is missed ----------------------------------------------------------------------- */

/* What is known of earlier attempts to send the change of stream s at `time`. */
static void attempts(const struct rr_peer *p, uint16_t stream, uint64_t time, struct rr_missing *m)
{
	m->attempts = 0;
	m->last_code = 0;
	for (uint32_t i = 0; i < p->slots; i++) {
		const struct rr_slot *s = &p->slot[i];

		if (s->state == RR_SLOT_FREE || s->stream != stream || time <= s->span.from ||
			time > s->span.to)
			continue;
		m->attempts = s->attempts;
		m->last_code = s->code;
	}
}

/* The first change after `time` that the peer is not known to hold; NULL: none. */
static const struct rr_entry *missed_after(
	const struct rr_engine *e, const struct rr_peer *p, uint16_t stream, uint64_t time)
{
	struct rr_cover ours = rr_peer_whole(e, p, stream);
	struct rr_entry *root = e->stream[stream].root, *x;
	struct rr_span gap = {0, time};

	if (!rr_peer_concerns(e, p, stream))
		return NULL;
	while (rr_cover_gap(&p->link[stream].cover, &ours, gap.to, &gap)) {
		x = rr_tree_after(root, gap.from);
		if (!x)
			return NULL;
		if (x->time <= gap.to)
			return x;
	}
	return NULL;
}

/* The first after `time` that it refuses. */
static const struct rr_entry *refused_after(
	const struct rr_engine *e, const struct rr_peer *p, uint16_t stream, uint64_t time)
{
	if (p->refusals.count == 0)
		return NULL;
	return rr_tree_refused_after(e->stream[stream].root, time, p->refusals.bit);
}

/* Of what it refuses, that which is not claimed yet is listed as missed already. */
static bool listed(const struct rr_peer *p, const struct rr_entry *x)
{
	return !rr_cover_has(&p->link[x->stream].cover, (struct rr_span){x->time - 1, x->time});
}

static const struct rr_entry *missed_next(
	const struct rr_engine *e, const struct rr_peer *p, struct rr_missed_at *at)
{
	const struct rr_entry *x = NULL;

	while (!at->end) {
		if (at->stream < e->top)
			x = (at->refused ? refused_after : missed_after)(
				e, p, at->stream, at->time);
		if (x)
			return x;
		at->time = 0;
		if (++at->stream >= e->top) {
			at->stream = 0;
			at->end = at->refused;
			at->refused = true;
		}
	}
	return NULL;
}

int rr_missed(const struct rr_engine *e, uint32_t node, struct rr_missed_at *at, uint32_t looks,
	rr_missing_f emit, void *ctx)
{
	const struct rr_peer *p = rr_peer_find(e, node);
	const struct rr_entry *x;
	int n = 0;

	if (!p)
		return RR_ENOENT;
	for (; looks > 0 && (x = missed_next(e, p, at)); looks--) {
		struct rr_missing m = {rr_entry_change(e, x), rr_hlc_ms(x->time), 1, x->code};

		if (!at->refused)
			attempts(p, x->stream, x->time, &m);
		if (!at->refused || !listed(p, x)) {
			if (!emit(ctx, &m))
				break;
			n++;
		}
		at->time = x->time;
	}
	return n;
}

/* A plain peer is taken to hold nothing any more, a full one too until it has acknowledged what we
 * hold now. */
static void hold_nothing(const struct rr_engine *e, struct rr_peer *p)
{
	for (uint16_t s = 0; s < e->top; s++) {
		struct rr_link *l = &p->link[s];

		if (!p->config.plain && !rr_peer_concerns(e, p, s))
			continue;
		memset(&l->cover, 0, sizeof(l->cover));
		l->again = p->config.plain ? 0 : e->stream[s].cover.watermark;
	}
}

int64_t rr_resync(struct rr_engine *e, struct rr_now now, uint32_t node, bool full)
{
	struct rr_peer *p;
	int rc = rr_peer_heard(e, node, &p);

	if (rc < 0)
		return rc;
	if (full) {
		hold_nothing(e, p);
		rr_refused_forget(e, p);
	}
	rr_refused_offer_all(p);
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_PARKED)
			p->slot[i].due = now.mono_ms;
	for (uint16_t s = 0; s < e->top; s++)
		p->link[s].active = rr_peer_concerns(e, p, s) && rr_peer_lacks(e, p, s);
	p->hold = 0;
	rr_peer_ping_now(now, p);
	rr_bump(e, resyncs);
	return (int64_t)rr_peer_missed(e, p);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Does the peer hold anything that we lack, and that we should have got by now? */
static bool ahead_of_us(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	for (uint16_t s = 0; s < e->top; s++) {
		struct rr_span gap;

		if (e->stream[s].id.node &&
			rr_cover_gap(&e->stream[s].cover, &p->link[s].cover, 0, &gap) &&
			rr_hlc_ms(gap.to) + 2 * e->config.ping_interval < now.wall_ms)
			return true;
	}
	return false;
}

static bool in_sync(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	return p->state > RR_PEER_ALIVE && rr_peer_covered(e, now, p) &&
	       (p->config.plain || (!ahead_of_us(e, now, p) && p->scrub.unequal < 2));
}

void rr_status(const struct rr_engine *e, struct rr_now now, struct rr_status *out)
{
	memset(out, 0, sizeof(*out));
	out->node = e->config.node;
	out->epoch = e->config.epoch;
	out->clock = e->clock;
	out->tombstones = e->tombstones;
	out->digest = e->digest.root;
	out->bindings = e->table.count - e->tombstones;
	out->memory = e->memory.used;
	out->role = e->role;
	out->in_sync = true;
	for (uint16_t s = 0; s < e->top; s++)
		out->streams += e->stream[s].id.node != 0;
	for (uint32_t i = 0; i < e->peers; i++) {
		const struct rr_peer *p = e->peer[i];
		uint64_t lag;

		if (p->state == RR_PEER_DISABLED)
			continue;
		lag = rr_peer_lag(e, now, p, true);
		out->peers++;
		out->peers_up += rr_peer_up(p);
		out->missed += rr_peer_missed(e, p);
		out->max_lag_ms = lag > out->max_lag_ms ? lag : out->max_lag_ms;
		out->in_sync &= in_sync(e, now, p);
	}
	memcpy(out->counter, e->counter, sizeof(out->counter));
}

int rr_leaf(const struct rr_engine *e, uint32_t leaf, uint32_t limit, uint64_t *digest,
	rr_in_leaf_f emit, void *ctx)
{
	const struct rr_entry *x;

	if (leaf >= RR_LEAVES)
		return RR_EINVAL;
	*digest = e->digest.leaf[leaf];
	for (x = e->digest.first[leaf]; x && limit > 0; x = x->leaf_next, limit--) {
		struct rr_change change = rr_entry_change(e, x);

		emit(ctx, &change);
	}
	return 0;
}

bool rr_peer_root(const struct rr_engine *e, uint32_t node, uint64_t *root, bool *equal)
{
	const struct rr_peer *p = rr_peer_find(e, node);

	if (!p || !p->scrub.told)
		return false;
	*root = p->scrub.theirs;
	*equal = p->scrub.equal;
	return true;
}

uint64_t rr_count(const struct rr_engine *e, enum rr_counter counter)
{
	return counter < RR_C_MAX ? e->counter[counter] : 0;
}

/* --- events --------------------------------------------------------------------------------- */

/* A flood of the same is told once. */
static bool repeated(const struct rr_engine *e, enum rr_event_type type, uint32_t node)
{
	const struct rr_event *last;

	if (e->event_count == 0)
		return false;
	last = &e->event[(e->event_first + e->event_count - 1) % RR_EVENT_QUEUE];
	return last->type == type && last->node == node;
}

void rr_event_push(struct rr_engine *e, enum rr_event_type type, uint32_t node, uint64_t number)
{
	if (repeated(e, type, node))
		return;
	if (e->event_count == RR_EVENT_QUEUE) {
		e->event_first = (e->event_first + 1) % RR_EVENT_QUEUE;
		e->event_count--;
		rr_bump(e, events_lost);
	}
	e->event[(e->event_first + e->event_count++) % RR_EVENT_QUEUE] =
		(struct rr_event){type, node, number};
}

bool rr_event_pop(struct rr_engine *e, struct rr_event *out)
{
	if (e->event_count == 0)
		return false;
	*out = e->event[e->event_first];
	e->event_first = (e->event_first + 1) % RR_EVENT_QUEUE;
	e->event_count--;
	return true;
}

/* --- names ---------------------------------------------------------------------------------- */

const char *rr_strerror(int error)
{
	switch (error) {
#define X(name, text)                                                                              \
	case RR_##name:                                                                            \
		return text;
		RR_ERRORS(X)
#undef X
	default:
		return error < 0 ? "unknown error" : "success";
	}
}

static const char *const roles[] = {
#define X(name, text) [RR_ROLE_##name] = text,
	RR_ROLES(X)
#undef X
};

const char *rr_role_name(enum rr_role role)
{
	return (unsigned)role < RR_ROLE_MAX ? roles[role] : "?";
}

enum rr_role rr_role_of(struct rr_str name)
{
	enum rr_role role = 0;

	while (role < RR_ROLE_MAX && (strlen(roles[role]) != name.len ||
					     strncasecmp(roles[role], name.s, name.len) != 0))
		role++;
	return role;
}

const char *rr_counter_name(enum rr_counter counter)
{
	static const char *const names[] = {
#define X(name, text) [RR_C_##name] = #name,
		RR_COUNTERS(X)
#undef X
	};

	return counter < RR_C_MAX ? names[counter] : "?";
}

const char *rr_event_text(enum rr_event_type type)
{
	static const char *const texts[] = {
#define X(name, event, text) [RR_EV_##name] = text,
		RR_EVENTS(X)
#undef X
	};

	return (size_t)type < sizeof(texts) / sizeof(texts[0]) ? texts[type] : "?";
}
