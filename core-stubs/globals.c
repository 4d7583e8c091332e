/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the core and their defaults, which are those of OpenSIPS 3.6. */
#include "globals.h"
#include "config.h"
#include "error.h"
#include "version.h"
#include "dprint.h"

char *cfg_file;
int config_check;
char *pid_file;
int no_daemon_mode;
unsigned long shm_mem_size = SHM_MEM_SIZE * 1024UL * 1024UL;
unsigned long pkg_mem_size = PKG_MEM_SIZE * 1024UL * 1024UL;
int my_argc;
char **my_argv;

int udp_workers_no = UDP_WORKERS_NO, tcp_workers_no = TCP_WORKERS_NO;
int tcp_connect_timeout = 100;
int tcp_con_lifetime = 120;
int tcp_socket_backlog = 10;
int tcp_max_connections = 2048;
int tcp_max_msg_time = 4;
int tcp_keepalive = 1;
int open_files_limit = -1;
static str global_address, global_port;
str *const default_global_address = &global_address;
str *const default_global_port = &global_port;

int server_signature = 1;
static str server_hdr = {(char *)SERVER_HDR, sizeof(SERVER_HDR) - 1};
static str user_agent_hdr = {(char *)USER_AGENT, sizeof(USER_AGENT) - 1};
str *const server_header = &server_hdr;
str *const user_agent_header = &user_agent_hdr;
int max_while_loops = 10000;
int sl_fwd_disabled = -1;

int is_main = 1;
int process_no;
int cfg_errors;
time_t startup_time, ready_time;

const struct scm_version core_scm_ver = {VERSIONTYPE, THISREVISION};
