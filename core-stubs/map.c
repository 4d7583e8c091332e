/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ordered map: a treap. Every node has a priority, a hash of its address; the tree is
 * ordered by key from left to right and by priority from top to bottom, which keeps it flat
 * on average without any book-keeping in the nodes.
 */
#include <stdint.h>
#include <string.h>

#include "map.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"

struct avl_node {
	struct avl_node *link[2], *parent;
	str key;
	void *val;
};

static void *get_mem(map_t map, size_t size)
{
	return map->flags & AVLMAP_SHARED ? shm_malloc(size) : pkg_malloc(size);
}

static void put_mem(map_t map, void *p)
{
	if (map->flags & AVLMAP_SHARED)
		shm_free(p);
	else
		pkg_free(p);
}

static uint64_t priority(const struct avl_node *n)
{
	uint64_t x = (uint64_t)(uintptr_t)n >> 4;

	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ULL;
	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9ULL;
}

static int compare(const str *a, const str *b)
{
	int least = a->len < b->len ? a->len : b->len;
	int diff = least > 0 ? memcmp(a->s, b->s, least) : 0;

	return diff ? diff : (a->len > b->len) - (a->len < b->len);
}

/* --- shape of the tree ------------------------------------------------------------------- */

/* The pointer that points at n. */
static struct avl_node **place_of(map_t map, struct avl_node *n)
{
	if (!n->parent)
		return &map->avl_root;
	return &n->parent->link[n->parent->link[1] == n];
}

/* Lifts n over its parent. */
static void rotate_up(map_t map, struct avl_node *n)
{
	struct avl_node *p = n->parent;
	int side = p->link[1] == n;

	*place_of(map, p) = n;
	n->parent = p->parent;
	p->link[side] = n->link[!side];
	if (p->link[side])
		p->link[side]->parent = p;
	n->link[!side] = p;
	p->parent = n;
}

static struct avl_node *outermost(struct avl_node *n, int side)
{
	while (n && n->link[side])
		n = n->link[side];
	return n;
}

/* The neighbour of n in order: side 1 the next one, 0 the one before. */
static struct avl_node *step(struct avl_node *n, int side)
{
	if (n->link[side])
		return outermost(n->link[side], !side);
	while (n->parent && n->parent->link[side] == n)
		n = n->parent;
	return n->parent;
}

static void *take_out(map_t map, struct avl_node *n)
{
	void *val = n->val;
	struct avl_node *child;

	while (n->link[0] && n->link[1])
		rotate_up(map, n->link[priority(n->link[1]) > priority(n->link[0])]);
	child = n->link[0] ? n->link[0] : n->link[1];
	*place_of(map, n) = child;
	if (child)
		child->parent = n->parent;
	put_mem(map, n);
	map->avl_count--;
	return val;
}

static struct avl_node *new_node(map_t map, const str *key)
{
	int copy = !(map->flags & AVLMAP_NO_DUPLICATE);
	struct avl_node *n = get_mem(map, sizeof(*n) + (copy ? key->len : 0));

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->key = *key;
	if (copy) {
		n->key.s = (char *)(n + 1);
		if (key->len > 0)
			memcpy(n->key.s, key->s, key->len);
	}
	map->avl_count++;
	return n;
}

/* --- the map ----------------------------------------------------------------------------- */

map_t map_create(enum map_flags flags)
{
	struct avl_table like = {.flags = flags};
	map_t map = get_mem(&like, sizeof(*map));

	if (map)
		*map = like;
	return map;
}

void map_destroy(map_t map, value_destroy_func destroy)
{
	struct avl_node *n = map ? map->avl_root : NULL;

	while (n) {
		struct avl_node *up = n->parent;

		if (n->link[0] || n->link[1]) {
			n = n->link[0] ? n->link[0] : n->link[1];
			continue;
		}
		if (up)
			up->link[up->link[1] == n] = NULL;
		if (destroy && n->val)
			destroy(n->val);
		put_mem(map, n);
		n = up;
	}
	if (map)
		put_mem(map, map);
}

void **map_find(map_t map, str key)
{
	struct avl_node *n = map->avl_root;

	while (n) {
		int diff = compare(&key, &n->key);

		if (diff == 0)
			return &n->val;
		n = n->link[diff > 0];
	}
	return NULL;
}

void **map_get(map_t map, str key)
{
	struct avl_node **at = &map->avl_root, *parent = NULL, *n;

	while (*at) {
		int diff = compare(&key, &(*at)->key);

		if (diff == 0)
			return &(*at)->val;
		parent = *at;
		at = &parent->link[diff > 0];
	}
	n = new_node(map, &key);
	if (!n)
		return NULL;
	n->parent = parent;
	*at = n;
	while (n->parent && priority(n) > priority(n->parent))
		rotate_up(map, n);
	return &n->val;
}

void *map_put(map_t map, str key, void *val)
{
	void **place = map_get(map, key), *former;

	if (!place)
		return (void *)-1;
	former = *place;
	*place = val;
	return former;
}

void *map_remove(map_t map, str key)
{
	void **place = map_find(map, key);

	if (!place)
		return NULL;
	return take_out(
		map, (struct avl_node *)(void *)((char *)place - offsetof(struct avl_node, val)));
}

int map_size(map_t map)
{
	return map ? (int)map->avl_count : 0;
}

/* --- iterators --------------------------------------------------------------------------- */

static int start(map_t map, map_iterator_t *it, int side)
{
	if (!map || !it)
		return -1;
	it->map = map;
	it->node = outermost(map->avl_root, side);
	return 0;
}

int map_first(map_t map, map_iterator_t *it)
{
	return start(map, it, 0);
}

int iterator_is_valid(map_iterator_t *it)
{
	return it && it->map && it->node;
}

int iterator_next(map_iterator_t *it)
{
	if (!iterator_is_valid(it))
		return -1;
	it->node = step(it->node, 1);
	return 0;
}

str *iterator_key(map_iterator_t *it)
{
	return iterator_is_valid(it) ? &it->node->key : NULL;
}

void **iterator_val(map_iterator_t *it)
{
	return iterator_is_valid(it) ? &it->node->val : NULL;
}

void *iterator_delete(map_iterator_t *it)
{
	void *val;

	if (!iterator_is_valid(it))
		return NULL;
	val = take_out(it->map, it->node);
	it->node = NULL;
	return val;
}
