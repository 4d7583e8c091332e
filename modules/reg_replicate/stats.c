/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's counters are read when somebody asks; a function per statistic is
 * registered with the number of the counter as its context.
 */
#include "stats.h"
#include "persist.h"
#include "state.h"
#include "params.h"
#include "../../dprint.h"

stat_var *glue_stat[GLUE_STATS_MAX];

const stat_export_t repl_stats[] = {
#define X(id, name, text) {(char *)(name), 0, &glue_stat[STAT_##id]},
	GLUE_STATS(X)
#undef X
		{0, 0, 0},
};

static unsigned long read_counter(void *context)
{
	unsigned long n = rr_count(engine_lock(), (enum rr_counter)(long)context);

	engine_unlock();
	return n;
}

#define GAUGES(X)                                                                                  \
	X(bindings, s.bindings)                                                                    \
	X(tombstones, s.tombstones)                                                                \
	X(missed, s.missed)                                                                        \
	X(peers_up, s.peers_up)                                                                    \
	X(peers_down, s.peers - s.peers_up)                                                        \
	X(max_lag_ms, s.max_lag_ms)

#define X(name, value)                                                                             \
	static unsigned long read_##name(void *context)                                            \
	{                                                                                          \
		struct rr_status s;                                                                \
                                                                                                   \
		(void)context;                                                                     \
		rr_status(engine_lock(), repl_now(), &s);                                          \
		engine_unlock();                                                                   \
		return value;                                                                      \
	}
GAUGES(X)
#undef X

static int add(const char *name, stat_function f, void *context)
{
	if (register_stat2("reg_replicate", (char *)name, (stat_var **)f,
		    STAT_NO_RESET | STAT_IS_FUNC, context, 0) == 0)
		return 0;
	LM_ERR("cannot register statistic %s\n", name);
	return -1;
}

static unsigned long read_sync_waiting(void *context)
{
	unsigned long n = rr_waits(engine_lock());

	(void)context;
	engine_unlock();
	return n;
}

static unsigned long read_unstored(void *context)
{
	(void)context;
	return persist_unstored();
}

int stats_init(void)
{
	for (long i = 0; i < RR_C_MAX; i++)
		if (add(rr_counter_name(i), read_counter, (void *)i) < 0)
			return -1;
#define X(name, value)                                                                             \
	if (add(#name, read_##name, NULL) < 0)                                                     \
		return -1;
	GAUGES(X)
#undef X
	if (add("sync_waiting", read_sync_waiting, NULL) < 0 ||
		add("unstored", read_unstored, NULL) < 0)
		return -1;
	return 0;
}
