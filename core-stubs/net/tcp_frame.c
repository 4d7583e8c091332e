/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "tcp_frame.h"

int tcp_blank(const char *buf, int len)
{
	int n = 0;

	while (n < len && (buf[n] == '\r' || buf[n] == '\n'))
		n++;
	return n;
}

/* The value behind "name" and ":" of a line without its end; NULL: another header. */
static const char *value_of(const char *line, const char *end, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) <= n || strncasecmp(line, name, n) != 0)
		return NULL;
	line += n;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	return line < end && *line == ':' ? line + 1 : NULL;
}

/* The number of a Content-Length line; -2: it is another header; -1: malformed. */
static long length_in(const char *line, const char *end)
{
	const char *p = value_of(line, end, "Content-Length");
	long n = 0;
	int digits = 0;

	if (!p)
		p = value_of(line, end, "l");
	if (!p)
		return -2;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (; p < end && *p >= '0' && *p <= '9'; p++, digits++) {
		n = n * 10 + (*p - '0');
		if (n > INT_MAX)
			return -1;
	}
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return digits && p == end ? n : -1;
}

int tcp_frame(const char *buf, int len)
{
	const char *line = buf, *limit = buf + len, *lf;
	long body = -2, n;

	while ((lf = memchr(line, '\n', limit - line))) {
		if (lf == line || (lf == line + 1 && *line == '\r')) {
			n = lf + 1 - buf + body;
			return body >= 0 && n <= INT_MAX ? (int)n : -1;
		}
		n = line == buf ? -2 : length_in(line, lf);
		if (n == -1 || (n >= 0 && body >= 0 && n != body))
			return -1;
		if (n >= 0)
			body = n;
		line = lf + 1;
	}
	return 0;
}
