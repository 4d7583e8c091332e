/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which module must be initialised before which. */
#ifndef SR_MODULE_DEPS_H
#define SR_MODULE_DEPS_H

#include "str.h"

#define MAX_MOD_DEPS 10

typedef struct param_export_ param_export_t;

enum module_type {
	MOD_TYPE_NULL,
	MOD_TYPE_DEFAULT,
	MOD_TYPE_SQLDB,
	MOD_TYPE_CACHEDB,
	MOD_TYPE_AAA,
};

/* If the other module is not loaded: nothing, a warning, an error that stops the start. */
#define DEP_SILENT (1 << 0)
#define DEP_WARN   (1 << 1)
#define DEP_ABORT  (1 << 2)
/* The other one is initialised after this one. */
#define DEP_REVERSE_MINIT   (1 << 3)
#define DEP_REVERSE_DESTROY (1 << 4)
#define DEP_REVERSE_CINIT   (1 << 5)
#define DEP_REVERSE_INIT    (DEP_REVERSE_MINIT | DEP_REVERSE_CINIT)
#define DEP_REVERSE         (DEP_REVERSE_INIT | DEP_REVERSE_DESTROY)

typedef struct module_dependency {
	enum module_type mod_type;
	const char *mod_name; /* NULL: any module of that type */
	unsigned int type;
} module_dependency_t;

typedef struct modparam_dependency {
	const char *script_param;
	struct module_dependency *(*get_deps_f)(const param_export_t *param);
} modparam_dependency_t;

/* One dependency, in private memory; NULL without memory. */
module_dependency_t *alloc_module_dep(
	enum module_type mod_type, char *mod_name, unsigned int dep_type);
/* For parameters that are a database URL: some driver, if the URL is set; a warning if not there.
 */
module_dependency_t *get_deps_sqldb_url(const param_export_t *param);

#endif
