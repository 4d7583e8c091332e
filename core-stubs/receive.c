/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a message through a process:
 *
 *   parse -> defects -> callbacks -> script -> callbacks                    (requests)
 *                    -> callbacks -> onreply_route -> modules -> forwarding (replies)
 *
 * Nothing malformed reaches callbacks or the script. A request whose topmost Via is good is
 * answered with what is wrong; everything else is counted and forgotten, since an answer to
 * a forged address only helps who forged it.
 */
#include "action.h"
#include "core_stats.h"
#include "dprint.h"
#include "dset.h"
#include "error.h"
#include "forward.h"
#include "hash_func.h"
#include "mem/mem.h"
#include "msg_translator.h"
#include "receive.h"
#include "route.h"
#include "script_cb.h"
#include "usr_avp.h"

static unsigned int msg_no;

unsigned int get_next_msg_no(void)
{
	return ++msg_no;
}

/* Answers a request without the script. The tag is the same for the same request. */
static void reject(struct sip_msg *msg, int code, const char *reason)
{
	union sockaddr_union to;
	str text = {(char *)reason, (int)strlen(reason)}, tag;
	char tag_buf[9];
	unsigned int len;
	char *buf;

	if (msg->REQ_METHOD == METHOD_ACK)
		return;
	tag.s = tag_buf;
	tag.len = sprintf(tag_buf, "%08x",
		core_hash(
			&msg->via1->host, msg->via1->branch ? &msg->via1->branch->value : NULL, 0));
	buf = build_res_buf_from_sip_req(code, &text, &tag, msg, &len);
	if (!buf)
		return;
	if (update_sock_struct_from_ip(&to, msg) == 0)
		msg_send(msg->rcv.bind_address, msg->rcv.proto, &to, msg->rcv.proto_reserved1, buf,
			len, msg);
	pkg_free(buf);
}

static int receive_request(struct sip_msg *msg)
{
	int rc;

	rc = exec_pre_req_cb(msg);
	if (rc == SCB_DROP_MSG) {
		update_stat(drp_reqs, 1);
		return 0;
	}
	if (rc & SCB_RUN_TOP_ROUTE) {
		set_route_type(REQUEST_ROUTE);
		if (run_top_route(sroutes->request[DEFAULT_RT], msg) & ACT_FL_DROP)
			update_stat(drp_reqs, 1);
	}
	if (rc & SCB_RUN_POST_CBS)
		exec_post_req_cb(msg);
	return 0;
}

static int receive_reply(struct sip_msg *msg)
{
	int rc, flags = 0;

	rc = exec_pre_rpl_cb(msg);
	if (rc == SCB_DROP_MSG) {
		update_stat(drp_rpls, 1);
		return 0;
	}
	if ((rc & SCB_RUN_TOP_ROUTE) && sroutes->onreply[DEFAULT_RT].a) {
		set_route_type(ONREPLY_ROUTE);
		flags = run_top_route(sroutes->onreply[DEFAULT_RT], msg);
	}
	/* a final reply cannot be dropped: its transaction has to end */
	if (flags > 0 && (flags & ACT_FL_DROP) && msg->REPLY_STATUS < 200)
		update_stat(drp_rpls, 1);
	else
		forward_reply(msg);
	if (rc & SCB_RUN_POST_CBS)
		exec_post_rpl_cb(msg);
	return 0;
}

/* Bytes of a datagram beyond its Content-Length do not belong to it (RFC 3261, 18.3). */
static void cut_body(struct sip_msg *msg)
{
	str body;

	if (msg->content_length && get_body(msg, &body) == 0)
		msg->len = body.s + body.len - msg->buf;
}

static int receive_bad(struct sip_msg *msg, int code, const char *defect)
{
	int is_reply = msg->first_line.type == SIP_REPLY;

	LM_ERR("%s from %s:%hu: %s\n", is_reply ? "bad reply" : "bad message",
		ip_addr2a(&msg->rcv.src_ip), msg->rcv.src_port, defect);
	LM_DBG("<%.*s>\n", (int)msg->len, msg->buf);
	exec_parse_err_cb(msg);
	if (is_reply)
		update_stat(err_rpls, 1);
	else
		update_stat(err_reqs, 1);
	if (code && !is_reply)
		reject(msg, code, defect);
	return -1;
}

static int receive_parsed(struct sip_msg *msg)
{
	const char *defect;
	int code = 0;

	if (msg->first_line.type == SIP_REQUEST)
		update_stat(rcv_reqs, 1);
	else
		update_stat(rcv_rpls, 1);
	defect = msg_defect(msg, &code);
	if (defect)
		return receive_bad(msg, code, defect);
	cut_body(msg);
	return msg->first_line.type == SIP_REQUEST ? receive_request(msg) : receive_reply(msg);
}

int receive_msg(char *buf, unsigned int len, struct receive_info *ri, context_p existing_context,
	unsigned int flags)
{
	struct sip_msg *msg;
	context_p ctx = existing_context;
	int rc = -1;

	(void)flags;
	if (len > BUF_SIZE) {
		LM_ERR("a message of %u bytes, the limit is %d\n", len, BUF_SIZE);
		update_stat(drp_reqs, 1);
		return -1;
	}
	if (!ctx && !(ctx = context_alloc(CONTEXT_GLOBAL)))
		return -1;
	set_global_context(ctx);
	msg = pkg_malloc(sizeof(*msg));
	if (!msg) {
		LM_ERR("no more pkg memory\n");
		update_stat(drp_reqs, 1);
		goto out;
	}
	memset(msg, 0, sizeof(*msg));
	msg->id = get_next_msg_no();
	msg->rcv = *ri;
	msg->ruri_q = Q_UNSPECIFIED;
	if (parse_msg_opt(buf, len, msg, 0) < 0)
		rc = receive_bad(msg, 0, "not SIP, or without a usable Via");
	else
		rc = receive_parsed(msg);
	clear_dset();
	reset_avps();
	free_sip_msg(msg);
	pkg_free(msg);
out:
	if (!existing_context)
		context_free(ctx);
	set_global_context(NULL);
	return rc;
}
