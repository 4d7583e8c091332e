/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that belongs to one binding, between usrloc and the wire: read from
 * usrloc under its slot lock into private memory, written as the header fields of
 * a REGISTER; and the way back.
 */
#ifndef REG_REPLICATE_PAYLOAD_H
#define REG_REPLICATE_PAYLOAD_H

#include <stdbool.h>
#include <time.h>

#include "../../qvalue.h"
#include "../../str.h"
#include "../../parser/msg_parser.h"
#include "../usrloc/usrloc.h"
#include "params.h"
#include "text.h"

/* Longest text of all fields of one binding together. */
#define PAYLOAD_MAX 8192

/* Strings point into `buf` when read from usrloc, into the message when parsed. */
struct payload {
	int domain;   /* index in repl_cfg.domains */
	bool removed; /* only domain, aor, contact, callid and cseq have a meaning */
	str aor, contact, callid;
	int cseq;
	time_t expires; /* wall seconds, 0: never */
	qvalue_t q;
	unsigned int methods; /* METHOD_* bits, ALL_METHODS */
	str user_agent, path, received, instance, attr;
	str flags; /* names of branch flags, divided by blanks */
	str sock;  /* proto:ip:port it was registered on; as advertised: adv_sock */
	str adv_sock;
	struct text text;
	char buf[PAYLOAD_MAX];
};

/*
 * Finds a contact in a usrloc record, by URI and, where usrloc matches on it, by
 * Call-ID, without usrloc's CSeq rule. The slot is locked. NULL: not there.
 */
ucontact_t *payload_find(const usrloc_api_t *ul, urecord_t *r, str *contact, str *callid);

/*
 * Copies a contact, whose slot is locked. Returns false if it is larger than
 * PAYLOAD_MAX.
 */
bool payload_copy(struct payload *p, const ucontact_t *c);

/*
 * Writes the fields that a REGISTER of this binding carries, our own excepted.
 * `left` is the time to its expiry in seconds, 0 for a removal and, between peers that
 * run this module, for ever; `for_plain`: the peer knows nothing but RFC 3261 and
 * registrar's own extensions.
 */
void payload_headers(const struct payload *p, unsigned int left, bool for_plain, struct text *out);

/* Names of methods, divided by commas; nothing for all of them. Writes to an empty text. */
#define METHOD_NAMES_MAX 160 /* bytes that suffice */
void payload_methods(unsigned int methods, struct text *out);
unsigned int payload_methods_parse(str list);

/* Writes the AoR as a SIP URI; `host` stands in where the AoR is a bare user name. */
void payload_aor_uri(const str *aor, const str *host, struct text *out);

/*
 * Reads a peer's REGISTER: Contact, Call-ID, CSeq, User-Agent, Path, socket. What
 * only Reg-Repl carries (domain, AoR, flags, attr) is left to the caller. `left`
 * is the contact's expires parameter. Returns NULL, or what is wrong.
 */
const char *payload_parse(struct payload *p, struct sip_msg *msg, unsigned int *left);

/* The first header field of this name among the parsed ones, or NULL. */
struct hdr_field *header_named(const struct sip_msg *msg, const char *name);

#endif
