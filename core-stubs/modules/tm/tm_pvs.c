/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pseudo-variables of transactions. Time-outs may be set before there is a transaction; then they
 * wait in t_work for the one that is made.
 */
#include "tm_pvs.h"

#include <stdio.h>

#include "../../ut.h"
#include "t_lookup.h"
#include "tm_params.h"

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

static int get_branch_idx(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	if (current() == NULL || t_work.branch < 0)
		return pv_get_null(msg, param, res);
	return pv_get_sintval(msg, param, res, t_work.branch);
}

static int get_ruri(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	struct cell *t = current();

	if (t == NULL || t_work.branch < 0 || t_work.branch >= t->nr_of_outgoings ||
		t->uac[t_work.branch]->uri.len == 0)
		return pv_get_null(msg, param, res);
	return pv_get_strval(msg, param, res, &t->uac[t_work.branch]->uri);
}

static int get_id(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	static char buf[20];
	str s = {buf, 0};

	if (current() == NULL)
		return pv_get_null(msg, param, res);
	s.len = snprintf(buf, sizeof(buf), "%x.%x", current()->hash_index, current()->label);
	return pv_get_strval(msg, param, res, &s);
}

static int get_fr(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	int n = current() != NULL       ? current()->fr_timeout
		: t_work.fr_timeout > 0 ? t_work.fr_timeout
					: fr_timeout;

	return pv_get_sintval(msg, param, res, n);
}

static int get_fr_inv(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	int n = current() != NULL           ? current()->fr_inv_timeout
		: t_work.fr_inv_timeout > 0 ? t_work.fr_inv_timeout
					    : fr_inv_timeout;

	return pv_get_sintval(msg, param, res, n);
}

/* Seconds out of a value; NULL means the default. 0 or -1. */
static int seconds_of(const pv_value_t *val, int def, int *n)
{
	*n = def;
	if (val == NULL || (val->flags & PV_VAL_NULL) != 0)
		return 0;
	if ((val->flags & PV_VAL_INT) == 0 || val->ri <= 0) {
		LM_ERR("a time-out is a positive number of seconds\n");
		return -1;
	}
	*n = val->ri;
	return 0;
}

static int set_fr(struct sip_msg *msg, pv_param_t *param, int op, pv_value_t *val)
{
	int n;

	(void)param;
	(void)op;
	if (seconds_of(val, fr_timeout, &n) < 0)
		return -1;
	if (current() != NULL) {
		current()->fr_timeout = n;
		return 0;
	}
	t_work_on(msg);
	t_work.fr_timeout = n;
	return 0;
}

static int set_fr_inv(struct sip_msg *msg, pv_param_t *param, int op, pv_value_t *val)
{
	int n;

	(void)param;
	(void)op;
	if (seconds_of(val, fr_inv_timeout, &n) < 0)
		return -1;
	if (current() != NULL) {
		current()->fr_inv_timeout = n;
		return 0;
	}
	t_work_on(msg);
	t_work.fr_inv_timeout = n;
	return 0;
}

#define PV_NAME(_s)                                                                                \
	{                                                                                          \
		_s, sizeof(_s) - 1                                                                 \
	}

const pv_export_t tm_pvs[] = {
	{PV_NAME("T_reply_code"), 1000, get_reply_code, 0, 0, 0, 0, 0},
	{PV_NAME("T_branch_idx"), 1001, get_branch_idx, 0, 0, 0, 0, 0},
	{PV_NAME("T_ruri"), 1002, get_ruri, 0, 0, 0, 0, 0},
	{PV_NAME("T_id"), 1003, get_id, 0, 0, 0, 0, 0},
	{PV_NAME("T_fr_timeout"), 1004, get_fr, set_fr, 0, 0, 0, 0},
	{PV_NAME("T_fr_inv_timeout"), 1005, get_fr_inv, set_fr_inv, 0, 0, 0, 0},
	{{0, 0}, 0, 0, 0, 0, 0, 0, 0},
};
