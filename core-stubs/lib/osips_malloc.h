/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocators as real functions, for those who pass one as a pointer. */
#ifndef OSIPS_MALLOC_H
#define OSIPS_MALLOC_H

#include "../mem/mem.h"
#include "../mem/shm_mem.h"

typedef void *(*osips_malloc_t)(size_t size);
typedef void (*osips_free_t)(void *ptr);

static inline void *osips_pkg_malloc(size_t size)
{
	return pkg_malloc(size);
}

static inline void osips_pkg_free(void *ptr)
{
	pkg_free(ptr);
}

static inline void *osips_shm_malloc(size_t size)
{
	return shm_malloc(size);
}

static inline void osips_shm_free(void *ptr)
{
	shm_free(ptr);
}

#endif
