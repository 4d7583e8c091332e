/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory: one arena, mapped before the first fork, seen by all processes at the
 * same address. Its size (-m) never changes. See shm_mem.c for how it is laid out.
 */
#ifndef SHM_MEM_H
#define SHM_MEM_H

#include "mem.h"

/* NULL when there is no room, after a log line that names size and caller; free takes NULL. */
void *shm_malloc_func(size_t size, const char *file, const char *func, unsigned int line);
void shm_free_func(void *p, const char *file, const char *func, unsigned int line);

#define shm_malloc(_size) shm_malloc_func((_size), __FILE__, __func__, __LINE__)
#define shm_free(_p)      shm_free_func((_p), __FILE__, __func__, __LINE__)

#define SHM_MEM_ERROR_FMT(_fmt, args...) LM_ERR("no more shm memory: " _fmt, ##args)

/* Usable size of a block, in bytes. */
void shm_get_stats(struct mem_stats *st);
/* Blocks in use now; compare before and after to find leaks. */
unsigned long shm_blocks(void);
/* Logs every block in use with the place that took it (L_INFO), at most max lines. */
void shm_log_blocks(unsigned int max);
/* Walks the arena and checks every header. 0, or -1 with what is wrong logged. */
int shm_check(void);
/* For tests: allocation number n from now (0: the next) and all later ones fail; -1: none. */
void shm_fail_after(long n);
/* Unmaps the arena. */
void shm_mem_destroy(void);

#endif
