/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics, group reg_replicate: what the engine counts and knows, and what only
 * the glue sees.
 */
#ifndef REG_REPLICATE_STATS_H
#define REG_REPLICATE_STATS_H

#include "../../statistics.h"

#define GLUE_STATS(X)                                                                              \
	X(BATCHES, "batches", "messages sent with several changes")                                \
	X(STRANGERS, "strangers", "messages with our headers from addresses that are no peer's")   \
	X(AUTH_FAILURES, "auth_failures", "messages of peers that did not prove to be theirs")     \
	X(MALFORMED, "malformed", "messages of peers that were answered 400")                      \
	X(SOCKET_FALLBACKS, "socket_fallbacks", "contacts whose socket is no listener here")       \
	X(THROTTLED, "throttled", "times that a sender waited for transactions to end")            \
	X(SYNC_CONFIRMED, "sync_confirmed",                                                        \
		"synchronous REGISTERs that enough peers acknowledged")                            \
	X(SYNC_DEGRADED, "sync_degraded", "those answered 200 all the same")                       \
	X(SYNC_FAILED, "sync_failed", "those answered 503 for it")                                 \
	X(REFUSED, "refused",                                                                      \
		"changes of peers refused: unknown domain, no memory, clock ahead, for a plain "   \
		"peer")                                                                            \
	X(SQL_FAILED, "sql_failed", "statements for db_url that failed, or found no connection")

enum glue_stat {
#define X(id, name, text) STAT_##id,
	GLUE_STATS(X)
#undef X
	GLUE_STATS_MAX
};

extern const stat_export_t repl_stats[];
extern stat_var *glue_stat[GLUE_STATS_MAX];

/* In OpenSIPS 3.4 there is no statistic before the module has started. */
#define count(_id)                                                                                 \
	do {                                                                                       \
		if (glue_stat[_id])                                                                \
			update_stat(glue_stat[_id], 1);                                            \
	} while (0)

/* Registers those that the engine keeps. Returns 0, or -1 after an error line. */
int stats_init(void);

#endif
