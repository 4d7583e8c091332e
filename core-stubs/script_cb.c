/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callbacks around the script: one list for each kind, highest priority first. */
#include "script_cb.h"

#include "dprint.h"
#include "error.h"
#include "mem/mem.h"

struct script_cb {
	cb_function *f;
	void *param;
	int prio;
	struct script_cb *next;
};

static struct script_cb *pre_req, *post_req, *pre_rpl, *post_rpl, *parse_err;

static int insert(struct script_cb **list, cb_function f, void *param, int prio)
{
	struct script_cb *cb = pkg_malloc(sizeof(*cb));

	if (!cb) {
		PKG_MEM_ERROR;
		return E_OUT_OF_MEM;
	}
	while (*list && (*list)->prio >= prio)
		list = &(*list)->next;
	*cb = (struct script_cb){f, param, prio, *list};
	*list = cb;
	return 0;
}

int __register_script_cb(cb_function f, int type, void *param, int prio)
{
	const struct {
		int when, what;
		struct script_cb **list;
	} kinds[] = {
		{PRE_SCRIPT_CB, REQ_TYPE_CB, &pre_req},
		{POST_SCRIPT_CB, REQ_TYPE_CB, &post_req},
		{PRE_SCRIPT_CB, RPL_TYPE_CB, &pre_rpl},
		{POST_SCRIPT_CB, RPL_TYPE_CB, &post_rpl},
		{PARSE_ERR_CB, PARSE_ERR_CB, &parse_err},
	};
	unsigned int i;
	int done = 0, rc;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!(type & kinds[i].when) || !(type & kinds[i].what))
			continue;
		rc = insert(kinds[i].list, f, param, prio);
		if (rc < 0)
			return rc;
		done++;
	}
	if (done)
		return 0;
	LM_BUG("callback of type %d: it says not both when and for what\n", type);
	return E_BUG;
}

static void drop(struct script_cb **list)
{
	struct script_cb *cb;

	while ((cb = *list)) {
		*list = cb->next;
		pkg_free(cb);
	}
}

void destroy_script_cb(void)
{
	drop(&pre_req);
	drop(&post_req);
	drop(&pre_rpl);
	drop(&post_rpl);
	drop(&parse_err);
}

static int run(struct script_cb *cb, struct sip_msg *msg)
{
	int mask = SCB_RUN_ALL, rc;

	for (; cb; cb = cb->next) {
		rc = cb->f(msg, cb->param);
		if (rc == SCB_DROP_MSG)
			return SCB_DROP_MSG;
		mask &= rc;
	}
	return mask;
}

int exec_pre_req_cb(struct sip_msg *msg)
{
	return run(pre_req, msg);
}

int exec_post_req_cb(struct sip_msg *msg)
{
	return run(post_req, msg);
}

int exec_pre_rpl_cb(struct sip_msg *msg)
{
	return run(pre_rpl, msg);
}

int exec_post_rpl_cb(struct sip_msg *msg)
{
	return run(post_rpl, msg);
}

int exec_parse_err_cb(struct sip_msg *msg)
{
	return run(parse_err, msg);
}
