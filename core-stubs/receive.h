/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef receive_h
#define receive_h

#include "ip_addr.h"
#include "context.h"

/*
 * Everything that is done with a message that came in: parse, callbacks, script, reply
 * matching, forwarding. buf holds len bytes (at most BUF_SIZE) and stays the caller's. The
 * context, if given, is not freed. Returns 0, -1 when the message was bad (and counted).
 */
int receive_msg(char *buf, unsigned int len, struct receive_info *ri, context_p existing_context,
	unsigned int flags);

unsigned int get_next_msg_no(void);

#endif
