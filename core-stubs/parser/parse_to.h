/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To, and everything of the same shape (RFC 3261, 20.39). To is parsed when it is met, its URI
 * only when asked for. */
#ifndef PARSE_TO
#define PARSE_TO

#include "../str.h"
#include "msg_parser.h"

struct sip_msg; /* msg_parser.h includes this file before it has one */

enum {
	TAG_PARAM = 400,
	GENERAL_PARAM
};

struct to_param {
	int type;
	str name;
	str value; /* without quotes */
	struct to_param *next;
};

struct to_body {
	int error; /* PARSE_OK or PARSE_ERROR */
	str body;
	str uri;
	str display; /* with its quotes */
	str tag_value;
	struct sip_uri parsed_uri; /* all zero until parse_to_body_uri() succeeded */
	struct to_param *param_lst;
	struct to_param *last_param;
	struct to_body *next;
};

#define get_to(p_msg) ((struct to_body *)(p_msg)->to->parsed)

/* Parses one value; look at to_b->error. */
char *parse_to(char *buffer, char *end, struct to_body *to_b);

/* Makes sure that To was met and parsed. 0, -1. */
int parse_to_header(struct sip_msg *msg);

/* Parses to_b->uri into to_b->parsed_uri once. 0, -1. */
int parse_to_body_uri(struct to_body *to_b);

/* 1 if To has a tag, 0 if not, -1 if there is no To. */
int has_totag(struct sip_msg *msg);

void free_to(struct to_body *tb);
void free_to_params(struct to_body *tb);

#endif
