/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cutting blanks (space, tab, CR, LF) off a counted string. */
#ifndef TRIM_H
#define TRIM_H

#include "str.h"

static inline int is_ws(unsigned char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

static inline void trim_leading(str *s)
{
	while (s->len > 0 && is_ws(*s->s)) {
		s->s++;
		s->len--;
	}
}

static inline void trim_trailing(str *s)
{
	while (s->len > 0 && is_ws(s->s[s->len - 1]))
		s->len--;
}

static inline void trim(str *s)
{
	trim_leading(s);
	trim_trailing(s);
}

#endif
