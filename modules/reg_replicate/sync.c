/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A REGISTER that waits has a transaction and a struct held, in shared memory; who it waits for the
 * engine knows (rr_wait). The lists are the engine's, under its lock; a struct held that
 * rr_wait_over() has given out belongs to the process that got it.
 *
 * tm copies what a script did to a request into the transaction when the script is over. An
 * answer that is faster would be built from a copy that changes at the same time; so tm is told
 * (FL_SHM_UPDATED) that this has been done. Nothing is missing then: what is added to answers is
 * taken from the message at once.
 */
#include <stdlib.h>
#include <string.h>

#include "sync.h"
#include "events.h"
#include "peers.h"
#include "seldom.h"
#include "state.h"
#include "stats.h"
#include "../../context.h"
#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../route.h"
#include "../tm/tm_load.h"

#define RETRY_AFTER "Retry-After: 5\r\n"

struct held {
	struct rr_wait wait; /* must be first */
	struct sync_flags how;
	unsigned int hash_index, label; /* of the transaction */
	str reason, headers, body;      /* of the answer, in `text` */
	char *text;
};

/* The REGISTER that this process is saving saving. */
static struct {
	const struct sip_msg *msg; /* NULL: none, or not synchronous */
	struct sync_flags how;
	struct held *held; /* NULL: it cannot wait, for want of memory */
	unsigned int changes;
} saving;

static struct tm_binds tmb;
static struct sig_binds signaling;

/* --- start and end ------------------------------------------------------------------------------
 */

static int catch_reply(struct sip_msg *msg, int code, const str *reason, str *tag);

int sync_load_sig(struct sig_binds *sigb)
{
	load_sig_f theirs = (load_sig_f)(void *)find_mod_export("signaling", "load_sig", 0);

	if (!theirs || theirs(&signaling) == -1)
		return -1;
	*sigb = signaling;
	sigb->reply = catch_reply;
	return 1;
}

bool sync_possible(void)
{
	return find_export("load_sig", 0) == (cmd_function)(void *)sync_load_sig;
}

int sync_init(void)
{
	if (load_tm_api(&tmb) == 0)
		return 0;
	LM_ERR("module tm is needed\n");
	return -1;
}

static void release(struct held *h)
{
	if (h->text)
		shm_free(h->text);
	shm_free(h);
}

void sync_destroy(struct rr_engine *e)
{
	struct rr_wait *w;

	while ((w = rr_wait_over(e, (struct rr_now){0, RR_NEVER - 1})))
		release((struct held *)w);
}

/* --- what happens to a REGISTER that is not confirmed
 * --------------------------------------------- */

static const char *why(enum rr_waited outcome)
{
	switch (outcome) {
	case RR_TIMED_OUT:
		return "not enough acknowledgements in time";
	case RR_TOO_FEW:
		return "not enough peers answer";
	case RR_TOO_MANY:
		return "sync_max REGISTERs wait already";
	default:
		return "out of memory, or a change is not replicated";
	}
}

/* A peer that has not acknowledged, for the event; 0: not known. */
static unsigned int who_has_not(const struct rr_wait *w)
{
	for (int i = 0; i < peers_places(); i++) {
		const struct repl_peer *p = peer_at(i);
		uint32_t k = 0, id = p ? p->id : 0;

		while (id && k < w->n_told && w->told[k] != id)
			k++;
		if (id && k == w->n_told)
			return id;
	}
	return 0;
}

static void tell(bool fail, enum rr_waited outcome, unsigned int peer)
{
	if (fail)
		count(STAT_SYNC_FAILED);
	else
		count(STAT_SYNC_DEGRADED);
	WARN_SELDOM("a synchronous REGISTER is not confirmed: %s; its phone got %d", why(outcome),
		fail ? 503 : 200);
	tell_sync_degraded(peer, why(outcome));
}

/* At once, while registrar's answer is in the message. */
static int answer_unconfirmed(
	struct sip_msg *msg, const str *reason, str *tag, enum rr_waited outcome, unsigned int peer)
{
	static const str text = {(char *)"Not Confirmed", 13};

	tell(saving.how.fail, outcome, peer);
	if (!saving.how.fail)
		return signaling.reply(msg, 200, reason, tag);
	del_nonshm_lump_rpl(&msg->reply_lump);
	if (!add_lump_rpl(msg, (char *)RETRY_AFTER, sizeof(RETRY_AFTER) - 1, LUMP_RPL_HDR))
		return -1;
	return signaling.reply(msg, 503, &text, tag);
}

/* --- keeping an answer
 * ------------------------------------------------------------------------------ */

static size_t gather(const struct sip_msg *msg, int what, char *to)
{
	size_t n = 0;

	for (const struct lump_rpl *l = msg->reply_lump; l; l = l->next) {
		if (!(l->flags & what) || (l->flags & LUMP_RPL_SHMEM))
			continue;
		if (to)
			memcpy(to + n, l->text.s, l->text.len);
		n += l->text.len;
	}
	return n;
}

static bool keep_answer(struct held *h, const struct sip_msg *msg, const str *reason)
{
	int headers = gather(msg, LUMP_RPL_HDR, NULL), body = gather(msg, LUMP_RPL_BODY, NULL);
	char *p = shm_malloc(reason->len + headers + body + 1);

	if (!p) {
		LM_ERR("no more shared memory for an answer\n");
		return false;
	}
	h->text = p;
	h->reason = (str){p, reason->len};
	h->headers = (str){p + reason->len, headers};
	h->body = (str){h->headers.s + headers, body};
	memcpy(h->reason.s, reason->s, reason->len);
	gather(msg, LUMP_RPL_HDR, h->headers.s);
	gather(msg, LUMP_RPL_BODY, h->body.s);
	return true;
}

/* From here on the answer may be sent at any moment, by others. */
static enum rr_waited start(struct held *h)
{
	struct rr_now at = repl_now();
	struct rr_engine *e = engine_lock();
	enum rr_waited outcome = rr_wait_start(e, at, &h->wait, h->how.peers, h->how.timeout);
	bool wake = outcome == RR_WAITING && house_oversleeps(rr_wait_next(e));

	engine_unlock();
	if (wake)
		wake_house();
	return outcome;
}

static enum rr_waited hold(struct sip_msg *msg, const str *reason, unsigned int *peer)
{
	struct cell *t = tmb.t_gett();
	struct held *h = saving.held;
	enum rr_waited outcome;

	*peer = 0;
	if (!h || !t || t == T_UNDEFINED || !t->uas.request || !keep_answer(h, msg, reason))
		return RR_WAITED_MAX;
	h->hash_index = t->hash_index;
	h->label = t->label;
	t->uas.request->msg_flags |= FL_SHM_UPDATED;
	saving.held = NULL;
	outcome = start(h);
	if (outcome == RR_WAITING) {
		tmb.t_setkr(REQ_FWDED);
		del_nonshm_lump_rpl(&msg->reply_lump);
		return outcome;
	}
	*peer = who_has_not(&h->wait);
	release(h);
	return outcome;
}

/* In place of signaling's reply function. */
static int catch_reply(struct sip_msg *msg, int code, const str *reason, str *tag)
{
	enum rr_waited outcome;
	unsigned int peer;

	if (saving.msg != msg || code != 200 || !saving.changes)
		return signaling.reply(msg, code, reason, tag);
	outcome = hold(msg, reason, &peer);
	if (outcome == RR_WAITING)
		return 1;
	if (outcome != RR_CONFIRMED)
		return answer_unconfirmed(msg, reason, tag, outcome, peer);
	count(STAT_SYNC_CONFIRMED);
	return signaling.reply(msg, code, reason, tag);
}

/* --- around save()
 * ------------------------------------------------------------------------------------ */

static struct held *new_held(void)
{
	struct held *h = shm_malloc(sizeof(*h));

	if (!h) {
		LM_ERR("no more shared memory, a REGISTER cannot wait\n");
		return NULL;
	}
	memset(h, 0, sizeof(*h));
	h->how = saving.how;
	rr_wait_open(engine_lock(), &h->wait);
	engine_unlock();
	return h;
}

int sync_begin(struct sip_msg *msg, const struct sync_flags *how)
{
	struct cell *t = tmb.t_gett();
	int rc = 1;

	if (!is_route_type(REQUEST_ROUTE) || msg->first_line.type != SIP_REQUEST) {
		LM_ERR("save_replicate: sync= can be had in REQUEST_ROUTE only\n");
		return -1;
	}
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->contact)
		return 1; /* save() refuses it, or it changes nothing */
	if (!t || t == T_UNDEFINED)
		rc = tmb.t_newtran(msg);
	if (rc == 0)
		return 0;
	saving.msg = msg;
	saving.how = *how;
	saving.changes = 0;
	saving.held = rc > 0 ? new_held() : NULL;
	return 1;
}

void sync_end(void)
{
	if (saving.held) {
		rr_wait_close(engine_lock(), &saving.held->wait);
		engine_unlock();
		release(saving.held);
	}
	saving.held = NULL;
	saving.msg = NULL;
}

void sync_changed(struct rr_engine *e, const struct rr_key *key, const struct rr_stamp *stamp)
{
	if (!saving.msg)
		return;
	saving.changes++;
	if (!saving.held || (stamp && rr_wait_note(e, &saving.held->wait, key, *stamp) == RR_OK))
		return;
	rr_wait_close(e, &saving.held->wait);
	release(saving.held);
	saving.held = NULL;
}

/* --- answering
 * ------------------------------------------------------------------------------------------ */

static int send_answer(const struct held *h, struct cell *t)
{
	static const str retry = {(char *)RETRY_AFTER, sizeof(RETRY_AFTER) - 1};
	str not_confirmed = {(char *)"Not Confirmed", 13}, none = {NULL, 0};
	str reason = h->reason, headers = h->headers, body = h->body;
	bool refuse = h->wait.outcome != RR_CONFIRMED && h->how.fail;
	int rc;

	if (refuse) {
		reason = not_confirmed;
		headers = retry;
		body = none;
	}
	if (push_new_global_context() < 0)
		return -1;
	rc = tmb.t_reply_with_body(t, refuse ? 503 : 200, &reason, &body, &headers, NULL);
	pop_pushed_global_context();
	return rc;
}

static void answer(struct held *h)
{
	struct cell *t;

	if (tmb.t_lookup_ident(&t, h->hash_index, h->label) < 0) {
		WARN_SELDOM("the transaction of a REGISTER that waited is gone (%u:%u)",
			h->hash_index, h->label);
	} else {
		if (send_answer(h, t) < 0)
			WARN_SELDOM("cannot answer a REGISTER that waited (%u:%u)", h->hash_index,
				h->label);
		tmb.unref_cell(t);
	}
	if (h->wait.outcome == RR_CONFIRMED)
		count(STAT_SYNC_CONFIRMED);
	else
		tell(h->how.fail, h->wait.outcome, who_has_not(&h->wait));
	release(h);
}

void sync_answer(void)
{
	struct rr_wait *w;

	do {
		w = rr_wait_over(engine_lock(), repl_now());
		engine_unlock();
		if (w)
			answer((struct held *)w);
	} while (w);
}
