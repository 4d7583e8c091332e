/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of domains, made before forking, and the make-up of contact ids.
 */
#ifndef DLIST_H
#define DLIST_H

#include "../../str.h"
#include "udomain.h"

typedef struct dlist {
	str name; /* zero terminated */
	udomain_t *d;
	struct dlist *next;
} dlist_t;

extern dlist_t *root;

/* See usrloc.h. */
int register_udomain(const char *name, udomain_t **d);
udomain_t *get_next_udomain(udomain_t *d);

/* 0 and *d, or 1 when there is no such domain. */
int find_domain(const str *name, udomain_t **d);
unsigned long get_number_of_users(void *unused);
void free_all_udomains(void);

#define CLABEL_MASK         ((1 << 14) - 1)
#define CLABEL_NEXT(clabel) (((clabel) + 1) & CLABEL_MASK)

static inline uint64_t pack_indexes(
	unsigned short aorhash, unsigned int rlabel, unsigned short clabel)
{
	return ((uint64_t)clabel & CLABEL_MASK) | (uint64_t)rlabel << 14 | (uint64_t)aorhash << 46;
}

#endif
