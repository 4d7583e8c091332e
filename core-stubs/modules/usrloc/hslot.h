/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collision slots of a domain's hash table and their locks.
 *
 * As in OpenSIPS there are fewer locks than slots: slot n of every domain uses
 * lock n modulo UL_LOCKS_NO. A lock is not recursive, so whoever holds one AoR
 * must not lock another. A process that takes a lock it already holds would hang
 * here for ever; it is detected and ends the process with a message instead.
 */
#ifndef HSLOT_H
#define HSLOT_H

#include "../../locking.h"
#include "../../map.h"

#define UL_LOCKS_NO 512

struct udomain;
struct urecord;

typedef struct hslot {
	map_t records; /* AoR -> struct urecord */
	unsigned int next_label;
	struct udomain *d;
	gen_lock_t *lock; /* shared with other slots */
} hslot_t;

int init_slot(struct udomain *d, hslot_t *s, int n);
/* Frees the slot's records; runs no callback. */
void deinit_slot(hslot_t *s);
int slot_add(hslot_t *s, struct urecord *r);
/* Takes the record out of the slot and frees it. */
void slot_rem(hslot_t *s, struct urecord *r);

int ul_init_locks(void);
void ul_destroy_locks(void);
/* All free again, whoever held them: for the last process. */
void ul_reset_locks(void);

#endif
