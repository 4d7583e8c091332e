/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial forking (RFC 3261, 16.6): the branches of a request are put aside by q, and taken back
 * class by class, each after the former has failed. They are kept as AVPs, so they stay with
 * the transaction.
 */
#ifndef SERIALIZE_H
#define SERIALIZE_H

#include "parser/msg_parser.h"

/* Names the AVP; before forking. 0, -1 without memory. */
int init_serialization(void);

/*
 * Puts the Request-URI and all branches aside; those of one q make a class, the highest q comes
 * first. clear: forgets what was put aside before. keep_order: each branch is a class, in the order
 * of the branches. Nothing is put aside if there is no branch beside the Request-URI. 0; -1 without
 * memory.
 */
int serialize_branches(struct sip_msg *msg, int clear, int keep_order);

/*
 * Makes the branches of the next class those of the request, the first its Request-URI. 1: there
 * are more classes, 2: it was the last one, -1: there is none, -2: an error.
 */
int next_branches(struct sip_msg *msg);

#endif
