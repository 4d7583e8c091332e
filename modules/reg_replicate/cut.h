/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers for reading lists of key=value. */
#ifndef REG_REPLICATE_CUT_H
#define REG_REPLICATE_CUT_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "../../str.h"
#include "../../trim.h"

static inline bool str_is(const str *s, const char *text)
{
	return s->len == (int)strlen(text) && strncasecmp(s->s, text, s->len) == 0;
}

/* Splits `in` at the first `sep`: what is before it goes to `head`, the rest stays. True: there
 * was one. */
static inline bool cut(str *in, char sep, str *head)
{
	char *at = in->len > 0 ? memchr(in->s, sep, in->len) : NULL;

	*head = *in;
	if (at) {
		head->len = at - in->s;
		in->len -= head->len + 1;
		in->s = at + 1;
	} else {
		in->s += in->len;
		in->len = 0;
	}
	trim(head);
	return at != NULL;
}

#endif
