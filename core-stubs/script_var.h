/* SPDX-License-Identifier: GPL-2.0-or-later */
/* $var(name): variables of a process, kept from one message to the next until reset. */
#ifndef CORE_SCRIPT_VAR_H
#define CORE_SCRIPT_VAR_H

#include "usr_avp.h"

#define VAR_VAL_STR  (1 << 0)
#define VAR_VAL_NULL (1 << 1)

typedef struct script_val {
	int flags;
	int_str value;
} script_val_t, *script_val_p;

typedef struct script_var {
	str name;
	script_val_t v;
	struct script_var *next;
} script_var_t, *script_var_p;

/* The variable of that name, made when new (value 0). NULL: out of memory. */
script_var_t *add_var(const str *name);
script_var_t *get_var_by_name(str *name);

/* Copies the value; value NULL: back to 0, or null with VAR_VAL_NULL. NULL: out of memory, the old
 * value stays. */
script_var_t *set_var_value(script_var_t *var, int_str *value, int flags);

void destroy_vars(void);

#endif
