/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table: who runs, as what. In shared memory; a slot is written by its owner. */
#ifndef PT_H
#define PT_H

#include <sys/types.h>
#include <unistd.h>
#include "atomic.h"
#include "globals.h"

#define MAX_PT_DESC 128

enum process_type {
	TYPE_NONE = 0,
	TYPE_UDP,
	TYPE_TCP,
	TYPE_TIMER,
	TYPE_MODULE
};

#define OSS_PROC_NO_IPC       (1 << 0)
#define OSS_PROC_NEEDS_SCRIPT (1 << 2)
#define OSS_PROC_IS_RUNNING   (1 << 6)
#define OSS_PROC_TO_TERMINATE (1 << 7) /* set by the main process: SIGTERM ends it */

struct process_table {
	int pid; /* 0: never started; -1: ended */
	enum process_type type;
	char desc[MAX_PT_DESC];
	unsigned int flags;
	int ipc_pipe[2];  /* jobs for this process: read, write end */
	int tcp_socks[2]; /* to the TCP main process: its end, the process's end */
	int log_level;
	int default_log_level;
	atomic_t ready; /* child_init has run */
};

extern struct process_table *pt;
extern unsigned int counted_max_processes;

#define is_process_running(_idx) ((pt[_idx].flags & OSS_PROC_IS_RUNNING) ? 1 : 0)

/* Counts all processes and makes the table. 0, or -1. After modules are initialised. */
int init_multi_proc_support(void);
void destroy_multi_proc_support(void);
/* All there will be but the main process. */
int count_child_processes(void);
/* What ps shows: the calling process's own description. */
void set_proc_attrs(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

struct internal_fork_params {
	const char *proc_desc;
	unsigned int flags; /* OSS_PROC_* */
	enum process_type type;
};

/* As fork(), with a slot of the table for the child. -1: error, logged. */
pid_t internal_fork(const struct internal_fork_params *params);

static inline int my_pid(void)
{
	return pt ? pt[process_no].pid : getpid();
}

/* Slot of a process, -1 when it is none of ours. */
int get_process_ID_by_PID(pid_t pid);

#endif
