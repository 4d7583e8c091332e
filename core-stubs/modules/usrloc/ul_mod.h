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
extern int ul_timer_interval;  /* seconds */
extern unsigned int nat_bflag; /* mask */

/* Parameters that say whether contacts are kept in SQL, and how, as given; NULL, -1: not given. */
extern char *ul_preset, *ul_cluster_mode, *ul_rr_persist, *ul_sql_write_mode, *ul_db_url_param;
extern int ul_db_mode;
/* Sets sql_wmode and ul_db_url of them. 0, or -1 with the reason logged. */
int ul_check_config(void);

#endif
