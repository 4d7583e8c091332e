/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing text into a buffer of a given size. Whatever does not fit sets `full` and
 * is left out; the writer asks once, at the end.
 */
#ifndef REG_REPLICATE_TEXT_H
#define REG_REPLICATE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../str.h"

struct text {
	char *s;
	int len, size;
	bool full;
};

static inline void text_add(struct text *t, const char *s, int len)
{
	if (len > t->size - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
}

static inline void text_str(struct text *t, const str *s)
{
	text_add(t, s->s, s->len);
}

__attribute__((format(printf, 2, 3))) static inline void text_fmt(
	struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= t->size - t->len)
		t->full = true;
	else
		t->len += n;
}

#endif
