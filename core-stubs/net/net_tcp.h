/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP: the main process, which accepts and hands connections out, the workers, which read,
 * and sending, from any process.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "../socket_info.h"
#include "tcp_conn.h"

/* Makes, binds and starts listening. 0, or -1 with the reason logged. */
int tcp_init_listener(struct socket_info *si);
/* Shared table; when there are TCP listeners. 0, or -1. */
int tcp_init(void);
void tcp_destroy(void);
/* The pair of sockets between one process and the TCP main process. 0, or -1. */
int tcp_make_socks(int proc_no);
void tcp_close_socks(void);

/* Workers and the main process; 0 when there is no TCP listener. */
int tcp_count_processes(void);
/* Starts workers, then the main process. 0, or -1. */
int tcp_start_processes(int *chd_rank);

/*
 * Sends over connection id, or one to that address, or a new one (tcp_connect_timeout).
 * send_timeout: ms for writing. Bytes sent, or -1 with the reason logged.
 */
int tcp_send_msg(const struct socket_info *si, const char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id, int send_timeout);
/* Over this very connection, which the calling worker reads. */
int tcp_write(struct tcp_connection *c, int fd, const char *buf, unsigned int len, int timeout);

/* What a transport's parameters say. */
struct tcp_limits {
	int send_timeout;   /* ms */
	int max_msg_chunks; /* reads for one message */
	int crlf_pingpong;  /* answer CRLF CRLF (RFC 5626, 4.4.1) */
	int crlf_drop;
};
#define TCP_LIMITS                                                                                 \
	{                                                                                          \
		.send_timeout = 100, .max_msg_chunks = 4, .crlf_pingpong = 1                       \
	}

/* Reads what has come and handles whole messages. 0: go on, -1: close the connection. */
int tcp_read_msgs(struct tcp_connection *c, int fd, const struct tcp_limits *limits);

/* --- between the processes ---------------------------------------------------------------- */

enum tcp_op {
	TCP_NEW,  /* to main, with a descriptor: a connection that was made by connecting */
	TCP_ASK,  /* to main: a copy of the descriptor, please */
	TCP_GONE, /* to main, from its worker: closed; give up the table's reference */
	TCP_HERE, /* from main, answer to TCP_ASK: with a descriptor, or without: no such */
	TCP_READ, /* from main to a worker, with a descriptor: read this one */
};

struct tcp_note {
	enum tcp_op op;
	unsigned int id;
};

/* fd -1: none. 0, or -1 with errno. Waits at most TCP_NOTE_WAIT ms, not at all if !wait. */
int tcp_note_send(int sock, enum tcp_op op, unsigned int id, int fd, int wait);
/* 1: a note came (*fd is -1 or the caller's to close), 0: none within wait_ms, -1: error. */
int tcp_note_recv(int sock, struct tcp_note *note, int *fd, int wait_ms);
#define TCP_NOTE_WAIT 500

/* In the process that becomes it; does not return. */
void tcp_main_loop(void);
void tcp_worker_loop(int rank);
/* A worker begins to read a connection. */
void tcp_worker_take(unsigned int id, int fd);

#endif
