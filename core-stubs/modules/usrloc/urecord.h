/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An Address-of-Record and the list of its contacts, in shared memory. It exists
 * as long as it has a contact, or is_static is set, or no_clear_ref is positive:
 * release_urecord() drops it otherwise. All of it is used under its slot's lock.
 */
#ifndef URECORD_H
#define URECORD_H

#include "../../str.h"
#include "../../map.h"
#include "ucontact.h"
#include "hslot.h"

struct hslot;
struct ul_batch;

typedef struct urecord {
	str *domain;
	str aor; /* user, or user@host with use_domain=1; in lower case as registrar gives it */
	unsigned int aorhash;
	unsigned int label; /* part of the ids of its contacts */
	unsigned short next_clabel;
	ucontact_t *contacts;
	struct hslot *slot;
	int no_clear_ref;
	int is_static;
	map_t kv_storage;
} urecord_t;

/* Makes a record that is in no slot; 0 or -1 when memory is short. */
int new_urecord(str *dom, str *aor, urecord_t **r);
/* Frees a record that is in no slot, with its contacts; runs no callback. */
void free_urecord(urecord_t *r);

/* List handling without callbacks. The new contact's place is by q or by time. */
ucontact_t *mem_insert_ucontact(urecord_t *r, str *contact, ucontact_info_t *ci);
void mem_remove_ucontact(urecord_t *r, ucontact_t *c);
/* Between two of its contacts; NULL: at the front, at the end. */
void mem_link_ucontact(urecord_t *r, ucontact_t *c, ucontact_t *prev, ucontact_t *next);
void mem_delete_ucontact(urecord_t *r, ucontact_t *c);
/*
 * Removes expired contacts, running UL_CONTACT_EXPIRE for each, and gives batch what is to
 * be written to SQL (NULL: nothing is).
 */
void timer_urecord(urecord_t *r, struct ul_batch *batch);

/* The module's interface; see usrloc.h. */
void release_urecord(urecord_t *r, char skip_replication);
int insert_ucontact(urecord_t *r, str *contact, ucontact_info_t *ci, const struct ct_match *match,
	char skip_replication, ucontact_t **c);
int delete_ucontact(
	urecord_t *r, ucontact_t *c, const struct ct_match *match, char skip_replication);
int get_ucontact(urecord_t *r, str *contact, str *callid, int cseq, const struct ct_match *match,
	ucontact_t **c);
uint64_t next_contact_id(urecord_t *r);
int_str_t *get_urecord_key(urecord_t *r, const str *key);
int_str_t *put_urecord_key(urecord_t *r, const str *key, const int_str_t *val);

#endif
