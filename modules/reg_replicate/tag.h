/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tag in From of all that this module sends: TOKEN-NODE.reg_replicate. It is the only thing by
 * which a copy for a plain peer can be told from a phone's own REGISTER. Whoever was a plain peer
 * and has become a full one needs that: copies for it may still be under way (receive.c).
 */
#ifndef REG_REPLICATE_TAG_H
#define REG_REPLICATE_TAG_H

#include <stdint.h>

#include "../../str.h"

#define TAG_MAX 48 /* with the '\0' */

/* Writes the tag of a message of node `node` into `buf`, of TAG_MAX bytes; its length. */
int tag_write(char *buf, uint64_t token, uint32_t node);
/* The node that wrote this tag, or 0 if it is not one of ours. */
uint32_t tag_node(const str *tag);

#endif
