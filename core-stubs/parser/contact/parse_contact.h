/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PARSE_CONTACT_H
#define PARSE_CONTACT_H

#include "../hf.h"
#include "../../str.h"
#include "../msg_parser.h"
#include "contact.h"

typedef struct contact_body {
	unsigned char star; /* "Contact: *"; contacts is NULL then */
	contact_t *contacts;
} contact_body_t;

/* Parses one header, once. 0, or -1 on a syntax error, an empty header or without memory. */
int parse_contact(struct hdr_field *_h);

void free_contact(contact_body_t **_c);

/*
 * Goes through the contacts of all Contact headers: prev is NULL for the first. *c is NULL at the
 * end. 0, or -1 when a header cannot be parsed.
 */
int contact_iterator(contact_t **c, struct sip_msg *msg, contact_t *prev);

#endif
