/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	sim [-n COUNT] [-s SEED] [-j JOBS] [-t]
 *
 * runs COUNT schedules (100) from SEED (1) on, in JOBS processes (1); -t shows all that happens.
 * A process ends with the first schedule that breaks something, having told what.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define QUIET_MAX 400 /* pings until all must be equal */
#define SETTLED   320000
#define SENT_MAX  2   /* changes sent for each applied, refused, or asked for, at most ... */
#define SENT_MORE 400 /* ... and what a short schedule may lose */

bool trace;

void broken(const struct sim *s, const char *format, ...)
{
	va_list args;

	printf("seed %u, %u nodes, at %.3f s: ", s->seed, s->size, (double)s->now / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n(make sim SEED=%u shows how it came to that)\n", s->seed);
	exit(1);
}

static void stop(struct sim *s)
{
	net_clear(s);
	for (uint32_t i = 1; i <= s->size; i++)
		if (s->node[i].up)
			rr_engine_free(s->node[i].engine);
}

/* Returns the pings until all was equal. */
static unsigned run(struct sim *s, unsigned seed)
{
	unsigned pings;
	uint64_t sent, taken;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->random = seed * 7919 + 1;
	faults_run(s);
	faults_end(s);
	net_run(s, s->now + 100);
	for (pings = 0; pings < QUIET_MAX && !check_equal(s); pings++)
		net_run(s, s->now + PING);
	net_run(s, s->now + 25 * PING);
	/* until what lives shortly has expired, with clocks that jumped: see node_phone(),
	 * fault_clock() */
	net_run(s, FAULTS + SETTLED);
	s->loss = 0;
	net_run(s, s->now + 10 * PING);
	check_end(s);
	sent = s->count.sent + s->count.repairs;
	net_run(s, s->now + 20 * PING);
	if (s->count.sent + s->count.repairs != sent && !s->any_refusal)
		broken(s, "%lu changes sent while nothing happened",
			(unsigned long)(s->count.sent + s->count.repairs - sent));
	taken = s->count.applied + s->count.refused + s->count.asked;
	if (s->count.sent > taken * SENT_MAX + SENT_MORE)
		broken(s, "%lu changes sent for %lu applied, refused, or asked for",
			(unsigned long)s->count.sent, (unsigned long)taken);
	stop(s);
	return pings;
}

static void add(struct counts *sum, const struct counts *c)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)c;

	for (size_t i = 0; i < offsetof(struct counts, slowest) / sizeof(*from); i++)
		to[i] += from[i];
}

/* Every `step`-th schedule from `first` on. */
static void run_some(unsigned first, unsigned end, unsigned step, struct counts *sum)
{
	static struct sim sim;

	for (unsigned seed = first; seed < end; seed += step) {
		unsigned pings = run(&sim, seed);

		sim.count.schedules = 1;
		if (sum->slowest < pings)
			sum->slowest = pings;
		add(sum, &sim.count);
	}
}

/* Runs them in processes of their own; false: one of them has found something, and told it. */
static bool run_all(unsigned first, unsigned count, unsigned jobs, struct counts *sum)
{
	struct counts part;
	bool good = true;
	int fd[2], status;

	if (jobs <= 1) {
		run_some(first, first + count, 1, sum);
		return true;
	}
	if (pipe(fd) < 0)
		return false;
	for (unsigned i = 0; i < jobs; i++) {
		if (fork() != 0)
			continue;
		memset(&part, 0, sizeof(part));
		run_some(first + i, first + count, jobs, &part);
		fflush(stdout);
		_exit(write(fd[1], &part, sizeof(part)) == sizeof(part) ? 0 : 1);
	}
	close(fd[1]);
	while (wait(&status) > 0)
		good &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
	while (read(fd[0], &part, sizeof(part)) == sizeof(part)) {
		if (sum->slowest < part.slowest)
			sum->slowest = part.slowest;
		add(sum, &part);
	}
	close(fd[0]);
	return good;
}

static void tell(const struct counts *sum)
{
	printf("%lu schedules: all equal after at most %lu pings\n"
	       "%lu changes, %lu applied, %lu sent (%.2f each), %lu messages with several, "
	       "%lu refused\n"
	       "%lu crashes, %lu with state, %lu changes died with all who had them\n"
	       "%lu times something had diverged, %lu changes and %lu lists sent to repair that\n",
		sum->schedules, sum->slowest, sum->changes, sum->applied, sum->sent,
		(double)sum->sent / (double)(sum->applied ? sum->applied : 1), sum->batches,
		sum->refused, sum->crashes, sum->restored, sum->lost, sum->diverged, sum->repairs,
		sum->pages);
}

int main(int argc, char **argv)
{
	struct counts sum = {0};
	unsigned count = 100, first = 1, jobs = 1;
	bool good;
	int c;

	while ((c = getopt(argc, argv, "n:s:j:t")) != -1) {
		if (c == 'n')
			count = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			first = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'j')
			jobs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 't')
			trace = true;
		else
			return 2;
	}
	good = run_all(first, count, jobs, &sum);
	tell(&sum);
	printf("%lu passed, %lu failed\n", sum.schedules, good ? 0 : count - sum.schedules);
	return good ? 0 : 1;
}
