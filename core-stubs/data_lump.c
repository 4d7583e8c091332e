/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes to a message that will be forwarded. See lump_struct.h for the shape of the list. */
#include "data_lump.h"
#include "dprint.h"
#include "mem/mem.h"

int init_lump_flags;

static struct lump *new_lump(enum lump_op op, unsigned int len, enum _hdr_types_t type)
{
	struct lump *l = pkg_malloc(sizeof(*l));

	if (!l) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	memset(l, 0, sizeof(*l));
	l->type = type;
	l->op = op;
	l->len = len;
	l->flags = init_lump_flags;
	return l;
}

struct lump *insert_new_lump_after(
	struct lump *after, char *new_hdr, unsigned int len, enum _hdr_types_t type)
{
	struct lump *l = new_lump(LUMP_ADD, len, type);

	if (!l)
		return NULL;
	l->u.value = new_hdr;
	l->after = after->after;
	after->after = l;
	return l;
}

struct lump *insert_new_lump_before(
	struct lump *before, char *new_hdr, unsigned int len, enum _hdr_types_t type)
{
	struct lump *l = new_lump(LUMP_ADD, len, type);

	if (!l)
		return NULL;
	l->u.value = new_hdr;
	l->before = before->before;
	before->before = l;
	return l;
}

struct lump *insert_subst_lump_after(
	struct lump *after, enum lump_subst subst, enum _hdr_types_t type)
{
	struct lump *l = new_lump(LUMP_ADD_SUBST, 0, type);

	if (!l)
		return NULL;
	l->u.subst = subst;
	l->after = after->after;
	after->after = l;
	return l;
}

/* Enters a lump by offset, behind others with the same one. */
static struct lump *enter_lump(struct sip_msg *msg, enum lump_op op, unsigned int offset,
	unsigned int len, enum _hdr_types_t type)
{
	struct lump **place = &msg->add_rm, *l;
	unsigned int end;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->eoh)
		return NULL;
	end = msg->eoh - msg->buf;
	if (offset > end || len > end - offset) {
		LM_ERR("offset %u, length %u is not within the headers (%u bytes)\n", offset, len,
			end);
		return NULL;
	}
	l = new_lump(op, len, type);
	if (!l)
		return NULL;
	l->u.offset = offset;
	while (*place && (*place)->u.offset <= offset)
		place = &(*place)->next;
	l->next = *place;
	*place = l;
	return l;
}

struct lump *del_lump(
	struct sip_msg *msg, unsigned int offset, unsigned int len, enum _hdr_types_t type)
{
	return enter_lump(msg, LUMP_DEL, offset, len, type);
}

struct lump *anchor_lump(struct sip_msg *msg, unsigned int offset, enum _hdr_types_t type)
{
	return enter_lump(msg, LUMP_NOP, offset, 0, type);
}

void free_lump(struct lump *l)
{
	if (l->op == LUMP_ADD)
		pkg_free(l->u.value);
	pkg_free(l);
}

/* An addition or deletion with all that hangs on it. */
static void free_tree(struct lump *l)
{
	struct lump *side, *next;

	for (side = l->before; side; side = next) {
		next = side->before;
		if (!(side->flags & LUMPFLAG_SHMEM))
			free_lump(side);
	}
	for (side = l->after; side; side = next) {
		next = side->after;
		if (!(side->flags & LUMPFLAG_SHMEM))
			free_lump(side);
	}
	if (!(l->flags & LUMPFLAG_SHMEM))
		free_lump(l);
}

void free_lump_list(struct lump *l)
{
	struct lump *next;

	for (; l; l = next) {
		next = l->next;
		free_tree(l);
	}
}

static struct lump *dup_one(const struct lump *l)
{
	struct lump *copy = new_lump(l->op, l->len, l->type);

	if (!copy)
		return NULL;
	copy->flags = l->flags & ~LUMPFLAG_SHMEM;
	copy->u = l->u;
	if (l->op != LUMP_ADD)
		return copy;
	copy->u.value = pkg_malloc(l->len);
	if (!copy->u.value) {
		LM_ERR("no more pkg memory\n");
		pkg_free(copy);
		return NULL;
	}
	memcpy(copy->u.value, l->u.value, l->len);
	return copy;
}

/* One lump of the main list and its two chains. */
static struct lump *dup_tree(const struct lump *l)
{
	struct lump *copy = dup_one(l), **tail;
	const struct lump *side;

	if (!copy)
		return NULL;
	for (tail = &copy->before, side = l->before; side; side = side->before) {
		*tail = dup_one(side);
		if (!*tail)
			goto error;
		tail = &(*tail)->before;
	}
	for (tail = &copy->after, side = l->after; side; side = side->after) {
		*tail = dup_one(side);
		if (!*tail)
			goto error;
		tail = &(*tail)->after;
	}
	return copy;
error:
	free_tree(copy);
	return NULL;
}

struct lump *dup_lump_list(struct lump *l)
{
	struct lump *copy = NULL, **tail = &copy;

	for (; l; l = l->next) {
		*tail = dup_tree(l);
		if (!*tail) {
			free_lump_list(copy);
			return NULL;
		}
		tail = &(*tail)->next;
	}
	return copy;
}
