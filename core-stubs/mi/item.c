/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies are built, and parameters read, on cJSON trees. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mi.h"
#include "../dprint.h"

#define MAX_FMT 2048

/* Why the last parameter was refused, for init_mi_param_error(). */
static char param_error[160];

/* --- replies ------------------------------------------------------------------ */

/* A counted string as cJSON wants it. */
static char *terminated(const char *s, int len)
{
	return s && len >= 0 ? strndup(s, (size_t)len) : strdup("");
}

/* Puts @item into an object or array; takes it in any case. */
static mi_item_t *put(mi_item_t *to, const char *name, int name_len, mi_item_t *item)
{
	char *key;
	int ok;

	if (!item)
		return NULL;
	if (cJSON_IsArray(to)) {
		ok = cJSON_AddItemToArray(to, item);
	} else {
		key = terminated(name, name_len);
		ok = key && cJSON_AddItemToObject(to, key, item);
		free(key);
	}
	if (!ok) {
		LM_ERR("no more memory for a reply\n");
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

static mi_item_t *string_item(const char *value, int len)
{
	char *s = terminated(value, len);
	mi_item_t *item = s ? cJSON_CreateString(s) : NULL;

	free(s);
	return item;
}

static mi_response_t *response(const char *name, mi_item_t *value)
{
	mi_response_t *resp = cJSON_CreateObject();

	if (!value || !resp || !cJSON_AddStringToObject(resp, JSONRPC_S, JSONRPC_VERS_S)) {
		cJSON_Delete(value);
		cJSON_Delete(resp);
		return NULL;
	}
	if (!put(resp, name, (int)strlen(name), value)) {
		cJSON_Delete(resp);
		return NULL;
	}
	return resp;
}

mi_response_t *init_mi_result_array(mi_item_t **arr_out)
{
	return response(JSONRPC_RESULT_S, *arr_out = cJSON_CreateArray());
}

mi_response_t *init_mi_result_object(mi_item_t **obj_out)
{
	return response(JSONRPC_RESULT_S, *obj_out = cJSON_CreateObject());
}

mi_response_t *init_mi_result_string(const char *value, int value_len)
{
	return response(JSONRPC_RESULT_S, string_item(value, value_len));
}

mi_response_t *init_mi_error_extra(
	int code, const char *msg, int msg_len, const char *details, int details_len)
{
	mi_item_t *err = cJSON_CreateObject();

	if (!err || add_mi_number(err, MI_SSTR(JSONRPC_ERR_CODE_S), code) ||
		add_mi_string(err, MI_SSTR(JSONRPC_ERR_MSG_S), msg, msg_len) ||
		(details &&
			add_mi_string(err, MI_SSTR(JSONRPC_ERR_DATA_S), details, details_len))) {
		cJSON_Delete(err);
		return NULL;
	}
	return response(JSONRPC_ERROR_S, err);
}

mi_response_t *init_mi_param_error(void)
{
	return init_mi_error_extra(JSONRPC_INVAL_PARAMS_CODE, MI_SSTR(JSONRPC_INVAL_PARAMS_MSG),
		param_error, (int)strlen(param_error));
}

void free_mi_response(mi_response_t *resp)
{
	cJSON_Delete(resp);
}

mi_item_t *add_mi_array(mi_item_t *to, const char *name, int name_len)
{
	return put(to, name, name_len, cJSON_CreateArray());
}

mi_item_t *add_mi_object(mi_item_t *to, const char *name, int name_len)
{
	return put(to, name, name_len, cJSON_CreateObject());
}

int add_mi_string(mi_item_t *to, const char *name, int name_len, const char *value, int value_len)
{
	return put(to, name, name_len, string_item(value, value_len)) ? 0 : -1;
}

int add_mi_string_fmt(mi_item_t *to, const char *name, int name_len, const char *fmt_val, ...)
{
	char buf[MAX_FMT];
	va_list ap;
	int len;

	va_start(ap, fmt_val);
	len = vsnprintf(buf, sizeof(buf), fmt_val, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(buf)) {
		LM_ERR("value of '%.*s' is longer than %d bytes\n", name_len, name, MAX_FMT - 1);
		return -1;
	}
	return add_mi_string(to, name, name_len, buf, len);
}

int add_mi_number(mi_item_t *to, const char *name, int name_len, double value)
{
	return put(to, name, name_len, cJSON_CreateNumber(value)) ? 0 : -1;
}

int add_mi_bool(mi_item_t *to, const char *name, int name_len, int b)
{
	return put(to, name, name_len, cJSON_CreateBool(b)) ? 0 : -1;
}

/* --- parameters --------------------------------------------------------------- */

static int refuse(int rc, const char *what, const char *name)
{
	snprintf(param_error, sizeof(param_error), "%s parameter '%s'", what, name);
	return rc;
}

static mi_item_t *find_param(const mi_params_t *params, const char *name)
{
	int i;

	if (!params->list)
		return cJSON_GetObjectItemCaseSensitive(params->item, name);
	for (i = 0; i < MAX_MI_PARAMS && params->list[i]; i++) {
		if (strcmp(params->list[i], name) == 0)
			return cJSON_GetArrayItem(params->item, i);
	}
	return NULL;
}

/* The text of a string, or of a number: that is then kept in the item, which frees it. */
static int item_string(mi_item_t *item, char **value, int *len)
{
	if (cJSON_IsNumber(item) && !item->valuestring)
		item->valuestring = cJSON_PrintUnformatted(item);
	if (!(cJSON_IsString(item) || cJSON_IsNumber(item)) || !item->valuestring)
		return -1;
	*value = item->valuestring;
	*len = (int)strlen(item->valuestring);
	return 0;
}

static int item_int(const mi_item_t *item, int *value)
{
	char *end;
	long n;

	if (cJSON_IsNumber(item)) {
		*value = item->valueint;
		return item->valuedouble == item->valueint ? 0 : -1;
	}
	if (!cJSON_IsString(item))
		return -1;
	errno = 0;
	n = strtol(item->valuestring, &end, 10);
	if (end == item->valuestring || *end || errno || n < INT_MIN || n > INT_MAX ||
		isspace((unsigned char)item->valuestring[0]))
		return -1;
	*value = (int)n;
	return 0;
}

int try_get_mi_string_param(
	const mi_params_t *params, const char *name, char **value, int *value_len)
{
	mi_item_t *item = find_param(params, name);

	if (!item)
		return refuse(-1, "Missing", name);
	return item_string(item, value, value_len) ? refuse(-2, "Bad type for", name) : 0;
}

int try_get_mi_int_param(const mi_params_t *params, const char *name, int *value)
{
	mi_item_t *item = find_param(params, name);

	if (!item)
		return refuse(-1, "Missing", name);
	return item_int(item, value) ? refuse(-2, "Bad type for", name) : 0;
}

int try_get_mi_array_param(
	const mi_params_t *params, const char *name, mi_item_t **value, int *no_items)
{
	mi_item_t *item = find_param(params, name);

	if (!item)
		return refuse(-1, "Missing", name);
	if (!cJSON_IsArray(item))
		return refuse(-2, "Bad type for", name);
	if (cJSON_GetArraySize(item) == 0)
		return refuse(-2, "Empty array in", name);
	*value = item;
	*no_items = cJSON_GetArraySize(item);
	return 0;
}

int get_mi_string_param(const mi_params_t *params, const char *name, char **value, int *value_len)
{
	return try_get_mi_string_param(params, name, value, value_len);
}

int get_mi_int_param(const mi_params_t *params, const char *name, int *value)
{
	return try_get_mi_int_param(params, name, value);
}

int get_mi_array_param(
	const mi_params_t *params, const char *name, mi_item_t **value, int *no_items)
{
	return try_get_mi_array_param(params, name, value, no_items);
}

int get_mi_arr_param_string(const mi_item_t *array, int pos, char **value, int *value_len)
{
	mi_item_t *item = cJSON_GetArrayItem(array, pos);

	if (!item || item_string(item, value, value_len))
		return refuse(-2, "Bad type for an element of", array->string ? array->string : "");
	return 0;
}
