/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of module usrloc to other modules: load_ul_api() fills it.
 *
 * Names, arguments and results are OpenSIPS 3.6's. Left out: federation
 * (get_global_urecord, have_cdb...), pinging (update_sipping_latency,
 * get_domain_ucontacts, get_all_ucontacts), finding by contact id and contact refresh events.
 * skip_replication arguments are about OpenSIPS's clustering and have no effect.
 */
#ifndef USRLOC_H
#define USRLOC_H

#include "../../sr_module.h"
#include "../../dprint.h"
#include "dlist.h"
#include "udomain.h"
#include "urecord.h"
#include "ucontact.h"
#include "ul_callback.h"

typedef enum ul_cluster_mode {
	CM_NONE,
	CM_FEDERATION,
	CM_FEDERATION_CACHEDB,
	CM_FULL_SHARING,
	CM_FULL_SHARING_CACHEDB,
	CM_SQL_ONLY
} ul_cluster_mode_t;

typedef struct usrloc_api {
	int use_domain;                    /* AoRs are user@host, not user */
	enum ul_cluster_mode cluster_mode; /* CM_NONE */
	int (*have_mem_storage)(void);     /* 1 */
	unsigned int nat_flag;             /* the NAT branch flag, as a mask */

	/* Makes the domain, or finds it; before forking only. 0 or negative. */
	int (*register_udomain)(const char *name, udomain_t **d);

	/* Everything below about one AoR is called between these two. Not recursive. */
	void (*lock_udomain)(udomain_t *d, str *aor);
	void (*unlock_udomain)(udomain_t *d, str *aor);

	/* 0 found, 1 not. Give it back with release_urecord() before unlocking. */
	int (*get_urecord)(udomain_t *d, str *aor, struct urecord **r);
	/* Drops the record if nothing holds it any more. */
	void (*release_urecord)(urecord_t *r, char skip_replication);
	/* The AoR must not exist yet. The last two may be NULL. 0 or negative. */
	int (*insert_urecord)(udomain_t *d, str *aor, struct urecord **r, char skip_replication,
		ur_insert_pre_repl_cb_f pre_replicate_cb, void *pre_replicate_info);
	/* Values attached to a record: NULL when there is none, or memory is short. */
	int_str_t *(*get_urecord_key)(urecord_t *r, const str *key);
	int_str_t *(*put_urecord_key)(urecord_t *r, const str *key, const int_str_t *val);
	/* With all its contacts, running their callbacks; r may be NULL. 0 or negative. */
	int (*delete_urecord)(udomain_t *d, str *aor, struct urecord *r, char skip_replication);

	/*
	 * 0 found; 1 not found; -1 found, but cseq is older than what is stored;
	 * -2 found with this very cseq a moment ago: a retransmission. The last two
	 * only where the Call-ID is the stored one. *c is set unless 1 is returned.
	 */
	int (*get_ucontact)(urecord_t *r, str *ct_uri, str *callid, int cseq,
		const struct ct_match *match, ucontact_t **c);
	int (*insert_ucontact)(urecord_t *r, str *ct_uri, ucontact_info_t *ci,
		const struct ct_match *match, char skip_replication, ucontact_t **c);
	int (*update_ucontact)(urecord_t *r, ucontact_t *c, ucontact_info_t *ci,
		const struct ct_match *match, char skip_replication);
	/* As for records. */
	int_str_t *(*get_ucontact_key)(ucontact_t *c, const str *key);
	int_str_t *(*put_ucontact_key)(ucontact_t *c, const str *key, const int_str_t *val);
	int (*delete_ucontact)(
		urecord_t *r, ucontact_t *c, const struct ct_match *match, char skip_replication);

	/* All domains: NULL gives the first, the last gives NULL. */
	udomain_t *(*get_next_udomain)(udomain_t *d);
	/* slot < d->size. Locks may be shared by slots and domains: hold one at a time. */
	void (*lock_ulslot)(udomain_t *d, int slot);
	void (*unlock_ulslot)(udomain_t *d, int slot);

	/* See ul_callback.h. */
	int (*register_ulcb)(ul_cb_type types, ul_cb cb);
} usrloc_api_t;

typedef int (*bind_usrloc_t)(usrloc_api_t *api);
int bind_usrloc(usrloc_api_t *api);

/* Before forking, from mod_init, usrloc being loaded. 0 or -1. */
static inline int load_ul_api(usrloc_api_t *ul)
{
	bind_usrloc_t bind = (bind_usrloc_t)find_export("ul_bind_usrloc", 0);

	if (!bind) {
		LM_ERR("can't bind usrloc\n");
		return -1;
	}
	return bind(ul) < 0 ? -1 : 0;
}

#endif
