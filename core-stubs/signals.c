/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals and the end.
 *
 * The main process reads its signals from a descriptor, in the same loop as its jobs. It
 * stops all when it is told to (SIGTERM, SIGINT), or when a child ends that it did not stop.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"
#include "config.h"
#include "daemonize.h"
#include "dprint.h"
#include "mem/shm_mem.h"
#include "pt.h"
#include "reactor.h"

#define POLL_US 5000

static sigset_t main_sigs;
static int exit_status;
static int reported;

int install_main_sigs(void)
{
	static const int sigs[] = {SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2};

	sigemptyset(&main_sigs);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		sigaddset(&main_sigs, sigs[i]);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &main_sigs, NULL);
}

/*
 * SIGTERM at a whole group (systemd, a shell) reaches children as well: they leave the end to
 * the main process, so that it is in order. They go when it says so, or when it is gone.
 */
static void on_term(int sig)
{
	(void)sig;
	if ((pt[process_no].flags & OSS_PROC_TO_TERMINATE) || getppid() != pt[0].pid)
		_exit(0);
}

void install_child_sigs(void)
{
	struct sigaction term = {.sa_handler = on_term, .sa_flags = SA_RESTART};

	sigaction(SIGTERM, &term, NULL);
	signal(SIGINT, SIG_IGN); /* from a terminal it goes to all; the main process decides */
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &main_sigs, NULL);
}

/* --- children ----------------------------------------------------------------------------- */

static void describe_end(pid_t pid, int status, char *buf, size_t size)
{
	int i = get_process_ID_by_PID(pid);
	const char *desc = i >= 0 ? pt[i].desc : "?";

	if (WIFSIGNALED(status))
		snprintf(buf, size, "process %d [%d] (%s) was ended by signal %d%s", i, (int)pid,
			desc, WTERMSIG(status), WCOREDUMP(status) ? ", core dumped" : "");
	else
		snprintf(buf, size, "process %d [%d] (%s) ended with status %d", i, (int)pid, desc,
			WEXITSTATUS(status));
}

static void mark_ended(pid_t pid)
{
	int i = get_process_ID_by_PID(pid);

	if (i < 0)
		return;
	pt[i].flags &= ~(unsigned int)OSS_PROC_IS_RUNNING;
	pt[i].pid = -1;
}

/* 1 when a child ended that nobody told to. */
static int reap(void)
{
	char what[256];
	pid_t pid;
	int status, found = 0;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (get_process_ID_by_PID(pid) < 0)
			continue; /* a helper that a module forked by itself */
		describe_end(pid, status, what, sizeof(what));
		LM_CRIT("%s: stopping all\n", what);
		mark_ended(pid);
		found = 1;
	}
	return found;
}

static int children_left(void)
{
	int n = 0;

	for (unsigned int i = 1; i < counted_max_processes; i++)
		n += pt[i].pid > 0;
	return n;
}

static void signal_children(int sig)
{
	for (unsigned int i = 1; i < counted_max_processes; i++)
		if (pt[i].pid > 0)
			kill(pt[i].pid, sig);
}

static int wait_children(long timeout_ms)
{
	struct timespec nap = {0, POLL_US * 1000L};
	pid_t pid;
	int status;

	for (long left = timeout_ms * 1000 / POLL_US; children_left() && left > 0;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			mark_ended(pid);
		} else if (pid < 0 && errno == ECHILD) {
			return 0;
		} else {
			nanosleep(&nap, NULL);
			left--;
		}
	}
	return children_left();
}

void stop_children(void)
{
	int left;

	if (!pt)
		return;
	for (unsigned int i = 1; i < counted_max_processes; i++)
		pt[i].flags |= OSS_PROC_TO_TERMINATE;
	signal_children(SIGTERM);
	left = wait_children(SHUTDOWN_TIMEOUT * 1000L);
	if (!left)
		return;
	LM_CRIT("%d processes did not stop within %d s: killing them\n", left, SHUTDOWN_TIMEOUT);
	signal_children(SIGKILL);
	wait_children(SHUTDOWN_TIMEOUT * 1000L);
}

/* --- the main process's loop --------------------------------------------------------------- */

static void log_memory(void)
{
	struct mem_stats st;

	shm_get_stats(&st);
	LM_NOTICE("shared memory: %lu of %lu bytes used, %lu at most, %lu free pieces\n",
		st.real_used, st.total, st.max_used, st.fragments);
}

static void end_with(int status)
{
	if (status > exit_status)
		exit_status = status;
	reactor_stop();
}

static int on_signal(int fd, void *param, int was_timeout)
{
	struct signalfd_siginfo si;

	(void)param;
	(void)was_timeout;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			LM_NOTICE("signal %u: stopping\n", si.ssi_signo);
			end_with(0);
			break;
		case SIGCHLD:
			if (reap())
				end_with(1);
			break;
		case SIGUSR1:
			log_memory();
			break;
		default:
			LM_NOTICE("signal %u: nothing to do\n", si.ssi_signo);
		}
	}
	return 0;
}

static int all_ready(void)
{
	for (unsigned int i = 1; i < counted_max_processes; i++)
		if (pt[i].pid > 0 && !atomic_load(&pt[i].ready))
			return 0;
	return 1;
}

/* Says that the start went well as soon as every child has. */
static int on_start_timer(int fd, void *param, int was_timeout)
{
	unsigned long n;

	(void)param;
	(void)was_timeout;
	if (read(fd, &n, sizeof(n)) < 0 || reported || !all_ready())
		return 0;
	reported = 1;
	ready_time = time(NULL);
	LM_NOTICE("started: %u processes\n", counted_max_processes);
	daemon_report(0);
	reactor_del(fd);
	close(fd);
	return 0;
}

/* A descriptor that can be read every few milliseconds. */
static int start_timer_fd(void)
{
	struct itimerspec each = {{0, POLL_US * 1000L}, {0, POLL_US * 1000L}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	return fd >= 0 && timerfd_settime(fd, 0, &each, NULL) == 0 ? fd : -1;
}

int wait_for_end(void)
{
	int fd = signalfd(-1, &main_sigs, SFD_NONBLOCK | SFD_CLOEXEC);
	int start_timer = start_timer_fd();

	if (fd < 0 || start_timer < 0 || reactor_init("main") < 0 ||
		reactor_add(fd, on_signal, NULL) < 0 ||
		reactor_add(start_timer, on_start_timer, NULL) < 0 || reactor_add_ipc() < 0)
		return 1;
	/* a child may have ended before we listened */
	if (reap())
		return 1;
	if (reactor_loop() < 0)
		end_with(1);
	close(fd);
	return exit_status;
}
