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
