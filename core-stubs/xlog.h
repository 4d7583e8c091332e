/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xlog(): a log line from the script, with pseudo-variables. */
#ifndef CORE_XLOG_H
#define CORE_XLOG_H

#include "pvar.h"

extern int xlog_buf_size;    /* longest line, bytes */
extern int xlog_print_level; /* level of a line without one */
extern int *xlog_level;      /* lines above are not written; follows log_level unless set */

/* Level of "L_INFO", "L_ERR", ...; *level is set. 0, or -1 for an unknown name. */
int xlog_parse_level(const str *name, int *level);

/* Writes `list` at `level`. 1, or -1 when it does not fit the buffer. */
int xlog_print(struct sip_msg *msg, int level, pv_elem_t *list);

int init_xlog(void);
void destroy_xlog(void);
void set_shared_xlog_level(int new_level);
void set_local_xlog_level(int new_level);
void reset_xlog_level(void);

#endif
