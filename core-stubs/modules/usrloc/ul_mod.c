/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module usrloc: which contacts are registered, in shared memory, and in SQL if asked for.
 *
 * What OpenSIPS has beyond that is refused when the configuration asks for it: SQL only and
 * NoSQL storage, clustering, pinging, contact refresh events, and the events E_UL_*.
 */
#include "usrloc.h"
#include "ul_db.h"
#include "ul_flush.h"
#include "ul_mod.h"
#include "ul_mi.h"
#include "utime.h"
#include "../../flags.h"
#include "../../ipc.h"
#include "../../timer.h"

static int hash_bits = 9;
static struct {
	int timer_proc;     /* process number, 0 before it has started */
	_Atomic int queued; /* a flush waits to be run by it */
} * shared;

/* A driver is needed when contacts go to SQL: both parameters say so by this word. */
static module_dependency_t *deps_of_mode(const param_export_t *param)
{
	const char *mode = *(char **)param->param_pointer;

	return mode && strstr(mode, "sql") ? alloc_module_dep(MOD_TYPE_SQLDB, NULL, DEP_ABORT)
					   : NULL;
}

static module_dependency_t *deps_of_db_mode(const param_export_t *param)
{
	return *(int *)param->param_pointer > 0 ? alloc_module_dep(MOD_TYPE_SQLDB, NULL, DEP_ABORT)
						: NULL;
}

static const dep_export_t deps = {
	{
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{"working_mode_preset", deps_of_mode},
		{"restart_persistency", deps_of_mode},
		{"db_mode", deps_of_db_mode},
		{NULL, NULL},
	},
};
static char *nat_bflag_name;

static const param_export_t params[] = {
	{"nat_bflag", STR_PARAM, &nat_bflag_name},
	{"use_domain", INT_PARAM, &use_domain},
	{"desc_time_order", INT_PARAM, &desc_time_order},
	{"timer_interval", INT_PARAM, &ul_timer_interval},
	{"hash_size", INT_PARAM, &hash_bits},
	{"matching_mode", INT_PARAM, &matching_mode},
	{"cseq_delay", INT_PARAM, &cseq_delay},
	{"db_url", STR_PARAM, &ul_db_url_param},
	{"db_mode", INT_PARAM, &ul_db_mode},
	{"working_mode_preset", STR_PARAM, &ul_preset},
	{"cluster_mode", STR_PARAM, &ul_cluster_mode},
	{"restart_persistency", STR_PARAM, &ul_rr_persist},
	{"sql_write_mode", STR_PARAM, &ul_sql_write_mode},
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

/* --- the timer ---------------------------------------------------------------------------- */

static void run_flush(int sender, void *param)
{
	(void)sender;
	(void)param;
	atomic_store(&shared->queued, 0);
	ul_flush_all();
}

/*
 * Timers are run by SIP workers too, but a worker that waits for SQL answers no phone. So the
 * timer process does it, which has nothing else to do; one flush at most waits for it.
 */
static void ul_timer(unsigned int ticks, void *param)
{
	(void)ticks;
	(void)param;
	if (sql_wmode == SQL_NO_WRITE || process_no == shared->timer_proc) {
		ul_flush_all();
		return;
	}
	if (shared->timer_proc <= 0 || atomic_exchange(&shared->queued, 1))
		return;
	if (ipc_send_rpc(shared->timer_proc, run_flush, NULL) < 0)
		atomic_store(&shared->queued, 0); /* told by ipc; the next interval comes */
}

/* --- start and end ------------------------------------------------------------------------ */

static int check_params(void)
{
	if (hash_bits < 1 || hash_bits > 16) {
		LM_ERR("hash_size %d: 1 to 16 (a power of two) is allowed\n", hash_bits);
		return -1;
	}
	if (ul_timer_interval < 1) {
		LM_ERR("timer_interval %d: must be at least 1 second\n", ul_timer_interval);
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

static int init_sql(void)
{
	if (ul_check_config() < 0)
		return -1;
	shared = shm_malloc(sizeof(*shared));
	if (!shared || ul_flush_init() < 0)
		return -1;
	memset(shared, 0, sizeof(*shared));
	return sql_wmode == SQL_NO_WRITE ? 0 : ul_db_bind();
}

static int mod_init(void)
{
	if (check_params() < 0 || set_nat_flag() < 0 || ul_init_locks() < 0 || init_sql() < 0)
		return -1;
	ul_hash_size = 1 << hash_bits;
	if (register_timer(
		    "ul-timer", ul_timer, NULL, ul_timer_interval, TIMER_FLAG_DELAY_ON_DELAY) < 0) {
		LM_ERR("cannot register the expiry timer\n");
		return -1;
	}
	return 0;
}

static void load(int sender, void *domain)
{
	(void)sender;
	ul_load(domain); /* what went wrong has been told */
}

/* Loading is a job of the first worker, done before what its child_init brings after this. */
static int child_init(int rank)
{
	if (sql_wmode == SQL_NO_WRITE || rank == PROC_MAIN || rank == PROC_TCP_MAIN)
		return 0;
	if (ul_db_open() < 0)
		return -1;
	if (rank == PROC_TIMER)
		shared->timer_proc = process_no;
	for (dlist_t *l = rank == 1 ? root : NULL; l; l = l->next)
		if (ipc_send_rpc(process_no, load, l->d) < 0)
			return -1;
	return 0;
}

static void destroy(void)
{
	ul_flush_last();
	ul_flush_destroy();
	shm_free(shared);
	shared = NULL;
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
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.stats = stats,
	.mi_cmds = ul_mi_cmds,
	.init_f = mod_init,
	.destroy_f = destroy,
	.init_child_f = child_init,
};
