/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS domains: which certificate is shown and what is asked of the other side. Made from the
 * configuration, constant after the start.
 */
#ifndef TLS_DOMAINS_H
#define TLS_DOMAINS_H

#include "../../ip_addr.h"
#include "../../str.h"

#define TLS_MAX_MATCH 8 /* addresses of one domain */

enum tls_domain_type {
	TLS_SERVER, /* for connections that were accepted */
	TLS_CLIENT  /* for those that we make */
};

struct tls_address {
	struct ip_addr ip;
	unsigned short port;
};

struct tls_domain {
	str name;
	enum tls_domain_type type;
	const char *certificate, *private_key; /* PEM files; the certificate with its chain */
	const char *ca_list;                   /* PEM file; NULL: nobody is trusted */
	int verify_cert;                       /* a certificate that is shown has to be valid */
	int require_cert;                      /* a phone or peer that connects has to show one */
	int min_version, max_version;          /* as OpenSSL has them; 0: no limit */
	struct tls_address match[TLS_MAX_MATCH];
	int n_match; /* 0: any address */
	void *ctx;   /* of the library, see tls_openssl/tls_session.h */
	struct tls_domain *next;
};

extern struct tls_domain *tls_domains;

/* A parameter's value, changed here. All: 0, or -1 with the reason logged. */
int tls_add_domain(const char *name, enum tls_domain_type type);
int tls_set_certificate(char *value); /* "[domain]value", like all that follow */
int tls_set_private_key(char *value);
int tls_set_ca_list(char *value);
int tls_set_verify_cert(char *value);
int tls_set_require_cert(char *value);
int tls_set_method(char *value);
int tls_set_match(char *value);
/* Is there one, and has each its files? 0, or -1 with the reason logged. */
int tls_check_domains(void);
void tls_free_domains(void);

/*
 * The domain for our address (a server's) or the other side's (a client's): one that names
 * it, else one for any. NULL: none.
 */
const struct tls_domain *tls_find_domain(
	enum tls_domain_type type, const struct ip_addr *ip, unsigned short port);

/* For proto_tls: tls_mgm's export "load_tls_mgm". */
typedef const struct tls_domain *(*tls_find_domain_f)(
	enum tls_domain_type type, const struct ip_addr *ip, unsigned short port);

#endif
