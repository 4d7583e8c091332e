/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting module parameters; text values are copied and stay until the end. */
#include "modparam.h"

#include <regex.h>
#include "dprint.h"
#include "mem/mem.h"
#include "ut.h"

struct kept {
	struct kept *next;
	char text[];
};

static struct kept *kept_texts;

static char *keep(const char *s)
{
	struct kept *k = pkg_malloc(sizeof(*k) + strlen(s) + 1);

	if (!k) {
		PKG_MEM_ERROR;
		return NULL;
	}
	strcpy(k->text, s);
	k->next = kept_texts;
	kept_texts = k;
	return k->text;
}

void free_mod_params(void)
{
	struct kept *k;

	while ((k = kept_texts)) {
		kept_texts = k->next;
		pkg_free(k);
	}
}

static int set_param(const param_export_t *p, modparam_t type, void *val)
{
	if (type == STR_PARAM && !(val = keep(val)))
		return MODPARAM_NO_MEM;
	if (p->type & USE_FUNC_PARAM) {
		param_func_t f;

		memcpy(&f, &p->param_pointer, sizeof(f));
		return f(type, val) < 0 ? MODPARAM_REFUSED : 0;
	}
	if (type == STR_PARAM)
		*(char **)p->param_pointer = val;
	else
		*(int *)p->param_pointer = (int)(long)val;
	return 0;
}

/* A parameter may stand in the table once for each type. */
static int set_in_module(
	const struct module_exports *mod, const char *name, modparam_t type, void *val)
{
	const param_export_t *p;
	int known = 0;

	for (p = mod->params; p && p->name; p++) {
		if (strcmp(p->name, name))
			continue;
		known = 1;
		if (PARAM_TYPE_MASK(p->type) == type)
			return set_param(p, type, val);
	}
	return known ? MODPARAM_BAD_TYPE : MODPARAM_NO_PARAM;
}

int set_mod_param_regex(char *regex, char *name, modparam_t type, void *val)
{
	char pattern[256];
	struct sr_module *m;
	regex_t re;
	int found = 0, rc = 0;

	if (snprintf(pattern, sizeof(pattern), "^(%s)$", regex) >= (int)sizeof(pattern) ||
		regcomp(&re, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB))
		return MODPARAM_NO_MODULE;
	for (m = modules; m && !rc; m = m->next) {
		if (regexec(&re, m->exports->name, 0, NULL, 0))
			continue;
		found = 1;
		rc = set_in_module(m->exports, name, type, val);
	}
	regfree(&re);
	return rc ? rc : found ? 0 : MODPARAM_NO_MODULE;
}
