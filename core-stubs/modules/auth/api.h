/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What module auth does for those that know accounts: it finds the credentials of a request,
 * judges their nonce, and compares the response once the password is known.
 */
#ifndef AUTH_API_H
#define AUTH_API_H

#include "../../dprint.h"
#include "../../parser/digest/digest.h"
#include "../../sr_module.h"

/* Results of script functions; the numbers are OpenSIPS's. */
typedef enum auth_result {
	AUTH_ERROR = -5, /* nothing was answered */
	NO_CREDENTIALS,  /* for this realm */
	STALE_NONCE,     /* the right password, perhaps, but for a nonce that is used or too old */
	INVALID_PASSWORD,
	USER_UNKNOWN,
	ERROR,            /* an answer was sent; 0 ends the script */
	AUTHORIZED,       /* or a method that cannot be challenged */
	DO_AUTHORIZATION, /* of pre_auth only: look the account up */
} auth_result_t;

typedef struct auth_api {
	/*
	 * Credentials for a realm; an empty one becomes the host of To (REGISTER) or From. type:
	 * HDR_AUTHORIZATION_T or HDR_PROXYAUTH_T. Malformed ones are answered with 400. A nonce
	 * is used up by this call. DO_AUTHORIZATION: *h is set, and what it points to lives as
	 * long as the message.
	 */
	auth_result_t (*pre_auth)(
		struct sip_msg *msg, str *realm, hdr_types_t type, struct hdr_field **h);
	/*
	 * Is that the password: the plain one, or with is_ha1 the hash of username, realm and
	 * password in hexadecimal? AUTHORIZED, INVALID_PASSWORD or AUTH_ERROR.
	 */
	auth_result_t (*check)(
		struct sip_msg *msg, struct hdr_field *h, const str *password, int is_ha1);
} auth_api_t;

typedef int (*bind_auth_t)(auth_api_t *api);
int bind_auth(auth_api_t *api);

/* Fills api. 0, or -1 when auth is not loaded. */
static inline int load_auth_api(auth_api_t *api)
{
	bind_auth_t bind = (bind_auth_t)(void *)find_export("bind_auth", 0);

	if (!bind) {
		LM_ERR("module auth is not loaded\n");
		return -1;
	}
	return bind(api);
}

#endif
