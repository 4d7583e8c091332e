/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport TCP: cutting what a connection brings into messages, sending. */
#include <errno.h>

#include "../../globals.h"
#include "../../net/net_tcp.h"
#include "../../net/tcp_frame.h"
#include "../../receive.h"
#include "../../sr_module.h"
#include "../../timer.h"

static int tcp_port = SIP_PORT;
static int tcp_send_timeout = 100; /* ms */
static int tcp_max_msg_chunks = 4; /* reads for one message */
static int tcp_crlf_pingpong = 1;  /* answer CRLF CRLF (RFC 5626, 4.4.1) */
static int tcp_crlf_drop;

static int tcp_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	return tcp_send_msg(si, buf, len, to, id, tcp_send_timeout);
}

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

static void skip_blanks(struct tcp_connection *c, int fd)
{
	int n = tcp_blank(in.buf, in.len);

	if (n == 0)
		return;
	if (n >= 4 && tcp_crlf_pingpong && !tcp_crlf_drop)
		tcp_write(c, fd, CRLF, CRLF_LEN, tcp_send_timeout);
	consume(c, n);
}

/* 1: a message was handled; 0: there is no whole one; -1: close. */
static int handle_one(struct tcp_connection *c, int fd)
{
	struct receive_info ri = c->rcv;
	char after;
	int n;

	skip_blanks(c, fd);
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

static int tcp_read(struct tcp_connection *c, int fd)
{
	int rc = read_more(c, fd);

	if (rc <= 0)
		return rc;
	while ((rc = handle_one(c, fd)) > 0)
		;
	if (rc == 0 && in.len > 0 && c->chunks >= (unsigned int)tcp_max_msg_chunks) {
		complain(c, "a message in more reads than tcp_max_msg_chunks");
		return -1;
	}
	return rc < 0 ? -1 : keep_rest(c);
}

static int proto_tcp_init(struct proto_info *pi)
{
	pi->default_port = (unsigned short)tcp_port;
	pi->tran.bind_listener = tcp_init_listener;
	pi->tran.send = tcp_send;
	pi->net.flags = PROTO_NET_USE_TCP;
	pi->net.stream_read = tcp_read;
	return 0;
}

static const cmd_export_t cmds[] = {
	{"proto_init", (cmd_function)proto_tcp_init, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"tcp_port", INT_PARAM, &tcp_port},
	{"tcp_send_timeout", INT_PARAM, &tcp_send_timeout},
	{"tcp_max_msg_chunks", INT_PARAM, &tcp_max_msg_chunks},
	{"tcp_crlf_pingpong", INT_PARAM, &tcp_crlf_pingpong},
	{"tcp_crlf_drop", INT_PARAM, &tcp_crlf_drop},
	{0, 0, 0},
};

const struct module_exports exports = {
	.name = "proto_tcp",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
};
