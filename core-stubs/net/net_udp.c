/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP listeners. Each has its own workers, which all wait on the one socket. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net_udp.h"
#include "worker.h"
#include "../globals.h"
#include "../pt.h"
#include "../reactor.h"

#define RECV_BUFFER (256 * 1024)

static int is_udp(int p)
{
	return protos[p].id != PROTO_NONE && is_udp_based_proto(p);
}

static int workers_of(const struct socket_info *si)
{
	return si->workers ? si->workers : udp_workers_no;
}

int udp_init_listener(struct socket_info *si)
{
	int on = 1, size = RECV_BUFFER;
	int fd = socket(si->address.af, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		LM_ERR("%s: socket: %s\n", si->sock_str.s, strerror(errno));
		return -1;
	}
	si->socket = fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* as OpenSIPS: of two on one address, the one that came later gets the traffic */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (si->flags & SI_REUSEPORT)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (si->address.af == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &si->su.s, sockaddru_len(si->su)) < 0) {
		LM_ERR("%s: bind: %s%s\n", si->sock_str.s, strerror(errno), bind_advice(errno));
		return -1;
	}
	return 0;
}

int udp_count_processes(void)
{
	int n = 0;

	for (int p = PROTO_FIRST; p < PROTO_LAST; p++)
		if (is_udp(p))
			for (struct socket_info_full *s = protos[p].listeners; s; s = s->next)
				n += workers_of(&s->socket_info);
	return n;
}

static int on_readable(int fd, void *param, int was_timeout)
{
	const struct socket_info *si = param;

	(void)fd;
	(void)was_timeout;
	return protos[si->proto].net.dgram_read(si);
}

static void worker(struct socket_info *si, int rank)
{
	set_proc_attrs("SIP receiver %s", si->sock_str.s);
	if (worker_init("udp worker", rank) < 0 ||
		reactor_add_exclusive(si->socket, on_readable, si) < 0)
		exit(1);
	worker_ready();
	reactor_loop();
	exit(1);
}

int udp_start_processes(int *chd_rank)
{
	static const struct internal_fork_params params = {
		"UDP receiver", OSS_PROC_NEEDS_SCRIPT, TYPE_UDP};

	for (int p = PROTO_FIRST; p < PROTO_LAST; p++) {
		if (!is_udp(p))
			continue;
		for (struct socket_info_full *s = protos[p].listeners; s; s = s->next)
			for (int i = 0; i < workers_of(&s->socket_info); i++) {
				pid_t pid = internal_fork(&params);

				++*chd_rank;
				if (pid < 0)
					return -1;
				if (pid == 0)
					worker(&s->socket_info, *chd_rank);
			}
	}
	return 0;
}
