/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names into addresses: literal IPv4 and IPv6, and the system's resolver for A and AAAA. NAPTR
 * and SRV are left out. */
#ifndef __resolve_h
#define __resolve_h

#include <sys/socket.h>
#include <netdb.h>
#include "ip_addr.h"
#include "proxy.h"

/* At most this many addresses of a name are kept. */
#define MAX_HOST_ADDRS 8

/* Addresses of a name in a static struct, valid until the next call. NULL if it has none.
 * With no_ip_test the name is not tried as an address first. */
struct hostent *resolvehost(char *name, int no_ip_test);

/* The same for the host of a URI; fills in the default port and proto where they are 0. */
struct hostent *sip_resolvehost(
	str *name, unsigned short *port, unsigned short *proto, int is_sips, void *dn);

/* 1 when the host of a Via or URI is this very address, without asking DNS; else 0. */
int check_ip_address(
	struct ip_addr *ip, str *name, unsigned short port, unsigned short proto, int resolver);

#endif
