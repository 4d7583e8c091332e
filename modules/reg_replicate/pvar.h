/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * $repl(node), $repl(peers), $repl(in_sync), $repl(lag).
 */
#ifndef REG_REPLICATE_PVAR_H
#define REG_REPLICATE_PVAR_H

#include "../../pvar.h"

extern const pv_export_t repl_pvars[];

#endif
