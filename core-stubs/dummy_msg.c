/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message that startup_route and timer_route run with: a request that nobody sent. One is
 * enough for a process; a second one at the same time is made on the heap.
 */
#include "action.h"

#include "dprint.h"
#include "dset.h"
#include "data_lump.h"
#include "data_lump_rpl.h"
#include "mem/mem.h"
#include "ut.h"

static const char dummy_text[] = "DUMMY sip:user@dummy.com SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP 127.0.0.1\r\n"
				 "From: <sip:from@dummy.com>;tag=1\r\n"
				 "To: <sip:to@dummy.com>\r\n"
				 "Call-ID: dummy-1\r\n"
				 "CSeq: 1 DUMMY\r\n\r\n";

struct dummy {
	struct sip_msg msg;
	char text[sizeof(dummy_text)];
};

struct sip_msg *get_dummy_sip_msg(void)
{
	struct dummy *d = pkg_malloc(sizeof(*d));

	if (!d) {
		PKG_MEM_ERROR;
		return NULL;
	}
	memset(&d->msg, 0, sizeof(d->msg));
	memcpy(d->text, dummy_text, sizeof(dummy_text));
	d->msg.buf = d->text;
	d->msg.len = sizeof(dummy_text) - 1;
	d->msg.rcv.src_ip.af = AF_INET; /* 0.0.0.0 */
	d->msg.rcv.src_ip.len = 4;
	if (parse_msg(d->text, d->msg.len, &d->msg) == 0)
		return &d->msg;
	LM_BUG("the dummy message does not parse\n");
	pkg_free(d);
	return NULL;
}

void release_dummy_sip_msg(struct sip_msg *req)
{
	if (!req)
		return;
	clear_dset();
	free_sip_msg(req);
	pkg_free(req); /* struct dummy begins with it */
}
