/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script functions that need no module: flags, the address that is told and the socket to send
 * from, stateless forwarding. Names and parameters are those of OpenSIPS 3.6.
 */
#include "core_cmds.h"

#include "dprint.h"
#include "dset.h"
#include "error.h"
#include "flags.h"
#include "forward.h"
#include "mem/mem.h"
#include "parser/parse_uri.h"
#include "proxy.h"
#include "qvalue.h"
#include "route.h"
#include "serialize.h"
#include "socket_info.h"
#include "ut.h"

/* --- flags ---------------------------------------------------------------------------------- */

static int fixup_flag_of(int type, void **param)
{
	str *name = *param;
	unsigned int mask = name->len ? fixup_flag(type, name) : NAMED_FLAG_ERROR;

	if (mask == NAMED_FLAG_ERROR) {
		LM_ERR("no flag '%.*s'\n", name->len, name->s);
		return E_CFG;
	}
	*param = (void *)(long)mask;
	return 0;
}

static int fixup_mflag(void **param)
{
	return fixup_flag_of(FLAG_TYPE_MSG, param);
}

static int fixup_bflag(void **param)
{
	return fixup_flag_of(FLAG_TYPE_BRANCH, param);
}

static int w_setflag(struct sip_msg *msg, void *mask)
{
	return setflag(msg, (flag_t)(long)mask);
}

static int w_resetflag(struct sip_msg *msg, void *mask)
{
	return resetflag(msg, (flag_t)(long)mask);
}

static int w_isflagset(struct sip_msg *msg, void *mask)
{
	return isflagset(msg, (flag_t)(long)mask);
}

static int w_setbflag(struct sip_msg *msg, void *mask, int *branch)
{
	return setbflag(msg, branch ? *branch : 0, (unsigned int)(long)mask);
}

static int w_resetbflag(struct sip_msg *msg, void *mask, int *branch)
{
	return resetbflag(msg, branch ? *branch : 0, (unsigned int)(long)mask);
}

static int w_isbflagset(struct sip_msg *msg, void *mask, int *branch)
{
	return isbflagset(msg, branch ? *branch : 0, (unsigned int)(long)mask);
}

/* --- transport ---------------------------------------------------------------------------------
 */

static int w_force_rport(struct sip_msg *msg)
{
	msg->msg_flags |= FL_FORCE_RPORT;
	return 1;
}

static int set_text(str *dst, const str *src)
{
	str copy;

	if (pkg_nt_str_dup(&copy, src) < 0)
		return -1;
	pkg_free(dst->s);
	*dst = copy;
	return 1;
}

static int w_set_adv_address(struct sip_msg *msg, str *s)
{
	return set_text(&msg->set_global_address, s);
}

static int w_set_adv_port(struct sip_msg *msg, str *s)
{
	return set_text(&msg->set_global_port, s);
}

static int fixup_socket(void **param)
{
	str *s = *param;
	const struct socket_info *si = parse_sock_info(s);

	if (!si) {
		LM_ERR("no such listener: %.*s\n", s->len, s->s);
		return E_CFG;
	}
	*param = (void *)(uintptr_t)si;
	return 0;
}

static int w_force_send_socket(struct sip_msg *msg, struct socket_info *si)
{
	msg->force_send_socket = si;
	return 1;
}

static int w_is_myself(struct sip_msg *msg, str *host, int *port)
{
	(void)msg;
	return check_self(host, port ? (unsigned short)*port : 0, PROTO_NONE) == 1 ? 1 : -1;
}

/* --- branches ------------------------------------------------------------------------------- */

static int fixup_q(void **param)
{
	str *s = *param;
	qvalue_t q = Q_UNSPECIFIED;

	if (s && s->len && str2q(&q, s->s, s->len) < 0) {
		LM_ERR("q is '%.*s', not 0 to 1\n", s->len, s->s);
		return E_CFG;
	}
	*param = (void *)(long)q;
	return 0;
}

static int w_append_msg_branch(struct sip_msg *msg, str *uri, void *q)
{
	struct msg_branch b = {
		.uri = *uri,
		.q = (int)(long)q,
		.force_send_socket = msg->force_send_socket,
		.bflags = msg->ruri_bflags,
	};

	return append_msg_branch(&b);
}

static int w_serialize_branches(struct sip_msg *msg, int *clear, int *keep_order)
{
	return serialize_branches(msg, *clear, keep_order ? *keep_order : 0) < 0 ? -1 : 1;
}

static int w_isdsturiset(struct sip_msg *msg)
{
	return msg->dst_uri.len ? 1 : -1;
}

/* Puts a text with pseudo-variables, already expanded, into a variable. */
static int w_pv_printf(struct sip_msg *msg, pv_spec_t *var, str *text)
{
	pv_value_t v = {.rs = *text, .flags = PV_VAL_STR};

	return pv_set_value(msg, var, EQ_T, &v) < 0 ? -1 : 1;
}

static int fixup_writable(void **param)
{
	if (pv_is_w((pv_spec_t *)*param))
		return 0;
	LM_ERR("a pseudo-variable that can be written is expected\n");
	return E_CFG;
}

/* Destination of forward(): "[proto:]host[:port]", or the message's next hop. */
static struct proxy_l *forward_target(struct sip_msg *msg, str *to)
{
	int port = 0, proto = PROTO_NONE, len;
	struct sip_uri uri;
	str *next, name;
	char *host;

	if (to) {
		if (parse_phostport(to->s, to->len, &host, &len, &port, &proto) < 0) {
			LM_ERR("bad destination '%.*s'\n", to->len, to->s);
			return NULL;
		}
		name = (str){host, len};
		return mk_proxy(&name, port, proto, 0);
	}
	next = GET_NEXT_HOP(msg);
	if (parse_uri(next->s, next->len, &uri) < 0) {
		LM_ERR("bad URI '%.*s'\n", next->len, next->s);
		return NULL;
	}
	return mk_proxy(uri.maddr_val.len ? &uri.maddr_val : &uri.host, uri.port_no, uri.proto,
		uri.type == SIPS_URI_T);
}

/* Who forwards requests without a transaction wants their replies forwarded, too. */
static int fixup_forward(void **param)
{
	(void)param;
	if (sl_fwd_disabled > 0) {
		LM_ERR("forward() is used, but disable_stateless_fwd is set\n");
		return E_CFG;
	}
	sl_fwd_disabled = 0;
	return 0;
}

static int w_forward(struct sip_msg *msg, str *to)
{
	struct proxy_l *p = forward_target(msg, to);
	int rc;

	if (!p)
		return E_BAD_ADDRESS;
	rc = forward_request(msg, p);
	free_proxy(p);
	pkg_free(p);
	return rc >= 0 ? 1 : rc;
}

#define ANY(_name, _f, ...)                                                                        \
	{                                                                                          \
		_name, (cmd_function)(void (*)(void))_f, {__VA_ARGS__{0, 0, 0}}, ALL_ROUTES        \
	}
#define STR_ARG {CMD_PARAM_STR, 0, 0},

const cmd_export_t core_cmds[] = {
	ANY("setflag", w_setflag, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_mflag, 0}, ),
	ANY("resetflag", w_resetflag, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_mflag, 0}, ),
	ANY("isflagset", w_isflagset, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_mflag, 0}, ),
	ANY("setbflag", w_setbflag, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_bflag, 0},
		{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, ),
	ANY("resetbflag", w_resetbflag, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_bflag, 0},
		{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, ),
	ANY("isbflagset", w_isbflagset, {CMD_PARAM_STR | CMD_PARAM_STATIC, fixup_bflag, 0},
		{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, ),
	ANY("force_rport", w_force_rport, ),
	ANY("set_advertised_address", w_set_adv_address, STR_ARG),
	ANY("set_advertised_port", w_set_adv_port, STR_ARG),
	ANY("force_send_socket", w_force_send_socket, {CMD_PARAM_STR, fixup_socket, 0}, ),
	ANY("is_myself", w_is_myself, STR_ARG{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, ),
	ANY("append_msg_branch", w_append_msg_branch,
		STR_ARG{CMD_PARAM_STR | CMD_PARAM_OPT | CMD_PARAM_FIX_NULL, fixup_q, 0}, ),
	ANY("serialize_branches", w_serialize_branches, {CMD_PARAM_INT, 0, 0},
		{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, ),
	ANY("next_branches", next_branches, ),
	ANY("isdsturiset", w_isdsturiset, ),
	ANY("pv_printf", w_pv_printf, {CMD_PARAM_VAR, fixup_writable, 0}, STR_ARG),
	ANY("forward", w_forward, {CMD_PARAM_STR | CMD_PARAM_OPT, fixup_forward, 0}, ),
	{NULL, NULL, {{0, 0, 0}}, 0},
};
