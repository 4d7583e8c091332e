/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A usrloc domain ("location"): a hash table of AoRs in shared memory.
 */
#ifndef UDOMAIN_H
#define UDOMAIN_H

#include "../../str.h"
#include "../../statistics.h"
#include "urecord.h"
#include "hslot.h"

struct ul_batch;

typedef struct udomain {
	str *name; /* zero terminated */
	int size;  /* number of slots, a power of two */
	struct hslot *table;
	stat_var *users;
	stat_var *contacts;
	stat_var *expires;
} udomain_t;

/* Run by insert_urecord() when the record is in memory, before anybody is told of it. */
typedef int (*ur_insert_pre_repl_cb_f)(struct urecord *r, void *info);

/* 0 and *d, or -1. The name is not copied and must live as long as the domain. */
int new_udomain(str *name, int size, udomain_t **d);
void free_udomain(udomain_t *d);
/*
 * Expires what is due in a slot, and gives batch what is to be written to SQL, NULL: nothing.
 * The caller holds its lock.
 */
void timer_slot(udomain_t *d, int slot, struct ul_batch *batch);
int mem_insert_urecord(udomain_t *d, str *aor, struct urecord **r);
void mem_delete_urecord(udomain_t *d, struct urecord *r);

/* The module's interface; see usrloc.h. */
void lock_udomain(udomain_t *d, str *aor);
void unlock_udomain(udomain_t *d, str *aor);
void lock_ulslot(udomain_t *d, int slot);
void unlock_ulslot(udomain_t *d, int slot);
int insert_urecord(udomain_t *d, str *aor, struct urecord **r, char skip_replication,
	ur_insert_pre_repl_cb_f pre_replicate_cb, void *pre_replicate_info);
int get_urecord(udomain_t *d, str *aor, struct urecord **r);
int delete_urecord(udomain_t *d, str *aor, struct urecord *r, char skip_replication);

#endif
