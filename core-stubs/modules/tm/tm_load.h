/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C interface of tm for other modules.
 */
#ifndef TM_LOAD_H
#define TM_LOAD_H

#include "../../sr_module.h"
#include "dlg.h"
#include "h_table.h"
#include "t_hooks.h"
#include "t_lookup.h"
#include "t_reply.h"
#include "uac.h"

struct tm_binds {
	register_tmcb_f register_tmcb;
	tnewtran_f t_newtran;
	treply_f t_reply;
	treply_wb_f t_reply_with_body;
	tgen_totag_f t_gen_totag;
	tlookup_ident_f t_lookup_ident;
	reqwith_t t_request_within;
	new_dlg_uac_f new_dlg_uac;
	free_dlg_f free_dlg;
	tgett_f t_gett;
	tunrefcell_f unref_cell;
	setkr_f t_setkr;
};

typedef int (*load_tm_f)(struct tm_binds *tmb);
int load_tm(struct tm_binds *tmb);

/* Fills tmb. 0, or -1 when tm is not loaded. */
static inline int load_tm_api(struct tm_binds *tmb)
{
	load_tm_f load = (load_tm_f)(void *)find_export("load_tm", 0);

	return load != NULL && load(tmb) != -1 ? 0 : -1;
}

#endif
