/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See cursor.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "wire.h"

/* --- reading ------------------------------------------------------------------------------ */

struct rr_in rr_in(const char *s, size_t len)
{
	return (struct rr_in){s, len ? s + len : s, 0}; /* there may be no text at all */
}

void rr_in_fail(struct rr_in *in, int error)
{
	if (!in->error)
		in->error = error;
}

bool rr_in_try(struct rr_in *in, char c)
{
	if (rr_in_end(in) || *in->p != c)
		return false;
	in->p++;
	return true;
}

void rr_in_expect(struct rr_in *in, char c)
{
	if (!rr_in_try(in, c))
		rr_in_fail(in, RR_WIRE_ESYNTAX);
}

void rr_in_blank(struct rr_in *in)
{
	while (rr_in_try(in, ' ') || rr_in_try(in, '\t'))
		;
}

uint64_t rr_in_number(struct rr_in *in, uint64_t most)
{
	const char *start = in->p;
	uint64_t n = 0;

	while (!rr_in_end(in) && *in->p >= '0' && *in->p <= '9') {
		unsigned digit = (unsigned)(*in->p - '0');

		if (digit > most || n > (most - digit) / 10) {
			rr_in_fail(in, RR_WIRE_ERANGE);
			return 0;
		}
		n = n * 10 + digit;
		in->p++;
	}
	if (in->p == start)
		rr_in_fail(in, RR_WIRE_ESYNTAX);
	return n;
}

struct rr_str rr_in_until(struct rr_in *in, const char *stop)
{
	const char *start = in->p;

	while (!rr_in_end(in) && (*in->p == '\0' || !strchr(stop, *in->p)))
		in->p++;
	return (struct rr_str){start, (uint32_t)(in->p - start)};
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

uint64_t rr_in_hex(struct rr_in *in, int digits)
{
	uint64_t n = 0;

	for (; digits > 0 && !in->error; digits--) {
		int digit = rr_in_end(in) ? -1 : hex(*in->p);

		if (digit < 0) {
			rr_in_fail(in, RR_WIRE_ESYNTAX);
			return 0;
		}
		n = n << 4 | (unsigned)digit;
		in->p++;
	}
	return n;
}

uint64_t rr_in_hex_any(struct rr_in *in)
{
	int digits = 1;

	while (digits < 16 && in->end - in->p > digits && hex(in->p[digits]) >= 0)
		digits++;
	return rr_in_hex(in, digits);
}

static char unescaped(struct rr_in *in)
{
	int high, low;

	if (*in->p != '%')
		return *in->p++;
	if (in->end - in->p < 3 || (high = hex(in->p[1])) < 0 || (low = hex(in->p[2])) < 0) {
		rr_in_fail(in, RR_WIRE_ESYNTAX);
		return 0;
	}
	in->p += 3;
	return (char)(high << 4 | low);
}

struct rr_str rr_in_text(struct rr_in *in, char **room, size_t *left)
{
	struct rr_str s = {*room, 0};

	while (!rr_in_end(in)) {
		char c = unescaped(in);

		if (*left == 0)
			rr_in_fail(in, RR_WIRE_ETOOLONG);
		if (in->error)
			return (struct rr_str){NULL, 0};
		*(*room)++ = c;
		(*left)--;
		s.len++;
	}
	return s;
}

/* --- writing ------------------------------------------------------------------------------ */

struct rr_out rr_out(char *buf, size_t size)
{
	return (struct rr_out){buf, size, 0, false};
}

void rr_out_raw(struct rr_out *out, const char *s, size_t len)
{
	if (out->full || len > out->left) {
		out->full = true;
		return;
	}
	if (len)
		memcpy(out->p, s, len);
	out->p += len;
	out->left -= len;
	out->length += len;
}

void rr_out_word(struct rr_out *out, const char *word)
{
	rr_out_raw(out, word, strlen(word));
}

void rr_out_number(struct rr_out *out, uint64_t n)
{
	char digits[24];

	rr_out_raw(out, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n));
}

void rr_out_hex(struct rr_out *out, uint64_t n, int digits)
{
	char text[24];

	rr_out_raw(out, text, (size_t)snprintf(text, sizeof(text), "%0*" PRIx64, digits, n));
}

static bool plain(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c && strchr("-_.!~*'():@/+&=$?[],", c);
}

void rr_out_text(struct rr_out *out, struct rr_str s)
{
	char escaped[4];

	for (uint32_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (plain(c))
			rr_out_raw(out, s.s + i, 1);
		else
			rr_out_raw(out, escaped,
				(size_t)snprintf(escaped, sizeof(escaped), "%%%02X", c));
	}
}
