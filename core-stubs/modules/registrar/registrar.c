/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters, and what an Address-of-Record is. The module's frame is in reg_mod.c.
 */
#include "registrar.h"

#include "../../parser/parse_uri.h"
#include "../../strcommon.h"

usrloc_api_t ul;
struct sig_binds sigb;

int default_expires = 3600;
int min_expires = 60;
int max_expires;
int default_q = Q_UNSPECIFIED;
int case_sensitive = 1;
int max_contacts;
int max_username_len = 64;
int max_domain_len = 64;
int max_aor_len = REG_MAX_AOR_LEN;
int retry_after;
int allow_dup_cseq;
str received_param = str_init("received");
str sock_hdr_name;
int received_avp = -1;
int attr_avp = -1;

stat_var *accepted_registrations;
stat_var *rejected_registrations;

time_t (*reg_clock)(time_t *t) = time;

rerr_t rerrno;

static int refuse(rerr_t why, const char *what, const str *uri)
{
	LM_ERR("%s: %.*s\n", what, uri->len, uri->s);
	rerrno = why;
	return -1;
}

int extract_aor(str *uri, str *aor)
{
	static char buf[REG_MAX_AOR_LEN];
	struct sip_uri u;
	str host;

	if (parse_uri(uri->s, uri->len, &u) < 0)
		return refuse(R_AOR_PARSE, "failed to parse Address of Record", uri);
	if (u.user.len > max_username_len || u.host.len > max_domain_len ||
		u.user.len + 1 + u.host.len > max_aor_len)
		return refuse(R_AOR_LEN, "Address Of Record too long", uri);
	*aor = (str){buf, sizeof(buf)};
	if (unescape_user(&u.user, aor) < 0)
		return refuse(R_UNESCAPE, "failed to unescape username", uri);
	if (ul.use_domain) { /* a tel: URI has none: "+49@", as in OpenSIPS */
		if (aor->len)
			aor->s[aor->len++] = '@';
		host = (str){aor->s + aor->len, u.host.len};
		if (host.len)
			memcpy(host.s, u.host.s, u.host.len);
		strlower(&host);
		aor->len += host.len;
	}
	if (!case_sensitive)
		strlower(aor);
	return 0;
}
