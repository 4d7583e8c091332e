/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters of the module, set by modparam before forking. */
#ifndef TM_PARAMS_H
#define TM_PARAMS_H

extern int fr_timeout;     /* seconds */
extern int fr_inv_timeout; /* seconds */
extern int wt_timer;       /* seconds */
extern int t1_timer;       /* milliseconds */
extern int t2_timer;       /* milliseconds */
extern int auto_100trying;
extern int onreply_avp_mode;         /* 1: AVPs of the transaction in onreply_route */
extern int restart_fr_on_each_reply; /* provisional replies start fr_inv_timeout again */
extern int disable_6xx_block;        /* 6xx is a failure like others */
extern int pass_provisional_replies; /* local transactions: provisional ones to callbacks */

#endif
