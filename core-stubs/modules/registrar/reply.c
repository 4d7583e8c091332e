/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to a REGISTER.
 */
#include "registrar.h"

#include <stdarg.h>

#include "../../data_lump_rpl.h"
#include "../../parser/parse_supported.h"

static const struct {
	int code;
	const char *text;
} errors[] = {
#define X(name, code, text) [name] = {code, text},
	REG_ERRORS(X)
#undef X
};

static const char *reason_of(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 420:
		return "Bad Extension";
	case 500:
		return "Server Internal Error";
	case 503:
		return "Service Unavailable";
	default:
		return "Bad Request";
	}
}

static int add_header(struct sip_msg *msg, const char *fmt, ...)
	__attribute__((__format__(__printf__, 2, 3)));
static int add_header(struct sip_msg *msg, const char *fmt, ...)
{
	char buf[256], *big = NULL;
	va_list ap;
	int len, ret;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(buf)) {
		big = pkg_malloc(len + 1);
		if (!big) {
			LM_ERR("no more pkg memory\n");
			return -1;
		}
		va_start(ap, fmt);
		vsnprintf(big, len + 1, fmt, ap);
		va_end(ap);
	}
	ret = add_lump_rpl(msg, big ? big : buf, len, LUMP_RPL_HDR) ? 0 : -1;
	pkg_free(big);
	return ret;
}

/* --- contacts ---------------------------------------------------------------------------- */

/*
 * The one that is listed with only-request-contacts: as in OpenSIPS not all that the request names,
 * but the last of those that is there, letter by letter. NULL: none.
 */
static const ucontact_t *last_of_request(
	struct sip_msg *msg, const ucontact_t *contacts, time_t now)
{
	const ucontact_t *last = NULL;
	contact_t *ct = NULL;

	while (contact_iterator(&ct, msg, ct) == 0 && ct)
		for (const ucontact_t *c = contacts; c; c = c->next)
			if (VALID_CONTACT(c, now) && str_match(&ct->uri, &c->c))
				last = c;
	return last;
}

/* One contact with a comma before it, at most size bytes; what it needs is returned. */
static int print_contact(char *p, size_t size, const ucontact_t *c, time_t now, const char *sep)
{
	unsigned int qlen = 0;
	char *q = q2str(c->q, &qlen);

	return snprintf(p, size, "%s<%.*s>%s%.*s;expires=%llu%s%.*s%s%.*s%s", sep, c->c.len, c->c.s,
		qlen ? ";q=" : "", (int)qlen, q,
		c->expires ? (unsigned long long)(c->expires - now) : 0xffffffffULL,
		c->received.len ? ";" : "", c->received.len ? received_param.len : 0,
		received_param.s, c->received.len ? "=\"" : "", c->received.len,
		c->received.len ? c->received.s : "", c->received.len ? "\"" : "");
}

/*
 * All of them, or just the one, into buf of size bytes (0: just measure); the length. gruu_sock:
 * they get GRUUs, with this socket if they have none; NULL: they do not.
 */
static int print_contacts(char *buf, int size, const ucontact_t *contacts, const ucontact_t *only,
	time_t now, const struct socket_info *gruu_sock)
{
	int len = 0;

#define REST buf ? buf + len : NULL, buf ? size - len : 0
	for (const ucontact_t *c = contacts; c; c = c->next) {
		if (!VALID_CONTACT(c, now) || (only && c != only))
			continue;
		len += print_contact(REST, c, now, len ? ", " : "Contact: ");
		if (gruu_sock)
			len += print_gruu(REST, c, gruu_sock, now);
	}
#undef REST
	return len;
}

int build_contact(struct sip_msg *msg, struct save_ctx *ctx, ucontact_t *contacts, time_t now)
{
	const struct socket_info *gruu_sock = wants_gruu(msg) ? msg->rcv.bind_address : NULL;
	const ucontact_t *only = NULL;
	struct lump_rpl *lump;
	char *buf;
	int len;

	/* without a reply of ours the script may send one, and it is not to be in that */
	if (ctx->flags & REG_SAVE_NOREPLY_FLAG)
		return 0;
	if (ctx->flags & REG_SAVE_REQ_CT_ONLY_FLAG) {
		only = last_of_request(msg, contacts, now);
		if (!only)
			return 0;
	}
	len = print_contacts(NULL, 0, contacts, only, now, gruu_sock);
	if (len == 0)
		return 0;
	buf = pkg_malloc(len + 3);
	if (!buf)
		goto no_mem;
	print_contacts(buf, len + 1, contacts, only, now, gruu_sock);
	memcpy(buf + len, "\r\n", 2);
	lump = add_lump_rpl(msg, buf, len + 2, LUMP_RPL_HDR);
	pkg_free(buf);
	if (!lump)
		goto no_mem;
	return 0;
no_mem:
	LM_ERR("no more pkg memory\n");
	rerrno = R_INTERNAL;
	return -1;
}

/* --- the rest ---------------------------------------------------------------------------- */

static int supports_path(struct sip_msg *msg)
{
	return msg->supported && parse_supported(msg) == 0 &&
	       (get_supported(msg) & F_SUPPORTED_PATH);
}

/* RFC 3327, 5.3: whether the phone is told of its Path, or refused for not knowing of it. */
static int add_path(struct sip_msg *msg, struct save_ctx *ctx)
{
	if (rerrno != R_FINE || !ctx->path.len || (ctx->flags & REG_SAVE_PATH_OFF_FLAG))
		return 0;
	if (!supports_path(msg)) {
		if (!(ctx->flags & REG_SAVE_PATH_STRICT_FLAG))
			return 0;
		rerrno = R_PATH_UNSUP;
		if (add_header(msg, "Unsupported: path\r\n") < 0)
			return -1;
	}
	return add_header(msg, "Path: %.*s\r\n", ctx->path.len, ctx->path.s);
}

static int add_error(struct sip_msg *msg, int code)
{
	if (code == 200)
		return 0;
	if (add_header(msg, "P-Registrar-Error: %s\r\n", errors[rerrno].text) < 0)
		return -1;
	if (code >= 500 && retry_after > 0)
		return add_header(msg, "Retry-After: %d\r\n", retry_after);
	return 0;
}

int send_reply(struct sip_msg *msg, struct save_ctx *ctx)
{
	str reason;
	int code;

	if (add_path(msg, ctx) < 0)
		return -1;
	code = errors[rerrno].code;
	init_str(&reason, reason_of(code));
	if (add_error(msg, code) < 0)
		return -1;
	if (sigb.reply(msg, code, &reason, NULL) < 0) {
		LM_ERR("failed to send %d %s\n", code, reason.s);
		return -1;
	}
	return 0;
}
