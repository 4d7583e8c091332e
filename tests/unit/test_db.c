/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The db API with driver db_sqlite on a file: URLs, values there and back, conditions, rows
 * in pieces, table versions, a locked database, memory that runs out at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/db.h"
#include "db/db_ut.h"
#include "mem/mem.h"
#include "modules/db_sqlite/db_sqlite.h"
#include "sr_module.h"

#define S(text)  (&str_init(text))
#define SVAL(t)  ((db_val_t){.type = DB_STR, .val.str_val = str_init(t)})
#define IVAL(n)  ((db_val_t){.type = DB_INT, .val.int_val = (n)})
#define NULL_VAL ((db_val_t){.type = DB_STRING, .nul = 1})

static char path[] = "/tmp/test_db.XXXXXX";
static str url, table = str_init("t");
static db_func_t dbf;
static db_con_t *h;
static unsigned long pkg_before;

/* --- world ------------------------------------------------------------------------------- */

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_sqlite_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};
static const struct module_exports driver = {
	.name = "db_sqlite", .type = MOD_TYPE_SQLDB, .cmds = cmds};

static unsigned long pkg_used(void)
{
	struct mem_stats st;

	pkg_get_stats(&st);
	return st.used;
}

static void sql(const char *text)
{
	str s = {(char *)text, (int)strlen(text)};

	assert_int_equal(dbf.raw_query(h, &s, NULL), 0);
}

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

static int before(void **state)
{
	(void)state;
	pkg_before = pkg_used();
	if (truncate(path, 0) < 0)
		return -1;
	if (db_bind_mod(&url, &dbf) < 0 || !(h = dbf.init(&url)))
		return -1;
	sql("create table t (id INTEGER PRIMARY KEY, name VARCHAR(20), note TEXT, data BLOB, "
	    "n INTEGER, x FLOAT, at DATETIME)");
	return dbf.use_table(h, &table);
}

static int after(void **state)
{
	(void)state;
	dbf.close(h);
	assert_int_equal(pkg_used(), pkg_before);
	return 0;
}

static void insert(int id, const char *name)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(id), {.type = DB_STRING, .val.string_val = name}};

	assert_int_equal(dbf.insert(h, k, v, 2), 0);
}

/* "id id ..." of the rows for which a query was made. */
static const char *ids(db_res_t *r)
{
	static char buf[256];
	int n = 0;

	buf[0] = 0;
	for (int i = 0; i < RES_ROW_N(r); i++)
		n += snprintf(buf + n, sizeof(buf) - n, "%s%d", i ? " " : "",
			VAL_INT(ROW_VALUES(&RES_ROWS(r)[i])));
	return buf;
}

static const char *find(const db_key_t *k, const db_op_t *op, const db_val_t *v, int n)
{
	db_key_t id = S("id");
	const char *found;
	db_res_t *r;

	assert_int_equal(dbf.query(h, k, op, v, &id, n, 1, id, &r), 0);
	found = ids(r);
	dbf.free_result(h, r);
	return found;
}

/* --- URLs and drivers -------------------------------------------------------------------- */

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

/* --- values ------------------------------------------------------------------------------ */

static void test_values(void **state)
{
	db_key_t k[] = {S("id"), S("name"), S("note"), S("data"), S("n"), S("x"), S("at")};
	db_val_t v[] = {IVAL(-7), SVAL("it's \\ \"x\" %s"),
		SVAL(""),
		{.type = DB_BLOB, .val.blob_val = str_init("a\0'b")},
		{.type = DB_BIGINT, .val.bigint_val = 4465107924305323703},
		{.type = DB_DOUBLE, .val.double_val = 0.7},
		{.type = DB_DATETIME, .val.time_val = 1795237303}};
	db_val_t *got;
	db_res_t *r;

	(void)state;
	assert_int_equal(dbf.insert(h, k, v, 7), 0);
	assert_int_equal(dbf.query(h, NULL, NULL, NULL, k, 0, 7, NULL, &r), 0);
	assert_int_equal(RES_ROW_N(r), 1);
	assert_int_equal(RES_COL_N(r), 7);
	assert_string_equal(RES_NAMES(r)[6]->s, "at");
	got = ROW_VALUES(RES_ROWS(r));
	assert_int_equal(VAL_TYPE(&got[0]), DB_INT);
	assert_int_equal(VAL_INT(&got[0]), -7);
	assert_int_equal(VAL_TYPE(&got[1]), DB_STRING);
	assert_string_equal(VAL_STRING(&got[1]), "it's \\ \"x\" %s");
	assert_string_equal(VAL_STRING(&got[2]), "");
	assert_int_equal(VAL_TYPE(&got[3]), DB_BLOB);
	assert_int_equal(VAL_BLOB(&got[3]).len, 4);
	assert_memory_equal(VAL_BLOB(&got[3]).s, "a\0'b", 4);
	assert_int_equal(VAL_TYPE(&got[4]), DB_BIGINT); /* too large for its INTEGER */
	assert_int_equal(VAL_BIGINT(&got[4]), 4465107924305323703);
	assert_true(VAL_DOUBLE(&got[5]) == 0.7);
	assert_int_equal(VAL_TIME(&got[6]), 1795237303);
	dbf.free_result(h, r);
}

static void test_null(void **state)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(1), NULL_VAL};
	db_res_t *r;

	(void)state;
	assert_int_equal(dbf.insert(h, k, v, 2), 0);
	insert(2, "two");
	assert_int_equal(dbf.query(h, k, NULL, v, k + 1, 1, 1, NULL, &r), 0);
	assert_int_equal(VAL_NULL(ROW_VALUES(RES_ROWS(r))), 1);
	dbf.free_result(h, r);
	assert_string_equal(find(k + 1, NULL, v + 1, 1), "1");
	assert_string_equal(find(k + 1, (db_op_t[]){OP_NEQ}, v + 1, 1), "2");
}

static void test_wrong_type(void **state)
{
	db_res_t *r;

	(void)state;
	sql("insert into t (id, n) values (1, 'many')");
	assert_int_equal(dbf.query(h, NULL, NULL, NULL, NULL, 0, 0, NULL, &r), -1);
	assert_null(r);
}

/* --- queries ----------------------------------------------------------------------------- */

static void test_where(void **state)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(2), SVAL("c")};

	(void)state;
	insert(3, "c");
	insert(1, "a");
	insert(2, "b");
	assert_string_equal(find(NULL, NULL, NULL, 0), "1 2 3");
	assert_string_equal(find(k, NULL, v, 1), "2");
	assert_string_equal(find(k, NULL, v, 2), "");
	assert_string_equal(find(k, (db_op_t[]){OP_GEQ}, v, 1), "2 3");
	CON_USE_OR_OP(h);
	assert_string_equal(find(k, NULL, v, 2), "2 3");
	assert_string_equal(find(k, NULL, v, 2), "");
}

static void test_change(void **state)
{
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(1), SVAL("one")};
	db_val_t all[] = {IVAL(0)};

	(void)state;
	insert(1, "a");
	insert(2, "b");
	assert_int_equal(dbf.insert(h, k, v, 2), -1); /* that id is there */
	assert_int_equal(dbf.update(h, k, NULL, v, k + 1, v + 1, 1, 1), 0);
	assert_string_equal(find(k, NULL, v, 2), "1");
	v[1] = SVAL("uno");
	assert_int_equal(dbf.insert_update(h, k, v, 2), 0);
	assert_string_equal(find(k, NULL, v, 2), "1");
	v[1] = SVAL("eins");
	assert_int_equal(dbf.replace(h, k, v, 2), 0);
	assert_string_equal(find(k, NULL, v, 2), "1");
	assert_int_equal(dbf.delete (h, k, NULL, v, 2), 0);
	assert_string_equal(find(NULL, NULL, NULL, 0), "2");
	assert_int_equal(dbf.delete (h, k, (db_op_t[]){OP_GT}, all, 1), 0);
	assert_string_equal(find(NULL, NULL, NULL, 0), "");
	insert(9, "z");
	assert_int_equal(dbf.last_inserted_id(h), 9);
}

static void test_fetch(void **state)
{
	db_key_t id = S("id");
	db_res_t *r = NULL;

	(void)state;
	for (int i = 1; i <= 5; i++)
		insert(i, "x");
	assert_int_equal(dbf.query(h, NULL, NULL, NULL, &id, 0, 1, id, NULL), 0);
	assert_int_equal(dbf.fetch_result(h, &r, 2), 0);
	assert_string_equal(ids(r), "1 2");
	assert_int_equal(dbf.fetch_result(h, &r, 2), 0);
	assert_string_equal(ids(r), "3 4");
	assert_int_equal(dbf.fetch_result(h, &r, 2), 0);
	assert_string_equal(ids(r), "5");
	assert_int_equal(dbf.fetch_result(h, &r, 2), 0);
	assert_int_equal(RES_ROW_N(r), 0);
	dbf.free_result(h, r);
	r = NULL;
	/* and given up half way */
	assert_int_equal(dbf.query(h, NULL, NULL, NULL, &id, 0, 1, id, NULL), 0);
	assert_int_equal(dbf.fetch_result(h, &r, 1), 0);
	assert_int_equal(dbf.fetch_result(h, &r, 0), 0);
	assert_null(r);
	insert(6, "x");
}

static void test_too_long(void **state)
{
	static char text[SQL_BUF_LEN];
	db_key_t k[] = {S("id"), S("name")};
	db_val_t v[] = {IVAL(1), {.type = DB_STR, .val.str_val = {text, sizeof(text) - 60}}};

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(dbf.insert(h, k, v, 2), -1);
	v[1].val.str_val.len = sizeof(text) / 2 - 60;
	assert_int_equal(dbf.insert(h, k, v, 2), 0);
	memset(text, '\'', sizeof(text));
	v[1].val.str_val.len += 50; /* doubled, too much by a little */
	assert_int_equal(dbf.replace(h, k, v, 2), -1);
}

/* --- versions, locks, memory ------------------------------------------------------------- */

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(db_check_table_version(&dbf, h, S("t"), 1), -1); /* no version table */
	sql("create table version (table_name VARCHAR(32), table_version INTEGER)");
	assert_int_equal(db_table_version(&dbf, h, S("t")), 0);
	assert_int_equal(db_check_table_version(&dbf, h, S("t"), 1), -1);
	sql("insert into version values ('t', 7)");
	assert_int_equal(db_table_version(&dbf, h, S("t")), 7);
	assert_int_equal(db_check_table_version(&dbf, h, S("t"), 8), -1);
	assert_int_equal(db_check_table_version(&dbf, h, S("t"), 7), 0);
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
		cmocka_unit_test_setup_teardown(test_bind, before, after),
		cmocka_unit_test_setup_teardown(test_values, before, after),
		cmocka_unit_test_setup_teardown(test_null, before, after),
		cmocka_unit_test_setup_teardown(test_wrong_type, before, after),
		cmocka_unit_test_setup_teardown(test_where, before, after),
		cmocka_unit_test_setup_teardown(test_change, before, after),
		cmocka_unit_test_setup_teardown(test_fetch, before, after),
		cmocka_unit_test_setup_teardown(test_too_long, before, after),
		cmocka_unit_test_setup_teardown(test_version, before, after),
		cmocka_unit_test_setup_teardown(test_locked, before, after),
		cmocka_unit_test_setup_teardown(test_no_memory, before, after),
	};

	return cmocka_run_group_tests(tests, world, end);
}
