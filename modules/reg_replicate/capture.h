/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From usrloc to the engine: every change that usrloc makes is reported by it, in
 * the process that makes it and under the slot lock, and becomes a stamped change.
 */
#ifndef REG_REPLICATE_CAPTURE_H
#define REG_REPLICATE_CAPTURE_H

#include "engine/types.h"
#include "../usrloc/usrloc.h"

/* What of usrloc's reports this process takes, for the time being. */
enum capture_mode {
	CAPTURE_USUAL, /* known bindings, and with replicate_all new ones */
	CAPTURE_KNOWN, /* known bindings only */
	CAPTURE_ALL,   /* new bindings too */
	CAPTURE_NONE   /* a peer's change is being applied: it is not our own */
};

/* Registers with usrloc; before forking. Returns 0, or -1 after an error line. */
int capture_init(usrloc_api_t *ul);

/* Sets the mode of this process; returns the former, which is to be given back. */
enum capture_mode capture_enter(enum capture_mode mode);
void capture_leave(enum capture_mode former);

/* What usrloc reports until this is called with 0 comes from that plain peer, which has it already.
 */
void capture_from(uint32_t node);

/* What usrloc reports until this is called with NULL is this change of a peer: its stamp is put
 * into the contact. Its key is that of the contact. */
void capture_apply(const struct rr_change *change);

#endif
