/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client that knows the password answers (RFC 7616, 3.4.1; RFC 8760 for the algorithms). */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "../../parser/digest/digest.h"

#define HASHHEX_MAX 64 /* digits, without a zero */

/* Digits of a hash of that algorithm: 32 or 64; 0 if it is none of ours. */
int hash_len(alg_t alg);
/* H(username:realm:password) in hexadecimal. 0 or -1. */
int calc_ha1(alg_t alg, const str *username, const str *realm, const str *password, char *ha1);
/*
 * The response to a challenge: ha1 has hash_len() lower case digits, and so has the result. Without
 * qop that of RFC 2069. 0 or -1.
 */
int calc_response(const dig_cred_t *c, const char *ha1, const str *method, char *response);

#endif
