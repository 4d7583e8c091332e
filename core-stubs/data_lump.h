/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to a message that will be forwarded. Of OpenSIPS's substitutions there is what
 * Record-Route needs, as condition a flag; changes of the body are left out.
 */
#ifndef data_lump_h
#define data_lump_h

#include "lump_struct.h"
#include "parser/msg_parser.h"
#include "parser/hf.h"

/* Given to every new lump; LUMPFLAG_BRANCH while a branch route runs. */
extern int init_lump_flags;

#define set_init_lump_flags(_flags) (init_lump_flags = (_flags))
#define reset_init_lump_flags()     (init_lump_flags = 0)

/*
 * Add text after or before another lump; the last one added is nearest to it. new_hdr is private
 * memory that belongs to the lump from then on; on NULL (no memory, a wrong argument) it still
 * belongs to the caller.
 */
struct lump *insert_new_lump_after(
	struct lump *after, char *new_hdr, unsigned int len, enum _hdr_types_t type);
struct lump *insert_new_lump_before(
	struct lump *before, char *new_hdr, unsigned int len, enum _hdr_types_t type);

/* Adds what is told of a socket, after another lump. NULL without memory. */
struct lump *insert_subst_lump_after(
	struct lump *after, enum lump_subst subst, enum _hdr_types_t type);

/* Deletes len bytes of the headers, at an offset of msg->buf. NULL without memory, or when it is
 * not within the headers. */
struct lump *del_lump(
	struct sip_msg *msg, unsigned int offset, unsigned int len, enum _hdr_types_t type);

/* A place to add at, within the headers or at their end (msg->unparsed once all are parsed). */
struct lump *anchor_lump(struct sip_msg *msg, unsigned int offset, enum _hdr_types_t type);

/* A copy in private memory, flags included but LUMPFLAG_SHMEM. NULL without memory. */
struct lump *dup_lump_list(struct lump *l);

#endif
