/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tls_stream.h. */
#include "tls_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../dprint.h"
#include "../../mem/mem.h"

#define EVENTS_AT_ONCE 64 /* then other things of the process have their turn */

/* One of the two descriptors, and what is waited for at it. */
struct end {
	struct tls_stream *stream;
	int fd;
	unsigned int events;
	int is_watched; /* not any more once it has hung up */
	int is_done;    /* nothing comes from it any more */
};

struct piece {
	char data[STREAM_BUF];
	int at, len; /* data[at] to data[len - 1] have to go on */
};

struct tls_stream {
	struct end net, plain;
	struct piece in, out; /* to plain, to net */
	void *session;
	int is_up, is_connecting;
	int net_wants_write; /* what the library said last */
	long since;          /* ms: when it began; when plain was done */
	char what[80];
	struct tls_stream *next, **at;
};

static const struct tls_binds *tls;
static int handshake_timeout;
static int epoll_fd = -1;
static struct tls_stream *streams;
static int n_streams;
static unsigned long n_failed;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* --- one more, one less ------------------------------------------------------------------ */

static void free_stream(struct tls_stream *s, int gently)
{
	if (s->session)
		tls->close(s->session, gently);
	close(s->net.fd);
	close(s->plain.fd);
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	n_streams--;
	pkg_free(s);
}

/* With why, which is logged: an error. */
static void end_stream(struct tls_stream *s, const char *why)
{
	if (why && !s->is_up) {
		n_failed++;
		LM_ERR("TLS connection %s: handshake failed: %s\n", s->what, why);
	} else if (why) {
		LM_ERR("TLS connection %s: closed: %s\n", s->what, why);
	}
	free_stream(s, s->is_up && !why);
}

static int watch(struct end *e, unsigned int events)
{
	struct epoll_event ev = {.events = events, .data.ptr = e};

	if (e->is_watched && e->events != events) {
		e->events = events;
		return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, e->fd, &ev);
	}
	return 0;
}

static int begin_watching(struct end *e)
{
	struct epoll_event ev = {.data.ptr = e};

	e->is_watched = 1;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, e->fd, &ev);
}

/* --- what goes through ------------------------------------------------------------------- */

/* A step of a stream: it got on, it has to wait, or it is over (*why: for an error). */
enum step {
	WAITS,
	MOVED,
	OVER
};

static enum step net_step(struct tls_stream *s, enum tls_result rc, const char **why)
{
	s->net_wants_write |= rc == TLS_WANTS_WRITE;
	if (rc == TLS_ENDED)
		s->net.is_done = 1;
	if (rc == TLS_FAILED) {
		*why = tls->reason(s->session);
		return OVER;
	}
	return rc == TLS_DONE ? MOVED : WAITS;
}

static enum step from_net(struct tls_stream *s, const char **why)
{
	enum step step;
	int n;

	if (s->net.is_done || s->in.len)
		return WAITS;
	step = net_step(s, tls->read(s->session, s->in.data, STREAM_BUF, &n), why);
	if (step == MOVED)
		s->in.len = n;
	return step;
}

static enum step to_net(struct tls_stream *s, const char **why)
{
	enum step step;
	int n;

	if (!s->out.len)
		return WAITS;
	step = net_step(s,
		tls->write(s->session, s->out.data + s->out.at, s->out.len - s->out.at, &n), why);
	if (step != MOVED)
		return step;
	s->out.at += n;
	if (s->out.at == s->out.len)
		s->out.at = s->out.len = 0;
	return MOVED;
}

static enum step from_plain(struct tls_stream *s)
{
	ssize_t n;

	if (s->plain.is_done || s->out.len)
		return WAITS;
	n = recv(s->plain.fd, s->out.data, STREAM_BUF, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WAITS;
	if (n > 0) {
		s->out.len = (int)n;
		return MOVED;
	}
	s->plain.is_done = 1;
	s->since = now_ms();
	return MOVED;
}

static enum step to_plain(struct tls_stream *s)
{
	ssize_t n;

	if (!s->in.len)
		return WAITS;
	n = send(s->plain.fd, s->in.data + s->in.at, s->in.len - s->in.at,
		MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? WAITS : OVER; /* closed by its reader */
	s->in.at += (int)n;
	if (s->in.at == s->in.len)
		s->in.at = s->in.len = 0;
	return MOVED;
}

static enum step shake_hands(struct tls_stream *s, const char **why)
{
	enum tls_result rc = tls->handshake(s->session);
	char up = STREAM_UP;

	if (rc == TLS_ENDED)
		rc = TLS_FAILED;
	if (rc == TLS_DONE) {
		s->is_up = 1;
		if (s->is_connecting && send(s->plain.fd, &up, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return OVER;
	}
	return net_step(s, rc, why);
}

/* All directions once. */
static enum step go_round(struct tls_stream *s, const char **why)
{
	enum step steps[4];
	int moved = 0;

	if (!s->is_up)
		return shake_hands(s, why);
	steps[0] = from_net(s, why);
	steps[1] = steps[0] == OVER ? OVER : to_plain(s);
	steps[2] = from_plain(s);
	steps[3] = steps[0] == OVER ? OVER : to_net(s, why);
	for (int i = 0; i < 4; i++) {
		if (steps[i] == OVER)
			return OVER;
		moved |= steps[i] == MOVED;
	}
	if ((s->net.is_done && !s->in.len) || (s->plain.is_done && !s->out.len))
		return OVER;
	return moved ? MOVED : WAITS;
}

static void run_stream(struct tls_stream *s)
{
	const char *why = NULL;
	enum step step;

	do {
		s->net_wants_write = 0;
		step = go_round(s, &why);
	} while (step == MOVED);
	if (step == OVER ||
		watch(&s->net,
			(s->net_wants_write ? EPOLLOUT : 0) |
				(!s->is_up || (!s->in.len && !s->net.is_done) ? EPOLLIN : 0)) < 0 ||
		watch(&s->plain,
			(s->in.len ? EPOLLOUT : 0) |
				(s->is_up && !s->out.len && !s->plain.is_done ? EPOLLIN : 0)) < 0)
		end_stream(s, why);
}

/* --- all of them ------------------------------------------------------------------------- */

int tls_streams_init(const struct tls_binds *binds, int handshake_timeout_ms)
{
	tls = binds;
	handshake_timeout = handshake_timeout_ms;
	n_failed = 0;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		LM_ERR("epoll: %s\n", strerror(errno));
	return epoll_fd < 0 ? -1 : 0;
}

int tls_streams_fd(void)
{
	return epoll_fd;
}

int tls_stream_new(const struct tls_domain *d, int net, int plain, int connecting, const char *what)
{
	struct tls_stream *s = pkg_malloc(sizeof(*s));

	if (!s) {
		LM_ERR("no more pkg memory\n");
		close(net);
		close(plain);
		return -1;
	}
	memset(s, 0, sizeof(*s));
	s->net = (struct end){.stream = s, .fd = net};
	s->plain = (struct end){.stream = s, .fd = plain};
	s->is_connecting = connecting;
	s->since = now_ms();
	snprintf(s->what, sizeof(s->what), "%s", what);
	s->next = streams;
	s->at = &streams;
	if (streams)
		streams->at = &s->next;
	streams = s;
	n_streams++;
	s->session = tls->open(d, net);
	if (!s->session || begin_watching(&s->net) < 0 || begin_watching(&s->plain) < 0) {
		end_stream(s, "no memory");
		return -1;
	}
	run_stream(s);
	return 0;
}

/* An end that has hung up says so again and again: what it still has is read when there is room. */
static void on_event(struct end *e, unsigned int events)
{
	struct tls_stream *s = e->stream;

	if (events & (EPOLLHUP | EPOLLERR)) {
		e->is_watched = 0;
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);
		if (!s->is_up && e == &s->plain) {
			end_stream(s, "given up by who wanted it");
			return;
		}
	}
	run_stream(s);
}

void tls_streams_run(void)
{
	struct epoll_event ev;

	/* one at a time: what is done may end the other descriptor of the same stream */
	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		if (epoll_wait(epoll_fd, &ev, 1, 0) <= 0)
			break;
		on_event(ev.data.ptr, ev.events);
	}
}

void tls_streams_tick(void)
{
	struct tls_stream *s, *next;
	long now = now_ms();

	for (s = streams; s; s = next) {
		next = s->next;
		if (!s->is_up && now - s->since > handshake_timeout)
			end_stream(s, "it took too long (tls_handshake_timeout)");
		else if (s->plain.is_done && now - s->since > STREAM_LINGER_MS)
			end_stream(s, "the other side does not take the rest");
	}
}

void tls_streams_destroy(void)
{
	while (streams)
		free_stream(streams, 0);
	if (epoll_fd >= 0)
		close(epoll_fd);
	epoll_fd = -1;
}

unsigned long tls_streams_failed(void)
{
	return n_failed;
}

int tls_streams_count(void)
{
	return n_streams;
}
