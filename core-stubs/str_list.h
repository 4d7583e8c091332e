/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A singly linked list of strings. Who makes one says whose memory it is.
 */
#ifndef __STR_LIST__
#define __STR_LIST__

#include "str.h"

typedef struct _str_list {
	str s;
	struct _str_list *next;
} str_list;

#endif
