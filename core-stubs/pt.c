/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process table and forking. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pt.h"
#include "ipc.h"
#include "mem/shm_mem.h"
#include "net/net_tcp.h"
#include "net/net_udp.h"
#include "route.h"
#include "signals.h"
#include "sr_module.h"
#include "timer.h"
#include "ut.h"

struct process_table *pt;
unsigned int counted_max_processes;

int count_child_processes(void)
{
	return timer_count_processes() + udp_count_processes() + tcp_count_processes() +
	       count_module_procs(0);
}

int init_multi_proc_support(void)
{
	unsigned int n = 1 + (unsigned int)count_child_processes();
	struct process_table *table = shm_malloc(n * sizeof(*table));

	if (!table)
		return -1;
	memset(table, 0, n * sizeof(*table));
	for (unsigned int i = 0; i < n; i++) {
		table[i].log_level = table[i].default_log_level = *log_level;
		table[i].ipc_pipe[0] = table[i].ipc_pipe[1] = -1;
		table[i].tcp_socks[0] = table[i].tcp_socks[1] = -1;
	}
	table[0].pid = getpid();
	table[0].flags = OSS_PROC_IS_RUNNING;
	pt = table;
	counted_max_processes = n;
	process_no = 0;
	log_level = &pt[0].log_level;
	set_proc_attrs("attendant");
	for (unsigned int i = 0; i < n; i++)
		if (create_ipc_pipes((int)i) < 0 || tcp_make_socks((int)i) < 0)
			return -1;
	return init_ipc();
}

void destroy_multi_proc_support(void)
{
	struct process_table *table = pt;

	if (!table)
		return;
	destroy_ipc();
	tcp_close_socks();
	pt = NULL;
	counted_max_processes = 0;
	shm_free(table);
}

void set_proc_attrs(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(pt[process_no].desc, MAX_PT_DESC, fmt, ap);
	va_end(ap);
}

int get_process_ID_by_PID(pid_t pid)
{
	for (unsigned int i = 0; i < counted_max_processes; i++)
		if (pt[i].pid == pid)
			return (int)i;
	return -1;
}

static void in_child(int no, const struct internal_fork_params *params, pid_t parent)
{
	is_main = 0;
	process_no = no;
	pt[no].pid = getpid();
	log_level = &pt[no].log_level;
	install_child_sigs();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1); /* the main process has gone already */
	seed_child((unsigned int)no);
	set_proc_attrs("%s", params->proc_desc);
	if (!(params->flags & OSS_PROC_NEEDS_SCRIPT)) {
		free_route_lists(sroutes);
		sroutes = NULL;
	}
}

pid_t internal_fork(const struct internal_fork_params *params)
{
	static int last;
	pid_t parent = getpid(), pid;

	if (last + 1 >= (int)counted_max_processes) {
		LM_CRIT("more processes than counted (%u) at '%s'\n", counted_max_processes,
			params->proc_desc);
		return -1;
	}
	last++;
	pt[last].flags = params->flags | OSS_PROC_IS_RUNNING;
	pt[last].type = params->type;
	pid = fork();
	if (pid < 0) {
		LM_CRIT("cannot fork '%s': %s\n", params->proc_desc, strerror(errno));
		pt[last].flags = 0;
	} else if (pid == 0) {
		in_child(last, params, parent);
	} else {
		pt[last].pid = pid;
	}
	return pid;
}
