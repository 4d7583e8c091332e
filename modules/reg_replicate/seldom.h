/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings that others can provoke as often as they like are written once in ten
 * seconds, for each place and process, with the number of those left out. Each
 * has a statistic that counts them all.
 */
#ifndef REG_REPLICATE_SELDOM_H
#define REG_REPLICATE_SELDOM_H

#include <stdbool.h>
#include <time.h>

#include "../../dprint.h"

struct seldom {
	time_t next;
	unsigned int left_out;
};

static inline bool seldom(struct seldom *s)
{
	time_t now = time(NULL);

	if (now < s->next) {
		s->left_out++;
		return false;
	}
	s->next = now + 10;
	return true;
}

#define WARN_SELDOM(_fmt, ...)                                                                     \
	do {                                                                                       \
		static struct seldom place;                                                        \
                                                                                                   \
		if (seldom(&place)) {                                                              \
			LM_WARN(_fmt " (%u like this not logged)\n", __VA_ARGS__, place.left_out); \
			place.left_out = 0;                                                        \
		}                                                                                  \
	} while (0)

#endif
