/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3), and the current one of
 * this process.
 */
#ifndef TM_T_LOOKUP_H
#define TM_T_LOOKUP_H

#include "h_table.h"

/* nothing was looked up yet for the current message */
#define T_UNDEFINED ((struct cell *)-1)
#define T_NULL_CELL ((struct cell *)0)

typedef struct cell *(*tgett_f)(void);
typedef int (*tnewtran_f)(struct sip_msg *);
typedef int (*tlookup_ident_f)(struct cell **, unsigned int, unsigned int);
typedef void (*tunrefcell_f)(struct cell *);
typedef void (*setkr_f)(enum kill_reason kr);

/* The current transaction: a cell, T_NULL_CELL or T_UNDEFINED. */
struct cell *get_t(void);

/*
 * Finds the server transaction of a request; a retransmission of its INVITE's ACK counts as
 * its own. 1: found, and current, with a reference; 0: none; -1: the message is broken.
 */
int t_lookup_request(struct sip_msg *msg);

/* Points t's keys of matching into uas.request, a clone of msg. The hash entry's lock is held, or
 * t is in no table yet. */
void t_set_keys(struct cell *t, const struct sip_msg *msg);

/* The INVITE transaction that a CANCEL is for, with a reference, or NULL. */
struct cell *t_lookupOriginalT(struct sip_msg *msg);

/* The transaction with this identity (hash_index, label), with a reference, not made current. 1, or
 * -1 and NULL. */
int t_lookup_ident(struct cell **t, unsigned int hash_index, unsigned int label);

/* Finds a reply's transaction and branch. As t_lookup_request(). */
int t_reply_matching(struct sip_msg *msg, int *branch);

/*
 * New server transaction. 1: made; 0: the request was a retransmission (the last reply has been
 * sent again) or an ACK to a negative reply; negative: E_OUT_OF_MEM, E_BAD_REQ or such.
 */
int t_newtran(struct sip_msg *msg);
/* The same, for a request that is relayed: what scripts added for replies is kept with it too. */
int t_newtran_full(struct sip_msg *msg);

/* Drops the current transaction of this process; nothing is looked up any more. */
void t_unref(void);

/*
 * The transaction that this process works on, and what the script has chosen for one that is to
 * be made. A process that handles something else in between (a time-out, a request of its own)
 * puts this aside and back.
 */
struct t_work {
	struct cell *t;
	unsigned int msg_id;   /* of the message that t was looked up for */
	int branch;            /* of a reply, or the branch being sent; -1: none */
	int made_here;         /* t was made by this process, for this message */
	int handled;           /* and was relayed or answered for good: it will end by itself */
	int code;              /* $T_reply_code in a failure route */
	struct usr_avp **avps; /* list to go back to */
	struct script_route_ref *on_reply, *on_negative, *on_branch;
};
extern struct t_work t_work;

/* To be called with the message at hand before t_work is used: forgets about a former one. */
void t_work_on(const struct sip_msg *msg);

/* Makes t current (its reference is lent), with its AVPs; returns what was before. */
struct t_work t_work_begin(struct cell *t, unsigned int msg_id, int branch);
void t_work_end(struct t_work before);

/* Where replies to this request go (RFC 3261 18.2.2, RFC 3581). */
void t_reply_address(struct sip_msg *msg, struct dest_info *dst);

/* Writes our Via's branch parameter: cookie, hash.label.branch. Returns its length. */
int t_make_branch(const struct cell *t, int branch, char *buf, size_t size);

#endif
