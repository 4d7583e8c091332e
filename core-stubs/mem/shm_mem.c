/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared arena.
 *
 *   | arena | head, payload | head, payload | ... | head of size 0 |
 *
 * Every block, used or free, begins with a head of 16 bytes that holds its size and its left
 * neighbour's, so both neighbours are found without a search. Free neighbours are always
 * joined: two free blocks never stand side by side. Free blocks hang in lists by size, four
 * for each power of two; a bit map tells which lists are not empty. Taking and giving back
 * cost the same at any fill, but for a short look through one list.
 *
 * One lock guards it all. Lists are pointers, since the arena is at the same address in every
 * process. Overruns are found when a head's mark or sizes are wrong, and with MEM_GUARD (set
 * in sanitizer builds) by a guard word behind each block; both end the process, since
 * shared memory cannot be trusted any more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "shm_mem.h"
#include "../globals.h"
#include "../lock_ops.h"

#if defined(__SANITIZE_ADDRESS__) && !defined(MEM_GUARD)
#define MEM_GUARD
#endif

#define UNIT      16u
#define MARK_USED 0x5553u
#define MARK_FREE 0x4652u
#define N_BINS    160
#define N_FILES   512 /* a power of two */
#define LOOK      32  /* blocks looked at in a list of mixed sizes */
#define GUARD     0x6b6e616372656d6dULL
#ifdef MEM_GUARD
#define TAIL sizeof(uint64_t)
#else
#define TAIL 0
#endif

struct head {
	uint32_t units; /* whole block, head included; 0: end of the arena */
	uint32_t prev;  /* left neighbour's units; 0: this is the first */
	uint16_t mark;
	uint16_t line, file; /* who took it; file: place in arena->file, 0: not there */
	uint16_t slack;      /* bytes at the end that were not asked for */
};

struct free_block {
	struct head head;
	struct free_block *next, *prev;
};

struct arena {
	gen_lock_t lock;
	size_t size, used, real_used, max_used;
	unsigned long blocks, free_blocks;
	long fail_after;
	uint64_t map[(N_BINS + 63) / 64];
	struct free_block *bin[N_BINS];
	struct head *first, *end;
	/* names of source files: constants, at the same address in every process */
	const char *file[N_FILES];
};

_Static_assert(sizeof(struct head) == UNIT, "a head is one unit");

static struct arena *arena;

/* --- lists of free blocks ---------------------------------------------------------------- */

/* Sizes below 8 units have a list each, larger ones four lists for each power of two. */
static int bin_of(uint32_t units)
{
	int log2 = 31 - __builtin_clz(units);

	return units < 8 ? (int)units : 8 + (log2 - 3) * 4 + (int)((units >> (log2 - 2)) & 3);
}

static struct head *right_of(struct head *h)
{
	return h + h->units;
}

static struct head *left_of(struct head *h)
{
	return h - h->prev;
}

static void bin_put(struct head *h)
{
	struct free_block *f = (struct free_block *)h;
	int b = bin_of(h->units);

	h->mark = MARK_FREE;
	f->prev = NULL;
	f->next = arena->bin[b];
	if (f->next)
		f->next->prev = f;
	arena->bin[b] = f;
	arena->map[b / 64] |= 1ULL << (b % 64);
	arena->free_blocks++;
}

static void bin_take(struct head *h)
{
	struct free_block *f = (struct free_block *)h;
	int b = bin_of(h->units);

	if (f->next)
		f->next->prev = f->prev;
	if (f->prev)
		f->prev->next = f->next;
	else
		arena->bin[b] = f->next;
	if (!arena->bin[b])
		arena->map[b / 64] &= ~(1ULL << (b % 64));
	arena->free_blocks--;
}

/* First list above b that is not empty, -1: none. */
static int next_bin(int b)
{
	for (b++; b < N_BINS; b = (b / 64 + 1) * 64) {
		uint64_t left = arena->map[b / 64] >> (b % 64);

		if (left)
			return b + __builtin_ctzll(left);
	}
	return -1;
}

static struct head *find_free(uint32_t units)
{
	int b = bin_of(units);
	struct free_block *f = arena->bin[b];

	for (int i = 0; f && i < LOOK; i++, f = f->next)
		if (f->head.units >= units)
			return &f->head;
	b = next_bin(b);
	if (b >= 0)
		return &arena->bin[b]->head;
	for (; f; f = f->next) /* the last resort: the rest of its own list */
		if (f->head.units >= units)
			return &f->head;
	return NULL;
}

/* --- start and end ----------------------------------------------------------------------- */

int init_shm_mallocs(void)
{
	size_t room;

	if (shm_mem_size == 0)
		shm_mem_size = SHM_MEM_SIZE * 1024UL * 1024UL;
	if (shm_mem_size / UNIT > UINT32_MAX) {
		LM_ERR("shared memory of %lu MB: 65535 at most (-m)\n", shm_mem_size >> 20);
		return -1;
	}
	arena = mmap(NULL, shm_mem_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED) {
		arena = NULL;
		LM_ERR("cannot map %lu MB of shared memory: %s\n", shm_mem_size >> 20,
			strerror(errno));
		return -1;
	}
	lock_init(&arena->lock);
	arena->fail_after = -1;
	arena->size = shm_mem_size;
	arena->first = (struct head *)arena + (sizeof(*arena) + UNIT - 1) / UNIT;
	room = shm_mem_size - (size_t)((char *)arena->first - (char *)arena);
	arena->first->units = room / UNIT - 1;
	arena->end = right_of(arena->first);
	arena->end->prev = arena->first->units;
	arena->real_used = shm_mem_size - arena->first->units * (size_t)UNIT;
	arena->max_used = arena->real_used;
	bin_put(arena->first);
	return 0;
}

void shm_mem_destroy(void)
{
	if (arena)
		munmap(arena, arena->size);
	arena = NULL;
}

/* --- blocks ------------------------------------------------------------------------------ */

static size_t payload(const struct head *h)
{
	return (h->units - 1) * (size_t)UNIT - h->slack;
}

static void set_guard(struct head *h)
{
#ifdef MEM_GUARD
	uint64_t g = GUARD;

	memcpy((char *)(h + 1) + payload(h), &g, sizeof(g));
#else
	(void)h;
#endif
}

/* What is wrong with a block in use; NULL: nothing. */
static const char *fault(struct head *h)
{
	if (h->mark == MARK_FREE)
		return "free already";
	if (h->mark != MARK_USED || h->units < 2)
		return "no block of shared memory, or overwritten";
	if (right_of(h) > arena->end || right_of(h)->prev != h->units)
		return "overrun: the next block's head is overwritten";
#ifdef MEM_GUARD
	uint64_t g = GUARD;

	if (memcmp((char *)(h + 1) + payload(h), &g, sizeof(g)) != 0)
		return "overrun by a few bytes";
#endif
	return NULL;
}

static uint32_t units_for(size_t size)
{
	size_t units = 1 + (size + TAIL + UNIT - 1) / UNIT;

	return units < 2 ? 2 : units;
}

/* Cuts h, which is in no list, down to units; the rest becomes free. */
static void split(struct head *h, uint32_t units)
{
	struct head *rest, *right;

	if (h->units - units < 2)
		return;
	rest = h + units;
	rest->units = h->units - units;
	rest->prev = units;
	h->units = units;
	right = right_of(rest);
	if (right->mark == MARK_FREE) {
		bin_take(right);
		rest->units += right->units;
		right->mark = 0;
	}
	right_of(rest)->prev = rest->units;
	bin_put(rest);
}

static uint16_t file_index(const char *file)
{
	unsigned int at = (unsigned int)((uintptr_t)file * 2654435761u >> 12);

	for (int i = 0; i < 8; i++) {
		unsigned int j = (at + (unsigned int)i) % N_FILES;

		if (j && !arena->file[j])
			arena->file[j] = file;
		if (j && arena->file[j] == file)
			return (uint16_t)j;
	}
	return 0;
}

static const char *file_of(const struct head *h)
{
	const char *file = arena->file[h->file % N_FILES];

	return file ? file : "?";
}

static void mark_used(struct head *h, size_t size, const char *file, unsigned int line)
{
	h->mark = MARK_USED;
	h->file = file_index(file);
	h->line = (uint16_t)line;
	h->slack = (uint16_t)((h->units - 1) * UNIT - size);
	set_guard(h);
	arena->used += size;
	arena->real_used += h->units * (size_t)UNIT;
	if (arena->real_used > arena->max_used)
		arena->max_used = arena->real_used;
}

/* Under the lock. */
static struct head *take(size_t size, const char *file, unsigned int line)
{
	uint32_t units;
	struct head *h;

	if (arena->fail_after == 0 || size >= arena->size)
		return NULL;
	if (arena->fail_after > 0)
		arena->fail_after--;
	units = units_for(size);
	h = find_free(units);
	if (!h)
		return NULL;
	bin_take(h);
	split(h, units);
	mark_used(h, size, file, line);
	arena->blocks++;
	return h;
}

static void *refuse(size_t size, const char *file, const char *func, unsigned int line)
{
	LM_ERR("out of shared memory: %zu bytes for %s() at %s:%u, %zu of %zu bytes used (-m)\n",
		size, func, file, line, arena ? arena->real_used : 0, arena ? arena->size : 0);
	return NULL;
}

static void check(struct head *h, const char *file, const char *func, unsigned int line)
{
	const char *what = fault(h);

	if (!what)
		return;
	lock_release(&arena->lock);
	LM_CRIT("%s() at %s:%u frees or moves %p, taken at %s:%u: %s\n", func, file, line,
		(void *)(h + 1), file_of(h), h->line, what);
	abort();
}

/* Under the lock. Joins h with free neighbours. */
static void give_back(struct head *h)
{
	struct head *right = right_of(h), *left;

	arena->used -= payload(h);
	arena->real_used -= h->units * (size_t)UNIT;
	arena->blocks--;
	if (right->mark == MARK_FREE) {
		bin_take(right);
		h->units += right->units;
		right->mark = 0;
	}
	left = h->prev ? left_of(h) : NULL;
	if (left && left->mark == MARK_FREE) {
		bin_take(left);
		left->units += h->units;
		h->mark = MARK_FREE; /* stays: a second free is still recognised */
		h = left;
	}
	right_of(h)->prev = h->units;
	bin_put(h);
}

void *shm_malloc_func(size_t size, const char *file, const char *func, unsigned int line)
{
	struct head *h = NULL;

	if (arena) {
		lock_get(&arena->lock);
		h = take(size, file, line);
		lock_release(&arena->lock);
	}
	return h ? h + 1 : refuse(size, file, func, line);
}

void shm_free_func(void *p, const char *file, const char *func, unsigned int line)
{
	struct head *h;

	if (!p)
		return;
	h = (struct head *)p - 1;
	lock_get(&arena->lock);
	check(h, file, func, line);
	give_back(h);
	lock_release(&arena->lock);
}

/* --- what there is ----------------------------------------------------------------------- */

void shm_get_stats(struct mem_stats *st)
{
	memset(st, 0, sizeof(*st));
	if (!arena)
		return;
	lock_get(&arena->lock);
	st->total = arena->size;
	st->used = arena->used;
	st->real_used = arena->real_used;
	st->max_used = arena->max_used;
	st->free = arena->size - arena->real_used;
	st->fragments = arena->free_blocks;
	lock_release(&arena->lock);
}

unsigned long shm_blocks(void)
{
	return arena ? arena->blocks : 0;
}

void shm_fail_after(long n)
{
	if (arena)
		arena->fail_after = n;
}

void shm_log_blocks(unsigned int max)
{
	unsigned int n = 0;

	if (!arena)
		return;
	for (struct head *h = arena->first; h != arena->end && n < max; h = right_of(h))
		if (h->mark == MARK_USED) {
			LM_INFO("%zu bytes at %p, taken at %s:%u\n", payload(h), (void *)(h + 1),
				file_of(h), h->line);
			n++;
		}
}

static const char *head_fault(struct head *h, uint32_t left, int left_free)
{
	if (h->prev != left)
		return "left neighbour's size is wrong";
	if (h->units < 2 || h + h->units > arena->end)
		return "size is wrong";
	if (h->mark == MARK_FREE)
		return left_free ? "two free blocks side by side" : NULL;
	return fault(h);
}

int shm_check(void)
{
	uint32_t left = 0;
	int left_free = 0;
	const char *what = NULL;
	struct head *h;

	lock_get(&arena->lock);
	for (h = arena->first; h != arena->end; h = right_of(h)) {
		what = head_fault(h, left, left_free);
		if (what)
			break;
		left = h->units;
		left_free = h->mark == MARK_FREE;
	}
	lock_release(&arena->lock);
	if (what)
		LM_CRIT("block at %p: %s\n", (void *)(h + 1), what);
	return what ? -1 : 0;
}
