/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One header field of a message. Names and bodies are spans into the message; what
 * `parsed` points to depends on the type and is private memory of the header.
 */
#ifndef HF_H
#define HF_H

#include "../str.h"

/*
 * Types double as bit numbers of hdr_flags_t, so there can be at most 63. A type that gets
 * a pointer in struct sip_msg needs a line in hdr_first() too.
 */
enum _hdr_types_t {
	HDR_ERROR_T = -1,
	HDR_OTHER_T = 0,
	HDR_VIA_T = 1,
	HDR_VIA1_T = 1,
	HDR_VIA2_T, /* only as a flag: two Via values have been seen */
	HDR_TO_T,
	HDR_FROM_T,
	HDR_CSEQ_T,
	HDR_CALLID_T,
	HDR_CONTACT_T,
	HDR_MAXFORWARDS_T,
	HDR_ROUTE_T,
	HDR_RECORDROUTE_T,
	HDR_PATH_T,
	HDR_CONTENTTYPE_T,
	HDR_CONTENTLENGTH_T,
	HDR_AUTHORIZATION_T,
	HDR_EXPIRES_T,
	HDR_PROXYAUTH_T,
	HDR_SUPPORTED_T,
	HDR_PROXYREQUIRE_T,
	HDR_UNSUPPORTED_T,
	HDR_ALLOW_T,
	HDR_EVENT_T,
	HDR_ACCEPT_T,
	HDR_SUBJECT_T,
	HDR_USERAGENT_T,
	HDR_RETRY_AFTER_T,
	HDR_WWW_AUTHENTICATE_T,
	HDR_PROXY_AUTHENTICATE_T,
	HDR_MIN_EXPIRES_T,
	HDR_EOH_T
};
typedef enum _hdr_types_t hdr_types_t;
typedef unsigned long long hdr_flags_t;

#define HDR_T2F(type) (((type) != HDR_EOH_T) ? ((hdr_flags_t)1 << (type)) : (~(hdr_flags_t)0))

#define HDR_EOH_F                HDR_T2F(HDR_EOH_T) /* everything */
#define HDR_OTHER_F              HDR_T2F(HDR_OTHER_T)
#define HDR_VIA_F                HDR_T2F(HDR_VIA_T)
#define HDR_VIA1_F               HDR_T2F(HDR_VIA1_T)
#define HDR_VIA2_F               HDR_T2F(HDR_VIA2_T)
#define HDR_TO_F                 HDR_T2F(HDR_TO_T)
#define HDR_FROM_F               HDR_T2F(HDR_FROM_T)
#define HDR_CSEQ_F               HDR_T2F(HDR_CSEQ_T)
#define HDR_CALLID_F             HDR_T2F(HDR_CALLID_T)
#define HDR_CONTACT_F            HDR_T2F(HDR_CONTACT_T)
#define HDR_MAXFORWARDS_F        HDR_T2F(HDR_MAXFORWARDS_T)
#define HDR_ROUTE_F              HDR_T2F(HDR_ROUTE_T)
#define HDR_RECORDROUTE_F        HDR_T2F(HDR_RECORDROUTE_T)
#define HDR_PATH_F               HDR_T2F(HDR_PATH_T)
#define HDR_CONTENTTYPE_F        HDR_T2F(HDR_CONTENTTYPE_T)
#define HDR_CONTENTLENGTH_F      HDR_T2F(HDR_CONTENTLENGTH_T)
#define HDR_AUTHORIZATION_F      HDR_T2F(HDR_AUTHORIZATION_T)
#define HDR_EXPIRES_F            HDR_T2F(HDR_EXPIRES_T)
#define HDR_PROXYAUTH_F          HDR_T2F(HDR_PROXYAUTH_T)
#define HDR_SUPPORTED_F          HDR_T2F(HDR_SUPPORTED_T)
#define HDR_PROXYREQUIRE_F       HDR_T2F(HDR_PROXYREQUIRE_T)
#define HDR_UNSUPPORTED_F        HDR_T2F(HDR_UNSUPPORTED_T)
#define HDR_ALLOW_F              HDR_T2F(HDR_ALLOW_T)
#define HDR_EVENT_F              HDR_T2F(HDR_EVENT_T)
#define HDR_ACCEPT_F             HDR_T2F(HDR_ACCEPT_T)
#define HDR_SUBJECT_F            HDR_T2F(HDR_SUBJECT_T)
#define HDR_USERAGENT_F          HDR_T2F(HDR_USERAGENT_T)
#define HDR_RETRY_AFTER_F        HDR_T2F(HDR_RETRY_AFTER_T)
#define HDR_WWW_AUTHENTICATE_F   HDR_T2F(HDR_WWW_AUTHENTICATE_T)
#define HDR_PROXY_AUTHENTICATE_F HDR_T2F(HDR_PROXY_AUTHENTICATE_T)
#define HDR_MIN_EXPIRES_F        HDR_T2F(HDR_MIN_EXPIRES_T)

struct hdr_field {
	hdr_types_t type;
	str name;                  /* as written, compact forms included */
	str body;                  /* without white space around it, folded lines included */
	int len;                   /* from the first byte of the name up to and with the CRLF */
	void *parsed;              /* by type: struct to_body, struct cseq_body, ... */
	struct hdr_field *next;    /* in message order */
	struct hdr_field *sibling; /* the next of the same type, in message order */
};

/* Types whose `parsed` is a struct that clean_hdr_field() frees. Content-Length keeps a number. */
static inline int hdr_allocs_parse(struct hdr_field *hdr)
{
	switch (hdr->type) {
	case HDR_VIA_T:
	case HDR_TO_T:
	case HDR_FROM_T:
	case HDR_CSEQ_T:
	case HDR_CONTACT_T:
	case HDR_ROUTE_T:
	case HDR_RECORDROUTE_T:
	case HDR_PATH_T:
	case HDR_EXPIRES_T:
	case HDR_ALLOW_T:
	case HDR_SUPPORTED_T:
		return 1;
	default:
		return 0;
	}
}

/* Finds the type of a header by name, full or compact, in any case. */
hdr_types_t hdr_type_by_name(const char *s, int len);

/* Frees what `parsed` points to, not the header itself. NULL is allowed. */
void clean_hdr_field(struct hdr_field *hf);

/* Frees a whole list with everything parsed. */
void free_hdr_field_lst(struct hdr_field *hf);

#endif
