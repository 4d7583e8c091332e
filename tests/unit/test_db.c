/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The db API with driver db_sqlite on a file: db_cases.h, and URLs, types that SQLite does not
 * check, a locked database, memory that runs out at every place.
 */
#include "db_cases.h"

#include <stdlib.h>
#include <unistd.h>

#include "modules/db_sqlite/db_sqlite.h"

static char path[] = "/tmp/test_db.XXXXXX";

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_sqlite_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};
static const struct module_exports driver = {
	.name = "db_sqlite", .type = MOD_TYPE_SQLDB, .cmds = cmds};

static int world(void **state)
{
	static char text[128];

	(void)state;
	if (init_shm_mallocs() < 0 || register_module(&driver, "-", NULL) < 0)
		return -1;
	close(mkstemp(path));
	url.len = snprintf(text, sizeof(text), "sqlite:/%s", path);
	url.s = text;
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void test_url(void **state)
{
	struct db_id *id = new_db_id(S("mysql://me:p@s/s@db.test:3307/sip?a=b"));

	(void)state;
	assert_string_equal(id->scheme, "mysql");
	assert_string_equal(id->username, "me");
	assert_string_equal(id->password, "p@s/s");
	assert_string_equal(id->host, "db.test");
	assert_int_equal(id->port, 3307);
	assert_string_equal(id->database, "sip");
	assert_string_equal(id->parameters, "a=b");
	free_db_id(id);

	id = new_db_id(S("mysql://me@unix(/run/m.sock)/sip"));
	assert_string_equal(id->unix_socket, "/run/m.sock");
	assert_string_equal(id->host, "localhost");
	assert_string_equal(id->database, "sip");
	assert_null(id->password);
	free_db_id(id);

	assert_null(new_db_id(S("mysql")));
	assert_null(new_db_id(S("mysql://h:port/d")));
	assert_null(new_db_id(S("mysql://unix(/run/x")));
	assert_string_equal(db_url_text(S("mysql://me:p@s@h/d")), "mysql://me:xxxx@h/d");
	assert_string_equal(db_url_text(S("mysql://me@h:33/d")), "mysql://me@h:33/d");
	assert_string_equal(db_url_text(&url), url.s);
}

static void test_bind(void **state)
{
	db_func_t f;

	(void)state;
	assert_int_equal(db_bind_mod(S("oracle://h/d"), &f), -1);
	assert_null(f.init);
	assert_int_equal(db_bind_mod(S("db_sqlite"), &f), 0);
	assert_true(DB_CAPABILITY(f, DB_CAP_ALL));
	assert_false(DB_CAPABILITY(f, DB_CAP_ASYNC_RAW_QUERY));
	assert_null(f.init(S("sqlite:///no/such/file")));
	assert_null(f.init(S("mysql://h/d")));
}

static void test_wrong_type(void **state)
{
	db_res_t *r;

	(void)state;
	sql("insert into t (id, n) values (1, 'many')");
	assert_int_equal(dbf.query(h, NULL, NULL, NULL, NULL, 0, 0, NULL, &r), -1);
	assert_null(r);
}

/* A contact's id is in an INTEGER, and has 62 bits. */
static void test_large_integer(void **state)
{
	db_key_t k[] = {S("id")};
	db_val_t v[] = {{.type = DB_BIGINT, .val.bigint_val = 4465107924305323703}};
	db_res_t *r;

	(void)state;
	assert_int_equal(dbf.insert(h, k, v, 1), 0);
	assert_int_equal(dbf.query(h, k, NULL, v, k, 1, 1, NULL, &r), 0);
	assert_int_equal(RES_TYPES(r)[0], DB_INT);
	assert_int_equal(VAL_TYPE(ROW_VALUES(RES_ROWS(r))), DB_BIGINT);
	assert_int_equal(VAL_BIGINT(ROW_VALUES(RES_ROWS(r))), 4465107924305323703);
	dbf.free_result(h, r);
	insert(9, "z");
	assert_int_equal(dbf.last_inserted_id(h), 9);
}

/* Somebody else holds the file: an error after busy_timeout, and no harm done. */
static void test_locked(void **state)
{
	db_key_t k = S("id");
	db_val_t v = IVAL(1);
	db_con_t *mine = h, *other = dbf.init(&url);

	(void)state;
	assert_non_null(other);
	h = other;
	sql("begin exclusive");
	h = mine;
	assert_int_equal(dbf.insert(h, &k, &v, 1), -1);
	h = other;
	sql("rollback");
	h = mine;
	assert_int_equal(dbf.insert(h, &k, &v, 1), 0);
	dbf.close(other);
}

static void test_no_memory(void **state)
{
	db_key_t id = S("id");
	db_res_t *r;
	int rc = -1;

	(void)state;
	for (int i = 0; i < 70; i++)
		insert(i, "x");
	for (int n = 0; rc < 0; n++) {
		pkg_fail_after(n);
		rc = dbf.query(h, NULL, NULL, NULL, NULL, 0, 0, id, &r);
		pkg_fail_after(-1);
		assert_true(rc == 0 || !r);
	}
	assert_int_equal(RES_ROW_N(r), 70);
	dbf.free_result(h, r);
	pkg_fail_after(0);
	assert_null(dbf.init(&url));
	assert_null(new_db_id(&url));
	pkg_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		DRIVER_CASES,
		CASE(test_bind),
		CASE(test_wrong_type),
		CASE(test_large_integer),
		CASE(test_locked),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, world, end);
}
