/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's parameters: what is allowed sets what it says, everything else is refused and
 * leaves the configuration as it was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "dprint.h"
#include "mem/mem.h"
#include "auth.h"
#include "params.h"

static struct repl_config fresh;

static int set(const char *name, const char *text, long n)
{
	for (const param_export_t *p = repl_params; p->name; p++) {
		param_func_t f = (param_func_t)p->param_pointer;

		if (strcmp(p->name, name) != 0)
			continue;
		if (PARAM_TYPE_MASK(p->type) == INT_PARAM)
			return f(INT_PARAM, (void *)n);
		return f(STR_PARAM, (void *)(size_t)text);
	}
	fail_msg("no parameter %s", name);
	return -1;
}

static int start_fresh(void **state)
{
	(void)state;
	repl_cfg = fresh;
	return 0;
}

/* The leak check of a sanitizer build sees what is not given back. */
static int give_back(void **state)
{
	(void)state;
	params_destroy();
	return 0;
}

static void numbers_have_limits(void **state)
{
	static const struct {
		const char *name;
		long low, high;
		int *value;
	} rows[] = {
		{"node_id", 1, 65535, &repl_cfg.node_id},
		{"ping_interval", 50, 60000, &repl_cfg.ping_interval},
		{"ping_timeout", 50, 60000, &repl_cfg.ping_timeout},
		{"down_after", 1, 100, &repl_cfg.down_after},
		{"window", 1, 256, &repl_cfg.window},
		{"max_clock_ahead", 1000, 86400000, &repl_cfg.max_clock_ahead},
		{"max_peers", 1, 16, &repl_cfg.max_peers},
		{"replicate_all", 0, 1, &repl_cfg.replicate_all},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(set(rows[i].name, NULL, rows[i].low), 0);
		assert_int_equal(set(rows[i].name, NULL, rows[i].high), 0);
		assert_int_equal(*rows[i].value, rows[i].high);
		assert_int_equal(set(rows[i].name, NULL, rows[i].low - 1), -1);
		assert_int_equal(set(rows[i].name, NULL, rows[i].high + 1), -1);
		assert_int_equal(*rows[i].value, rows[i].high);
	}
}

static void peers_are_read(void **state)
{
	const struct repl_peer *p = repl_cfg.peers;

	(void)state;
	assert_int_equal(set("peer", " node_id = 2 , uri=sip:127.0.0.2:5070;transport=tcp", 0), 0);
	assert_int_equal(set("peer", "uri=sip:127.0.0.2,node_id=3,kind=plain", 0), 0);
	assert_int_equal(
		set("peer", "node_id=4, uri=sip:127.0.0.4, kind=PLAIN, resync=missed", 0), 0);
	assert_int_equal(repl_cfg.n_peers, 3);
	assert_int_equal(p->id, 2);
	assert_string_equal(p->uri.s, "sip:127.0.0.2:5070;transport=tcp");
	assert_ptr_equal(p->uri.s, p->text);
	assert_int_equal(p->host.len, 9);
	assert_ptr_equal(p->host.s, p->text + 4);
	assert_int_equal(p->port, 5070);
	assert_int_equal(p->proto, PROTO_TCP);
	assert_false(p->plain || p->resync_full);
	p++;
	assert_int_equal(p->id, 3);
	assert_true(p->plain && p->resync_full);
	assert_int_equal(p->port, 5060);
	assert_int_equal(p->proto, PROTO_UDP);
	p++;
	assert_true(p->plain && !p->resync_full);
}

static void wrong_peers(void **state)
{
	static const char *const rows[] = {
		"",
		",",
		"garbage",
		"node_id=3",
		"uri=sip:127.0.0.3",
		"node_id=0, uri=sip:127.0.0.3",
		"node_id=65536, uri=sip:127.0.0.3",
		"node_id=x, uri=sip:127.0.0.3",
		"node_id=1, uri=sip:127.0.0.3",
		"node_id=2, uri=sip:127.0.0.3",
		"node_id=3, uri=",
		"node_id=3, uri=127.0.0.3",
		"node_id=3, uri=http://127.0.0.3",
		"node_id=3, uri=sips:127.0.0.3",
		"node_id=3, uri=sip:127.0.0.3;transport=sctp",
		"node_id=3, uri=sip:127.0.0.3, kind=half",
		"node_id=3, uri=sip:127.0.0.3, resync=always",
		"node_id=3, uri=sip:127.0.0.3, colour=red",
		"node_id=3, uri=sip:no.such.host.invalid",
	};

	(void)state;
	set("node_id", NULL, 1);
	assert_int_equal(set("peer", "node_id=2, uri=sip:127.0.0.2", 0), 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (set("peer", rows[i], 0) == 0)
			fail_msg("taken: %s", rows[i]);
		assert_int_equal(repl_cfg.n_peers, 1);
	}
	assert_int_equal(set("node_id", NULL, 2), -1);
}

static void lists_have_limits(void **state)
{
	char line[64];

	(void)state;
	for (int i = 0; i < REPL_MAX_PEERS; i++) {
		snprintf(line, sizeof(line), "node_id=%d, uri=sip:127.0.0.1", 10 + i);
		assert_int_equal(set("peer", line, 0), 0);
	}
	assert_int_equal(set("peer", "node_id=100, uri=sip:127.0.0.1", 0), -1);
	for (int i = 0; i < REPL_MAX_DOMAINS; i++)
		assert_int_equal(set("domain", "location", 0), 0);
	assert_int_equal(set("domain", "location", 0), -1);
	for (int i = 0; i < REPL_MAX_MAPS; i++)
		assert_int_equal(set("socket_map", "udp:1.1.1.1:1=udp:2.2.2.2:2", 0), 0);
	assert_int_equal(set("socket_map", "udp:1.1.1.1:1=udp:2.2.2.2:2", 0), -1);
}

static void texts(void **state)
{
	static const struct {
		const char *name, *value;
		int rc;
	} rows[] = {
		{"domain", "location", 0},
		{"domain", " ", -1},
		{"sock_hdr_name", "X-Socket", 0},
		{"sock_hdr_name", "", -1},
		{"sock_hdr_name", "X Socket", -1},
		{"sock_hdr_name", "X:", -1},
		{"send_socket", "udp:127.0.0.1:5060", 0},
		{"send_socket", "127.0.0.1", -1},
		{"peers_table", "my_peers", 0},
		{"missed_table", "my_missed", 0},
		{"missed_table", "a-table", -1},
		{"peers_table", "", -1},
		{"peers_table", "a table", -1},
		{"peers_table", "peers; DROP TABLE location", -1},
		{"peers_table", "a123456789012345678901234567890123", -1},
		{"socket_map", "udp:1.1.1.1:5060=udp:2.2.2.2:5060", 0},
		{"socket_map", "udp:1.1.1.1:5060", -1},
		{"socket_map", "udp:1.1.1.1:5060=", -1},
		{"socket_map", "1.1.1.1=2.2.2.2", -1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set(rows[i].name, rows[i].value, 0) != rows[i].rc)
			fail_msg("%s \"%s\"", rows[i].name, rows[i].value);
	assert_string_equal(repl_cfg.sock_hdr_name.s, "X-Socket");
}

static void secrets(void **state)
{
	char text[AUTH_SECRET_MAX + 2];

	(void)state;
	memset(text, 's', sizeof(text));
	text[AUTH_SECRET_MIN - 1] = '\0';
	assert_int_equal(set("secret", text, 0), -1);
	assert_int_equal(set("secret", "", 0), -1);
	assert_false(auth_enabled());
	text[AUTH_SECRET_MIN - 1] = 's';
	text[AUTH_SECRET_MAX + 1] = '\0';
	assert_int_equal(set("secret", text, 0), -1);
	text[AUTH_SECRET_MAX] = '\0';
	assert_int_equal(set("secret", text, 0), 0);
	text[AUTH_SECRET_MIN] = '\0';
	for (int i = 1; i < AUTH_SECRETS_MAX; i++)
		assert_int_equal(set("secret", text, 0), 0);
	assert_int_equal(set("secret", text, 0), -1);
	params_destroy();
	assert_false(auth_enabled());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_have_limits, start_fresh, give_back),
		cmocka_unit_test_setup_teardown(peers_are_read, start_fresh, give_back),
		cmocka_unit_test_setup_teardown(wrong_peers, start_fresh, give_back),
		cmocka_unit_test_setup_teardown(lists_have_limits, start_fresh, give_back),
		cmocka_unit_test_setup_teardown(texts, start_fresh, give_back),
		cmocka_unit_test_setup_teardown(secrets, start_fresh, give_back),
	};

	stderr_enabled = 0;
	if (init_pkg_mallocs() < 0)
		return 1;
	fresh = repl_cfg;
	return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
