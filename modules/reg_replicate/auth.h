/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that prove where they come from: an HMAC-SHA256 under a secret that all nodes share,
 * over everything in a message that its receiver looks at. doc/PROTOCOL.md, Reg-Repl-Auth, says
 * what is signed, in which order. Nothing here knows sockets, clocks or configuration.
 */
#ifndef REG_REPLICATE_AUTH_H
#define REG_REPLICATE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "../../str.h"

#define AUTH_HDR         "Reg-Repl-Auth"
#define AUTH_VERSION     1
#define AUTH_MAC_LEN     32
#define AUTH_VALUE_MAX   160 /* bytes of an encoded header body that always suffice */
#define AUTH_FIELDS_MAX  64  /* signed header fields of one message */
#define AUTH_SECRETS_MAX 8
#define AUTH_SECRET_MIN  16 /* bytes; enforced where secrets are configured */
#define AUTH_SECRET_MAX  256

/* What Reg-Repl-Auth says. */
struct auth_head {
	uint32_t from, to; /* nodes */
	uint64_t time;     /* of signing, wall clock, ms */
	unsigned char mac[AUTH_MAC_LEN];
};

struct auth_field {
	int group;
	str name, body;
};

/* A message as it is signed. Strings are the caller's; unset ones are empty. */
struct auth_msg {
	str method;                       /* of an answer: that of its CSeq */
	int status;                       /* of an answer; 0: a request */
	str call_id, cseq;                /* cseq: the number alone */
	str to, from;                     /* URIs; of requests only */
	const unsigned char *request_mac; /* of an answer: of the request that it answers */
	str body;
	str sock_header; /* name of the header that names a contact's socket */
	int n;
	bool full; /* too many fields, or too long a name: neither signed nor verified */
	struct auth_field field[AUTH_FIELDS_MAX];
};

/*
 * The first secret added signs, all verify. Copied; before forking. 0, or -1: there are
 * AUTH_SECRETS_MAX already, or it is empty or longer than AUTH_SECRET_MAX.
 */
int auth_add_secret(const char *secret, int len);
bool auth_enabled(void);
/* Forgets all secrets, leaving nothing of them in memory. */
void auth_forget(void);

/* A header field of the message: kept if it is one that is signed. */
void auth_add_field(struct auth_msg *m, str name, str body);
/* The same for each of these lines, which end with CRLF. */
void auth_add_lines(struct auth_msg *m, const char *s, int len);

/*
 * Signs: `head` has from, to and time, and gets the mac; `value` (AUTH_VALUE_MAX) gets the
 * header's body. Returns its length, or -1: too many fields, or libcrypto fails.
 */
int auth_sign(struct auth_head *head, const struct auth_msg *m, char *value);

/* Reads a header's body, of which there is exactly one form for each content. 0 or -1. */
int auth_parse(struct auth_head *head, const char *s, int len);
/* Has somebody who knows one of our secrets signed this? In constant time for each secret. */
bool auth_verify(const struct auth_head *head, const struct auth_msg *m);
/* Is the time of signing at most `window` ms away from now? */
bool auth_in_time(const struct auth_head *head, uint64_t now_ms, uint64_t window);

#endif
