/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs between processes. Each process has a pipe; SIP workers share one more. A job is
 * smaller than PIPE_BUF, so it is written and read whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ipc.h"
#include "dprint.h"

#define MAX_AT_ONCE 16

struct job {
	int sender;
	ipc_rpc_f *rpc;
	void *param;
};

static int shared[2] = {-1, -1};

static int make_pipe(int fds[2])
{
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0) {
		LM_ERR("cannot make a pipe: %s\n", strerror(errno));
		return -1;
	}
	/* the default holds about 1,300 jobs; more where the system allows it */
	fcntl(fds[1], F_SETPIPE_SZ, 256 * 1024);
	return 0;
}

int create_ipc_pipes(int proc_no)
{
	return make_pipe(pt[proc_no].ipc_pipe);
}

int init_ipc(void)
{
	return make_pipe(shared);
}

static void close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void destroy_ipc(void)
{
	for (unsigned int i = 0; i < counted_max_processes; i++)
		close_pipe(pt[i].ipc_pipe);
	close_pipe(shared);
}

int ipc_shared_fd(void)
{
	return shared[0];
}

/* --- sending ----------------------------------------------------------------------------- */

static int put(int fd, const struct job *job)
{
	ssize_t n;

	do {
		n = write(fd, job, sizeof(*job));
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(*job))
		return 0;
	LM_ERR("cannot send a job to another process: %s\n",
		errno == EAGAIN ? "its pipe is full" : strerror(errno));
	return -1;
}

static int send_to(int dst, const struct job *job)
{
	if (!pt || dst < 0 || dst >= (int)counted_max_processes ||
		pt[dst].flags & OSS_PROC_NO_IPC) {
		LM_ERR("process %d takes no jobs\n", dst);
		return -1;
	}
	return put(IPC_FD_WRITE(dst), job);
}

int ipc_send_rpc(int dst_proc, ipc_rpc_f *rpc, void *param)
{
	struct job job = {process_no, rpc, param};

	return send_to(dst_proc, &job);
}

int ipc_dispatch_rpc(ipc_rpc_f *rpc, void *param)
{
	struct job job = {process_no, rpc, param};

	return put(shared[1], &job);
}

/* --- running ----------------------------------------------------------------------------- */

int ipc_handle_job(int fd, void *param, int was_timeout)
{
	struct job job;

	(void)param;
	(void)was_timeout;
	for (int i = 0; i < MAX_AT_ONCE && read(fd, &job, sizeof(job)) == (ssize_t)sizeof(job); i++)
		job.rpc(job.sender, job.param);
	return 0;
}
