/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics of the core: what came in, what went on, what was dropped. They are
 * there once init_stats_collector() has run, which is before any message is read.
 */
#ifndef _CORE_STATS_H_
#define _CORE_STATS_H_

#include "statistics.h"

extern const stat_export_t core_stats[];

extern stat_var *rcv_reqs;    /* requests received */
extern stat_var *rcv_rpls;    /* replies received */
extern stat_var *fwd_reqs;    /* requests sent on without a transaction */
extern stat_var *fwd_rpls;    /* replies sent on without a transaction */
extern stat_var *drp_reqs;    /* requests dropped before or by the script */
extern stat_var *drp_rpls;    /* replies dropped before or by the script */
extern stat_var *err_reqs;    /* requests that could not be handled (bad Via, ...) */
extern stat_var *err_rpls;    /* replies that could not be handled */
extern stat_var *bad_URIs;    /* URIs parse_uri() refused */
extern stat_var *bad_msg_hdr; /* headers that could not be parsed, unsupported methods */

#endif
