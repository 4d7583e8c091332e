/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the management interface: a reply is a JSON tree built with the functions
 * below; parameters of a request are read from one. Trees are cJSON's, on the heap of
 * the process that builds them: a table of any size can be listed, whatever -m and -M.
 *
 * Names are counted strings that end up in the tree as keys; in an array they are
 * ignored and may be NULL, 0. All strings are copied.
 */
#ifndef _MI_ITEM_H
#define _MI_ITEM_H

#include <stdarg.h>
#include <cjson/cJSON.h>
#include "../str.h"

#define MI_SSTR(_s) _s, (sizeof(_s) - 1)

#define JSONRPC_S          "jsonrpc"
#define JSONRPC_VERS_S     "2.0"
#define JSONRPC_RESULT_S   "result"
#define JSONRPC_ERROR_S    "error"
#define JSONRPC_ERR_CODE_S "code"
#define JSONRPC_ERR_MSG_S  "message"
#define JSONRPC_ERR_DATA_S "data"

#define MI_OK_S "OK"

typedef cJSON mi_item_t;
typedef mi_item_t mi_response_t;

/* What a handler gets: the parameters of the request, and the recipe's names of those
 * that were given by position (NULL when they were given by name). */
typedef struct mi_params_ {
	mi_item_t *item;
	const char *const *list;
} mi_params_t;

/*
 * A reply, owned by the caller until a handler returns it. The first two also give the
 * (empty) array or object to fill. NULL: no memory.
 */
mi_response_t *init_mi_result_array(mi_item_t **arr_out);
mi_response_t *init_mi_result_object(mi_item_t **obj_out);
mi_response_t *init_mi_result_string(const char *value, int value_len);
#define init_mi_result_ok() init_mi_result_string(MI_SSTR(MI_OK_S))

/* An error reply. @details (may be NULL) becomes the error's "data". */
mi_response_t *init_mi_error_extra(
	int code, const char *msg, int msg_len, const char *details, int details_len);
static inline mi_response_t *init_mi_error(int code, const char *msg, int msg_len)
{
	return init_mi_error_extra(code, msg, msg_len, NULL, 0);
}
/* The error reply that says what was wrong with the parameter the last get_mi_*() or
 * try_get_mi_*() of this process refused. */
mi_response_t *init_mi_param_error(void);

/* Releases a reply that will not be returned. NULL is allowed. */
void free_mi_response(mi_response_t *response);

/* Add a new array or object to an object (under that name) or to an array; NULL: no memory. */
mi_item_t *add_mi_array(mi_item_t *to, const char *name, int name_len);
mi_item_t *add_mi_object(mi_item_t *to, const char *name, int name_len);

/* Add a value; 0, or -1: no memory. */
int add_mi_string(mi_item_t *to, const char *name, int name_len, const char *value, int value_len);
int add_mi_string_fmt(mi_item_t *to, const char *name, int name_len, const char *fmt_val, ...)
	__attribute__((format(printf, 4, 5)));
int add_mi_number(mi_item_t *to, const char *name, int name_len, double value);
int add_mi_bool(mi_item_t *to, const char *name, int name_len, int b);

/*
 * Read a parameter by name, however it was passed. What is returned lives as long as the
 * request. An integer may also be given as a string of digits, and an integer is accepted
 * where a string is wanted. 0; -1: missing; -2: of the wrong type (init_mi_param_error() says
 * which).
 */
int get_mi_string_param(const mi_params_t *params, const char *name, char **value, int *value_len);
int get_mi_int_param(const mi_params_t *params, const char *name, int *value);
int get_mi_array_param(
	const mi_params_t *params, const char *name, mi_item_t **value, int *no_items);
int get_mi_arr_param_string(const mi_item_t *array, int pos, char **value, int *value_len);

/* The same for parameters that may be left out: -1 is then no error to report. */
int try_get_mi_string_param(
	const mi_params_t *params, const char *name, char **value, int *value_len);
int try_get_mi_int_param(const mi_params_t *params, const char *name, int *value);
int try_get_mi_array_param(
	const mi_params_t *params, const char *name, mi_item_t **value, int *no_items);

#endif
