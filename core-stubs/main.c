/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start and the end of the stand-in core, in OpenSIPS's order: memory, configuration,
 * sockets, modules, fixups, then all processes are forked, and the first one waits.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cfg_pp.h"
#include "config.h"
#include "context.h"
#include "daemonize.h"
#include "db/db.h"
#include "dprint.h"
#include "globals.h"
#include "ipc.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "mi/mi_core.h"
#include "modparam.h"
#include "net/net_tcp.h"
#include "net/net_udp.h"
#include "pt.h"
#include "route.h"
#include "script_cb.h"
#include "serialize.h"
#include "signals.h"
#include "socket_info.h"
#include "sr_module.h"
#include "statistics.h"
#include "timer.h"
#include "ut.h"

#define MB (1024UL * 1024UL)

static long fail_alloc = -1;
static int log_to_stderr;

static const char help[] =
	"Usage: opensips-stub [options]\n"
	"  -f FILE   configuration file (default " CFG_FILE ")\n"
	"  -C, -c    check the configuration and exit: 0 good, 1 not\n"
	"  -F        stay in the foreground\n"
	"  -D        the same\n"
	"  -E        log to standard error\n"
	"  -P FILE   write the process id of the main process there\n"
	"  -l ADDR   listen on [PROTO:]HOST[:PORT] instead of what the configuration says\n"
	"  -n N      UDP workers of each listener\n"
	"  -m MB     shared memory (default 32)\n"
	"  -M MB     private memory of each process (default 16)\n"
	"  --fail-alloc=N  tests: let the shared allocation N after the start fail, and all after\n"
	"  -V        version    -h  this text\n";

static int parse_number(const char *text, long least, long most, long *out)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (end == text || *end || v < least || v > most) {
		fprintf(stderr, "bad number '%s': %ld to %ld\n", text, least, most);
		return -1;
	}
	*out = v;
	return 0;
}

static int listen_option(char *arg)
{
	char *host, *name;
	int len, port, proto;

	if (parse_phostport(arg, (int)strlen(arg), &host, &len, &port, &proto) < 0) {
		fprintf(stderr, "bad -l '%s': [PROTO:]HOST[:PORT]\n", arg);
		return -1;
	}
	name = strndup(host, (size_t)len); /* for the life of the process */
	return name ? add_cmd_listening_socket(name, port, proto) : -1;
}

static int number_option(int opt, const char *arg)
{
	long n;

	if (parse_number(arg, opt == 'A' ? 0 : 1, opt == 'A' ? 1000000000 : 65535, &n) < 0)
		return -1;
	if (opt == 'm')
		shm_mem_size = (unsigned long)n * MB;
	else if (opt == 'M')
		pkg_mem_size = (unsigned long)n * MB;
	else if (opt == 'n')
		udp_workers_no = (int)n;
	else
		fail_alloc = n;
	return 0;
}

static int one_option(int opt)
{
	switch (opt) {
	case 'f':
		cfg_file = optarg;
		return 0;
	case 'C':
	case 'c':
		config_check = 1;
		log_to_stderr = 1;
		return 0;
	case 'D':
	case 'F':
		no_daemon_mode = 1;
		return 0;
	case 'E':
		log_to_stderr = 1;
		return 0;
	case 'P':
		pid_file = optarg;
		return 0;
	case 'l':
		return listen_option(optarg);
	case 'V':
		printf("version: " OPENSIPS_FULL_VERSION "\nflags: " OPENSIPS_COMPILE_FLAGS "\n");
		exit(0);
	case 'h':
		fputs(help, stdout);
		exit(0);
	case '?':
		fputs(help, stderr);
		return -1;
	default:
		return number_option(opt, optarg);
	}
}

static int parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"fail-alloc", required_argument, NULL, 'A'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "f:CcDFEP:l:n:m:M:Vh", longs, NULL)) != -1)
		if (one_option(opt) < 0)
			return -1;
	if (optind < argc) {
		fprintf(stderr, "unexpected argument '%s'\n", argv[optind]);
		return -1;
	}
	if (!cfg_file)
		cfg_file = (char *)CFG_FILE;
	return 0;
}

/* --- start ---------------------------------------------------------------------------------- */

static int init_memory(void)
{
	return init_pkg_mallocs() < 0 || init_shm_mallocs() < 0 || init_log_level() < 0 ? -1 : 0;
}

static int read_configuration(void)
{
	if (init_timer() < 0 || init_stats_collector() < 0 || init_db_support() < 0 ||
		init_mi_core() < 0)
		return -1;
	if (parse_opensips_cfg(cfg_file, NULL, NULL) < 0) {
		LM_ERR("failed to parse config file %s\n", cfg_file);
		return -1;
	}
	if (log_to_stderr)
		stderr_enabled = 1;
	init_log_syslog();
	if (check_module_deps() < 0 || fix_cmd_listening_sockets() < 0 || trans_load() < 0 ||
		fix_all_socket_lists() < 0)
		return -1;
	print_all_socket_lists();
	return 0;
}

static int init_everything(void)
{
	if (set_open_fds_limit() < 0 || trans_init_all_listeners() < 0 || tcp_init() < 0)
		return -1;
	if (init_modules() < 0) {
		LM_ERR("error while initializing modules\n");
		return -1;
	}
	if (init_serialization() < 0 || register_route_timers() < 0)
		return -1;
	if (fix_rls() != 0) {
		LM_ERR("failed to fix configuration\n");
		return -1;
	}
	return init_multi_proc_support();
}

static int start_processes(void)
{
	int rank = 0;

	if (start_module_procs() < 0 || start_timer_processes() < 0 ||
		udp_start_processes(&rank) < 0 || tcp_start_processes(&rank) < 0) {
		LM_ERR("failed to start processes\n");
		return -1;
	}
	if (init_child(PROC_MAIN) < 0) {
		LM_ERR("failed to initialize the main process\n");
		return -1;
	}
	if (fail_alloc >= 0)
		shm_fail_after(fail_alloc);
	return 0;
}

/* --- end ------------------------------------------------------------------------------------ */

static void clean_up(void)
{
	/* a child that was killed may have died with a lock held: do not wait for that */
	alarm(SHUTDOWN_TIMEOUT);
	shm_fail_after(-1);
	destroy_modules();
	destroy_timer();
	tcp_destroy();
	destroy_script_cb();
	clear_global_context();
	free_route_lists(sroutes);
	free_mod_params();
	free_cfg();
	free_all_socket_lists();
	free_aliases();
	destroy_multi_proc_support();
	destroy_stats_collector();
	cleanup_log_level();
	if (shm_blocks() > 0) {
		LM_INFO("%lu blocks of shared memory were not given back\n", shm_blocks());
		shm_log_blocks(20);
	}
	remove_pid_file();
	shm_mem_destroy();
}

static int run(void)
{
	int status;

	if (install_main_sigs() < 0)
		return 1;
	if (!no_daemon_mode && daemonize() < 0)
		return 1;
	if (write_pid_file() < 0 || init_everything() < 0)
		return 1;
	startup_time = time(NULL);
	if (start_processes() < 0) {
		stop_children();
		return 1;
	}
	status = wait_for_end();
	stop_children();
	return status;
}

int main(int argc, char **argv)
{
	int status = 1;

	my_argc = argc;
	my_argv = argv;
	startup_time = time(NULL);
	if (parse_options(argc, argv) < 0)
		return 1;
	if (init_memory() < 0)
		return 1;
	if (read_configuration() == 0) {
		if (config_check) {
			LM_NOTICE("config file ok, exiting...\n");
			status = 0;
		} else {
			status = run();
		}
	}
	clean_up();
	daemon_report(status);
	return status;
}
