/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics of group tm. */
#ifndef TM_T_STATS_H
#define TM_T_STATS_H

#include "../../statistics.h"

extern stat_var *tm_rcv_rpls;
extern stat_var *tm_rld_rpls;
extern stat_var *tm_loc_rpls;
extern stat_var *tm_uas_trans;
extern stat_var *tm_uac_trans;
extern stat_var *tm_no_memory; /* transactions that could not be made */

/* Counts, where statistics are registered at all. */
static inline void tm_count(stat_var *var)
{
	if (var != NULL)
		update_stat(var, 1);
}

#endif
