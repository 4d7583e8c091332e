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

#endif
