/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters that every process adds to and that management reads.
 *
 * A statistic belongs to a module (its group on the management side) and has a
 * name that is unique there. Its value lives in shared memory and is changed by
 * atomic operations only, so that no lock is needed; or it is a function
 * (STAT_IS_FUNC) that is asked each time. All statistics are registered before
 * the first fork; afterwards the registry itself is only read.
 */
#ifndef _STATISTICS_H_
#define _STATISTICS_H_

#include "str.h"
#include "atomic.h"
#include "hash_func.h"

#define STAT_NO_RESET (1 << 0) /* reset_statistics leaves it alone */
#define STAT_SHM_NAME (1 << 2) /* the name is in shm; register_stat2() takes it over */
#define STAT_IS_FUNC  (1 << 3) /* the stat_var** of the export is a stat_function */
#define STAT_HIDDEN   (1 << 5) /* found by name only, not in lists */

typedef atomic_t stat_val;
typedef unsigned long (*stat_function)(void *);

typedef struct stat_var_ {
	unsigned int mod_idx; /* index of its module, see module_stats_iterate() */
	str name;
	unsigned short flags;
	void *context; /* given to u.f */
	union {
		stat_val *val;
		stat_function f;
	} u;
	struct stat_var_ *hnext; /* hash chain */
	struct stat_var_ *lnext; /* next one of the same module */
} stat_var;

typedef struct module_stats_ {
	str name;
	unsigned int no;
	unsigned short idx;
	stat_var *head;
	stat_var *tail;
} module_stats;

/* One row of the table a module exports; a row with name NULL ends it. */
typedef struct stat_export_ {
	const char *name;
	unsigned short flags;
	stat_var **stat_pointer; /* filled in; the stat_function itself with STAT_IS_FUNC */
} stat_export_t;

/* Makes the registry and registers the core's own statistics. Once, after shm, before modules. */
int init_stats_collector(void);
void destroy_stats_collector(void);
/* 1 once init_stats_collector() has succeeded: code that runs earlier must not count. */
int stats_are_ready(void);

/*
 * Registers one statistic of a module, before forking. @pvar receives the variable, or
 * is the stat_function with STAT_IS_FUNC, which then gets @context. @unsafe is not used:
 * values are always in shared memory that needs no unsafe allocation here.
 * 0, or -1 (no memory, or the name exists in that module; logged).
 */
int register_stat2(const char *module, const char *name, stat_var **pvar, unsigned short flags,
	void *context, int unsafe);
#define register_stat(_mod, _name, _pvar, _flags)                                                  \
	register_stat2(_mod, _name, _pvar, _flags, NULL, 0)

/* The same for a table of statistics. NULL @stats is an empty table. */
int __register_module_stats(const char *module, const stat_export_t *stats, int unsafe);
#define register_module_stats(_mod, _stats) __register_module_stats(_mod, _stats, 0)

/* The first statistic of that name in any module, or NULL. */
stat_var *get_stat(const str *name);
/* The same in the module of that index only. */
stat_var *__get_stat(const str *name, int mod_idx);

module_stats *get_stat_module(str *module);
/* Walks the modules in order of registration: NULL gives the first; NULL ends. */
module_stats *module_stats_iterate(module_stats *mod);

#define update_stat(_var, _n)                                                                      \
	do {                                                                                       \
		if (!((_var)->flags & STAT_IS_FUNC))                                               \
			atomic_fetch_add((_var)->u.val, _n);                                       \
	} while (0)
#define reset_stat(_var)                                                                           \
	do {                                                                                       \
		if (((_var)->flags & (STAT_NO_RESET | STAT_IS_FUNC)) == 0)                         \
			atomic_store((_var)->u.val, 0);                                            \
	} while (0)
#define get_stat_val(_var)                                                                         \
	((unsigned long)(((_var)->flags & STAT_IS_FUNC) ? (_var)->u.f((_var)->context)             \
							: atomic_load((_var)->u.val)))
#define if_update_stat(_c, _var, _n)                                                               \
	do {                                                                                       \
		if (_c)                                                                            \
			update_stat(_var, _n);                                                     \
	} while (0)
#define inc_stat(_var) update_stat(_var, 1)

#endif
