/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One binding of an Address-of-Record: a contact URI and all that was said about
 * it when it was registered.
 *
 * All memory of a contact is shared memory: the structure itself and one block
 * that holds its strings. An update builds a new block and then swaps, so it
 * happens completely or not at all, and a contact's address never changes while
 * it lives. Everything here is read and written under the AoR's slot lock.
 *
 * Left out of OpenSIPS's structure: next_hop, sipping_latency, cdb_key, shtag and the
 * members of contact refresh events.
 */
#ifndef UCONTACT_H
#define UCONTACT_H

#include <stdint.h>
#include <time.h>

#include "../../str.h"
#include "../../str_list.h"
#include "../../map.h"
#include "../../qvalue.h"
#include "../../ut.h"
#include "../../socket_info.h"

struct urecord;

/* What a contact is to a database, see ul_db.h; CS_NEW where there is none. */
typedef enum cstate {
	CS_NEW,
	CS_SYNC,
	CS_DIRTY
} cstate_t;

typedef enum flags {
	FL_NONE = 0,
	FL_MEM = 1 << 0, /* saved with memory-only */
	FL_EXTRA_HOP = 1 << 1,
	FL_PN_ON = 1 << 2,
	FL_ALL = (int)0xFFFFFFFF
} ucontact_flags_t;

/*
 * Identifies a contact within this node and this run, never across nodes:
 * bits 0-13 contact label, 14-45 record label, 46-61 hash of the AoR.
 */
typedef uint64_t ucontact_id;

/* How get_ucontact() decides that two contacts are the same binding. */
struct ct_match {
	enum {
		CT_MATCH_NONE = -1, /* as modparam matching_mode says */
		CT_MATCH_CONTACT_ONLY,
		CT_MATCH_CONTACT_CALLID,
		CT_MATCH_PARAMS
	} mode;
	str_list *match_params; /* names of URI parameters, CT_MATCH_PARAMS only */
};

typedef struct ucontact {
	ucontact_id contact_id;
	str *domain; /* the usrloc domain's name, zero terminated */
	str *aor;    /* into the record */
	str c;       /* contact URI */
	str received;
	str path;
	time_t expires; /* Unix time; 0 never, UL_EXPIRED_TIME dead but not removed yet */
	time_t expires_in;
	time_t expires_out;
	qvalue_t q;
	str instance;
	str callid;
	int cseq;
	cstate_t state;
	ucontact_flags_t flags;
	unsigned int cflags; /* branch flags, e.g. the NAT flag */
	str user_agent;
	const struct socket_info *sock; /* where it registered; NULL unknown */
	time_t last_modified;
	unsigned int methods; /* bit mask of the Allow header, ALL_METHODS without one */
	str attr;
	unsigned short label;
	map_t kv_storage; /* of the modules that put_ucontact_key() */

	struct ucontact *next; /* in the order lookup() takes them */
	struct ucontact *prev;

	char *strings; /* owns what the str members above point to */
} ucontact_t;

/* What is to be stored in a contact. Nothing of it is kept: all is copied. */
typedef struct ucontact_info {
	ucontact_id contact_id; /* 0: insert_ucontact() makes one */
	str *c;
	str received;
	str *path;
	time_t expires;
	time_t expires_in;
	time_t expires_out;
	qvalue_t q;
	str instance;
	str *callid;
	int cseq;
	ucontact_flags_t flags;
	unsigned int cflags;
	str *user_agent;
	const struct socket_info *sock;
	unsigned int methods;
	time_t last_modified; /* 0: now */
	str *attr;
	struct ct_match *cmatch;
	int (*pre_replicate_cb)(ucontact_t *c, void *info);
	void *pre_replicate_info;
} ucontact_info_t;

/* A contact that was removed while somebody may still want it: expired long ago. */
#define UL_EXPIRED_TIME          10
#define FORCE_EXPIRED_CONTACT(c) ((c)->expires == UL_EXPIRED_TIME)

/* Neither expired at time t, nor permanent contacts count as expired. */
#define VALID_CONTACT(c, t) ((c)->expires > (t) || (c)->expires == 0)

/* A new contact that belongs to no list yet, or NULL when memory is short. */
ucontact_t *new_ucontact(str *dom, str *aor, str *contact, ucontact_info_t *ci);
/* Frees a contact that is in no list, its kv storage included. NULL is allowed. */
void free_ucontact(ucontact_t *c);
/* Replaces what ci says; 0, or -1 when memory is short and nothing was changed. */
int mem_update_ucontact(ucontact_t *c, ucontact_info_t *ci);

/*
 * The module's interface; see usrloc.h. skip_replication speaks of OpenSIPS's
 * clustering, which is left out, and has no effect.
 */
int update_ucontact(struct urecord *r, ucontact_t *c, ucontact_info_t *ci,
	const struct ct_match *match, char skip_replication);
int_str_t *get_ucontact_key(ucontact_t *c, const str *key);
int_str_t *put_ucontact_key(ucontact_t *c, const str *key, const int_str_t *val);

#endif
