/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Via (RFC 3261, 20.42; rport RFC 3581). A header may hold several, linked by `next`. */
#ifndef PARSE_VIA_H
#define PARSE_VIA_H

#include "../str.h"
#include "parse_def.h"

enum {
	PARAM_HIDDEN = 230,
	PARAM_TTL,
	PARAM_BRANCH,
	PARAM_MADDR,
	PARAM_RECEIVED,
	PARAM_RPORT,
	PARAM_I,
	PARAM_ALIAS,
	GEN_PARAM,
	PARAM_ERROR
};

struct via_param {
	int type; /* PARAM_... or GEN_PARAM */
	str name;
	str value;   /* without quotes; empty where there is none */
	char *start; /* just after the ';' */
	int size;    /* from start to the next ';', ',' or the end */
	struct via_param *next;
};

struct via_body {
	int error; /* PARSE_OK or PARSE_ERROR */
	str hdr;   /* header name as written */
	str name;  /* "SIP" */
	str version;
	str transport;
	str host;             /* IPv6 with its brackets */
	unsigned short proto; /* PROTO_NONE when it is not one of ours */
	unsigned short port;  /* 0: not given */
	str port_str;
	str params; /* everything after the first ';' */
	str comment;
	unsigned int bsize; /* bytes of this value up to and with the comma, if any */
	struct via_param *param_lst;
	struct via_param *last_param;
	struct via_param *branch;
	str tid;
	struct via_param *received;
	struct via_param *rport;
	struct via_param *i;
	struct via_param *alias;
	struct via_param *maddr;
	struct via_body *next; /* next value of the same header */
};

/* Parses all values of a Via body into a list that begins with vb. Returns the end; look at
 * vb->error. Parameters and further values are private memory, freed by free_via_list(). */
char *parse_via(char *buffer, char *end, struct via_body *vb);

/* Frees the list with its first element. */
void free_via_list(struct via_body *vb);

#endif
