/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peer's change into usrloc.
 */
#ifndef REG_REPLICATE_APPLY_H
#define REG_REPLICATE_APPLY_H

#include "engine/engine.h"
#include "payload.h"

void apply_init(const usrloc_api_t *ul);

/*
 * Applies one change: p->domain, aor, contact, callid, and for RR_SET all the rest
 * of the payload, to live until that wall second (0: for ever); `keep`: seconds that the
 * stamp must be remembered. `via` is the socket that the peer's message came in on.
 * Takes the slot lock, then the engine lock. Returns an enum rr_verdict, or a
 * negative enum rr_error: then the change is not here and must come again.
 */
int apply_change(const struct payload *p, struct rr_stamp stamp, enum rr_kind kind, uint32_t until,
	unsigned int keep, const struct socket_info *via);

#endif
