/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sip:, sips: and tel: URIs (RFC 3261, 19.1; RFC 3966). */
#ifndef PARSE_URI_H
#define PARSE_URI_H

#include "../ut.h"
#include "../str.h"
#include "../net/trans.h"
#include "msg_parser.h"

/*
 * Takes a URI apart; all parts are spans of buf. A tel: number is in user, and host is empty.
 * Returns 0; -1 on a syntax error, which is counted in bad_URIs and sets ser_error.
 */
int parse_uri(char *buf, int len, struct sip_uri *uri);

/* 1 if it begins with a scheme that parse_uri() knows. */
int is_uri_scheme(const str *uri);

/*
 * RFC 3261, 19.1.4. Either side may be given parsed, or raw (the other pointer is NULL then).
 * Returns 0 when they are the same, 1 when not, -1 when one cannot be parsed.
 */
int compare_uris(
	str *raw_uri_a, struct sip_uri *parsed_uri_a, str *raw_uri_b, struct sip_uri *parsed_uri_b);

/* Value of any parameter, by name in any case. 0, -1 when there is none (as OpenSIPS: a known
 * one that is absent gives 0 and an empty value). */
int get_uri_param_val(const struct sip_uri *uri, const str *param, str *val);

/* The port to send to: the one given, else the default of the transport; sips means TLS. */
static inline unsigned short get_uri_port(struct sip_uri *uri, unsigned short *proto)
{
	unsigned short p = uri->proto;

	if (p == PROTO_NONE)
		p = uri->type == SIPS_URI_T || uri->type == TELS_URI_T ? PROTO_TLS : PROTO_UDP;
	if (proto)
		*proto = p;
	if (uri->port_no || p > PROTO_SIP_LAST)
		return uri->port_no;
	return protos[p].default_rfc_port;
}

#endif
