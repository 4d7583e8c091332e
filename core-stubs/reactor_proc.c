/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reactor as modules' processes see it. */
#include "reactor_proc.h"
#include "dprint.h"
#include "mem/mem.h"
#include "pt.h"
#include "reactor.h"

#define MAX_FDS 16

/* Told about time-outs: all of them, as OpenSIPS does. */
static struct {
	int fd;
	reactor_proc_cb_f func;
	void *param;
} fds[MAX_FDS];
static int n_fds;

static int on_tick(int fd, void *param, int was_timeout)
{
	(void)fd;
	(void)param;
	for (int i = 0; i < n_fds; i++)
		fds[i].func(fds[i].fd, fds[i].param, was_timeout);
	return 0;
}

int reactor_proc_init(char *name)
{
	n_fds = 0;
	if (reactor_init(name) < 0)
		return -1;
	reactor_set_tick(on_tick, NULL);
	return pt[process_no].flags & OSS_PROC_NO_IPC ? 0 : reactor_add_ipc();
}

int reactor_proc_add_fd(int fd, reactor_proc_cb_f func, void *param)
{
	if (n_fds == MAX_FDS) {
		LM_ERR("more than %d descriptors\n", MAX_FDS);
		return -1;
	}
	if (reactor_add(fd, func, param) < 0)
		return -1;
	fds[n_fds].fd = fd;
	fds[n_fds].func = func;
	fds[n_fds++].param = param;
	return 0;
}

int reactor_proc_loop(void)
{
	return reactor_loop();
}
