/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKING_H
#define LOCKING_H

#include "lock_ops.h"
#include "lock_alloc.h"

#endif
