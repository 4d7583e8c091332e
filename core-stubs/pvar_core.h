/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the pseudo-variables' implementation. */
#ifndef CORE_PVAR_CORE_H
#define CORE_PVAR_CORE_H

#include "pvar.h"

extern const pv_export_t core_pvs[]; /* ends with a NULL name */

/* The next of the buffers of pv_print_buf_size bytes that take turns. */
char *pv_next_buf(void);

/* As init_param of those that cannot do without an inner name. */
int pv_name_required(pv_spec_p sp, int param);

/* What $param() shows; kept by the interpreter. */
int pv_get_route_param(struct sip_msg *msg, pv_param_t *param, pv_value_t *res);

#endif
