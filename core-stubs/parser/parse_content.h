/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-Length (RFC 3261, 20.14). Its value sits in the header's `parsed` itself. */
#ifndef PARSE_CONTENT_H
#define PARSE_CONTENT_H

#define get_content_length(_msg_)                                                                  \
	((long)((_msg_)->content_length ? (_msg_)->content_length->parsed : 0))

/* Returns the first byte after the number, or NULL. At most 10 digits, at most 2^31-1. */
char *parse_content_length(char *buffer, char *end, int *len);

#endif
