/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of peers: a peer as text, changes at run time, and what another process sees of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "params.h"
#include "peer_line.h"
#include "state.h"

#define PLACES 4

static void read_peer(struct repl_peer *p, const char *text)
{
	static char buf[1024];
	struct text wrong = {buf, 0, sizeof(buf), false};
	str line = {(char *)text, strlen(text)};

	if (peer_line_read(p, &line, &wrong) < 0)
		fail_msg("\"%s\": %.*s", text, wrong.len, wrong.s);
}

static int add(const char *text)
{
	struct repl_peer p;

	read_peer(&p, text);
	return peers_add(&p);
}

static int setup(void **state)
{
	struct repl_peer first[2];

	(void)state;
	shm_mem_size = 16UL << 20;
	if (init_shm_mallocs() < 0)
		return -1;
	repl_cfg.node_id = 1;
	if (state_init() < 0)
		return -1;
	read_peer(&first[0], "node_id=2, uri=sip:127.0.0.2");
	read_peer(&first[1], "node_id=3, uri=sip:127.0.0.3");
	return peers_init(first, 2, PLACES);
}

static int teardown(void **state)
{
	(void)state;
	peers_destroy();
	state_destroy();
	assert_int_equal(shm_blocks(), 0);
	shm_mem_destroy();
	return 0;
}

static void lines(void **state)
{
	static const struct {
		const char *line, *wrong;
	} rows[] = {
		{"", "node_id is missing"},
		{"node_id=2", "uri is missing"},
		{"sip:127.0.0.2", "item \"sip:127.0.0.2\" is not allowed, give key=value"},
		{"node_id=1, uri=sip:h",
			"node_id \"1\" is not allowed, give another id than this node has"},
		{"node_id=2, uri=sip:no.such.host.invalid",
			"uri \"sip:no.such.host.invalid\" is not allowed, give a host whose "
			"address can be found"},
		{"node_id=2, uri=sip:127.0.0.2, kind=x",
			"kind \"x\" is not allowed, give full or plain"},
		{"node_id=2, colour=red",
			"key \"colour\" is not allowed, give node_id, uri, kind or resync"},
	};
	static char buf[1024];
	struct repl_peer p;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text wrong = {buf, 0, sizeof(buf) - 1, false};
		str line = {(char *)rows[i].line, strlen(rows[i].line)};

		assert_int_equal(peer_line_read(&p, &line, &wrong), -1);
		buf[wrong.len] = '\0';
		assert_string_equal(buf, rows[i].wrong);
	}
}

static void a_line_is_read_as_written(void **state)
{
	static char buf[512];
	struct text line = {buf, 0, sizeof(buf) - 1, false};
	str uri = str_init("sip:[::1]:5070;transport=tcp"), kind = str_init("plain");
	str none = {NULL, 0};
	struct repl_peer p;

	(void)state;
	peer_line_write(&line, 7, &uri, &kind, &none);
	buf[line.len] = '\0';
	assert_string_equal(buf, "node_id=7, uri=sip:[::1]:5070;transport=tcp, kind=plain");
	read_peer(&p, buf);
	assert_int_equal(p.id, 7);
	assert_true(p.plain && p.resync_full);
	assert_string_equal(peer_kind(&p), "plain");
	assert_string_equal(peer_resync(&p), "full");
	assert_int_equal(p.addrs, 1);
	assert_int_equal(p.addr[0].af, AF_INET6);
}

static void too_long_uri(void **state)
{
	static char buf[400], said[800];
	struct text wrong = {said, 0, sizeof(said), false};
	str line = {buf, 0};
	struct repl_peer p;

	(void)state;
	line.len = snprintf(buf, sizeof(buf), "node_id=2, uri=sip:%0300d", 1);
	assert_int_equal(peer_line_read(&p, &line, &wrong), -1);
}

static void the_list_changes(void **state)
{
	struct rr_peer_info info;
	uint32_t serial;

	(void)state;
	assert_int_equal(peers_count(), 2);
	assert_int_equal(peers_places(), PLACES);
	assert_string_equal(peer_by_id(3)->uri.s, "sip:127.0.0.3");
	assert_null(peer_by_id(4));
	assert_null(peer_by_id(0));
	assert_null(peer_at(2));
	assert_int_equal(add("node_id=3, uri=sip:127.0.0.9"), RR_EEXIST);
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.4"), 0);
	assert_int_equal(add("node_id=5, uri=sip:127.0.0.5, kind=plain"), 0);
	assert_int_equal(add("node_id=6, uri=sip:127.0.0.6"), RR_EFULL);
	assert_null(peer_by_id(4)); /* pointers stay good until then */
	peers_refresh();
	assert_int_equal(peer_by_id(4)->id, 4);
	serial = peer_by_id(4)->serial;
	assert_int_equal(rr_peer_info(engine_lock(), repl_now(), 4, &info), 0);
	engine_unlock();
	assert_int_equal(peers_remove(4), 0);
	assert_int_equal(peers_remove(4), RR_ENOENT);
	assert_int_equal(peers_remove(0), RR_ENOENT);
	assert_int_equal(rr_peer_info(engine_lock(), repl_now(), 4, &info), RR_ENOENT);
	engine_unlock();
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.14"), 0);
	peers_refresh();
	assert_string_equal(peer_by_id(4)->uri.s, "sip:127.0.0.14");
	assert_int_not_equal(peer_by_id(4)->serial, serial);
}

static void disabled(void **state)
{
	struct repl_peer p;
	uint32_t serial = peer_by_id(2)->serial;

	(void)state;
	peer_copy(&p, peer_by_id(2));
	p.disabled = true;
	p.source = REPL_FROM_SQL;
	assert_int_equal(peers_update(&p), 0);
	peers_refresh();
	assert_true(peer_by_id(2)->disabled);
	assert_int_equal(peer_by_id(2)->source, REPL_FROM_SQL);
	assert_int_equal(peer_by_id(2)->serial, serial);
	assert_false(rr_peer_enabled(engine_lock(), 2));
	engine_unlock();
	p.disabled = false;
	assert_int_equal(peers_update(&p), 0);
	assert_true(rr_peer_enabled(engine_lock(), 2));
	engine_unlock();
	p.id = 9;
	assert_int_equal(peers_update(&p), RR_ENOENT);
}

/* Several nodes may live at one address: the id tells them apart. */
static void found_by_address(void **state)
{
	const struct repl_peer *p;
	struct ip_addr ip;

	(void)state;
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.2:5080"), 0);
	peers_refresh();
	ip = peer_by_id(2)->addr[0];
	p = peer_by_addr(&ip, NULL);
	assert_int_equal(p->id, 2);
	p = peer_by_addr(&ip, p);
	assert_int_equal(p->id, 4);
	assert_null(peer_by_addr(&ip, p));
	peers_remove(2);
	peers_refresh();
	assert_int_equal(peer_by_addr(&ip, NULL)->id, 4);
}

/* A process that was there before the change. */
static void others_see_it(void **state)
{
	int go[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			_exit(3);
		peers_refresh();
		if (peer_by_id(2) || !peer_by_id(4))
			_exit(1);
		_exit(strcmp(peer_by_id(4)->uri.s, "sip:127.0.0.4") == 0 ? 0 : 2);
	}
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.4"), 0);
	assert_int_equal(peers_remove(2), 0);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(go[0]);
	close(go[1]);
}

static void one_change_at_a_time(void **state)
{
	(void)state;
	assert_true(peers_change_begin());
	assert_false(peers_change_begin());
	peers_change_end();
	assert_true(peers_change_begin());
	peers_change_end();
}

static void no_memory(void **state)
{
	(void)state;
	shm_fail_after(0);
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.4"), RR_ENOMEM);
	shm_fail_after(-1);
	peers_refresh();
	assert_null(peer_by_id(4));
	assert_int_equal(add("node_id=4, uri=sip:127.0.0.4"), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines),
		TEST(a_line_is_read_as_written),
		TEST(too_long_uri),
		TEST(the_list_changes),
		TEST(disabled),
		TEST(found_by_address),
		TEST(others_see_it),
		TEST(one_change_at_a_time),
		TEST(no_memory),
	};

	if (init_pkg_mallocs() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
