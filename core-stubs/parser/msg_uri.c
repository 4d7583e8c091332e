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
