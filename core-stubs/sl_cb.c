/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callbacks of stateless processing. The lists are made before forking.
 */
#include "sl_cb.h"

#include "dprint.h"
#include "mem/mem.h"

struct slcb {
	unsigned int fmask;
	sl_cb_t *f;
	struct slcb *next;
};

static struct slcb *slcb_lists[SLCB_LAST];

int register_slcb(enum sl_cb_type type, unsigned int fmask, sl_cb_t f)
{
	struct slcb *cb = pkg_malloc(sizeof(*cb));

	if (cb == NULL || type >= SLCB_LAST) {
		LM_ERR("cannot register a callback of type %d\n", (int)type);
		pkg_free(cb);
		return -1;
	}
	cb->fmask = fmask;
	cb->f = f;
	cb->next = slcb_lists[type];
	slcb_lists[type] = cb;
	return 0;
}

void destroy_slcb_lists(void)
{
	struct slcb *cb;
	int i;

	for (i = 0; i < SLCB_LAST; i++)
		while ((cb = slcb_lists[i]) != NULL) {
			slcb_lists[i] = cb->next;
			pkg_free(cb);
		}
}

static void run(enum sl_cb_type type, struct sip_msg *req, str *buffer, int code,
	const union sockaddr_union *dst, const struct socket_info *sock, int proto)
{
	struct slcb *cb;

	for (cb = slcb_lists[type]; cb != NULL; cb = cb->next)
		if (cb->fmask == 0 || (cb->fmask & req->msg_flags) != 0)
			cb->f(req, buffer, code, dst, sock, proto);
}

void slcb_run_reply_out(struct sip_msg *req, str *buffer, union sockaddr_union *dst, int rpl_code)
{
	run(SLCB_REPLY_OUT, req, buffer, rpl_code, dst, req->rcv.bind_address, req->rcv.proto);
}

void slcb_run_ack_in(struct sip_msg *req)
{
	run(SLCB_ACK_IN, req, NULL, 0, NULL, req->rcv.bind_address, req->rcv.proto);
}

void slcb_run_req_out(struct sip_msg *req, str *buffer, const union sockaddr_union *dst,
	const struct socket_info *sock, int proto)
{
	run(SLCB_REQUEST_OUT, req, buffer, 0, dst, sock, proto);
}
