/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module rr: record_route() and loose_route(), so that requests within a dialog come through here
 * and find their way from the Route headers alone, at any node that has the address in them.
 *
 * Left out: the interface for modules (load_rr), $rr_params, enable_double_rr=2.
 */
#include "rr.h"

#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../sr_module.h"
#include "../../ut.h"

static char *ignore_user_s;

static int fixup_regex(void **param)
{
	const str *s = *param;
	char text[256];
	regex_t *re;

	if (s->len >= (int)sizeof(text)) {
		LM_ERR("expression of %d bytes is too long\n", s->len);
		return E_CFG;
	}
	memcpy(text, s->s, (size_t)s->len);
	text[s->len] = '\0';
	re = pkg_malloc(sizeof(*re));
	if (!re)
		return E_OUT_OF_MEM;
	if (regcomp(re, text, REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0) {
		LM_ERR("bad expression '%s'\n", text);
		pkg_free(re);
		return E_BAD_RE;
	}
	*param = re;
	return 0;
}

static int free_regex(void **param)
{
	regfree(*param);
	pkg_free(*param);
	return 0;
}

static int fixup_direction(void **param)
{
	const str *s = *param;
	enum direction dir;

	if (!append_fromtag) {
		LM_ERR("is_direction() needs append_fromtag\n");
		return E_CFG;
	}
	if (str_casematch_nt(s, "downstream"))
		dir = RR_DOWNSTREAM;
	else if (str_casematch_nt(s, "upstream"))
		dir = RR_UPSTREAM;
	else {
		LM_ERR("unknown direction '%.*s', upstream or downstream is expected\n", s->len,
			s->s);
		return E_CFG;
	}
	*param = (void *)(long)dir;
	return 0;
}

static int w_is_direction(struct sip_msg *msg, void *dir)
{
	return is_direction(msg, (enum direction)(long)dir);
}

static int is_switch(const char *name, int value)
{
	if (value == 0 || value == 1)
		return 1;
	LM_ERR("parameter %s is %d, not 0 or 1\n", name, value);
	return 0;
}

static int mod_init(void)
{
	if (!is_switch("append_fromtag", append_fromtag) ||
		!is_switch("enable_double_rr", enable_double_rr) ||
		!is_switch("add_username", add_username))
		return -1;
	if (ignore_user_s)
		init_str(&ignore_user, ignore_user_s);
	return 0;
}

#define CMD(_f)   ((cmd_function)(void *)(_f))
#define RR_ROUTES (REQUEST_ROUTE | BRANCH_ROUTE | FAILURE_ROUTE)
#define OPT_STRING                                                                                 \
	{                                                                                          \
		CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0                                                \
	}

static const cmd_export_t cmds[] = {
	{"loose_route", CMD(loose_route), {{0, 0, 0}}, REQUEST_ROUTE},
	{"record_route", CMD(record_route), {OPT_STRING, {0, 0, 0}}, RR_ROUTES},
	{"record_route_preset", CMD(record_route_preset),
		{{CMD_PARAM_STR, 0, 0}, OPT_STRING, {0, 0, 0}}, RR_ROUTES},
	{"add_rr_param", CMD(add_rr_param), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}}, RR_ROUTES},
	{"check_route_param", CMD(check_route_param),
		{{CMD_PARAM_STR, fixup_regex, free_regex}, {0, 0, 0}}, REQUEST_ROUTE},
	{"is_direction", CMD(w_is_direction), {{CMD_PARAM_STR, fixup_direction, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"append_fromtag", INT_PARAM, &append_fromtag},
	{"enable_double_rr", INT_PARAM, &enable_double_rr},
	{"ignore_user", STR_PARAM, &ignore_user_s},
	{"add_username", INT_PARAM, &add_username},
	{0, 0, 0},
};

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "rr",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
};
