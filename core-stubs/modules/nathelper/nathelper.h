/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this module share: parameters, script functions, pings.
 */
#ifndef NATHELPER_H
#define NATHELPER_H

#include "../usrloc/usrloc.h"
#include "../../parser/msg_parser.h"

extern usrloc_api_t ul;
extern int received_avp; /* id, -1: none */

/* --- nat_test.c -------------------------------------------------------------------------- */

/* Bits of nat_uac_test(), in the order of the names that OpenSIPS gives them. */
enum {
	NAT_PRIVATE_CONTACT = 1 << 0,
	NAT_IP_SRC_VIA = 1 << 1,
	NAT_PRIVATE_VIA = 1 << 2,
	NAT_PRIVATE_SDP = 1 << 3,
	NAT_PORT_SRC_VIA = 1 << 4,
	NAT_IP_SRC_CONTACT = 1 << 5,
	NAT_PORT_SRC_CONTACT = 1 << 6,
	NAT_CARRIER_GRADE = 1 << 7,
};

/* 1 if one of the tests in the mask is true, else -1. */
int nat_uac_test(struct sip_msg *msg, void *tests);

/* --- nat_fix.c --------------------------------------------------------------------------- */

/*
 * Rewrites all Contact URIs to the address that the message came from; params, NULL for none,
 * follow the port. 1, or -1: no contact that can be parsed, one rewritten already, no memory.
 */
int fix_nated_contact(struct sip_msg *msg, str *params);
/* Puts that address as a URI into the AVP received_avp. 1, or -1 without memory. */
int fix_nated_register(struct sip_msg *msg);
/*
 * Adds received="URI of that address" to all Contacts: to the header, or where flag is above 0
 * to the URI. 1 or -1.
 */
int add_rcv_param(struct sip_msg *msg, int *flag);

/* --- nat_ping.c -------------------------------------------------------------------------- */

struct ping_config {
	int interval; /* seconds between two pings to a contact; 0: no pings */
	int partitions;
	int nated_only;
	int threshold; /* seconds to wait for an answer */
	int max_lost;
	str method;
	str from;
	unsigned int sip_flag;    /* branch flag: a SIP request, not four zero bytes; 0 none */
	unsigned int remove_flag; /* branch flag: remove the contact when it does not answer */
	const struct socket_info *force_socket; /* for contacts without one */
};

extern struct ping_config ping;

/* Before forking, all of ping being set: timers and shared memory. 0 or -1. */
int ping_init(void);
void ping_destroy(void);
/* 1 pings go out, 0 they were switched off; for all processes. */
int ping_is_enabled(void);
void ping_enable(int on);
/* Module's reply function: 0, it was an answer to a ping and is done with; 1, it was not. */
int ping_reply(struct sip_msg *rpl);

/* --- nat_track.c ------------------------------------------------------------------------- */

/*
 * Contacts that owe an answer, in shared memory: an entry exists from a ping to its answer. All
 * functions take the table's lock for themselves and are called without usrloc's. `now` is
 * get_ticks().
 */
int track_init(void);
void track_destroy(void);
/* A ping goes out now to that contact. 0, or -1 without memory: it is then not watched. */
int track_sent(udomain_t *d, const str *aor, ucontact_id id, unsigned int now);
void track_answered(ucontact_id id);
/* Looks at what is overdue and removes contacts that have missed too many. Every second. */
void track_check(unsigned int now);
/* Nobody owes anything any more. */
void track_forget_all(void);

#endif
