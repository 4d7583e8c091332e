/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters shared between processes without a lock (atomic_load, atomic_fetch_add ...). */
#ifndef ATOMIC_H
#define ATOMIC_H

#include <stdatomic.h>

typedef _Atomic(unsigned long) atomic_t;

#endif
