/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding with a transaction: one branch for the R-URI and one for each entry of the
 * destination set; CANCEL, which goes hop by hop; replication.
 */
#include "t_fwd.h"

#include <string.h>

#include "../../action.h"
#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../dset.h"
#include "../../error.h"
#include "../../forward.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../msg_translator.h"
#include "../../parser/parse_uri.h"
#include "../../ut.h"
#include "t_lookup.h"
#include "t_msg.h"
#include "t_reply.h"
#include "t_stats.h"
#include "tm_params.h"

int t_resolve(str *uri, struct dest_info *dst)
{
	struct sip_uri u;
	struct proxy_l *p;
	int rc = 0;

	if (parse_uri(uri->s, uri->len, &u) < 0) {
		LM_ERR("bad URI <%.*s>\n", uri->len, uri->s);
		return E_BAD_URI;
	}
	/* transports that are not safe do not go with sips: */
	if (u.type == SIPS_URI_T && u.proto != PROTO_NONE && u.proto != PROTO_TLS &&
		u.proto != PROTO_WSS)
		return E_BAD_ADDRESS;
	p = mk_proxy(u.maddr_val.len > 0 ? &u.maddr_val : &u.host, u.port_no, u.proto,
		u.type == SIPS_URI_T);
	if (p == NULL) {
		LM_ERR("cannot resolve <%.*s>\n", uri->len, uri->s);
		return E_BAD_ADDRESS;
	}
	memset(dst, 0, sizeof(*dst));
	/* a transport that nobody knows is UDP, as in OpenSIPS */
	dst->proto = p->proto != PROTO_NONE && p->proto != PROTO_OTHER ? p->proto : PROTO_UDP;
	if (hostent2su(&dst->to, &p->host, p->addr_idx, p->port != 0 ? p->port : SIP_PORT) < 0)
		rc = E_BAD_ADDRESS;
	free_proxy(p);
	pkg_free(p);
	return rc;
}

/* --- one branch ------------------------------------------------------------------------ */

/* What a message looks like in one branch. */
struct shape {
	str uri, dst_uri, path;
	int q;
	unsigned int bflags;
	const struct socket_info *sock;
};

/* What is put aside while a branch is made. */
struct aside {
	struct shape s;
	struct lump *add_rm;
};

static struct shape shape_of(const struct sip_msg *msg)
{
	struct shape s = {msg->new_uri, msg->dst_uri, msg->path_vec, msg->ruri_q, msg->ruri_bflags,
		msg->force_send_socket};

	return s;
}

/* Gives msg the shape of a branch, in copies that the script may change. 0 or E_OUT_OF_MEM. */
static int put_on(struct sip_msg *msg, const struct shape *s, int with_lumps, struct aside *old)
{
	str uri = s->uri, dst = s->dst_uri, path = s->path;

	old->s = shape_of(msg);
	old->add_rm = msg->add_rm;
	msg->new_uri = msg->dst_uri = msg->path_vec = STR_NULL;
	msg->ruri_q = s->q;
	msg->ruri_bflags = s->bflags;
	msg->force_send_socket = s->sock;
	if ((uri.len > 0 && set_ruri(msg, &uri) < 0) ||
		(dst.len > 0 && set_dst_uri(msg, &dst) < 0) ||
		(path.len > 0 && set_path_vector(msg, &path) < 0))
		return E_OUT_OF_MEM;
	if (!with_lumps)
		return 0;
	msg->add_rm = old->add_rm != NULL ? dup_lump_list(old->add_rm) : NULL;
	return old->add_rm != NULL && msg->add_rm == NULL ? E_OUT_OF_MEM : 0;
}

static void take_off(struct sip_msg *msg, const struct aside *old)
{
	pkg_free(msg->new_uri.s);
	pkg_free(msg->dst_uri.s);
	pkg_free(msg->path_vec.s);
	if (msg->add_rm != old->add_rm)
		free_lump_list(msg->add_rm);
	msg->new_uri = old->s.uri;
	msg->dst_uri = old->s.dst_uri;
	msg->path_vec = old->s.path;
	msg->ruri_q = old->s.q;
	msg->ruri_bflags = old->s.bflags;
	msg->force_send_socket = old->s.sock;
	msg->add_rm = old->add_rm;
}

/* Runs branch_route. 1: go on, 0: the script dropped the branch. */
static int run_branch_route(struct cell *t, int branch, struct sip_msg *msg)
{
	struct script_route_ref *ref = t->on_branch;
	int old_type, old_branch = t_work.branch, flags;

	if (!ref_script_route_check_and_update(ref))
		return 1;
	swap_route_type(old_type, BRANCH_ROUTE);
	t_work.branch = branch;
	set_dset_state(0);
	flags = run_top_route(sroutes->branch[ref->idx], msg);
	set_dset_state(1);
	t_work.branch = old_branch;
	set_route_type(old_type);
	return (flags & ACT_FL_DROP) == 0;
}

/* Where to and what: fills the branch from msg in its shape. 0 or an error. */
static int build_branch(struct cell *t, int branch, struct sip_msg *msg, struct ua_client *u)
{
	struct dest_info *dst = &u->request.dst;
	char id[sizeof(ID_PARAM) + 8];
	str params = {id, 0};
	unsigned int len = 0;
	str *uri = GET_RURI(msg);
	int rc = t_resolve(GET_NEXT_HOP(msg), dst);

	if (rc < 0)
		return rc;
	dst->send_sock = get_send_socket(msg, &dst->to, dst->proto);
	if (dst->send_sock == NULL) {
		LM_ERR("no socket to send to <%.*s> from\n", uri->len, uri->s);
		return E_NO_SOCKET;
	}
	dst->proto = dst->send_sock->proto;
	if (shm_str_dup(&u->uri, uri) < 0)
		return E_OUT_OF_MEM;
	msg->add_to_branch_len =
		t_make_branch(t, branch, msg->add_to_branch_s, sizeof(msg->add_to_branch_s));
	/* for a reply that comes when the transaction is gone */
	if (msg->rcv.proto_reserved1 != 0)
		params.len = snprintf(id, sizeof(id), ID_PARAM "%x", msg->rcv.proto_reserved1);
	u->request.buffer.s = build_req_buf_from_sip_req(msg, &len, dst->send_sock, dst->proto,
		params.len > 0 ? &params : NULL, MSG_TRANS_SHM_FLAG);
	if (u->request.buffer.s == NULL)
		return E_OUT_OF_MEM;
	u->request.buffer.len = (int)len;
	u->br_flags = (int)msg->ruri_bflags;
	return 0;
}

/* The branch cannot be sent: it does not count. */
static void fail_branch(struct cell *t, struct ua_client *u)
{
	LOCK_REPLIES(t);
	u->flags |= T_UAC_FINAL | T_UAC_UNSENT;
	UNLOCK_REPLIES(t);
}

/*
 * Makes and sends a branch. The cell's branches change here only: by the process that made the
 * transaction, or by the one that runs its failure_route. 1 sent, or an error.
 */
static int add_branch(struct cell *t, struct sip_msg *msg, const struct shape *s)
{
	int branch = t->nr_of_outgoings, rc, dropped = 0;
	struct ua_client *u;
	struct aside old;

	LOCK_REPLIES(t);
	u = new_branch(t);
	UNLOCK_REPLIES(t);
	if (u == NULL)
		return branch >= MAX_BRANCHES ? E_TOO_MANY_BRANCHES : E_OUT_OF_MEM;
	rc = put_on(msg, s, t->on_branch != NULL, &old);
	if (rc == 0)
		dropped = !run_branch_route(t, branch, msg);
	if (rc == 0 && !dropped)
		rc = build_branch(t, branch, msg, u);
	take_off(msg, &old);
	if (rc < 0 || dropped) {
		fail_branch(t, u);
		return dropped ? E_UNSPEC : rc;
	}
	LOCK_REPLIES(t);
	t_start_timers(&u->request, t->fr_timeout);
	UNLOCK_REPLIES(t);
	if (t_send_to(&u->request.dst, &u->request.buffer) == 0)
		return 1;
	t_stop_timers(&u->request);
	fail_branch(t, u);
	return E_SEND;
}

int t_forward_nonack(struct cell *t, struct sip_msg *msg)
{
	struct shape first = shape_of(msg), s;
	struct msg_branch *b;
	unsigned int i;
	int rc, sent, error;

	if ((t->flags & (T_WAS_CANCELLED_FLAG | T_6xx_FLAG)) != 0) {
		LM_INFO("no more branches for a %s transaction\n",
			was_cancelled(t) ? "cancelled" : "refused (6xx)");
		clear_dset();
		ser_error = E_NO_DESTINATION;
		return E_NO_DESTINATION;
	}
	if (first.uri.len == 0)
		first.uri = msg->first_line.u.request.uri;
	rc = add_branch(t, msg, &first);
	sent = rc == 1;
	error = rc;
	for (i = 0; (b = get_msg_branch(i)) != NULL; i++) {
		s = (struct shape){
			b->uri, b->dst_uri, b->path, b->q, b->bflags, b->force_send_socket};
		if (is_local(t)) { /* replication: same R-URI, other next hop */
			s.dst_uri = s.uri;
			s.uri = first.uri;
		}
		rc = add_branch(t, msg, &s);
		if (rc == 1)
			sent++;
		else if (error != E_SEND) /* told rather than what could not even be made */
			error = rc;
	}
	clear_dset();
	if (sent > 0) {
		t_work.handled = 1;
		return 1;
	}
	ser_error = error;
	return error;
}

/* --- t_relay --------------------------------------------------------------------------- */

/* The script has gone on changing a request since its transaction was made. */
static int refresh_clone(struct cell *t, struct sip_msg *msg)
{
	struct sip_msg *clone = t_clone_msg(msg), *old;

	if (clone == NULL)
		return E_OUT_OF_MEM;
	LOCK_HASH(t->hash_index);
	old = t->uas.request;
	t->uas.request = clone;
	t_set_keys(t, msg);
	UNLOCK_HASH(t->hash_index);
	t_free_clone(old);
	return 0;
}

/* A CANCEL for an INVITE that went through here is answered, and passed on by branch. */
static int relay_cancel(struct sip_msg *msg, struct cell *invite)
{
	static const str reason = {(char *)"canceling", 9};
	int rc = t_newtran_full(msg);

	if (rc <= 0)
		return rc;
	LOCK_REPLIES(invite);
	invite->flags |= T_WAS_CANCELLED_FLAG;
	UNLOCK_REPLIES(invite);
	t_reply(t_work.t, msg, 200, &reason);
	t_cancel_pending(invite, CANCEL_BY_CALLER);
	return 1;
}

/* Nothing could be sent. 1: the sender has been told, which is a success to the script. */
static int cannot_forward(struct cell *t, struct sip_msg *msg, int error)
{
	char phrase[MAX_REASON_LEN];
	str reason = {phrase, 0};
	int code = 0;

	if (is_local(t))
		return error;
	reason.len = err2reason_phrase(error, &code, phrase, sizeof(phrase), "TM");
	if (reason.len <= 0 || t_reply(t, msg, (unsigned int)code, &reason) < 0)
		return error;
	return 1;
}

/* Makes the request's transaction current, a new one if need be. 1, 0 or negative. */
static int get_transaction(struct sip_msg *msg, int *is_new)
{
	int found = t_lookup_request(msg);

	*is_new = 0;
	if (found < 0)
		return E_BAD_TUPEL;
	if (found == 0) {
		*is_new = 1;
		return t_newtran_full(msg);
	}
	if (is_route_type(FAILURE_ROUTE))
		return 1;
	if (!t_work.made_here)
		return t_absorb(t_work.t, msg);
	return refresh_clone(t_work.t, msg) < 0 ? E_OUT_OF_MEM : 1;
}

static int relay_ack(struct sip_msg *msg)
{
	if (t_lookup_request(msg) > 0)
		return t_absorb(t_work.t, msg);
	return forward_request(msg, NULL) < 0 ? -1 : 1;
}

/* Relays, or with `replicate` sends a copy whose replies are absorbed. */
static int relay(struct sip_msg *msg, int replicate)
{
	struct cell *t;
	int rc, is_new;

	rc = get_transaction(msg, &is_new);
	if (rc <= 0)
		return rc;
	t = t_work.t;
	if (replicate)
		t->flags |= T_IS_LOCAL_FLAG;
	else if (t->uas.status >= 200) {
		LM_ERR("the request has had its final reply already\n");
		return E_SCRIPT;
	}
	rc = t_forward_nonack(t, msg);
	if (rc == 1)
		return 1;
	return is_new ? cannot_forward(t, msg, rc) : rc;
}

int t_relay(struct sip_msg *msg)
{
	struct cell *t;
	int rc;

	if (msg->REQ_METHOD == METHOD_ACK)
		return relay_ack(msg);
	t = msg->REQ_METHOD == METHOD_CANCEL ? t_lookupOriginalT(msg) : NULL;
	if (t == NULL)
		return relay(msg, 0);
	rc = relay_cancel(msg, t);
	t_unref_cell(t);
	return rc;
}

int t_replicate(struct sip_msg *msg, str *dst)
{
	if (msg->REQ_METHOD == METHOD_ACK) {
		LM_ERR("ACK cannot be replicated\n");
		return -1;
	}
	if (set_dst_uri(msg, dst) < 0)
		return -1;
	return relay(msg, 1);
}
