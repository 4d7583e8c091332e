/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going into the background, the pid file, limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemonize.h"
#include "dprint.h"
#include "globals.h"

static int status_pipe = -1; /* to the first process */
static int pid_fd = -1;

/* The first process: waits for the word of the daemon, or its death. */
static void wait_for_status(int fd)
{
	unsigned char status = 1;
	ssize_t n;

	do {
		n = read(fd, &status, 1);
	} while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : 1);
}

static void close_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!stderr_enabled)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

int daemonize(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		LM_ERR("cannot become a daemon: %s\n", strerror(errno));
		return -1;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_status(fds[0]);
	}
	close(fds[0]);
	status_pipe = fds[1];
	setsid();
	umask(0022);
	close_standard_streams();
	return 0;
}

void daemon_report(int status)
{
	unsigned char byte = (unsigned char)status;

	if (status_pipe < 0)
		return;
	if (write(status_pipe, &byte, 1) != 1)
		LM_WARN("nobody waits for the start\n");
	close(status_pipe);
	status_pipe = -1;
}

/* The file stays open and locked while any process of ours lives: that is "running". */
int write_pid_file(void)
{
	int fd;

	if (!pid_file)
		return 0;
	fd = open(pid_file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		LM_ERR("pid file %s: %s\n", pid_file,
			errno == EWOULDBLOCK ? "its processes are running" : strerror(errno));
		close(fd);
		return -1;
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		LM_ERR("cannot write pid file %s: %s\n", pid_file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	pid_fd = fd;
	return 0;
}

void remove_pid_file(void)
{
	if (pid_fd < 0)
		return;
	unlink(pid_file);
	close(pid_fd);
	pid_fd = -1;
}

int set_open_fds_limit(void)
{
	struct rlimit lim;

	if (open_files_limit <= 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return -1;
	lim.rlim_cur = (rlim_t)open_files_limit;
	if (lim.rlim_cur > lim.rlim_max)
		lim.rlim_max = lim.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &lim) == 0)
		return 0;
	LM_ERR("cannot raise the number of open files to %d: %s\n", open_files_limit,
		strerror(errno));
	return -1;
}
