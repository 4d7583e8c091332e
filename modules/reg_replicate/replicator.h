/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replicator processes: one for each peer that there may be, so that a peer whose connections
 * hang delays nobody else.
 */
#ifndef REG_REPLICATE_REPLICATOR_H
#define REG_REPLICATE_REPLICATOR_H

/* Main function of the replicator of place `i` in the list of peers; returns only on a fatal error.
 */
void replicator(int i);

#endif
