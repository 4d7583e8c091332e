/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of the script, in private memory. A new one is null. */
#include "script_var.h"

#include "dprint.h"
#include "mem/mem.h"
#include "ut.h"

static script_var_t *vars;

script_var_t *get_var_by_name(str *name)
{
	script_var_t *v;

	for (v = vars; v; v = v->next)
		if (str_match(&v->name, name))
			return v;
	return NULL;
}

script_var_t *add_var(const str *name)
{
	str key = *name;
	script_var_t *v = get_var_by_name(&key);

	if (v)
		return v;
	v = pkg_malloc(sizeof(*v) + name->len + 1);
	if (!v) {
		PKG_MEM_ERROR;
		return NULL;
	}
	memset(v, 0, sizeof(*v));
	v->name.s = (char *)(v + 1);
	v->name.len = name->len;
	memcpy(v->name.s, name->s, name->len);
	v->name.s[name->len] = 0;
	v->v.flags = VAR_VAL_NULL;
	v->next = vars;
	vars = v;
	return v;
}

static void drop_text(script_var_t *var)
{
	if (var->v.flags & VAR_VAL_STR)
		pkg_free(var->v.value.s.s);
	memset(&var->v, 0, sizeof(var->v));
}

script_var_t *set_var_value(script_var_t *var, int_str *value, int flags)
{
	str copy;

	if (!var)
		return NULL;
	if (value && flags & VAR_VAL_STR) {
		copy.len = value->s.len;
		copy.s = pkg_malloc(copy.len + 1);
		if (!copy.s) {
			PKG_MEM_ERROR;
			return NULL;
		}
		if (copy.len)
			memcpy(copy.s, value->s.s, copy.len);
		copy.s[copy.len] = 0;
		drop_text(var); /* only now: value may be this variable's own text */
		var->v.value.s = copy;
		var->v.flags = VAR_VAL_STR;
		return var;
	}
	if (value) {
		int n = value->n;

		drop_text(var);
		var->v.value.n = n;
		return var;
	}
	drop_text(var);
	var->v.flags = flags & VAR_VAL_NULL;
	return var;
}

void destroy_vars(void)
{
	script_var_t *v;

	while ((v = vars)) {
		vars = v->next;
		drop_text(v);
		pkg_free(v);
	}
}
