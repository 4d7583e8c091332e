/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc takes about nine small pieces of shared memory for a new contact, and the engine one.
 * The core's usual allocator, F_MALLOC, has a list of free pieces for each size up to 16 KB. Where
 * memory has not been used before, these lists are empty, and each small piece costs a look through
 * all 2,000 of them, until what is left of the whole is found: half of the time that
 * storing a contact takes. So whenever more memory is in use than ever before, a larger block is
 * taken (sizes beyond 16 KB are found at once) and given back in pieces, from its end: what
 * realloc cuts off is not joined with its neighbours. The next contacts are then cut from those
 * after a short look.
 *
 * What is cut up never exceeds the most that was in use; so it does not eat up the large free
 * blocks while contacts come and go.
 */
#include <stdbool.h>

#include "shm_room.h"
#include "../../mem/shm_mem.h"

#ifdef F_MALLOC

#define PIECE  1500 /* bytes, about what a contact takes */
#define PIECES 16

static void cut_up(void)
{
	static bool scarce; /* in this process, for good: a search in vain is slow, and logged */
	char *p = scarce ? NULL : shm_malloc(PIECES * PIECE);

	scarce = !p;
	for (int left = PIECES - 1; p && left > 0; left--)
		p = shm_realloc(p, left * PIECE);
	if (p)
		shm_free(p);
}

void shm_room_make(unsigned long *mark)
{
	unsigned long used, was;

	if (mem_allocator_shm != MM_F_MALLOC)
		return;
	used = SHM_GET_RUSED(shm_block);
	was = __atomic_load_n(mark, __ATOMIC_RELAXED);
	if (used < was || used > SHM_GET_SIZE(shm_block) / 4 * 3)
		return;
	if (__atomic_compare_exchange_n(mark, &was, used + PIECES * PIECE, false, __ATOMIC_RELAXED,
		    __ATOMIC_RELAXED)) /* else somebody else does */
		cut_up();
}

#else

void shm_room_make(unsigned long *mark)
{
	(void)mark;
}

#endif
