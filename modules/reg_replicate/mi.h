/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management commands; those that change the list of peers are in mi_peers.h.
 */
#ifndef REG_REPLICATE_MI_H
#define REG_REPLICATE_MI_H

#include "../../mi/mi.h"

extern const mi_export_t repl_mi_cmds[];

#endif
