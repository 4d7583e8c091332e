/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of script functions on their way from the script to the C function. elems[0] is the
 * command; elems[1..] are the parameters. fix_cmd() runs once, before forking; get_cmd_fixups() at
 * each call; free_cmd_fixups() after it.
 */
#ifndef CORE_MOD_FIX_H
#define CORE_MOD_FIX_H

#include "mem/mem.h"
#include "pvar.h"
#include "route_struct.h"

struct cmd_param;

#define GPARAM_TYPE_VAL   0 /* a constant */
#define GPARAM_TYPE_PVS   1 /* one pseudo-variable */
#define GPARAM_TYPE_PVE   2 /* text with pseudo-variables in it */
#define GPARAM_TYPE_FIXUP 3 /* what the fixup made of a constant */

typedef struct _gparam {
	int type;
	void *pval; /* pv_spec_t *, pv_elem_t *, or the fixup's result */
	union {
		int ival;
		str sval;
	} v;
} gparam_t, *gparam_p;

/* Checks types and constants, parses texts, runs the fixups of constants. elems[i] becomes
 * MODFIXUP_ST holding a gparam_t in pkg memory. 0, or <0 on error (logged). */
int fix_cmd(const struct cmd_param *params, action_elem_t *elems);

/* Values for one call: cmdp[0..] are what the function is to be called with, tmp_val (as many as
 * cmdp) holds the evaluated ones meanwhile. 0, or <0 on error (logged). */
int get_cmd_fixups(struct sip_msg *msg, const struct cmd_param *params, action_elem_t *elems,
	void **cmdp, pv_value_t *tmp_val);

/* Frees what get_cmd_fixups() made for this call. */
int free_cmd_fixups(const struct cmd_param *params, action_elem_t *elems, void **cmdp);

/* First half of fix_cmd(), used while parsing: types, and texts with pseudo-variables, of one
 * parameter with these CMD_PARAM_ flags. 0, or -1 with the reason in err. */
int prepare_cmd_param(int flags, action_elem_t *e, char *err, int size);

/* Frees what fix_cmd() made, at exit. */
void unfix_cmd(const struct cmd_param *params, action_elem_t *elems);

/*
 * For use in a fixup: *param is a str * with comma separated names; it is replaced by the mask of
 * those found in flag_names (bit = index), as (void *)(long)mask. "name=value" with a name in
 * kv_flag_names puts the value into kv_flag_vals at the same index (pointing into the text).
 * Both lists end with STR_NULL and may be NULL. 0, or <0 on an unknown name (logged).
 */
int fixup_named_flags(void **param, str *flag_names, str *kv_flag_names, str *kv_flag_vals);

#endif
