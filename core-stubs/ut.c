/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers to text and back, copies of strings, comparisons. */
#include <stdlib.h>
#include <time.h>

#include "ut.h"

static unsigned int int2str_next;
static char int2str_bufs[INT2STR_BUF_NO][INT2STR_MAX_LEN];

/* --- numbers to text --------------------------------------------------------------------- */

char *int2bstr(uint64_t l, char *buf, int *len)
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

int rctostr(char *p, unsigned int val)
{
	int n = 0;

	val %= 1000;
	if (val >= 100)
		p[n++] = '0' + val / 100;
	if (val >= 10)
		p[n++] = '0' + val / 10 % 10;
	p[n++] = '0' + val % 10;
	return n;
}

int btostr(char *p, unsigned char val)
{
	return rctostr(p, val);
}

int64_t int64_2reverse_hex(char **c, int *size, uint64_t nr)
{
	do {
		if (*size <= 0)
			return -1;
		*(*c)++ = "0123456789abcdef"[nr & 15];
		(*size)--;
		nr >>= 4;
	} while (nr);
	return 1;
}

int int2reverse_hex(char **c, int *size, unsigned int nr)
{
	return (int)int64_2reverse_hex(c, size, nr);
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

int str2int(const str *s, unsigned int *r)
{
	uint64_t v;

	if (str2int64(s, &v) < 0 || v > UINT_MAX)
		return -1;
	*r = (unsigned int)v;
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

unsigned short str2s(const char *s, unsigned int len, int *err)
{
	str in = {(char *)s, (int)len};
	unsigned short v = 0;
	int bad = len > 5 || str2short(&in, &v) < 0;

	if (err)
		*err = bad;
	return bad ? 0 : v;
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

int reverse_hex2int64(const char *c, int len, int unsafe, uint64_t *r)
{
	*r = 0;
	if (len > 16)
		return -1;
	for (int i = len - 1; i >= 0; i--) {
		int digit = hex2int(c[i]);

		if (digit < 0)
			return unsafe ? 0 : -1;
		*r = *r << 4 | (unsigned int)digit;
	}
	return 0;
}

int reverse_hex2int(const char *c, int len, unsigned int *r)
{
	uint64_t v;

	if (len > 8 || reverse_hex2int64(c, len, 0, &v) < 0)
		return -1;
	*r = (unsigned int)v;
	return 0;
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

int un_escape(const str *user, str *new_user)
{
	int j = 0;

	for (int i = 0; i < user->len; i++, j++) {
		int value = user->s[i];

		if (value == '%') {
			int hi = i + 2 < user->len ? hex2int(user->s[i + 1]) : -1;
			int lo = i + 2 < user->len ? hex2int(user->s[i + 2]) : -1;

			value = hi * 16 + lo;
			if (hi < 0 || lo < 0 || value < 32 || value > 126) {
				LM_ERR("bad escape in '%.*s' at %d\n", user->len, user->s, i);
				new_user->len = j;
				return -1;
			}
			i += 2;
		}
		new_user->s[j] = (char)value;
	}
	new_user->len = j;
	return j;
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

int shm_nt_str_dup(str *dst, const str *src)
{
	return fill(dst, src, shm_malloc(src->len + 1), 1);
}

int pkg_nt_str_dup(str *dst, const str *src)
{
	return fill(dst, src, pkg_malloc(src->len + 1), 1);
}

int shm_str_extend(str *s, int size)
{
	char *p = s->s;

	if (!p || s->len < size)
		p = shm_realloc(s->s, size);
	if (!p)
		return -1;
	s->s = p;
	s->len = size;
	return 0;
}

int pkg_str_extend(str *s, int size)
{
	char *p = s->s;

	if (!p || s->len < size)
		p = pkg_realloc(s->s, size);
	if (!p)
		return -1;
	s->s = p;
	s->len = size;
	return 0;
}

int shm_str_sync(str *dst, const str *src)
{
	if (shm_str_extend(dst, src->len) < 0)
		return -1;
	return fill(dst, src, dst->s, 0);
}

int pkg_str_sync(str *dst, const str *src)
{
	if (pkg_str_extend(dst, src->len) < 0)
		return -1;
	return fill(dst, src, dst->s, 0);
}

char *shm_strdup(const char *s)
{
	char *p = shm_malloc(strlen(s) + 1);

	return p ? strcpy(p, s) : NULL;
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

int _str_strcmp(const str_const *a, const str_const *b)
{
	int least = a->len < b->len ? a->len : b->len;
	int diff = least > 0 ? memcmp(a->s, b->s, least) : 0;

	return diff ? diff : (a->len > b->len) - (a->len < b->len);
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

char *str_strstr(const str *a, const str *b)
{
	return memmem(a->s, a->len, b->s, b->len);
}

char *str_strcasestr(const str *a, const str *b)
{
	for (int i = 0; i + b->len <= a->len; i++)
		if (strncasecmp(a->s + i, b->s, b->len) == 0)
			return a->s + i;
	return NULL;
}

char *q_memchr(char *p, int c, unsigned int size)
{
	return memchr(p, c, size);
}

char *q_memrchr(char *p, int c, unsigned int size)
{
	return memrchr(p, c, size);
}

void strlower(str *s)
{
	for (int i = 0; i < s->len; i++)
		s->s[i] = (char)tolower((unsigned char)s->s[i]);
}

/* --- other ------------------------------------------------------------------------------- */

void sleep_us(unsigned int nusecs)
{
	struct timespec t = {nusecs / 1000000, nusecs % 1000000 * 1000L};

	nanosleep(&t, NULL);
}

int get_timestamp(int *sec, int *usec)
{
	struct timeval now;

	if (gettimeofday(&now, NULL) != 0)
		return -1;
	*sec = (int)now.tv_sec;
	*usec = (int)now.tv_usec;
	return 0;
}

void seed_child(unsigned int seed)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	seed ^= (unsigned int)getpid() * 2654435761u ^ (unsigned int)t.tv_nsec;
	srandom(seed);
	srand(seed);
}
