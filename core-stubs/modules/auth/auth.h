/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this module share. */
#ifndef AUTH_H
#define AUTH_H

#include "api.h"
#include "../signaling/signaling.h"

extern struct sig_binds sigb;
extern str realm_prefix; /* taken off a realm that comes from a request */

/* --- authorize.c ------------------------------------------------------------------------- */

/* Answers; what is in the message's reply_lump goes with it. 0 or -1. */
int auth_reply(struct sip_msg *msg, int code, const char *reason);
/* An empty realm becomes the host of To or From. 0, or -1 if that cannot be parsed. */
int auth_realm(struct sip_msg *msg, hdr_types_t type, str *realm);
/* The first credentials that have been found right, or NULL. */
struct hdr_field *auth_authorized(struct sip_msg *msg);

auth_result_t pre_auth(struct sip_msg *msg, str *realm, hdr_types_t type, struct hdr_field **h);
auth_result_t auth_check(struct sip_msg *msg, struct hdr_field *h, const str *password, int is_ha1);

/* --- challenge.c ------------------------------------------------------------------------- */

/* Script functions: 401 and 407. algorithms: mask of 1 << alg_t. They end the script. */
int www_challenge(struct sip_msg *msg, str *realm, void *qop, void *algorithms);
int proxy_challenge(struct sip_msg *msg, str *realm, void *qop, void *algorithms);
/* Their parameters. */
int fixup_qop(void **param);
int fixup_algorithms(void **param);

#endif
