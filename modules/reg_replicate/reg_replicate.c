/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reg_replicate: every registration at every node. What the module exports, and the
 * order in which its parts start. doc/internals.md tells how they work together.
 */
#include "apply.h"
#include "capture.h"
#include "compat.h"
#include "events.h"
#include "flow.h"
#include "keeper.h"
#include "mi.h"
#include "natping.h"
#include "params.h"
#include "peers_sql.h"
#include "persist.h"
#include "pvar.h"
#include "receive.h"
#include "reginfo.h"
#include "replicator.h"
#include "script.h"
#include "send.h"
#include "sql.h"
#include "state.h"
#include "stats.h"
#include "sync.h"
#include "../../dprint.h"
#include "../../ipc.h"
#include "../../pt.h"
#include "../../version.h"

/* What OpenSIPS compares when it loads a module, as `opensips -V` says it: scripts/check-module
 * reads it, and so can tell what is wrong before anything is stopped. */
__attribute__((used)) static const char built_for[] =
	"reg_replicate was built for\n"
	"version: " OPENSIPS_FULL_VERSION "\n"
	"flags: " OPENSIPS_COMPILE_FLAGS "\n" VERSIONTYPE " revision: " THISREVISION "\n";

static usrloc_api_t ul;

/* One process for each peer that there may be, and one more; their number is known when all
 * parameters are. */
static proc_export_t procs[] = {
	{"reg_replicate", 0, 0, replicator, 1,
		PROC_FLAG_INITCHILD | PROC_FLAG_HAS_IPC | PROC_FLAG_NEEDS_SCRIPT},
	{"reg_replicate keeper", 0, 0, keeper, 0, PROC_FLAG_INITCHILD | PROC_FLAG_HAS_IPC},
	{0, 0, 0, 0, 0, 0},
};

/* Those of the parameters and of SQL, and room for some more. */
static int start_peers(void)
{
	static char buf[1400];
	static struct repl_peer list[REPL_MAX_PEERS];
	struct text wrong = {buf, 0, sizeof(buf), false};
	int n, most = repl_cfg.max_peers;

	if (sql_init() < 0 || peers_sql_init() < 0)
		return -1;
	n = peers_sql_wanted(list, &wrong);
	sql_close();
	if (n < 0) {
		LM_ERR("cannot read peers of SQL: %.*s\n", wrong.len, wrong.s);
		return -1;
	}
	if (!most)
		most = n + REPL_SPARE < REPL_MAX_PEERS ? n + REPL_SPARE : REPL_MAX_PEERS;
	if (most < n) {
		LM_ERR("parameter max_peers: %d is not allowed, there are %d peers\n", most, n);
		return -1;
	}
	return peers_init(list, n, most);
}

static int mod_init(void)
{
	if (load_ul_api(&ul) < 0) {
		LM_ERR("module usrloc is needed\n");
		return -1;
	}
	if (params_finish(&ul) < 0 || script_init() < 0 || send_init(&ul) < 0 ||
		receive_init() < 0 || events_init() < 0 || sync_init() < 0 || state_init() < 0 ||
		flow_init() < 0 || start_peers() < 0 || persist_init(&ul) < 0 || stats_init() < 0 ||
		capture_init(&ul) < 0 || natping_init() < 0)
		return -1;
	apply_init(&ul);
	reginfo_init();
	keeper_init(&ul);
	procs[0].no = peers_places() + 1;
	procs[1].no = persist_vector();
	LM_INFO("node %d, %d peers, room for %d\n", repl_cfg.node_id, peers_count(),
		peers_places());
	return 0;
}

static void now_ready(int sender, void *param)
{
	(void)sender;
	(void)param;
	persist_loaded();
	state_set_ready();
}

/*
 * usrloc loads what it has stored in the first worker, after its child_init. A job queued
 * there now runs right after that; until then peers are asked to come again.
 */
static int child_init(int rank)
{
	if (rank == 1 && ipc_send_rpc(process_no, now_ready, NULL) < 0) {
		LM_ERR("cannot queue a job to this process\n");
		return -1;
	}
	return 0;
}

static void destroy(void)
{
	if (engine_at_end())
		sync_destroy(engine_at_end());
	persist_destroy();
	peers_destroy();
	state_destroy();
	flow_destroy();
	params_destroy();
}

static const cmd_export_t cmds[] = {
	{"save_replicate", (cmd_function)w_save_replicate,
		{{CMD_PARAM_STR | CMD_PARAM_STATIC, fix_save_domain, 0},
			{CMD_PARAM_STR | CMD_PARAM_OPT, fix_save_flags, free_save_flags},
			{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | ONREPLY_ROUTE},
	{"handle_replica", (cmd_function)w_handle_replica,
		{{CMD_PARAM_STR | CMD_PARAM_OPT, fix_domain, 0}, {0, 0, 0}}, REQUEST_ROUTE},
	{"add_sock_hdr", (cmd_function)w_add_sock_hdr, {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE | BRANCH_ROUTE | LOCAL_ROUTE},
	{"is_replica_peer", (cmd_function)w_is_replica_peer,
		{{CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0}, {0, 0, 0}}, ALL_ROUTES},
	{"load_sig", (cmd_function)(void *)sync_load_sig, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "usrloc", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "registrar", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "tm", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "signaling", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "nathelper", DEP_SILENT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{"db_url", get_deps_sqldb_url},
		{NULL, NULL},
	},
};

struct module_exports exports = {
	.name = "reg_replicate",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = repl_params,
	.stats = repl_stats,
	.mi_cmds = repl_mi_cmds,
	.items = repl_pvars,
	.procs = procs,
	.init_f = mod_init,
	.destroy_f = destroy,
	.init_child_f = child_init,
};
