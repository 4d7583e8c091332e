/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands between two nodes, as tests/lib/relay.py does, but fast: hands on what they say in small
 * pieces and at the pace of a slower line.
 *
 *   relay A_IP B_IP AS_A_IP AS_B_IP PORT SEGMENT MBIT CUT_AFTER
 *
 * a connects to AS_B and is handed on to b from AS_A, and the other way round, so that either node
 * takes the relay for the other one. TCP goes in pieces of at most SEGMENT bytes, each written by
 * itself; TCP and UDP at MBIT million bits a second in each direction. When so many bytes as
 * CUT_AFTER says have been handed on (0: never) it cuts, once: connections are closed, new ones are
 * closed at once, datagrams are dropped, for three seconds.
 *
 * One direction of one connection is one thread with one piece in its hand: simple, and there
 * are only a few. A direction's line is shared by all threads that send in it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND   1000000000LL
#define CUT_FOR  (3 * SECOND)
#define DATAGRAM 65536
#define NAP      50000 /* ns that a line may be ahead of the clock before anybody sleeps */

/* A line in one direction. `free_at`: when it has sent all it was given. */
struct line {
	pthread_mutex_t lock;
	int64_t free_at;
};

/* From `from`'s side: connections to `here` are handed on to `there`, from `source`. */
struct side {
	struct sockaddr_in here, there, source;
	struct line *out, *in;
	int udp, other_udp, listener;
};

struct way {
	int from, to;
	struct line *line;
	atomic_int *ends; /* the second of two ways to end closes both */
};

static size_t segment;
static int64_t ns_per_byte_x1000;
static _Atomic int64_t bytes_until_cut = INT64_MAX;
static _Atomic int64_t cut_until;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int is_cut(void)
{
	return now() < cut_until;
}

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Waits until the line has room, and takes as long as so many bytes need on it. */
static void pace(struct line *l, size_t bytes)
{
	int64_t t = now(), wait, left = atomic_fetch_sub(&bytes_until_cut, bytes);

	if (left > 0 && left <= (int64_t)bytes)
		cut_until = t + CUT_FOR;

	pthread_mutex_lock(&l->lock);
	if (l->free_at < t)
		l->free_at = t;
	l->free_at += bytes * ns_per_byte_x1000 / 1000;
	wait = l->free_at - t;
	pthread_mutex_unlock(&l->lock);
	if (wait > NAP) {
		struct timespec ts = {wait / SECOND, wait % SECOND};

		nanosleep(&ts, NULL);
	}
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w < 0)
			return -1;
		p += w;
		n -= w;
	}
	return 0;
}

static void *hand_on(void *arg)
{
	struct way w = *(struct way *)arg;
	char buf[DATAGRAM];

	free(arg);
	for (;;) {
		struct pollfd p = {.fd = w.from, .events = POLLIN};
		ssize_t n;

		if (is_cut())
			break;
		if (poll(&p, 1, 100) == 0)
			continue;
		n = recv(w.from, buf, segment, 0);
		if (n <= 0)
			break;
		pace(w.line, n);
		if (write_all(w.to, buf, n) < 0)
			break;
	}
	shutdown(w.from, SHUT_RDWR);
	shutdown(w.to, SHUT_RDWR);
	if (atomic_fetch_add(w.ends, 1) == 1) {
		close(w.from);
		close(w.to);
		free(w.ends);
	}
	return NULL;
}

static void start(void *(*f)(void *), void *arg)
{
	pthread_t t;

	if (!arg || pthread_create(&t, NULL, f, arg) != 0)
		die("thread");
	pthread_detach(t);
}

static void start_way(int from, int to, struct line *line, atomic_int *ends)
{
	struct way *w = malloc(sizeof *w);

	if (!w)
		die("memory");
	*w = (struct way){from, to, line, ends};
	start(hand_on, w);
}

static void at_once(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void *serve_tcp(void *arg)
{
	struct side *s = arg;

	for (;;) {
		int in = accept(s->listener, NULL, NULL), out;
		struct sockaddr_in source = s->source;
		atomic_int *ends;

		if (in < 0)
			continue;
		source.sin_port = 0;
		out = socket(AF_INET, SOCK_STREAM, 0);
		if (out < 0 || is_cut() ||
			bind(out, (struct sockaddr *)&source, sizeof source) < 0 ||
			connect(out, (struct sockaddr *)&s->there, sizeof s->there) < 0) {
			close(in);
			if (out >= 0)
				close(out);
			continue;
		}
		at_once(in);
		at_once(out);
		ends = calloc(1, sizeof *ends);
		if (!ends)
			die("memory");
		start_way(in, out, s->out, ends);
		start_way(out, in, s->in, ends);
	}
	return NULL;
}

/* Datagrams: what comes to `here` leaves from the socket of the other side. */
static void *serve_udp(void *arg)
{
	struct side *s = arg;
	char buf[DATAGRAM];

	for (;;) {
		ssize_t n = recv(s->udp, buf, sizeof buf, 0);

		if (n < 0 || is_cut())
			continue;
		pace(s->out, n);
		(void)sendto(
			s->other_udp, buf, n, 0, (struct sockaddr *)&s->there, sizeof s->there);
	}
	return NULL;
}

static int bound(int type, const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, type, 0), one = 1, room = 4 << 20;

	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (bind(fd, (const struct sockaddr *)a, sizeof *a) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 64) < 0)
		die("listen");
	return fd;
}

static struct sockaddr_in address(const char *ip, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, ip, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(ip);
	}
	return a;
}

int main(int argc, char **argv)
{
	static struct line to_b = {PTHREAD_MUTEX_INITIALIZER, 0},
			   to_a = {PTHREAD_MUTEX_INITIALIZER, 0};
	struct sockaddr_in a, b, as_a, as_b;
	struct side sides[2];

	if (argc != 9 || atoi(argv[6]) < 1 || atoi(argv[6]) > DATAGRAM || atoi(argv[7]) < 1) {
		fprintf(stderr,
			"usage: relay A_IP B_IP AS_A_IP AS_B_IP PORT SEGMENT MBIT CUT_AFTER\n");
		return 2;
	}
	a = address(argv[1], argv[5]);
	b = address(argv[2], argv[5]);
	as_a = address(argv[3], argv[5]);
	as_b = address(argv[4], argv[5]);
	segment = atoi(argv[6]);
	ns_per_byte_x1000 = 8000000 / atoi(argv[7]);
	sides[0] = (struct side){as_b, b, as_a, &to_b, &to_a, bound(SOCK_DGRAM, &as_b), -1,
		bound(SOCK_STREAM, &as_b)};
	sides[1] = (struct side){as_a, a, as_b, &to_a, &to_b, bound(SOCK_DGRAM, &as_a), -1,
		bound(SOCK_STREAM, &as_a)};
	sides[0].other_udp = sides[1].udp;
	sides[1].other_udp = sides[0].udp;

	if (atoll(argv[8]) > 0)
		bytes_until_cut = atoll(argv[8]);
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	for (int i = 0; i < 2; i++) {
		start(serve_tcp, &sides[i]);
		start(serve_udp, &sides[i]);
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
