/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Request line and status line (RFC 3261, 7.1 and 7.2). */
#ifndef PARSE_FLINE_H
#define PARSE_FLINE_H

#include "../str.h"

#define SIP_INVALID 0
#define SIP_REQUEST 1
#define SIP_REPLY   2

#define SIP_VERSION     "SIP/2.0"
#define SIP_VERSION_LEN 7

struct msg_start {
	int type; /* SIP_REQUEST, SIP_REPLY or SIP_INVALID */
	int len;  /* with the line end */
	union {
		struct {
			str method;
			str uri;
			str version;
			int method_value; /* enum request_method */
		} request;
		struct {
			str version;
			str status;
			str reason;
			unsigned int statuscode;
		} reply;
	} u;
};

/*
 * Parses the first line; empty lines before it have been skipped by the caller. Returns the
 * first byte after the line; on an error fl->type is SIP_INVALID.
 */
char *parse_first_line(char *buffer, unsigned int len, struct msg_start *fl);

#endif
