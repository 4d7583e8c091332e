/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Route, Record-Route (RFC 3261, 20.34) and Path (RFC 3327): lists of name-addrs. */
#ifndef PARSE_RR_H
#define PARSE_RR_H

#include "msg_parser.h"
#include "parse_nameaddr.h"
#include "parse_param.h"
#include "hf.h"

typedef struct rr {
	name_addr_t nameaddr;
	param_t *params;
	int len; /* of the whole value */
	struct rr *next;
} rr_t;

/* Parses the values of a Route, Record-Route or Path header; one before a comma may be missing, and
 * a URI may be empty. 0, -1 on bad syntax, -2 without memory. */
int parse_rr_body(char *buf, int len, rr_t **head);

void free_rr(rr_t **_r);

/* The URI of the first value of a Path vector: where a request has to go. 0, -1. */
int get_path_dst_uri(str *_p, str *_dst);

#endif
