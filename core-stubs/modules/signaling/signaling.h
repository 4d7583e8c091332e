/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C interface of signaling: replies by tm where there is a transaction, else by sl.
 */
#ifndef SIGNALING_H
#define SIGNALING_H

#include "../../dprint.h"
#include "../../parser/msg_parser.h"
#include "../../sr_module.h"

/* 1 sent, -1 error. tag: To-tag to use or, if empty, to be filled in; or NULL. */
typedef int (*sig_send_reply_f)(struct sip_msg *msg, int code, const str *reason, str *tag);
typedef int (*sig_gen_totag_f)(struct sip_msg *msg, str *tag);

struct sig_binds {
	sig_send_reply_f reply;
	sig_gen_totag_f gen_totag;
};

typedef int (*load_sig_f)(struct sig_binds *sigb);
int load_sig(struct sig_binds *sigb);

/* Fills sigb. 0, or -1 when signaling is not loaded. */
static inline int load_sig_api(struct sig_binds *sigb)
{
	load_sig_f load = (load_sig_f)(void *)find_export("load_sig", 0);

	if (load == NULL) {
		LM_ERR("can't import load_sig\n");
		return -1;
	}
	return load(sigb) == -1 ? -1 : 0;
}

#endif
