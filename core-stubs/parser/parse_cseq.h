/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSeq (RFC 3261, 20.16). Parsed as soon as the header is met. */
#ifndef PARSE_CSEQ
#define PARSE_CSEQ

#include "../str.h"
#include "parse_def.h"

struct cseq_body {
	int error; /* PARSE_OK or PARSE_ERROR */
	str number;
	str method;
	int method_id; /* enum request_method */
};

#define get_cseq(p_msg) ((struct cseq_body *)(p_msg)->cseq->parsed)

/* Numbers above 2^31-1 and anything after the method are errors, told in cb->error. */
char *parse_cseq(char *buf, char *end, struct cseq_body *cb);

void free_cseq(struct cseq_body *cb);

#endif
