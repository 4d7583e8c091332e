/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where messages between full peers are signed and verified (auth.h). Without a secret all of
 * this says yes and signs nothing.
 */
#ifndef REG_REPLICATE_PEER_AUTH_H
#define REG_REPLICATE_PEER_AUTH_H

#include <stdbool.h>

#include "auth.h"
#include "params.h"
#include "text.h"
#include "../../parser/msg_parser.h"

/* A request that is sent to a peer, as far as it is not in its headers. */
struct auth_request {
	const str *method, *call_id, *to, *from, *body; /* to, from: URIs; body: may be NULL */
	unsigned int cseq;
};

/*
 * Appends Reg-Repl-Auth to the headers; `mac` (AUTH_MAC_LEN bytes) is kept by the caller for the
 * answer. False: it cannot be signed, and must not be sent.
 */
bool peer_auth_request(const struct repl_peer *peer, const struct auth_request *r,
	struct text *headers, unsigned char *mac);

/* Is this peer's answer to the request with that mac genuine? Otherwise counted and told. */
bool peer_auth_answer_is_good(
	struct sip_msg *rpl, int code, unsigned int peer, const unsigned char *mac);

/*
 * Is a request from a peer's address genuine? Otherwise counted and told. Addresses without a full
 * peer are not judged. What follows, up to the answer, is about this request.
 */
bool peer_auth_request_is_good(struct sip_msg *msg);
/* Was the request that was just judged signed by this node? True without a secret. */
bool peer_auth_signed_by(unsigned int node);
/* Signs the answer to it, whose headers and body are in the message's reply lumps. */
void peer_auth_sign_answer(struct sip_msg *msg, int code);

#endif
