/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of OpenSIPS's sipmsgops module that scripts of registrars and proxies use: asking
 * for the method and headers, adding and removing headers of the message.
 */
#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../error.h"
#include "../../mem/mem.h"
#include "../../mod_fix.h"
#include "../../parser/msg_parser.h"
#include "../../parser/parse_methods.h"
#include "../../parser/parse_to.h"
#include "../../sr_module.h"
#include "../../ut.h"

/* --- asking ------------------------------------------------------------------------------------
 */

static int method_of(struct sip_msg *msg, str *name)
{
	if (msg->first_line.type == SIP_REQUEST) {
		*name = msg->first_line.u.request.method;
		return 0;
	}
	if (parse_headers(msg, HDR_CSEQ_F, 0) < 0 || !msg->cseq || !get_cseq(msg))
		return -1;
	*name = get_cseq(msg)->method;
	return 0;
}

/* "INVITE" or "INVITE|BYE|..." */
static int is_method(struct sip_msg *msg, str *list)
{
	char *p = list->s, *end = list->s + list->len, *bar;
	str method, name;

	if (method_of(msg, &method) < 0)
		return -1;
	for (; p <= end; p = bar + 1) {
		bar = q_memchr(p, '|', end - p);
		if (!bar)
			bar = end;
		name = (str){p, (int)(bar - p)};
		trim(&name);
		if (name.len && str_casematch(&name, &method))
			return 1;
	}
	return -1;
}

/* In a list every method must be one that is known, as OpenSIPS demands. */
static int fixup_methods(void **param)
{
	str *list = *param;
	char *p = list->s, *end = list->s + list->len;
	unsigned int method;

	if (!q_memchr(p, '|', list->len))
		return 0;
	while (p && p < end) {
		p = parse_method(p, end, &method);
		if (!p || method == METHOD_OTHER) {
			LM_ERR("unknown method in '%.*s'\n", list->len, list->s);
			return E_CFG;
		}
		while (p < end && (*p == '|' || is_ws(*p)))
			p++;
	}
	return 0;
}

static int w_has_totag(struct sip_msg *msg)
{
	return has_totag(msg) == 1 ? 1 : -1;
}

static int matches(struct hdr_field *h, const str *name, hdr_types_t type)
{
	return type > HDR_OTHER_T && type < HDR_EOH_T ? h->type == type
						      : str_casematch(&h->name, name);
}

static int is_present_hf(struct sip_msg *msg, str *name)
{
	hdr_types_t type = hdr_type_by_name(name->s, name->len);
	struct hdr_field *h;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	for (h = msg->headers; h; h = h->next)
		if (matches(h, name, type))
			return 1;
	return -1;
}

/* --- headers of the message ---------------------------------------------------------------------
 */

static int complete(const str *text)
{
	if (text->len > 2 && !memcmp(text->s + text->len - 2, "\r\n", 2))
		return 1;
	LM_ERR("a header must end with \\r\\n: '%.*s'\n", text->len, text->s);
	return 0;
}

/* Behind the last header. */
static int append_hf(struct sip_msg *msg, str *text)
{
	struct lump *anchor;
	char *copy;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !complete(text))
		return -1;
	anchor = anchor_lump(msg, msg->unparsed - msg->buf, HDR_OTHER_T);
	copy = anchor ? pkg_malloc(text->len) : NULL;
	if (!copy) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memcpy(copy, text->s, text->len);
	if (insert_new_lump_before(anchor, copy, text->len, HDR_OTHER_T))
		return 1;
	pkg_free(copy);
	return -1;
}

static int remove_hf(struct sip_msg *msg, str *name)
{
	hdr_types_t type = hdr_type_by_name(name->s, name->len);
	struct hdr_field *h;
	int n = 0;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	for (h = msg->headers; h; h = h->next) {
		if (!matches(h, name, type))
			continue;
		if (!del_lump(msg, h->name.s - msg->buf, h->len, HDR_OTHER_T)) {
			LM_ERR("cannot remove header %.*s\n", name->len, name->s);
			return -1;
		}
		n++;
	}
	return n ? 1 : -1;
}

#define MSG_ROUTES (REQUEST_ROUTE | ONREPLY_ROUTE | FAILURE_ROUTE | BRANCH_ROUTE | LOCAL_ROUTE)
#define FUNC(_f)   (cmd_function)(void (*)(void)) _f

static const cmd_export_t cmds[] = {
	{"is_method", FUNC(is_method), {{CMD_PARAM_STR, fixup_methods, 0}, {0, 0, 0}}, MSG_ROUTES},
	{"has_totag", FUNC(w_has_totag), {{0, 0, 0}},
		REQUEST_ROUTE | ONREPLY_ROUTE | FAILURE_ROUTE | BRANCH_ROUTE | LOCAL_ROUTE},
	{"is_present_hf", FUNC(is_present_hf), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}}, MSG_ROUTES},
	{"append_hf", FUNC(append_hf), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}}, MSG_ROUTES},
	{"remove_hf", FUNC(remove_hf), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}}, MSG_ROUTES},
	{NULL, NULL, {{0, 0, 0}}, 0},
};

const struct module_exports exports = {
	.name = "sipmsgops",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
};
