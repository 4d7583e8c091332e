/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the core itself: version, uptime, ps, which, statistics, ... */
#ifndef _MI_MI_CORE_H_
#define _MI_MI_CORE_H_

/* Registers them; once, before the modules'. Takes the current time as the start for uptime. */
int init_mi_core(void);

#endif
