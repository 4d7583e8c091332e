/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From (RFC 3261, 20.20): parsed when asked for. */
#ifndef _PARSE_FROM_H
#define _PARSE_FROM_H

#include "msg_parser.h"

#define get_from(p_msg) ((struct to_body *)(p_msg)->from->parsed)

/* Finds and parses From. 0, or -1 if it is missing or malformed. A From without tag is taken,
 * as RFC 2543 phones send it. */
int parse_from_header(struct sip_msg *msg);

#endif
