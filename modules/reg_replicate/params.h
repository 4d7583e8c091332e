/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's parameters. They are set and checked before OpenSIPS forks, and
 * only read afterwards, so every process has its own equal copy.
 */
#ifndef REG_REPLICATE_PARAMS_H
#define REG_REPLICATE_PARAMS_H

#include <stdbool.h>

#include "peers.h"
#include "../../sr_module.h"
#include "../../socket_info.h"
#include "../usrloc/usrloc.h"

#define REPL_MAX_DOMAINS 8 /* RR_MAX_DOMAINS */
#define REPL_MAX_MAPS    64
#define REPL_SPARE       2 /* places for peers added at run time, where max_peers is not given */

#define REPL_BODY_MIN 1000  /* bytes of the body of a message */
#define REPL_BODY_MAX 60000 /* so that with its headers it stays below 64 KB */

struct repl_domain {
	str name;
	udomain_t *domain;
};

/* A line of the configuration. */
struct repl_place {
	char file[96];
	int line;
};

/* A socket that a peer names, and the listener that stands for it here. */
struct repl_sock_map {
	str theirs, ours;
	struct repl_place at;
	const struct socket_info *sock;
};

struct repl_config {
	int node_id;
	int ping_interval, ping_timeout; /* ms */
	int down_after;                  /* pings */
	int window;                      /* messages */
	int batch_delay;                 /* ms */
	int batch_max;                   /* changes */
	int max_body;                    /* bytes, told to peers; derived where not given */
	int max_clock_ahead;             /* ms */
	int digest_interval;             /* pings, 0: no digest */
	int replicate_all;
	int natping_active_only;
	char *db_url; /* NULL: no SQL */
	str peers_table, missed_table;
	int sync_max; /* REGISTERs that wait for acknowledgements */
	str sock_hdr_name;
	str send_socket_name;
	struct repl_place send_socket_at;
	const struct socket_info *send_socket; /* NULL: the core chooses */
	bool use_domain;                       /* of usrloc: AoRs are user@host */
	bool match_callid;                     /* usrloc tells contacts apart by Call-ID too */
	struct repl_domain domains[REPL_MAX_DOMAINS];
	int n_domains;
	struct repl_peer peers[REPL_MAX_PEERS]; /* of the parameters; peers.h has those of now */
	int n_peers;
	int max_peers; /* at a time, each has a sender; 0: not given */
	struct repl_sock_map maps[REPL_MAX_MAPS];
	int n_maps;
};

extern struct repl_config repl_cfg;
extern const param_export_t repl_params[];

/*
 * Completes the configuration once all modules have read theirs and the listeners
 * are known: what is missing, what contradicts, sockets, usrloc's domains.
 * Returns 0, or -1 after one line that says what is wrong.
 */
int params_finish(const usrloc_api_t *ul);

/* Gives the parameters' memory back, at the very end. */
void params_destroy(void);

/* Number of a replicated usrloc domain, or -1. */
int domain_index(const str *name);

#endif
