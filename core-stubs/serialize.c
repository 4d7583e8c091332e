/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial forking. The AVPs' values are bytes: a struct saved, with its texts behind it. */
#include "serialize.h"

#include "dprint.h"
#include "dset.h"
#include "mem/mem.h"
#include "usr_avp.h"

struct saved {
	int class;
	int q;
	unsigned int bflags;
	const struct socket_info *sock; /* sockets are constant, and the same in all processes */
	int uri, dst_uri, path;         /* lengths */
};

static int avp_id = -1;

int init_serialization(void)
{
	str name = str_init("serial_branch");

	avp_id = get_avp_id(&name);
	return avp_id < 0 ? -1 : 0;
}

static struct msg_branch first_of(struct sip_msg *msg)
{
	return (struct msg_branch){.uri = *GET_RURI(msg),
		.dst_uri = msg->dst_uri,
		.path = msg->path_vec,
		.q = msg->ruri_q,
		.force_send_socket = msg->force_send_socket,
		.bflags = msg->ruri_bflags};
}

/* In front of those saved before. 0 or -1. */
static int save(const struct msg_branch *b, int class)
{
	struct saved s = {class, b->q, b->bflags, b->force_send_socket, b->uri.len, b->dst_uri.len,
		b->path.len};
	int_str val;
	char *p;
	int rc;

	val.s.len = (int)sizeof(s) + s.uri + s.dst_uri + s.path;
	val.s.s = p = pkg_malloc((size_t)val.s.len);
	if (!p) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	memcpy(p, &s, sizeof(s));
	p += sizeof(s);
	memcpy(p, b->uri.s, (size_t)s.uri);
	if (s.dst_uri)
		memcpy(p + s.uri, b->dst_uri.s, (size_t)s.dst_uri);
	if (s.path)
		memcpy(p + s.uri + s.dst_uri, b->path.s, (size_t)s.path);
	rc = add_avp(AVP_VAL_STR, avp_id, val);
	pkg_free(val.s.s);
	return rc;
}

/* Highest q first; those of one q stay as they are. */
static void sort(struct msg_branch *b, int n)
{
	int i, j;

	for (i = 1; i < n; i++) {
		struct msg_branch key = b[i];

		for (j = i; j > 0 && b[j - 1].q < key.q; j--)
			b[j] = b[j - 1];
		b[j] = key;
	}
}

int serialize_branches(struct sip_msg *msg, int clear, int keep_order)
{
	struct msg_branch all[MAX_BRANCHES], *b;
	int class[MAX_BRANCHES];
	int n = 1, i, rc = 0;

	if (clear)
		destroy_avps(0, avp_id, 1);
	all[0] = first_of(msg);
	for (i = 0; (b = get_msg_branch((unsigned int)i)) != NULL; i++)
		all[n++] = *b;
	if (n == 1)
		return 0;
	if (!keep_order)
		sort(all, n);
	class[0] = 0;
	for (i = 1; i < n; i++)
		class[i] = class[i - 1] + (keep_order || all[i].q != all[i - 1].q);
	/* all at once: they stay the branches they are */
	if (class[n - 1] == 0)
		return 0;
	for (i = n - 1; i >= 0 && rc == 0; i--)
		rc = save(&all[i], class[i]);
	clear_dset();
	return rc;
}

/* The branch in an AVP; its texts are parts of it. */
static struct msg_branch unpack(const str *val, int *class)
{
	struct saved s;
	char *p = val->s + sizeof(s);

	memcpy(&s, val->s, sizeof(s));
	*class = s.class;
	return (struct msg_branch){.uri = {p, s.uri},
		.dst_uri = {p + s.uri, s.dst_uri},
		.path = {p + s.uri + s.dst_uri, s.path},
		.q = s.q,
		.force_send_socket = s.sock,
		.bflags = s.bflags};
}

static int make_first(struct sip_msg *msg, struct msg_branch *b)
{
	if (set_ruri(msg, &b->uri) < 0)
		return -1;
	reset_dst_uri(msg);
	clear_path_vector(msg);
	if ((b->dst_uri.len && set_dst_uri(msg, &b->dst_uri) < 0) ||
		(b->path.len && set_path_vector(msg, &b->path) < 0))
		return -1;
	set_ruri_q(msg, b->q);
	setb0flags(msg, b->bflags);
	msg->force_send_socket = b->force_send_socket;
	return 0;
}

int next_branches(struct sip_msg *msg)
{
	struct usr_avp *avp;
	struct msg_branch b;
	int_str val;
	int class, first = -1, rc = 0;

	while ((avp = search_first_avp(0, avp_id, &val, NULL)) != NULL && rc == 0) {
		b = unpack(&val.s, &class);
		if (first >= 0 && class != first)
			return 1;
		if (first < 0)
			rc = make_first(msg, &b);
		else if (append_msg_branch(&b) < 0)
			rc = -1;
		first = class;
		destroy_avp(avp);
	}
	return rc < 0 ? -2 : first < 0 ? -1 : 2;
}
