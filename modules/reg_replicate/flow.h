/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bound on shared memory under way. tm keeps a transaction for wt_timer (5 s) after
 * its answer, about 10 KB each and its body: at full speed that would fill the memory that
 * everything else needs. So all senders together keep no more transactions alive than fit into
 * half of it. Before that half is full they slow down to the speed that it allows for
 * ever, rather than run and stop.
 */
#ifndef REG_REPLICATE_FLOW_H
#define REG_REPLICATE_FLOW_H

#include <stdbool.h>

/* Before forking. Returns 0, or -1 after an error line. */
int flow_init(void);
void flow_destroy(void);

/* May this process start another transaction? If not, ask again after FLOW_PAUSE_MS. */
#define FLOW_PAUSE_MS 10
bool flow_open(unsigned long long mono_ms);

/* A transaction with a body of that many bytes is started, by a sender; returns what it counts for.
 * That many were released: a transaction has been destroyed. Any process. */
unsigned int flow_started(int body);
void flow_ended(unsigned int bytes);

#endif
