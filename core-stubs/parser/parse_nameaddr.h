/* SPDX-License-Identifier: GPL-2.0-or-later */
/* name-addr and addr-spec (RFC 3261, 20.10): ["display"] <uri>, or a bare uri. */
#ifndef PARSE_NAMEADDR_H
#define PARSE_NAMEADDR_H

#include "../str.h"

typedef struct name_addr {
	str name; /* display name as written, with its quotes */
	str uri;  /* without the brackets */
	int len;  /* up to and with '>', white space included */
} name_addr_t;

/*
 * Parses one name-addr with brackets at the beginning of _s; what follows it is left. Returns 0,
 * -1 where there is none.
 */
int parse_nameaddr(str *_s, name_addr_t *_a);

/*
 * The same, also for a bare addr-spec, which ends at ';', ',' or white space (RFC 3261, 20: its
 * parameters belong to the header then). Moves *p behind it.
 */
int parse_addr(char **p, char *end, str *name, str *uri);

#endif
