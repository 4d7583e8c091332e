/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameters of an event: a list of named integers and strings. A list may be made on
 * the stack, all zero, or by evi_get_params(); elements are in private memory.
 */
#ifndef _EVI_PARAMS_H_
#define _EVI_PARAMS_H_

#include "../str.h"

#define EVI_INT_VAL   0x01      /* val is an int */
#define EVI_STR_VAL   0x02      /* val is a str */
#define EVI_FREE_LIST (1 << 30) /* made by evi_get_params(): freed with its elements */

typedef struct evi_param_ {
	int flags;
	union {
		int n;
		str s; /* not copied: must live until the event has been raised */
	} val;
	str name; /* not copied either */
	struct evi_param_ *next;
} evi_param_t, *evi_param_p;

typedef struct evi_params_ {
	int flags;
	evi_param_p first;
	evi_param_p last;
} evi_params_t, *evi_params_p;

/* A new empty list, or NULL. evi_raise_event() frees it; otherwise evi_free_params(). */
evi_params_p evi_get_params(void);
void evi_free_params(evi_params_p list);

/* Adds one: @param is an int* or a str*, as @flags tell. 0, or -1 (no memory). */
int evi_param_add(evi_params_p list, const str *name, const void *param, int flags);
#define evi_param_add_int(p_list, p_name, p_int) evi_param_add(p_list, p_name, p_int, EVI_INT_VAL)
#define evi_param_add_str(p_list, p_name, p_str) evi_param_add(p_list, p_name, p_str, EVI_STR_VAL)

#endif
