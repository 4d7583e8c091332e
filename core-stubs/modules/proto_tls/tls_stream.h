/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One process holds all TLS connections. Each is a stream between two descriptors:
 *
 *   other side <== TCP, TLS ==> net [ stream ] plain <== socketpair ==> TCP worker, senders
 *
 * so that for the rest of the core a TLS connection is one of TCP: any process may have a copy of
 * the socketpair's other end, and what a process writes is one piece. The session, which has
 * to be in one process, is in this one.
 *
 * A stream holds at most STREAM_BUF bytes in each direction: it reads from one side only what the
 * other side has taken.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include "../tls_openssl/tls_session.h"

#define STREAM_BUF       16384
#define STREAM_UP        '+' /* to the plain end of a connection that we made: it is up */
#define STREAM_LINGER_MS 5000

struct tls_stream;

/* Before the others; for each process its own. tls: what to call. 0 or -1 (logged). */
int tls_streams_init(const struct tls_binds *tls, int handshake_timeout_ms);
/* Readable when something is to be done. */
int tls_streams_fd(void);
/*
 * Takes both descriptors, which must not block. what: "accepted from IP:PORT", for the log; at
 * most 79 characters are kept. connecting: STREAM_UP is written to plain after the handshake.
 * 0, or -1: no memory (logged), both are closed.
 */
int tls_stream_new(
	const struct tls_domain *d, int net, int plain, int connecting, const char *what);
/* What can be done now, without waiting. */
void tls_streams_run(void);
/* Ends what takes too long. About once a second. */
void tls_streams_tick(void);
void tls_streams_destroy(void);

/* So far: handshakes that failed. And how many streams there are. */
unsigned long tls_streams_failed(void);
int tls_streams_count(void);

#endif
