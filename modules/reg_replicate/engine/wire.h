/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two private headers, described in doc/PROTOCOL.md: Reg-Repl (a change or a bare claim, in
 * REGISTER and OPTIONS) and Reg-Repl-State (in OPTIONS and in answers). Encoding never writes
 * beyond the buffer; parsing takes hostile input, ignores parameters it does not know, and
 * clears its output first.
 */
#ifndef RR_WIRE_H
#define RR_WIRE_H

#include "types.h"

#define RR_HDR_CHANGE   "Reg-Repl"
#define RR_HDR_STATE    "Reg-Repl-State"
#define RR_WIRE_VERSION 1
#define RR_TEXT_MAX     4096 /* decoded strings of one header, together */
#define RR_CHANGE_MAX                                                                              \
	16384              /* bytes of an encoded Reg-Repl that suffice for RR_TEXT_MAX of text    \
			    */
#define RR_STATE_MAX 28672 /* bytes of an encoded Reg-Repl-State that always suffice */

/* Reg-Repl. Strings are empty where absent. */
struct rr_msg {
	uint32_t from; /* sending node */
	struct rr_stream_id stream;
	struct rr_span span;    /* 0-0: claims nothing */
	enum rr_kind kind;      /* RR_NONE: a bare claim */
	uint64_t time;          /* of the stamp; its stream is `stream` */
	uint64_t at;            /* sender's monotonic ms when it wrote this; 0: not told */
	uint32_t keep;          /* seconds for which the stamp must be remembered; 0: not told */
	struct rr_str domain;   /* name of the usrloc domain */
	struct rr_str aor;      /* as usrloc stores it; with a kind it is required: the To of
				 * the REGISTER cannot tell "alice" from "alice@host" */
	struct rr_str cflags;   /* names of the contact's (branch) flags, comma-separated */
	struct rr_str attr;     /* usrloc attr */
	char text[RR_TEXT_MAX]; /* where a parsed message keeps its strings */
};

#define RR_WIRE_ERRORS(X)                                                                          \
	X(EVERSION, "version not supported")                                                       \
	X(ESYNTAX, "syntax error")                                                                 \
	X(ERANGE, "number out of range")                                                           \
	X(EMISSING, "a required parameter is missing")                                             \
	X(EDUPLICATE, "a parameter occurs twice")                                                  \
	X(ETOOLONG, "too long")

enum rr_wire_error {
	RR_WIRE_OK = 0,
	RR_WIRE_BASE = -200,
#define X(name, text) RR_WIRE_##name,
	RR_WIRE_ERRORS(X)
#undef X
};
const char *rr_wire_strerror(int error);

/* Header bodies, without name and CRLF, not terminated. Returns their length, or RR_WIRE_ETOOLONG
 * when `size` does not suffice. A state that does not fit is cut after a stream and marked
 * as a part; it is ETOOLONG only if not even one without streams fits. */
int rr_msg_encode(const struct rr_msg *msg, char *buf, size_t size);
int rr_state_encode(const struct rr_state *state, char *buf, size_t size);

/* Return 0 or an enum rr_wire_error. */
int rr_msg_parse(struct rr_msg *msg, const char *s, size_t len);
int rr_state_parse(struct rr_state *state, const char *s, size_t len);

#endif
