/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See stream.h. */
#include <string.h>

#include "core.h"

bool rr_stream_valid(struct rr_stream_id id)
{
	return id.node != 0 && id.epoch != 0;
}

uint16_t rr_stream_find(const struct rr_engine *e, struct rr_stream_id id)
{
	for (uint16_t i = 0; i < e->top; i++)
		if (rr_same_stream(e->stream[i].id, id))
			return i;
	return RR_NO_STREAM;
}

static bool present_life(const struct rr_engine *e, struct rr_stream_id id)
{
	const struct rr_peer *p = rr_peer_find(e, id.node);

	return p && p->epoch == id.epoch;
}

bool rr_stream_live(const struct rr_engine *e, uint16_t index)
{
	const struct rr_stream *s = &e->stream[index];

	return s->id.node && (s->root || index == e->own || present_life(e, s->id));
}

static void drop(struct rr_engine *e, uint16_t index)
{
	for (uint32_t i = 0; i < e->peers; i++)
		rr_peer_drop_stream(e->peer[i], index);
	memset(&e->stream[index], 0, sizeof(e->stream[index]));
	while (e->top > 0 && !e->stream[e->top - 1].id.node)
		e->top--;
}

/* A free place; when there is none, that of the stream which has been dead for longest. */
static uint16_t place(struct rr_engine *e)
{
	uint16_t oldest = RR_NO_STREAM;

	for (uint16_t i = 0; i < RR_MAX_STREAMS; i++) {
		if (!e->stream[i].id.node)
			return i;
		if (rr_stream_live(e, i))
			continue;
		if (oldest == RR_NO_STREAM || e->stream[i].touched < e->stream[oldest].touched)
			oldest = i;
	}
	if (oldest != RR_NO_STREAM)
		drop(e, oldest);
	return oldest;
}

uint16_t rr_stream_get(struct rr_engine *e, struct rr_now now, struct rr_stream_id id)
{
	uint16_t i = rr_stream_find(e, id);

	if (i == RR_NO_STREAM) {
		i = place(e);
		if (i == RR_NO_STREAM) {
			rr_bump(e, stream_limit);
			rr_event_push(e, RR_EV_STREAM_LIMIT, id.node, RR_MAX_STREAMS);
			return i;
		}
		e->stream[i].id = id;
		if (e->top <= i)
			e->top = i + 1;
	}
	e->stream[i].touched = now.mono_ms;
	return i;
}

void rr_stream_collect(struct rr_engine *e, struct rr_now now)
{
	uint64_t idle = (uint64_t)RR_STREAM_IDLE * e->config.ping_interval;

	for (uint16_t i = 0; i < e->top; i++) {
		const struct rr_stream *s = &e->stream[i];

		if (s->id.node && !rr_stream_live(e, i) && now.mono_ms - s->touched > idle)
			drop(e, i);
	}
}
