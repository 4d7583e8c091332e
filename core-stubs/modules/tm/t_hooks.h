/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transaction callbacks: who wants to know of what in the life of a transaction.
 *
 * A callback's parameter is in shared memory, since the callback runs in whatever process gets the
 * reply or runs the timer. Its release function runs when the transaction is destroyed, once.
 */
#ifndef TM_T_HOOKS_H
#define TM_T_HOOKS_H

struct sip_msg;
struct cell;

/* all branches failed */
#define TMCB_ON_FAILURE (1 << 5)
/* final reply, or FAKED_REPLY with 408, to a local transaction; the reply lock is not held */
#define TMCB_LOCAL_COMPLETED (1 << 8)

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
 * Registers f for the types of events of t, or of the current transaction if NULL.
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

/* Runs release functions and frees the list. */
void empty_tmcb_list(struct tmcb_head_list *head);

#endif
