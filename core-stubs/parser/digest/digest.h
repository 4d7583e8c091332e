/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digest credentials: Authorization and Proxy-Authorization (RFC 3261, 25.1; RFC 7616, RFC 8760).
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "../msg_parser.h"
#include "../hf.h"

typedef enum alg {
	ALG_UNSPEC = 0, /* not given: MD5 */
	ALG_MD5,
	ALG_SHA256,
	ALG_SHA512_256,
	ALG_OTHER /* nothing that we can compute */
} alg_t;

typedef enum qop_type {
	QOP_UNSPEC_D = 0, /* not given */
	QOP_AUTH_D,
	QOP_OTHER_D
} qop_type_t;

struct username {
	str whole;
	str user;   /* before an '@' */
	str domain; /* behind it; empty without one */
};

/* Texts are spans of the message, without their quotes; escapes in them are left as they are. */
typedef struct dig_cred {
	struct username username;
	str realm;
	str nonce;
	str uri;
	str response;
	str cnonce;
	str nc;
	str qop_str;
	alg_t alg;
	qop_type_t qop;
} dig_cred_t;

/* hdr_field.parsed of such a header */
typedef struct auth_body {
	dig_cred_t digest;
	int stale;      /* the nonce was good once, or not ours: the next challenge says so */
	int authorized; /* the response was right */
} auth_body_t;

/* The algorithm of that name, in any case; ALG_OTHER if it is none of ours. */
alg_t parse_algorithm(const str *name);

/*
 * Parses one header, once. 0; 1 if its scheme is not Digest; -1 without memory; -2 if it is
 * malformed, names a parameter twice, or lacks one that is mandatory.
 */
int parse_credentials(struct hdr_field *h);

#endif
