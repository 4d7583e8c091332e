/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callbacks of other modules on changes of contacts and records.
 *
 * They run in the process that makes the change, synchronously, with the AoR's
 * slot lock held: no usrloc lock may be taken in them, nothing be sent. After
 * DELETE and EXPIRE the binding is freed as soon as they return.
 */
#ifndef _UL_CALLBACKS_H
#define _UL_CALLBACKS_H

#include "ucontact.h"
#include "urecord.h"

typedef enum ul_cb_types {
	UL_CONTACT_INSERT = 1 << 0,
	UL_CONTACT_UPDATE = 1 << 1,
	UL_CONTACT_DELETE = 1 << 2, /* a contact ends with either DELETE or EXPIRE */
	UL_CONTACT_EXPIRE = 1 << 3,
	UL_AOR_INSERT = 1 << 4,
	UL_AOR_UPDATE = 1 << 5,
	UL_AOR_DELETE = 1 << 6, /* a record ends with either DELETE or EXPIRE */
	UL_AOR_EXPIRE = 1 << 7,
	ULCB_MAX = (1 << 8) - 1
} ul_cb_type;

/* OpenSIPS tells the previous next hop of an updated contact; always NULL here. */
typedef union ul_cb_extra ul_cb_extra;

#define is_contact_cb(type)                                                                        \
	((type) & (UL_CONTACT_INSERT | UL_CONTACT_UPDATE | UL_CONTACT_DELETE | UL_CONTACT_EXPIRE))

/* binding: a ucontact_t for contact types, a urecord_t for AoR types */
typedef void(ul_cb)(void *binding, ul_cb_type type, ul_cb_extra *extra);

/*
 * Before forking only (mod_init). types is a mask. 0, or -1 when there are too
 * many. No order between callbacks is promised.
 */
int register_ulcb(ul_cb_type types, ul_cb f);
void run_ul_callbacks(ul_cb_type type, void *binding, ul_cb_extra *extra);
void destroy_ulcb_list(void);

#endif
