/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record-Route, Route and Max-Forwards: what comes in, what the functions say, what goes out. The
 * expected texts were taken from OpenSIPS 3.6.8.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "data_lump.h"
#include "mem/mem.h"
#include "modules/rr/rr.h"
#include "msg_translator.h"
#include "route.h"
#include "socket_info.h"
#include "sr_module.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct socket_info_full listener[4];
static unsigned long blocks_before;
static unsigned int next_id = 1;
static char wire[4096];

/* --- world ---------------------------------------------------------------------------- */

static void add_listener(
	int i, int proto, const char *ip, const char *port, const char *adv, const char *adv_port)
{
	struct socket_info *si = &listener[i].socket_info;
	str host = {(char *)ip, (int)strlen(ip)};

	si->name = si->address_str = host;
	init_str(&si->port_no_str, port);
	si->port_no = (unsigned short)atoi(port);
	si->proto = proto;
	si->address = *str2ip(&host);
	if (adv) {
		init_str(&si->adv_name_str, adv);
		init_str(&si->adv_port_str, adv_port);
		si->adv_port = (unsigned short)atoi(adv_port);
	}
	init_su(&si->su, &si->address, si->port_no);
	protos[proto].id = (enum sip_protos)proto;
}

static int world(void **state)
{
	(void)state;
	add_listener(0, PROTO_UDP, "10.0.0.1", "5060", NULL, NULL);
	add_listener(1, PROTO_UDP, "10.0.0.2", "5070", NULL, NULL);
	add_listener(2, PROTO_UDP, "10.0.0.3", "5060", "203.0.113.3", "5060");
	add_listener(3, PROTO_TCP, "10.0.0.1", "5060", NULL, NULL);
	listener[0].next = &listener[1];
	listener[1].next = &listener[2];
	protos[PROTO_UDP].listeners = &listener[0];
	protos[PROTO_TCP].listeners = &listener[3];
	return 0;
}

static int before(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_get_stats(&st);
	blocks_before = st.fragments;
	enable_double_rr = append_fromtag = 1;
	add_username = 0;
	return 0;
}

static int after(void **state)
{
	struct mem_stats st;

	(void)state;
	pkg_fail_after(-1);
	pkg_get_stats(&st);
	assert_int_equal(st.fragments, blocks_before);
	return 0;
}

/* A request with these header lines (with LF), that came in on the first listener. */
static void receive(struct sip_msg *msg, const char *ruri, const char *headers)
{
	char text[2048], *p = wire;
	int i;

	snprintf(text, sizeof(text),
		"BYE %s SIP/2.0\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKx\n%sFrom: "
		"<sip:a@b>;tag=f1\n"
		"To: <sip:c@d>;tag=2\nCall-ID: x\nCSeq: 1 BYE\nContent-Length: 0\n\n",
		ruri, headers);
	for (i = 0; text[i]; i++) {
		if (text[i] == '\n')
			*p++ = '\r';
		*p++ = text[i];
	}
	memset(msg, 0, sizeof(*msg));
	msg->id = next_id++;
	msg->rcv.bind_address = &listener[0].socket_info;
	msg->rcv.src_ip = listener[0].socket_info.address;
	assert_int_equal(parse_msg_opt(wire, (unsigned int)(p - wire), msg, 0), 0);
}

/* The lines of what is sent that begin with one of the names, each with LF. */
static const char *sent_lines(struct sip_msg *msg, int from, const char *name)
{
	static char out[2048];
	unsigned int len = 0;
	char *buf = build_req_buf_from_sip_req(
		msg, &len, &listener[from].socket_info, listener[from].socket_info.proto, NULL, 0);
	char *line, *end;

	out[0] = '\0';
	assert_non_null(buf);
	for (line = buf; (end = strstr(line, "\r\n")) != NULL && end != line; line = end + 2)
		if (!strncmp(line, name, strlen(name)))
			sprintf(out + strlen(out), "%.*s\n", (int)(end - line), line);
	pkg_free(buf);
	return out;
}

/* --- Record-Route ----------------------------------------------------------------------- */

#define RR "Record-Route: "

static const struct {
	int from;
	const char *lines;
} sides[] = {
	{0, RR "<sip:10.0.0.1;lr;ftag=f1>\n"},
	{1, RR "<sip:10.0.0.2:5070;r2=on;lr;ftag=f1>\n" RR "<sip:10.0.0.1;r2=on;lr;ftag=f1>\n"},
	{2, RR "<sip:203.0.113.3:5060;r2=on;lr;ftag=f1>\n" RR "<sip:10.0.0.1;r2=on;lr;ftag=f1>\n"},
	{3, RR "<sip:10.0.0.1;transport=tcp;r2=on;lr;ftag=f1>\n" RR
	       "<sip:10.0.0.1;r2=on;lr;ftag=f1>\n"},
};

/* It says where the request leaves from, whatever the script did after record_route(). */
static void test_record_route(void **state)
{
	struct sip_msg msg;

	(void)state;
	receive(&msg, "sip:c@d", "");
	assert_int_equal(record_route(&msg, NULL), 1);
	assert_int_equal(record_route(&msg, NULL), -1);
	for (size_t i = 0; i < ROWS(sides); i++)
		assert_string_equal(sent_lines(&msg, sides[i].from, RR), sides[i].lines);
	enable_double_rr = 0;
	free_sip_msg(&msg);
	receive(&msg, "sip:c@d", "");
	assert_int_equal(record_route(&msg, NULL), 1);
	assert_string_equal(sent_lines(&msg, 0, RR), sides[0].lines);
	free_sip_msg(&msg);
}

static void test_record_route_params(void **state)
{
	str z = str_init(";z=7"), x = str_init(";x=1"), preset = str_init("1.2.3.4:5090;x=y");
	str other = str_init("1.2.3.5");
	struct sip_msg msg;

	(void)state;
	receive(&msg, "sip:c@d", RR "<sip:far;lr>\n");
	assert_int_equal(add_rr_param(&msg, &x), 1);
	assert_int_equal(record_route(&msg, &z), 1);
	assert_int_equal(add_rr_param(&msg, &x), 1);
	assert_string_equal(sent_lines(&msg, 0, RR),
		RR "<sip:10.0.0.1;lr;ftag=f1;z=7;x=1;x=1>\n" RR "<sip:far;lr>\n");
	assert_string_equal(sent_lines(&msg, 1, RR),
		RR "<sip:10.0.0.2:5070;r2=on;lr;ftag=f1;z=7;x=1;x=1>\n" RR
		   "<sip:10.0.0.1;r2=on;lr;ftag=f1;z=7;x=1;x=1>\n" RR "<sip:far;lr>\n");
	free_sip_msg(&msg);
	receive(&msg, "sip:c@d", "");
	add_username = 1;
	append_fromtag = 0;
	assert_int_equal(record_route_preset(&msg, &preset, &other), 1);
	assert_string_equal(sent_lines(&msg, 0, RR),
		RR "<sip:c@1.2.3.4:5090;x=y;lr>\n" RR "<sip:c@1.2.3.5;lr>\n");
	free_sip_msg(&msg);
}

static void test_record_route_advertised(void **state)
{
	struct sip_msg msg;

	(void)state;
	*default_global_address = str_init("192.0.2.77");
	*default_global_port = str_init("5077");
	receive(&msg, "sip:c@d", "");
	assert_int_equal(record_route(&msg, NULL), 1);
	assert_string_equal(sent_lines(&msg, 0, RR), RR "<sip:192.0.2.77:5077;lr;ftag=f1>\n");
	assert_string_equal(sent_lines(&msg, 2, RR),
		RR "<sip:203.0.113.3:5060;r2=on;lr;ftag=f1>\n" RR
		   "<sip:192.0.2.77:5077;r2=on;lr;ftag=f1>\n");
	pkg_str_dup(&msg.set_global_address, &str_init("198.51.100.9"));
	pkg_str_dup(&msg.set_global_port, &str_init("5099"));
	assert_string_equal(sent_lines(&msg, 0, RR), RR "<sip:198.51.100.9:5099;lr;ftag=f1>\n");
	assert_string_equal(sent_lines(&msg, 1, RR),
		RR "<sip:198.51.100.9:5099;r2=on;lr;ftag=f1>\n" RR
		   "<sip:192.0.2.77:5077;r2=on;lr;ftag=f1>\n");
	assert_string_equal(sent_lines(&msg, 2, RR),
		RR "<sip:203.0.113.3:5060;r2=on;lr;ftag=f1>\n" RR
		   "<sip:192.0.2.77:5077;r2=on;lr;ftag=f1>\n");
	free_sip_msg(&msg);
	*default_global_address = *default_global_port = STR_NULL;
}

/* --- Route ------------------------------------------------------------------------------- */

#define R   "Route: "
#define BOB "sip:bob@10.9.9.1"

static const struct {
	const char *ruri, *routes;
	int rc;
	const char *new_ruri, *dst, *left;
	int socket; /* that it shall leave from; -1: any */
} routes[] = {
	{BOB, "", -1, BOB, "", "", -1},
	{BOB, R "<sip:1.2.3.4\n", -1, BOB, "", R "<sip:1.2.3.4\n", -1},
	{BOB, R "<sip:10.0.0.1;lr>\n", 1, BOB, "", "", -1},
	{BOB, R "<sip:user@10.0.0.1;lr>\n", 1, BOB, "", "", -1},
	{BOB, R "<sip:203.0.113.3;lr>\n", 1, BOB, "", "", -1},
	{BOB, R "<sip:10.0.0.2;lr>\n", 1, BOB, "sip:10.0.0.2;lr", R "<sip:10.0.0.2;lr>\n", -1},
	{BOB, R "<sip:10.0.0.2:5070;r2=on;lr>,<sip:10.0.0.1;r2=on;lr>\n", 1, BOB, "", "", 0},
	{BOB, R "<sip:10.0.0.1;r2=on;lr>\n" R "<sip:10.0.0.1;transport=tcp;r2=on;lr>\n", 1, BOB, "",
		"", 3},
	{BOB, R "<sip:10.0.0.1;r2=on;lr>, <sip:10.0.0.2:5070;r2=on;lr>,<sip:far;lr>\n", 1, BOB,
		"sip:far;lr", R "<sip:far;lr>\n", 1},
	{BOB, R "<sip:far;lr>\n", 1, BOB, "sip:far;lr", R "<sip:far;lr>\n", -1},
	{BOB, R "<sip:10.0.0.1;lr> , \"F\" <sip:far:5062;lr>;p=1 ,<sip:more;lr>\n", 1, BOB,
		"sip:far:5062;lr", R "\"F\" <sip:far:5062;lr>;p=1 ,<sip:more;lr>\n", -1},
	/* a strict router comes next: it wants to see itself in the Request-URI */
	{BOB, R "<sip:far>\n", 1, "sip:far", "", R "<" BOB ">\n", -1},
	{BOB, R "<sip:10.0.0.1;lr>, <sip:far>, <sip:more;lr>\n", 1, "sip:far", "",
		R "<sip:more;lr>\n" R "<" BOB ">\n", -1},
	/* a strict router was before us */
	{"sip:10.0.0.1;lr", R "<sip:carol@far>\n", 1, "sip:carol@far", "", "", -1},
	{"sip:10.0.0.1", R "<sip:far;lr>,<sip:carol@more>\n", 1, "sip:carol@more", "sip:far;lr",
		R "<sip:far;lr>\n", -1},
	{"sip:10.0.0.1;r2=on;lr", R "<sip:10.0.0.2:5070;r2=on;lr>,<sip:carol@more>\n", 1,
		"sip:carol@more", "", "", 1},
};

static const char *text_of(const str *s)
{
	static char text[256];

	snprintf(text, sizeof(text), "%.*s", s->len, s->len ? s->s : "");
	return text;
}

static void test_loose_route(void **state)
{
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(routes); i++) {
		receive(&msg, routes[i].ruri, routes[i].routes);
		assert_int_equal(loose_route(&msg), routes[i].rc);
		assert_string_equal(text_of(GET_RURI(&msg)), routes[i].new_ruri);
		assert_string_equal(text_of(&msg.dst_uri), routes[i].dst);
		assert_string_equal(sent_lines(&msg, 0, R), routes[i].left);
		assert_ptr_equal(msg.force_send_socket,
			routes[i].socket < 0 ? NULL : &listener[routes[i].socket].socket_info);
		free_sip_msg(&msg);
	}
}

static void test_direction(void **state)
{
	struct sip_msg msg;
	regex_t re;

	(void)state;
	assert_int_equal(regcomp(&re, "x=1", REG_EXTENDED | REG_NOSUB), 0);
	receive(&msg, BOB, R "<sip:10.0.0.1;lr;ftag=f1>\n");
	assert_int_equal(is_direction(&msg, RR_DOWNSTREAM), -1);
	assert_int_equal(loose_route(&msg), 1);
	assert_int_equal(is_direction(&msg, RR_DOWNSTREAM), 1);
	assert_int_equal(is_direction(&msg, RR_UPSTREAM), -1);
	assert_int_equal(check_route_param(&msg, &re), -1);
	free_sip_msg(&msg);
	receive(&msg, BOB, R "<sip:10.0.0.1;lr;ftag=other;x=1>\n");
	assert_int_equal(loose_route(&msg), 1);
	assert_int_equal(is_direction(&msg, RR_UPSTREAM), 1);
	assert_int_equal(check_route_param(&msg, &re), 1);
	free_sip_msg(&msg);
	regfree(&re);
}

/* Outside a dialog a Route with nothing but us is no way to go. */
static void test_preloaded(void **state)
{
	struct sip_msg msg;

	(void)state;
	receive(&msg, BOB, R "<sip:10.0.0.1;lr>\n");
	memcpy(strstr(wire, ">;tag=2"), ">;x  =2", 7);
	assert_int_equal(loose_route(&msg), -1);
	assert_string_equal(sent_lines(&msg, 0, R), "");
	free_sip_msg(&msg);
	receive(&msg, BOB, R "<sip:10.0.0.1;lr>,<sip:far;lr>\n");
	memcpy(strstr(wire, ">;tag=2"), ">;x  =2", 7);
	assert_int_equal(loose_route(&msg), 1);
	assert_string_equal(text_of(&msg.dst_uri), "sip:far;lr");
	free_sip_msg(&msg);
}

/* Each allocation fails in turn: a refusal, and nothing is left. */
static void test_no_memory(void **state)
{
	struct sip_msg msg;
	int rc = 0;
	long n;

	(void)state;
	for (n = 0; n < 200 && rc != 1; n++) {
		receive(&msg, BOB,
			R "<sip:10.0.0.1;r2=on;lr>, <sip:10.0.0.2;r2=on;lr>,<sip:far>\n");
		pkg_fail_after(n);
		rc = loose_route(&msg);
		if (rc == 1)
			rc = record_route(&msg, NULL);
		pkg_fail_after(-1);
		free_sip_msg(&msg);
	}
	assert_int_equal(rc, 1);
	assert_true(n > 10);
}

/* --- Max-Forwards ------------------------------------------------------------------------- */

extern const struct module_exports exports; /* of maxfwd */

typedef int (*count_f)(struct sip_msg *msg, int *n);

static const struct {
	const char *in;
	int rc, less; /* is_maxfwd_lt(5) afterwards */
	const char *out;
} counts[] = {
	{"Max-Forwards: 70\n", 1, -1, "Max-Forwards: 69\n"},
	{"Max-Forwards: 100\n", 1, -1, "Max-Forwards: 99\n"},
	{"Max-Forwards: 1\n", 1, 1, "Max-Forwards: 0\n"},
	{"Max-Forwards: 0\n", -1, 1, "Max-Forwards: 0\n"},
	{"Max-Forwards: many\n", -2, -2, "Max-Forwards: many\n"},
	{"", 2, -2, "Max-Forwards: 10\n"},
};

static void test_maxfwd(void **state)
{
	count_f process = (count_f)(void *)exports.cmds[0].function;
	count_f less = (count_f)(void *)exports.cmds[1].function;
	int ten = 10, five = 5;
	struct sip_msg msg;

	(void)state;
	for (size_t i = 0; i < ROWS(counts); i++) {
		receive(&msg, BOB, counts[i].in);
		assert_int_equal(process(&msg, &ten), counts[i].rc);
		assert_int_equal(less(&msg, &five), counts[i].less);
		assert_string_equal(sent_lines(&msg, 0, "Max-Forwards: "), counts[i].out);
		free_sip_msg(&msg);
	}
}

#define T(_f) cmocka_unit_test_setup_teardown(_f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_record_route),
		T(test_record_route_params),
		T(test_record_route_advertised),
		T(test_loose_route),
		T(test_preloaded),
		T(test_direction),
		T(test_no_memory),
		T(test_maxfwd),
	};

	return cmocka_run_group_tests(tests, world, NULL);
}
