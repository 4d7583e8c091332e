/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PARSE_ALLOW_H
#define PARSE_ALLOW_H

#include "msg_parser.h"

#define get_allow_methods(p_msg) (((struct allow_body *)(p_msg)->allow->parsed)->allow_all)

struct allow_body {
	unsigned int allow;     /* of this header */
	unsigned int allow_all; /* of all of them; set in the first one */
};

/* Parses all Allow headers. 0, or -1 when there is none or one is bad. */
int parse_allow(struct sip_msg *msg);

#endif
