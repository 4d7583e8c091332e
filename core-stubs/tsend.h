/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending with a time limit. */
#ifndef TSEND_H
#define TSEND_H

#include <sys/types.h>
#include <sys/socket.h>

/* Writes all len bytes to a stream within timeout ms. len, or -1 with errno. */
int tsend_stream(int fd, const char *buf, unsigned int len, int timeout);
/* One datagram. Bytes sent, or -1 with errno. */
int tsend_dgram(
	int fd, const char *buf, unsigned int len, const struct sockaddr *to, socklen_t tolen);

#endif
