/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the core, from the command line and the global section of the configuration. */
#ifndef GLOBALS_H
#define GLOBALS_H

#include <time.h>
#include "str.h"

/* command line */
extern char *cfg_file;
extern int config_check;                         /* -C given */
extern char *pid_file;                           /* -P, or NULL */
extern int no_daemon_mode;                       /* -F or -D */
extern unsigned long shm_mem_size, pkg_mem_size; /* bytes */
extern int my_argc;
extern char **my_argv;

/* network */
extern int udp_workers_no, tcp_workers_no;
extern int tcp_connect_timeout; /* ms */
extern int tcp_con_lifetime;    /* seconds without traffic */
extern int tcp_socket_backlog;
extern int tcp_max_connections;
extern int tcp_max_msg_time; /* seconds for a message to arrive whole */
extern int tcp_keepalive;
extern int open_files_limit;
extern str *const default_global_address; /* advertised_address; empty: none */
extern str *const default_global_port;

/* SIP */
extern int server_signature;
extern str *const server_header;     /* without CRLF */
extern str *const user_agent_header; /* without CRLF */
extern int max_while_loops;
extern int sl_fwd_disabled; /* replies nobody waits for are dropped; -1: unless the script uses
			       forward() */

/* SQL */
extern char *db_version_table; /* "version" */
extern char *db_default_url;   /* for modules without a URL of their own; or NULL */

/* state */
extern int is_main;    /* this is the main process */
extern int process_no; /* index of this process in pt[] */
extern int cfg_errors; /* met while the configuration was read */
extern time_t startup_time, ready_time;

#endif
