/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transaction callbacks: who wants to know of what in the life of a transaction.
 *
 * TMCB_REQUEST_IN and TMCB_LOCAL_TRANS_NEW are registered for every transaction (before
 * forking); all others belong to one transaction. A callback's parameter is in shared memory,
 * since the callback runs in whatever process gets the reply or runs the timer. Its release
 * function runs when the transaction is destroyed, once.
 */
#ifndef TM_T_HOOKS_H
#define TM_T_HOOKS_H

struct sip_msg;
struct cell;

/* new transaction for a received request */
#define TMCB_REQUEST_IN (1 << 0)
/* reply received; not run for local transactions */
#define TMCB_RESPONSE_IN (1 << 1)
/* a branch is about to be sent */
#define TMCB_REQUEST_FWDED (1 << 2)
/* a reply is about to be relayed */
#define TMCB_RESPONSE_FWDED (1 << 3)
/* all branches failed */
#define TMCB_ON_FAILURE (1 << 5)
/* before and after a final reply is sent upstream */
#define TMCB_RESPONSE_PRE_OUT (1 << 6)
#define TMCB_RESPONSE_OUT     (1 << 7)
/* final reply, or FAKED_REPLY with 408, to a local transaction; the reply lock is not held */
#define TMCB_LOCAL_COMPLETED (1 << 8)
/* a provisional reply to a local transaction that has T_PASS_PROVISIONAL_FLAG */
#define TMCB_LOCAL_RESPONSE_OUT (1 << 9)
/* last one: the transaction is being destroyed */
#define TMCB_TRANS_DELETED (1 << 12)
/* any message that matched the transaction */
#define TMCB_MSG_MATCHED_IN (1 << 14)
/* new transaction for a request of ours */
#define TMCB_LOCAL_TRANS_NEW (1 << 16)

struct tmcb_params {
	struct sip_msg *req; /* received request, NULL in local transactions */
	struct sip_msg *rpl; /* reply, NULL, or FAKED_REPLY, which must not be dereferenced */
	int code;
	void **param; /* what was registered */
	void *extra1;
	void *extra2;
};

typedef void(transaction_cb)(struct cell *t, int type, struct tmcb_params *ps);
typedef void(release_tmcb_param)(void *param);
typedef int (*register_tmcb_f)(struct sip_msg *p_msg, struct cell *t, int cb_types,
	transaction_cb f, void *param, release_tmcb_param func);

struct tm_callback {
	int types;
	transaction_cb *callback;
	void *param;
	release_tmcb_param *release;
	struct tm_callback *next;
};

struct tmcb_head_list {
	struct tm_callback *first;
	int reg_types;
};

#define has_tran_tmcbs(_T_, _types_) (((_T_)->tmcb_hl.reg_types) & (_types_))

/*
 * Registers f for the types of events. For TMCB_REQUEST_IN and TMCB_LOCAL_TRANS_NEW t is
 * ignored; otherwise t is the transaction, or NULL for the current one.
 * Returns 1, or a negative error of error.h; on error release_func is not run.
 */
int register_tmcb(struct sip_msg *p_msg, struct cell *t, int types, transaction_cb f, void *param,
	release_tmcb_param release_func);

/* Adds to one list; for a transaction that nobody else knows of yet. 1, or E_OUT_OF_MEM. */
int insert_tmcb(struct tmcb_head_list *cb_list, int types, transaction_cb f, void *param,
	release_tmcb_param release_func);

/* Runs the callbacks of t that want this type. Locks are as the caller holds them. */
void run_trans_callbacks(
	int type, struct cell *t, struct sip_msg *req, struct sip_msg *rpl, int code);
/* Runs the callbacks registered for every transaction. */
void run_new_trans_callbacks(int type, struct cell *t, struct sip_msg *req, int code);

/* Runs release functions and frees the list. */
void empty_tmcb_list(struct tmcb_head_list *head);
void destroy_tmcb_lists(void);

#endif
