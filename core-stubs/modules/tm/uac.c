/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of our own: next hop, transaction, message, local_route, off it goes.
 *
 * The transaction is entered into the table before the message is made, since the branch tells
 * where it is; nobody can find it before something was sent. The callback is registered last:
 * an error up to then leaves the parameter to the caller.
 */
#include "uac.h"

#include <stdio.h>
#include <string.h>

#include "../../action.h"
#include "../../dprint.h"
#include "../../error.h"
#include "../../forward.h"
#include "../../globals.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../msg_translator.h"
#include "../../parser/parse_methods.h"
#include "../../pt.h"
#include "../../receive.h"
#include "../../ut.h"
#include "t_fwd.h"
#include "t_lookup.h"
#include "t_msg.h"
#include "t_reply.h"
#include "t_stats.h"
#include "tm_params.h"

/* Longest request line, headers of ours and Via, without the strings of the dialog. */
#define UAC_OVERHEAD 1024

/* --- message --------------------------------------------------------------------------- */

/* Prints a request into shared memory. 0 or E_OUT_OF_MEM. */
static int build_request(struct cell *t, const str *method, const str *headers, const str *body,
	const dlg_t *d, const struct dest_info *dst, str *out)
{
	char branch_buf[MAX_BRANCH_PARAM_LEN];
	str branch = {branch_buf, 0}, ua = server_signature ? *user_agent_header : STR_NULL;
	unsigned int via_len = 0;
	struct hostport hp;
	size_t size;
	char *via;
	int n;

	branch.len = t_make_branch(t, 0, branch_buf, sizeof(branch_buf));
	set_hostport(&hp, NULL);
	via = via_builder(&via_len, dst->send_sock, &branch, NULL, dst->proto, &hp);
	if (via == NULL)
		return E_OUT_OF_MEM;
	size = UAC_OVERHEAD + via_len + (size_t)(2 * method->len + d->rem_target.len) +
	       (size_t)(d->rem_uri.len + d->loc_uri.len) +
	       (size_t)(d->id.call_id.len + d->id.loc_tag.len + d->id.rem_tag.len + ua.len) +
	       (size_t)(headers != NULL ? headers->len : 0) +
	       (size_t)(body != NULL ? body->len : 0);
	out->s = size <= BUF_SIZE + UAC_OVERHEAD ? shm_malloc(size) : NULL;
	if (out->s == NULL) {
		LM_ERR("no memory for, or too long a request (%zu bytes)\n", size);
		pkg_free(via);
		return E_OUT_OF_MEM;
	}
#define S(_s) (_s).len, (_s).s != NULL ? (_s).s : ""
	n = snprintf(out->s, size,
		"%.*s %.*s SIP/2.0\r\n%.*s"
		"To: <%.*s>%s%.*s\r\nFrom: <%.*s>%s%.*s\r\n"
		"CSeq: %u %.*s\r\nCall-ID: %.*s\r\nMax-Forwards: 70\r\nContent-Length: %d\r\n"
		"%.*s%s",
		S(*method), S(d->rem_target), (int)via_len, via, S(d->rem_uri),
		d->id.rem_tag.len > 0 ? ";tag=" : "", S(d->id.rem_tag), S(d->loc_uri),
		d->id.loc_tag.len > 0 ? ";tag=" : "", S(d->id.loc_tag), d->loc_seq.value,
		S(*method), S(d->id.call_id), body != NULL ? body->len : 0, S(ua),
		ua.len > 0 ? CRLF : "");
#undef S
	pkg_free(via);
	out->len = n;
	if (headers != NULL && headers->len > 0) {
		memcpy(out->s + out->len, headers->s, (size_t)headers->len);
		out->len += headers->len;
	}
	memcpy(out->s + out->len, CRLF, CRLF_LEN);
	out->len += (int)CRLF_LEN;
	if (body != NULL && body->len > 0) {
		memcpy(out->s + out->len, body->s, (size_t)body->len);
		out->len += body->len;
	}
	return 0;
}

/* --- local_route ------------------------------------------------------------------------ */

/* A request of ours looks to the script as if received from our own socket. */
static void set_source(struct sip_msg *msg, const struct dest_info *dst)
{
	struct receive_info *r = &msg->rcv;

	msg->id = get_next_msg_no();
	msg->msg_flags |= FL_IS_LOCAL;
	r->proto = dst->proto;
	r->bind_address = dst->send_sock;
	r->src_ip = dst->send_sock->address;
	r->src_port = dst->send_sock->port_no;
	r->dst_port = su_getport(&dst->to);
	su2ip_addr(&r->dst_ip, &dst->to);
	init_su(&r->src_su, &r->src_ip, r->src_port);
}

/* The script has changed headers: prints the request again, with our Via as it is. 0 or an error.
 */
static int rebuild(struct sip_msg *msg, const struct dest_info *dst, str *buf)
{
	unsigned int len = 0;
	char *s = build_req_buf_from_sip_req(msg, &len, dst->send_sock, dst->proto, NULL,
		MSG_TRANS_SHM_FLAG | MSG_TRANS_NOVIA_FLAG);

	if (s == NULL)
		return E_OUT_OF_MEM;
	shm_free(buf->s);
	buf->s = s;
	buf->len = (int)len;
	return 0;
}

/*
 * Runs local_route on what was built. $du is the next hop; sending elsewhere or from another socket
 * is not covered, and told. As in OpenSIPS, drop has no effect. 0 or an error.
 */
static int run_local_route(struct cell *t, str *hop, const struct dest_info *dst, str *buf)
{
	struct t_work before;
	struct sip_msg msg;
	int old_type, rc = 0;

	if (sroutes->local.a == NULL)
		return 0;
	if (t_parse_buf(&msg, buf) < 0)
		return E_OUT_OF_MEM;
	set_source(&msg, dst);
	if (set_dst_uri(&msg, hop) < 0) {
		t_end_fake_req(&msg);
		return E_OUT_OF_MEM;
	}
	before = t_work_begin(t, msg.id, 0);
	swap_route_type(old_type, LOCAL_ROUTE);
	run_top_route(sroutes->local, &msg);
	set_route_type(old_type);
	t_work_end(before);
	if (msg.force_send_socket != NULL || !str_match(&msg.dst_uri, hop))
		LM_ERR("local_route cannot change next hop and socket here\n");
	if (msg.new_uri.len > 0 || msg.add_rm != NULL)
		rc = rebuild(&msg, dst, buf);
	t_end_fake_req(&msg);
	return rc;
}

/* --- sending --------------------------------------------------------------------------- */

static str next_hop(const dlg_t *d)
{
	return d->obp.len > 0 ? d->obp : d->rem_target;
}

/* Next hop and socket by the dialog. 0 or an error. */
static int find_way(const dlg_t *d, struct dest_info *dst)
{
	str hop = next_hop(d);
	int rc = t_resolve(&hop, dst);

	if (rc < 0)
		return rc;
	if (d->send_sock != NULL && d->send_sock->proto == dst->proto)
		dst->send_sock = d->send_sock;
	else
		dst->send_sock = get_send_socket(NULL, &dst->to, dst->proto);
	if (dst->send_sock == NULL) {
		LM_ERR("no socket to send to <%.*s> from\n", hop.len, hop.s);
		return E_NO_SOCKET;
	}
	return 0;
}

/* The transaction, in the table, of our own reference. NULL: out of memory. */
static struct cell *make_client_cell(const str *method, dlg_t *d)
{
	struct cell *t = build_cell();
	unsigned int method_id = METHOD_OTHER, hash;
	str cseq;

	if (t == NULL)
		return NULL;
	parse_method(method->s, method->s + method->len, &method_id);
	t->method_id = (int)method_id;
	t->flags = T_IS_LOCAL_FLAG | d->T_flags;
	cseq.s = int2str(d->loc_seq.value, &cseq.len);
	hash = tm_hash(&d->id.call_id, &cseq);
	LOCK_HASH(hash);
	insert_into_hash_table_unsafe(t, hash);
	UNLOCK_HASH(hash);
	return t;
}

/* Makes the branch's message and registers the callback. 0 or an error. */
static int fill_client_cell(struct cell *t, str *method, str *headers, str *body, dlg_t *d,
	struct dest_info *dst, transaction_cb cb, void *cbp, release_tmcb_param release_func)
{
	struct ua_client *u = new_branch(t);
	str hop = next_hop(d);
	int rc;

	if (u == NULL)
		return E_OUT_OF_MEM;
	rc = build_request(t, method, headers, body, d, dst, &u->request.buffer);
	if (rc == 0)
		rc = run_local_route(t, &hop, dst, &u->request.buffer);
	u->request.dst = *dst;
	if (rc < 0)
		return rc;
	if (u->request.buffer.len > BUF_SIZE) {
		LM_ERR("request of %d bytes is too long\n", u->request.buffer.len);
		return E_BAD_REQ;
	}
	if (cb == NULL)
		return 0;
	rc = insert_tmcb(&t->tmcb_hl, TMCB_LOCAL_COMPLETED, cb, cbp, release_func);
	return rc == 1 ? 0 : rc;
}

static int check_uac_args(const str *method, const dlg_t *d)
{
	if (method == NULL || method->len <= 0 || d == NULL || d->rem_target.len <= 0) {
		LM_ERR("invalid parameter value\n");
		return E_INVALID_PARAMS;
	}
	if (sroutes == NULL) {
		LM_CRIT("this process has no script: it must be one with PROC_FLAG_NEEDS_SCRIPT\n");
		return E_BUG;
	}
	if (method->len == 6 && memcmp(method->s, "INVITE", 6) == 0) {
		LM_ERR("no INVITE of our own here\n");
		return E_INVALID_PARAMS;
	}
	return 0;
}

int t_uac(str *method, str *headers, str *body, dlg_t *dialog, transaction_cb cb, void *cbp,
	release_tmcb_param release_func)
{
	struct dest_info dst;
	struct ua_client *u;
	struct cell *t;
	int rc = check_uac_args(method, dialog);

	if (rc == 0)
		rc = find_way(dialog, &dst);
	if (rc < 0)
		return rc;
	t = make_client_cell(method, dialog);
	if (t == NULL) {
		tm_count(tm_no_memory);
		return E_OUT_OF_MEM;
	}
	if (dialog->t_created_cb != NULL)
		dialog->t_created_cb(t, dialog->t_created_cb_param);
	rc = fill_client_cell(t, method, headers, body, dialog, &dst, cb, cbp, release_func);
	if (rc < 0) {
		if (rc == E_OUT_OF_MEM)
			tm_count(tm_no_memory);
		remove_from_hash_table(t);
		t_unref_cell(t);
		return rc;
	}
	tm_count(tm_uac_trans);
	u = t->uac[0];
	LOCK_REPLIES(t);
	t_start_timers(&u->request, t->fr_timeout);
	UNLOCK_REPLIES(t);
	/* a failure has been logged and ends as a time-out, as in OpenSIPS */
	t_send_to(&u->request.dst, &u->request.buffer);
	t_unref_cell(t);
	return 1;
}

int req_within(str *m, str *h, str *b, dlg_t *d, transaction_cb c, void *cp,
	release_tmcb_param release_func)
{
	if (m == NULL || d == NULL) {
		LM_ERR("invalid parameter value\n");
		return E_INVALID_PARAMS;
	}
	if (d->state != DLG_CONFIRMED) {
		LM_ERR("dialog is not confirmed\n");
		return E_INVALID_PARAMS;
	}
	if (!(m->len == 3 && memcmp(m->s, "ACK", 3) == 0) &&
		!(m->len == 6 && memcmp(m->s, "CANCEL", 6) == 0))
		d->loc_seq.value++;
	return t_uac(m, h, b, d, c, cp, release_func);
}
