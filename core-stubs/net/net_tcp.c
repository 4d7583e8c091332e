/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP: listeners, sockets between processes, sending. */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "net_tcp.h"
#include "../globals.h"
#include "../pt.h"
#include "../tsend.h"

static int is_used(void)
{
	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		if (protos[p].id != PROTO_NONE && is_tcp_based_proto(p) && protos[p].listeners)
			return 1;
	return 0;
}

int tcp_init(void)
{
	return is_used() ? tcp_conn_init() : 0;
}

void tcp_destroy(void)
{
	tcp_conn_destroy();
}

int tcp_make_socks(int proc_no)
{
	if (!is_used())
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    pt[proc_no].tcp_socks) < 0) {
		LM_ERR("socketpair: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

void tcp_close_socks(void)
{
	for (unsigned int i = 0; i < counted_max_processes; i++)
		for (int j = 0; j < 2; j++) {
			if (pt[i].tcp_socks[j] >= 0)
				close(pt[i].tcp_socks[j]);
			pt[i].tcp_socks[j] = -1;
		}
}

static void set_options(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (tcp_keepalive)
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

int tcp_init_listener(struct socket_info *si)
{
	int on = 1;
	int fd = socket(si->address.af, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		LM_ERR("%s: socket: %s\n", si->sock_str.s, strerror(errno));
		return -1;
	}
	si->socket = fd;
	set_options(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (si->address.af == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &si->su.s, sockaddru_len(si->su)) < 0 || listen(fd, tcp_socket_backlog) < 0) {
		LM_ERR("%s: bind and listen: %s%s\n", si->sock_str.s, strerror(errno),
			bind_advice(errno));
		return -1;
	}
	return 0;
}

int tcp_count_processes(void)
{
	return is_used() ? tcp_workers_no + 1 : 0;
}

int tcp_start_processes(int *chd_rank)
{
	static const struct internal_fork_params worker = {
		"TCP receiver", OSS_PROC_NEEDS_SCRIPT, TYPE_TCP};
	static const struct internal_fork_params main_proc = {
		"TCP main", OSS_PROC_NEEDS_SCRIPT, TYPE_NONE};
	pid_t pid;

	if (!is_used())
		return 0;
	for (int i = 0; i < tcp_workers_no; i++) {
		pid = internal_fork(&worker);
		++*chd_rank;
		if (pid < 0)
			return -1;
		if (pid == 0)
			tcp_worker_loop(*chd_rank);
	}
	pid = internal_fork(&main_proc);
	if (pid == 0)
		tcp_main_loop();
	return pid < 0 ? -1 : 0;
}

/* --- sending ------------------------------------------------------------------------------ */

int tcp_write(struct tcp_connection *c, int fd, const char *buf, unsigned int len, int timeout)
{
	int n;

	lock_get(&c->write_lock);
	n = c->state == S_CONN_OK ? tsend_stream(fd, buf, len, timeout) : -1;
	if (n < 0) {
		/* part of a message may be out: nobody must write after it */
		c->state = S_CONN_BAD;
		LM_ERR("connection %u to %s:%hu: writing %u bytes: %s\n", c->id,
			ip_addr2a(&c->rcv.src_ip), c->rcv.src_port, len, strerror(errno));
		shutdown(fd, SHUT_RDWR); /* its worker sees the end and closes it */
	}
	lock_release(&c->write_lock);
	if (n >= 0)
		tcp_conn_touch(c);
	return n;
}

static int connect_in_time(int fd, const union sockaddr_union *to)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int err = 0, rc;

	if (connect(fd, &to->s, sockaddru_len(*to)) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return -1;
	do {
		rc = poll(&p, 1, tcp_connect_timeout);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		errno = ETIMEDOUT;
	if (rc <= 0)
		return -1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	errno = err;
	return err ? -1 : 0;
}

/* A connection from our address, any port. Its descriptor, or -1. */
static int open_stream(const struct socket_info *si, const union sockaddr_union *to)
{
	union sockaddr_union from = si->su;
	int fd = socket(to->s.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	su_setport(&from, 0);
	if (fd >= 0) {
		set_options(fd);
		if (bind(fd, &from.s, sockaddru_len(from)) == 0 && connect_in_time(fd, to) == 0)
			return fd;
	}
	LM_ERR("connecting from %s: %s\n", si->sock_str.s, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct tcp_connection *connect_new(
	const struct socket_info *si, const union sockaddr_union *to, int *fd)
{
	proto_net_wrap_f wrap = protos[si->proto].net.wrap;
	struct tcp_connection *c;

	*fd = open_stream(si, to);
	if (*fd >= 0 && wrap)
		*fd = wrap(si, to, *fd, 1);
	if (*fd < 0)
		return NULL;
	c = tcp_conn_new(to, si);
	if (c && tcp_note_send(pt[process_no].tcp_socks[1], TCP_NEW, c->id, *fd, 1) < 0) {
		LM_ERR("the TCP main process takes no connections: %s\n", strerror(errno));
		tcp_conn_remove(c);
		tcp_conn_put(c);
		c = NULL;
	}
	if (!c)
		close(*fd);
	return c;
}

/* A copy of the connection's descriptor from the main process; -1: none. */
static int ask_for_fd(struct tcp_connection *c)
{
	int sock = pt[process_no].tcp_socks[1];
	struct tcp_note note;
	int fd;

	if (tcp_note_send(sock, TCP_ASK, c->id, -1, 1) < 0)
		return -1;
	while (tcp_note_recv(sock, &note, &fd, TCP_NOTE_WAIT) > 0) {
		if (note.op == TCP_READ)
			tcp_worker_take(note.id, fd);
		else if (note.id == c->id)
			return fd;
		else if (fd >= 0)
			close(fd); /* a late answer to an earlier question */
	}
	return -1;
}

int tcp_send_msg(const struct socket_info *si, const char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id, int send_timeout)
{
	struct tcp_connection *c = tcp_conn_get(id, to, si->proto);
	int mine = 0, fd = -1, n;

	if (c) {
		mine = c->proc_id == process_no && c->fd >= 0;
		fd = mine ? c->fd : ask_for_fd(c);
		if (fd < 0) {
			tcp_conn_put(c);
			c = NULL;
		}
	}
	if (!c)
		c = connect_new(si, to, &fd);
	if (!c)
		return -1;
	n = tcp_write(c, fd, buf, len, send_timeout);
	if (!mine)
		close(fd);
	tcp_conn_put(c);
	return n;
}
