/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Branches beyond the first. Each is one block: its strings stand behind a struct msg_branch.
 */
#include "config.h"
#include "dprint.h"
#include "dset.h"
#include "error.h"
#include "mem/mem.h"
#include "parser/msg_parser.h"

static struct msg_branch *branches[MAX_BRANCHES - 1];
static unsigned int branch_no;
static int enabled = 1;

void set_dset_state(unsigned char enable)
{
	enabled = enable;
}

void clear_dset(void)
{
	while (branch_no)
		pkg_free(branches[--branch_no]);
}

static str copy_into(char **p, const str *s)
{
	str copy = {*p, s->len};

	if (!s->len)
		return STR_NULL;
	memcpy(*p, s->s, s->len);
	*p += s->len;
	return copy;
}

int append_msg_branch(struct msg_branch *branch)
{
	struct msg_branch *b;
	char *p;

	if (!enabled)
		return -1;
	if (branch_no == MAX_BRANCHES - 1) {
		LM_ERR("more than %d branches\n", MAX_BRANCHES - 1);
		ser_error = E_TOO_MANY_BRANCHES;
		return -1;
	}
	if (!branch->uri.s || !branch->uri.len) {
		LM_ERR("a branch without URI\n");
		return -1;
	}
	b = pkg_malloc(sizeof(*b) + branch->uri.len + branch->dst_uri.len + branch->path.len);
	if (!b) {
		LM_ERR("no more pkg memory\n");
		ser_error = E_OUT_OF_MEM;
		return -1;
	}
	*b = *branch;
	p = (char *)(b + 1);
	b->uri = copy_into(&p, &branch->uri);
	b->dst_uri = copy_into(&p, &branch->dst_uri);
	b->path = copy_into(&p, &branch->path);
	branches[branch_no++] = b;
	return 1;
}

struct msg_branch *get_msg_branch(unsigned int idx)
{
	return enabled && idx < branch_no ? branches[idx] : NULL;
}

/* Where the flags of a branch are; 0 is the message. */
static unsigned int *flags_of(struct sip_msg *msg, unsigned int b_idx)
{
	struct msg_branch *b;

	if (b_idx == 0)
		return &msg->ruri_bflags;
	b = get_msg_branch(b_idx - 1);
	return b ? &b->bflags : NULL;
}

int setbflag(struct sip_msg *msg, unsigned int b_idx, unsigned int mask)
{
	unsigned int *flags = flags_of(msg, b_idx);

	if (!flags)
		return -1;
	*flags |= mask;
	return 1;
}

int isbflagset(struct sip_msg *msg, unsigned int b_idx, unsigned int mask)
{
	unsigned int *flags = flags_of(msg, b_idx);

	return flags && (*flags & mask) ? 1 : -1;
}

int resetbflag(struct sip_msg *msg, unsigned int b_idx, unsigned int mask)
{
	unsigned int *flags = flags_of(msg, b_idx);

	if (!flags)
		return -1;
	*flags &= ~mask;
	return 1;
}
