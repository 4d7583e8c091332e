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
	HDR_ALLOW_T,
	HDR_EVENT_T,
	HDR_SUBJECT_T,
	HDR_USERAGENT_T,
	HDR_EOH_T
};
typedef enum _hdr_types_t hdr_types_t;
typedef unsigned long long hdr_flags_t;

#define HDR_T2F(type) (((type) != HDR_EOH_T) ? ((hdr_flags_t)1 << (type)) : (~(hdr_flags_t)0))

#define HDR_EOH_F     HDR_T2F(HDR_EOH_T) /* everything */
#define HDR_VIA_F     HDR_T2F(HDR_VIA_T)
#define HDR_VIA2_F    HDR_T2F(HDR_VIA2_T)
#define HDR_TO_F      HDR_T2F(HDR_TO_T)
#define HDR_FROM_F    HDR_T2F(HDR_FROM_T)
#define HDR_CSEQ_F    HDR_T2F(HDR_CSEQ_T)
#define HDR_CALLID_F  HDR_T2F(HDR_CALLID_T)
#define HDR_CONTACT_F HDR_T2F(HDR_CONTACT_T)

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
	case HDR_EXPIRES_T:
	case HDR_ALLOW_T:
	case HDR_AUTHORIZATION_T:
	case HDR_PROXYAUTH_T:
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
