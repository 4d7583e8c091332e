/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of contacts of one Contact header (RFC 3261, 20.10). */
#ifndef CONTACT_H
#define CONTACT_H

#include "../../str.h"
#include "../parse_param.h"

typedef struct contact {
	str name; /* display name as written */
	str uri;
	param_t *instance;
	param_t *q;
	param_t *expires;
	param_t *methods;
	param_t *received;
	param_t *params; /* all of them, owner of the five above */
	int len;         /* from the name or URI to the end of the last parameter */
	struct contact *next;
} contact_t;

/* 0 and a list in private memory, -1 on a syntax error or without memory. */
int parse_contacts(str *_s, contact_t **_c);

void free_contacts(contact_t **_c);

#endif
