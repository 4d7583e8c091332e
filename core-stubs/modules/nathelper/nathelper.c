/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module nathelper: nat_uac_test(), fix_nated_contact(), fix_nated_register(), add_rcv_param(),
 * and keep-alives for the contacts in usrloc.
 *
 * Left out, and refused when a configuration asks for it: pings to contacts on TCP and TLS
 * (natping_tcp), a source address that is not ours (natping_socket), clustering, latencies,
 * sipping_ignore_rpl_codes; and fix_nated_sdp() with its parameters.
 */
#include "nathelper.h"

#include "../../flags.h"
#include "../../mod_fix.h"
#include "../../usr_avp.h"

usrloc_api_t ul;

static char *received_avp_spec, *force_socket_s, *method_s, *from_s;
static char *sip_flag_s, *remove_flag_s;

/* --- parameters -------------------------------------------------------------------------- */

static int left_out(modparam_t type, void *val)
{
	if (type & STR_PARAM ? !val || !*(char *)val : !val)
		return 0;
	LM_ERR("natping_tcp, natping_socket, cluster_id, cluster_sharing_tag, "
	       "sipping_latency_flag and sipping_ignore_rpl_codes are left out\n");
	return -1;
}

#define LEFT_OUT_INT INT_PARAM | USE_FUNC_PARAM, (void *)left_out
#define LEFT_OUT_STR STR_PARAM | USE_FUNC_PARAM, (void *)left_out

static const param_export_t params[] = {
	{"natping_interval", INT_PARAM, &ping.interval},
	{"natping_partitions", INT_PARAM, &ping.partitions},
	{"ping_nated_only", INT_PARAM, &ping.nated_only},
	{"ping_threshold", INT_PARAM, &ping.threshold},
	{"max_pings_lost", INT_PARAM, &ping.max_lost},
	{"received_avp", STR_PARAM, &received_avp_spec},
	{"force_socket", STR_PARAM, &force_socket_s},
	{"sipping_bflag", STR_PARAM, &sip_flag_s},
	{"remove_on_timeout_bflag", STR_PARAM, &remove_flag_s},
	{"sipping_from", STR_PARAM, &from_s},
	{"sipping_method", STR_PARAM, &method_s},
	{"natping_tcp", LEFT_OUT_INT},
	{"natping_socket", LEFT_OUT_STR},
	{"cluster_id", LEFT_OUT_INT},
	{"cluster_sharing_tag", LEFT_OUT_STR},
	{"sipping_latency_flag", LEFT_OUT_STR},
	{"sipping_ignore_rpl_codes", LEFT_OUT_STR},
	{0, 0, 0},
};

/* --- script functions -------------------------------------------------------------------- */

/* Names only: the numbers of former versions are unknown flags in OpenSIPS 3.x too. */
static int fixup_tests(void **param)
{
	static str names[] = {str_init("private-contact"), str_init("diff-ip-src-via"),
		str_init("private-via"), str_init("private-sdp"), str_init("diff-port-src-via"),
		str_init("diff-ip-src-contact"), str_init("diff-port-src-contact"),
		str_init("carrier-grade-nat"), STR_NULL};

	return fixup_named_flags(param, names, NULL, NULL);
}

#define FUNC(_f)   (cmd_function)(void (*)(void)) _f
#define MSG_ROUTES (REQUEST_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE | LOCAL_ROUTE)

static const cmd_export_t cmds[] = {
	{"nat_uac_test", FUNC(nat_uac_test), {{CMD_PARAM_STR, fixup_tests, 0}, {0, 0, 0}},
		MSG_ROUTES | FAILURE_ROUTE},
	{"fix_nated_contact", FUNC(fix_nated_contact),
		{{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}}, MSG_ROUTES},
	{"fix_nated_register", FUNC(fix_nated_register), {{0, 0, 0}}, REQUEST_ROUTE},
	{"add_rcv_param", FUNC(add_rcv_param), {{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{0, 0, {{0, 0, 0}}, 0},
};

/* --- management -------------------------------------------------------------------------- */

static mi_response_t *no_pings(void)
{
	return init_mi_error(400, MI_SSTR("NATping disabled from script"));
}

static mi_response_t *mi_get(const mi_params_t *p, struct mi_handler *h)
{
	mi_response_t *resp;
	mi_item_t *obj;

	(void)p;
	(void)h;
	if (!ping.interval)
		return no_pings();
	resp = init_mi_result_object(&obj);
	if (resp && add_mi_number(obj, MI_SSTR("Status"), ping_is_enabled()) < 0) {
		free_mi_response(resp);
		return NULL;
	}
	return resp;
}

static mi_response_t *mi_set(const mi_params_t *p, struct mi_handler *h)
{
	int status;

	(void)h;
	if (!ping.interval)
		return no_pings();
	if (get_mi_int_param(p, "status", &status) < 0)
		return init_mi_param_error();
	ping_enable(status != 0);
	return init_mi_result_ok();
}

static const mi_export_t mi_cmds[] = {
	{"nh_enable_ping", "switches keep-alives on (1) or off (0), or tells which", 0, 0,
		{{mi_get, {0}}, {mi_set, {"status", 0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};

/* --- start ------------------------------------------------------------------------------- */

static module_dependency_t *deps_of_interval(const param_export_t *param)
{
	static char usrloc[] = "usrloc";

	return *(int *)param->param_pointer > 0
		       ? alloc_module_dep(MOD_TYPE_DEFAULT, usrloc, DEP_ABORT)
		       : NULL;
}

static const dep_export_t deps = {
	{
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{"natping_interval", deps_of_interval},
		{NULL, NULL},
	},
};

static int check_numbers(void)
{
	if (ping.interval < 0 || ping.interval > 86400) {
		LM_ERR("natping_interval %d: 1 to 86400 seconds, or 0 for no pings\n",
			ping.interval);
		return -1;
	}
	if (ping.partitions < 1 || ping.partitions > 8) {
		LM_ERR("natping_partitions %d: 1 to 8\n", ping.partitions);
		return -1;
	}
	if (ping.threshold < 1 || ping.max_lost < 1) {
		LM_ERR("ping_threshold %d and max_pings_lost %d: must be at least 1\n",
			ping.threshold, ping.max_lost);
		return -1;
	}
	if (ping.interval && ping.threshold > ping.interval) {
		ping.threshold = ping.interval > 1 ? ping.interval / 2 : 1;
		LM_WARN("ping_threshold must not be longer than natping_interval: %d is taken\n",
			ping.threshold);
	}
	return 0;
}

/* 0 and *mask, 0 where no name is given; or -1. */
static int set_flag(const char *param, char *name, unsigned int *mask)
{
	int bit;

	if (!name || !*name)
		return 0;
	bit = get_flag_id_by_name(FLAG_TYPE_BRANCH, name, 0);
	if (bit < 0) {
		LM_ERR("%s '%s': no more branch flags\n", param, name);
		return -1;
	}
	*mask = 1U << bit;
	return 0;
}

static int check_sip(void)
{
	if (set_flag("sipping_bflag", sip_flag_s, &ping.sip_flag) < 0 ||
		set_flag("remove_on_timeout_bflag", remove_flag_s, &ping.remove_flag) < 0)
		return -1;
	if (method_s)
		init_str(&ping.method, method_s);
	if (from_s)
		init_str(&ping.from, from_s);
	if (ping.sip_flag && (!ping.from.len || !ping.method.len)) {
		LM_ERR("sipping_bflag needs sipping_from, and a sipping_method that is not "
		       "empty\n");
		return -1;
	}
	return 0;
}

static int check_socket(void)
{
	str s;

	if (!force_socket_s || !*force_socket_s)
		return 0;
	init_str(&s, force_socket_s);
	ping.force_socket = parse_sock_info(&s);
	if (ping.force_socket)
		return 0;
	LM_ERR("force_socket '%s' is none of our sockets\n", force_socket_s);
	return -1;
}

static int check_avp(void)
{
	str s;

	if (!received_avp_spec || !*received_avp_spec)
		return 0;
	init_str(&s, received_avp_spec);
	if (parse_avp_spec(&s, &received_avp) == 0)
		return 0;
	LM_ERR("malformed or non AVP received_avp: '%s'\n", received_avp_spec);
	return -1;
}

static int mod_init(void)
{
	if (check_avp() < 0 || check_numbers() < 0)
		return -1;
	if (!ping.interval)
		return 0;
	if (load_ul_api(&ul) < 0 || check_sip() < 0 || check_socket() < 0)
		return -1;
	if (ping.nated_only && !ul.nat_flag) {
		LM_ERR("ping_nated_only needs nat_bflag of usrloc\n");
		return -1;
	}
	return ping_init();
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "nathelper",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.mi_cmds = mi_cmds,
	.init_f = mod_init,
	.response_f = ping_reply,
	.destroy_f = ping_destroy,
};
