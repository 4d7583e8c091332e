/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To-tags of replies made here. */
#ifndef TAGS_H
#define TAGS_H

#include "parser/msg_parser.h"
#include "str.h"

#define TOTAG_VALUE_LEN (4 + 1 + MD5_LEN)

/* Draws this start's secret, once; before forking. 0, or -1. */
int init_totags(void);

/*
 * The To-tag of replies to a request: the same each time it comes, and for its ACK, another for
 * any other request, not to be guessed. `separator` tells who made it. Static memory, lasting to
 * the next call.
 */
void make_totag(const struct sip_msg *msg, char separator, str *tag);

#endif
