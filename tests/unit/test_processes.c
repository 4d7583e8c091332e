/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes share: jobs, processing contexts, the table of TCP connections and the notes
 * that carry descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "context.h"
#include "globals.h"
#include "ipc.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "net/net_tcp.h"
#include "timer.h"

static int level = L_NOTICE;

static int setup(void **state)
{
	(void)state;
	stderr_enabled = 0;
	shm_mem_size = 4UL << 20;
	if (init_shm_mallocs() < 0 || init_timer() < 0 || tcp_conn_init() < 0)
		return -1;
	return init_multi_proc_support(); /* the main process and the two for timers */
}

static int teardown(void **state)
{
	struct mem_stats st;

	(void)state;
	log_level = &level; /* it pointed into the table */
	destroy_multi_proc_support();
	destroy_timer();
	tcp_conn_destroy();
	assert_int_equal(shm_blocks(), 0);
	pkg_get_stats(&st);
	assert_int_equal(st.fragments, 0);
	shm_mem_destroy();
	return 0;
}

/* --- jobs --------------------------------------------------------------------------------- */

static int runs, last_sender;

static void job(int sender, void *param)
{
	runs++;
	last_sender = sender;
	++*(int *)param;
}

static void test_jobs(void **state)
{
	int n = 0;

	(void)state;
	assert_int_equal(counted_max_processes, 3);
	runs = 0;
	assert_int_equal(ipc_send_rpc(1, job, &n), 0);
	assert_int_equal(runs, 0);
	ipc_handle_job(IPC_FD_READ(1), NULL, 0);
	assert_int_equal(n, 1);
	assert_int_equal(last_sender, 0);
	assert_int_equal(ipc_dispatch_rpc(job, &n), 0);
	ipc_handle_job(ipc_shared_fd(), NULL, 0);
	assert_int_equal(n, 2);
	assert_int_equal(ipc_send_rpc(3, job, &n), -1);
	assert_int_equal(ipc_send_rpc(-1, job, &n), -1);
	pt[2].flags |= OSS_PROC_NO_IPC;
	assert_int_equal(ipc_send_rpc(2, job, &n), -1);
}

static void test_full_pipe(void **state)
{
	int n = 0, sent = 0;

	(void)state;
	while (sent < 1000000 && ipc_send_rpc(1, job, &n) == 0)
		sent++;
	assert_true(sent > 1000 && sent < 1000000);
	/* what was taken is run, in turns */
	for (int i = 0; i < sent; i++)
		ipc_handle_job(IPC_FD_READ(1), NULL, 0);
	assert_int_equal(n, sent);
	assert_int_equal(ipc_send_rpc(1, job, &n), 0);
}

/* --- contexts ----------------------------------------------------------------------------- */

static void test_contexts(void **state)
{
	context_p outer, inner;

	(void)state;
	assert_int_equal(pop_pushed_global_context(), -1);
	assert_int_equal(push_new_global_context(), 0);
	outer = current_processing_ctx;
	assert_non_null(outer);
	assert_int_equal(push_new_global_context(), 0);
	inner = current_processing_ctx;
	assert_ptr_not_equal(inner, outer);
	assert_int_equal(pop_pushed_global_context(), 0);
	assert_ptr_equal(current_processing_ctx, outer);
	pkg_fail_after(0);
	assert_int_equal(push_new_global_context(), -1);
	pkg_fail_after(-1);
	assert_ptr_equal(current_processing_ctx, outer);
	assert_int_equal(pop_pushed_global_context(), 0);
	assert_null(current_processing_ctx);
}

/* --- connections -------------------------------------------------------------------------- */

static struct socket_info sock = {.proto = PROTO_TCP, .port_no = 5060};

static void address(union sockaddr_union *su, unsigned int host, unsigned short port)
{
	memset(su, 0, sizeof(*su));
	su->sin.sin_family = AF_INET;
	su->sin.sin_addr.s_addr = htonl(0x0a000000 + host);
	su->sin.sin_port = htons(port);
}

static void test_connections(void **state)
{
	union sockaddr_union su, other;
	struct tcp_connection *a, *b;

	(void)state;
	address(&su, 1, 40000);
	address(&other, 1, 40001);
	a = tcp_conn_new(&su, &sock);
	b = tcp_conn_new(&other, &sock);
	assert_int_not_equal(a->id, b->id);
	assert_int_equal(a->rcv.proto_reserved1, a->id);
	assert_int_equal(a->refcnt, 2);
	assert_ptr_equal(tcp_conn_get(a->id, NULL, PROTO_TCP), a);
	assert_ptr_equal(tcp_conn_get(0, &other, PROTO_TCP), b);
	assert_ptr_equal(tcp_conn_get(12345, &other, PROTO_TCP), b); /* that id is gone */
	assert_null(tcp_conn_get(0, &other, PROTO_TLS));
	assert_null(tcp_conn_get(12345, NULL, PROTO_TCP));
	a->state = S_CONN_BAD; /* nobody writes to it any more, but its owner finds it */
	assert_null(tcp_conn_get(a->id, &su, PROTO_TCP));
	assert_ptr_equal(tcp_conn_get_any(a->id), a);
	tcp_conn_remove(a);
	assert_null(tcp_conn_get_any(a->id));
	assert_int_equal(a->refcnt, 3);
	tcp_conn_remove(a); /* a second time changes nothing */
	for (int i = 0; i < 3; i++)
		tcp_conn_put(a);
	for (int i = 0; i < 3; i++)
		tcp_conn_put(b);
	tcp_conn_remove(b);
}

static void test_connection_limits(void **state)
{
	union sockaddr_union su;
	struct tcp_connection *c[3];
	int limit = tcp_max_connections;

	(void)state;
	tcp_max_connections = 2;
	for (int i = 0; i < 3; i++) {
		address(&su, 2, (unsigned short)(100 + i));
		c[i] = tcp_conn_new(&su, &sock);
	}
	assert_non_null(c[1]);
	assert_null(c[2]);
	tcp_conn_remove(c[0]);
	tcp_conn_put(c[0]);
	shm_fail_after(0);
	assert_null(tcp_conn_new(&su, &sock));
	shm_fail_after(-1);
	c[2] = tcp_conn_new(&su, &sock);
	assert_non_null(c[2]);
	tcp_max_connections = limit;
	tcp_conn_put(c[1]);
	tcp_conn_put(c[2]); /* the table's references end with the table */
}

static void test_notes(void **state)
{
	int pair[2], data[2], fd;
	struct tcp_note note;
	char c = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(pipe(data), 0);
	assert_int_equal(tcp_note_recv(pair[1], &note, &fd, 0), 0);
	assert_int_equal(tcp_note_send(pair[0], TCP_ASK, 7, -1, 0), 0);
	assert_int_equal(tcp_note_send(pair[0], TCP_NEW, 8, data[0], 0), 0);
	assert_int_equal(tcp_note_recv(pair[1], &note, &fd, 100), 1);
	assert_int_equal(note.op, TCP_ASK);
	assert_int_equal(note.id, 7);
	assert_int_equal(fd, -1);
	assert_int_equal(tcp_note_recv(pair[1], &note, &fd, 0), 1);
	assert_int_equal(note.op, TCP_NEW);
	assert_true(fd >= 0 && fd != data[0]);
	assert_int_equal(write(data[1], "x", 1), 1);
	assert_int_equal(read(fd, &c, 1), 1); /* the same pipe */
	assert_int_equal(c, 'x');
	close(pair[0]);
	assert_int_equal(tcp_note_recv(pair[1], &note, &fd, 0), -1);
	assert_int_equal(tcp_note_send(pair[1], TCP_ASK, 1, -1, 0), -1);
	close(pair[1]);
	close(fd);
	close(data[0]);
	close(data[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_jobs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contexts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connection_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
