/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small pieces of shared memory, so that a new contact need not search for them. */
#ifndef REG_REPLICATE_SHM_ROOM_H
#define REG_REPLICATE_SHM_ROOM_H

/*
 * To be called before something is stored for good, without a lock. *mark, in shared memory and at
 * first 0: the use of memory at which more pieces are to be made.
 */
void shm_room_make(unsigned long *mark);

#endif
