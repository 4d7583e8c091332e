/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Branches beyond the first one (which is the Request-URI of the message itself) of the request
 * that this process works on. Spans given in are copied; those read out are valid until the
 * next change. At most MAX_BRANCHES - 1.
 */
#ifndef _DSET_H
#define _DSET_H

#include "ip_addr.h"
#include "qvalue.h"
#include "str.h"

struct sip_msg;
struct socket_info;

struct msg_branch {
	str uri;
	str dst_uri;
	str path;
	int q;
	const struct socket_info *force_send_socket;
	unsigned int bflags;
};

/* 0 switches reading and adding off (while a branch route runs), 1 on again. */
void set_dset_state(unsigned char enable);

void clear_dset(void);

/* 1; -1 when there are too many, it has no URI, or memory is short. */
int append_msg_branch(struct msg_branch *branch);

/* NULL beyond the last. */
struct msg_branch *get_msg_branch(unsigned int idx);

/* Branch flags by number; branch 0 is the message itself. 1 or -1, as script functions. */
int setbflag(struct sip_msg *msg, unsigned int b_idx, unsigned int mask);
int isbflagset(struct sip_msg *msg, unsigned int b_idx, unsigned int mask);
int resetbflag(struct sip_msg *msg, unsigned int b_idx, unsigned int mask);

#endif
