/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Received requests, kept in shared memory for as long as their transaction.
 *
 * A clone is one block: struct sip_msg, the buffer as received, what the script has changed so far
 * (URIs, socket, flags, lumps). Parsed headers are not in it. Who needs the message in another
 * process, or later, makes a private one out of it, which is parsed again as needed.
 */
#ifndef TM_T_MSG_H
#define TM_T_MSG_H

#include "../../parser/msg_parser.h"

/* A copy in shared memory; NULL when that is out. */
struct sip_msg *t_clone_msg(const struct sip_msg *msg);
void t_free_clone(struct sip_msg *clone);

/*
 * Fills msg with a private message like the clone; it has the same id and FL_TM_FAKE_REQ.
 * 0, or -1 (out of memory). Release with t_end_fake_req().
 */
int t_fake_req(struct sip_msg *msg, const struct sip_msg *clone);
void t_end_fake_req(struct sip_msg *msg);

/* Parses a private copy of a buffer of our own making. 0 or -1. Release with t_end_fake_req(). */
int t_parse_buf(struct sip_msg *msg, const str *buf);

#endif
