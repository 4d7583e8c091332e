/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See slots.h. The map of a slot is ordered by AoR, as bytes, and its iterator begins with the
 * first one; so it goes on behind the last one that was seen, which may be gone by now. Passing
 * over a record costs a comparison, some 50 ns.
 */
#include <stdbool.h>
#include <string.h>

#include "slots.h"
#include "lock_times.h"
#include "../../map.h"

#define AOR_MAX 512 /* a piece does not end with a longer one */

struct place {
	char buf[AOR_MAX];
	str aor;
};

static bool is_behind(const str *aor, const struct place *at)
{
	int len = aor->len < at->aor.len ? aor->len : at->aor.len;
	int order = memcmp(aor->s, at->aor.s, len);

	return order ? order > 0 : aor->len > at->aor.len;
}

/* False: that was the last piece. */
static bool walk_piece(map_t records, struct place *at, int piece, slots_record_f f, void *ctx)
{
	bool begun = at->aor.s != NULL;
	map_iterator_t it;

	for (map_first(records, &it); iterator_is_valid(&it); iterator_next(&it)) {
		urecord_t *r = *iterator_val(&it);

		if (begun && !is_behind(&r->aor, at))
			continue;
		begun = false;
		if (piece <= 0 && r->aor.len <= AOR_MAX) {
			memcpy(at->buf, r->aor.s, r->aor.len);
			at->aor = (str){at->buf, r->aor.len};
			f(r, ctx);
			return true;
		}
		f(r, ctx);
		piece--;
	}
	return false;
}

void slots_walk(
	const usrloc_api_t *ul, udomain_t *d, int slot, int piece, slots_record_f f, void *ctx)
{
	struct place at = {.aor = {NULL, 0}};
	bool more = true;

	while (more) {
		ul->lock_ulslot(d, slot);
		SLOT_LOCKED();
		more = walk_piece(d->table[slot].records, &at, piece - 1, f, ctx);
		SLOT_UNLOCKED();
		ul->unlock_ulslot(d, slot);
	}
}
