/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See lock_times.h. A table in shared memory, an entry for each function that holds a lock; it is
 * changed by atomic operations, for those who hold a slot do not hold the same one. */
#ifdef LOCK_TIMES
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lock_times.h"
#include "mi_add.h"
#include "../../mem/shm_mem.h"

#define SITES 64
#define US    1000
#define MS    1000000

struct site {
	const char *what; /* NULL: free; one and the same in all processes */
	uint64_t calls, sum, wall, cpu, work, calm;         /* ns; the last four are the longest */
	uint64_t long_wall, long_cpu, long_work, long_calm; /* more than 1 ms */
};

static struct site *sites;       /* of the engine; behind them those of slots */
static uint64_t waiting, waited; /* ns of the processor in this process: since, in all */

int lock_times_init(void)
{
	sites = shm_malloc(2 * SITES * sizeof(*sites));
	if (!sites) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	memset(sites, 0, 2 * SITES * sizeof(*sites));
	LM_NOTICE("built with LOCK_TIMES: for measuring, not for production\n");
	return 0;
}

static uint64_t ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* How often this process was scheduled out, or gave way. */
static uint64_t switches(void)
{
	struct rusage r;

	return getrusage(RUSAGE_SELF, &r) == 0 ? (uint64_t)(r.ru_nvcsw + r.ru_nivcsw) : 0;
}

struct lock_time lock_times_begin(bool slot, const char *what)
{
	return (struct lock_time){
		what, slot, ns(CLOCK_MONOTONIC), ns(CLOCK_THREAD_CPUTIME_ID), waited, switches()};
}

void lock_times_wait(void)
{
	waiting = ns(CLOCK_THREAD_CPUTIME_ID);
}

void lock_times_waited(void)
{
	waited += ns(CLOCK_THREAD_CPUTIME_ID) - waiting;
}

static struct site *site_of(const struct lock_time *t)
{
	struct site *first = sites + t->slot * SITES;

	for (struct site *s = first; s < first + SITES; s++) {
		const char *nobody = NULL;

		if (__atomic_compare_exchange_n(&s->what, &nobody, t->what, false, __ATOMIC_SEQ_CST,
			    __ATOMIC_SEQ_CST) ||
			nobody == t->what)
			return s;
	}
	return NULL;
}

static void raise_to(uint64_t *most, uint64_t value)
{
	uint64_t was = __atomic_load_n(most, __ATOMIC_SEQ_CST);

	while (was < value && !__atomic_compare_exchange_n(
				      most, &was, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

void lock_times_end(const struct lock_time *t)
{
	uint64_t cpu = ns(CLOCK_THREAD_CPUTIME_ID) - t->cpu, wall = ns(CLOCK_MONOTONIC) - t->wall;
	uint64_t work = cpu - (waited - t->waited), calm = switches() == t->switches ? work : 0;
	struct site *s = sites ? site_of(t) : NULL;

	if (!s)
		return;
	__atomic_add_fetch(&s->calls, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&s->sum, wall, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&s->long_wall, wall > MS, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&s->long_cpu, cpu > MS, __ATOMIC_SEQ_CST);
	raise_to(&s->wall, wall);
	__atomic_add_fetch(&s->long_work, work > MS, __ATOMIC_SEQ_CST);
	raise_to(&s->cpu, cpu);
	__atomic_add_fetch(&s->long_calm, calm > MS, __ATOMIC_SEQ_CST);
	raise_to(&s->work, work);
	raise_to(&s->calm, calm);
}

static int add_site(mi_item_t *arr, const struct site *s, const char *lock)
{
	mi_item_t *item = add_mi_object(arr, NULL, 0);
	struct number numbers[] = {{"calls", s->calls}, {"mean_us", (double)s->sum / s->calls / US},
		{"max_us", (double)s->wall / US}, {"max_cpu_us", (double)s->cpu / US},
		{"max_work_us", (double)s->work / US}, {"over_1ms", s->long_wall},
		{"cpu_over_1ms", s->long_cpu}, {"work_over_1ms", s->long_work},
		{"max_calm_us", (double)s->calm / US}, {"calm_over_1ms", s->long_calm}, {NULL, 0}};

	return item && add_str(item, "lock", lock, strlen(lock)) == 0 &&
			       add_str(item, "held_by", s->what, strlen(s->what)) == 0 &&
			       add_numbers(item, numbers) == 0
		       ? 0
		       : -1;
}

/* Tells, and begins anew. */
mi_response_t *mi_lock_times(const mi_params_t *params, struct mi_handler *async)
{
	mi_item_t *arr;
	mi_response_t *resp = init_mi_result_array(&arr);

	(void)params;
	(void)async;
	for (struct site *s = sites; resp && s < sites + 2 * SITES; s++) {
		struct site copy = *s;

		*s = (struct site){.what = copy.what};
		if (copy.calls && add_site(arr, &copy, s < sites + SITES ? "engine" : "slot") < 0) {
			free_mi_response(resp);
			return NULL;
		}
	}
	return resp;
}
#endif
