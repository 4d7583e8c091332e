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
	param_t *r2;
	param_t *params;
	int len; /* of the whole value */
	int deleted;
	struct rr *next;
} rr_t;

/* Parses a Route, Record-Route or Path header, once. 0, -1 on bad syntax, -2 without memory. */
int parse_rr(struct hdr_field *_r);

/* The same for a bare list of values. */
int parse_rr_body(char *buf, int len, rr_t **head);

void free_rr(rr_t **_r);

/* The URI of the first value of a Path vector: where a request has to go. 0, -1. */
int get_path_dst_uri(str *_p, str *_dst);

#endif
