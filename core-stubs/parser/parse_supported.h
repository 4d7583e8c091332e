/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PARSE_SUPPORTED_H
#define PARSE_SUPPORTED_H

#include "msg_parser.h"

#define F_SUPPORTED_PATH      (1 << 0)
#define F_SUPPORTED_100REL    (1 << 1)
#define F_SUPPORTED_TIMER     (1 << 2)
#define F_SUPPORTED_EVENTLIST (1 << 3)
#define F_SUPPORTED_GRUU      (1 << 4)

#define get_supported(p_msg)                                                                       \
	((p_msg)->supported ? ((struct supported_body *)(p_msg)->supported->parsed)->supported_all \
			    : 0)

struct supported_body {
	unsigned int supported;     /* of this header */
	unsigned int supported_all; /* of all of them; set in the first one */
};

/* Parses all Supported headers. 0, or -1 when there is none or without memory. */
int parse_supported(struct sip_msg *msg);

/* One list of option tags into a mask of those we know. Always 0. */
int parse_supported_body(str *body, unsigned int *sup);

#endif
