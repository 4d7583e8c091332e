/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First lines. A request line is taken as METHOD, SP, anything, SP, SIP/...: what is wrong
 * within is found later, when there is a Via to answer to.
 */
#include "msg_parser.h"
#include "parse_fline.h"
#include "parse_methods.h"
#include "parser_f.h"

static int parse_status_line(char *p, char *end, struct msg_start *fl)
{
	unsigned int code;

	fl->u.reply.version.s = p;
	fl->u.reply.version.len = SIP_VERSION_LEN;
	p += SIP_VERSION_LEN + 1;
	fl->u.reply.status.s = p;
	fl->u.reply.status.len = 3;
	if (scan_number(p, end, 699, &code) != p + 3 || code < 100)
		return -1;
	p += 3;
	if (p < end && *p++ != ' ')
		return -1;
	fl->u.reply.statuscode = code;
	fl->u.reply.reason.s = p;
	fl->u.reply.reason.len = end - p;
	fl->type = SIP_REPLY;
	return 0;
}

static int parse_request_line(char *p, char *end, struct msg_start *fl)
{
	unsigned int method;
	char *q, *sp;

	q = parse_method(p, end, &method);
	if (!q || q == end || *q != ' ')
		return -1;
	for (sp = end; sp > q && *sp != ' '; sp--)
		;
	if (sp == q || end - sp < 5 || strncasecmp(sp + 1, "SIP/", 4))
		return -1;
	fl->u.request.method.s = p;
	fl->u.request.method.len = q - p;
	fl->u.request.method_value = method;
	fl->u.request.uri.s = q + 1;
	fl->u.request.uri.len = sp - q - 1;
	fl->u.request.version.s = sp + 1;
	fl->u.request.version.len = end - sp - 1;
	fl->type = SIP_REQUEST;
	return 0;
}

char *parse_first_line(char *buffer, unsigned int len, struct msg_start *fl)
{
	char *next, *end;
	int rc;

	memset(fl, 0, sizeof(*fl));
	end = memchr(buffer, '\n', len);
	if (!end)
		return buffer;
	next = end + 1;
	if (end > buffer && end[-1] == '\r')
		end--;
	fl->len = next - buffer;
	if (end - buffer > SIP_VERSION_LEN && buffer[SIP_VERSION_LEN] == ' ' &&
		!strncasecmp(buffer, SIP_VERSION, SIP_VERSION_LEN))
		rc = parse_status_line(buffer, end, fl);
	else
		rc = parse_request_line(buffer, end, fl);
	if (rc < 0)
		fl->type = SIP_INVALID;
	return next;
}
