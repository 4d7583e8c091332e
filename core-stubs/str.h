/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted strings. Neither kind is zero terminated: always print with "%.*s".
 */
#ifndef STR_H
#define STR_H

#include <string.h>
#include <strings.h>
#include "lib/str2const.h"

typedef struct __str {
	char *s;
	int len;
} str;

typedef struct __str_const {
	const char *s;
	int len;
} str_const;

#define STR_NULL ((str){NULL, 0})

/* From a literal; usable as a static initialiser. */
#define str_init(_string)       ((str){(char *)(_string), sizeof(_string) - 1})
#define str_const_init(_string) ((str_const){_string, sizeof(_string) - 1})

#define ZSTR(_s)   (!(_s).s || (_s).len == 0)
#define ZSTRP(_sp) (!(_sp) || ZSTR(*(_sp)))

static inline const str_const *_cs2cc(const str *sp)
{
	return (const str_const *)(const void *)sp;
}

static inline const str_const *_s2c(str *sp)
{
	return (const str_const *)(const void *)sp;
}

static inline const str_const *_c2cc(str_const *sp)
{
	return sp;
}

static inline const str_const *_cc2cc(const str_const *sp)
{
	return sp;
}

/* Makes dest point at the zero terminated src; nothing is copied. */
static inline void init_str(str *dest, const char *src)
{
	dest->s = (char *)src;
	dest->len = (int)strlen(src);
}

/* A pointer to a static str for a zero terminated string; one per place of use. */
#define _str(s)                                                                                    \
	({                                                                                         \
		static str _st;                                                                    \
		init_str(&_st, s);                                                                 \
		(const str *)&_st;                                                                 \
	})

/* Copies bytes and length; dest->s must have room. */
static inline str *_str_cpy(str *dest, const str_const *src)
{
	memcpy(dest->s, src->s, src->len);
	dest->len = src->len;
	return dest;
}
#define str_cpy(dest, src) _str_cpy(dest, str2const(src))

#endif
