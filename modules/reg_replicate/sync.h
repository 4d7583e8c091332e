/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Synchronous mode: the phone is answered when enough peers have what it registered.
 *
 * registrar makes its answer as always and hands it to module signaling; there it is caught,
 * kept, and sent later in the request's transaction, by whatever process learns that it is time.
 */
#ifndef REG_REPLICATE_SYNC_H
#define REG_REPLICATE_SYNC_H

#include <stdbool.h>

#include "engine/engine.h"
#include "../../parser/msg_parser.h"
#include "../signaling/signaling.h"

/* What a script says with sync=, timeout= and on-timeout=. */
struct sync_flags {
	int peers;   /* that have to acknowledge; 0: asynchronous */
	int timeout; /* ms */
	bool fail;   /* answer 503, not 200, when they have not */
};

#define SYNC_TIMEOUT     500 /* ms, where none is given */
#define SYNC_TIMEOUT_MAX 30000

/* Before forking. 0, or -1 after an error line. */
int sync_init(void);
/* At the very end: those who still wait get no answer. No lock: nobody else is left. */
void sync_destroy(struct rr_engine *e);

/*
 * Exported as load_sig, the name by which modules find signaling's functions: what is loaded last
 * is found first. Hands out signaling's own, with a reply function that knows of us.
 */
int sync_load_sig(struct sig_binds *sigb);
/* Does registrar have that one? Only where reg_replicate is loaded after signaling. */
bool sync_possible(void);

/*
 * Around registrar's save(), of a request. Makes its transaction. 1: go on; 0: it came again, and
 * is dealt with; -1: not possible here, with an error line.
 */
int sync_begin(struct sip_msg *msg, const struct sync_flags *how);
void sync_end(void);
/* A change has been made by this process (stamp NULL: it could not be). Engine locked. */
void sync_changed(struct rr_engine *e, const struct rr_key *key, const struct rr_stamp *stamp);

/* Sends the answers whose time has come. No lock held; any process with a script. */
void sync_answer(void);

#endif
