/* SPDX-License-Identifier: GPL-2.0-or-later */
/* %-escapes. */
#include "strcommon.h"

#include "ut.h"

int unescape_user(str *in, str *out)
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

int unescape_param(str *in, str *out)
{
	return unescape_user(in, out);
}
