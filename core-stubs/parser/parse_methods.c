/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Method names and option tags, in lists, as bit masks. */
#include "../dprint.h"
#include "../mem/mem.h"
#include "msg_parser.h"
#include "parse_allow.h"
#include "parse_methods.h"
#include "parse_supported.h"
#include "parser_f.h"

struct named_bit {
	const char *name;
	unsigned int bit;
};

/* Methods are case-sensitive (RFC 3261, 7.1), but not where a list of them is read, as in OpenSIPS.
 */
static const struct named_bit methods[] = {
	{"INVITE", METHOD_INVITE},
	{"CANCEL", METHOD_CANCEL},
	{"ACK", METHOD_ACK},
	{"BYE", METHOD_BYE},
	{"INFO", METHOD_INFO},
	{"OPTIONS", METHOD_OPTIONS},
	{"UPDATE", METHOD_UPDATE},
	{"REGISTER", METHOD_REGISTER},
	{"MESSAGE", METHOD_MESSAGE},
	{"SUBSCRIBE", METHOD_SUBSCRIBE},
	{"NOTIFY", METHOD_NOTIFY},
	{"PRACK", METHOD_PRACK},
	{"REFER", METHOD_REFER},
	{"PUBLISH", METHOD_PUBLISH},
	{NULL, METHOD_OTHER},
};

static const struct named_bit options[] = {
	{"path", F_SUPPORTED_PATH},
	{"100rel", F_SUPPORTED_100REL},
	{"timer", F_SUPPORTED_TIMER},
	{"eventlist", F_SUPPORTED_EVENTLIST},
	{"gruu", F_SUPPORTED_GRUU},
	{NULL, 0},
};

/* The last row, whose name is NULL, gives the bit of unknown names. */
static unsigned int find_bit(const struct named_bit *row, const char *s, int len, int nocase)
{
	for (; row->name; row++)
		if ((int)strlen(row->name) == len &&
			!(nocase ? strncasecmp(row->name, s, len) : memcmp(row->name, s, len)))
			break;
	return row->bit;
}

/* A comma-separated list of tokens; one before a comma may be empty, and is as one unknown. 0, -1.
 */
int parse_methods(str *_body, unsigned int *_methods)
{
	char *p = _body->s, *end = _body->s + _body->len, *q;

	*_methods = 0;
	while ((p = skip_lws(p, end)) < end) {
		q = skip_token(p, end);
		*_methods |= find_bit(methods, p, q - p, 1);
		p = skip_lws(q, end);
		if (p == end)
			break;
		if (*p++ != ',')
			return -1;
	}
	return 0;
}

char *parse_method(char *start, char *end, unsigned int *method)
{
	char *p = skip_token(start, end);

	if (p == start)
		return NULL;
	*method = find_bit(methods, start, p - start, 0);
	return p;
}

/* White space parts them, too. */
int parse_supported_body(str *body, unsigned int *sup)
{
	char *p = body->s, *end = body->s + body->len, *q;

	for (*sup = 0; p < end; p = q + 1) {
		for (q = p; q < end && *q != ',' && !is_lws(*q); q++)
			;
		*sup |= find_bit(options, p, q - p, 1);
	}
	return 0;
}

int parse_allow(struct sip_msg *msg)
{
	struct allow_body *first = NULL, *ab;
	struct hdr_field *h;
	unsigned int all = 0;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->allow)
		return -1;
	for (h = msg->allow; h; h = h->sibling) {
		if (!h->parsed) {
			ab = pkg_malloc(sizeof(*ab));
			if (!ab) {
				LM_ERR("no more pkg memory\n");
				return -1;
			}
			memset(ab, 0, sizeof(*ab));
			if (parse_methods(&h->body, &ab->allow) < 0) {
				LM_ERR("bad Allow header\n");
				pkg_free(ab);
				return -1;
			}
			h->parsed = ab;
		}
		ab = h->parsed;
		all |= ab->allow;
		if (!first)
			first = ab;
	}
	first->allow_all = all;
	return 0;
}

int parse_supported(struct sip_msg *msg)
{
	struct supported_body *first = NULL, *sb;
	struct hdr_field *h;
	unsigned int all = 0;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->supported)
		return -1;
	for (h = msg->supported; h; h = h->sibling) {
		if (!h->parsed) {
			sb = pkg_malloc(sizeof(*sb));
			if (!sb) {
				LM_ERR("no more pkg memory\n");
				return -1;
			}
			memset(sb, 0, sizeof(*sb));
			parse_supported_body(&h->body, &sb->supported);
			h->parsed = sb;
		}
		sb = h->parsed;
		all |= sb->supported;
		if (!first)
			first = sb;
	}
	first->supported_all = all;
	return 0;
}
