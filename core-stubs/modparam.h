/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modparam("module", "parameter", value): gives a module its parameter. */
#ifndef CORE_MODPARAM_H
#define CORE_MODPARAM_H

#include "sr_module.h"

#define MODPARAM_NO_MODULE -1 /* no such module is loaded */
#define MODPARAM_NO_PARAM  -2 /* it has no such parameter */
#define MODPARAM_BAD_TYPE  -3 /* the parameter wants the other type */
#define MODPARAM_REFUSED   -4 /* the module's own function refused the value */
#define MODPARAM_NO_MEM    -5

/* Sets parameter `name` of every loaded module whose name matches `regex` completely.
 * type: STR_PARAM (val: char *) or INT_PARAM (val: (void *)(long)n). 0 or one of the above. */
int set_mod_param_regex(char *regex, char *name, modparam_t type, void *val);

/* Frees the copies of string values. */
void free_mod_params(void);

#endif
