/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A weight-balanced tree. With weight = entries + 1, no side is more than DELTA times as heavy
 * as the other; where it becomes so, one rotation (or a double one, if the inner grandchild is
 * GAMMA times as heavy as the outer one) mends it. (3, 2) is the pair of whole numbers for which
 * this is proven. Depth is at most 2.41 * log2(n), hence recursion is harmless.
 */
#include "tree.h"

#define DELTA 3
#define GAMMA 2

static uint32_t count(const struct rr_entry *t)
{
	return t ? t->count : 0;
}

static uint64_t weight(const struct rr_entry *t)
{
	return (uint64_t)count(t) + 1;
}

static uint16_t refused(const struct rr_entry *t)
{
	return t ? t->refused_below : 0;
}

static void recount(struct rr_entry *t)
{
	t->count = count(t->left) + count(t->right) + 1;
	t->refused_below = (uint16_t)(t->refused | refused(t->left) | refused(t->right));
}

/* Does a stand before b? Their place in memory decides between equal times. */
static bool before(const struct rr_entry *a, const struct rr_entry *b)
{
	return a->time != b->time ? a->time < b->time : (uintptr_t)a < (uintptr_t)b;
}

static struct rr_entry *rotate_left(struct rr_entry *t)
{
	struct rr_entry *up = t->right;

	t->right = up->left;
	up->left = t;
	recount(t);
	recount(up);
	return up;
}

static struct rr_entry *rotate_right(struct rr_entry *t)
{
	struct rr_entry *up = t->left;

	t->left = up->right;
	up->right = t;
	recount(t);
	recount(up);
	return up;
}

static struct rr_entry *balance(struct rr_entry *t)
{
	recount(t);
	if (weight(t->right) > DELTA * weight(t->left)) {
		if (weight(t->right->left) >= GAMMA * weight(t->right->right))
			t->right = rotate_right(t->right);
		return rotate_left(t);
	}
	if (weight(t->left) > DELTA * weight(t->right)) {
		if (weight(t->left->right) >= GAMMA * weight(t->left->left))
			t->left = rotate_left(t->left);
		return rotate_right(t);
	}
	return t;
}

static struct rr_entry *insert(struct rr_entry *t, struct rr_entry *e)
{
	if (!t)
		return e;
	if (before(e, t))
		t->left = insert(t->left, e);
	else
		t->right = insert(t->right, e);
	return balance(t);
}

void rr_tree_insert(struct rr_entry **root, struct rr_entry *e)
{
	e->left = e->right = NULL;
	recount(e);
	*root = insert(*root, e);
}

void rr_tree_remark(struct rr_entry *root, struct rr_entry *e)
{
	if (root != e)
		rr_tree_remark(before(e, root) ? root->left : root->right, e);
	recount(root);
}

static struct rr_entry *take_first(struct rr_entry *t, struct rr_entry **first)
{
	if (!t->left) {
		*first = t;
		return t->right;
	}
	t->left = take_first(t->left, first);
	return balance(t);
}

static struct rr_entry *take(struct rr_entry *t, const struct rr_entry *e)
{
	if (t == e) {
		struct rr_entry *first;

		if (!t->left)
			return t->right;
		if (!t->right)
			return t->left;
		t->right = take_first(t->right, &first);
		first->left = t->left;
		first->right = t->right;
		return balance(first);
	}
	if (before(e, t))
		t->left = take(t->left, e);
	else
		t->right = take(t->right, e);
	return balance(t);
}

void rr_tree_remove(struct rr_entry **root, struct rr_entry *e)
{
	*root = take(*root, e);
	e->left = e->right = NULL;
	e->count = 0;
}

struct rr_entry *rr_tree_after(struct rr_entry *root, uint64_t time)
{
	struct rr_entry *found = NULL;

	while (root) {
		if (root->time > time) {
			found = root;
			root = root->left;
		} else {
			root = root->right;
		}
	}
	return found;
}

struct rr_entry *rr_tree_last(struct rr_entry *root)
{
	while (root && root->right)
		root = root->right;
	return root;
}

struct rr_entry *rr_tree_refused_after(struct rr_entry *root, uint64_t time, uint16_t peers)
{
	struct rr_entry *first;

	while (root && root->refused_below & peers) {
		if (root->time > time) {
			first = rr_tree_refused_after(root->left, time, peers);
			if (first)
				return first;
			if (root->refused & peers)
				return root;
		}
		root = root->right;
	}
	return NULL;
}

/* The number of entries with times up to and including `time`. */
static uint32_t rank(const struct rr_entry *t, uint64_t time)
{
	uint32_t n = 0;

	while (t) {
		if (t->time > time) {
			t = t->left;
		} else {
			n += count(t->left) + 1;
			t = t->right;
		}
	}
	return n;
}

uint32_t rr_tree_count(const struct rr_entry *root, struct rr_span span)
{
	return span.from < span.to ? rank(root, span.to) - rank(root, span.from) : 0;
}
