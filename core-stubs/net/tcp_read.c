/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cutting what a connection brings into messages. */
#include <errno.h>
#include <string.h>

#include "net_tcp.h"
#include "tcp_frame.h"
#include "../config.h"
#include "../mem/mem.h"
#include "../receive.h"
#include "../timer.h"
#include "../parser/msg_parser.h"

static void complain(const struct tcp_connection *c, const char *what)
{
	LM_ERR("connection %u from %s:%hu: %s: closed\n", c->id, ip_addr2a(&c->rcv.src_ip),
		c->rcv.src_port, what);
}

/* What came so far on the connection at hand. Only what is left over is kept with it. */
static struct {
	char buf[BUF_SIZE + 1];
	int len;
} in;

static void consume(struct tcp_connection *c, int n)
{
	in.len -= n;
	memmove(in.buf, in.buf + n, (size_t)in.len);
	c->chunks = in.len > 0;
	c->msg_start = get_ticks();
}

static void skip_blanks(struct tcp_connection *c, int fd, const struct tcp_limits *limits)
{
	int n = tcp_blank(in.buf, in.len);

	if (n == 0)
		return;
	if (n >= 4 && limits->crlf_pingpong && !limits->crlf_drop)
		tcp_write(c, fd, CRLF, CRLF_LEN, limits->send_timeout);
	consume(c, n);
}

/* 1: a message was handled; 0: there is no whole one; -1: close. */
static int handle_one(struct tcp_connection *c, int fd, const struct tcp_limits *limits)
{
	struct receive_info ri = c->rcv;
	char after;
	int n;

	skip_blanks(c, fd, limits);
	if (in.len == 0)
		return 0;
	n = tcp_frame(in.buf, in.len);
	if (n < 0) {
		complain(c, "no usable Content-Length");
		return -1;
	}
	if (n > BUF_SIZE || (n == 0 && in.len == BUF_SIZE)) {
		complain(c, "message too long");
		return -1;
	}
	if (n == 0 || n > in.len)
		return 0;
	after = in.buf[n];
	in.buf[n] = 0; /* the parser may look one byte beyond */
	receive_msg(in.buf, (unsigned int)n, &ri, NULL, 0);
	in.buf[n] = after;
	consume(c, n);
	tcp_conn_touch(c);
	return 1;
}

/* The rest goes to, and before that comes from, the connection's own memory. */
static int keep_rest(struct tcp_connection *c)
{
	char *kept = NULL;

	if (in.len > 0) {
		kept = pkg_realloc(c->buf, (size_t)in.len);
		if (!kept)
			return -1;
		memcpy(kept, in.buf, (size_t)in.len);
	} else {
		pkg_free(c->buf);
	}
	c->buf = kept;
	c->len = in.len;
	return 0;
}

static int read_more(struct tcp_connection *c, int fd)
{
	ssize_t n;

	in.len = c->len;
	if (c->len > 0)
		memcpy(in.buf, c->buf, (size_t)c->len);
	n = recv(fd, in.buf + in.len, (size_t)(BUF_SIZE - in.len), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	if (c->len == 0)
		c->msg_start = get_ticks();
	in.len += (int)n;
	c->chunks++;
	return 1;
}

int tcp_read_msgs(struct tcp_connection *c, int fd, const struct tcp_limits *limits)
{
	int rc = read_more(c, fd);

	if (rc <= 0)
		return rc;
	while ((rc = handle_one(c, fd, limits)) > 0)
		;
	if (rc == 0 && in.len > 0 && c->chunks >= (unsigned int)limits->max_msg_chunks) {
		complain(c, "a message in more reads than max_msg_chunks allows");
		return -1;
	}
	return rc < 0 ? -1 : keep_rest(c);
}
