/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matching messages with transactions.
 *
 * Our own branch parameter is the cookie, then hash index, label and branch number in hex,
 * separated by dots: a reply is found without comparing anything but numbers, in any process. The
 * label's random start keeps replies to a former process life away.
 */
#include "t_lookup.h"

#include <string.h>

#include "../../dprint.h"
#include "../../error.h"
#include "../../forward.h"
#include "../../msg_translator.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_via.h"
#include "../../ut.h"
#include "t_fwd.h"
#include "t_msg.h"
#include "t_reply.h"
#include "t_stats.h"
#include "tm_params.h"

struct t_work t_work = {.t = T_UNDEFINED, .branch = -1};

struct cell *get_t(void)
{
	return t_work.t;
}

struct t_work t_work_begin(struct cell *t, unsigned int msg_id, int branch)
{
	struct t_work before = t_work;

	memset(&t_work, 0, sizeof(t_work));
	t_work.t = t;
	t_work.msg_id = msg_id;
	t_work.branch = branch;
	t_work.avps = set_avp_list(&t->user_avps);
	return before;
}

void t_work_end(struct t_work before)
{
	set_avp_list(t_work.avps);
	t_work = before;
}

void t_unref(void)
{
	struct cell *t = t_work.t;

	if (t_work.avps != NULL)
		set_avp_list(t_work.avps);
	memset(&t_work, 0, sizeof(t_work));
	t_work.branch = -1;
	t_work.t = T_UNDEFINED;
	if (t != NULL && t != T_UNDEFINED)
		t_unref_cell(t);
}

void t_work_on(const struct sip_msg *msg)
{
	if (t_work.msg_id != msg->id)
		t_unref();
	t_work.msg_id = msg->id;
}

static int has_cookie(const struct via_param *branch)
{
	return branch != NULL && branch->value.len > (int)MCOOKIE_LEN &&
	       memcmp(branch->value.s, MCOOKIE, MCOOKIE_LEN) == 0;
}

static unsigned short via_port(const struct via_body *via)
{
	return via->port != 0 ? via->port : SIP_PORT;
}

/* Are they the same method; or, for an ACK, is the other an INVITE? */
static int method_fits(const struct cell *t, const struct sip_msg *msg, int method)
{
	if (method == METHOD_ACK)
		return t->method_id == METHOD_INVITE;
	if (t->method_id != method)
		return 0;
	return method != METHOD_OTHER || str_match(&t->method, &msg->REQ_METHOD_S);
}

/* RFC 3261 17.2.3: branch, sent-by, method. */
static int matches_branch(const struct cell *t, const struct sip_msg *msg)
{
	return str_match(&t->via_branch, &msg->via1->branch->value) &&
	       str_casematch(&t->via_host, &msg->via1->host) && t->via_port == via_port(msg->via1);
}

/* The same for peers that know only RFC 2543: Call-ID and CSeq are equal already. */
static int matches_old(const struct cell *t, const struct sip_msg *msg)
{
	return str_match(&t->ruri, &msg->first_line.u.request.uri) &&
	       str_match(&t->from_tag, &get_from(msg)->tag_value) &&
	       str_casematch(&t->via_host, &msg->via1->host) && t->via_port == via_port(msg->via1);
}

/*
 * The entry's lock is held. A replicated request is not found again: as in OpenSIPS, each copy of
 * it that comes in is replicated anew. Matches as `method`; the result has no reference. */
static struct cell *find_unsafe(unsigned int hash, struct sip_msg *msg, int method)
{
	struct cell *t;
	int new_style = has_cookie(msg->via1->branch);

	for (t = get_tm_table()->entrys[hash].first_cell; t != NULL; t = t->next_cell) {
		if (t->callid.s == NULL || is_local(t) || !method_fits(t, msg, method))
			continue;
		if (!str_match(&t->cseq_n, &get_cseq(msg)->number) ||
			!str_match(&t->callid, &msg->callid->body))
			continue;
		if (new_style ? matches_branch(t, msg) : matches_old(t, msg))
			return t;
	}
	return NULL;
}

/* Parses what matching needs. 0 or -1. */
static int prepare(struct sip_msg *msg)
{
	if (!check_transaction_quadruple(msg) || parse_from_header(msg) < 0 || msg->via1 == NULL) {
		LM_ERR("message lacks From, To, Call-ID, CSeq or Via\n");
		return -1;
	}
	if (msg->hash_index == 0)
		msg->hash_index = tm_hash(&msg->callid->body, &get_cseq(msg)->number);
	return 0;
}

int t_lookup_request(struct sip_msg *msg)
{
	struct cell *t;

	t_work_on(msg);
	if (t_work.t != T_UNDEFINED)
		return t_work.t != NULL;
	if (prepare(msg) < 0)
		return -1;
	LOCK_HASH(msg->hash_index);
	t = find_unsafe(msg->hash_index, msg, (int)msg->REQ_METHOD);
	if (t != NULL)
		t_ref_cell(t);
	UNLOCK_HASH(msg->hash_index);
	t_work.t = t;
	return t != NULL;
}

struct cell *t_lookupOriginalT(struct sip_msg *msg)
{
	struct cell *t;

	if (prepare(msg) < 0)
		return NULL;
	LOCK_HASH(msg->hash_index);
	t = find_unsafe(msg->hash_index, msg, METHOD_INVITE);
	if (t != NULL)
		t_ref_cell(t);
	UNLOCK_HASH(msg->hash_index);
	return t;
}

/* A hex number up to the next dot or the end; moves *s behind that. 0 or -1. */
static int take_hex(str *s, unsigned int *n)
{
	int len = 0;

	while (len < s->len && s->s[len] != BRANCH_SEPARATOR)
		len++;
	if (len == 0 || len > 8 || hexstr2int(s->s, len, n) < 0)
		return -1;
	if (len < s->len)
		len++;
	s->s += len;
	s->len -= len;
	return 0;
}

/* Takes our branch parameter apart. 0, or -1: not of our making. */
static int parse_own_branch(
	const struct via_param *p, unsigned int *hash, unsigned int *label, unsigned int *branch)
{
	str s;

	if (!has_cookie(p))
		return -1;
	s.s = p->value.s + MCOOKIE_LEN;
	s.len = p->value.len - (int)MCOOKIE_LEN;
	if (take_hex(&s, hash) < 0 || take_hex(&s, label) < 0 || take_hex(&s, branch) < 0)
		return -1;
	return s.len == 0 && *hash < TM_TABLE_ENTRIES && *branch < MAX_BRANCHES ? 0 : -1;
}

int t_make_branch(const struct cell *t, int branch, char *buf, size_t size)
{
	return snprintf(buf, size, MCOOKIE "%x%c%x%c%x", t->hash_index, BRANCH_SEPARATOR, t->label,
		BRANCH_SEPARATOR, (unsigned int)branch);
}

/* A reply is matched by its method too: CANCEL has the branch of its INVITE. */
static int reply_fits(const struct cell *t, int branch, struct sip_msg *msg)
{
	if (branch >= t->nr_of_outgoings)
		return 0;
	if (get_cseq(msg)->method_id == METHOD_CANCEL && is_invite(t))
		return t->uac[branch]->local_cancel.buffer.s != NULL;
	return get_cseq(msg)->method_id == t->method_id;
}

int t_lookup_ident(struct cell **found, unsigned int hash_index, unsigned int label)
{
	struct cell *t = NULL;

	*found = NULL;
	if (hash_index >= TM_TABLE_ENTRIES)
		return -1;
	LOCK_HASH(hash_index);
	for (t = get_tm_table()->entrys[hash_index].first_cell; t != NULL; t = t->next_cell)
		if (t->label == label)
			break;
	if (t != NULL)
		t_ref_cell(t);
	UNLOCK_HASH(hash_index);
	*found = t;
	return t != NULL ? 1 : -1;
}

int t_reply_matching(struct sip_msg *msg, int *branch)
{
	unsigned int hash, label, br;
	struct cell *t;

	if (!check_transaction_quadruple(msg) || msg->via1 == NULL)
		return -1;
	if (parse_own_branch(msg->via1->branch, &hash, &label, &br) < 0)
		return 0;
	if (t_lookup_ident(&t, hash, label) < 0)
		return 0;
	if (!reply_fits(t, (int)br, msg)) {
		LM_DBG("reply's method or branch is not the transaction's\n");
		t_unref_cell(t);
		return 0;
	}
	*branch = (int)br;
	t_work_on(msg);
	t_work.t = t;
	return 1;
}

/* Points the keys of matching into the clone, where they are at the same offsets. */
void t_set_keys(struct cell *t, const struct sip_msg *msg)
{
	const char *old = msg->buf;
	char *new = t->uas.request->buf;

#define AT(_s) ((str){(_s).s != NULL ? new + ((_s).s - old) : NULL, (_s).len})
	t->method = AT(msg->REQ_METHOD_S);
	t->callid = AT(msg->callid->body);
	t->cseq_n = AT(get_cseq(msg)->number);
	t->ruri = AT(msg->first_line.u.request.uri);
	t->from_tag = AT(get_from(msg)->tag_value);
	t->via_host = AT(msg->via1->host);
	if (msg->via1->branch != NULL)
		t->via_branch = AT(msg->via1->branch->value);
#undef AT
	t->via_port = via_port(msg->via1);
	t->method_id = (int)msg->REQ_METHOD;
}

void t_reply_address(struct sip_msg *msg, struct dest_info *dst)
{
	memset(dst, 0, sizeof(*dst));
	if ((msg->msg_flags & FL_REPLY_TO_VIA) == 0 ||
		update_sock_struct_from_via(&dst->to, msg, msg->via1) < 0)
		update_sock_struct_from_ip(&dst->to, msg);
	dst->proto = msg->rcv.proto;
	dst->proto_reserved1 = msg->rcv.proto_reserved1;
	dst->send_sock = msg->rcv.bind_address;
}

/* A cell for msg with everything but its place in the table. NULL: out of memory. */
static struct cell *make_server_cell(struct sip_msg *msg, int full)
{
	struct lump_rpl *for_replies = msg->reply_lump;
	struct cell *t = build_cell();

	if (t == NULL)
		return NULL;
	if (!full)
		msg->reply_lump = NULL;
	t->uas.request = t_clone_msg(msg);
	msg->reply_lump = for_replies;
	if (t->uas.request == NULL) {
		t_unref_cell(t);
		return NULL;
	}
	t_set_keys(t, msg);
	t_reply_address(msg, &t->uas.response.dst);
	if (msg->REQ_METHOD == METHOD_INVITE)
		t->flags |= T_IS_INVITE_FLAG;
	t->on_reply = t_work.on_reply;
	t->on_negative = t_work.on_negative;
	t->on_branch = t_work.on_branch;
	return t;
}

/* From now on AVPs are the transaction's. */
static void take_avps(struct cell *t)
{
	struct usr_avp **list = set_avp_list(&t->user_avps);

	t->user_avps = *list;
	*list = NULL;
	t_work.avps = list;
}

static int newtran(struct sip_msg *msg, int full)
{
	static const str trying = {(char *)"Giving it a try", 15};
	struct cell *t, *other;
	int found = t_lookup_request(msg);

	if (found < 0)
		return E_BAD_TUPEL;
	if (found > 0 && t_work.made_here) {
		LM_DBG("transaction already made\n");
		return E_SCRIPT;
	}
	if (found > 0)
		return t_absorb(t_work.t, msg);
	if (msg->REQ_METHOD == METHOD_ACK)
		return E_SCRIPT;
	t = make_server_cell(msg, full);
	if (t == NULL) {
		tm_count(tm_no_memory);
		return E_OUT_OF_MEM;
	}
	LOCK_HASH(msg->hash_index);
	other = find_unsafe(msg->hash_index, msg, (int)msg->REQ_METHOD);
	if (other != NULL)
		t_ref_cell(other);
	else
		insert_into_hash_table_unsafe(t, msg->hash_index);
	UNLOCK_HASH(msg->hash_index);
	if (other != NULL) { /* a copy of the request was faster in another process */
		t_unref_cell(t);
		t_work.t = other;
		return t_absorb(other, msg);
	}
	t_work.t = t;
	t_work.made_here = 1;
	take_avps(t);
	tm_count(tm_uas_trans);
	if (auto_100trying && is_invite(t))
		t_reply(t, msg, 100, &trying);
	return 1;
}

int t_newtran(struct sip_msg *msg)
{
	return newtran(msg, 0);
}

int t_newtran_full(struct sip_msg *msg)
{
	return newtran(msg, 1);
}
