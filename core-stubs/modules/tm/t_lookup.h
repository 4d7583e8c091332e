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
typedef void (*tunrefcell_f)(struct cell *);
typedef int (*tislocal_f)(struct sip_msg *);
typedef int (*tnewtran_f)(struct sip_msg *);

/* The current transaction: a cell, T_NULL_CELL or T_UNDEFINED. */
struct cell *get_t(void);
void set_t(struct cell *t);

/*
 * Finds the server transaction of a request; a retransmission of its INVITE's ACK counts as
 * its own. 1: found, and current, with a reference; 0: none; -1: the message is broken.
 */
int t_lookup_request(struct sip_msg *msg);

/* The INVITE transaction that a CANCEL is for, with a reference, or NULL. */
struct cell *t_lookupOriginalT(struct sip_msg *msg);

/* Finds a reply's transaction and branch. As t_lookup_request(). */
int t_reply_matching(struct sip_msg *msg, int *branch);

/*
 * New server transaction. 1: made; 0: the request was a retransmission (the last reply has been
 * sent again) or an ACK to a negative reply; negative: E_OUT_OF_MEM, E_BAD_REQ or such.
 */
int t_newtran(struct sip_msg *msg);

/* Drops the current transaction of this process. */
void t_unref(void);

int t_is_local(struct sip_msg *msg);

#endif
