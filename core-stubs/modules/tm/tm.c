/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module tm: what scripts and other modules see of transactions.
 */
#include <regex.h>
#include <string.h>

#include "tm_load.h"

#include "../../dprint.h"
#include "../../error.h"
#include "../../flags.h"
#include "../../mem/mem.h"
#include "../../mod_fix.h"
#include "../../msg_translator.h"
#include "../../script_cb.h"
#include "../../tags.h"
#include "../../ut.h"
#include "t_fwd.h"
#include "t_stats.h"
#include "tm_params.h"
#include "tm_pvs.h"

int fr_timeout = 30;
int fr_inv_timeout = 120;
int wt_timer = 5;
int t1_timer = 500;
int t2_timer = 4000;
int auto_100trying = 1;

stat_var *tm_rcv_rpls, *tm_rld_rpls, *tm_loc_rpls, *tm_uas_trans, *tm_uac_trans, *tm_no_memory;

static struct cell *current(void)
{
	return t_work.t == T_UNDEFINED ? NULL : t_work.t;
}

/* --- C interface ---------------------------------------------------------------------- */

static int api_reply(struct sip_msg *msg, unsigned int code, const str *reason)
{
	if (current() == NULL) {
		LM_ERR("no transaction to reply in\n");
		return -1;
	}
	return t_reply(current(), msg, code, reason);
}

/* Somebody else will answer or end it: it is not ended with the script. */
static void set_kr(enum kill_reason kr)
{
	t_work.handled |= kr != REQ_EXIST;
}

/* 1 there is one (for a CANCEL: the INVITE's), -1 there is none, 0 it was absorbed. */
static int check_trans(struct sip_msg *msg)
{
	struct cell *t;

	if (msg->first_line.type == SIP_REPLY)
		return current() != NULL ? 1 : -1;
	if (msg->REQ_METHOD == METHOD_CANCEL) {
		t = t_lookupOriginalT(msg);
		if (t == NULL)
			return -1;
		t_unref_cell(t);
		return 1;
	}
	if (t_lookup_request(msg) <= 0)
		return -1;
	return t_work.made_here ? 1 : t_absorb(t_work.t, msg);
}

int load_tm(struct tm_binds *tmb)
{
	*tmb = (struct tm_binds){
		.register_tmcb = register_tmcb,
		.t_newtran = t_newtran,
		.t_reply = api_reply,
		.t_reply_with_body = t_reply_with_body,
		.t_gen_totag = t_gen_totag,
		.t_lookup_ident = t_lookup_ident,
		.t_request_within = req_within,
		.new_dlg_uac = new_dlg_uac,
		.free_dlg = free_dlg,
		.t_gett = get_t,
		.unref_cell = t_unref_cell,
		.t_setkr = set_kr,
	};
	return 1;
}

/* --- script functions ------------------------------------------------------------------ */

/* What a C error is for the script: one of the documented codes of t_relay(). */
static int script_rc(int rc)
{
	switch (rc) {
	case E_BAD_TUPEL:
	case E_BAD_REQ:
		return -2;
	case E_NO_DESTINATION:
		return -3;
	case E_BAD_URI:
	case E_BAD_ADDRESS:
		return -4;
	case E_SEND:
		return -6;
	default:
		return rc < 0 ? -1 : rc;
	}
}

/*
 * For want of memory there is no transaction: tells the sender so without one, once, and ends the
 * script (0). Any other error is the script's to deal with.
 */
static int script_rc_or_503(struct sip_msg *msg, int rc)
{
	struct dest_info dst;
	unsigned int len = 0;
	str buf, reason, tag;

	if (rc != E_OUT_OF_MEM || current() != NULL || msg->REQ_METHOD == METHOD_ACK)
		return script_rc(rc);
	init_str(&reason, t_reason(503));
	t_gen_totag(msg, &tag);
	buf.s = build_res_buf_from_sip_req(503, &reason, &tag, msg, &len);
	if (buf.s == NULL)
		return script_rc(rc);
	buf.len = (int)len;
	t_reply_address(msg, &dst);
	t_send_to(&dst, &buf);
	pkg_free(buf.s);
	return 0;
}

static int w_t_newtran(struct sip_msg *msg)
{
	return script_rc_or_503(msg, t_newtran(msg));
}

static int w_t_relay(struct sip_msg *msg)
{
	return script_rc_or_503(msg, t_relay(msg));
}

static int w_t_replicate(struct sip_msg *msg, str *uri)
{
	return script_rc(t_replicate(msg, uri));
}

static int w_t_reply(struct sip_msg *msg, int *code, str *reason)
{
	int rc;

	if (msg->REQ_METHOD == METHOD_ACK) {
		LM_DBG("ACKs are not replied to\n");
		return -1;
	}
	if (current() == NULL) {
		rc = t_newtran(msg);
		if (rc <= 0)
			return script_rc(rc);
	}
	return t_reply(current(), msg, (unsigned int)*code, reason);
}

static int w_t_on_failure(struct sip_msg *msg, struct script_route_ref *ref)
{
	if (current() != NULL) {
		current()->on_negative = ref;
		return 1;
	}
	t_work_on(msg);
	t_work.on_negative = ref;
	return 1;
}

static int w_t_on_reply(struct sip_msg *msg, struct script_route_ref *ref)
{
	struct cell *t = current();

	if (is_route_type(BRANCH_ROUTE) && t != NULL && t_work.branch >= 0) {
		t->uac[t_work.branch]->on_reply = ref;
	} else if (t != NULL) {
		t->on_reply = ref;
	} else {
		t_work_on(msg);
		t_work.on_reply = ref;
	}
	return 1;
}

static int w_t_on_branch(struct sip_msg *msg, struct script_route_ref *ref)
{
	if (current() != NULL) {
		current()->on_branch = ref;
		return 1;
	}
	t_work_on(msg);
	t_work.on_branch = ref;
	return 1;
}

/* 1, or -1: it was not, or there is no transaction. */
static int w_t_was_cancelled(struct sip_msg *msg)
{
	(void)msg;
	return current() != NULL && was_cancelled(current()) ? 1 : -1;
}

static int w_t_check_status(struct sip_msg *msg, regex_t *re)
{
	str code;
	char text[INT2STR_MAX_LEN];

	if (current() == NULL) {
		LM_ERR("no transaction, so no status\n");
		return -1;
	}
	code.s = int2str((uint64_t)t_current_code(msg), &code.len);
	memcpy(text, code.s, (size_t)code.len);
	text[code.len] = '\0';
	return regexec(re, text, 0, NULL, 0) == 0 ? 1 : -1;
}

/* --- fixups ---------------------------------------------------------------------------- */

static int fixup_route(void **param, struct script_route *table, int size, int type)
{
	str *name = *param;
	struct script_route_ref *ref = ref_script_route_by_name_str(name, table, size, type, 0);

	if (!ref_script_route_is_valid(ref)) {
		LM_ERR("no %s[%.*s]\n", route_type_name(type), name->len, name->s);
		return E_CFG;
	}
	*param = ref;
	return 0;
}

static int fixup_failure(void **param)
{
	return fixup_route(param, sroutes->failure, FAILURE_RT_NO, FAILURE_ROUTE);
}

static int fixup_onreply(void **param)
{
	return fixup_route(param, sroutes->onreply, ONREPLY_RT_NO, ONREPLY_ROUTE);
}

static int fixup_branch(void **param)
{
	return fixup_route(param, sroutes->branch, BRANCH_RT_NO, BRANCH_ROUTE);
}

static int free_route(void **param)
{
	unref_script_route(*param);
	return 0;
}

static int fixup_regex(void **param)
{
	const str *s = *param;
	regex_t *re = pkg_malloc(sizeof(*re));
	char text[256];

	if (re == NULL)
		return E_OUT_OF_MEM;
	if (s->len >= (int)sizeof(text)) {
		LM_ERR("expression of %d bytes is too long\n", s->len);
		pkg_free(re);
		return E_CFG;
	}
	memcpy(text, s->s, (size_t)s->len);
	text[s->len] = '\0';
	if (regcomp(re, text, REG_EXTENDED | REG_NOSUB) != 0) {
		LM_ERR("bad expression '%s'\n", text);
		pkg_free(re);
		return E_BAD_RE;
	}
	*param = re;
	return 0;
}

static int free_regex(void **param)
{
	regfree(*param);
	pkg_free(*param);
	return 0;
}

/* --- module --------------------------------------------------------------------------- */

/* The script is done. What it neither relayed nor answered must not stay for ever. */
static int end_of_script(struct sip_msg *msg, void *param)
{
	struct cell *t = current();

	(void)param;
	if (t_work.msg_id != msg->id)
		return SCB_RUN_ALL;
	if (t != NULL && t_work.made_here && !t_work.handled) {
		LM_DBG("script left a transaction neither relayed nor answered\n");
		t_put_on_wait(t);
	}
	t_unref();
	return SCB_RUN_ALL;
}

static int check_param(const char *name, int value, int min, int max)
{
	if (value >= min && value <= max)
		return 0;
	LM_ERR("parameter %s is %d, not %d to %d\n", name, value, min, max);
	return -1;
}

static int mod_init(void)
{
	if (check_param("fr_timeout", fr_timeout, 1, 86400) < 0 ||
		check_param("fr_inv_timeout", fr_inv_timeout, 1, 86400) < 0 ||
		check_param("wt_timer", wt_timer, 1, 3600) < 0 ||
		check_param("T1_timer", t1_timer, TM_TICK_MS, 3600000) < 0 ||
		check_param("T2_timer", t2_timer, t1_timer, 3600000) < 0)
		return -1;
	if (init_totags() < 0 || init_hash_table() < 0 || tm_init_timers() < 0)
		return -1;
	if (register_utimer("tm-utimer", utimer_routine, NULL, TM_TICK_MS * 1000,
		    TIMER_FLAG_DELAY_ON_DELAY) < 0 ||
		register_script_cb(end_of_script, POST_SCRIPT_CB | REQ_TYPE_CB, NULL) < 0) {
		LM_ERR("cannot register timer and callback\n");
		return -1;
	}
	return 0;
}

static void destroy(void)
{
	tm_drop_timers();
	free_hash_table();
	tm_free_timers();
}

static unsigned long inuse(void *context)
{
	(void)context;
	return transaction_count();
}

#define CMD(_f) ((cmd_function)(void *)(_f))
#define NO_PARAMS                                                                                  \
	{                                                                                          \
		{                                                                                  \
			0, 0, 0                                                                    \
		}                                                                                  \
	}

static const cmd_export_t cmds[] = {
	{"t_newtran", CMD(w_t_newtran), NO_PARAMS, REQUEST_ROUTE},
	{"t_reply", CMD(w_t_reply), {{CMD_PARAM_INT, 0, 0}, {CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE},
	{"t_relay", CMD(w_t_relay), NO_PARAMS, REQUEST_ROUTE | FAILURE_ROUTE},
	{"t_replicate", CMD(w_t_replicate), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}}, REQUEST_ROUTE},
	{"t_on_failure", CMD(w_t_on_failure),
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_failure, free_route}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE},
	{"t_on_reply", CMD(w_t_on_reply),
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_onreply, free_route}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE | LOCAL_ROUTE},
	{"t_on_branch", CMD(w_t_on_branch),
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_branch, free_route}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE},
	{"t_check_trans", CMD(check_trans), NO_PARAMS, REQUEST_ROUTE | BRANCH_ROUTE},
	{"t_was_cancelled", CMD(w_t_was_cancelled), NO_PARAMS,
		REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE},
	{"t_check_status", CMD(w_t_check_status),
		{{CMD_PARAM_STR, fixup_regex, free_regex}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE},
	{"load_tm", CMD(load_tm), NO_PARAMS, 0},
	{0, 0, NO_PARAMS, 0},
};

static const param_export_t params[] = {
	{"fr_timeout", INT_PARAM, &fr_timeout},
	{"fr_inv_timeout", INT_PARAM, &fr_inv_timeout},
	{"wt_timer", INT_PARAM, &wt_timer},
	{"T1_timer", INT_PARAM, &t1_timer},
	{"T2_timer", INT_PARAM, &t2_timer},
	{"auto_100trying", INT_PARAM, &auto_100trying},
	{0, 0, 0},
};

static const stat_export_t stats[] = {
	{"received_replies", 0, &tm_rcv_rpls},
	{"relayed_replies", 0, &tm_rld_rpls},
	{"local_replies", 0, &tm_loc_rpls},
	{"UAS_transactions", 0, &tm_uas_trans},
	{"UAC_transactions", 0, &tm_uac_trans},
	{"inuse_transactions", STAT_IS_FUNC | STAT_NO_RESET, (stat_var **)(void *)inuse},
	{"no_memory", 0, &tm_no_memory},
	{0, 0, 0},
};

struct module_exports exports = {
	.name = "tm",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.stats = stats,
	.items = tm_pvs,
	.init_f = mod_init,
	.response_f = reply_received,
	.destroy_f = destroy,
};
