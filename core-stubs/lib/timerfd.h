/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules ask this header whether timerfd exists; on Linux it does. */
#ifndef LIB_TIMERFD_H
#define LIB_TIMERFD_H

#include <sys/timerfd.h>
#define HAVE_TIMER_FD

#endif
