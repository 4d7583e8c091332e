/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module signaling: one way to reply, whether there is a transaction or not.
 */
#include "signaling.h"

#include "../sl/sl_api.h"
#include "../tm/tm_load.h"

static struct tm_binds tmb;
static struct sl_binds slb;
static int have_tm, have_sl;

static struct cell *transaction(void)
{
	struct cell *t = have_tm ? tmb.t_gett() : NULL;

	return t == T_UNDEFINED ? NULL : t;
}

static int sig_gen_totag(struct sip_msg *msg, str *tag)
{
	if (have_tm && (transaction() != NULL || !have_sl))
		return tmb.t_gen_totag(msg, tag);
	return slb.gen_totag(msg, tag);
}

static int sig_send_reply(struct sip_msg *msg, int code, const str *reason, str *tag)
{
	if (have_tm && (transaction() != NULL || !have_sl)) {
		if (transaction() == NULL && tmb.t_newtran(msg) <= 0) {
			LM_ERR("cannot make a transaction to reply in\n");
			return -1;
		}
		if (tag != NULL && tag->len == 0)
			tmb.t_gen_totag(msg, tag);
		return tmb.t_reply(msg, (unsigned int)code, reason);
	}
	return slb.reply(msg, code, reason, tag);
}

int load_sig(struct sig_binds *sigb)
{
	if (sigb == NULL)
		return -1;
	sigb->reply = sig_send_reply;
	sigb->gen_totag = sig_gen_totag;
	return 1;
}

static int w_send_reply(struct sip_msg *msg, int *code, str *reason)
{
	return sig_send_reply(msg, *code, reason, NULL);
}

static int mod_init(void)
{
	have_tm = load_tm_api(&tmb) == 0;
	have_sl = find_export("load_sl", 0) != NULL && load_sl_api(&slb) == 0;
	if (!have_tm && !have_sl) {
		LM_ERR("neither tm nor sl is loaded: no way to send a reply\n");
		return -1;
	}
	return 0;
}

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, (char *)"sl", DEP_SILENT},
		{MOD_TYPE_DEFAULT, (char *)"tm", DEP_SILENT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

static const cmd_export_t cmds[] = {
	{"send_reply", (cmd_function)(void *)w_send_reply,
		{{CMD_PARAM_INT, 0, 0}, {CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | ERROR_ROUTE | FAILURE_ROUTE},
	{"load_sig", (cmd_function)(void *)load_sig, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

struct module_exports exports = {
	.name = "signaling",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.init_f = mod_init,
};
