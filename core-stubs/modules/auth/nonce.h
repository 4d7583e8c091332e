/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nonces: the time of their making, a number, algorithm and qop they were given for, and a MAC
 * over all that with a secret. Each is good once, for nonce_expire seconds.
 */
#ifndef NONCE_H
#define NONCE_H

#include <stdint.h>

#include "../../parser/digest/digest.h"

#define NONCE_SECRET_LEN 32
#define NONCE_LEN        (8 + 16 + 2 + 32)
#define NONCE_SLOTS      (1 << 17) /* so many can be out at a time; older ones are stale */

extern int nonce_expire;        /* seconds */
extern int disable_nonce_check; /* a nonce may be used again until it expires */

/* Before forking. secret: NONCE_SECRET_LEN bytes, or NULL for a random one. 0 or -1. */
int nonce_init(const char *secret);
void nonce_destroy(void);

/* A number for the nonces of one challenge, of which one will be used. */
uint64_t nonce_number(void);
/* Writes NONCE_LEN characters, and a zero. 0 or -1. */
int nonce_make(char *out, uint64_t number, alg_t alg, qop_type_t qop, time_t now);
/* Uses a nonce up. 1: it is ours, in time, for that algorithm and qop, and was not used before. */
int nonce_use(const str *nonce, alg_t alg, qop_type_t qop, time_t now);

#endif
