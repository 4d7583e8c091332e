/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registrar that does not run the module: it takes what comes, unless the phone's CSeq says that
 * it is old. CSeqs are as stamps are here, since in this world a phone waits for its answer. It
 * is down for long enough to be noticed, and then empty unless it stores on disk.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

void plain_boot(struct sim *s, struct node *x)
{
	x->life++;
	x->up = x->plain = true;
	if (!s->plain_keeps)
		memset(x->value, 0, sizeof(x->value));
	TRACE(s, "plain %u: boots", x->id);
}

void plain_crash(struct sim *s, struct node *x)
{
	TRACE(s, "plain %u: dies", x->id);
	x->up = false;
	x->boot_at = s->now + 10000 + dice(s, 8000);
}

static void take(struct sim *s, struct node *x, const struct carried *c, struct message *a)
{
	struct value *v = &x->value[c->key];
	int order = rr_stamp_cmp(c->stamp, v->stamp);

	if (node_refuses(s, x, c->key)) {
		a->code = 403;
		if (rr_stamp_cmp(c->stamp, x->refused[c->key]) > 0)
			x->refused[c->key] = c->stamp;
	} else if (order < 0) {
		a->code = 400;
		a->cseq = true;
	} else {
		*v = (struct value){c->stamp, c->kind, c->left ? node_second(s, x) + c->left : 0};
	}
}

void plain_deliver(struct sim *s, const struct message *m)
{
	struct node *x = &s->node[m->to];
	struct message a = {.from = m->to, .to = m->from, .token = m->token, .code = 200};

	if (!x->up || x->life != m->life)
		return;
	a.what = m->what == MSG_PING ? MSG_PONG : MSG_ANSWER;
	if (m->what == MSG_CHANGE)
		take(s, x, &m->change[0], &a);
	net_send(s, &a);
}
