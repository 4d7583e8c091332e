/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that all header parsers are made of. */
#include "parser_f.h"

char *skip_quoted(char *p, char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && ++p == end)
			break;
	}
	return NULL;
}

char *skip_comment(char *p, char *end)
{
	int depth = 0;

	for (; p < end; p++) {
		if (*p == '\\') {
			if (++p == end)
				break;
		} else if (*p == '(') {
			depth++;
		} else if (*p == ')' && --depth == 0) {
			return p + 1;
		}
	}
	return NULL;
}

static int is_host_char(unsigned char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '-' || c == '_';
}

char *skip_host(char *p, char *end)
{
	char *q = p;

	if (p == end || *p != '[') {
		while (q < end && is_host_char((unsigned char)*q))
			q++;
		return q;
	}
	for (q++; q < end && *q != ']'; q++)
		if (!strchr("0123456789abcdefABCDEF:.", *q) || !*q)
			return p;
	return q < end && q > p + 1 ? q + 1 : p;
}

char *scan_number(char *p, char *end, unsigned int max, unsigned int *val)
{
	unsigned long n = 0;
	char *q;

	for (q = p; q < end && *q >= '0' && *q <= '9'; q++) {
		n = n * 10 + (unsigned int)(*q - '0');
		if (n > max)
			return NULL;
	}
	*val = n;
	return q > p ? q : NULL;
}

/* Reads what is behind the '='. */
static char *scan_value(char *p, char *end, struct raw_param *param)
{
	char *q;

	if (p < end && *p == '"') {
		q = skip_quoted(p, end);
		if (!q)
			return NULL;
		param->quoted = 1;
		param->value.s = p + 1;
		param->value.len = q - p - 2;
		return q;
	}
	for (q = p; q < end && *q != ';' && *q != ',' && !is_lws(*q); q++)
		if (*q == '"' || *q == '<' || *q == '>')
			return NULL;
	param->value.s = p;
	param->value.len = q - p;
	return q;
}

char *scan_param(char *p, char *end, struct raw_param *param)
{
	memset(param, 0, sizeof(*param));
	p = skip_lws(p, end);
	param->name.s = p;
	p = skip_token(p, end);
	param->name.len = p - param->name.s;
	if (!param->name.len)
		return NULL;
	param->stop = p;
	p = skip_lws(p, end);
	if (p < end && *p == '=') {
		p = scan_value(skip_lws(p + 1, end), end, param);
		if (!p)
			return NULL;
		param->stop = p;
		p = skip_lws(p, end);
	}
	return p == end || *p == ';' || *p == ',' ? p : NULL;
}
