/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP: binding listeners, and the worker processes that read them. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "../socket_info.h"

/* Makes and binds the socket of a datagram listener. 0, or -1 with the reason logged. */
int udp_init_listener(struct socket_info *si);
/* Workers of all datagram listeners. */
int udp_count_processes(void);
/* Starts them; *chd_rank is the last rank given so far. 0, or -1. */
int udp_start_processes(int *chd_rank);

#endif
