/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The db API with driver db_mysql and a MariaDB server of its own (tests/lib/mariadb.py):
 * db_cases.h, and a server that ends and comes back.
 */
#include "db_cases.h"

#include <stdlib.h>
#include <unistd.h>

#include "modules/db_mysql/db_mysql.h"

static char dir[] = "/tmp/test_db.XXXXXX";
static FILE *to_server, *from_server;

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_mysql_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};
static const struct module_exports driver = {
	.name = "db_mysql", .type = MOD_TYPE_SQLDB, .cmds = cmds};

/* Tells the server's keeper; it answers with a line. */
static int tell_server(const char *what)
{
	char answer[128];

	fprintf(to_server, "%s\n", what);
	fflush(to_server);
	return fgets(answer, sizeof(answer), from_server) ? 0 : -1;
}

static int start_server(void)
{
	int in[2], out[2];

	if (!mkdtemp(dir) || pipe(in) < 0 || pipe(out) < 0)
		return -1;
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execlp("python3", "python3", "tests/lib/mariadb.py", dir, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_server = fdopen(in[1], "w");
	from_server = fdopen(out[0], "r");
	return to_server && from_server ? 0 : -1;
}

static int world(void **state)
{
	static char text[256];
	char path[128];

	(void)state;
	if (init_shm_mallocs() < 0 || register_module(&driver, "-", NULL) < 0)
		return -1;
	if (start_server() < 0 || !fgets(path, sizeof(path), from_server))
		return -1;
	path[strcspn(path, "\n")] = 0;
	url.s = text;
	url.len = snprintf(text, sizeof(text), "mysql://root:secret@unix(%s)/mysql", path);
	if (db_bind_mod(&url, &dbf) < 0 || !(h = dbf.init(&url)))
		return -1;
	sql("create database test");
	dbf.close(h);
	url.len = snprintf(text, sizeof(text), "mysql://root:secret@unix(%s)/test", path);
	return 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	fclose(to_server);
	while (fgetc(from_server) != EOF)
		; /* it ends */
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_restart(void **state)
{
	(void)state;
	insert(1, "a");
	assert_int_equal(tell_server("restart"), 0);
	insert(2, "b"); /* the broken connection is made anew by this */
	assert_string_equal(find(NULL, NULL, NULL, 0), "1 2");
}

/* As in OpenSIPS, without retries a connection that was lost is never made anew. */
static void test_no_retries(void **state)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(1), SVAL("a")};

	(void)state;
	max_db_retries = 0;
	assert_int_equal(tell_server("restart"), 0);
	assert_int_equal(dbf.insert(h, k, v, 1), -1);
	assert_int_equal(dbf.insert(h, k, v, 2), -1);
	max_db_retries = 1;
	assert_int_equal(dbf.insert(h, k, v, 2), 0);
	max_db_retries = 3;
}

static void test_away(void **state)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(1), SVAL("a")};

	(void)state;
	assert_int_equal(tell_server("stop"), 0);
	assert_int_equal(dbf.insert(h, k, v, 2), -1);
	assert_int_equal(dbf.insert(h, k, v, 2), -1); /* a text cannot be quoted now */
	assert_int_equal(dbf.insert(h, k, v, 1), -1);
	assert_null(dbf.init(&url));
	assert_int_equal(tell_server("restart"), 0);
	assert_int_equal(dbf.insert(h, k, v, 2), 0);
	assert_string_equal(find(NULL, NULL, NULL, 0), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRIVER_CASES,
		CASE(test_restart),
		CASE(test_no_retries),
		CASE(test_away),
	};

	return cmocka_run_group_tests(tests, world, end);
}
