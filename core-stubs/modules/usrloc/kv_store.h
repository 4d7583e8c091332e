/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named values that modules attach to contacts and records: a map in shared
 * memory from name to int_str_t. Keys and values are copied. The caller holds the
 * slot lock.
 */
#ifndef __KV_STORE_H__
#define __KV_STORE_H__

#include "../../map.h"
#include "../../ut.h"

/* The value, or NULL when there is none. It stays valid until the next kv_put(). */
int_str_t *kv_get(map_t store, const str *key);
/* Sets or replaces. NULL when memory is short; an older value is then kept. */
int_str_t *kv_put(map_t store, const str *key, const int_str_t *val);

void store_destroy(map_t store);

/*
 * As it is kept in SQL: one JSON object of texts and numbers. kv_to_json: for free(); NULL
 * without memory. kv_from_json: NULL when it is no such object, or without memory (shared).
 */
char *kv_to_json(map_t store);
map_t kv_from_json(const str *json);

#endif
