/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a request goes: changes to its Request-URI, next hop and path. */
#include "../dprint.h"
#include "../mem/mem.h"
#include "../ut.h"
#include "msg_parser.h"
#include "parse_uri.h"

/* Replaces a string of the first branch. */
static int replace_str(str *place, const str *value)
{
	str copy;

	if (pkg_str_dup(&copy, value) < 0)
		return -1;
	pkg_free(place->s);
	*place = copy;
	return 0;
}

int set_ruri(struct sip_msg *msg, str *uri)
{
	msg->parsed_uri_ok = 0;
	return replace_str(&msg->new_uri, uri);
}

int set_dst_uri(struct sip_msg *msg, str *uri)
{
	return replace_str(&msg->dst_uri, uri);
}

void reset_dst_uri(struct sip_msg *msg)
{
	pkg_free(msg->dst_uri.s);
	msg->dst_uri = STR_NULL;
}

int set_path_vector(struct sip_msg *msg, str *path)
{
	return replace_str(&msg->path_vec, path);
}

void clear_path_vector(struct sip_msg *msg)
{
	pkg_free(msg->path_vec.s);
	msg->path_vec = STR_NULL;
}

static const str none;

/* "sval" instead of, or before, the user of a URI. */
static int rewrite_user(struct sip_uri *u, str *sval, int ival, enum rw_ruri_part part, str *prefix)
{
	switch (part) {
	case RW_RURI_USERPASS:
		u->passwd = none;
		/* fall through */
	case RW_RURI_USER:
		u->user = *sval;
		return 0;
	case RW_RURI_PREFIX:
		*prefix = *sval;
		return 0;
	case RW_RURI_STRIP:
	case RW_RURI_STRIP_TAIL:
		if (ival < 0 || ival > u->user.len)
			return -1;
		u->user.len -= ival;
		if (part == RW_RURI_STRIP)
			u->user.s += ival;
		return 0;
	default:
		return -1;
	}
}

int rewrite_ruri(struct sip_msg *msg, str *sval, int ival, enum rw_ruri_part part)
{
	char buf[MAX_URI_SIZE];
	str prefix = none, new_uri = {buf, 0};
	struct sip_uri u;

	if (parse_sip_msg_uri(msg) < 0)
		return -1;
	u = msg->parsed_uri;
	if (part == RW_RURI_HOST || part == RW_RURI_HOSTPORT) {
		u.host = *sval;
		if (part == RW_RURI_HOSTPORT)
			u.port = none;
	} else if (part == RW_RURI_PORT) {
		u.port = *sval;
	} else if (rewrite_user(&u, sval, ival, part, &prefix) < 0) {
		return -1;
	}
#define PUT(before, part) (part).len ? before : "", (part).len, (part).s
	new_uri.len = snprintf(buf, sizeof(buf), "%s:%.*s%.*s%s%.*s%s%.*s%s%.*s%s%.*s%s%.*s",
		uri_type2str(u.type), prefix.len, prefix.s, u.user.len, u.user.s,
		PUT(":", u.passwd), PUT(prefix.len + u.user.len ? "@" : "", u.host),
		PUT(":", u.port), PUT(";", u.params), PUT("?", u.headers));
#undef PUT
	if (new_uri.len >= (int)sizeof(buf)) {
		LM_ERR("the new URI has more than %d bytes\n", MAX_URI_SIZE - 1);
		return -1;
	}
	return set_ruri(msg, &new_uri);
}
