/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine counts, as one list: the enum, the names (which are those of the
 * statistics) and the explanations come from it. All only grow.
 */
#ifndef RR_COUNTERS_H
#define RR_COUNTERS_H

#define RR_COUNTERS(X)                                                                             \
	X(changes, "own changes recorded")                                                         \
	X(sent, "changes sent to peers, repetitions included")                                     \
	X(claims, "bare claims sent: the changes of the span had been replaced")                   \
	X(acked, "changes acknowledged")                                                           \
	X(failed, "messages without an answer, or with a failure")                                 \
	X(retried, "messages sent again")                                                          \
	X(applied, "changes of others recorded")                                                   \
	X(stale, "changes received that were older than what was there")                           \
	X(duplicate, "changes received that were there already")                                   \
	X(rejected, "changes refused by a peer")                                                   \
	X(pings, "pings sent")                                                                     \
	X(ping_timeouts, "pings that failed")                                                      \
	X(resyncs, "times that a peer came back or was resynchronised")                            \
	X(digest_repairs, "leaves of the digest in which a peer lacked something")                 \
	X(repairs, "changes sent to repair them")                                                  \
	X(pages, "lists of what is in such a leaf sent")                                           \
	X(dropped, "own changes not recorded: no memory, or key too long")                         \
	X(clock_ahead, "stamps and spans refused for being too far in the future")                 \
	X(early_dropped, "spans beyond a gap that there was no place to keep")                     \
	X(stream_limit, "changes, claims or states refused: too many streams")                     \
	X(nonsense, "claims and states refused for contradicting themselves or us")                \
	X(events_lost, "events overwritten before anybody fetched them")

enum rr_counter {
#define X(name, text) RR_C_##name,
	RR_COUNTERS(X)
#undef X
	RR_C_MAX
};

#endif
