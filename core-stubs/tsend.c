/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "tsend.h"

#define DGRAM_WAIT_MS 20

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* 0: fd can be written; -1: not before the deadline. */
static int wait_writable(int fd, long deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	long left;
	int rc;

	do {
		left = deadline - now_ms();
		rc = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		errno = ETIMEDOUT;
	return rc > 0 ? 0 : -1;
}

int tsend_stream(int fd, const char *buf, unsigned int len, int timeout)
{
	long deadline = now_ms() + timeout;
	unsigned int done = 0;

	while (done < len) {
		ssize_t n = send(fd, buf + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			done += (unsigned int)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (wait_writable(fd, deadline) < 0)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return (int)len;
}

int tsend_dgram(
	int fd, const char *buf, unsigned int len, const struct sockaddr *to, socklen_t tolen)
{
	long deadline = 0;

	for (;;) {
		ssize_t n = sendto(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT, to, tolen);

		if (n >= 0)
			return (int)n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
		if (!deadline)
			deadline = now_ms() + DGRAM_WAIT_MS;
		if (wait_writable(fd, deadline) < 0)
			return -1;
	}
}
