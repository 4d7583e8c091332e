/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header types: their names, their place in struct sip_msg, how what was parsed is freed. */
#include "../mem/mem.h"
#include "contact/parse_contact.h"
#include "hf.h"
#include "msg_parser.h"
#include "parse_allow.h"
#include "parse_expires.h"
#include "parse_from.h"
#include "parse_supported.h"

static const struct {
	const char *name;
	char compact; /* RFC 3261, 7.3.3 */
	hdr_types_t type;
} hdr_names[] = {
	{"Via", 'v', HDR_VIA_T},
	{"To", 't', HDR_TO_T},
	{"From", 'f', HDR_FROM_T},
	{"CSeq", 0, HDR_CSEQ_T},
	{"Call-ID", 'i', HDR_CALLID_T},
	{"Contact", 'm', HDR_CONTACT_T},
	{"Max-Forwards", 0, HDR_MAXFORWARDS_T},
	{"Route", 0, HDR_ROUTE_T},
	{"Record-Route", 0, HDR_RECORDROUTE_T},
	{"Path", 0, HDR_PATH_T},
	{"Content-Type", 'c', HDR_CONTENTTYPE_T},
	{"Content-Length", 'l', HDR_CONTENTLENGTH_T},
	{"Authorization", 0, HDR_AUTHORIZATION_T},
	{"Expires", 0, HDR_EXPIRES_T},
	{"Proxy-Authorization", 0, HDR_PROXYAUTH_T},
	{"Supported", 'k', HDR_SUPPORTED_T},
	{"Allow", 0, HDR_ALLOW_T},
	{"Event", 'o', HDR_EVENT_T},
	{"Subject", 's', HDR_SUBJECT_T},
	{"User-Agent", 0, HDR_USERAGENT_T},
};

hdr_types_t hdr_type_by_name(const char *s, int len)
{
	unsigned int i;

	for (i = 0; i < sizeof(hdr_names) / sizeof(hdr_names[0]); i++) {
		if (len == 1) {
			if (hdr_names[i].compact == (s[0] | 32))
				return hdr_names[i].type;
		} else if (!strncasecmp(hdr_names[i].name, s, len) && !hdr_names[i].name[len]) {
			return hdr_names[i].type;
		}
	}
	return HDR_OTHER_T;
}

struct hdr_field **hdr_first(struct sip_msg *msg, hdr_types_t type)
{
	switch (type) {
#define PLACE(t, member)                                                                           \
	case HDR_##t##_T:                                                                          \
		return &msg->member;
		PLACE(VIA, h_via1)
		PLACE(TO, to)
		PLACE(FROM, from)
		PLACE(CSEQ, cseq)
		PLACE(CALLID, callid)
		PLACE(CONTACT, contact)
		PLACE(MAXFORWARDS, maxforwards)
		PLACE(ROUTE, route)
		PLACE(RECORDROUTE, record_route)
		PLACE(PATH, path)
		PLACE(CONTENTTYPE, content_type)
		PLACE(CONTENTLENGTH, content_length)
		PLACE(AUTHORIZATION, authorization)
		PLACE(EXPIRES, expires)
		PLACE(PROXYAUTH, proxy_auth)
		PLACE(SUPPORTED, supported)
		PLACE(ALLOW, allow)
		PLACE(EVENT, event)
		PLACE(SUBJECT, subject)
		PLACE(USERAGENT, user_agent)
#undef PLACE
	default:
		return NULL;
	}
}

void clean_hdr_field(struct hdr_field *hf)
{
	if (!hf || !hf->parsed || !hdr_allocs_parse(hf))
		return;
	switch (hf->type) {
	case HDR_VIA_T:
		free_via_list(hf->parsed);
		break;
	case HDR_TO_T:
	case HDR_FROM_T:
		free_to(hf->parsed);
		break;
	case HDR_CSEQ_T:
		free_cseq(hf->parsed);
		break;
	case HDR_CONTACT_T:
		free_contact((contact_body_t **)&hf->parsed);
		break;
	case HDR_EXPIRES_T:
		free_expires((exp_body_t **)&hf->parsed);
		break;
	default: /* Allow, Supported, credentials: one flat block */
		pkg_free(hf->parsed);
	}
	hf->parsed = NULL;
}

void free_hdr_field_lst(struct hdr_field *hf)
{
	struct hdr_field *next;

	for (; hf; hf = next) {
		next = hf->next;
		clean_hdr_field(hf);
		pkg_free(hf);
	}
}
