/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a request of ours is built from: identity (Call-ID, tags, CSeq), URIs, next hop.
 */
#ifndef TM_DLG_H
#define TM_DLG_H

#include "../../ip_addr.h"
#include "../../str.h"
#include "../../usr_avp.h"
#include "h_table.h"

typedef struct dlg_seq {
	unsigned int value;
	unsigned char is_set;
} dlg_seq_t;

typedef enum dlg_state {
	DLG_NEW = 0,
	DLG_EARLY,
	DLG_CONFIRMED,
	DLG_DESTROYED,
} dlg_state_t;

typedef struct dlg_id {
	str call_id;
	str rem_tag;
	str loc_tag;
} dlg_id_t;

/* called when the transaction exists and nothing has been sent yet */
typedef void(t_uac_cb)(struct cell *t, void *param);

typedef struct dlg {
	dlg_id_t id;
	dlg_seq_t loc_seq;
	dlg_seq_t rem_seq;
	str loc_uri;    /* From */
	str rem_uri;    /* To */
	str obp;        /* next hop; no Route header comes of it, free_dlg() does not free it */
	str rem_target; /* R-URI */
	unsigned int T_flags; /* for the transaction */
	dlg_state_t state;
	const struct socket_info *send_sock; /* forced, if its protocol is the next hop's */
	t_uac_cb *t_created_cb;
	void *t_created_cb_param;
} dlg_t;

/*
 * Makes a dialog in shared memory out of copies of its strings. _luri: From, _turi: To,
 * _ruri: R-URI, or NULL for that of To. Returns 0 or a negative value: -1 a NULL argument,
 * -2 out of memory, -3 on.
 */
int new_dlg_uac(
	str *_cid, str *_ltag, unsigned int _lseq, str *_luri, str *_turi, str *_ruri, dlg_t **_d);
typedef int (*new_dlg_uac_f)(
	str *_cid, str *_ltag, unsigned int _lseq, str *_luri, str *_turi, str *_ruri, dlg_t **_d);

void free_dlg(dlg_t *_d);
typedef void (*free_dlg_f)(dlg_t *_d);

#endif
