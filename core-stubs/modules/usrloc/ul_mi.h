/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UL_MI_H
#define UL_MI_H

#include "../../mi/mi.h"

extern const mi_export_t ul_mi_cmds[];

#endif
