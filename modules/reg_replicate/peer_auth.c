/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From SIP messages to what auth.c signs. A request is signed as it is handed to tm, and
 * verified as it is parsed; an answer is signed from the reply lumps. The peer is never told what
 * is wrong with its message; this node's log is.
 */
#include <string.h>

#include "peer_auth.h"
#include "events.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../../parser/parse_cseq.h"
#include "../../parser/parse_from.h"
#include "../../parser/parse_to.h"
#include "../../trim.h"

/* The request that is being handled by this process. */
static struct auth_head current;
static bool current_is_good;

static void msg_init(struct auth_msg *m)
{
	memset(m, 0, offsetof(struct auth_msg, field));
	m->sock_header = repl_cfg.sock_hdr_name;
}

/* What requests and answers have in common. False: it lacks what every message has. */
static bool msg_from_sip(struct auth_msg *m, struct sip_msg *msg)
{
	msg_init(m);
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->callid || !msg->cseq ||
		!msg->cseq->parsed)
		return false;
	m->call_id = msg->callid->body;
	trim(&m->call_id);
	m->cseq = get_cseq(msg)->number;
	if (get_body(msg, &m->body) < 0)
		return false;
	for (struct hdr_field *h = msg->headers; h; h = h->next)
		auth_add_field(m, h->name, h->body);
	return true;
}

/* --- what fails ------------------------------------------------------------------------ */

static void tell(const char *what, const char *why, unsigned int peer)
{
	static struct seldom place;

	count(STAT_AUTH_FAILURES);
	if (!seldom(&place))
		return;
	LM_WARN("%s peer %u is not believed: %s (%u like this not logged)\n", what, peer, why,
		place.left_out);
	place.left_out = 0;
	tell_auth_failure(peer, why);
}

/* The only Reg-Repl-Auth of a message, read. NULL, or what is wrong. */
static const char *read_head(struct auth_head *head, const struct sip_msg *msg)
{
	const struct hdr_field *found = NULL;

	for (const struct hdr_field *h = msg->headers; h; h = h->next) {
		if (h->name.len != sizeof(AUTH_HDR) - 1 ||
			strncasecmp(h->name.s, AUTH_HDR, h->name.len) != 0)
			continue;
		if (found)
			return "it is signed twice";
		found = h;
	}
	if (!found)
		return "it is not signed";
	return auth_parse(head, found->body.s, found->body.len) == 0
		       ? NULL
		       : "its signature cannot be read";
}

static const char *verify(const struct auth_head *head, const struct auth_msg *m)
{
	if (head->to != (unsigned)repl_cfg.node_id)
		return "it was signed for another node";
	if (!auth_in_time(head, repl_now().wall_ms, repl_cfg.max_clock_ahead))
		return "its time is too far from this node's";
	return auth_verify(head, m) ? NULL : "none of our secrets has signed it";
}

/* --- requests -------------------------------------------------------------------------- */

bool peer_auth_request(const struct repl_peer *peer, const struct auth_request *r,
	struct text *headers, unsigned char *mac)
{
	struct auth_head head = {
		.from = repl_cfg.node_id, .to = peer->id, .time = repl_now().wall_ms};
	char cseq[12], value[AUTH_VALUE_MAX];
	struct auth_msg m;
	int n;

	if (!auth_enabled())
		return true;
	msg_init(&m);
	m.method = *r->method;
	m.call_id = *r->call_id;
	trim(&m.call_id);
	m.cseq = (str){cseq, snprintf(cseq, sizeof(cseq), "%u", r->cseq)};
	m.to = *r->to;
	m.from = *r->from;
	if (r->body)
		m.body = *r->body;
	auth_add_lines(&m, headers->s, headers->len);
	n = auth_sign(&head, &m, value);
	if (n < 0) {
		LM_ERR("cannot sign a message for peer %d\n", peer->id);
		return false;
	}
	text_fmt(headers, "%s: %.*s\r\n", AUTH_HDR, n, value);
	memcpy(mac, head.mac, AUTH_MAC_LEN);
	return true;
}

/* Is that node a full peer that lives at this address? */
static bool lives_at(const struct ip_addr *ip, unsigned int node)
{
	const struct repl_peer *p = NULL;

	while ((p = peer_by_addr(ip, p)))
		if (!p->plain && (unsigned)p->id == node)
			return true;
	return false;
}

static const struct repl_peer *full_peer_at(const struct ip_addr *ip)
{
	const struct repl_peer *p = peer_by_addr(ip, NULL);

	while (p && p->plain)
		p = peer_by_addr(ip, p);
	return p;
}

static const char *judge(struct sip_msg *msg)
{
	struct auth_msg m;
	const char *wrong;

	if (!msg_from_sip(&m, msg) || !msg->to || !msg->to->parsed || parse_from_header(msg) < 0)
		return "it is malformed";
	m.method = msg->first_line.u.request.method;
	m.to = get_to(msg)->uri;
	m.from = get_from(msg)->uri;
	wrong = read_head(&current, msg);
	if (!wrong && !lives_at(&msg->rcv.src_ip, current.from))
		wrong = "no peer of that id lives there";
	return wrong ? wrong : verify(&current, &m);
}

bool peer_auth_request_is_good(struct sip_msg *msg)
{
	const struct repl_peer *peer;
	const char *wrong;

	current_is_good = false;
	if (!auth_enabled())
		return true;
	peer = full_peer_at(&msg->rcv.src_ip);
	if (!peer)
		return true; /* it is nobody whom anything is believed */
	wrong = judge(msg);
	if (wrong)
		tell("a request from the address of", wrong, peer->id);
	current_is_good = !wrong;
	return current_is_good;
}

bool peer_auth_signed_by(unsigned int node)
{
	return !auth_enabled() || (current_is_good && current.from == node);
}

/* --- answers --------------------------------------------------------------------------- */

void peer_auth_sign_answer(struct sip_msg *msg, int code)
{
	struct auth_head head = {
		.from = repl_cfg.node_id, .to = current.from, .time = repl_now().wall_ms};
	static const char name[] = AUTH_HDR ": ";
	char line[sizeof(name) + AUTH_VALUE_MAX + 2];
	struct auth_msg m;
	int n;

	if (!auth_enabled() || !current_is_good)
		return;
	msg_init(&m);
	m.method = get_cseq(msg)->method;
	m.status = code;
	m.call_id = msg->callid->body;
	trim(&m.call_id);
	m.cseq = get_cseq(msg)->number;
	m.request_mac = current.mac;
	for (struct lump_rpl *l = msg->reply_lump; l; l = l->next)
		if (l->flags & LUMP_RPL_HDR)
			auth_add_lines(&m, l->text.s, l->text.len);
		else if (l->flags & LUMP_RPL_BODY)
			m.body = l->text;
	n = auth_sign(&head, &m, line + sizeof(name) - 1);
	if (n < 0) {
		LM_ERR("cannot sign an answer to peer %u\n", head.to);
		return;
	}
	memcpy(line, name, sizeof(name) - 1);
	n += sizeof(name) - 1;
	memcpy(line + n, "\r\n", 2);
	if (!add_lump_rpl(msg, line, n + 2, LUMP_RPL_HDR))
		LM_ERR("no more memory, an answer to peer %u is not signed\n", head.to);
}

bool peer_auth_answer_is_good(
	struct sip_msg *rpl, int code, unsigned int peer, const unsigned char *mac)
{
	const struct repl_peer *p = peer_by_id(peer);
	struct auth_head head;
	struct auth_msg m;
	const char *wrong;

	if (!auth_enabled() || !p || p->plain)
		return true;
	if (msg_from_sip(&m, rpl)) {
		m.method = get_cseq(rpl)->method;
		m.status = code;
		m.request_mac = mac;
		wrong = read_head(&head, rpl);
		if (!wrong && head.from != peer)
			wrong = "another node has signed it";
		if (!wrong)
			wrong = verify(&head, &m);
	} else {
		wrong = "it is malformed";
	}
	if (wrong)
		tell("an answer of", wrong, peer);
	return !wrong;
}
