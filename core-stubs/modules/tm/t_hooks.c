/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of transaction callbacks.
 */
#include "t_hooks.h"

#include "../../dprint.h"
#include "../../error.h"
#include "../../mem/shm_mem.h"
#include "h_table.h"
#include "t_lookup.h"

#define KNOWN_TYPES (TMCB_ON_FAILURE | TMCB_LOCAL_COMPLETED)

int insert_tmcb(struct tmcb_head_list *cb_list, int types, transaction_cb f, void *param,
	release_tmcb_param release_func)
{
	struct tm_callback *cb = shm_malloc(sizeof(*cb));

	if (cb == NULL) {
		LM_ERR("no more shared memory\n");
		return E_OUT_OF_MEM;
	}
	cb->types = types;
	cb->callback = f;
	cb->param = param;
	cb->release = release_func;
	cb->next = cb_list->first;
	cb_list->first = cb;
	cb_list->reg_types |= types;
	return 1;
}

int register_tmcb(struct sip_msg *p_msg, struct cell *t, int types, transaction_cb f, void *param,
	release_tmcb_param release_func)
{
	(void)p_msg;
	if (f == NULL || types == 0 || (types & ~KNOWN_TYPES) != 0) {
		LM_CRIT("no callback, or types %#x that are not covered\n", (unsigned int)types);
		return E_BUG;
	}
	if (t == NULL)
		t = get_t();
	if (t == NULL || t == T_UNDEFINED) {
		LM_ERR("no transaction to register a callback for\n");
		return E_BUG;
	}
	return insert_tmcb(&t->tmcb_hl, types, f, param, release_func);
}

void run_trans_callbacks(
	int type, struct cell *t, struct sip_msg *req, struct sip_msg *rpl, int code)
{
	struct tmcb_params ps = {.req = req, .rpl = rpl, .code = code};
	struct tm_callback *cb;

	for (cb = t->tmcb_hl.first; cb != NULL; cb = cb->next)
		if ((cb->types & type) != 0) {
			ps.param = &cb->param;
			cb->callback(t, type, &ps);
		}
}

void empty_tmcb_list(struct tmcb_head_list *head)
{
	struct tm_callback *cb;

	while ((cb = head->first) != NULL) {
		head->first = cb->next;
		if (cb->release != NULL)
			cb->release(cb->param);
		shm_free(cb);
	}
	head->reg_types = 0;
}
