/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, strings and their copies in shared and private memory. */
#ifndef UT_H
#define UT_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/time.h>
#include <limits.h>
#include <unistd.h>
#include <ctype.h>
#include "config.h"
#include "dprint.h"
#include "str.h"
#include "trim.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"

struct sip_msg;

typedef struct _int_str_t {
	union {
		int i;
		str s;
	};
	unsigned char is_str;
} int_str_t;

#define ZSW(_c)       ((_c) ? (_c) : "")
#define howmany(x, y) (sizeof(x) / sizeof(y))

/* --- numbers to text ------------------------------------------------------------------- */

#define INT2STR_MAX_LEN (1 + 20 + 1)
#define INT2STR_BUF_NO  7

/* In one of INT2STR_BUF_NO static buffers that go round. len may be NULL. */
char *int2str(uint64_t l, int *len);
char *sint2str(long l, int *len);
/* Two lower case digits for each byte; bytes written. */
int string2hex(const char *s, int len, char *hex);

/* --- text to numbers: 0, or -1 when there is anything else than digits ---------------- */

int str2int(const str *s, unsigned int *r);
int str2sint(const str *s, int *r);
int str2int64(const str *s, uint64_t *r);
int str2short(const str *s, unsigned short *r);
int hexstr2int(const char *c, int len, unsigned int *val);
int hex2int(char hex_digit);

#define _isdigit(c)  ((c) >= '0' && (c) <= '9')
#define _isalpha(c)  (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define _isalnum(c)  (_isalpha(c) || _isdigit(c))
#define _isxdigit(c) (_isdigit(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))

/* --- copies: 0, or -1 when there is no memory (logged); dst is then empty -------------- */

int shm_str_dup(str *dst, const str *src);
int pkg_str_dup(str *dst, const str *src);
/* Zero terminated as well. */
int pkg_nt_str_dup(str *dst, const str *src);
char *pkg_strdup(const char *s);

/* --- comparing ------------------------------------------------------------------------- */

int _str_match(const str_const *a, const str_const *b);
int _str_casematch(const str_const *a, const str_const *b);

/* 1: equal. */
#define str_match(_a, _b)     _str_match(str2const(_a), str2const(_b))
#define str_casematch(_a, _b) _str_casematch(str2const(_a), str2const(_b))

static inline int str_match_nt(const str *a, const char *b)
{
	return (size_t)a->len == strlen(b) && memcmp(a->s, b, a->len) == 0;
}

static inline int str_casematch_nt(const str *a, const char *b)
{
	return (size_t)a->len == strlen(b) && strncasecmp(a->s, b, a->len) == 0;
}

/* 0: equal in the first n bytes, in all. */
int str_strncasecmp(const str *a, const str *b, int n);
int str_strcasecmp(const str *a, const str *b);
char *q_memchr(char *p, int c, unsigned int size);
void strlower(str *s);

/* --- other ----------------------------------------------------------------------------- */

/* Seeds random() differently in each process. */
void seed_child(unsigned int seed);

#endif
