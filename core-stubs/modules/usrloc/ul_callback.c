/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of callbacks: made before forking, so that every process has the same one.
 */
#include "ul_callback.h"
#include "../../dprint.h"

#define MAX_UL_CALLBACKS 16

static struct {
	ul_cb_type types;
	ul_cb *f;
} callbacks[MAX_UL_CALLBACKS];
static int callback_no;

int register_ulcb(ul_cb_type types, ul_cb f)
{
	if (types < 0 || types > ULCB_MAX || !f) {
		LM_BUG("invalid callback types: mask=%d\n", types);
		return -1;
	}
	if (callback_no == MAX_UL_CALLBACKS) {
		LM_ERR("more than %d callbacks\n", MAX_UL_CALLBACKS);
		return -1;
	}
	callbacks[callback_no].types = types;
	callbacks[callback_no++].f = f;
	return 0;
}

void run_ul_callbacks(ul_cb_type type, void *binding, ul_cb_extra *extra)
{
	for (int i = 0; i < callback_no; i++)
		if (callbacks[i].types & type)
			callbacks[i].f(binding, type, extra);
}

void destroy_ulcb_list(void)
{
	callback_no = 0;
}
