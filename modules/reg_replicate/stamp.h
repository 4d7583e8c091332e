/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stamp of a binding, kept with its contact in usrloc's key-value storage, so that usrloc
 * writes it into the contact's row: as "time.node.epoch.expires.keep.unsaved", hexadecimal; keep is
 * 0 where it is as expires, unsaved where it is as time. 50 bytes.
 *
 * It has to be put inside usrloc's INSERT or UPDATE callback: what is put later may miss the row.
 */
#ifndef REG_REPLICATE_STAMP_H
#define REG_REPLICATE_STAMP_H

#include <stdbool.h>

#include "engine/types.h"
#include "../../str.h"
#include "../usrloc/usrloc.h"

#define STAMP_KEY "repl"
#define STAMP_MAX 96 /* bytes of its text */

struct stamp {
	struct rr_stamp stamp;
	uint32_t expires; /* of the contact when it was stamped: shows a change made without us */
	uint32_t keep;    /* as in struct rr_change */
	/* Time of the oldest change since the row was written; of this one where the row had the
	 * one before. */
	uint64_t unsaved;
};

/* Pure: to text (returns its length, at most STAMP_MAX) and back (false: it is none). */
int stamp_write(const struct stamp *s, char buf[STAMP_MAX]);
bool stamp_read(struct stamp *s, const str *text);

void stamp_init(const usrloc_api_t *api);
/* The contact's; false: it has none. The slot is locked. */
bool stamp_of(ucontact_t *c, struct stamp *s);
/*
 * Puts it; inside the callback, the slot locked. inserted: the contact is new; then `before` is the
 * time of what was known of the binding, or 0. -1: no memory, and the line is written.
 */
int stamp_put(ucontact_t *c, const struct rr_change *change, bool inserted, uint64_t before);

#endif
