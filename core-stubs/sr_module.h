/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules: shared objects with one symbol "exports" that says what they have. */
#ifndef SR_MODULE_H
#define SR_MODULE_H

#include <dlfcn.h>
#include "parser/msg_parser.h"
#include "statistics.h"
#include "mi/mi.h"
#include "pvar.h"
#include "version.h"
#include "route.h"
#include "cmds.h"
#include "sr_module_deps.h"

typedef int (*load_function)(void);
typedef int (*response_function)(struct sip_msg *);
typedef void (*destroy_function)(void);
typedef int (*preinit_function)(void);
typedef int (*init_function)(void);
typedef int (*child_init_function)(int rank);
typedef int (*reload_confirm_function)(void);

#define STR_PARAM           (1U << 0)
#define INT_PARAM           (1U << 1)
#define USE_FUNC_PARAM      (1U << (8 * sizeof(int) - 1))
#define PARAM_TYPE_MASK(_x) ((_x) & (~USE_FUNC_PARAM))
typedef unsigned int modparam_t;
typedef int (*param_func_t)(modparam_t type, void *val);

typedef void (*mod_proc)(int no);
typedef int (*mod_proc_wrapper)(void);

/* Ranks: SIP workers count from 1. */
#define PROC_MAIN     0
#define PROC_TIMER    -1
#define PROC_MODULE   -2
#define PROC_TCP_MAIN -4

#define DEFAULT_DLFLAGS  0
#define OPENSIPS_DLFLAGS RTLD_NOW

#define MODULE_VERSION                                                                             \
	{                                                                                          \
		.version = OPENSIPS_FULL_VERSION, .compile_flags = OPENSIPS_COMPILE_FLAGS,         \
		.scm.type = VERSIONTYPE, .scm.rev = THISREVISION                                   \
	}

#define PROC_FLAG_INITCHILD    (1 << 0)
#define PROC_FLAG_HAS_IPC      (1 << 1)
#define PROC_FLAG_NEEDS_SCRIPT (1 << 2)

struct param_export_ {
	const char *name;
	modparam_t type;     /* STR_PARAM or INT_PARAM, with USE_FUNC_PARAM if it is a function */
	void *param_pointer; /* char **, int *, or param_func_t */
};

typedef struct proc_export_ {
	const char *name;
	mod_proc_wrapper pre_fork_function;
	mod_proc_wrapper post_fork_function;
	mod_proc function;
	unsigned int no; /* how many */
	unsigned int flags;
} proc_export_t;

typedef struct dep_export_ {
	const module_dependency_t md[MAX_MOD_DEPS]; /* ends with MOD_TYPE_NULL */
	const modparam_dependency_t mpd[];          /* ends with a NULL name */
} dep_export_t;

struct module_exports {
	const char *name;
	enum module_type type;
	const struct {
		const char *version;
		const char *compile_flags;
		struct scm_version scm;
	} ver_info;
	unsigned int dlflags;
	load_function load_f;
	const dep_export_t *deps;
	const cmd_export_t *cmds;
	const acmd_export_t *acmds; /* asynchronous commands: not supported */
	const param_export_t *params;
	const stat_export_t *stats;
	const mi_export_t *mi_cmds;
	const pv_export_t *items;
	const void *trans; /* transformations: not supported */
	const proc_export_t *procs;
	preinit_function preinit_f;
	init_function init_f;
	response_function response_f;
	destroy_function destroy_f;
	child_init_function init_child_f;
	reload_confirm_function reload_ack_f;
};

struct sr_module {
	const char *path;
	void *handle;
	int init_done;
	int init_child_done;
	int destroy_done;
	const struct module_exports *exports;
	struct sr_module *next;
};

/* The module loaded last is first. */
extern struct sr_module *modules;

/* One more directory to look in. */
void add_mpath(const char *new_mpath);
/* By file name; ".so" may be left out. 0, or -1 with the reason logged. */
int load_module(const char *name);
int register_module(const struct module_exports *e, const char *path, void *handle);

/* Function of a script command, by name and route mask (0: any), of any or of one module. */
cmd_function find_export(const char *name, int flags);
cmd_function find_mod_export(const char *mod, const char *name, int flags);
/* Where a module's parameter is stored; NULL: no such. */
void *find_param_export(const char *mod, const char *name, modparam_t type);
int module_loaded(const char *name);

/* All: 0, or -1 with the reason logged. Dependencies first, else in order of loading. */
int check_module_deps(void); /* is all that modules need loaded? */
int init_modules(void);
int init_child(int rank);
void destroy_modules(void);
/* Processes that modules want: all, or those with that PROC_FLAG_*. */
int count_module_procs(int flags);
int start_module_procs(void);

#endif
