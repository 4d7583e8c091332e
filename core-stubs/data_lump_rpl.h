/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers and the body that a script or module adds to a reply before it is made. */
#ifndef data_lump_rpl_h
#define data_lump_rpl_h

#include "parser/msg_parser.h"

#define LUMP_RPL_HDR    (1 << 1) /* whole header lines with their CRLF */
#define LUMP_RPL_BODY   (1 << 2) /* at most one */
#define LUMP_RPL_NODUP  (1 << 3) /* do not copy the text ... */
#define LUMP_RPL_NOFREE (1 << 4) /* ... nor free it (static text) */
#define LUMP_RPL_SHMEM  (1 << 5) /* belongs to tm */

struct lump_rpl {
	str text;
	int flags;
	struct lump_rpl *next;
};

/* Adds one at the end of the list. NULL without memory, or for a second body. */
struct lump_rpl *add_lump_rpl(struct sip_msg *msg, char *s, int len, int flags);

void free_lump_rpl(struct lump_rpl *lump);

/* The first one with one of these flags. */
struct lump_rpl *get_lump_rpl(struct sip_msg *msg, int flags);

/* Frees those that are not LUMP_RPL_SHMEM. */
void del_nonshm_lump_rpl(struct lump_rpl **list);

#endif
