/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding script functions. */
#include "cmds.h"

#include <string.h>
#include "core_cmds.h"
#include "sr_module.h"

static const cmd_export_t *find_in(const cmd_export_t *c, const char *name, int flags)
{
	for (; c && c->name; c++)
		if (!strcmp(c->name, name) && (c->flags & flags) == flags)
			return c;
	return NULL;
}

const cmd_export_t *find_core_cmd_export_t(const char *name, int flags)
{
	return find_in(core_cmds, name, flags);
}

const cmd_export_t *find_mod_cmd_export_t(const char *name, int flags)
{
	const cmd_export_t *c = NULL;
	struct sr_module *m;

	for (m = modules; m && !c; m = m->next)
		c = find_in(m->exports->cmds, name, flags);
	return c;
}

const cmd_export_t *find_cmd_export_t(const char *name, int flags)
{
	const cmd_export_t *c = find_core_cmd_export_t(name, flags);

	return c ? c : find_mod_cmd_export_t(name, flags);
}

static int fits(int flags, int type)
{
	switch (type) {
	case STR_ST:
		return flags & CMD_PARAM_STR;
	case NUMBER_ST:
		return flags & CMD_PARAM_INT;
	case SCRIPTVAR_ST:
		return !(flags & CMD_PARAM_STATIC);
	}
	return 0;
}

int check_cmd_call_params(const cmd_export_t *cmd, action_elem_t *elems, int no_params)
{
	const struct cmd_param *p = cmd->params;
	int i;

	for (i = 1; p->flags; p++, i++) {
		int given =
			i <= no_params && elems[i].type != NULLV_ST && elems[i].type != NOSUBTYPE;

		if (!given && !(p->flags & CMD_PARAM_OPT))
			return i > no_params ? -1 : -3;
		if (given && !fits(p->flags, elems[i].type))
			return -4;
	}
	return no_params >= i ? -2 : 0;
}
