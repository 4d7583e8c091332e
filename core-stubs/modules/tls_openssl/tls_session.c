/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tls_session.h. Names in certificates are not compared with addresses, as in OpenSIPS. */
#include "tls_session.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../../dprint.h"

/* OpenSSL's first complaint. */
static const char *complaint(void)
{
	static char text[256];
	unsigned long e = ERR_peek_error();

	if (!e)
		return "no reason told";
	ERR_error_string_n(e, text, sizeof(text));
	return text;
}

/* --- domains ----------------------------------------------------------------------------- */

static int refuse(const struct tls_domain *d, const char *what, const char *file)
{
	LM_ERR("TLS domain '%.*s': %s %s: %s\n", d->name.len, d->name.s, what, file, complaint());
	return -1;
}

static int load_files(SSL_CTX *ctx, const struct tls_domain *d)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, d->certificate) != 1)
		return refuse(d, "certificate", d->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, d->private_key, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_check_private_key(ctx) != 1)
		return refuse(d, "private_key", d->private_key);
	if (!d->ca_list)
		return 0;
	if (SSL_CTX_load_verify_locations(ctx, d->ca_list, NULL) != 1)
		return refuse(d, "ca_list", d->ca_list);
	/* who connects is told whose certificates would do */
	if (d->type == TLS_SERVER)
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(d->ca_list));
	return 0;
}

static int verify_mode(const struct tls_domain *d)
{
	if (!d->verify_cert)
		return SSL_VERIFY_NONE;
	return SSL_VERIFY_PEER | (d->require_cert ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
}

static void free_context(struct tls_domain *d)
{
	SSL_CTX_free(d->ctx);
	d->ctx = NULL;
}

static int make_context(struct tls_domain *d)
{
	SSL_CTX *ctx =
		SSL_CTX_new(d->type == TLS_SERVER ? TLS_server_method() : TLS_client_method());

	ERR_clear_error();
	d->ctx = ctx;
	if (!ctx) {
		LM_ERR("no memory for TLS domain '%.*s'\n", d->name.len, d->name.s);
		return -1;
	}
	SSL_CTX_set_min_proto_version(ctx, d->min_version);
	SSL_CTX_set_max_proto_version(ctx, d->max_version);
	/* each connection shows certificates anew; an end without close_notify is an end */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ctx, verify_mode(d), NULL);
	if (load_files(ctx, d) == 0)
		return 0;
	free_context(d);
	return -1;
}

/* --- sessions ---------------------------------------------------------------------------- */

static void *open_session(const struct tls_domain *d, int fd)
{
	SSL *ssl = SSL_new(d->ctx);

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	if (d->type == TLS_SERVER)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static enum tls_result result(SSL *ssl, int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		return TLS_FAILED;
	}
}

static enum tls_result handshake(void *session)
{
	ERR_clear_error();
	return result(session, SSL_do_handshake(session));
}

static enum tls_result read_some(void *session, char *buf, int size, int *n)
{
	ERR_clear_error();
	*n = SSL_read(session, buf, size);
	return result(session, *n);
}

static enum tls_result write_some(void *session, const char *buf, int len, int *n)
{
	ERR_clear_error();
	*n = SSL_write(session, buf, len);
	return result(session, *n);
}

static const char *reason(void *session)
{
	long bad = SSL_get_verify_result(session);

	if (bad != X509_V_OK)
		return X509_verify_cert_error_string(bad);
	return ERR_peek_error() ? complaint() : "the connection ended";
}

static void close_session(void *session, int gently)
{
	ERR_clear_error();
	if (gently)
		SSL_shutdown(session); /* once: nobody waits for the answer */
	SSL_free(session);
}

void bind_tls_openssl(struct tls_binds *binds)
{
	*binds = (struct tls_binds){.make_context = make_context,
		.free_context = free_context,
		.open = open_session,
		.handshake = handshake,
		.read = read_some,
		.write = write_some,
		.reason = reason,
		.close = close_session};
}
