/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private memory: the C library's, with a header in front of each block that holds its size,
 * so that use can be counted and limited. A block freed twice or never allocated here is
 * found by the header's mark and ends the process.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "../globals.h"

#define PKG_LIVE 0x5046u
#define PKG_DEAD 0xdeadu

struct pkg_block {
	size_t size;
	size_t mark;
} __attribute__((aligned(16)));

static size_t pkg_used, pkg_blocks, pkg_max;
static long fail_after = -1;

int init_pkg_mallocs(void)
{
	if (pkg_mem_size == 0)
		pkg_mem_size = PKG_MEM_SIZE * 1024UL * 1024UL;
	return 0;
}

void pkg_fail_after(long n)
{
	fail_after = n;
}

static size_t real_used(void)
{
	return pkg_used + pkg_blocks * sizeof(struct pkg_block);
}

/* more: bytes of payload; up to that much a header cannot make it wrap */
static int may_allocate(size_t more)
{
	if (fail_after == 0 || more > SIZE_MAX / 2)
		return 0;
	more += sizeof(struct pkg_block);
	if (fail_after > 0)
		fail_after--;
	return pkg_mem_size == 0 || (more < pkg_mem_size && real_used() + more <= pkg_mem_size);
}

static void *refuse(size_t size, const char *file, const char *func, unsigned int line)
{
	LM_ERR("out of private memory: %zu bytes for %s() at %s:%u, %zu of %lu bytes used (-M)\n",
		size, func, file, line, real_used(), pkg_mem_size);
	return NULL;
}

void *pkg_malloc_func(size_t size, const char *file, const char *func, unsigned int line)
{
	struct pkg_block *b = NULL;

	if (may_allocate(size))
		b = malloc(sizeof(*b) + size);
	if (!b)
		return refuse(size, file, func, line);
	b->size = size;
	b->mark = PKG_LIVE;
	pkg_used += size;
	pkg_blocks++;
	if (real_used() > pkg_max)
		pkg_max = real_used();
	return b + 1;
}

static struct pkg_block *block_of(void *p, const char *file, const char *func, unsigned int line)
{
	struct pkg_block *b = (struct pkg_block *)p - 1;

	if (b->mark != PKG_LIVE) {
		LM_CRIT("%s() at %s:%u frees %p, which is %s\n", func, file, line, p,
			b->mark == PKG_DEAD ? "free already" : "no private memory");
		abort();
	}
	return b;
}

void pkg_free_func(void *p, const char *file, const char *func, unsigned int line)
{
	struct pkg_block *b;

	if (!p)
		return;
	b = block_of(p, file, func, line);
	pkg_used -= b->size;
	pkg_blocks--;
	b->mark = PKG_DEAD;
	free(b);
}

void *pkg_realloc_func(void *p, size_t size, const char *file, const char *func, unsigned int line)
{
	struct pkg_block *b;
	size_t old;

	if (!p)
		return pkg_malloc_func(size, file, func, line);
	b = block_of(p, file, func, line);
	old = b->size;
	if (!may_allocate(size > old ? size - old : 0))
		return refuse(size, file, func, line);
	b = realloc(b, sizeof(*b) + size);
	if (!b)
		return refuse(size, file, func, line);
	b->size = size;
	pkg_used += size - old;
	if (real_used() > pkg_max)
		pkg_max = real_used();
	return b + 1;
}

void pkg_get_stats(struct mem_stats *st)
{
	st->total = pkg_mem_size;
	st->used = pkg_used;
	st->real_used = real_used();
	st->max_used = pkg_max;
	st->free = st->total > st->real_used ? st->total - st->real_used : 0;
	st->fragments = pkg_blocks;
}
