/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer's part of SQL: rows of contacts that are not as memory is.
 *
 * A slot is walked with its lock held; in write-back what is to be written is only copied
 * then, and written when the lock is free again. Only one process flushes at a time
 * (flush_lock, which nothing else waits for). A row that could not be written is put back:
 * its contact is CS_NEW or CS_DIRTY again, for the next time. A row that could not be deleted
 * stays: as in OpenSIPS its contact is gone by then.
 */
#ifndef UL_FLUSH_H
#define UL_FLUSH_H

#include "ul_db.h"
#include "udomain.h"

struct ul_copy;

struct ul_batch {
	struct ul_copy *first, **end;
	int broken;            /* the database does not answer: nothing more is written */
	unsigned long pending; /* changes that stay for the next time */
};

/* For a contact that ends: 1 when it is to stay, for want of memory. batch may be NULL. */
int ul_batch_end(struct ul_batch *batch, ucontact_t *c);
/* For one that lives: its row, if it needs to be written. */
void ul_batch_write(struct ul_batch *batch, ucontact_t *c);

/* Expires contacts and writes rows, in all domains. */
void ul_flush_all(void);
/* At the end, in the only process that is left: writes rows; nothing expires, nobody is told. */
void ul_flush_last(void);

/*
 * Deletes the rows of an AoR, or of all with NULL, whoever wrote them; the next flush writes
 * those of the contacts that are in memory. The caller holds no slot lock; in write-through
 * nobody can use a slot meanwhile. 0; 1: there is no such AoR; -1: not deleted (logged), and
 * nothing has changed.
 */
int ul_write_anew(udomain_t *d, str *aor);

int ul_flush_init(void);
void ul_flush_destroy(void);

#endif
