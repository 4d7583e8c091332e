/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AVP lists. A value's text is stored right behind its struct, so one shm_free() ends an AVP. The
 * table of names is private: filled while the configuration is read, so that all processes have
 * the same numbers; a name that comes later would not be known elsewhere and is refused.
 */
#include "usr_avp.h"

#include "dprint.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "pt.h"
#include "pvar.h"
#include "ut.h"

struct avp_name {
	str name;
	int id;
	struct avp_name *next;
};

static struct avp_name *names;
static int last_id;

static struct usr_avp *global_list;
static struct usr_avp **current = &global_list;

int init_global_avps(void)
{
	current = &global_list;
	return 0;
}

struct usr_avp *new_avp(unsigned short flags, int id, int_str val)
{
	int extra = flags & AVP_VAL_STR ? val.s.len : 0;
	struct usr_avp *avp = shm_malloc(sizeof(*avp) + extra);

	if (!avp) {
		SHM_MEM_ERROR_FMT("AVP of %d bytes\n", extra);
		return NULL;
	}
	memset(avp, 0, sizeof(*avp));
	avp->id = id;
	avp->flags = flags;
	if (flags & AVP_VAL_STR) {
		avp->val.s.s = (char *)(avp + 1);
		avp->val.s.len = extra;
		if (extra)
			memcpy(avp->val.s.s, val.s.s, extra);
	} else {
		avp->val.n = val.n;
	}
	return avp;
}

int add_avp(unsigned short flags, int id, int_str val)
{
	struct usr_avp *avp = new_avp(flags, id, val);

	if (!avp)
		return -1;
	avp->next = *current;
	*current = avp;
	return 0;
}

void get_avp_val(struct usr_avp *avp, int_str *val)
{
	if (!avp || !val)
		return;
	if (avp->flags & AVP_VAL_STR)
		val->s = avp->val.s;
	else
		val->n = avp->val.n;
}

static struct usr_avp *find_from(struct usr_avp *avp, int id, int_str *val)
{
	for (; avp; avp = avp->next)
		if (avp->id == id) {
			get_avp_val(avp, val);
			return avp;
		}
	return NULL;
}

struct usr_avp *search_first_avp(unsigned short flags, int id, int_str *val, struct usr_avp *start)
{
	(void)flags;
	return find_from(start ? start->next : *current, id, val);
}

struct usr_avp *search_next_avp(struct usr_avp *avp, int_str *val)
{
	return avp ? find_from(avp->next, avp->id, val) : NULL;
}

struct usr_avp *search_index_avp(unsigned short flags, int id, int_str *val, unsigned int index)
{
	struct usr_avp *avp = search_first_avp(flags, id, val, NULL);

	while (avp && index--)
		avp = search_next_avp(avp, val);
	return avp;
}

int count_avps(unsigned short flags, int id)
{
	struct usr_avp *avp = NULL;
	int n = 0;

	while ((avp = search_first_avp(flags, id, NULL, avp)))
		n++;
	return n;
}

int replace_avp(unsigned short flags, int id, int_str val, int index)
{
	struct usr_avp *old, *avp, **p;

	if (index < 0)
		return add_avp(flags, id, val);
	old = search_index_avp(flags, id, NULL, index);
	if (!old)
		return -1;
	avp = new_avp(flags, id, val);
	if (!avp)
		return -1;
	for (p = current; *p != old; p = &(*p)->next)
		;
	avp->next = old->next;
	*p = avp;
	shm_free(old);
	return 0;
}

void destroy_avp(struct usr_avp *avp)
{
	struct usr_avp **p;

	for (p = current; *p; p = &(*p)->next)
		if (*p == avp) {
			*p = avp->next;
			shm_free(avp);
			return;
		}
}

void destroy_index_avp(unsigned short flags, int id, int index)
{
	struct usr_avp *avp = index < 0 ? NULL : search_index_avp(flags, id, NULL, index);

	if (avp)
		destroy_avp(avp);
}

int destroy_avps(unsigned short flags, int id, int all)
{
	struct usr_avp *avp;
	int n = 0;

	while ((avp = search_first_avp(flags, id, NULL, NULL))) {
		destroy_avp(avp);
		n++;
		if (!all)
			break;
	}
	return n;
}

void destroy_avp_list(struct usr_avp **list)
{
	struct usr_avp *avp;

	while ((avp = *list)) {
		*list = avp->next;
		shm_free(avp);
	}
}

void reset_avps(void)
{
	destroy_avp_list(current);
}

struct usr_avp **set_avp_list(struct usr_avp **list)
{
	struct usr_avp **former = current;

	current = list;
	return former;
}

int get_avp_id(str *name)
{
	struct avp_name *n;

	for (n = names; n; n = n->next)
		if (str_match(&n->name, name))
			return n->id;
	if (!is_main) {
		LM_ERR("AVP '%.*s' is new here, after forking\n", name->len, name->s);
		return -1;
	}
	n = pkg_malloc(sizeof(*n) + name->len + 1);
	if (!n) {
		PKG_MEM_ERROR;
		return -1;
	}
	n->name.s = (char *)(n + 1);
	n->name.len = name->len;
	memcpy(n->name.s, name->s, name->len);
	n->name.s[name->len] = 0;
	n->id = ++last_id;
	n->next = names;
	names = n;
	return n->id;
}

int parse_avp_spec(const str *name, int *avp_name)
{
	static const char prefix[] = "$avp(";
	str bare = *name;

	if (bare.len > (int)sizeof(prefix) && !memcmp(bare.s, prefix, sizeof(prefix) - 1)) {
		if (bare.s[bare.len - 1] != ')')
			return -1;
		bare.s += sizeof(prefix) - 1;
		bare.len -= sizeof(prefix);
	}
	if (!bare.len)
		return -1;
	*avp_name = get_avp_id(&bare);
	return *avp_name < 0 ? -1 : 0;
}

void destroy_avp_names(void)
{
	struct avp_name *n;

	while ((n = names)) {
		names = n->next;
		pkg_free(n);
	}
	last_id = 0;
}
