/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named values in shared memory. A value and its text are one block.
 */
#include "kv_store.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

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

/* --- JSON -------------------------------------------------------------------------------- */

static int add_to_json(cJSON *obj, const str *key, const int_str_t *val)
{
	char *name = strndup(key->s, key->len);
	char *text = name && val->is_str ? strndup(ZSW(val->s.s), val->s.len) : NULL;
	int ok = name && (!val->is_str ? cJSON_AddNumberToObject(obj, name, val->i) != NULL
				       : text && cJSON_AddStringToObject(obj, name, text));

	free(text);
	free(name);
	return ok ? 0 : -1;
}

char *kv_to_json(map_t store)
{
	cJSON *obj = cJSON_CreateObject();
	map_iterator_t it;
	char *json = NULL;
	int rc = obj ? 0 : -1;

	map_first(store, &it);
	for (; rc == 0 && iterator_is_valid(&it); iterator_next(&it))
		rc = add_to_json(obj, iterator_key(&it), *iterator_val(&it));
	if (rc == 0)
		json = cJSON_PrintUnformatted(obj);
	if (!json)
		LM_ERR("no more memory\n");
	cJSON_Delete(obj);
	return json;
}

static int put_from_json(map_t store, const cJSON *item)
{
	int_str_t val = {.is_str = cJSON_IsString(item) != 0};
	str key;

	init_str(&key, item->string);
	if (val.is_str)
		init_str(&val.s, item->valuestring);
	else if (cJSON_IsNumber(item))
		val.i = item->valueint;
	else
		return -1;
	return kv_put(store, &key, &val) ? 0 : -1;
}

map_t kv_from_json(const str *json)
{
	cJSON *obj = cJSON_ParseWithLength(json->s, json->len);
	map_t store = cJSON_IsObject(obj) ? map_create(AVLMAP_SHARED) : NULL;
	int rc = 0;

	for (const cJSON *i = store ? obj->child : NULL; i && rc == 0; i = i->next)
		rc = put_from_json(store, i);
	if (rc < 0) {
		store_destroy(store);
		store = NULL;
	}
	cJSON_Delete(obj);
	return store;
}
