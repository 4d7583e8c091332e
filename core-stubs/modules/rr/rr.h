/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of module rr share. */
#ifndef RR_H
#define RR_H

#include <regex.h>

#include "../../parser/msg_parser.h"

#define RR_MAX_ROUTES 64 /* values of all Route headers of a request */

extern int append_fromtag;
extern int enable_double_rr;
extern int add_username;
extern str ignore_user; /* a user that stands for none in a Request-URI of ours */

enum direction {
	RR_DOWNSTREAM = 1, /* from who began the dialog */
	RR_UPSTREAM
};

/*
 * Script functions; positive is true.
 */

/* Adds our Record-Route, with these parameters (";a=b"; NULL: none). 1, -1. */
int record_route(struct sip_msg *msg, str *params);
/* The same with addresses given ("host[:port][;params]"); `in` may be NULL. 1, -1. */
int record_route_preset(struct sip_msg *msg, str *out, str *in);
/* Adds parameters (";a=b") to the Record-Route, before or after it is made. 1, -1. */
int add_rr_param(struct sip_msg *msg, str *params);

/*
 * Takes our values off the Route set and finds the next hop (RFC 3261, 16.4 and 16.12). 1: there
 * was a route, $ru and $du are set as it wants; -1: none, a malformed one, or in a
 * request outside a dialog nothing but ours, which is taken off all the same.
 */
int loose_route(struct sip_msg *msg);
/* Do the parameters of the Route value that was ours match? 1, -1. */
int check_route_param(struct sip_msg *msg, regex_t *re);
/* Which way does the request go, by the ftag of that value? 1, -1; -1 too without a route. */
int is_direction(struct sip_msg *msg, enum direction dir);

#endif
