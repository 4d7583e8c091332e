/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What routing scripts call: save_replicate(), add_sock_hdr(), is_replica_peer().
 * handle_replica() has a file of its own, receive.c.
 */
#ifndef REG_REPLICATE_SCRIPT_H
#define REG_REPLICATE_SCRIPT_H

#include "../../sr_module.h"

/* Finds registrar's save(). Returns 0, or -1 after an error line. */
int script_init(void);

/* Fixup of a domain: one that is replicated, or left out. */
int fix_domain(void **param);
/* Fixups of save_replicate()'s domain and flags: registrar's own, after ours. */
int fix_save_domain(void **param);
int fix_save_flags(void **param);
int free_save_flags(void **param);

/* registrar's save() with its return codes; what it changes is replicated. */
int w_save_replicate(struct sip_msg *msg, void *domain, void *flags, str *aor);

/* Adds "name: proto:ip:port" of the socket that the request came in on. 1, or -1. */
int w_add_sock_hdr(struct sip_msg *msg, str *name);

/* Does the message come from a listed peer (from that one)? 1 yes, -1 no. */
int w_is_replica_peer(struct sip_msg *msg, int *node_id);

#endif
