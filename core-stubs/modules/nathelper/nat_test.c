/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Did this message come through a NAT? Addresses that its sender wrote into it are compared
 * with the one it came from, and with the ranges that are not routed in the Internet.
 */
#include "nathelper.h"

#include "../../msg_translator.h"
#include "../../parser/contact/parse_contact.h"
#include "../../parser/parse_uri.h"
#include "../../resolve.h"

#define CONTENT_TYPE_SDP "application/sdp"

/* --- addresses --------------------------------------------------------------------------- */

/* As OpenSIPS: loopback counts as private. */
static const struct {
	unsigned char net[4];
	int bits;
	int carrier_grade; /* looked at with that flag only */
} private_nets[] = {
	{{10, 0, 0, 0}, 8, 0},     /* RFC 1918 */
	{{172, 16, 0, 0}, 12, 0},  /* RFC 1918 */
	{{192, 168, 0, 0}, 16, 0}, /* RFC 1918 */
	{{100, 64, 0, 0}, 10, 0},  /* RFC 6598 */
	{{127, 0, 0, 0}, 8, 0},    /* RFC 1122 */
	{{192, 0, 0, 0}, 29, 1},   /* RFC 6333 */
};

static uint32_t number_of(const unsigned char *a)
{
	return (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
}

/* A host as written; names and IPv6 are not private. */
static int is_private(const str *host, unsigned int tests)
{
	struct ip_addr *ip = str2ip(host);
	uint32_t mask;

	if (!ip)
		return 0;
	for (size_t i = 0; i < sizeof(private_nets) / sizeof(private_nets[0]); i++) {
		if (private_nets[i].carrier_grade && !(tests & NAT_CARRIER_GRADE))
			continue;
		mask = 0xffffffffu << (32 - private_nets[i].bits);
		if ((number_of(ip->u.addr) & mask) == number_of(private_nets[i].net))
			return 1;
	}
	return 0;
}

/* --- Contact ----------------------------------------------------------------------------- */

static int test_contact_uri(struct sip_msg *msg, struct sip_uri *uri, unsigned int tests)
{
	if ((tests & NAT_PRIVATE_CONTACT) && is_private(&uri->host, tests))
		return 1;
	/* 0: this very address; a name is not resolved, and so is another one */
	if ((tests & NAT_IP_SRC_CONTACT) &&
		!check_ip_address(&msg->rcv.src_ip, &uri->host, uri->port_no, uri->proto, 0))
		return 1;
	return (tests & NAT_PORT_SRC_CONTACT) && msg->rcv.src_port != get_uri_port(uri, NULL);
}

/* A star, or a URI that nobody can parse, is no sign of a NAT; nor is what follows it. */
static int test_contacts(struct sip_msg *msg, unsigned int tests)
{
	struct sip_uri uri;
	contact_t *c = NULL;

	if (!(tests & (NAT_PRIVATE_CONTACT | NAT_IP_SRC_CONTACT | NAT_PORT_SRC_CONTACT)))
		return 0;
	while (contact_iterator(&c, msg, c) == 0 && c) {
		if (parse_uri(c->uri.s, c->uri.len, &uri) < 0 || !uri.host.len)
			return 0;
		if (test_contact_uri(msg, &uri, tests))
			return 1;
	}
	return 0;
}

/* --- SDP --------------------------------------------------------------------------------- */

static int has_sdp(struct sip_msg *msg, str *body)
{
	str type;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->content_type)
		return 0;
	type = msg->content_type->body;
	trim(&type);
	if (type.len < (int)sizeof(CONTENT_TYPE_SDP) - 1 ||
		strncasecmp(type.s, CONTENT_TYPE_SDP, sizeof(CONTENT_TYPE_SDP) - 1) != 0)
		return 0;
	return get_body(msg, body) == 0 && body->len > 0;
}

/* The address of the first line "c=IN IP4 address". */
static int media_address(const str *sdp, str *host)
{
	static const char prefix[] = "c=IN IP4 ";
	const int skip = sizeof(prefix) - 1;
	char *p = sdp->s, *end = sdp->s + sdp->len, *nl;

	for (; p < end; p = nl + 1) {
		nl = q_memchr(p, '\n', end - p);
		if (!nl)
			nl = end;
		if (nl - p <= skip || memcmp(p, prefix, skip) != 0)
			continue;
		*host = (str){p + skip, 0};
		while (host->s + host->len < nl &&
			(isdigit((unsigned char)host->s[host->len]) || host->s[host->len] == '.'))
			host->len++;
		return host->len > 0;
	}
	return 0;
}

/* 0.0.0.0 is a call on hold. */
static int test_sdp(struct sip_msg *msg, unsigned int tests)
{
	str sdp, host;

	return has_sdp(msg, &sdp) && media_address(&sdp, &host) &&
	       !str_match_nt(&host, "0.0.0.0") && is_private(&host, tests);
}

/* --- the function ------------------------------------------------------------------------ */

static int test_via(struct sip_msg *msg, unsigned int tests)
{
	unsigned short port = msg->via1->port ? msg->via1->port : SIP_PORT;

	if ((tests & NAT_PORT_SRC_VIA) && msg->rcv.src_port != port)
		return 1;
	if ((tests & NAT_IP_SRC_VIA) && received_test(msg))
		return 1;
	return (tests & NAT_PRIVATE_VIA) && is_private(&msg->via1->host, tests);
}

int nat_uac_test(struct sip_msg *msg, void *mask)
{
	unsigned int tests = (unsigned int)(unsigned long)mask;

	if (test_via(msg, tests) || test_contacts(msg, tests))
		return 1;
	return (tests & NAT_PRIVATE_SDP) && test_sdp(msg, tests) ? 1 : -1;
}
