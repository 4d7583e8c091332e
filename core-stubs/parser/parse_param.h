/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ;name=value parameters of Contact, Route and others. */
#ifndef PARSE_PARAM_H
#define PARSE_PARAM_H

#include "../str.h"

typedef enum ptype {
	P_OTHER = 0,
	P_Q,
	P_EXPIRES,
	P_METHODS,
	P_RECEIVED,
	P_INSTANCE, /* +sip.instance (RFC 5626) */
} ptype_t;

typedef enum pclass {
	CLASS_ANY = 0,
	CLASS_CONTACT
} pclass_t;

typedef struct param {
	ptype_t type;
	str name;
	str body; /* without quotes, escapes as written */
	int len;  /* from the name to the end of the value, quotes included */
	struct param *next;
} param_t;

struct contact_hooks {
	struct param *last_param; /* has to be the first member */
	struct param *expires;
	struct param *q;
	struct param *methods;
	struct param *received;
	struct param *instance;
};

typedef union param_hooks {
	struct contact_hooks contact;
	struct param *last_param;
} param_hooks_t;

/*
 * Parses parameters from the beginning of _s, whose first byte is the one after the first ';',
 * until its end or a comma; _s is then what is left (the comma first). Returns 0, -1 on a
 * syntax error, -2 without memory; *_p is NULL then. The list is private memory, in message order.
 */
int parse_params(str *_s, pclass_t _c, param_hooks_t *_h, param_t **_p);

void free_params(param_t *_p);

#endif
