/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module registrar: save(), lookup(), is_registered(), add_sock_hdr().
 *
 * Left out, and refused when a configuration asks for it: push notifications,
 * saving from replies, tcp_persistent_flag, remove() and its like.
 */
#include "registrar.h"

#include "../../data_lump.h"
#include "../../mod_fix.h"
#include "../../socket_info.h"
#include "../../usr_avp.h"

static char *received_avp_spec;
static char *attr_avp_spec;
static char *received_param_s;
static char *sock_hdr_name_s;
static char *gruu_secret_s;
static stat_var *max_expires_stat, *max_contacts_stat, *default_expire_stat;

static int set_pn_enable(modparam_t type, void *val)
{
	(void)type;
	if (!val)
		return 0;
	LM_ERR("pn_enable: push notifications are left out\n");
	return -1;
}

static const param_export_t params[] = {
	{"default_expires", INT_PARAM, &default_expires},
	{"min_expires", INT_PARAM, &min_expires},
	{"max_expires", INT_PARAM, &max_expires},
	{"default_q", INT_PARAM, &default_q},
	{"case_sensitive", INT_PARAM, &case_sensitive},
	{"received_avp", STR_PARAM, &received_avp_spec},
	{"received_param", STR_PARAM, &received_param_s},
	{"attr_avp", STR_PARAM, &attr_avp_spec},
	{"sock_hdr_name", STR_PARAM, &sock_hdr_name_s},
	{"max_contacts", INT_PARAM, &max_contacts},
	{"max_username_len", INT_PARAM, &max_username_len},
	{"max_domain_len", INT_PARAM, &max_domain_len},
	{"max_aor_len", INT_PARAM, &max_aor_len},
	{"retry_after", INT_PARAM, &retry_after},
	{"allow_dup_cseq", INT_PARAM, &allow_dup_cseq},
	{"disable_gruu", INT_PARAM, &disable_gruu},
	{"gruu_secret", STR_PARAM, &gruu_secret_s},
	{"pn_enable", INT_PARAM | USE_FUNC_PARAM, (void *)set_pn_enable},
	{0, 0, 0},
};

static const stat_export_t stats[] = {
	{"max_expires", STAT_NO_RESET, &max_expires_stat},
	{"max_contacts", STAT_NO_RESET, &max_contacts_stat},
	{"default_expire", STAT_NO_RESET, &default_expire_stat},
	{"accepted_regs", 0, &accepted_registrations},
	{"rejected_regs", 0, &rejected_registrations},
	{0, 0, 0},
};

/* --- fixups ------------------------------------------------------------------------------ */

/* From a domain's name to the domain. Before forking. */
static int domain_fixup(void **param)
{
	udomain_t *d;
	str name;

	if (pkg_nt_str_dup(&name, *param) < 0)
		return E_UNSPEC;
	if (ul.register_udomain(name.s, &d) < 0) {
		LM_ERR("failed to register domain '%s'\n", name.s);
		pkg_free(name.s);
		return E_UNSPEC;
	}
	pkg_free(name.s);
	*param = d;
	return 0;
}

static int save_flags_fixup(void **param)
{
	struct save_flags defaults = {
		.max_contacts = max_contacts,
		.min_expires = min_expires,
		.max_expires = max_expires,
		.cmatch.mode = CT_MATCH_NONE,
	};

	return reg_fixup_save_flags(param, &defaults);
}

/* The bits are REG_LOOKUP_*_FLAG. */
static int lookup_flags_fixup(void **param)
{
	static str names[] = {str_init("no-branches"), str_init("method-filtering"), STR_NULL};

	return fixup_named_flags(param, names, NULL, NULL);
}

/* --- add_sock_hdr ------------------------------------------------------------------------ */

/* "name: udp:1.2.3.4:5060" with the listener's advertised address if it has one. 1 or -1. */
static int add_sock_hdr(struct sip_msg *msg, str *name)
{
	const str *sock = get_socket_sip_name(msg->rcv.bind_address);
	int len = name->len + 2 + sock->len + 2;
	struct lump *anchor;
	char *hdr;

	if (parse_headers(msg, HDR_EOH_F, 0) < 0) {
		LM_ERR("failed to parse message\n");
		return -1;
	}
	hdr = pkg_malloc(len + 1);
	if (!hdr) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	snprintf(hdr, len + 1, "%.*s: %.*s\r\n", name->len, name->s, sock->len, sock->s);
	anchor = anchor_lump(msg, msg->unparsed - msg->buf, HDR_OTHER_T);
	if (!anchor || !insert_new_lump_before(anchor, hdr, len, HDR_OTHER_T)) {
		LM_ERR("cannot insert header\n");
		pkg_free(hdr);
		return -1;
	}
	return 1;
}

static const cmd_export_t cmds[] = {
	{"save", (cmd_function)save,
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, domain_fixup, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, save_flags_fixup,
				reg_fixup_free_save_flags},
			{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{"lookup", (cmd_function)lookup,
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, domain_fixup, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, lookup_flags_fixup, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE},
	{"is_registered", (cmd_function)is_registered,
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, domain_fixup, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE | BRANCH_ROUTE | ONREPLY_ROUTE | LOCAL_ROUTE},
	{"add_sock_hdr", (cmd_function)add_sock_hdr, {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{0, 0, {{0, 0, 0}}, 0},
};

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "usrloc", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "signaling", DEP_ABORT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

/* --- start ------------------------------------------------------------------------------- */

/* "$avp(rcv)" -> its id; NULL leaves it. */
static int set_avp(const char *param, char *spec, int *id)
{
	str s;

	if (!spec || !*spec)
		return 0;
	init_str(&s, spec);
	if (parse_avp_spec(&s, id) == 0)
		return 0;
	LM_ERR("malformed or non AVP %s: '%s'\n", param, spec);
	return -1;
}

static int check_params(void)
{
	if (default_expires < 1 || min_expires < 0 || max_expires < 0 || max_contacts < 0) {
		LM_ERR("default_expires must be positive; min_expires, max_expires and "
		       "max_contacts must not be negative\n");
		return -1;
	}
	if (max_expires && min_expires > max_expires) {
		LM_ERR("min_expires %d is above max_expires %d\n", min_expires, max_expires);
		return -1;
	}
	if (default_q < Q_UNSPECIFIED || default_q > MAX_Q) {
		LM_ERR("default_q %d: 0 to 1000, or -1 for none\n", default_q);
		return -1;
	}
	if (max_aor_len < 1 || max_aor_len > REG_MAX_AOR_LEN) {
		LM_ERR("max_aor_len %d: 1 to %d\n", max_aor_len, REG_MAX_AOR_LEN);
		return -1;
	}
	return 0;
}

static int mod_init(void)
{
	if (load_ul_api(&ul) < 0 || load_sig_api(&sigb) < 0)
		return -1;
	if (check_params() < 0 || set_avp("received_avp", received_avp_spec, &received_avp) < 0 ||
		set_avp("attr_avp", attr_avp_spec, &attr_avp) < 0)
		return -1;
	if (received_param_s)
		init_str(&received_param, received_param_s);
	if (sock_hdr_name_s)
		init_str(&sock_hdr_name, sock_hdr_name_s);
	if (gruu_secret_s && *gruu_secret_s)
		init_str(&gruu_secret, gruu_secret_s);
	update_stat(max_expires_stat, max_expires);
	update_stat(max_contacts_stat, max_contacts);
	update_stat(default_expire_stat, default_expires);
	return 0;
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "registrar",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.stats = stats,
	.init_f = mod_init,
};
