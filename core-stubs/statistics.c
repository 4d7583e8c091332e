/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of statistics: a hash by name, and a list for each module.
 *
 * It is filled before the first fork, so every process inherits it and it needs no lock.
 * Variable and value are one block of shared memory.
 */
#include "statistics.h"
#include "core_stats.h"
#include "dprint.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "ut.h"

#define STATS_HASH_SIZE  256
#define MAX_STAT_MODULES 64

struct stat_block {
	stat_var var;
	stat_val val;
	char name[];
};

static stat_var *stat_hash[STATS_HASH_SIZE];
static module_stats stat_modules[MAX_STAT_MODULES];
static unsigned int stat_modules_no;
static int ready;

/* --- the memory statistics, asked for when somebody looks --------------------- */

#define MEM_STATS(X)                                                                               \
	X(total_size, total)                                                                       \
	X(used_size, used)                                                                         \
	X(real_used_size, real_used)                                                               \
	X(max_used_size, max_used)                                                                 \
	X(free_size, free)                                                                         \
	X(fragments, fragments)

#define SHM_STAT_FUNC(_name, _member)                                                              \
	static unsigned long shm_##_name(void *unused)                                             \
	{                                                                                          \
		struct mem_stats st;                                                               \
		(void)unused;                                                                      \
		shm_get_stats(&st);                                                                \
		return st._member;                                                                 \
	}
MEM_STATS(SHM_STAT_FUNC)

#define SHM_STAT_ROW(_name, _member) {#_name, STAT_IS_FUNC, (stat_var **)shm_##_name},
static const stat_export_t shm_stats[] = {MEM_STATS(SHM_STAT_ROW){0, 0, 0}};

/* --- modules ------------------------------------------------------------------ */

module_stats *get_stat_module(str *module)
{
	unsigned int i;

	for (i = 0; i < stat_modules_no; i++) {
		if (str_match(&stat_modules[i].name, module))
			return &stat_modules[i];
	}
	return NULL;
}

module_stats *module_stats_iterate(module_stats *mod)
{
	unsigned int next = mod ? mod->idx + 1u : 0;

	return next < stat_modules_no ? &stat_modules[next] : NULL;
}

static module_stats *add_stat_module(str *module)
{
	module_stats *mod = &stat_modules[stat_modules_no];

	if (stat_modules_no == MAX_STAT_MODULES) {
		LM_ERR("more than %d modules have statistics\n", MAX_STAT_MODULES);
		return NULL;
	}
	memset(mod, 0, sizeof(*mod));
	mod->name.s = pkg_malloc(module->len + 1);
	if (!mod->name.s)
		return NULL;
	memcpy(mod->name.s, module->s, module->len);
	mod->name.s[module->len] = '\0';
	mod->name.len = module->len;
	mod->idx = stat_modules_no++;
	return mod;
}

/* --- variables ---------------------------------------------------------------- */

stat_var *__get_stat(const str *name, int mod_idx)
{
	stat_var *v = stat_hash[core_hash(name, NULL, STATS_HASH_SIZE)];

	for (; v; v = v->hnext) {
		if (str_match(&v->name, name) && (mod_idx < 0 || v->mod_idx == (unsigned)mod_idx))
			return v;
	}
	return NULL;
}

stat_var *get_stat(const str *name)
{
	return __get_stat(name, -1);
}

static stat_var *new_stat(const char *name, unsigned short flags)
{
	size_t len = strlen(name);
	struct stat_block *b = shm_malloc(sizeof(*b) + len + 1);

	if (!b)
		return NULL;
	memset(b, 0, sizeof(*b));
	atomic_init(&b->val, 0);
	memcpy(b->name, name, len + 1);
	b->var.name.s = b->name;
	b->var.name.len = (int)len;
	b->var.flags = flags;
	return &b->var;
}

/* At the ends of both lists: they are listed, and found, in order of registration. */
static void link_stat(module_stats *mod, stat_var *v)
{
	stat_var **p = &stat_hash[core_hash(&v->name, NULL, STATS_HASH_SIZE)];

	while (*p)
		p = &(*p)->hnext;
	*p = v;
	if (mod->tail)
		mod->tail->lnext = v;
	else
		mod->head = v;
	mod->tail = v;
	mod->no++;
	v->mod_idx = mod->idx;
}

int register_stat2(const char *module, const char *name, stat_var **pvar, unsigned short flags,
	void *context, int unsafe)
{
	str mod_name = {(char *)module, (int)strlen(module)};
	str var_name = {(char *)name, (int)strlen(name)};
	module_stats *mod = get_stat_module(&mod_name);
	stat_var *v;

	(void)unsafe;
	if (mod && __get_stat(&var_name, mod->idx)) {
		LM_ERR("statistic '%s' of module '%s' exists already\n", name, module);
		return -1;
	}
	if (!mod && !(mod = add_stat_module(&mod_name)))
		return -1;
	v = new_stat(name, flags);
	if (!v)
		return -1;
	v->context = context;
	if (flags & STAT_IS_FUNC)
		v->u.f = (stat_function)pvar;
	else
		v->u.val = &((struct stat_block *)v)->val;
	link_stat(mod, v);
	if (!(flags & STAT_IS_FUNC))
		*pvar = v;
	if (flags & STAT_SHM_NAME)
		shm_free((char *)name);
	return 0;
}

int __register_module_stats(const char *module, const stat_export_t *stats, int unsafe)
{
	for (; stats && stats->name; stats++) {
		if (register_stat2(
			    module, stats->name, stats->stat_pointer, stats->flags, NULL, unsafe))
			return -1;
	}
	return 0;
}

int stats_are_ready(void)
{
	return ready;
}

int init_stats_collector(void)
{
	if (register_module_stats("shmem", shm_stats) || register_module_stats("core", core_stats))
		return -1;
	ready = 1;
	return 0;
}

void destroy_stats_collector(void)
{
	stat_var *v, *next;
	unsigned int i;

	ready = 0;
	for (i = 0; i < stat_modules_no; i++) {
		for (v = stat_modules[i].head; v; v = next) {
			next = v->lnext;
			shm_free((struct stat_block *)v);
		}
		pkg_free(stat_modules[i].name.s);
	}
	stat_modules_no = 0;
	memset(stat_hash, 0, sizeof(stat_hash));
}
