/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C interface of sl, stateless replies.
 */
#ifndef SL_API_H
#define SL_API_H

#include "../../parser/msg_parser.h"
#include "../../sr_module.h"
#include "../../str.h"

/* 1 sent or not to be sent (ACK), -1 error. tag: To-tag to use, or NULL. */
typedef int (*sl_send_reply_f)(struct sip_msg *msg, int code, const str *reason, str *tag);
/* 1, with the To-tag of replies to this request (static buffer). */
typedef int (*sl_gen_totag_f)(struct sip_msg *msg, str *totag);

struct sl_binds {
	sl_send_reply_f reply;
	sl_gen_totag_f gen_totag;
};

typedef int (*load_sl_f)(struct sl_binds *slb);
int load_sl(struct sl_binds *slb);

/* Fills slb. 0, or -1 when sl is not loaded. */
static inline int load_sl_api(struct sl_binds *slb)
{
	load_sl_f load = (load_sl_f)(void *)find_export("load_sl", 0);

	if (load == NULL) {
		LM_ERR("can't import load_sl\n");
		return -1;
	}
	return load(slb) == -1 ? -1 : 0;
}

#endif
