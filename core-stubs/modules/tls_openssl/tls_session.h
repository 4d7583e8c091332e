/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS by OpenSSL, on descriptors that do not block. Everything of a session happens in one
 * process.
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "../tls_mgm/tls_domains.h"
#include "../../sr_module.h"

enum tls_result {
	TLS_DONE,
	TLS_WANTS_READ,  /* go on when the descriptor can be read */
	TLS_WANTS_WRITE, /* or written */
	TLS_ENDED,       /* the other side says no more */
	TLS_FAILED
};

struct tls_binds {
	/* Before forking: reads the domain's files into d->ctx. 0, or -1 with the reason logged. */
	int (*make_context)(struct tls_domain *d);
	void (*free_context)(struct tls_domain *d);
	/* A session on fd, which stays the caller's; NULL: no memory. */
	void *(*open)(const struct tls_domain *d, int fd);
	enum tls_result (*handshake)(void *session);
	/* TLS_DONE with *n > 0 bytes. What could not be written comes again, with the same bytes.
	 */
	enum tls_result (*read)(void *session, char *buf, int size, int *n);
	enum tls_result (*write)(void *session, const char *buf, int len, int *n);
	/* After TLS_FAILED: why; good until the next call. */
	const char *(*reason)(void *session);
	/* gently: tells the other side. Frees the session. */
	void (*close)(void *session, int gently);
};

void bind_tls_openssl(struct tls_binds *binds);

/* 0, or -1: tls_openssl is not loaded. */
static inline int load_tls_openssl(struct tls_binds *binds)
{
	void (*bind)(struct tls_binds *) = (void (*)(struct tls_binds *))(void *)find_mod_export(
		"tls_openssl", "load_tls_openssl", 0);

	if (!bind) {
		LM_ERR("module tls_openssl is not loaded\n");
		return -1;
	}
	bind(binds);
	return 0;
}

#endif
