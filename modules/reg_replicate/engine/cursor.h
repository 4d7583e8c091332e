/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way in which bytes of the wire are read and written: a cursor that knows its end. A
 * reader that meets something else than it was asked for keeps the first error and stays where it
 * is; a writer that runs out of room says so and writes no more. So callers may go on and look
 * once, at the end.
 */
#ifndef RR_CURSOR_H
#define RR_CURSOR_H

#include "types.h"

struct rr_in {
	const char *p, *end;
	int error; /* 0 or an enum rr_wire_error */
};

struct rr_in rr_in(const char *s, size_t len);
static inline bool rr_in_end(const struct rr_in *in)
{
	return in->error || in->p == in->end;
}
void rr_in_fail(struct rr_in *in, int error);
/* Takes the character if it comes next. */
bool rr_in_try(struct rr_in *in, char c);
void rr_in_expect(struct rr_in *in, char c);
/* Spaces and tabs. */
void rr_in_blank(struct rr_in *in);
/* A decimal number up to `most`. */
uint64_t rr_in_number(struct rr_in *in, uint64_t most);
/* Hexadecimal: just so many digits, or 1 to 16 of them. */
uint64_t rr_in_hex(struct rr_in *in, int digits);
uint64_t rr_in_hex_any(struct rr_in *in);
/* Everything up to one of the characters of `stop`, or the end; may be empty. */
struct rr_str rr_in_until(struct rr_in *in, const char *stop);
/* All that is left, %XX undone, into room..*left, both of which advance. */
struct rr_str rr_in_text(struct rr_in *in, char **room, size_t *left);

struct rr_out {
	char *p;
	size_t left;
	size_t length; /* written */
	bool full;
};

struct rr_out rr_out(char *buf, size_t size);
void rr_out_raw(struct rr_out *out, const char *s, size_t len);
void rr_out_word(struct rr_out *out, const char *word);
void rr_out_number(struct rr_out *out, uint64_t n);
/* Hexadecimal, with leading zeroes up to so many digits. */
void rr_out_hex(struct rr_out *out, uint64_t n, int digits);
/* With %XX for whatever could end a parameter or a line. */
void rr_out_text(struct rr_out *out, struct rr_str s);

#endif
