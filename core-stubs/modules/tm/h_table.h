/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions, and the hash table that finds them.
 *
 * All in shared memory. A cell lives as long as somebody holds a reference: the hash table
 * (until the wait timer ends), every timer that is set, and every process that works on it
 * (t_lookup, t_check, t_uac take one; t_unref drops it). The last one frees the cell, in
 * whatever process, never under a lock.
 *
 * Locks: one per hash entry, for the list; reply_mutex per transaction, for everything that
 * replies and time-outs change. The timer wheel's lock may be taken under both.
 */
#ifndef TM_H_TABLE_H
#define TM_H_TABLE_H

#include "../../atomic.h"
#include "../../config.h"
#include "../../ip_addr.h"
#include "../../locking.h"
#include "../../parser/msg_parser.h"
#include "../../proxy.h"
#include "../../route.h"
#include "../../str.h"
#include "../../usr_avp.h"
#include "t_hooks.h"
#include "timer.h"

#define TM_TABLE_ENTRIES (1 << 14)

struct cell;

/* A message kept for retransmission, and where it goes. */
struct retr_buf {
	int activ_type; /* code of a reply, 0: request, TYPE_LOCAL_CANCEL */
	str buffer;     /* shared memory, own allocation */
	struct dest_info dst;
	struct timer_link retr_timer;
	struct timer_link fr_timer;
	unsigned int retr_interval; /* ms to the next retransmission */
};
#define TYPE_LOCAL_CANCEL (-1)
#define TYPE_REQUEST      0

/* Server side: the request as received, the last reply sent. */
struct ua_server {
	struct sip_msg *request; /* clone in shared memory, see t_msg.h; NULL in local ones */
	struct retr_buf response;
	unsigned int status; /* code of the last reply sent, 0 before */
};

/* Client side: one branch. */
struct ua_client {
	struct retr_buf request;
	struct retr_buf local_cancel;
	short flags;
	short last_received; /* code of the last reply, 0 before */
	str reply_buf;       /* a negative final reply, ready to be relayed if it is picked */
	str uri;             /* R-URI of this branch, own allocation */
	int br_flags;
	struct script_route_ref *on_reply;
};
/* flags of a branch */
#define T_UAC_TO_CANCEL_FLAG (1 << 0)
#define T_UAC_HAS_RECV_REPLY (1 << 1)
#define T_UAC_FINAL          (1 << 3) /* a final reply or time-out was taken */
#define T_UAC_UNSENT         (1 << 4) /* it could not be sent: as if it were not there */

/* flags of a transaction */
#define T_IS_INVITE_FLAG (1 << 0)
/* our own request, or t_replicate: replies are absorbed */
#define T_IS_LOCAL_FLAG        (1 << 1)
#define T_WAS_CANCELLED_FLAG   (1 << 3) /* by a CANCEL that came in */
#define T_6xx_FLAG             (1 << 4) /* a callee has refused for all */
#define T_NO_DNS_FAILOVER_FLAG (1 << 7)

/* Why a transaction need not be ended when the script is over. */
enum kill_reason {
	REQ_FWDED = 1,
	REQ_RPLD = 2,
	REQ_RLSD = 4,
	REQ_EXIST = 8
};

struct cell {
	struct cell *next_cell;
	struct cell *prev_cell;
	unsigned int hash_index;
	unsigned int label; /* with hash_index: the identity, also across restarts (random start) */
	unsigned int flags;
	atomic_t ref_count;

	/* what requests are matched by, into uas.request->buf; empty in local transactions */
	str method;
	str callid, cseq_n;
	str ruri, from_tag;
	str via_branch, via_host;
	unsigned short via_port;
	int method_id; /* enum request_method */

	struct tmcb_head_list tmcb_hl;
	struct timer_link wait_tl;

	int first_branch;    /* first branch of the current round of forking */
	int nr_of_outgoings; /* branches made so far */
	/* branch whose reply was relayed; -1: none yet, -2: a reply of our own */
	int relaied_reply_branch;
	struct ua_server uas;
	struct ua_client *uac[MAX_BRANCHES]; /* [0, nr_of_outgoings), each its own allocation */

	gen_lock_t reply_mutex;

	struct script_route_ref *on_negative;
	struct script_route_ref *on_reply;
	struct script_route_ref *on_branch;

	int fr_timeout;     /* seconds to the final reply */
	int fr_inv_timeout; /* seconds to the final reply of an INVITE after a provisional one */

	struct usr_avp *user_avps;
	unsigned char hashed;    /* in the table */
	unsigned char picking;   /* a process runs failure_route */
	unsigned char completed; /* a local transaction has had its final reply */
	unsigned char waiting;   /* the wait timer runs: nothing but absorbing is left */
};

struct entry {
	struct cell *first_cell;
	struct cell *last_cell;
	unsigned int next_label;
	gen_lock_t mutex;
};

struct s_table {
	struct entry entrys[TM_TABLE_ENTRIES];
};

#define is_invite(_t_)     ((_t_)->flags & T_IS_INVITE_FLAG)
#define is_local(_t_)      ((_t_)->flags & T_IS_LOCAL_FLAG)
#define was_cancelled(_t_) ((_t_)->flags & T_WAS_CANCELLED_FLAG)

#define LOCK_REPLIES(_t)   lock_get(&(_t)->reply_mutex)
#define UNLOCK_REPLIES(_t) lock_release(&(_t)->reply_mutex)
#define LOCK_HASH(_h)      lock_get(&get_tm_table()->entrys[(_h)].mutex)
#define UNLOCK_HASH(_h)    lock_release(&get_tm_table()->entrys[(_h)].mutex)

/* Makes the table, in shared memory. 0, or -1 when out of memory. */
int init_hash_table(void);
/* Frees every transaction left, without callbacks other than releases, and the table. */
void free_hash_table(void);
struct s_table *get_tm_table(void);
unsigned int tm_hash(const str *callid, const str *cseq_n);
/* Transactions in existence. */
unsigned int transaction_count(void);

/* An empty transaction with one reference for the caller, not hashed; NULL: out of memory. */
struct cell *build_cell(void);
/* Enters into the table, which gets a reference; gives the label. The entry's lock is held. */
void insert_into_hash_table_unsafe(struct cell *t, unsigned int hash);
/* Takes out of the table, if in there, and drops the table's reference. */
void remove_from_hash_table(struct cell *t);

/* A new branch; NULL when out of memory or at MAX_BRANCHES. Reply lock or nobody else. */
struct ua_client *new_branch(struct cell *t);

void t_ref_cell(struct cell *t);
/* Drops a reference; the last one frees. No lock may be held. */
void t_unref_cell(struct cell *t);

#endif
