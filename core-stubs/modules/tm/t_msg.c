/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clones of requests in shared memory. The same walk is done twice: first without a block, to
 * find its size, then to fill it.
 */
#include "t_msg.h"

#include <string.h>

#include "../../data_lump.h"
#include "../../data_lump_rpl.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../mem/shm_mem.h"
#include "../../ut.h"

struct block {
	char *mem; /* NULL: only count */
	size_t used;
};

/* Copies len bytes in; NULL while counting. */
static void *put(struct block *b, const void *src, size_t len)
{
	void *at = b->mem != NULL ? b->mem + b->used : NULL;

	if (at != NULL)
		memcpy(at, src, len);
	b->used += (len + 7) & ~(size_t)7;
	return at;
}

static void put_str(struct block *b, str *dst, const str *src)
{
	str s = STR_NULL;

	if (src->s != NULL && src->len > 0) {
		s.s = put(b, src->s, (size_t)src->len);
		s.len = src->len;
	}
	if (dst != NULL)
		*dst = s;
}

static struct lump *put_lumps(struct block *b, const struct lump *src)
{
	struct lump *first = NULL, *copy, *before, *after, *last = NULL;
	char *text;

	for (; src != NULL; src = src->next) {
		copy = put(b, src, sizeof(*src));
		text = src->op == LUMP_ADD ? put(b, src->u.value, src->len) : NULL;
		before = put_lumps(b, src->before);
		after = put_lumps(b, src->after);
		if (copy == NULL)
			continue;
		if (src->op == LUMP_ADD)
			copy->u.value = text;
		copy->before = before;
		copy->after = after;
		copy->next = NULL;
		copy->flags |= LUMPFLAG_SHMEM;
		if (last != NULL)
			last->next = copy;
		else
			first = copy;
		last = copy;
	}
	return first;
}

static struct lump_rpl *put_reply_lumps(struct block *b, const struct lump_rpl *src)
{
	struct lump_rpl *first = NULL, *copy, *last = NULL;
	char *text;

	for (; src != NULL; src = src->next) {
		copy = put(b, src, sizeof(*src));
		text = put(b, src->text.s, (size_t)src->text.len);
		if (copy == NULL)
			continue;
		copy->text.s = text;
		copy->flags = (src->flags & (LUMP_RPL_HDR | LUMP_RPL_BODY)) | LUMP_RPL_SHMEM;
		copy->next = NULL;
		if (last != NULL)
			last->next = copy;
		else
			first = copy;
		last = copy;
	}
	return first;
}

static void put_msg(struct block *b, const struct sip_msg *src)
{
	struct sip_msg *m = put(b, src, sizeof(*src));
	struct sip_msg dummy;
	struct sip_msg *to = m != NULL ? m : &dummy;
	struct receive_info rcv = src->rcv;

	memset(to, 0, sizeof(*to));
	to->id = src->id;
	to->len = src->len;
	to->rcv = rcv;
	to->flags = src->flags;
	to->msg_flags = src->msg_flags | FL_SHM_CLONE;
	to->ruri_q = src->ruri_q;
	to->ruri_bflags = src->ruri_bflags;
	to->force_send_socket = src->force_send_socket;
	to->hash_index = src->hash_index;
	to->buf = put(b, src->buf, src->len);
	put_str(b, &to->new_uri, &src->new_uri);
	put_str(b, &to->dst_uri, &src->dst_uri);
	put_str(b, &to->path_vec, &src->path_vec);
	put_str(b, &to->set_global_address, &src->set_global_address);
	put_str(b, &to->set_global_port, &src->set_global_port);
	to->add_rm = put_lumps(b, src->add_rm);
	to->reply_lump = put_reply_lumps(b, src->reply_lump);
}

struct sip_msg *t_clone_msg(const struct sip_msg *msg)
{
	struct block b = {NULL, 0};

	put_msg(&b, msg);
	b.mem = shm_malloc(b.used);
	if (b.mem == NULL) {
		LM_ERR("no more shared memory\n");
		return NULL;
	}
	b.used = 0;
	put_msg(&b, msg);
	return (struct sip_msg *)(void *)b.mem;
}

void t_free_clone(struct sip_msg *clone)
{
	shm_free(clone);
}

int t_parse_buf(struct sip_msg *msg, const str *buf)
{
	char *copy = pkg_malloc((size_t)buf->len + 1);

	memset(msg, 0, sizeof(*msg));
	if (copy == NULL) {
		LM_ERR("no more private memory\n");
		return -1;
	}
	memcpy(copy, buf->s, (size_t)buf->len);
	copy[buf->len] = '\0';
	msg->buf = copy;
	msg->len = (unsigned int)buf->len;
	if (parse_msg_opt(copy, msg->len, msg, 0) == 0)
		return 0;
	LM_ERR("cannot parse a message that was kept\n");
	t_end_fake_req(msg);
	return -1;
}

static int restore_uris(struct sip_msg *msg, const struct sip_msg *clone)
{
	str s;

	s = clone->new_uri;
	if (s.len > 0 && set_ruri(msg, &s) < 0)
		return -1;
	s = clone->dst_uri;
	if (s.len > 0 && set_dst_uri(msg, &s) < 0)
		return -1;
	s = clone->path_vec;
	if (s.len > 0 && set_path_vector(msg, &s) < 0)
		return -1;
	s = clone->set_global_address;
	if (s.len > 0 && pkg_str_dup(&msg->set_global_address, &s) < 0)
		return -1;
	s = clone->set_global_port;
	return s.len > 0 ? pkg_str_dup(&msg->set_global_port, &s) : 0;
}

static int restore_lumps(struct sip_msg *msg, const struct sip_msg *clone)
{
	struct lump_rpl *rl;

	msg->add_rm = clone->add_rm != NULL ? dup_lump_list(clone->add_rm) : NULL;
	if (clone->add_rm != NULL && msg->add_rm == NULL)
		return -1;
	for (rl = clone->reply_lump; rl != NULL; rl = rl->next)
		if (add_lump_rpl(msg, rl->text.s, rl->text.len, rl->flags & ~LUMP_RPL_SHMEM) ==
			NULL)
			return -1;
	return 0;
}

int t_fake_req(struct sip_msg *msg, const struct sip_msg *clone)
{
	str buf = {clone->buf, (int)clone->len};

	if (t_parse_buf(msg, &buf) < 0)
		return -1;
	msg->id = clone->id;
	msg->rcv = clone->rcv;
	msg->flags = clone->flags;
	msg->msg_flags = (clone->msg_flags & ~FL_SHM_CLONE) | FL_TM_FAKE_REQ;
	msg->ruri_q = clone->ruri_q;
	msg->ruri_bflags = clone->ruri_bflags;
	msg->force_send_socket = clone->force_send_socket;
	msg->hash_index = clone->hash_index;
	if (restore_uris(msg, clone) == 0 && restore_lumps(msg, clone) == 0)
		return 0;
	LM_ERR("no more private memory\n");
	t_end_fake_req(msg);
	return -1;
}

void t_end_fake_req(struct sip_msg *msg)
{
	char *buf = msg->buf;

	free_sip_msg(msg);
	pkg_free(buf);
	memset(msg, 0, sizeof(*msg));
}
