/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module sl: replies without state. The To-tag is made from the request, so an ACK to such a reply
 * is known by its tag, and ends here.
 */
#include "sl_api.h"

#include "../../data_lump_rpl.h"
#include "../../error.h"
#include "../../forward.h"
#include "../../mem/mem.h"
#include "../../msg_translator.h"
#include "../../script_cb.h"
#include "../../tags.h"
#include "../../ut.h"

#define SL_TOTAG_SEPARATOR '.'

static stat_var *sent_rpls, *sent_err_rpls, *rcv_acks;

static void count(stat_var *var)
{
	if (var != NULL)
		update_stat(var, 1);
}

static int sl_gen_totag(struct sip_msg *msg, str *totag)
{
	make_totag(msg, SL_TOTAG_SEPARATOR, totag);
	return 1;
}

/* Where the reply goes (RFC 3261 18.2.2, RFC 3581). */
static void reply_address(struct sip_msg *msg, union sockaddr_union *to)
{
	if ((msg->msg_flags & FL_REPLY_TO_VIA) == 0 ||
		update_sock_struct_from_via(to, msg, msg->via1) < 0)
		update_sock_struct_from_ip(to, msg);
}

/* 1, or -1: an ACK, no Via, no memory, or not sent. tag: NULL or empty: one is made. */
static int sl_send_reply(struct sip_msg *msg, int code, const str *reason, str *tag)
{
	union sockaddr_union to;
	unsigned int len = 0;
	str own = STR_NULL, buf;
	int rc;

	if (msg->first_line.type != SIP_REQUEST || msg->REQ_METHOD == METHOD_ACK ||
		msg->via1 == NULL || code < 100 || code > 699) {
		LM_ERR("no reply %d to this message\n", code);
		return -1;
	}
	if (code > 100 && (tag == NULL || tag->len == 0)) {
		sl_gen_totag(msg, &own);
		if (tag != NULL)
			*tag = own;
	}
	buf.s = build_res_buf_from_sip_req((unsigned int)code, reason,
		code > 100 ? (own.len > 0 ? &own : tag) : NULL, msg, &len);
	if (buf.s == NULL) {
		LM_ERR("cannot build reply %d\n", code);
		return -1;
	}
	buf.len = (int)len;
	reply_address(msg, &to);
	rc = msg_send(msg->rcv.bind_address, msg->rcv.proto, &to, msg->rcv.proto_reserved1, buf.s,
		buf.len, NULL);
	pkg_free(buf.s);
	count(sent_rpls);
	return rc < 0 ? -1 : 1;
}

int load_sl(struct sl_binds *slb)
{
	if (slb == NULL)
		return -1;
	slb->reply = sl_send_reply;
	slb->gen_totag = sl_gen_totag;
	return 1;
}

/* --- script --------------------------------------------------------------------------- */

static int w_sl_send_reply(struct sip_msg *msg, int *code, str *reason)
{
	return sl_send_reply(msg, *code, reason, NULL);
}

/* Says what went wrong last: the error before the one of the function that failed. */
static int w_sl_reply_error(struct sip_msg *msg)
{
	char phrase[MAX_REASON_LEN];
	str reason = {phrase, 0};
	int code = 0;

	reason.len = err2reason_phrase(prev_ser_error, &code, phrase, sizeof(phrase), "SL");
	if (reason.len <= 0) {
		LM_ERR("no reply for error %d\n", prev_ser_error);
		return -1;
	}
	count(sent_err_rpls);
	return sl_send_reply(msg, code, &reason, NULL);
}

/* An ACK whose To has our tag is for a reply of ours: nobody else needs it. */
static int filter_ack(struct sip_msg *msg, void *param)
{
	str tag, *theirs;

	(void)param;
	if (msg->REQ_METHOD != METHOD_ACK)
		return SCB_RUN_ALL;
	if (parse_headers(msg, HDR_TO_F, 0) < 0 || msg->to == NULL || msg->via1 == NULL)
		return SCB_RUN_ALL;
	sl_gen_totag(msg, &tag);
	theirs = &get_to(msg)->tag_value;
	if (theirs->len != tag.len || memcmp(theirs->s, tag.s, (size_t)tag.len) != 0)
		return SCB_RUN_ALL;
	count(rcv_acks);
	return SCB_DROP_MSG;
}

static int mod_init(void)
{
	if (register_script_cb(filter_ack, PRE_SCRIPT_CB | REQ_TYPE_CB, NULL) < 0) {
		LM_ERR("cannot register for ACKs\n");
		return -1;
	}
	return init_totags();
}

static const cmd_export_t cmds[] = {
	{"sl_send_reply", (cmd_function)(void *)w_sl_send_reply,
		{{CMD_PARAM_INT, 0, 0}, {CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | ERROR_ROUTE},
	{"sl_reply_error", (cmd_function)(void *)w_sl_reply_error, {{0, 0, 0}},
		REQUEST_ROUTE | ERROR_ROUTE},
	{"load_sl", (cmd_function)(void *)load_sl, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const stat_export_t stats[] = {
	{"sent_replies", 0, &sent_rpls},
	{"sent_err_replies", 0, &sent_err_rpls},
	{"received_ACKs", 0, &rcv_acks},
	{0, 0, 0},
};

struct module_exports exports = {
	.name = "sl",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.stats = stats,
	.init_f = mod_init,
};
