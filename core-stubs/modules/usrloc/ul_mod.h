/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's parameters set.
 */
#ifndef UL_MOD_H
#define UL_MOD_H

extern int use_domain;
extern int desc_time_order;
extern int cseq_delay;   /* seconds in which an equal CSeq is a retransmission */
extern int ul_hash_size; /* slots per domain, a power of two once mod_init has run */
extern int matching_mode;
extern unsigned int nat_bflag; /* mask */

#endif
