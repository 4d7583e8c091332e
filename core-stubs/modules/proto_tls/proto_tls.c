/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport TLS: TCP with a process between, which holds all TLS sessions (tls_stream.h). Who has a
 * new connection gives it to that process, and goes on with one end of a socketpair.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_stream.h"

#include "../../globals.h"
#include "../../net/net_tcp.h"
#include "../../net/trans.h"
#include "../../pt.h"
#include "../../reactor.h"
#include "../../sr_module.h"

static int tls_port = SIPS_PORT;
static struct tcp_limits limits = TCP_LIMITS;
static int handshake_timeout = 100; /* ms */
static stat_var *handshake_errors;

static tls_find_domain_f find_domain;
static struct tls_binds tls;
/* [0] is read by the TLS process, [1] written to by all others. */
static int socks[2] = {-1, -1};

/* A connection for the TLS process, which comes with two descriptors. */
struct offer {
	const struct socket_info *si; /* the same in all processes */
	union sockaddr_union peer;
	int connecting;
};

/* --- in any process -------------------------------------------------------------------------- */

static int send_offer(const struct offer *offer, const int fds[2], int may_wait)
{
	struct pollfd p = {.fd = socks[1], .events = POLLOUT};
	struct iovec iov = {(void *)offer, sizeof(*offer)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf)};
	struct cmsghdr *c;

	memset(&ctl, 0, sizeof(ctl));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	while (sendmsg(socks[1], &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !may_wait || poll(&p, 1, handshake_timeout) <= 0)
			return -1;
	}
	return 0;
}

/* For STREAM_UP. 0, or -1 with errno. */
static int wait_until_up(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;
	int rc;

	do {
		rc = poll(&p, 1, handshake_timeout);
	} while (rc < 0 && errno == EINTR);
	errno = rc == 0 ? ETIMEDOUT : ECONNREFUSED;
	return rc > 0 && recv(fd, &c, 1, MSG_DONTWAIT) == 1 && c == STREAM_UP ? 0 : -1;
}

static int wrap(
	const struct socket_info *si, const union sockaddr_union *peer, int fd, int connecting)
{
	struct offer offer = {si, *peer, connecting};
	int pair[2], fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		LM_ERR("socketpair: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	fds[0] = fd;
	fds[1] = pair[1];
	if (send_offer(&offer, fds, connecting) < 0) {
		LM_ERR("the TLS process takes no connections: %s\n", strerror(errno));
		close(pair[0]);
		pair[0] = -1;
	}
	close(fd);
	close(pair[1]);
	if (pair[0] >= 0 && connecting && wait_until_up(pair[0]) < 0) {
		LM_ERR("no TLS connection from %s: %s\n", si->sock_str.s, strerror(errno));
		close(pair[0]);
		pair[0] = -1;
	}
	return pair[0];
}

static int tls_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	return tcp_send_msg(si, buf, len, to, id, limits.send_timeout);
}

static int tls_read(struct tcp_connection *c, int fd)
{
	return tcp_read_msgs(c, fd, &limits);
}

/* --- the TLS process ------------------------------------------------------------------------- */

static void take(const struct offer *o, int net, int plain)
{
	struct ip_addr peer;
	const struct ip_addr *ip = &peer;
	unsigned short port = su_getport(&o->peer);
	const struct tls_domain *d;
	char what[80];

	su2ip_addr(&peer, &o->peer);
	snprintf(what, sizeof(what), "%s %s:%hu", o->connecting ? "to" : "from", ip_addr2a(&peer),
		port);
	if (!o->connecting) {
		ip = &o->si->address;
		port = o->si->port_no;
	}
	d = find_domain(o->connecting ? TLS_CLIENT : TLS_SERVER, ip, port);
	if (d) {
		tls_stream_new(d, net, plain, o->connecting, what);
		return;
	}
	LM_ERR("TLS connection %s: no %s domain for it\n", what,
		o->connecting ? "client" : "server");
	update_stat(handshake_errors, 1);
	close(net);
	close(plain);
}

/* 1: an offer came, with both descriptors; 0: none. */
static int get_offer(int sock, struct offer *offer, int fds[2])
{
	struct iovec iov = {offer, sizeof(*offer)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf)};
	struct cmsghdr *c;

	if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*offer))
		return 0;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
		return 1;
	}
	LM_ERR("a connection came without its descriptors: too many open files?\n");
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(fds, CMSG_DATA(c), sizeof(int));
		close(fds[0]);
	}
	return 0;
}

/* Handshakes that failed since the last call. */
static void count_failed(void)
{
	static unsigned long counted;
	unsigned long failed = tls_streams_failed();

	if (failed != counted)
		update_stat(handshake_errors, (int)(failed - counted));
	counted = failed;
}

static int on_offer(int fd, void *param, int was_timeout)
{
	struct offer offer;
	int fds[2];

	(void)param;
	(void)was_timeout;
	while (get_offer(fd, &offer, fds))
		take(&offer, fds[0], fds[1]);
	count_failed();
	return 0;
}

static int on_streams(int fd, void *param, int was_timeout)
{
	(void)fd;
	(void)param;
	(void)was_timeout;
	tls_streams_run();
	count_failed();
	return 0;
}

static int on_tick(int fd, void *param, int was_timeout)
{
	(void)fd;
	(void)param;
	(void)was_timeout;
	tls_streams_tick();
	count_failed();
	return 0;
}

static void tls_process(int rank)
{
	(void)rank;
	if (reactor_init("TLS") < 0 || tls_streams_init(&tls, handshake_timeout) < 0 ||
		reactor_add(socks[0], on_offer, NULL) < 0 ||
		reactor_add(tls_streams_fd(), on_streams, NULL) < 0)
		exit(1);
	reactor_set_tick(on_tick, NULL);
	reactor_loop();
	exit(1);
}

/* --- the module ------------------------------------------------------------------------------ */

static int proto_tls_init(struct proto_info *pi)
{
	pi->default_port = (unsigned short)tls_port;
	pi->tran.bind_listener = tcp_init_listener;
	pi->tran.send = tls_send;
	pi->net.flags = PROTO_NET_USE_TCP;
	pi->net.stream_read = tls_read;
	pi->net.wrap = wrap;
	return 0;
}

static int mod_init(void)
{
	find_domain = (tls_find_domain_f)(void *)find_mod_export("tls_mgm", "load_tls_mgm", 0);
	if (!find_domain || load_tls_openssl(&tls) < 0)
		return -1;
	if (handshake_timeout < 1 || limits.send_timeout < 1) {
		LM_ERR("tls_handshake_timeout and tls_send_timeout: 1 ms and more\n");
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, socks) < 0) {
		LM_ERR("socketpair: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

static void mod_destroy(void)
{
	for (int i = 0; i < 2; i++) {
		if (socks[i] >= 0)
			close(socks[i]);
		socks[i] = -1;
	}
}

static const cmd_export_t cmds[] = {
	{"proto_init", (cmd_function)proto_tls_init, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"tls_port", INT_PARAM, &tls_port},
	{"tls_handshake_timeout", INT_PARAM, &handshake_timeout},
	{"tls_send_timeout", INT_PARAM, &limits.send_timeout},
	{"tls_max_msg_chunks", INT_PARAM, &limits.max_msg_chunks},
	{"tls_crlf_pingpong", INT_PARAM, &limits.crlf_pingpong},
	{"tls_crlf_drop", INT_PARAM, &limits.crlf_drop},
	{0, 0, 0},
};

static const stat_export_t stats[] = {
	{"handshake_errors", 0, &handshake_errors},
	{0, 0, 0},
};

static const proc_export_t procs[] = {
	{"TLS main", 0, 0, tls_process, 1, 0},
	{0, 0, 0, 0, 0, 0},
};

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "tls_mgm", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "tls_openssl", DEP_ABORT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "proto_tls",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.stats = stats,
	.procs = procs,
	.init_f = mod_init,
	.destroy_f = mod_destroy,
};
