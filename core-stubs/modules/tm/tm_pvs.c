/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pseudo-variables of transactions. */
#include "tm_pvs.h"

#include "t_lookup.h"

static struct cell *current(void)
{
	return t_work.t == T_UNDEFINED ? NULL : t_work.t;
}

int t_current_code(struct sip_msg *msg)
{
	if (current() == NULL)
		return 0;
	if (is_route_type(ONREPLY_ROUTE) && msg->first_line.type == SIP_REPLY)
		return (int)msg->REPLY_STATUS;
	return is_route_type(FAILURE_ROUTE) ? t_work.code : (int)current()->uas.status;
}

static int get_reply_code(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	return pv_get_sintval(msg, param, res, t_current_code(msg));
}

/* The branch that a branch_route, onreply_route or failure_route is about. */
static int get_branch_idx(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	if (current() == NULL || t_work.branch < 0)
		return pv_get_null(msg, param, res);
	return pv_get_sintval(msg, param, res, t_work.branch);
}

#define PV_NAME(_s)                                                                                \
	{                                                                                          \
		_s, sizeof(_s) - 1                                                                 \
	}

const pv_export_t tm_pvs[] = {
	{PV_NAME("T_branch_idx"), 1000, get_branch_idx, 0, 0, 0, 0, 0},
	{PV_NAME("T_reply_code"), 1000, get_reply_code, 0, 0, 0, 0, 0},
	{{0, 0}, 0, 0, 0, 0, 0, 0, 0},
};
