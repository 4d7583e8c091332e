/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP workers: each reads the connections it was given, until they end. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net_tcp.h"
#include "worker.h"
#include "../globals.h"
#include "../mem/mem.h"
#include "../pt.h"
#include "../reactor.h"
#include "../timer.h"

static struct tcp_connection *reading;

/* It was ours: gives up descriptor and buffer, and tells the main process. */
static void finish(struct tcp_connection *c)
{
	struct tcp_connection **at = &reading;
	unsigned int id = c->id;

	while (*at != c)
		at = &(*at)->w_next;
	*at = c->w_next;
	c->state = S_CONN_BAD;
	reactor_del(c->fd);
	close(c->fd);
	c->fd = -1;
	pkg_free(c->buf);
	c->buf = NULL;
	tcp_conn_put(c);
	if (tcp_note_send(pt[process_no].tcp_socks[1], TCP_GONE, id, -1, 1) < 0)
		LM_ERR("cannot tell the TCP main process that connection %u is closed: %s\n", id,
			strerror(errno));
}

static int on_data(int fd, void *param, int was_timeout)
{
	struct tcp_connection *c = param;

	(void)was_timeout;
	if (protos[c->rcv.proto].net.stream_read(c, fd) < 0)
		finish(c);
	return 0;
}

void tcp_worker_take(unsigned int id, int fd)
{
	struct tcp_connection *c = fd >= 0 ? tcp_conn_get_any(id) : NULL;

	if (!c || reactor_add(fd, on_data, c) < 0) {
		if (fd >= 0)
			close(fd);
		if (c) {
			tcp_conn_put(c);
			tcp_note_send(pt[process_no].tcp_socks[1], TCP_GONE, id, -1, 1);
		}
		return;
	}
	c->fd = fd;
	c->proc_id = process_no;
	c->w_next = reading;
	reading = c;
}

static int on_note(int sock, void *param, int was_timeout)
{
	struct tcp_note note;
	int fd;

	(void)param;
	(void)was_timeout;
	while (tcp_note_recv(sock, &note, &fd, 0) > 0) {
		if (note.op == TCP_READ)
			tcp_worker_take(note.id, fd);
		else if (fd >= 0)
			close(fd); /* an answer that came too late */
	}
	return 0;
}

static int is_over(const struct tcp_connection *c, unsigned int now)
{
	if (now >= c->timeout)
		return 1;
	if (c->len == 0 || now < c->msg_start + (unsigned int)tcp_max_msg_time)
		return 0;
	LM_ERR("connection %u from %s:%hu: no whole message within %d s: closed\n", c->id,
		ip_addr2a(&c->rcv.src_ip), c->rcv.src_port, tcp_max_msg_time);
	return 1;
}

static int on_tick(int fd, void *param, int was_timeout)
{
	unsigned int now = get_ticks();
	struct tcp_connection *c, *next;

	(void)fd;
	(void)param;
	(void)was_timeout;
	for (c = reading; c; c = next) {
		next = c->w_next;
		if (is_over(c, now))
			finish(c);
	}
	return 0;
}

void tcp_worker_loop(int rank)
{
	if (worker_init("TCP worker", rank) < 0 ||
		reactor_add(pt[process_no].tcp_socks[1], on_note, NULL) < 0)
		exit(1);
	reactor_set_tick(on_tick, NULL);
	worker_ready();
	reactor_loop();
	exit(1);
}
