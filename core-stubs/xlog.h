/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlog(): a log line from the script, with pseudo-variables. */
#ifndef CORE_XLOG_H
#define CORE_XLOG_H

#include "pvar.h"

/* Set by the configuration, before the first line is written. */
extern int xlog_buf_size; /* longest line, bytes */
extern int xlog_level;    /* lines above are not written; INT_MAX: log_level decides */

/* Writes `list` at `level`. 1, or -1 when it does not fit the buffer or memory is short. */
int xlog_print(struct sip_msg *msg, int level, pv_elem_t *list);

void destroy_xlog(void);

#endif
