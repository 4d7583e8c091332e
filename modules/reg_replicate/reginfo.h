/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many changes as one document: application/reginfo+xml (RFC 3680), state "partial", with
 * what RFC 3680 has no place for in an element of our own namespace in each contact. Any
 * watcher of reginfo can read it; doc/PROTOCOL.md describes it.
 */
#ifndef REG_REPLICATE_REGINFO_H
#define REG_REPLICATE_REGINFO_H

#include "engine/types.h"
#include "payload.h"

#define REGINFO_TYPE "application/reginfo+xml"

/* A change beside its payload. */
struct reginfo_change {
	enum rr_kind kind;
	uint64_t time;     /* of the stamp */
	unsigned int left; /* seconds to live; 0: for ever, or removed */
	unsigned int keep; /* seconds for which the stamp is remembered; 0: not told */
	str domain;        /* name of the usrloc domain */
	const struct payload *payload;
};

/* The libxml2 library, once, before forking. */
void reginfo_init(void);

/* Starts a document in an empty text; `version`: grows from document to document. */
void reginfo_begin(struct text *out, unsigned long long version);

/*
 * Adds a change, with room left for the end. `host` stands in where the AoR is a bare user name.
 * False: there is no room, or it cannot be written in XML (which has no control characters,
 * and wants UTF-8); the document is then as it was before.
 */
bool reginfo_add(struct text *out, const struct reginfo_change *change, const str *host);

void reginfo_end(struct text *out);

/* A change that was read; it and its strings are gone after the call. False: no more. */
typedef bool (*reginfo_f)(void *ctx, const struct reginfo_change *change);

/*
 * Reads a document from anywhere, and gives its changes one by one, in their order, as they are
 * met: what was given before an error is found was right by itself. No DOCTYPE, nothing from
 * elsewhere; what is not known is read over. payload->domain is left to the caller. Returns NULL,
 * or what is wrong.
 */
const char *reginfo_parse(const str *body, reginfo_f each, void *ctx);

#endif
