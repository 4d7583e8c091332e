/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change to a message. Lumps of a message are a list sorted by offset, each an anchor or
 * a deletion; additions hang before or after one of those. LUMP_ADD_SUBST is an addition whose text
 * is known only when the message is sent.
 *
 *   msg->add_rm -> DEL 120+30 -> NOP (anchor) 400 -> ...
 *                                 | before: ADD "..." -> ADD "..."
 *                                 | after:  ADD "..."
 */
#ifndef lump_struct_h
#define lump_struct_h

#include "parser/hf.h"

enum lump_op {
	LUMP_NOP = 0,
	LUMP_DEL,
	LUMP_ADD,
	LUMP_ADD_SUBST
};

/* Host, port and transport as a URI has them, of the address we tell for a socket: */
enum lump_subst {
	SUBST_RCV_ALL, /* the one the request came in on */
	SUBST_SND_ALL  /* the one it is sent from */
};

enum lump_flag {
	LUMPFLAG_NONE = 0,
	LUMPFLAG_SHMEM = 2,  /* belongs to tm, not to be freed */
	LUMPFLAG_BRANCH = 4, /* made in a branch route: only for this branch */
	/* an addition for requests that leave from another address or transport than they came in
	 * on */
	LUMPFLAG_DIFF_REALMS = 8
};

struct lump {
	enum _hdr_types_t type;
	enum lump_op op;
	union {
		unsigned int offset; /* NOP and DEL: in msg->buf */
		char *value;         /* ADD: private memory, owned */
		enum lump_subst subst;
	} u;
	unsigned int len;
	struct lump *before;
	struct lump *after;
	struct lump *next;
	enum lump_flag flags;
};

/* One lump, without what hangs on it. */
void free_lump(struct lump *l);

/* A list with everything that hangs on it, but not what is marked LUMPFLAG_SHMEM. */
void free_lump_list(struct lump *l);

#endif
