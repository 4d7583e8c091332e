/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message and branch flags. In the script they have names; a name gets the next free bit when it is
 * first seen, before forking. Bit numbers mean nothing outside this process tree.
 */
#ifndef CORE_FLAGS_H
#define CORE_FLAGS_H

#include <limits.h>
#include "str.h"

typedef unsigned int flag_t;

#define MAX_FLAG         ((unsigned int)(sizeof(flag_t) * CHAR_BIT - 1))
#define NAMED_FLAG_ERROR 33
#define FLAG_DELIM       ' '

enum flag_type {
	FLAG_TYPE_MSG = 0,
	FLAG_TYPE_BRANCH,
	FLAG_TYPE_DIALOG,
	FLAG_LIST_COUNT
};

struct sip_msg;

/* 1, or -1 when out of range; isflagset: 1 or -1. */
int setflag(struct sip_msg *msg, flag_t flag);
int resetflag(struct sip_msg *msg, flag_t flag);
int isflagset(struct sip_msg *msg, flag_t flag);

/* Names of the set bits, FLAG_DELIM between them; static buffer. And back: names never seen before
 * are ignored unless init_new_flags. */
str bitmask_to_flag_list(enum flag_type type, int bitmask);
int flag_list_to_bitmask(
	const str_const *flags, enum flag_type type, char delim, int init_new_flags);

/* Mask of a flag name; NAMED_FLAG_ERROR's bit is never given: on error the result is
 * NAMED_FLAG_ERROR (out of bits or memory). */
unsigned int fixup_flag(int flag_type, const str *flag_name);

/* Bit number of a name, given out when new; -1 on error or when there is no name. */
int get_flag_id_by_name(int flag_type, char *flag_name, int flag_name_len);

/* Frees the names, at exit. */
void destroy_flags(void);

#endif
