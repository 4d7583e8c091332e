/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordered map from string to pointer, in shared or private memory. Keys are compared as
 * bytes. Keys are copied. The map has no lock of its own.
 */
#ifndef MAP_H
#define MAP_H

#include <stddef.h>
#include "str.h"

enum map_flags {
	AVLMAP_SHARED = 1,       /* in shared memory, else private */
	AVLMAP_NO_DUPLICATE = 2, /* keys are not copied and not freed */
	AVLMAP_PERSISTENT = 4,   /* accepted, without effect */
};

struct avl_node;

typedef struct avl_table {
	enum map_flags flags;
	struct avl_node *avl_root;
	size_t avl_count;
} * map_t;

typedef struct avl_iterator {
	struct avl_node *node;
	map_t map;
} map_iterator_t;

typedef void (*value_destroy_func)(void *);

/* NULL: no memory. */
map_t map_create(enum map_flags flags);
/* Frees all; destroy, unless NULL, is called for every value that is not NULL. */
void map_destroy(map_t map, value_destroy_func destroy);

/* The place of the key's value; NULL when it is not there. */
void **map_find(map_t map, str key);
/* The same, the key put in with value NULL if needed; NULL: no memory. */
void **map_get(map_t map, str key);
/* Sets; returns the former value, NULL, or (void *)-1 when there is no memory. */
void *map_put(map_t map, str key, void *val);
/* Takes the key out, returns its value or NULL. */
void *map_remove(map_t map, str key);
int map_size(map_t map);

/* Iterators: in order of keys. These return 0, or -1 for a NULL argument. */
int map_first(map_t map, map_iterator_t *it);
int iterator_next(map_iterator_t *it);
int iterator_is_valid(map_iterator_t *it);
str *iterator_key(map_iterator_t *it);
void **iterator_val(map_iterator_t *it);
/* Takes the entry out and returns its value; the iterator is at no entry after it. */
void *iterator_delete(map_iterator_t *it);

#endif
