/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hybrid logical clock: milliseconds since 1970 and 16 bits of counter. It follows the wall
 * clock while that goes forward, and goes on counting when it does not; whatever stamp is seen
 * or replaced pushes it, so that what happens after is stamped after.
 */
#ifndef RR_CLOCK_H
#define RR_CLOCK_H

#include "types.h"

/* The next own time: past *clock, past `replaced`, not behind the wall. Stored in *clock. */
static inline uint64_t rr_clock_next(uint64_t *clock, struct rr_now now, uint64_t replaced)
{
	uint64_t time = *clock + 1;

	if (time < rr_hlc(now.wall_ms))
		time = rr_hlc(now.wall_ms);
	if (time <= replaced)
		time = replaced + 1;
	*clock = time;
	return time;
}

static inline void rr_clock_seen(uint64_t *clock, uint64_t time)
{
	if (*clock < time)
		*clock = time;
}

/* Is this time further in the future than `bound` ms? */
static inline bool rr_clock_ahead(uint64_t time, struct rr_now now, uint32_t bound)
{
	return rr_hlc_ms(time) > now.wall_ms + bound;
}

#endif
