/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is added to replies made here. */
#include "data_lump_rpl.h"
#include "dprint.h"
#include "mem/mem.h"

struct lump_rpl *add_lump_rpl(struct sip_msg *msg, char *s, int len, int flags)
{
	struct lump_rpl *lump, **tail = &msg->reply_lump;

	if (!(flags & (LUMP_RPL_HDR | LUMP_RPL_BODY)) || len <= 0) {
		LM_ERR("nothing to add, or neither header nor body\n");
		return NULL;
	}
	if ((flags & LUMP_RPL_BODY) && get_lump_rpl(msg, LUMP_RPL_BODY)) {
		LM_ERR("the reply has a body already\n");
		return NULL;
	}
	lump = pkg_malloc(sizeof(*lump) + (flags & LUMP_RPL_NODUP ? 0 : len));
	if (!lump) {
		LM_ERR("no more pkg memory\n");
		return NULL;
	}
	lump->flags = flags;
	lump->next = NULL;
	lump->text.s = s;
	lump->text.len = len;
	if (!(flags & LUMP_RPL_NODUP)) {
		lump->text.s = (char *)(lump + 1);
		memcpy(lump->text.s, s, len);
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = lump;
	return lump;
}

void free_lump_rpl(struct lump_rpl *lump)
{
	if (!lump || (lump->flags & LUMP_RPL_SHMEM))
		return;
	if ((lump->flags & LUMP_RPL_NODUP) && !(lump->flags & LUMP_RPL_NOFREE))
		pkg_free(lump->text.s);
	pkg_free(lump);
}

struct lump_rpl *get_lump_rpl(struct sip_msg *msg, int flags)
{
	struct lump_rpl *l;

	for (l = msg->reply_lump; l && !(l->flags & flags); l = l->next)
		;
	return l;
}

void del_nonshm_lump_rpl(struct lump_rpl **list)
{
	struct lump_rpl *l;

	while ((l = *list)) {
		if (l->flags & LUMP_RPL_SHMEM) {
			list = &l->next;
		} else {
			*list = l->next;
			free_lump_rpl(l);
		}
	}
}
