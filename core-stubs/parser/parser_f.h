/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all header parsers are made of: steps over a span [p, end) that never look at end or
 * beyond. A header body holds CR and LF only where a line was folded, so inside of one they
 * are white space like any other.
 */
#ifndef parser_f_h
#define parser_f_h

#include <string.h>
#include "../str.h"

/* RFC 3261, 25.1: token */
static inline int is_token_char(unsigned char c)
{
	if (((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9'))
		return 1;
	return c && strchr("-.!%*_+`'~", c) != NULL;
}

static inline int is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline char *skip_lws(char *p, char *end)
{
	while (p < end && is_lws(*p))
		p++;
	return p;
}

static inline char *skip_token(char *p, char *end)
{
	while (p < end && is_token_char((unsigned char)*p))
		p++;
	return p;
}

/* How much of a hostile text a log line quotes. */
static inline int quoted_len(int len)
{
	return len < 160 ? len : 160;
}

/* p is at the opening quote; the byte behind the closing one, NULL if there is none. */
char *skip_quoted(char *p, char *end);

/* p is at the opening parenthesis; comments nest. NULL if it does not end. */
char *skip_comment(char *p, char *end);

/* A host: name, IPv4, or IPv6 in brackets. p itself when there is none. */
char *skip_host(char *p, char *end);

/*
 * Reads digits. The value goes to *val; returns the first byte after them, NULL when there is no
 * digit or the value is more than max.
 */
char *scan_number(char *p, char *end, unsigned int max, unsigned int *val);

/* One parameter as all headers have it: name [ "=" ( token / host / quoted-string ) ]. */
struct raw_param {
	str name;
	str value;  /* without quotes */
	int quoted; /* it had some */
	char *stop; /* behind the value, quotes included, white space not */
};

/* p is behind the ';'. Returns the next ';' or ',' or the end; NULL on a syntax error. */
char *scan_param(char *p, char *end, struct raw_param *param);

#endif
