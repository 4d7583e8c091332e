/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of domains. It is complete before forking and only read after that.
 */
#include "dlist.h"

#include "ul_db.h"
#include "ul_mod.h"
#include "../../dprint.h"
#include "../../ut.h"

dlist_t *root;

int find_domain(const str *name, udomain_t **d)
{
	for (dlist_t *l = root; l; l = l->next)
		if (str_match(&l->name, name)) {
			*d = l->d;
			return 0;
		}
	return 1;
}

/* The entry and its name are one block. */
static dlist_t *new_dlist(const char *name)
{
	int len = strlen(name);
	dlist_t *l = shm_malloc(sizeof(*l) + len + 1);

	if (!l) {
		LM_ERR("no more shm memory\n");
		return NULL;
	}
	memset(l, 0, sizeof(*l));
	l->name = (str){(char *)(l + 1), len};
	memcpy(l->name.s, name, len + 1);
	return l;
}

int register_udomain(const char *name, udomain_t **d)
{
	dlist_t *l, **end = &root;
	str s;

	init_str(&s, name);
	if (find_domain(&s, d) == 0)
		return 0;
	if (sql_wmode != SQL_NO_WRITE && ul_db_check_table(&s) < 0)
		return -1;
	l = new_dlist(name);
	if (!l)
		return -1;
	if (new_udomain(&l->name, ul_hash_size, &l->d) < 0) {
		shm_free(l);
		return -1;
	}
	while (*end)
		end = &(*end)->next;
	*end = l;
	*d = l->d;
	return 0;
}

udomain_t *get_next_udomain(udomain_t *d)
{
	dlist_t *l = root;

	if (d) {
		while (l && l->d != d)
			l = l->next;
		l = l ? l->next : NULL;
	}
	return l ? l->d : NULL;
}

unsigned long get_number_of_users(void *unused)
{
	unsigned long sum = 0;

	(void)unused;
	for (dlist_t *l = root; l; l = l->next)
		if (l->d->users)
			sum += get_stat_val(l->d->users);
	return sum;
}

void free_all_udomains(void)
{
	dlist_t *l;

	while ((l = root)) {
		root = l->next;
		free_udomain(l->d);
		shm_free(l);
	}
}
