/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our sockets and their names, addresses, and where a message in a stream ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "net/tcp_frame.h"
#include "parser/msg_parser.h"
#include "socket_info.h"
#include "ut.h"

/* --- world: three UDP sockets and a TCP one ---------------------------------------------- */

static void add(
	const char *name, int port, int proto, const char *adv, int adv_port, const char *tag)
{
	struct socket_id id = {.name = (char *)name,
		.port = port,
		.proto = proto,
		.adv_name = (char *)adv,
		.adv_port = adv_port,
		.tag = (char *)tag};

	assert_int_equal(add_listening_socket(&id), 0);
}

static int setup(void **state)
{
	(void)state;
	stderr_enabled = 0;
	protos[PROTO_UDP].id = PROTO_UDP; /* as its module does */
	protos[PROTO_TCP].id = PROTO_TCP;
	add("127.0.0.1", 0, PROTO_UDP, NULL, 0, NULL);
	add("127.0.0.1", 5070, PROTO_UDP, "203.0.113.5", 0, "outer");
	add("[::1]", 5060, PROTO_UDP, NULL, 0, NULL);
	add("127.0.0.2", 5060, PROTO_TCP, "sip.example.test", 5090, NULL);
	return fix_all_socket_lists();
}

static int teardown(void **state)
{
	struct mem_stats st;

	(void)state;
	free_all_socket_lists();
	pkg_get_stats(&st);
	assert_int_equal(st.fragments, 0);
	return 0;
}

static const char *name_of(const struct socket_info *si)
{
	return si ? si->sock_str.s : "none";
}

static const struct socket_info *by_name(const char *spec)
{
	str s = {(char *)spec, (int)strlen(spec)};

	return parse_sock_info(&s);
}

/* --- sockets ------------------------------------------------------------------------------ */

static void test_names(void **state)
{
	const struct socket_info *si = get_first_socket();

	(void)state;
	assert_string_equal(si->sock_str.s, "udp:127.0.0.1:5060");
	assert_int_equal(si->adv_sock_str.len, 0);
	assert_ptr_equal(get_socket_sip_name(si), &si->sock_str);
	si = by_name("udp:127.0.0.1:5070");
	assert_string_equal(si->adv_sock_str.s, "udp:203.0.113.5:5070");
	assert_string_equal(si->tag_sock_str.s, "udp:outer");
	assert_string_equal(by_name("tcp:127.0.0.2")->adv_sock_str.s, "tcp:sip.example.test:5090");
	assert_string_equal(by_name("[::1]")->sock_str.s, "udp:[0:0:0:0:0:0:0:1]:5060");
	assert_string_equal(by_name("[::1]")->address_str.s, "[0:0:0:0:0:0:0:1]"); /* as in a Via */
}

static void test_find(void **state)
{
	static const struct {
		const char *spec, *found;
	} cases[] = {
		{"127.0.0.1", "udp:127.0.0.1:5060"},
		{"127.0.0.1:5070", "udp:127.0.0.1:5070"},
		{"udp:127.0.0.1:5060", "udp:127.0.0.1:5060"},
		{"UDP:127.0.0.1:5060", "udp:127.0.0.1:5060"},
		{"tcp:127.0.0.1:5060", "none"},
		{"127.0.0.1:5080", "none"},
		{"203.0.113.5", "udp:127.0.0.1:5070"},
		{"udp:203.0.113.5:5070", "udp:127.0.0.1:5070"},
		{"203.0.113.5:5060", "none"},
		{"SIP.example.test:5090", "tcp:127.0.0.2:5060"},
		{"outer", "udp:127.0.0.1:5070"},
		{"[::1]:5060", "udp:[0:0:0:0:0:0:0:1]:5060"},
		{"[0:0:0:0:0:0:0:1]", "udp:[0:0:0:0:0:0:0:1]:5060"},
		{"bogus", "none"},
		{"", "none"},
		{"udp:", "none"},
		{"127.0.0.1:70000", "none"},
	};

	(void)state;
	for (size_t i = 0; i < howmany(cases, *cases); i++)
		assert_string_equal(name_of(by_name(cases[i].spec)), cases[i].found);
}

static void test_tag_only_where_asked(void **state)
{
	str tag = str_init("outer"), host = str_init("127.0.0.1");

	(void)state;
	assert_null(grep_sock_info(&tag, 0, PROTO_NONE));
	assert_non_null(grep_internal_sock_info(&tag, 0, PROTO_NONE));
	assert_int_equal(check_self(&host, 0, 0), 1);
	assert_int_equal(check_self(&host, 5060, PROTO_TCP), 0);
	assert_null(grep_sock_info(&host, 5060, 200));
}

static void test_alias(void **state)
{
	str one = str_init("one.example.test"), any = str_init("Any.example.test");

	(void)state;
	assert_int_equal(add_alias(one.s, one.len, 5077, PROTO_UDP), 0);
	assert_int_equal(add_alias("any.example.test", any.len, 0, PROTO_TCP), 0);
	assert_int_equal(check_self(&one, 0, PROTO_NONE), 1);
	assert_int_equal(check_self(&one, 5077, PROTO_UDP), 1);
	assert_int_equal(check_self(&one, 5060, PROTO_UDP), 0);
	assert_int_equal(check_self(&one, 5077, PROTO_TCP), 0);
	assert_int_equal(check_self(&any, 5099, PROTO_TCP), 1);
	assert_null(grep_sock_info(&one, 5077, PROTO_UDP)); /* a name, no listener */
	free_aliases();
	assert_int_equal(check_self(&one, 5077, PROTO_UDP), 0);
}

static void to_address(union sockaddr_union *su, const char *ip)
{
	str s = {(char *)ip, (int)strlen(ip)};

	init_su(su, str2ip(&s) ? str2ip(&s) : str2ip6(&s), 5060);
}

static void test_send_socket(void **state)
{
	union sockaddr_union v4, v6;
	struct sip_msg msg;

	(void)state;
	memset(&msg, 0, sizeof(msg));
	to_address(&v4, "127.0.0.9");
	to_address(&v6, "::2");
	assert_string_equal(name_of(get_send_socket(NULL, &v4, PROTO_UDP)), "udp:127.0.0.1:5060");
	assert_string_equal(name_of(get_send_socket(NULL, &v4, PROTO_TCP)), "tcp:127.0.0.2:5060");
	assert_string_equal(
		name_of(get_send_socket(NULL, &v6, PROTO_UDP)), "udp:[0:0:0:0:0:0:0:1]:5060");
	assert_null(get_send_socket(NULL, &v6, PROTO_TCP));
	assert_null(get_send_socket(NULL, &v4, PROTO_TLS));
	msg.rcv.bind_address = by_name("127.0.0.1:5070");
	assert_ptr_equal(get_send_socket(&msg, &v4, PROTO_UDP), msg.rcv.bind_address);
	msg.force_send_socket = by_name("127.0.0.1:5060");
	assert_ptr_equal(get_send_socket(&msg, &v4, PROTO_UDP), msg.force_send_socket);
	/* a forced socket of another protocol only where there is none of this one, as in OpenSIPS
	 */
	assert_string_equal(name_of(get_send_socket(&msg, &v4, PROTO_TCP)), "tcp:127.0.0.2:5060");
	assert_ptr_equal(get_send_socket(&msg, &v4, PROTO_TLS), msg.force_send_socket);
	assert_null(get_send_socket(&msg, &v6, PROTO_TLS));
}

static void test_refused(void **state)
{
	(void)state;
	free_all_socket_lists();
	assert_int_equal(fix_all_socket_lists(), -1); /* none at all */
	add("127.0.0.1", 5060, PROTO_UDP, NULL, 0, NULL);
	add("127.0.0.1", 0, PROTO_UDP, NULL, 0, NULL);
	assert_int_equal(fix_all_socket_lists(), -1); /* twice */
	free_all_socket_lists();
	add("127.0.0.1", 5060, PROTO_TCP, NULL, 0, NULL);
	protos[PROTO_TCP].id = PROTO_NONE;
	assert_int_equal(fix_all_socket_lists(), -1); /* its module is not loaded */
}

static void test_command_line(void **state)
{
	(void)state;
	assert_int_equal(add_cmd_listening_socket((char *)"127.0.0.3", 5099, 0), 0);
	assert_int_equal(fix_cmd_listening_sockets(), 0);
	assert_int_equal(fix_all_socket_lists(), 0);
	assert_string_equal(get_first_socket()->sock_str.s, "udp:127.0.0.3:5099");
	assert_null(by_name("127.0.0.1"));
}

/* --- "[proto:]host[:port]" ---------------------------------------------------------------- */

static void test_phostport(void **state)
{
	static const struct {
		const char *in;
		int rc, proto, port;
		const char *host;
	} cases[] = {
		{"a", 0, 0, 0, "a"},
		{"tcp:a", 0, PROTO_TCP, 0, "a"},
		{"tcp:a:5", 0, PROTO_TCP, 5, "a"},
		{"a:5", 0, 0, 5, "a"},
		{"[::1]", 0, 0, 0, "[::1]"},
		{"udp:[::1]:7", 0, PROTO_UDP, 7, "[::1]"},
		{"[::1]x", -1, 0, 0, NULL},
		{"[::1", -1, 0, 0, NULL},
		{"[::1]:", -1, 0, 0, NULL},
		{"a:", -1, 0, 0, NULL},
		{"a:0", -1, 0, 0, NULL},
		{"a:65536", -1, 0, 0, NULL},
		{"a:5x", -1, 0, 0, NULL},
		{"xyz:a:5", -1, 0, 0, NULL},
		{":5", -1, 0, 0, NULL},
		{"", -1, 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < howmany(cases, *cases); i++) {
		char *host = NULL;
		int len = 0, port, proto;
		int rc = parse_phostport(
			(char *)cases[i].in, (int)strlen(cases[i].in), &host, &len, &port, &proto);

		assert_int_equal(rc, cases[i].rc);
		if (rc < 0)
			continue;
		assert_int_equal(proto, cases[i].proto);
		assert_int_equal(port, cases[i].port);
		assert_int_equal(len, strlen(cases[i].host));
		assert_memory_equal(host, cases[i].host, len);
	}
}

/* --- where a message ends ------------------------------------------------------------------ */

#define LINE "OPTIONS sip:a SIP/2.0\r\n"

static int frame(const char *text)
{
	return tcp_frame(text, (int)strlen(text));
}

static void test_frame(void **state)
{
	static const char whole[] = LINE "Content-Length: 3\r\n\r\nabc";
	int n = (int)sizeof(whole) - 1;

	(void)state;
	assert_int_equal(frame(whole), n);
	assert_int_equal(frame(LINE "Content-Length: 3\r\n\r\nabcMORE"), n);
	assert_int_equal(frame(LINE "Content-Length: 3\r\n\r\n"), n); /* the body is to come */
	for (int len = 0; len < n - 3; len++)
		assert_int_equal(tcp_frame(whole, len), 0);
	assert_int_equal(frame(LINE "l: 0\r\n\r\n"), (int)strlen(LINE) + 8);
	assert_int_equal(frame(LINE "CONTENT-length \t:\t0 \r\n\r\n"), (int)strlen(LINE) + 24);
	assert_int_equal(frame(LINE "L:0\n\n"), (int)strlen(LINE) + 5);
	assert_int_equal(frame(LINE "l: 1\r\nl: 1\r\n\r\nx"), (int)strlen(LINE) + 15);
}

static void test_frame_refused(void **state)
{
	(void)state;
	assert_int_equal(frame(LINE "\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Lengthy: 3\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Length: 3x\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Length: -3\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Length:\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Length: 99999999999\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "Content-Length: 2147483647\r\n\r\n"), -1);
	assert_int_equal(frame(LINE "l: 1\r\nContent-Length: 2\r\n\r\n"), -1);
}

static void test_blank(void **state)
{
	(void)state;
	assert_int_equal(tcp_blank("\r\n\r\nOPT", 7), 4);
	assert_int_equal(tcp_blank("OPT", 3), 0);
	assert_int_equal(tcp_blank("\r\n", 2), 2);
	assert_int_equal(tcp_blank("", 0), 0);
}

/* --- addresses, numbers -------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	str v4 = str_init("10.1.2.3"), v6 = str_init("[FE80::1]"), bad = str_init("10.1.2");
	union sockaddr_union a, b;
	struct ip_addr ip;

	(void)state;
	ip = *str2ip(&v4);
	assert_string_equal(ip_addr2a(&ip), "10.1.2.3");
	assert_int_equal(init_su(&a, &ip, 5060), 0);
	assert_int_equal(su_getport(&a), 5060);
	ip = *str2ip6(&v6);
	assert_string_equal(ip_addr2a(&ip), "FE80:0:0:0:0:0:0:1");
	assert_int_equal(init_su(&b, &ip, 5060), 0);
	su_setport(&b, 1);
	assert_int_equal(su_getport(&b), 1);
	assert_null(str2ip(&bad));
	assert_null(str2ip6(&bad));
	assert_null(str2ip(NULL));
}

static void test_numbers(void **state)
{
	str max = str_init("4294967295"), over = str_init("4294967296"), neg = str_init("-12");
	str least = str_init("-2147483648"), minus = str_init("-"), none = STR_NULL;
	str huge = str_init("18446744073709551616"), mixed = str_init("12a");
	unsigned int u;
	uint64_t big;
	int n;

	(void)state;
	assert_int_equal(str2int(&max, &u), 0);
	assert_int_equal(u, 4294967295u);
	assert_int_equal(str2int(&over, &u), 0); /* cut off, as in OpenSIPS */
	assert_int_equal(u, 0);
	assert_int_equal(str2int(&mixed, &u), -1);
	assert_int_equal(str2int(&none, &u), -1);
	assert_int_equal(str2int64(&huge, &big), -1);
	assert_int_equal(str2sint(&neg, &n), 0);
	assert_int_equal(n, -12);
	assert_int_equal(str2sint(&least, &n), 0);
	assert_int_equal(n, INT_MIN);
	assert_int_equal(str2sint(&max, &n), -1);
	assert_int_equal(str2sint(&minus, &n), -1);
	assert_string_equal(int2str(UINT64_MAX, &n), "18446744073709551615");
	assert_int_equal(n, 20);
	assert_string_equal(sint2str(LONG_MIN, NULL), "-9223372036854775808");
	assert_string_equal(int2str(0, &n), "0");
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tag_only_where_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_send_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_line, setup, teardown),
		cmocka_unit_test(test_phostport),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_frame_refused),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
