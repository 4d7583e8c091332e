/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pseudo-variables $T_... */
#ifndef TM_PVS_H
#define TM_PVS_H

#include "../../pvar.h"

extern const pv_export_t tm_pvs[];

/* $T_reply_code: of the reply at hand, the winning negative one, or the last one sent; 0: none. */
int t_current_code(struct sip_msg *msg);

#endif
