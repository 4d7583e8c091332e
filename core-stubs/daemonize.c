/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going into the background, the pid file, limits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemonize.h"
#include "dprint.h"
#include "globals.h"

static int status_pipe = -1; /* to the first process */
static int pid_file_ours;

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

static long read_pid(const char *file)
{
	FILE *f = fopen(file, "r");
	long pid = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

int write_pid_file(void)
{
	long other;
	FILE *f;

	if (!pid_file)
		return 0;
	other = read_pid(pid_file);
	if (other > 1 && other != getpid() && kill((pid_t)other, 0) == 0) {
		LM_ERR("process %ld of pid file %s is running\n", other, pid_file);
		return -1;
	}
	f = fopen(pid_file, "w");
	if (!f) {
		LM_ERR("cannot write pid file %s: %s\n", pid_file, strerror(errno));
		return -1;
	}
	fprintf(f, "%ld\n", (long)getpid());
	pid_file_ours = 1;
	if (fclose(f) == 0)
		return 0;
	LM_ERR("cannot write pid file %s: %s\n", pid_file, strerror(errno));
	return -1;
}

void remove_pid_file(void)
{
	if (pid_file_ours)
		unlink(pid_file);
	pid_file_ours = 0;
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
