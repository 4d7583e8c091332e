/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of contacts that usrloc takes for new although they have one. An INSERT that timed out may
 * be carried out all the same, when the server goes on. usrloc repeats it at each flush, and fails,
 * since the contact's id is the table's key; so the row keeps what it was, and our vector stands
 * still.
 *
 * Whoever has no row after some flushes is looked for in the table. Is there a row of that contact,
 * with its id, then it becomes CS_DIRTY, and the next flush updates that row. Nothing can come in
 * between: usrloc deletes only rows of contacts that it does not take for new, and under the slot
 * lock no flush is under way.
 *
 * For the one process that stores (keeper.c).
 */
#ifndef REG_REPLICATE_ROWS_H
#define REG_REPLICATE_ROWS_H

#include "engine/types.h"
#include "../usrloc/usrloc.h"

/* usrloc's rows are in the database of db_url: without this call nothing is looked for. */
void rows_init(const usrloc_api_t *ul);

/* A walk over all contacts begins and ends. No lock is held. */
void rows_walk_begins(struct rr_now now);
void rows_walk_ends(void);
/* A contact of this domain and slot has no row yet: CS_NEW, and not memory-only. The slot is
 * locked; nothing of the contact is kept but copies. */
void rows_note(int domain, int slot, const ucontact_t *c);

/* Asks about those that were noted long enough ago; blocks, no lock is held. 0, or -1 when the
 * database refused: then the same ones are asked about the next time. */
int rows_ask(struct rr_now now);

#endif
