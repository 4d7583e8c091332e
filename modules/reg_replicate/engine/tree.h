/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of one stream in the order of their times: a weight-balanced tree. Each node
 * counts its subtree anyway, so that "how many changes lie in this span" costs O(log n);
 * the same count keeps the tree in balance, without anything else stored.
 */
#ifndef RR_TREE_H
#define RR_TREE_H

#include "entry.h"

/* e->time is set and e is in no tree. Entries of the same time are allowed (nonsense of a peer
 * must not break anything) and stand in any order. */
void rr_tree_insert(struct rr_entry **root, struct rr_entry *e);
/* e is in this tree. */
void rr_tree_remove(struct rr_entry **root, struct rr_entry *e);
/* The first entry with a time greater than `time`, or NULL. */
struct rr_entry *rr_tree_after(struct rr_entry *root, uint64_t time);
/* The last entry, or NULL. */
struct rr_entry *rr_tree_last(struct rr_entry *root);
/* e->refused has changed. */
void rr_tree_remark(struct rr_entry *root, struct rr_entry *e);
/* The first entry with a time greater than `time` that one of these peers refuses, or NULL. */
struct rr_entry *rr_tree_refused_after(struct rr_entry *root, uint64_t time, uint16_t peers);
/* The number of entries with times in the span. */
uint32_t rr_tree_count(const struct rr_entry *root, struct rr_span span);

#endif
