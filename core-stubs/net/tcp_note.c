/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes between the TCP main process and the others, some with a descriptor. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "net_tcp.h"

static int wait_for(int sock, short events, int ms)
{
	struct pollfd p = {.fd = sock, .events = events};
	int rc;

	do {
		rc = poll(&p, 1, ms);
	} while (rc < 0 && errno == EINTR);
	return rc;
}

int tcp_note_send(int sock, enum tcp_op op, unsigned int id, int fd, int wait)
{
	struct tcp_note note = {op, id};
	struct iovec iov = {&note, sizeof(note)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		memset(&ctl, 0, sizeof(ctl));
		msg.msg_control = ctl.buf;
		msg.msg_controllen = sizeof(ctl.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait)
			return -1;
		if (wait_for(sock, POLLOUT, TCP_NOTE_WAIT) <= 0)
			return -1;
	}
	return 0;
}

int tcp_note_recv(int sock, struct tcp_note *note, int *fd, int wait_ms)
{
	struct iovec iov = {note, sizeof(*note)};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf)};
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	if (wait_ms > 0 && wait_for(sock, POLLIN, wait_ms) <= 0)
		return 0;
	do {
		n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n == (ssize_t)sizeof(*note) ? 1 : -1;
}
