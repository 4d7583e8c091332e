/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of our own.
 *
 * All return 1, or another value (negative: of error.h) on error, and then the release
 * function is NOT run: the caller frees the parameter. A failed send is no error; it is
 * logged and ends as a time-out. The callback gets TMCB_LOCAL_COMPLETED.
 */
#ifndef TM_UAC_H
#define TM_UAC_H

#include "../../str.h"
#include "dlg.h"
#include "t_hooks.h"

typedef int (*reqwith_t)(str *m, str *h, str *b, dlg_t *d, transaction_cb c, void *cp,
	release_tmcb_param release_func);
/*
 * Sends a request as the dialog says. headers: whole lines that end with CRLF, or NULL;
 * body: or NULL.
 */
int t_uac(str *method, str *headers, str *body, dlg_t *dialog, transaction_cb cb, void *cbp,
	release_tmcb_param release_func);

/* t_uac() in a confirmed dialog: CSeq is increased first, but for ACK and CANCEL. */
int req_within(str *m, str *h, str *b, dlg_t *d, transaction_cb c, void *cp,
	release_tmcb_param release_func);

#endif
