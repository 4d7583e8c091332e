/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module maxfwd: Max-Forwards (RFC 3261, 16.6 step 3), so that a request in a loop ends.
 *
 * The new value is a lump, as all changes are; is_maxfwd_lt() has to know it all the same.
 */
#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../sr_module.h"
#include "../../ut.h"

static int max_limit = 256;

static struct {
	unsigned int msg_id;
	int value; /* that will be sent */
} last;

/* The value of the header; -1: there is none, -2: it is no number, or an error. */
static int read_value(struct sip_msg *msg)
{
	unsigned int n;
	str body;

	if (last.msg_id == msg->id)
		return last.value;
	if (parse_headers(msg, HDR_T2F(HDR_MAXFORWARDS_T), 0) < 0)
		return -2;
	if (!msg->maxforwards)
		return -1;
	body = msg->maxforwards->body;
	trim(&body);
	if (str2int(&body, &n) == 0 && n <= 255)
		return (int)n;
	LM_ERR("bad Max-Forwards <%.*s>\n", body.len, body.s);
	return -2;
}

/* 0 or -1. */
static int add_text(struct sip_msg *msg, struct lump *place, const char *before, int n)
{
	char text[64];
	str s = {text, 0}, copy;

	(void)msg;
	s.len = snprintf(text, sizeof(text), "%s%d%s", before, n, *before ? CRLF : "");
	if (!place || pkg_str_dup(&copy, &s) < 0)
		return -1;
	if (insert_new_lump_after(place, copy.s, copy.len, HDR_MAXFORWARDS_T))
		return 0;
	pkg_free(copy.s);
	return -1;
}

static int add_header(struct sip_msg *msg, int n)
{
	if (parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	return add_text(msg, anchor_lump(msg, msg->unparsed - msg->buf, HDR_MAXFORWARDS_T),
		"Max-Forwards: ", n);
}

static int change_header(struct sip_msg *msg, int n)
{
	str body = msg->maxforwards->body;

	return add_text(msg, del_lump(msg, body.s - msg->buf, body.len, HDR_MAXFORWARDS_T), "", n);
}

/* 1 counted down, 2 there was none and it was added, -1 it has come to 0, -2 an error. */
static int process_header(struct sip_msg *msg, int *initial)
{
	int n = read_value(msg);

	if (n == -2 || n == 0)
		return n == 0 ? -1 : -2;
	if (n == -1) {
		n = *initial;
		if (add_header(msg, n) < 0)
			return -2;
	} else {
		n = n - 1 > max_limit ? max_limit : n - 1;
		if (change_header(msg, n) < 0)
			return -2;
		last.value = n;
		last.msg_id = msg->id;
		return 1;
	}
	return 2;
}

/* 1 it is less than that, -1 it is not, -2 there is none or it cannot be read. */
static int is_less(struct sip_msg *msg, int *limit)
{
	int n = read_value(msg);

	return n < 0 ? -2 : n < *limit ? 1 : -1;
}

static int fixup_count(void **param)
{
	int n = **(int **)param;

	if (n >= 1 && n <= max_limit)
		return 0;
	LM_ERR("a number of hops from 1 to %d is expected, not %d\n", max_limit, n);
	return E_CFG;
}

static int mod_init(void)
{
	if (max_limit >= 1 && max_limit <= 256)
		return 0;
	LM_ERR("parameter max_limit is %d, not 1 to 256\n", max_limit);
	return -1;
}

static const cmd_export_t cmds[] = {
	{"mf_process_maxfwd_header", (cmd_function)(void *)process_header,
		{{CMD_PARAM_INT, fixup_count, 0}, {0, 0, 0}}, REQUEST_ROUTE},
	{"is_maxfwd_lt", (cmd_function)(void *)is_less,
		{{CMD_PARAM_INT, fixup_count, 0}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE | BRANCH_ROUTE},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"max_limit", INT_PARAM, &max_limit},
	{0, 0, 0},
};

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "maxfwd",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
};
