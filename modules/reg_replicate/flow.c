/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One number in shared memory, counted up when tm takes a request and down when it
 * releases our parameter, which is when it destroys the transaction.
 */
#include "flow.h"
#include "params.h"
#include "seldom.h"
#include "stats.h"
#include "../../globals.h"
#include "../../mem/shm_mem.h"
#include "../tm/h_table.h"

/* A cell, and about as much as its request, headers and answer take. */
#define BYTES_EACH (sizeof(struct cell) + 2560)

static unsigned long *alive; /* bytes that the transactions of all senders take; atomic */
static unsigned long limit;
static double all_per_ms; /* bytes: the speed of all senders at which the limit is never reached */
static double credit;     /* bytes that may be taken now, where that speed counts */

int flow_init(void)
{
	const int *wt = find_param_export("tm", "wt_timer", INT_PARAM);

	alive = shm_malloc(sizeof(*alive));
	if (!alive) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	*alive = 0;
	limit = shm_mem_size / 2;
	all_per_ms = limit / 1000.0 / (wt && *wt > 0 ? *wt : 5);
	return 0;
}

void flow_destroy(void)
{
	if (alive)
		shm_free(alive);
	alive = NULL;
}

bool flow_open(unsigned long long mono_ms)
{
	static unsigned long long last;
	unsigned long n = __atomic_load_n(alive, __ATOMIC_RELAXED);
	double per_ms = all_per_ms / (peers_count() ? peers_count() : 1);
	double most = per_ms * 5 * FLOW_PAUSE_MS;

	credit += (mono_ms - last) * per_ms;
	last = mono_ms;
	if (credit > most)
		credit = most;
	if (n < limit / 2 || credit >= 0)
		return true;
	count(STAT_THROTTLED);
	WARN_SELDOM("sending is slowed down: %lu bytes of transactions fill a good part of "
		    "shared memory; start with more of it (-m) or lower wt_timer of tm",
		n);
	return false;
}

unsigned int flow_started(int body)
{
	unsigned int bytes = BYTES_EACH + body;

	__atomic_add_fetch(alive, bytes, __ATOMIC_RELAXED);
	credit -= bytes;
	return bytes;
}

void flow_ended(unsigned int bytes)
{
	if (alive) /* tm may be destroyed after us */
		__atomic_sub_fetch(alive, bytes, __ATOMIC_RELAXED);
}
