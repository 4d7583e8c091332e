/* SPDX-License-Identifier: GPL-2.0-or-later */
/* %-escaping (RFC 3261, 19.1.2 and 25.1). */
#include "strcommon.h"

#include <ctype.h>
#include "ut.h"

static int escape(const str *in, str *out, const char *plain)
{
	static const char hex[] = "0123456789ABCDEF";
	int room = out->len, n = 0, i;

	out->len = 0;
	for (i = 0; i < in->len; i++) {
		unsigned char c = in->s[i];

		if (isalnum(c) || (c && strchr(plain, c))) {
			if (n + 1 > room)
				return -1;
			out->s[n++] = (char)c;
			continue;
		}
		if (n + 3 > room)
			return -1;
		out->s[n++] = '%';
		out->s[n++] = hex[c >> 4];
		out->s[n++] = hex[c & 15];
	}
	out->len = n;
	return 0;
}

static int unescape(const str *in, str *out)
{
	int room = out->len, n = 0, i, hi, lo;

	out->len = 0;
	for (i = 0; i < in->len; i++) {
		int c = in->s[i];

		if (c == '%') {
			if (i + 2 >= in->len)
				return -1;
			hi = hex2int(in->s[i + 1]);
			lo = hex2int(in->s[i + 2]);
			if (hi < 0 || lo < 0)
				return -1;
			c = hi << 4 | lo;
			i += 2;
		}
		if (n + 1 > room)
			return -1;
		out->s[n++] = (char)c;
	}
	out->len = n;
	return 0;
}

#define MARK "-_.!~*'()"

int escape_user(str *sin, str *sout)
{
	return escape(sin, sout, MARK "&=+$,;?/");
}

int escape_param(str *sin, str *sout)
{
	return escape(sin, sout, MARK "[]/:&+$");
}

int unescape_user(str *sin, str *sout)
{
	return unescape(sin, sout);
}

int unescape_param(str *sin, str *sout)
{
	return unescape(sin, sout);
}
