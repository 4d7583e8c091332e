/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named values in shared memory. A value and its text are one block.
 */
#include "kv_store.h"

int_str_t *kv_get(map_t store, const str *key)
{
	void **val = map_find(store, *key);

	return val ? *val : NULL;
}

static int_str_t *dup_value(const int_str_t *val)
{
	int_str_t *copy = shm_malloc(sizeof(*copy) + (val->is_str ? val->s.len : 0));

	if (!copy)
		return NULL;
	*copy = *val;
	if (val->is_str) {
		copy->s.s = (char *)(copy + 1);
		str_cpy(&copy->s, &val->s);
	}
	return copy;
}

int_str_t *kv_put(map_t store, const str *key, const int_str_t *val)
{
	int_str_t *copy = dup_value(val);
	void **place = copy ? map_get(store, *key) : NULL;

	if (!place) {
		LM_ERR("no more shm memory\n");
		shm_free(copy);
		return NULL;
	}
	shm_free(*place);
	*place = copy;
	return copy;
}

static void free_value(void *val)
{
	shm_free(val);
}

void store_destroy(map_t store)
{
	if (store)
		map_destroy(store, free_value);
}
