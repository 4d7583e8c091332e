/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers to text and back, copies of strings, comparisons. */
#include <stdlib.h>
#include <time.h>

#include "ut.h"

static unsigned int int2str_next;
static char int2str_bufs[INT2STR_BUF_NO][INT2STR_MAX_LEN];

/* --- numbers to text --------------------------------------------------------------------- */

static char *int2bstr(uint64_t l, char *buf, int *len)
{
	char *p = buf + INT2STR_MAX_LEN - 1;

	*p = 0;
	do {
		*--p = '0' + l % 10;
		l /= 10;
	} while (l);
	if (len)
		*len = (int)(buf + INT2STR_MAX_LEN - 1 - p);
	return p;
}

char *int2str(uint64_t l, int *len)
{
	return int2bstr(l, int2str_bufs[int2str_next++ % INT2STR_BUF_NO], len);
}

char *sint2str(long l, int *len)
{
	char *p = int2str(l < 0 ? 0 - (uint64_t)l : (uint64_t)l, len);

	if (l < 0) {
		*--p = '-';
		if (len)
			(*len)++;
	}
	return p;
}

int string2hex(const char *s, int len, char *hex)
{
	for (int i = 0; i < len; i++) {
		*hex++ = "0123456789abcdef"[(unsigned char)s[i] >> 4];
		*hex++ = "0123456789abcdef"[s[i] & 15];
	}
	return 2 * len;
}

/* --- text to numbers --------------------------------------------------------------------- */

int str2int64(const str *s, uint64_t *r)
{
	uint64_t v = 0;

	if (!s || !s->s || s->len <= 0)
		return -1;
	for (int i = 0; i < s->len; i++) {
		if (!_isdigit(s->s[i]) || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(s->s[i] - '0'), &v))
			return -1;
	}
	*r = v;
	return 0;
}

/* What does not fit is cut off, as in OpenSIPS: 4294967297 is 1. */
int str2int(const str *s, unsigned int *r)
{
	unsigned int v = 0;

	if (!s || !s->s || s->len <= 0)
		return -1;
	for (int i = 0; i < s->len; i++) {
		if (!_isdigit(s->s[i]))
			return -1;
		v = v * 10 + (unsigned int)(s->s[i] - '0');
	}
	*r = v;
	return 0;
}

int str2short(const str *s, unsigned short *r)
{
	uint64_t v;

	if (str2int64(s, &v) < 0 || v > USHRT_MAX)
		return -1;
	*r = (unsigned short)v;
	return 0;
}

int str2sint(const str *s, int *r)
{
	int neg = s && s->s && s->len > 1 && (*s->s == '-' || *s->s == '+');
	str digits;
	uint64_t v;

	if (!s || !s->s)
		return -1;
	digits = (str){s->s + neg, s->len - neg};
	neg = neg && *s->s == '-';
	if (str2int64(&digits, &v) < 0 || v > (uint64_t)INT_MAX + neg)
		return -1;
	*r = neg ? (int)-(int64_t)v : (int)v;
	return 0;
}

int hex2int(char c)
{
	if (_isdigit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hexstr2int(const char *c, int len, unsigned int *val)
{
	unsigned int v = 0;

	if (len > 8)
		return -1;
	for (int i = 0; i < len; i++) {
		if (hex2int(c[i]) < 0)
			return -1;
		v = v << 4 | (unsigned int)hex2int(c[i]);
	}
	*val = v;
	return 0;
}

/* --- copies ------------------------------------------------------------------------------ */

static int fill(str *dst, const str *src, char *block, int zero)
{
	if (!block) {
		*dst = STR_NULL;
		return -1;
	}
	if (src->len > 0)
		memcpy(block, src->s, src->len);
	if (zero)
		block[src->len] = 0;
	dst->s = block;
	dst->len = src->len;
	return 0;
}

int shm_str_dup(str *dst, const str *src)
{
	return fill(dst, src, shm_malloc(src->len), 0);
}

int pkg_str_dup(str *dst, const str *src)
{
	return fill(dst, src, pkg_malloc(src->len), 0);
}

int pkg_nt_str_dup(str *dst, const str *src)
{
	return fill(dst, src, pkg_malloc(src->len + 1), 1);
}

char *pkg_strdup(const char *s)
{
	char *p = pkg_malloc(strlen(s) + 1);

	return p ? strcpy(p, s) : NULL;
}

/* --- comparing --------------------------------------------------------------------------- */

int _str_match(const str_const *a, const str_const *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->s, b->s, a->len) == 0);
}

int _str_casematch(const str_const *a, const str_const *b)
{
	return a->len == b->len && (a->len == 0 || strncasecmp(a->s, b->s, a->len) == 0);
}

int str_strncasecmp(const str *a, const str *b, int n)
{
	for (int i = 0; i < n; i++) {
		int ca = i < a->len ? tolower((unsigned char)a->s[i]) : -1;
		int cb = i < b->len ? tolower((unsigned char)b->s[i]) : -1;

		if (ca != cb)
			return ca < cb ? -1 : 1;
		if (ca < 0)
			return 0;
	}
	return 0;
}

int str_strcasecmp(const str *a, const str *b)
{
	return str_strncasecmp(a, b, a->len > b->len ? a->len : b->len);
}

char *q_memchr(char *p, int c, unsigned int size)
{
	return memchr(p, c, size);
}

void strlower(str *s)
{
	for (int i = 0; i < s->len; i++)
		s->s[i] = (char)tolower((unsigned char)s->s[i]);
}

/* --- other ------------------------------------------------------------------------------- */

void seed_child(unsigned int seed)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	seed ^= (unsigned int)getpid() * 2654435761u ^ (unsigned int)t.tv_nsec;
	srandom(seed);
	srand(seed);
}
