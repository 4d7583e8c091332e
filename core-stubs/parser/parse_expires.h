/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expires (RFC 3261, 20.19), and Min-Expires, which has the same form. */
#ifndef PARSE_EXPIRES_H
#define PARSE_EXPIRES_H

#include "../str.h"
#include "hf.h"

typedef struct exp_body {
	str text;
	unsigned char valid; /* 0: not a number; RFC 3261 says to take 3600 then */
	int val;             /* seconds */
} exp_body_t;

/* 0; -1 out of memory or an empty header. */
int parse_expires(struct hdr_field *_h);

void free_expires(exp_body_t **_e);

#endif
