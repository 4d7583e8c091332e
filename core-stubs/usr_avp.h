/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AVPs: named values attached to a message and, through tm, to its transaction. The newest comes
 * first in the list. They live in shared memory; names are numbers, given out before forking (and
 * for dynamic names at run time, per process).
 */
#ifndef CORE_USR_AVP_H
#define CORE_USR_AVP_H

#include "str.h"

typedef union {
	int n;
	str s;
} int_str;

struct usr_avp {
	int id;
	unsigned short flags;
	struct usr_avp *next;
	union {
		int n;
		str s; /* in the same allocation */
	} val;
};

#define AVP_NAME_STR (1 << 0)
#define AVP_VAL_STR  (1 << 1)
#define AVP_VAL_NULL (1 << 2)

#define is_avp_str_val(a) ((a)->flags & AVP_VAL_STR)

/* Makes the process-wide list current. 0. */
int init_global_avps(void);

/* Adds in front of the current list. flags: AVP_VAL_STR or 0. 0, or -1 when
 * out of shared memory. A string value is copied. */
int add_avp(unsigned short flags, int id, int_str val);
struct usr_avp *new_avp(unsigned short flags, int id, int_str val);

/* First AVP of that id after `start` (NULL: from the list's head); val gets its value, pointing
 * into the AVP. NULL when there is none. flags are not looked at. */
struct usr_avp *search_first_avp(unsigned short flags, int id, int_str *val, struct usr_avp *start);
struct usr_avp *search_next_avp(struct usr_avp *avp, int_str *val);
struct usr_avp *search_index_avp(unsigned short flags, int id, int_str *val, unsigned int index);
void get_avp_val(struct usr_avp *avp, int_str *val);
int count_avps(unsigned short flags, int id);

/* Replaces the value at that index; at -1 adds. 0 or -1. */
int replace_avp(unsigned short flags, int id, int_str val, int index);

void destroy_avp(struct usr_avp *avp);
void destroy_index_avp(unsigned short flags, int id, int index);
int destroy_avps(unsigned short flags, int id, int all); /* returns how many */
void destroy_avp_list(struct usr_avp **list);
void reset_avps(void); /* empties the current list */

/* Makes another list current; returns the former. */
struct usr_avp **set_avp_list(struct usr_avp **list);

/* Number of a name, given out when it is new; -1 when out of memory. */
int get_avp_id(str *name);

/* Parses "$avp(name)" or a bare name. 0 or -1. */
int parse_avp_spec(const str *name, int *avp_name);

/* Frees the table of names, at exit. */
void destroy_avp_names(void);

#endif
