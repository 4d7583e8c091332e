/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management commands repl_status, repl_peers, repl_missed, repl_resync, repl_digest.
 */
#ifndef REG_REPLICATE_MI_H
#define REG_REPLICATE_MI_H

#include "../../mi/mi.h"

extern const mi_export_t repl_mi_cmds[];

#endif
