/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a peer: its states, its pings, its slots. The states are one table, `next`; what
 * is to be done on the way is in rr_peer_input() below it, in one place.
 */
#include <string.h>

#include "core.h"

/* clang-format off */
static const uint8_t next[RR_PEER_STATE_MAX][RR_IN_MAX] = {
#define S(x) RR_PEER_##x
	/*               ANSWER       KNOCK        STATE        COVERED      BEHIND       SILENT       RESTART      DISABLE      ENABLE */
	[S(DISABLED)] = {S(DISABLED), S(DISABLED), S(DISABLED), S(DISABLED), S(DISABLED), S(DISABLED), S(DISABLED), S(DISABLED), S(DOWN)},
	[S(DOWN)]     = {S(ALIVE),    S(DOWN),     S(DOWN),     S(DOWN),     S(DOWN),     S(DOWN),     S(DOWN),     S(DISABLED), S(DOWN)},
	[S(ALIVE)]    = {S(ALIVE),    S(ALIVE),    S(SYNCING),  S(ALIVE),    S(ALIVE),    S(DOWN),     S(ALIVE),    S(DISABLED), S(ALIVE)},
	[S(SYNCING)]  = {S(SYNCING),  S(SYNCING),  S(SYNCING),  S(IN_SYNC),  S(SYNCING),  S(DOWN),     S(ALIVE),    S(DISABLED), S(SYNCING)},
	[S(IN_SYNC)]  = {S(IN_SYNC),  S(IN_SYNC),  S(IN_SYNC),  S(IN_SYNC),  S(SYNCING),  S(DOWN),     S(ALIVE),    S(DISABLED), S(IN_SYNC)},
#undef S
};
/* clang-format on */

static const char *const state_names[] = {
#define X(name, text) [RR_PEER_##name] = text,
	RR_PEER_STATES(X)
#undef X
};

const char *rr_peer_state_name(enum rr_peer_state state)
{
	return state < RR_PEER_STATE_MAX ? state_names[state] : "?";
}

uint64_t rr_jitter(struct rr_engine *e, uint64_t ms)
{
	return ms - ms / 4 + rr_random(&e->random) % (ms / 2 + 1);
}

void rr_peer_ping_now(struct rr_now now, struct rr_peer *p)
{
	if (p->ping_at > now.mono_ms)
		p->ping_at = now.mono_ms;
}

static void forget_links(struct rr_peer *p)
{
	memset(p->link, 0, sizeof(p->link));
}

static void enter_up(struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	p->since_wall = now.wall_ms;
	if (p->config.plain && p->config.resync_full && p->was_up) {
		forget_links(p);
		rr_refused_forget(e, p);
	}
	rr_refused_offer_all(p);
	p->was_up = true;
	rr_bump(e, resyncs);
	rr_event_push(e, RR_EV_PEER_UP, p->config.node, rr_peer_missed(e, p));
}

static void enter_down(struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	p->since_wall = now.wall_ms;
	p->down_since = now.mono_ms;
	p->ping_token = 0;
	p->suspect = false;
	p->hold = 0;
	p->limit = 0;
	for (uint32_t i = 0; i < p->slots; i++)
		rr_offer_lost(p, &p->slot[i]);
	rr_slots_clear(p);
	memset(&p->scrub, 0, sizeof(p->scrub));
	for (uint32_t s = 0; s < e->top; s++)
		p->link[s].active = p->link[s].lagging = false;
	rr_event_push(e, RR_EV_PEER_DOWN, p->config.node, rr_peer_missed(e, p));
}

/* Added, enabled or disabled: nothing is under way. */
static void begin(struct rr_engine *e, struct rr_now now, struct rr_peer *p)
{
	p->since_wall = now.wall_ms;
	p->down_since = now.mono_ms;
	p->first_token = e->token + 1;
	p->ping_token = 0;
	p->ping_failures = 0;
	p->ping_at = now.mono_ms;
}

static void restart(struct rr_engine *e, struct rr_peer *p)
{
	rr_slots_clear(p);
	forget_links(p);
	rr_refused_forget(e, p);
	memset(&p->scrub, 0, sizeof(p->scrub));
	p->hold = 0;
	rr_event_push(e, RR_EV_PEER_RESTARTED, p->config.node, p->epoch);
}

void rr_peer_input(
	struct rr_engine *e, struct rr_now now, struct rr_peer *p, enum rr_peer_input input)
{
	enum rr_peer_state was = p->state, is = next[was][input];

	p->state = is;
	if (input == RR_IN_RESTART)
		restart(e, p);
	if (input == RR_IN_ANSWER) {
		p->suspect = false;
		p->ping_failures = 0;
	}
	/* The ping that is under way may have been sent while nobody was there. */
	if (input == RR_IN_KNOCK && is == RR_PEER_DOWN) {
		p->ping_token = 0;
		rr_peer_ping_now(now, p);
	}
	if (was <= RR_PEER_DOWN && is > RR_PEER_DOWN)
		enter_up(e, now, p);
	if (was > RR_PEER_DOWN && is <= RR_PEER_DOWN)
		enter_down(e, now, p);
	if (was != is && (was == RR_PEER_DISABLED || is == RR_PEER_DISABLED))
		begin(e, now, p);
	if (was != RR_PEER_ALIVE && is == RR_PEER_ALIVE)
		rr_peer_ping_now(now, p);
	if (was != RR_PEER_IN_SYNC && is == RR_PEER_IN_SYNC)
		rr_event_push(e, RR_EV_IN_SYNC, p->config.node, 0);
	/* What a plain peer holds is known from what it acknowledged. */
	if (p->config.plain && is == RR_PEER_ALIVE)
		rr_peer_input(e, now, p, RR_IN_STATE);
}

/* Our place among the full nodes other than p, by id: the first is the first to complete p. */
static uint32_t rank(const struct rr_engine *e, const struct rr_peer *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->peers; i++)
		if (e->peer[i] != p && !e->peer[i]->config.plain &&
			e->peer[i]->config.node < e->config.node)
			n++;
	return n;
}

/* Is anybody up who is to complete p rather than we? */
static bool somebody_before(const struct rr_engine *e, const struct rr_peer *p, uint16_t stream)
{
	for (uint32_t i = 0; i < e->peers; i++)
		if (e->peer[i] != p && !e->peer[i]->config.plain && rr_peer_up(e->peer[i]) &&
			e->peer[i]->config.node < e->config.node)
			return true;
	return rr_origin_up(e, e->stream[stream].id);
}

void rr_peer_give_way(
	const struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t stream)
{
	struct rr_link *l = &p->link[stream];

	if (!l->active || !somebody_before(e, p, stream))
		return;
	l->active = false;
	l->since = now.mono_ms; /* where the other one stops too, we are back after a while */
}

/* Others' streams: when the peer lacks something and does not move, somebody has to act. */
static void consider(struct rr_engine *e, struct rr_now now, struct rr_peer *p, uint16_t stream)
{
	struct rr_link *l = &p->link[stream];
	uint64_t wait = (uint64_t)e->config.ping_interval * (2 + rank(e, p));

	if (!rr_peer_concerns(e, p, stream) || !rr_peer_lacks(e, p, stream)) {
		l->lagging = l->active = false;
	} else if (!l->lagging) {
		l->lagging = true;
		l->since = now.mono_ms;
	} else if (now.mono_ms - l->since >= wait) {
		l->active = true;
	}
}

void rr_peer_review(struct rr_engine *e, struct rr_now now, struct rr_peer *p, bool full)
{
	for (uint16_t s = 0; full && !p->config.plain && s < e->top; s++)
		if (s != e->own)
			consider(e, now, p, s);
	if (p->state == RR_PEER_SYNCING && rr_peer_covered(e, now, p))
		rr_peer_input(e, now, p, RR_IN_COVERED);
	else if (full && p->state == RR_PEER_IN_SYNC &&
		 (p->refusals.count ||
			 rr_peer_lag(e, now, p, false) > 3 * (uint64_t)e->config.ping_interval))
		rr_peer_input(e, now, p, RR_IN_BEHIND);
}

/* The longer it has been down, the longer the pause: so it is found after at most an eighth more of
 * its absence, and whoever is away for long costs little. */
static uint64_t pause_of_down(const struct rr_engine *e, struct rr_now now, const struct rr_peer *p)
{
	uint64_t interval = e->config.ping_interval;
	uint64_t pause = (now.mono_ms - p->down_since) / RR_PING_OUTAGE;

	if (pause < interval)
		return interval;
	return pause < RR_PING_BACKOFF_MAX * interval ? pause : RR_PING_BACKOFF_MAX * interval;
}

void rr_peer_ping_failed(struct rr_engine *e, struct rr_now now, struct rr_peer *p, int code)
{
	rr_bump(e, ping_timeouts);
	p->last_code = code;
	p->ping_token = 0;
	p->ping_failures++;
	if (p->ping_failures >= e->config.down_after)
		rr_peer_input(e, now, p, RR_IN_SILENT);
	if (p->state == RR_PEER_DOWN)
		p->ping_at = now.mono_ms + rr_jitter(e, pause_of_down(e, now, p));
	else
		p->ping_at = p->ping_sent + e->config.ping_interval;
}

/* --- slots -------------------------------------------------------------------------- */

struct rr_slot *rr_slot_unused(struct rr_peer *p)
{
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FREE)
			return &p->slot[i];
	return NULL;
}

struct rr_slot *rr_slot_find(const struct rr_peer *p, uint64_t token)
{
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->slot[i].state == RR_SLOT_FLYING && p->slot[i].token == token)
			return &p->slot[i];
	return NULL;
}

void rr_slot_set(struct rr_peer *p, struct rr_slot *s, enum rr_slot_state state)
{
	p->flying += (state == RR_SLOT_FLYING) - (s->state == RR_SLOT_FLYING);
	p->parked += (state == RR_SLOT_PARKED) - (s->state == RR_SLOT_PARKED);
	s->state = state;
	if (state == RR_SLOT_FREE)
		memset(s, 0, sizeof(*s));
}

void rr_slots_clear(struct rr_peer *p)
{
	memset(p->slot, 0, p->slots * sizeof(*p->slot));
	p->flying = p->parked = 0;
}

void rr_peer_drop_stream(struct rr_peer *p, uint16_t stream)
{
	memset(&p->link[stream], 0, sizeof(p->link[stream]));
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->slot[i].state != RR_SLOT_FREE && p->slot[i].stream == stream)
			rr_slot_set(p, &p->slot[i], RR_SLOT_FREE);
}

/* --- the list of peers ---------------------------------------------------------------- */

struct rr_peer *rr_peer_find(const struct rr_engine *e, uint32_t node)
{
	for (uint32_t i = 0; i < e->peers; i++)
		if (e->peer[i]->config.node == node)
			return e->peer[i];
	return NULL;
}

int rr_peer_heard(const struct rr_engine *e, uint32_t node, struct rr_peer **out)
{
	struct rr_peer *p = rr_peer_find(e, node);

	if (!p)
		return RR_ENOENT;
	if (p->state == RR_PEER_DISABLED)
		return RR_EDISABLED;
	*out = p;
	return 0;
}

static size_t peer_size(const struct rr_engine *e)
{
	return sizeof(struct rr_peer) + (e->config.window + RR_PARKED) * sizeof(struct rr_slot);
}

int rr_peer_add(struct rr_engine *e, struct rr_now now, const struct rr_peer_config *config)
{
	uint32_t at = e->peers;
	struct rr_peer *p;

	if (config->node == 0 || config->node == e->config.node)
		return RR_EINVAL;
	if (rr_peer_find(e, config->node))
		return RR_EEXIST;
	if (e->peers == RR_MAX_PEERS)
		return RR_EFULL;
	p = rr_alloc(&e->memory, peer_size(e));
	if (!p)
		return RR_ENOMEM;
	p->config = *config;
	p->refusals.bit = rr_refused_bit(e);
	p->state = RR_PEER_DOWN;
	begin(e, now, p);
	p->slots = e->config.window + RR_PARKED;
	p->slot = (struct rr_slot *)(p + 1);
	for (; at > 0 && e->peer[at - 1]->config.node > config->node; at--)
		e->peer[at] = e->peer[at - 1];
	e->peer[at] = p;
	e->peers++;
	return 0;
}

int rr_peer_remove(struct rr_engine *e, uint32_t node)
{
	for (uint32_t i = 0; i < e->peers; i++) {
		if (e->peer[i]->config.node != node)
			continue;
		rr_refused_forget(e, e->peer[i]);
		rr_release(&e->memory, e->peer[i], peer_size(e));
		e->peers--;
		memmove(e->peer + i, e->peer + i + 1, (e->peers - i) * sizeof(e->peer[0]));
		return 0;
	}
	return RR_ENOENT;
}

int rr_peer_enable(struct rr_engine *e, struct rr_now now, uint32_t node, bool on)
{
	struct rr_peer *p = rr_peer_find(e, node);

	if (!p)
		return RR_ENOENT;
	rr_peer_input(e, now, p, on ? RR_IN_ENABLE : RR_IN_DISABLE);
	return 0;
}

bool rr_peer_enabled(const struct rr_engine *e, uint32_t node)
{
	const struct rr_peer *p = rr_peer_find(e, node);

	return p && p->state != RR_PEER_DISABLED;
}

int rr_peers(const struct rr_engine *e, uint32_t nodes[RR_MAX_PEERS])
{
	for (uint32_t i = 0; i < e->peers; i++)
		nodes[i] = e->peer[i]->config.node;
	return (int)e->peers;
}
