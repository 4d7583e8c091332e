/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions, with a clock that is turned by hand and a network that is a list of what was sent.
 * Each test ends with the check that nothing is left in shared memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data_lump_rpl.h"
#include "dset.h"
#include "error.h"
#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/tm/t_fwd.h"
#include "modules/tm/t_stats.h"
#include "modules/tm/tm_load.h"
#include "modules/tm/tm_params.h"
#include "receive.h"
#include "route.h"
#include "serialize.h"
#include "socket_info.h"
#include "tags.h"
#include "usr_avp.h"

#define MAX_SENT 64

static struct {
	char text[2048];
	int len;
	unsigned short port; /* it was sent to */
} sent[MAX_SENT];
static int nsent;
static int send_fails; /* 1: it says so, 2: sent and forgotten */

static struct socket_info_full listener[2];
static utime_t now;
static unsigned long blocks_before;

/* --- world ---------------------------------------------------------------------------- */

static int fake_send(const struct socket_info *si, char *buf, unsigned int len,
	const union sockaddr_union *to, unsigned int id)
{
	(void)si;
	(void)id;
	if (send_fails)
		return send_fails == 2 ? (int)len : -1;
	assert_true(nsent < MAX_SENT && len < sizeof(sent[0].text));
	memcpy(sent[nsent].text, buf, len);
	sent[nsent].text[len] = '\0';
	sent[nsent].len = (int)len;
	sent[nsent].port = su_getport(to);
	nsent++;
	return (int)len;
}

static void add_listener(int i, int proto)
{
	struct socket_info *si = &listener[i].socket_info;
	static str host = {(char *)"127.0.0.1", 9}, port = {(char *)"5060", 4};

	si->name = si->address_str = host;
	si->port_no = 5060;
	si->port_no_str = port;
	si->proto = proto;
	si->address.af = AF_INET;
	si->address.len = 4;
	memcpy(si->address.u.addr, "\x7f\0\0\1", 4);
	init_su(&si->su, &si->address, 5060);
	protos[proto].id = (enum sip_protos)proto;
	protos[proto].tran.send = fake_send;
	protos[proto].listeners = &listener[i];
}

static int world(void **state)
{
	(void)state;
	add_listener(0, PROTO_UDP);
	add_listener(1, PROTO_TCP);
	sroutes = new_sroutes_holder(0);
	return sroutes == NULL || init_shm_mallocs() < 0 || init_global_avps() < 0 ||
	       init_totags() < 0 || init_serialization() < 0 || init_hash_table() < 0 ||
	       tm_init_timers() < 0;
}

static int end_world(void **state)
{
	(void)state;
	tm_drop_timers();
	free_hash_table();
	tm_free_timers();
	free_route_lists(sroutes);
	return 0;
}

static void turn_clock(unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < ms / 100; i++) {
		now += 100000;
		utimer_routine(now, NULL);
	}
}

static int before(void **state)
{
	(void)state;
	blocks_before = shm_blocks();
	nsent = 0;
	send_fails = 0;
	return 0;
}

/* Everything is over after the longest time-out and wait: what is still there is a leak. */
static int after(void **state)
{
	(void)state;
	t_unref();
	send_fails = 2;
	turn_clock(1000 * (unsigned int)(fr_inv_timeout + fr_timeout + wt_timer + 10));
	assert_int_equal(tm_timers_set(), 0);
	assert_int_equal(transaction_count(), 0);
	assert_int_equal(shm_blocks(), blocks_before);
	assert_int_equal(shm_check(), 0);
	return 0;
}

/* A message that came in from port 7000, private memory. */
static struct sip_msg *receive(const char *text, int proto)
{
	struct sip_msg *msg = calloc(1, sizeof(*msg));

	msg->id = get_next_msg_no();
	msg->len = (unsigned int)strlen(text);
	msg->buf = strdup(text);
	msg->rcv.proto = proto;
	msg->rcv.bind_address = &listener[proto == PROTO_TCP].socket_info;
	msg->rcv.src_ip = msg->rcv.bind_address->address;
	msg->rcv.dst_ip = msg->rcv.bind_address->address;
	msg->rcv.src_port = 7000;
	msg->rcv.dst_port = 5060;
	msg->ruri_q = Q_UNSPECIFIED;
	assert_int_equal(parse_msg_opt(msg->buf, msg->len, msg, 0), 0);
	return msg;
}

static void done(struct sip_msg *msg)
{
	t_unref();
	clear_dset();
	reset_avps();
	free_sip_msg(msg);
	free(msg->buf);
	free(msg);
}

/* A reply to what was sent as number n. */
static struct sip_msg *make_answer(int n, int code)
{
	char text[4096], *p = text;
	const char *line = sent[n].text, *eol;

	p += sprintf(p, "SIP/2.0 %d Whatever\r\n", code);
	for (line = strstr(line, "\r\n") + 2; (eol = strstr(line, "\r\n")) != line; line = eol + 2)
		if (!strncmp(line, "Via:", 4) || !strncmp(line, "From:", 5) ||
			!strncmp(line, "CSeq:", 5) || !strncmp(line, "Call-ID:", 8))
			p += sprintf(p, "%.*s\r\n", (int)(eol - line), line);
		else if (!strncmp(line, "To:", 3))
			p += sprintf(p, "%.*s;tag=far\r\n", (int)(eol - line), line);
	sprintf(p, "Content-Length: 0\r\n\r\n");
	return receive(text, PROTO_UDP);
}

/* It comes in. As reply_received(). */
static int answer(int n, int code)
{
	struct sip_msg *msg = make_answer(n, code);
	int rc = reply_received(msg);

	done(msg);
	return rc;
}

static int starts(int n, const char *text)
{
	return n < nsent && strncmp(sent[n].text, text, strlen(text)) == 0;
}

/* --- requests of our own ---------------------------------------------------------------- */

static int called, call_code, call_faked, released;
static struct cell *made;
static int seconds;

static void on_done(struct cell *t, int type, struct tmcb_params *ps)
{
	(void)t;
	assert_int_equal(type, TMCB_LOCAL_COMPLETED);
	assert_ptr_equal(*ps->param, &released);
	assert_null(ps->req);
	called++;
	call_code = ps->code;
	call_faked = ps->rpl == FAKED_REPLY;
}

static void on_release(void *param)
{
	assert_ptr_equal(param, &released);
	released++;
}

static void on_created(struct cell *t, void *param)
{
	made = t;
	if (param != NULL)
		t->fr_timeout = *(int *)param;
}

static int send_register(const char *hop, dlg_t **out)
{
	str cid = str_init("call-1"), tag = str_init("from-1"), aor = str_init("sip:a@x.org");
	str method = str_init("REGISTER"), hdr = str_init("Expires: 60\r\n");
	str obp = {(char *)hop, (int)strlen(hop)};
	dlg_t *d = NULL;
	int rc;

	called = call_code = call_faked = released = 0;
	rc = new_dlg_uac(&cid, &tag, 41, &aor, &aor, &aor, &d);
	if (rc < 0)
		return rc;
	d->state = DLG_CONFIRMED;
	d->obp = obp;
	d->T_flags = T_NO_DNS_FAILOVER_FLAG;
	d->t_created_cb = on_created;
	d->t_created_cb_param = seconds > 0 ? &seconds : NULL;
	rc = req_within(&method, &hdr, NULL, d, on_done, &released, on_release);
	if (out != NULL)
		*out = d;
	else
		free_dlg(d);
	return rc;
}

static void test_uac_ok(void **state)
{
	(void)state;
	assert_int_equal(send_register("sip:127.0.0.1:6000", NULL), 1);
	assert_int_equal(nsent, 1);
	assert_true(starts(0, "REGISTER sip:a@x.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;"
			      "branch=z9hG4bK"));
	assert_non_null(strstr(sent[0].text, "\r\nCSeq: 42 REGISTER\r\n"));
	assert_non_null(strstr(sent[0].text, "\r\nExpires: 60\r\n"));
	assert_int_equal(sent[0].port, 6000);
	assert_int_equal(answer(0, 200), 0);
	assert_int_equal(called, 1);
	assert_int_equal(call_code, 200);
	assert_int_equal(call_faked, 0);
	assert_int_equal(released, 0);
	assert_int_equal(answer(0, 200), 0); /* a copy: absorbed */
	turn_clock(4000);
	assert_int_equal(nsent, 1);
	assert_int_equal(transaction_count(), 1);
	turn_clock(2000);
	assert_int_equal(transaction_count(), 0);
	assert_int_equal(released, 1);
	assert_int_equal(called, 1);
	assert_int_equal(answer(0, 200), 1); /* nobody's any more */
}

static void test_uac_timeout(void **state)
{
	(void)state;
	assert_int_equal(send_register("sip:127.0.0.1:6000", NULL), 1);
	turn_clock(29000);
	assert_int_equal(nsent, 10); /* 0, .5, 1.5, 3.5, 7.5, .. 27.5 s */
	assert_int_equal(called, 0);
	turn_clock(2000);
	assert_int_equal(called, 1);
	assert_int_equal(call_code, 408);
	assert_int_equal(call_faked, 1);
	assert_int_equal(answer(0, 200), 0); /* late */
	assert_int_equal(called, 1);
	turn_clock(6000);
	assert_int_equal(released, 1);
	assert_int_equal(nsent, 10);
}

static void test_uac_lost_then_answered(void **state)
{
	(void)state;
	assert_int_equal(send_register("sip:127.0.0.1:6000", NULL), 1);
	turn_clock(2000);
	assert_int_equal(nsent, 3);
	assert_string_equal(sent[2].text, sent[0].text);
	assert_int_equal(answer(2, 100), 0);
	turn_clock(3000);
	assert_int_equal(nsent, 4); /* the one under way, then each T2 */
	assert_int_equal(called, 0);
	turn_clock(5000);
	assert_int_equal(nsent, 5);
	assert_int_equal(answer(0, 403), 0);
	assert_int_equal(called, 1);
	assert_int_equal(call_code, 403);
	turn_clock(10000);
	assert_int_equal(nsent, 5);
	assert_int_equal(released, 1);
}

static void test_uac_own_timeout_and_tcp(void **state)
{
	(void)state;
	seconds = 2;
	assert_int_equal(send_register("sip:127.0.0.1:6000;transport=tcp", NULL), 1);
	seconds = 0;
	turn_clock(1900);
	assert_int_equal(called, 0);
	turn_clock(300);
	assert_int_equal(called, 1);
	assert_int_equal(call_code, 408);
	assert_int_equal(nsent, 1); /* TCP sends once */
}

static void test_uac_send_failure_is_a_timeout(void **state)
{
	(void)state;
	send_fails = 1;
	assert_int_equal(send_register("sip:127.0.0.1:6000;transport=tcp", NULL), 1);
	assert_int_equal(called, 0);
	turn_clock(31000);
	assert_int_equal(called, 1);
	assert_int_equal(call_faked, 1);
}

/* On an error the parameter is still the caller's. */
static void test_uac_errors(void **state)
{
	str invite = str_init("INVITE"), reg = str_init("REGISTER");
	struct os_script_routes *routes = sroutes;
	dlg_t *d;

	(void)state;
	assert_true(send_register("sip:", NULL) < 0);
	assert_true(send_register("sip:[::1]:6000", NULL) < 0); /* no such listener */
	assert_int_equal(send_register("sip:127.0.0.1:6000", &d), 1);
	assert_int_equal(answer(0, 200), 0);
	assert_int_equal(called, 1);
	assert_true(req_within(&invite, NULL, NULL, d, on_done, &released, on_release) < 0);
	sroutes = NULL;
	assert_int_equal(req_within(&reg, NULL, NULL, d, on_done, &released, on_release), E_BUG);
	sroutes = routes;
	d->state = DLG_NEW;
	assert_true(req_within(&reg, NULL, NULL, d, on_done, &released, on_release) < 0);
	free_dlg(d);
	assert_int_equal(released, 0);
	turn_clock(10000);
	assert_int_equal(released, 1);
}

static void uac_without_memory(void (*fail_after)(long))
{
	long n;
	int rc = 0;

	for (n = 0; n < 100 && rc != 1; n++) {
		fail_after(n);
		rc = send_register("sip:127.0.0.1:6000", NULL);
		fail_after(-1);
		if (rc == 1)
			break;
		assert_int_equal(released, 0);
		assert_int_equal(called, 0);
		assert_int_equal(shm_blocks(), blocks_before);
		assert_int_equal(tm_timers_set(), 0);
		assert_int_equal(nsent, 0);
	}
	assert_int_equal(rc, 1);
	assert_true(n > 0);
	assert_int_equal(answer(0, 200), 0);
	assert_int_equal(called, 1);
}

static void test_uac_no_memory(void **state)
{
	(void)state;
	uac_without_memory(shm_fail_after);
	turn_clock(10000);
	nsent = 0;
	uac_without_memory(pkg_fail_after);
}

static void test_many(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 500; i++) {
		nsent = 0;
		assert_int_equal(send_register("sip:127.0.0.1:6000", NULL), 1);
		if (i % 3 == 0)
			answer(0, 200);
		turn_clock(i % 2 == 0 ? 0 : 100);
	}
	assert_true(transaction_count() > 340); /* two thirds wait, of the others the last 5 s */
	for (i = 0; i < 700; i++) {
		nsent = 0;
		turn_clock(100);
		if (nsent > MAX_SENT - 10)
			nsent = 0;
	}
}

/* --- requests that come in ------------------------------------------------------------- */

static const char *request_text(const char *method, const char *branch)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"%s sip:b@127.0.0.1:6000 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:7000;%s%s\r\n"
		"From: <sip:a@x.org>;tag=ft\r\nTo: <sip:b@x.org>\r\nCall-ID: c1\r\n"
		"CSeq: 1 %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		method, branch[0] != '\0' ? "branch=" : "x=1", branch,
		strcmp(method, "ACK") == 0 ? "ACK" : method);
	return text;
}

#define BRANCH "z9hG4bKabc"

static int relay(const char *method, const char *branch)
{
	struct sip_msg *msg = receive(request_text(method, branch), PROTO_UDP);
	int rc = t_relay(msg);

	done(msg);
	return rc;
}

static void test_relay(void **state)
{
	(void)state;
	assert_int_equal(relay("REGISTER", BRANCH), 1);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].port, 6000);
	assert_int_equal(relay("REGISTER", BRANCH), 0); /* again: no reply yet, nothing to send */
	assert_int_equal(nsent, 1);
	assert_int_equal(answer(0, 200), 0);
	assert_int_equal(nsent, 2);
	assert_true(starts(1, "SIP/2.0 200 Whatever\r\nVia: SIP/2.0/UDP 127.0.0.1:7000;"));
	assert_int_equal(sent[1].port, 7000);
	assert_int_equal(relay("REGISTER", BRANCH), 0);
	assert_int_equal(nsent, 3);
	assert_string_equal(sent[2].text, sent[1].text);
	assert_int_equal(relay("REGISTER", "z9hG4bKother"), 1); /* another transaction */
	assert_int_equal(transaction_count(), 2);
	turn_clock(6000);
	assert_int_equal(transaction_count(), 1);
	assert_int_equal(answer(0, 200), 1);
}

static void test_relay_old_style(void **state)
{
	(void)state;
	assert_int_equal(relay("REGISTER", ""), 1);
	assert_int_equal(relay("REGISTER", ""), 0);
	assert_int_equal(answer(0, 404), 0);
	assert_true(starts(nsent - 1, "SIP/2.0 404"));
}

static void test_relay_timeout(void **state)
{
	(void)state;
	assert_int_equal(relay("MESSAGE", BRANCH), 1);
	turn_clock(31000);
	assert_true(starts(nsent - 1, "SIP/2.0 408 Request Timeout\r\n"));
	assert_int_equal(sent[nsent - 1].port, 7000);
	assert_non_null(strstr(sent[nsent - 1].text, ";tag="));
}

static void test_relay_cannot_send(void **state)
{
	struct sip_msg *msg = receive(request_text("MESSAGE", BRANCH), PROTO_UDP);
	str bad = str_init("sip:nowhere.invalid");

	(void)state;
	assert_int_equal(set_dst_uri(msg, &bad), 0);
	assert_int_equal(t_relay(msg), 1); /* as in OpenSIPS: it has been answered */
	assert_int_equal(t_work.handled, 1);
	done(msg);
	assert_int_equal(nsent, 1);
	assert_true(starts(0, "SIP/2.0 4"));
}

static void test_invite_negative(void **state)
{
	int n;

	(void)state;
	assert_int_equal(relay("INVITE", BRANCH), 1);
	assert_true(starts(0, "SIP/2.0 100 Giving it a try\r\n"));
	assert_true(starts(1, "INVITE "));
	assert_int_equal(answer(1, 100), 0);
	assert_int_equal(nsent, 2); /* 100 is hop by hop */
	turn_clock(5000);
	assert_int_equal(nsent, 2); /* and ends retransmission */
	assert_int_equal(answer(1, 180), 0);
	assert_true(starts(2, "SIP/2.0 180"));
	assert_int_equal(answer(1, 486), 0);
	assert_true(
		starts(3, "ACK sip:b@127.0.0.1:6000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;"));
	assert_non_null(strstr(sent[3].text, "To: <sip:b@x.org>;tag=far\r\n"));
	assert_non_null(strstr(sent[3].text, "CSeq: 1 ACK\r\n"));
	assert_int_equal(sent[3].port, 6000);
	assert_true(starts(4, "SIP/2.0 486"));
	turn_clock(2000);
	assert_int_equal(nsent, 7); /* .5 and 1.5 s: no ACK yet */
	assert_string_equal(sent[6].text, sent[4].text);
	assert_int_equal(answer(1, 486), 0); /* the callee's again: just another ACK */
	assert_true(starts(7, "ACK "));
	assert_int_equal(nsent, 8);
	assert_int_equal(relay("ACK", BRANCH), 0);
	n = nsent;
	turn_clock(4000);
	assert_int_equal(nsent, n);
}

static void test_invite_ok(void **state)
{
	(void)state;
	assert_int_equal(relay("INVITE", BRANCH), 1);
	assert_int_equal(answer(1, 200), 0);
	assert_true(starts(2, "SIP/2.0 200"));
	assert_int_equal(nsent, 3); /* the caller sends the ACK */
	assert_int_equal(answer(1, 200), 0);
	assert_int_equal(nsent, 4); /* a 2xx passes each time */
	turn_clock(10000);
	assert_int_equal(nsent, 4);
	assert_int_equal(transaction_count(), 0);
}

static void test_invite_rings_too_long(void **state)
{
	(void)state;
	assert_int_equal(relay("INVITE", BRANCH), 1);
	assert_int_equal(answer(1, 180), 0);
	turn_clock(119000);
	assert_int_equal(nsent, 3);
	turn_clock(1500);
	assert_true(starts(3, "CANCEL sip:b@127.0.0.1:6000 SIP/2.0\r\n"));
	assert_true(starts(4, "SIP/2.0 408"));
	assert_int_equal(answer(3, 200), 0);
	assert_int_equal(relay("ACK", BRANCH), 0);
}

static void test_cancel(void **state)
{
	(void)state;
	assert_int_equal(relay("INVITE", BRANCH), 1);
	assert_int_equal(relay("CANCEL", BRANCH), 1);
	assert_true(starts(2, "SIP/2.0 200 canceling\r\n"));
	assert_int_equal(nsent, 3); /* no provisional reply yet: CANCEL waits for it */
	assert_int_equal(answer(1, 180), 0);
	assert_true(starts(3, "CANCEL "));
	assert_true(starts(4, "SIP/2.0 180"));
	turn_clock(600);
	assert_true(starts(5, "CANCEL "));
	assert_int_equal(answer(3, 200), 0);
	turn_clock(4000);
	assert_int_equal(nsent, 6);
	assert_int_equal(answer(1, 487), 0);
	assert_true(starts(6, "ACK "));
	assert_true(starts(7, "SIP/2.0 487"));
	assert_int_equal(relay("ACK", BRANCH), 0);
}

static void test_fork(void **state)
{
	struct sip_msg *msg = receive(request_text("MESSAGE", BRANCH), PROTO_UDP);
	struct msg_branch b = {.uri = str_init("sip:b@127.0.0.1:6001"), .q = Q_UNSPECIFIED};

	(void)state;
	assert_int_equal(append_msg_branch(&b), 1);
	assert_int_equal(t_relay(msg), 1);
	done(msg);
	assert_int_equal(nsent, 2);
	assert_int_equal(sent[1].port, 6001);
	assert_int_equal(answer(0, 480), 0);
	assert_int_equal(nsent, 2);
	assert_int_equal(answer(1, 404), 0);
	assert_int_equal(nsent, 3);
	assert_true(starts(2, "SIP/2.0 404"));
}

/* An INVITE to n callees, ports 6000 and on. What is sent then: 100, and the INVITEs from 1 on. */
static void fork_invite(int n)
{
	struct sip_msg *msg = receive(request_text("INVITE", BRANCH), PROTO_UDP);
	char uri[64];
	int i;

	for (i = 1; i < n; i++) {
		struct msg_branch b = {.uri = {uri, 0}, .q = Q_UNSPECIFIED};

		b.uri.len = sprintf(uri, "sip:b@127.0.0.1:%d", 6000 + i);
		assert_int_equal(append_msg_branch(&b), 1);
	}
	assert_int_equal(t_relay(msg), 1);
	done(msg);
	assert_int_equal(nsent, n + 1);
}

/* Which of the replies the caller gets, and with which code. */
static const struct {
	int codes[4];
	int told;
} choices[] = {
	{{404, 407, 486, 500}, 407},
	{{486, 408, 404, 480}, 404},
	{{503, 404, 500, 502}, 404},
	{{302, 404, 486, 486}, 302},
	{{484, 486, 415, 420}, 415},
	{{504, 503, 503, 503}, 500}, /* 503 is between the callee and us */
	{{404, 401, 407, 486}, 401},
};

static void test_fork_best_reply(void **state)
{
	char line[64];
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		nsent = 0;
		fork_invite(4);
		for (k = 0; k < 4; k++)
			assert_int_equal(answer(k + 1, choices[i].codes[k]), 0);
		sprintf(line, "SIP/2.0 %d ", choices[i].told);
		assert_true(starts(nsent - 1, line));
		assert_int_equal(nsent, 10); /* four ACKs before it */
		assert_int_equal(relay("ACK", BRANCH), 0);
		turn_clock(6000);
	}
}

/* One answers: the others are told so. */
static void test_fork_answered(void **state)
{
	(void)state;
	fork_invite(3);
	assert_int_equal(answer(1, 180), 0);
	assert_int_equal(answer(2, 180), 0);
	assert_int_equal(answer(1, 200), 0);
	assert_true(starts(6, "SIP/2.0 200"));
	assert_int_equal(nsent, 8); /* the third has not rung: no CANCEL before it does */
	assert_true(starts(7, "CANCEL sip:b@127.0.0.1:6001 "));
	assert_non_null(strstr(sent[7].text, "\r\nReason: SIP ;cause=200 ;text="));
	assert_int_equal(answer(3, 180), 0);
	assert_true(starts(8, "CANCEL sip:b@127.0.0.1:6002 "));
	assert_int_equal(answer(7, 200), 0);
	assert_int_equal(answer(8, 200), 0);
	assert_int_equal(answer(2, 487), 0);
	assert_int_equal(answer(3, 487), 0);
	assert_true(starts(nsent - 1, "ACK sip:b@127.0.0.1:6002 "));
}

/* 6xx: told at once, the others are cancelled. */
static void test_fork_refused_for_all(void **state)
{
	(void)state;
	fork_invite(2);
	assert_int_equal(answer(1, 180), 0);
	assert_int_equal(answer(2, 603), 0);
	assert_true(starts(4, "ACK sip:b@127.0.0.1:6001 "));
	assert_true(starts(5, "CANCEL sip:b@127.0.0.1:6000 "));
	assert_true(starts(6, "SIP/2.0 603"));
	assert_int_equal(nsent, 7);
	assert_int_equal(relay("ACK", BRANCH), 0);
	assert_int_equal(answer(5, 200), 0);
	assert_int_equal(answer(1, 487), 0);
	assert_true(starts(7, "ACK sip:b@127.0.0.1:6000 "));
	assert_int_equal(nsent, 8);
}

/* --- serial forking ---------------------------------------------------------------------- */

static const struct {
	const char *uri;
	int q;
} contacts[] = {{"sip:b@127.0.0.1:6001", 300}, {"sip:b@127.0.0.1:6002", 1000},
	{"sip:b@127.0.0.1:6003", 300}, {"sip:b@127.0.0.1:6004", Q_UNSPECIFIED}};

/* The port, of four digits, at the end of a URI, which nothing terminates. */
static int port_of(const str *uri)
{
	char text[5] = "";

	assert_true(uri->len >= 4);
	memcpy(text, uri->s + uri->len - 4, 4);
	return atoi(text);
}

/* next_branches() gives rc, and these ports (a 0 ends them) become the request's branches. */
static void assert_next(struct sip_msg *msg, int rc, int first, int second)
{
	struct msg_branch *b;

	assert_int_equal(next_branches(msg), rc);
	if (first == 0)
		return;
	assert_int_equal(port_of(&msg->new_uri), first);
	b = get_msg_branch(0);
	assert_int_equal(b != NULL ? port_of(&b->uri) : 0, second);
	assert_null(get_msg_branch(1));
	clear_dset();
}

static void test_serial(void **state)
{
	struct sip_msg *msg = receive(request_text("INVITE", BRANCH), PROTO_UDP);
	str hop = str_init("sip:proxy"), path = str_init("<sip:p;lr>");
	size_t i;

	(void)state;
	assert_int_equal(serialize_branches(msg, 1, 0), 0); /* one only: nothing to put aside */
	assert_next(msg, -1, 0, 0);
	set_ruri_q(msg, 500);
	for (i = 0; i < 4; i++) {
		struct msg_branch b = {.uri = {(char *)contacts[i].uri, 20},
			.q = contacts[i].q,
			.dst_uri = i == 1 ? hop : STR_NULL,
			.path = i == 1 ? path : STR_NULL,
			.bflags = 1U << i};

		assert_int_equal(append_msg_branch(&b), 1);
	}
	assert_int_equal(serialize_branches(msg, 1, 0), 0);
	assert_null(get_msg_branch(0));
	assert_next(msg, 1, 6002, 0);
	assert_true(str_match(&msg->dst_uri, &hop) && str_match(&msg->path_vec, &path));
	assert_int_equal(msg->ruri_bflags, 2);
	assert_next(msg, 1, 6000, 0);
	assert_int_equal(msg->dst_uri.len + msg->path_vec.len, 0);
	assert_next(msg, 1, 6001, 6003);
	assert_next(msg, 2, 6004, 0);
	assert_next(msg, -1, 0, 0);
	done(msg);
}

/* All of one q stay the branches that they are, as in OpenSIPS. */
static void test_serial_of_one_q(void **state)
{
	struct sip_msg *msg = receive(request_text("INVITE", BRANCH), PROTO_UDP);
	struct msg_branch b = {.uri = {(char *)contacts[0].uri, 20}, .q = 500};

	(void)state;
	set_ruri_q(msg, 500);
	assert_int_equal(append_msg_branch(&b), 1);
	assert_int_equal(serialize_branches(msg, 1, 0), 0);
	assert_non_null(get_msg_branch(0));
	assert_int_equal(next_branches(msg), -1);
	clear_dset();
	done(msg);
}

static void test_resolve(void **state)
{
	str sips = str_init("sips:127.0.0.1"), tcp = str_init("sips:127.0.0.1;transport=tcp");
	str other = str_init("sip:127.0.0.1;transport=foo");
	struct dest_info dst;

	(void)state;
	assert_int_equal(t_resolve(&sips, &dst), 0);
	assert_int_equal(dst.proto, PROTO_TLS);
	assert_int_equal(t_resolve(&tcp, &dst), E_BAD_ADDRESS);
	assert_int_equal(t_resolve(&other, &dst), 0);
	assert_int_equal(dst.proto, PROTO_UDP);
}

/* A branch that could not be sent counts more than one that could not even be made. */
static void test_fork_nowhere(void **state)
{
	struct sip_msg *msg = receive(request_text("MESSAGE", BRANCH), PROTO_UDP);
	struct msg_branch b = {.uri = str_init("sips:127.0.0.1;transport=tcp"), .q = Q_UNSPECIFIED};

	(void)state;
	send_fails = 1;
	assert_int_equal(append_msg_branch(&b), 1);
	assert_int_equal(t_relay(msg), 1); /* it has been answered */
	assert_int_equal(get_t()->uas.status, 477);
	if (get_t() != NULL && get_t() != T_UNDEFINED && !t_work.handled)
		t_put_on_wait(get_t());
	done(msg);
}

/* As OpenSIPS says it: no text of its own. */
static void test_no_socket_text(void **state)
{
	char text[64];
	int code;

	(void)state;
	assert_true(err2reason_phrase(E_NO_SOCKET, &code, text, sizeof(text), "TM") > 0);
	assert_int_equal(code, 500);
	assert_int_equal(strncmp(text, "Server error occurred (", 23), 0);
}

static void test_serial_in_order(void **state)
{
	struct sip_msg *msg = receive(request_text("INVITE", BRANCH), PROTO_UDP);
	struct msg_branch b = {.uri = {(char *)contacts[0].uri, 20}, .q = 1000};
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(append_msg_branch(&b), 1);
		assert_int_equal(serialize_branches(msg, 1, 1), 0); /* forgets the former ones */
	}
	assert_next(msg, 1, 6000, 0);
	assert_next(msg, 2, 6001, 0);
	assert_next(msg, -1, 0, 0);
	done(msg);
}

static void test_replicate(void **state)
{
	struct sip_msg *msg = receive(request_text("REGISTER", BRANCH), PROTO_UDP);
	str dst = str_init("sip:127.0.0.1:6002");

	(void)state;
	assert_int_equal(t_replicate(msg, &dst), 1);
	done(msg);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].port, 6002);
	assert_true(starts(0, "REGISTER sip:b@127.0.0.1:6000 "));
	turn_clock(700);
	assert_int_equal(nsent, 2);
	msg = receive(request_text("REGISTER", BRANCH), PROTO_UDP);
	assert_int_equal(t_replicate(msg, &dst), 1); /* a copy is replicated too, as in OpenSIPS */
	done(msg);
	assert_int_equal(transaction_count(), 2);
	assert_int_equal(nsent, 3);
	assert_int_equal(answer(0, 200), 0);
	assert_int_equal(answer(2, 200), 0);
	turn_clock(10000);
	assert_int_equal(nsent, 3); /* nothing went to the sender */
	assert_int_equal(transaction_count(), 0);
}

/* As in OpenSIPS: save() after t_replicate() ends the sending. */
static void test_reply_after_replicate(void **state)
{
	struct sip_msg *msg = receive(request_text("REGISTER", BRANCH), PROTO_UDP);
	str dst = str_init("sip:127.0.0.1:6002"), ok = str_init("OK");

	(void)state;
	assert_int_equal(t_replicate(msg, &dst), 1);
	assert_int_equal(t_reply(get_t(), msg, 200, &ok), 1);
	assert_int_equal(t_reply(get_t(), msg, 200, &ok), -1);
	done(msg);
	assert_int_equal(nsent, 2);
	turn_clock(10000);
	assert_int_equal(nsent, 2);
	assert_int_equal(transaction_count(), 0);
}

/* A request answered later, from a process that never saw it. */
static void test_answered_elsewhere(void **state)
{
	struct sip_msg *msg = receive(request_text("REGISTER", BRANCH), PROTO_UDP);
	str ok = str_init("OK"), hdr = str_init("X-Held: 1\r\n"), body = str_init("text");
	str own_tag = str_init("mine"), early = str_init("X-Early: 1\r\n");
	unsigned int hash, label;
	struct cell *t;

	(void)state;
	/* what was added for replies before goes with the message, not with the transaction */
	assert_non_null(add_lump_rpl(msg, early.s, early.len, LUMP_RPL_HDR));
	assert_int_equal(t_newtran(msg), 1);
	hash = get_t()->hash_index;
	label = get_t()->label;
	done(msg);
	assert_int_equal(relay("REGISTER", BRANCH), 0); /* again: absorbed */
	assert_int_equal(nsent, 0);
	assert_int_equal(t_lookup_ident(&t, hash, label + 1), -1);
	assert_null(t);
	assert_int_equal(t_lookup_ident(&t, TM_TABLE_ENTRIES, label), -1);
	assert_int_equal(t_lookup_ident(&t, hash, label), 1);
	assert_ptr_equal(get_t(), T_UNDEFINED);
	assert_int_equal(t_reply_with_body(t, 200, &ok, &body, &hdr, NULL), 1);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].port, 7000);
	assert_true(starts(0, "SIP/2.0 200 OK\r\n"));
	assert_non_null(strstr(sent[0].text, "\r\nX-Held: 1\r\n"));
	assert_non_null(strstr(sent[0].text, "\r\nContent-Length: 4\r\n\r\ntext"));
	assert_non_null(strstr(sent[0].text, ";tag="));
	assert_null(strstr(sent[0].text, "X-Early"));
	assert_int_equal(t_reply_with_body(t, 503, &ok, NULL, NULL, &own_tag), -1);
	t_unref_cell(t);
	assert_int_equal(relay("REGISTER", BRANCH), 0);
	assert_int_equal(nsent, 2);
	assert_string_equal(sent[1].text, sent[0].text);
	turn_clock(6000);
	assert_int_equal(transaction_count(), 0);
}

static void test_replicate_nowhere(void **state)
{
	struct sip_msg *msg = receive(request_text("REGISTER", BRANCH), PROTO_UDP);
	str dst = str_init("sip:127.0.0.1:6002");

	(void)state;
	send_fails = 1;
	assert_true(t_replicate(msg, &dst) < 0);
	assert_int_equal(t_work.handled, 0); /* the end of the script puts it on wait */
	t_put_on_wait(get_t());
	done(msg);
	assert_int_equal(nsent, 0);
}

/* --- failures: a callback does what failure_route would ------------------------------- */

enum on_failure {
	TRY_OTHER,
	TRY_OTHER_FAST,
	TRY_NOWHERE,
	ANSWER,
	NOTHING
};

static int failures;

/* A reply that another process gets meanwhile. */
static int answer_elsewhere(int n, int code)
{
	struct t_work here = t_work;
	int rc;

	t_work = (struct t_work){.t = T_UNDEFINED, .branch = -1};
	rc = answer(n, code);
	t_work = here;
	set_avp_list(&here.t->user_avps);
	return rc;
}

static void on_failure(struct cell *t, int type, struct tmcb_params *ps)
{
	str other = str_init("sip:127.0.0.1:6001"), nowhere = str_init("sip:nowhere.invalid");
	str reason = str_init("Mine");
	enum on_failure what = *(enum on_failure *)*ps->param;
	int old;

	assert_int_equal(type, TMCB_ON_FAILURE);
	assert_ptr_equal(get_t(), t);
	assert_int_equal(ps->req->msg_flags & FL_TM_FAKE_REQ, FL_TM_FAKE_REQ);
	failures++;
	swap_route_type(old, FAILURE_ROUTE);
	if (what <= TRY_OTHER_FAST && failures == 1) {
		assert_int_equal(set_dst_uri(ps->req, &other), 0);
		assert_int_equal(t_relay(ps->req), 1);
		assert_int_equal(answer_elsewhere(nsent - 1, what == TRY_OTHER ? 100 : 486), 0);
		assert_int_equal(failures, 1); /* not while the route runs */
	} else if (what == TRY_NOWHERE) {
		assert_int_equal(set_dst_uri(ps->req, &nowhere), 0);
		assert_true(t_relay(ps->req) < 0);
	} else if (what == ANSWER) {
		assert_int_equal(t_reply(t, ps->req, 499, &reason), 1);
	}
	set_route_type(old);
}

static void relay_with(enum on_failure *what)
{
	struct sip_msg *msg = receive(request_text("MESSAGE", BRANCH), PROTO_UDP);

	failures = 0;
	assert_int_equal(t_newtran(msg), 1);
	assert_int_equal(register_tmcb(msg, NULL, TMCB_ON_FAILURE, on_failure, what, NULL), 1);
	assert_int_equal(t_relay(msg), 1);
	done(msg);
	assert_int_equal(nsent, 1);
}

static void test_failure_second_try(void **state)
{
	enum on_failure what = TRY_OTHER;

	(void)state;
	relay_with(&what);
	assert_int_equal(answer(0, 503), 0);
	assert_int_equal(failures, 1);
	assert_int_equal(nsent, 2);
	assert_int_equal(sent[1].port, 6001);
	assert_int_equal(answer(0, 503), 0); /* a copy changes nothing */
	assert_int_equal(nsent, 2);
	assert_int_equal(answer(1, 600), 0);
	assert_int_equal(failures, 2);
	assert_int_equal(nsent, 3);
	assert_true(starts(2, "SIP/2.0 600"));
}

/* The second try fails before failure_route is over: looked at when it is. */
static void test_failure_while_route_runs(void **state)
{
	enum on_failure what = TRY_OTHER_FAST;

	(void)state;
	relay_with(&what);
	assert_int_equal(answer(0, 503), 0);
	assert_int_equal(failures, 2);
	assert_int_equal(nsent, 3);
	assert_true(starts(2, "SIP/2.0 486"));
}

static void test_failure_second_try_times_out(void **state)
{
	enum on_failure what = TRY_OTHER;

	(void)state;
	relay_with(&what);
	turn_clock(31000);
	assert_int_equal(failures, 1);
	turn_clock(31000);
	assert_int_equal(failures, 2);
	assert_true(starts(nsent - 1, "SIP/2.0 408"));
}

static void test_failure_no_way_out(void **state)
{
	enum on_failure what = TRY_NOWHERE;

	(void)state;
	relay_with(&what);
	assert_int_equal(answer(0, 404), 0);
	assert_int_equal(failures, 1);
	assert_int_equal(nsent, 2);
	assert_true(starts(1, "SIP/2.0 404"));
}

static void test_failure_answered(void **state)
{
	enum on_failure what = ANSWER;

	(void)state;
	relay_with(&what);
	assert_int_equal(answer(0, 404), 0);
	assert_int_equal(nsent, 2);
	assert_true(starts(1, "SIP/2.0 499 Mine"));
	assert_int_equal(failures, 1);
	what = NOTHING;
}

/* Whatever allocation fails: an error, or all is well; and nothing leaks. */
static void relay_without_memory(void (*fail_after)(long), const char *method)
{
	struct sip_msg *msg;
	char branch[32];
	long n;
	int rc = 0;

	for (n = 0; n < 200 && rc != 1; n++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%ld", n);
		msg = receive(request_text(method, branch), PROTO_UDP);
		nsent = 0;
		fail_after(n);
		rc = t_relay(msg);
		fail_after(-1);
		if (rc == 1 && !starts(nsent - 1, method))
			rc = 0; /* it was answered */
		if (get_t() != NULL && get_t() != T_UNDEFINED && !t_work.handled)
			t_put_on_wait(get_t());
		done(msg);
		if (rc == 1)
			answer(nsent - 1, 404);
		turn_clock(200000);
		assert_int_equal(transaction_count(), 0);
		assert_int_equal(shm_blocks(), blocks_before);
	}
	assert_int_equal(rc, 1);
	assert_true(n > 3);
	/* the reply is relayed even if there is no memory to keep it */
	for (n = 0; n < 20; n++) {
		snprintf(branch, sizeof(branch), "z9hG4bKr%ld", n);
		nsent = 0;
		assert_int_equal(relay(method, branch), 1);
		msg = make_answer(nsent - 1, 404);
		fail_after(n);
		assert_in_range(reply_received(msg), 0, 1);
		fail_after(-1);
		done(msg);
		turn_clock(200000);
		assert_int_equal(transaction_count(), 0);
		assert_int_equal(shm_blocks(), blocks_before);
		nsent = 0;
	}
}

static void test_relay_no_memory(void **state)
{
	(void)state;
	relay_without_memory(shm_fail_after, "MESSAGE");
	relay_without_memory(pkg_fail_after, "MESSAGE");
	relay_without_memory(shm_fail_after, "INVITE");
}

/* Branches that look like ours, or nearly: nobody's. */
static void test_foreign_replies(void **state)
{
	static const char *const branches[] = {"z9hG4bK", "z9hG4bK.", "z9hG4bK..", "z9hG4bK1.2",
		"z9hG4bK1.2.", "z9hG4bK1.2.3.4", "z9hG4bK1.2.ffffffff", "z9hG4bKffffffff.1.0",
		"z9hG4bK123456789.1.0", "z9hG4bKg.1.0", "z9hG4bK-1.1.0", "1.2.3", "x"};
	char text[512], *at, *dot;
	struct sip_msg *msg;
	size_t i;

	(void)state;
	assert_int_equal(send_register("sip:127.0.0.1:6000", NULL), 1);
	for (i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
		snprintf(text, sizeof(text),
			"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=%s\r\n"
			"From: <sip:a@x.org>;tag=1\r\nTo: <sip:a@x.org>;tag=2\r\n"
			"Call-ID: call-1\r\nCSeq: 42 REGISTER\r\nContent-Length: 0\r\n\r\n",
			branches[i]);
		msg = receive(text, PROTO_UDP);
		assert_int_equal(reply_received(msg), 1);
		done(msg);
	}
	/* the right place but another label, another branch, another method */
	at = strstr(sent[0].text, "z9hG4bK");
	dot = strchr(at, '.') + 1;
	*dot = *dot == '7' ? '8' : '7';
	assert_int_equal(answer(0, 200), 1);
	*dot = '0';
	assert_int_equal(answer(0, 200), 1);
	assert_int_equal(called, 0);
	turn_clock(1000); /* sent[1] is whole */
	at = strstr(sent[1].text, "z9hG4bK");
	dot = strchr(strchr(at, '.') + 1, '.') + 1;
	*dot = '1';
	assert_int_equal(answer(1, 200), 1);
	*dot = '0';
	at = strstr(sent[1].text, "42 REGISTER");
	memcpy(at, "42 OPTIONS ", 11);
	assert_int_equal(answer(1, 200), 1);
	memcpy(at, "42 REGISTER", 11);
	assert_int_equal(called, 0);
	assert_int_equal(answer(1, 200), 0);
	assert_int_equal(called, 1);
}

static void test_timers_far_away(void **state)
{
	(void)state;
	seconds = 1000; /* more than a turn of the wheel */
	assert_int_equal(send_register("sip:127.0.0.1:6000;transport=tcp", NULL), 1);
	seconds = 0;
	turn_clock(999000);
	assert_int_equal(called, 0);
	turn_clock(2000);
	assert_int_equal(called, 1);
}

#define T(_f) cmocka_unit_test_setup_teardown(_f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_uac_ok),
		T(test_uac_timeout),
		T(test_uac_lost_then_answered),
		T(test_uac_own_timeout_and_tcp),
		T(test_uac_send_failure_is_a_timeout),
		T(test_uac_errors),
		T(test_uac_no_memory),
		T(test_many),
		T(test_relay),
		T(test_relay_old_style),
		T(test_relay_timeout),
		T(test_relay_cannot_send),
		T(test_invite_negative),
		T(test_invite_ok),
		T(test_invite_rings_too_long),
		T(test_cancel),
		T(test_fork),
		T(test_fork_best_reply),
		T(test_fork_answered),
		T(test_fork_refused_for_all),
		T(test_serial),
		T(test_serial_of_one_q),
		T(test_resolve),
		T(test_fork_nowhere),
		T(test_no_socket_text),
		T(test_serial_in_order),
		T(test_replicate),
		T(test_reply_after_replicate),
		T(test_answered_elsewhere),
		T(test_replicate_nowhere),
		T(test_failure_second_try),
		T(test_failure_while_route_runs),
		T(test_failure_second_try_times_out),
		T(test_failure_no_way_out),
		T(test_failure_answered),
		T(test_relay_no_memory),
		T(test_foreign_replies),
		T(test_timers_far_away),
	};

	return cmocka_run_group_tests(tests, world, end_world);
}
