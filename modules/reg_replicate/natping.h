/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameter natping_active_only: nathelper pings contacts while this node is active, else not. */
#ifndef REG_REPLICATE_NATPING_H
#define REG_REPLICATE_NATPING_H

/*
 * Finds nathelper, which has been initialised, and stops its pings until this node is active.
 * Does nothing if the parameter is 0. Returns 0, or -1 after a line that says what is missing.
 */
int natping_init(void);

/* To be called after the role has changed, with no lock held. */
void natping_follow_role(void);

#endif
