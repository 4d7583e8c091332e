/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dependencies that modules compute from their parameters. */

#include "sr_module_deps.h"
#include "mem/mem.h"
#include "sr_module.h"

module_dependency_t *alloc_module_dep(
	enum module_type mod_type, const char *mod_name, unsigned int dep_type)
{
	module_dependency_t *md = pkg_malloc(2 * sizeof(*md));

	if (!md)
		return NULL;
	md[0] = (module_dependency_t){mod_type, mod_name, dep_type};
	md[1] = (module_dependency_t){MOD_TYPE_NULL, NULL, 0};
	return md;
}

module_dependency_t *get_deps_sqldb_url(const param_export_t *param)
{
	const char *url = *(const char *const *)param->param_pointer;

	return url && *url ? alloc_module_dep(MOD_TYPE_SQLDB, NULL, DEP_ABORT) : NULL;
}
