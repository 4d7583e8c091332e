/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at all contacts of usrloc, slot by slot. Contacts per slot may be many, as AoRs spread
 * unevenly and few slots are the default; so a slot is locked for a piece of it only.
 */
#ifndef REG_REPLICATE_SLOTS_H
#define REG_REPLICATE_SLOTS_H

#include "../usrloc/usrloc.h"

/* Called with the slot locked; it may take contacts out of the record. */
typedef void (*slots_record_f)(urecord_t *r, void *ctx);

/*
 * Calls f for the records of a slot in the order of their AoRs, with the slot unlocked for a moment
 * after `piece` of them. What is put in or taken out meanwhile may be seen or not.
 */
void slots_walk(
	const usrloc_api_t *ul, udomain_t *d, int slot, int piece, slots_record_f f, void *ctx);

#endif
