/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP connections: a table in shared memory.
 *
 * The TCP main process holds a descriptor of every connection (s), one worker reads it (fd),
 * and whoever wants to send asks the main process for a copy. A connection is found by id,
 * or by the other side's address.
 *
 * The table's lock guards the links, refcnt and state. A connection is freed when it is out
 * of the table and nobody holds a reference. write_lock keeps messages of several senders
 * apart; it is held while one message is written, at most for the send time-out.
 */
#ifndef NET_TCP_CONN_H
#define NET_TCP_CONN_H

#include "../ip_addr.h"
#include "../locking.h"

enum tcp_conn_states {
	S_CONN_BAD = -1,
	S_CONN_OK = 0
};

struct tcp_connection {
	unsigned int id;
	_Atomic int state;
	int refcnt;
	int in_table;
	int s;       /* in the TCP main process; -1: none yet */
	int fd;      /* in the worker that reads; -1: none */
	int proc_id; /* that worker; -1: none yet */
	gen_lock_t write_lock;
	struct receive_info rcv;
	_Atomic unsigned int timeout; /* ticks: closed if nothing happens before */
	struct tcp_connection *id_next, *addr_next;

	/* the reading worker's own */
	char *buf; /* the part of a message that has come */
	int len;
	unsigned int chunks, msg_start; /* reads for the message at hand; its first tick */
	struct tcp_connection *w_next;
};

/* 0, or -1: no memory. */
int tcp_conn_init(void);
void tcp_conn_destroy(void);
/*
 * A new connection with the other side su over our socket si, in the table; one reference
 * is the caller's. NULL: no memory or tcp_max_connections reached (logged).
 */
struct tcp_connection *tcp_conn_new(const union sockaddr_union *su, const struct socket_info *si);
/*
 * By id; when there is none (id 0, or gone), a live one of that protocol with that other
 * side (unless su is NULL). The caller gets a reference. NULL: none.
 */
struct tcp_connection *tcp_conn_get(unsigned int id, const union sockaddr_union *su, int proto);
/* By id, in whatever state. */
struct tcp_connection *tcp_conn_get_any(unsigned int id);
void tcp_conn_put(struct tcp_connection *c);
/* Takes it out of the table, so that nobody finds it any more. */
void tcp_conn_remove(struct tcp_connection *c);
/* Life begins anew: tcp_con_lifetime seconds from now. */
void tcp_conn_touch(struct tcp_connection *c);

#endif
