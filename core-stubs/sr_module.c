/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading modules, and their start and end in the order that their dependencies ask for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sr_module.h"
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "pt.h"
#include "ut.h"

#define MAX_MPATHS 16
#ifndef MODS_DIR
#define MODS_DIR "/usr/local/lib/opensips-stub/modules/"
#endif

struct sr_module *modules;

static const char *mpaths[MAX_MPATHS];
static int n_mpaths;

/* --- finding ------------------------------------------------------------------------------ */

static struct sr_module *find_module(const char *name)
{
	for (struct sr_module *m = modules; m; m = m->next)
		if (strcmp(m->exports->name, name) == 0)
			return m;
	return NULL;
}

int module_loaded(const char *name)
{
	return find_module(name) != NULL;
}

static cmd_function find_in(const struct sr_module *m, const char *name, int flags)
{
	const cmd_export_t *c = m->exports->cmds;

	for (; c && c->name; c++)
		if (strcmp(c->name, name) == 0 && (c->flags & flags) == flags)
			return c->function;
	return NULL;
}

cmd_function find_mod_export(const char *mod, const char *name, int flags)
{
	struct sr_module *m = find_module(mod);

	return m ? find_in(m, name, flags) : NULL;
}

cmd_function find_export(const char *name, int flags)
{
	const cmd_export_t *c = find_cmd_export_t(name, flags);

	return c ? c->function : NULL;
}

static const param_export_t *find_param(const struct sr_module *m, const char *name)
{
	const param_export_t *p = m->exports->params;

	while (p && p->name && strcmp(p->name, name) != 0)
		p++;
	return p && p->name ? p : NULL;
}

void *find_param_export(const char *mod, const char *name, modparam_t type)
{
	struct sr_module *m = find_module(mod);
	const param_export_t *p = m ? find_param(m, name) : NULL;

	return p && p->type == type ? p->param_pointer : NULL;
}

/* --- loading ------------------------------------------------------------------------------ */

void add_mpath(const char *new_mpath)
{
	char *copy = n_mpaths < MAX_MPATHS ? pkg_strdup(new_mpath) : NULL;

	if (copy)
		mpaths[n_mpaths++] = copy;
	else
		LM_ERR("module path %s: more than %d, or no memory\n", new_mpath, MAX_MPATHS);
}

static int differs(const char *path, const char *what, const char *has, const char *wants)
{
	if (has && strcmp(has, wants) == 0)
		return 0;
	LM_CRIT("module %s was built for another core: its %s is '%s', the core's '%s'\n", path,
		what, ZSW(has), wants);
	return 1;
}

static int version_control(const struct module_exports *e, const char *path)
{
	if (differs(path, "version", e->ver_info.version, OPENSIPS_FULL_VERSION) ||
		differs(path, "compile flags", e->ver_info.compile_flags, OPENSIPS_COMPILE_FLAGS) ||
		differs(path, "version control", e->ver_info.scm.type, core_scm_ver.type) ||
		differs(path, "revision", e->ver_info.scm.rev, core_scm_ver.rev))
		return -1;
	return 0;
}

/* What OpenSIPS modules may have and this core cannot do. */
static int is_supported(const struct module_exports *e, const char *path)
{
	if (e->acmds)
		LM_ERR("module %s: asynchronous commands are not supported\n", path);
	else if (e->trans)
		LM_ERR("module %s: transformations of modules are not supported\n", path);
	else
		return 1;
	return 0;
}

int register_module(const struct module_exports *e, const char *path, void *handle)
{
	struct sr_module *m;

	if (find_module(e->name)) {
		LM_ERR("module %s is loaded already\n", e->name);
		return -1;
	}
	if (!is_supported(e, path))
		return -1;
	m = pkg_malloc(sizeof(*m));
	if (!m)
		return -1;
	memset(m, 0, sizeof(*m));
	m->path = pkg_strdup(path);
	m->handle = handle;
	m->exports = e;
	if (!m->path || (e->items && register_pvars_mod(e->name, e->items) < 0)) {
		LM_ERR("cannot register module %s\n", path);
		pkg_free((char *)m->path);
		pkg_free(m);
		return -1;
	}
	m->next = modules;
	modules = m;
	return 0;
}

/* Full path into buf, if there is such a file. */
static int try_path(char *buf, size_t size, const char *dir, const char *sub, const char *file)
{
	size_t n = strlen(dir);
	const char *slash = n && dir[n - 1] == '/' ? "" : "/";
	const char *mid = *sub ? "/" : "";
	int len = snprintf(buf, size, "%s%s%s%s%s", dir, slash, sub, mid, file);

	return len > 0 && (size_t)len < size && access(buf, R_OK) == 0;
}

static int locate(const char *name, char *path, size_t size)
{
	size_t n = strlen(name);
	int has_so = n > 3 && strcmp(name + n - 3, ".so") == 0;
	char file[256], base[256];
	const char *dir;
	int i = 0;

	if (n >= sizeof(file) - 4)
		return 0;
	snprintf(file, sizeof(file), "%s%s", name, has_so ? "" : ".so");
	snprintf(base, sizeof(base), "%.*s", (int)(has_so ? n - 3 : n), name);
	if (strchr(name, '/')) {
		snprintf(path, size, "%s", file);
		return access(path, R_OK) == 0;
	}
	do {
		dir = n_mpaths ? mpaths[i] : MODS_DIR;
		if (try_path(path, size, dir, "", file) || try_path(path, size, dir, base, file))
			return 1;
	} while (++i < n_mpaths);
	return 0;
}

int load_module(const char *name)
{
	char path[PATH_MAX];
	const struct module_exports *e;
	void *handle;

	if (!locate(name, path, sizeof(path))) {
		LM_ERR("module '%s' not found in '%s'%s\n", name, n_mpaths ? mpaths[0] : MODS_DIR,
			n_mpaths > 1 ? " and the other module paths" : "");
		return -1;
	}
	handle = dlopen(path, OPENSIPS_DLFLAGS);
	e = handle ? dlsym(handle, "exports") : NULL;
	if (!e) {
		LM_ERR("cannot load module %s: %s\n", path, dlerror());
		goto error;
	}
	if (version_control(e, path) < 0)
		goto error;
	if (find_module(e->name)) {
		LM_WARN("module %s is loaded already\n", path);
		goto error;
	}
	if (e->dlflags != DEFAULT_DLFLAGS) {
		dlclose(handle);
		handle = dlopen(path, (int)e->dlflags);
		e = handle ? dlsym(handle, "exports") : NULL;
		if (!e)
			goto error;
	}
	if (e->load_f && e->load_f() != 0) {
		LM_ERR("module %s refuses to be loaded\n", path);
		goto error;
	}
	if (register_module(e, path, handle) == 0)
		return 0;
error:
	if (handle)
		dlclose(handle);
	return -1;
}

/* --- order -------------------------------------------------------------------------------- */

enum phase {
	PH_INIT,
	PH_CHILD,
	PH_DESTROY
};

/* Does the dependency mean module m? */
static int means(const module_dependency_t *md, const struct sr_module *m)
{
	if (md->mod_type != m->exports->type)
		return 0;
	return !md->mod_name || strcmp(md->mod_name, m->exports->name) == 0;
}

typedef int dep_fn(const struct sr_module *m, const module_dependency_t *md, void *arg);

static int each_of(
	const struct sr_module *m, const module_dependency_t *md, int max, dep_fn *f, void *arg)
{
	int rc = 0;

	for (; rc == 0 && max-- > 0 && md->mod_type != MOD_TYPE_NULL; md++)
		rc = f(m, md, arg);
	return rc;
}

/* Dependencies that the value of a parameter brings with it. */
static int each_of_param(
	const struct sr_module *m, const modparam_dependency_t *mpd, dep_fn *f, void *arg)
{
	module_dependency_t *md = NULL;
	int rc;

	for (const param_export_t *p = m->exports->params; p && p->name; p++)
		if (strcmp(p->name, mpd->script_param) == 0)
			md = mpd->get_deps_f(p);
	rc = md ? each_of(m, md, MAX_MOD_DEPS, f, arg) : 0;
	pkg_free(md);
	return rc;
}

/* Calls f for each dependency of m; stops at the first result that is not 0. */
static int each_dep(const struct sr_module *m, dep_fn *f, void *arg)
{
	const dep_export_t *deps = m->exports->deps;
	int rc;

	if (!deps)
		return 0;
	rc = each_of(m, deps->md, MAX_MOD_DEPS, f, arg);
	for (const modparam_dependency_t *mpd = deps->mpd; rc == 0 && mpd->script_param; mpd++)
		rc = each_of_param(m, mpd, f, arg);
	return rc;
}

module_dependency_t *alloc_module_dep(
	enum module_type mod_type, char *mod_name, unsigned int dep_type)
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
	const char *url = param->type & USE_FUNC_PARAM ? "?" : *(char **)param->param_pointer;

	return url && *url ? alloc_module_dep(MOD_TYPE_SQLDB, NULL, DEP_WARN) : NULL;
}

struct order {
	const struct sr_module *other;
	enum phase phase;
};

/* 1: m names other and other comes first; 2: m names it and m comes first. */
static int order_of(const struct sr_module *m, const module_dependency_t *md, void *arg)
{
	static const unsigned int reverse[] = {
		[PH_INIT] = DEP_REVERSE_MINIT,
		[PH_CHILD] = DEP_REVERSE_CINIT,
		[PH_DESTROY] = DEP_REVERSE_DESTROY,
	};
	const struct order *o = arg;
	int other_first = o->phase != PH_DESTROY;

	if (o->other == m || !means(md, o->other))
		return 0;
	if (md->type & reverse[o->phase])
		other_first = !other_first;
	return other_first ? 1 : 2;
}

static int comes_first(const struct sr_module *a, const struct sr_module *b, enum phase phase)
{
	struct order by_b = {a, phase}, by_a = {b, phase};

	return each_dep(b, order_of, &by_b) == 1 || each_dep(a, order_of, &by_a) == 2;
}

static int *done_flag(struct sr_module *m, enum phase phase)
{
	return phase == PH_INIT    ? &m->init_done
	       : phase == PH_CHILD ? &m->init_child_done
				   : &m->destroy_done;
}

/* m after everything that must come before it. A circle is cut where it is met. */
static int visit(struct sr_module *m, enum phase phase, int (*f)(struct sr_module *, int), int arg)
{
	if (*done_flag(m, phase))
		return 0;
	*done_flag(m, phase) = 1;
	for (struct sr_module *a = modules; a; a = a->next)
		if (comes_first(a, m, phase) && visit(a, phase, f, arg) < 0)
			return -1;
	return f(m, arg);
}

/* All modules, those loaded first coming first where nothing else is asked for. */
static int visit_from(
	struct sr_module *m, enum phase phase, int (*f)(struct sr_module *, int), int arg)
{
	if (!m)
		return 0;
	if (visit_from(m->next, phase, f, arg) < 0)
		return -1;
	return visit(m, phase, f, arg);
}

/* The words before a dependency's name. */
static const char *kind_of(const module_dependency_t *md)
{
	return md->mod_name                     ? "module "
	       : md->mod_type == MOD_TYPE_SQLDB ? "an SQL driver (db_...)"
						: "a module of another kind";
}

static int check_dep(const struct sr_module *m, const module_dependency_t *md, void *arg)
{
	(void)arg;
	for (const struct sr_module *o = modules; o; o = o->next)
		if (o != m && means(md, o))
			return 0;
	if (md->type & DEP_ABORT) {
		LM_ERR("module %s needs %s%s, which is not loaded\n", m->exports->name, kind_of(md),
			ZSW(md->mod_name));
		return -1;
	}
	if (md->type & DEP_WARN)
		LM_WARN("module %s would use %s%s, which is not loaded\n", m->exports->name,
			kind_of(md), ZSW(md->mod_name));
	return 0;
}

int check_module_deps(void)
{
	for (struct sr_module *m = modules; m; m = m->next)
		if (each_dep(m, check_dep, NULL) < 0)
			return -1;
	return 0;
}

/* --- start and end ------------------------------------------------------------------------ */

static int preinit_one(struct sr_module *m)
{
	if (m->exports->preinit_f && m->exports->preinit_f() != 0) {
		LM_ERR("module %s failed before initialisation\n", m->exports->name);
		return -1;
	}
	return 0;
}

static int init_one(struct sr_module *m, int arg)
{
	const struct module_exports *e = m->exports;

	(void)arg;
	if (e->stats && __register_module_stats(e->name, e->stats, 0) != 0) {
		LM_ERR("cannot register statistics of module %s\n", e->name);
		return -1;
	}
	if (e->mi_cmds && register_mi_mod(e->name, e->mi_cmds) != 0) {
		LM_ERR("cannot register MI commands of module %s\n", e->name);
		return -1;
	}
	if (e->init_f && e->init_f() != 0) {
		LM_ERR("failed to initialize module %s\n", e->name);
		m->init_done = 0; /* its destroy_f must not run */
		return -1;
	}
	return 0;
}

int init_modules(void)
{
	for (struct sr_module *m = modules; m; m = m->next)
		if (preinit_one(m) < 0)
			return -1;
	return visit_from(modules, PH_INIT, init_one, 0);
}

static int init_child_one(struct sr_module *m, int rank)
{
	if (!m->init_done || !m->exports->init_child_f || m->exports->init_child_f(rank) >= 0)
		return 0;
	LM_ERR("failed to initialize child with rank %d for module %s\n", rank, m->exports->name);
	return -1;
}

int init_child(int rank)
{
	for (struct sr_module *m = modules; m; m = m->next)
		m->init_child_done = 0;
	return visit_from(modules, PH_CHILD, init_child_one, rank);
}

static int destroy_one(struct sr_module *m, int arg)
{
	(void)arg;
	if (m->init_done && m->exports->destroy_f)
		m->exports->destroy_f();
	return 0;
}

/* The last one loaded goes first, where no dependency says otherwise. */
void destroy_modules(void)
{
	for (struct sr_module *m = modules; m; m = m->next)
		visit(m, PH_DESTROY, destroy_one, 0);
	while (modules) {
		struct sr_module *next = modules->next;

		/* the code stays mapped: pointers to its tables may still be held */
		pkg_free((char *)modules->path);
		pkg_free(modules);
		modules = next;
	}
	while (n_mpaths)
		pkg_free((char *)mpaths[--n_mpaths]);
}

/* --- processes of modules ------------------------------------------------------------------ */

int count_module_procs(int flags)
{
	int n = 0;

	for (struct sr_module *m = modules; m; m = m->next)
		for (const proc_export_t *p = m->exports->procs; p && p->name; p++)
			if (p->function && ((int)p->flags & flags) == flags)
				n += (int)p->no;
	return n;
}

static void module_proc(const struct sr_module *m, const proc_export_t *p, int no)
{
	set_proc_attrs("%s", p->name);
	if (p->flags & PROC_FLAG_INITCHILD && init_child(PROC_MODULE) < 0)
		exit(1);
	atomic_store(&pt[process_no].ready, 1);
	p->function(no);
	LM_CRIT("process '%s' of module %s has ended by itself\n", p->name, m->exports->name);
	exit(1);
}

static int start_procs(const struct sr_module *m, const proc_export_t *p)
{
	struct internal_fork_params params = {.proc_desc = p->name, .type = TYPE_MODULE};

	if (!(p->flags & PROC_FLAG_HAS_IPC))
		params.flags |= OSS_PROC_NO_IPC;
	if (p->flags & PROC_FLAG_NEEDS_SCRIPT)
		params.flags |= OSS_PROC_NEEDS_SCRIPT;
	if (p->pre_fork_function && p->pre_fork_function() != 0) {
		LM_ERR("process '%s' of module %s cannot be prepared\n", p->name, m->exports->name);
		return -1;
	}
	for (unsigned int i = 0; i < p->no; i++) {
		pid_t pid = internal_fork(&params);

		if (pid < 0)
			return -1;
		if (pid == 0)
			module_proc(m, p, (int)i);
	}
	if (p->post_fork_function && p->post_fork_function() != 0) {
		LM_ERR("process '%s' of module %s: failed after forking\n", p->name,
			m->exports->name);
		return -1;
	}
	return 0;
}

int start_module_procs(void)
{
	for (struct sr_module *m = modules; m; m = m->next)
		for (const proc_export_t *p = m->exports->procs; p && p->name; p++)
			if (p->no && p->function && start_procs(m, p) < 0)
				return -1;
	return 0;
}
