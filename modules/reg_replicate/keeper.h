/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that stores the vector and the removals (persist.h). */
#ifndef REG_REPLICATE_KEEPER_H
#define REG_REPLICATE_KEEPER_H

#include "../usrloc/usrloc.h"

void keeper_init(const usrloc_api_t *ul);
/* Its main function. */
void keeper(int rank);

#endif
