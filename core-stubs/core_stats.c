/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's statistics, under the names that OpenSIPS gives them. */
#include <time.h>

#include "core_stats.h"
#include "globals.h"

stat_var *rcv_reqs, *rcv_rpls;
stat_var *fwd_reqs, *fwd_rpls;
stat_var *drp_reqs, *drp_rpls;
stat_var *err_reqs, *err_rpls;
stat_var *bad_URIs, *bad_msg_hdr;

/* Seconds since the start. */
static unsigned long stat_timestamp(void *unused)
{
	(void)unused;
	return (unsigned long)(time(NULL) - startup_time);
}

const stat_export_t core_stats[] = {
	{"rcv_requests", 0, &rcv_reqs},
	{"rcv_replies", 0, &rcv_rpls},
	{"fwd_requests", 0, &fwd_reqs},
	{"fwd_replies", 0, &fwd_rpls},
	{"drop_requests", 0, &drp_reqs},
	{"drop_replies", 0, &drp_rpls},
	{"err_requests", 0, &err_reqs},
	{"err_replies", 0, &err_rpls},
	{"bad_URIs_rcvd", 0, &bad_URIs},
	{"bad_msg_hdr", 0, &bad_msg_hdr},
	{"timestamp", STAT_IS_FUNC, (stat_var **)stat_timestamp},
	{0, 0, 0},
};
