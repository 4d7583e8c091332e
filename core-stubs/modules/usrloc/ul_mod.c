/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module usrloc: which contacts are registered, in shared memory only.
 *
 * What OpenSIPS has beyond that is refused when the configuration asks for it: SQL and NoSQL
 * storage, clustering, pinging, contact refresh events, and the events E_UL_*.
 */
#include "usrloc.h"
#include "ul_mod.h"
#include "ul_mi.h"
#include "utime.h"
#include "../../flags.h"
#include "../../timer.h"

static int hash_bits = 9;
static int timer_interval = 60;
static char *nat_bflag_name;

/* Parameters with which OpenSIPS is told where to keep contacts, and what means "here". */
static int only_in_memory(const char *param, const char *given, const char *allowed)
{
	if (!strcmp(given, allowed))
		return 0;
	LM_ERR("%s '%s': keeping contacts anywhere but in memory is left out, only '%s' works\n",
		param, given, allowed);
	return -1;
}

static int set_db_mode(modparam_t type, void *val)
{
	(void)type;
	return only_in_memory("db_mode", int2str((unsigned int)(long)val, NULL), "0");
}

static int set_preset(modparam_t type, void *val)
{
	(void)type;
	return only_in_memory("working_mode_preset", val, "single-instance-no-db");
}

static const param_export_t params[] = {
	{"nat_bflag", STR_PARAM, &nat_bflag_name},
	{"use_domain", INT_PARAM, &use_domain},
	{"desc_time_order", INT_PARAM, &desc_time_order},
	{"timer_interval", INT_PARAM, &timer_interval},
	{"hash_size", INT_PARAM, &hash_bits},
	{"matching_mode", INT_PARAM, &matching_mode},
	{"cseq_delay", INT_PARAM, &cseq_delay},
	{"db_mode", INT_PARAM | USE_FUNC_PARAM, (void *)set_db_mode},
	{"working_mode_preset", STR_PARAM | USE_FUNC_PARAM, (void *)set_preset},
	{0, 0, 0},
};

static const cmd_export_t cmds[] = {
	{"ul_bind_usrloc", (cmd_function)bind_usrloc, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const stat_export_t stats[] = {
	{"registered_users", STAT_IS_FUNC, (stat_var **)get_number_of_users},
	{0, 0, 0},
};

static void ul_timer(unsigned int ticks, void *param)
{
	(void)ticks;
	(void)param;
	synchronize_all_udomains();
}

static int check_params(void)
{
	if (hash_bits < 1 || hash_bits > 16) {
		LM_ERR("hash_size %d: 1 to 16 (a power of two) is allowed\n", hash_bits);
		return -1;
	}
	if (timer_interval < 1) {
		LM_ERR("timer_interval %d: must be at least 1 second\n", timer_interval);
		return -1;
	}
	if (matching_mode != CT_MATCH_CONTACT_ONLY && matching_mode != CT_MATCH_CONTACT_CALLID) {
		LM_ERR("matching_mode %d: 0 (contact) or 1 (contact and Call-ID) is allowed\n",
			matching_mode);
		return -1;
	}
	if (cseq_delay < 0) {
		LM_ERR("cseq_delay %d: must not be negative\n", cseq_delay);
		return -1;
	}
	return 0;
}

static int set_nat_flag(void)
{
	int bit;

	if (!nat_bflag_name)
		return 0;
	bit = get_flag_id_by_name(FLAG_TYPE_BRANCH, nat_bflag_name, 0);
	if (bit < 0) {
		LM_ERR("nat_bflag '%s': no more branch flags\n", nat_bflag_name);
		return -1;
	}
	nat_bflag = 1U << bit;
	return 0;
}

static int mod_init(void)
{
	if (check_params() < 0 || set_nat_flag() < 0 || ul_init_locks() < 0)
		return -1;
	ul_hash_size = 1 << hash_bits;
	if (register_timer("ul-timer", ul_timer, NULL, timer_interval, TIMER_FLAG_DELAY_ON_DELAY) <
		0) {
		LM_ERR("cannot register the expiry timer\n");
		return -1;
	}
	return 0;
}

static void destroy(void)
{
	free_all_udomains();
	ul_destroy_locks();
	destroy_ulcb_list();
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "usrloc",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.stats = stats,
	.mi_cmds = ul_mi_cmds,
	.init_f = mod_init,
	.destroy_f = destroy,
};
