/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From "max-contacts=5,no-reply" to a struct save_flags.
 */
#include "save_flags.h"

#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../mod_fix.h"
#include "../../ut.h"

/* The position of a name is the bit of its REG_SAVE_*_FLAG. */
static str flag_names[] = {
	str_init("memory-only"),
	str_init("no-reply"),
	str_init("socket-header"),
	str_init("path-strict"),
	str_init("path-lazy"),
	str_init("path-off"),
	str_init("path-received"),
	str_init("force-registration"),
	str_init("only-request-contacts"),
	STR_NULL,
};

enum kv {
	KV_MAX_CONTACTS,
	KV_MIN_EXPIRES,
	KV_MAX_EXPIRES,
	KV_MATCHING_MODE,
	KV_NO
};

static str kv_names[] = {
	[KV_MAX_CONTACTS] = str_init("max-contacts"),
	[KV_MIN_EXPIRES] = str_init("min-expires"),
	[KV_MAX_EXPIRES] = str_init("max-expires"),
	[KV_MATCHING_MODE] = str_init("matching-mode"),
	[KV_NO] = STR_NULL,
};

/* Sets *out unless the value was not given. 0, or -1 when it is no number. */
static int number_of(enum kv kv, const str *val, unsigned int *out)
{
	if (!val->s)
		return 0;
	if (str2int(val, out) == 0)
		return 0;
	LM_ERR("%.*s [%.*s] value is not an integer\n", kv_names[kv].len, kv_names[kv].s, val->len,
		val->s);
	return -1;
}

/* 0, 1, or <name> of a URI parameter. */
static int matching_mode_of(const str *val, struct save_flags *sf)
{
	if (!val->s)
		return 0;
	if (val->len == 1 && (val->s[0] == '0' || val->s[0] == '1')) {
		sf->cmatch.mode =
			val->s[0] == '0' ? CT_MATCH_CONTACT_ONLY : CT_MATCH_CONTACT_CALLID;
		return 0;
	}
	if (val->len > 2 && val->s[0] == '<' && val->s[val->len - 1] == '>') {
		sf->match_params.s = (str){val->s + 1, val->len - 2};
		sf->match_params.next = NULL;
		sf->cmatch.mode = CT_MATCH_PARAMS;
		sf->cmatch.match_params = &sf->match_params;
		return 0;
	}
	LM_ERR("invalid value for 'matching-mode': <%.*s>, allowed: 0, 1, <param>\n", val->len,
		val->s);
	return -1;
}

int reg_fixup_save_flags(void **param, struct save_flags *default_flags)
{
	str vals[KV_NO];
	struct save_flags *sf = pkg_malloc(sizeof(*sf));

	if (!sf) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	*sf = *default_flags;
	if (fixup_named_flags(param, flag_names, kv_names, vals) < 0) {
		LM_ERR("Failed to parse flags\n");
		goto error;
	}
	sf->flags = (unsigned int)(unsigned long)*param;
	if (number_of(KV_MAX_CONTACTS, &vals[KV_MAX_CONTACTS], &sf->max_contacts) < 0 ||
		number_of(KV_MIN_EXPIRES, &vals[KV_MIN_EXPIRES], &sf->min_expires) < 0 ||
		number_of(KV_MAX_EXPIRES, &vals[KV_MAX_EXPIRES], &sf->max_expires) < 0 ||
		matching_mode_of(&vals[KV_MATCHING_MODE], sf) < 0)
		goto error;
	*param = sf;
	return 0;
error:
	pkg_free(sf);
	return -1;
}

int reg_fixup_free_save_flags(void **param)
{
	pkg_free(*param);
	return 0;
}
