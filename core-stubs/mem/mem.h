/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private memory: one process's own, limited by -M. It is taken from the C library and
 * counted, so that sanitizers see every block. A child inherits a copy at fork.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>
#include "../config.h"
#include "../dprint.h"

struct mem_stats {
	unsigned long total;     /* bytes there are */
	unsigned long used;      /* bytes handed out, without what managing them costs */
	unsigned long real_used; /* with that */
	unsigned long max_used;  /* highest real_used so far */
	unsigned long free;      /* total - real_used */
	unsigned long fragments; /* blocks: private in use; shared, free pieces */
};

/* All return NULL when the limit is reached, after one log line; free takes NULL. */
void *pkg_malloc_func(size_t size, const char *file, const char *func, unsigned int line);
void *pkg_realloc_func(void *p, size_t size, const char *file, const char *func, unsigned int line);
void pkg_free_func(void *p, const char *file, const char *func, unsigned int line);

#define pkg_malloc(_size)      pkg_malloc_func((_size), __FILE__, __func__, __LINE__)
#define pkg_realloc(_p, _size) pkg_realloc_func((_p), (_size), __FILE__, __func__, __LINE__)
#define pkg_free(_p)           pkg_free_func((_p), __FILE__, __func__, __LINE__)

#define PKG_MEM_ERROR LM_ERR("no more pkg memory\n")

/* Sets the limit in bytes (pkg_mem_size). Returns 0. */
int init_pkg_mallocs(void);
void pkg_get_stats(struct mem_stats *st);
/* For tests: allocation number n from now (0: the next) and all later ones fail; -1: none. */
void pkg_fail_after(long n);

/* Maps the shared arena of shm_mem_size bytes. 0, or -1 with the reason logged. */
int init_shm_mallocs(void);

#endif
