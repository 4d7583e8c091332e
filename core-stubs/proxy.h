/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resolved next hop. */
#ifndef _core_proxy_h
#define _core_proxy_h

#include <netdb.h>
#include "ip_addr.h"
#include "str.h"

struct proxy_l {
	str name; /* as asked for */
	unsigned short flags;
	unsigned short port;
	unsigned short proto;
	unsigned short addr_idx; /* of the address in use */
	struct hostent host;
};

/*
 * Resolves a host name or address. Port 0 gives the transport's default, proto 0 UDP (TLS for
 * sips). Private memory, freed by free_proxy() and pkg_free(). NULL: unknown name, or no memory.
 */
struct proxy_l *mk_proxy(str *name, unsigned short port, unsigned short proto, int is_sips);

/* Frees what p points to, not p. */
void free_proxy(struct proxy_l *p);

#include "resolve.h"

#endif
