/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP main process: accepts, gives each connection to the worker that has fewest, and
 * keeps a descriptor of each for those who want to send. It never waits for anybody: what
 * a worker cannot take at once is closed.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net_tcp.h"
#include "../globals.h"
#include "../mem/mem.h"
#include "../pt.h"
#include "../reactor.h"
#include "../sr_module.h"

#define ACCEPT_AT_ONCE 16

static int *load; /* connections of each process */

static int least_loaded(void)
{
	int best = -1;

	for (unsigned int i = 0; i < counted_max_processes; i++)
		if (pt[i].type == TYPE_TCP && (best < 0 || load[i] < load[best]))
			best = (int)i;
	return best;
}

static void drop(struct tcp_connection *c)
{
	if (c->s >= 0)
		close(c->s);
	c->s = -1;
	if (c->proc_id >= 0)
		load[c->proc_id]--;
	tcp_conn_remove(c);
}

/* fd is ours from here on. */
static void hand_out(struct tcp_connection *c, int fd)
{
	int worker = least_loaded();

	c->s = fd;
	if (worker >= 0 && tcp_note_send(pt[worker].tcp_socks[0], TCP_READ, c->id, fd, 0) == 0) {
		c->proc_id = worker;
		load[worker]++;
		return;
	}
	LM_ERR("no TCP worker takes the connection from %s:%hu: closed\n",
		ip_addr2a(&c->rcv.src_ip), c->rcv.src_port);
	drop(c);
}

/* A connection that was accepted; conn is ours from here on. */
static void take_in(const struct socket_info *si, const union sockaddr_union *from, int conn)
{
	proto_net_wrap_f wrap = protos[si->proto].net.wrap;
	struct tcp_connection *c = tcp_conn_new(from, si);

	if (!c) {
		close(conn);
		return;
	}
	if (wrap)
		conn = wrap(si, from, conn, 0);
	if (conn >= 0)
		hand_out(c, conn);
	else
		tcp_conn_remove(c);
	tcp_conn_put(c);
}

static int on_listener(int fd, void *param, int was_timeout)
{
	const struct socket_info *si = param;

	(void)was_timeout;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		union sockaddr_union from;
		socklen_t len = sizeof(from);
		int conn = accept4(fd, &from.s, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				LM_ERR("%s: accept: %s\n", si->sock_str.s, strerror(errno));
			return 0;
		}
		take_in(si, &from, conn);
	}
	return 0;
}

static void on_ask(struct tcp_connection *c, unsigned int id, int sock)
{
	/* without a descriptor: gone */
	if (tcp_note_send(sock, TCP_HERE, id, c ? c->s : -1, 0) < 0)
		LM_ERR("cannot answer a sender: %s\n", strerror(errno));
}

static int on_note(int sock, void *param, int was_timeout)
{
	struct tcp_connection *c;
	struct tcp_note note;
	int fd;

	(void)param;
	(void)was_timeout;
	while (tcp_note_recv(sock, &note, &fd, 0) > 0) {
		c = tcp_conn_get_any(note.id);
		if (note.op == TCP_ASK)
			on_ask(c, note.id, sock);
		else if (note.op == TCP_GONE && c)
			drop(c);
		else if (note.op == TCP_NEW && c && fd >= 0)
			hand_out(c, fd);
		else if (fd >= 0)
			close(fd);
		if (c)
			tcp_conn_put(c);
	}
	return 0;
}

void tcp_main_loop(void)
{
	load = pkg_malloc(counted_max_processes * sizeof(*load));
	if (!load || reactor_init("TCP main") < 0 || reactor_add_ipc() < 0)
		exit(1);
	memset(load, 0, counted_max_processes * sizeof(*load));
	for (unsigned int i = 0; i < counted_max_processes; i++)
		if (reactor_add(pt[i].tcp_socks[0], on_note, NULL) < 0)
			exit(1);
	if (init_child(PROC_TCP_MAIN) < 0)
		exit(1);
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		for (struct socket_info_full *s = protos[p].listeners; s; s = s->next)
			if (is_tcp_based_proto(p) && reactor_add(s->socket_info.socket, on_listener,
							     &s->socket_info) < 0)
				exit(1);
	atomic_store(&pt[process_no].ready, 1);
	reactor_loop();
	exit(1);
}
