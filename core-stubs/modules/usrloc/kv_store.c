/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named values in shared memory. A value and its text are one block.
 */
#include "kv_store.h"

#include <stdlib.h>
#include <cjson/cJSON.h>

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

void kv_del(map_t store, const str *key)
{
	shm_free(map_remove(store, *key));
}

void store_destroy(map_t store)
{
	if (store)
		map_destroy(store, free_value);
}

/* cJSON wants zero terminated texts; s is cut at a zero byte within. */
static char *nt_copy(const str *s)
{
	return strndup(s->s ? s->s : "", s->len);
}

static int add_json(void *param, str key, void *value)
{
	int_str_t *val = value;
	char *name = nt_copy(&key);
	char *text = val->is_str ? nt_copy(&val->s) : NULL;
	cJSON *done = NULL;

	if (name && !val->is_str)
		done = cJSON_AddNumberToObject(param, name, val->i);
	else if (name && text)
		done = cJSON_AddStringToObject(param, name, text);
	free(name);
	free(text);
	return done ? 0 : -1;
}

str store_serialize(map_t store)
{
	cJSON *json = cJSON_CreateObject();
	char *text = NULL;
	str ret = STR_NULL;

	if (json && map_for_each(store, add_json, json) == 0)
		text = cJSON_PrintUnformatted(json);
	if (text)
		shm_str_dup(&ret, _str(text));
	else
		LM_ERR("no more memory\n");
	cJSON_free(text);
	cJSON_Delete(json);
	return ret;
}

void store_free_buffer(str *serialized)
{
	shm_str_clean(serialized);
}

static int put_json(map_t store, const cJSON *item)
{
	int_str_t val = {.is_str = cJSON_IsString(item)};
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

map_t store_deserialize(const str *input)
{
	cJSON *json = cJSON_ParseWithLength(input->s, input->len);
	const cJSON *item;
	map_t store = cJSON_IsObject(json) ? map_create(AVLMAP_SHARED) : NULL;

	if (!store) {
		LM_ERR("not a JSON object, or out of memory: '%.*s'\n", input->len, input->s);
		goto out;
	}
	cJSON_ArrayForEach(item, json)
	{
		if (put_json(store, item) < 0) {
			LM_ERR("bad value of key '%s'\n", item->string);
			store_destroy(store);
			store = NULL;
			break;
		}
	}
out:
	cJSON_Delete(json);
	return store;
}
