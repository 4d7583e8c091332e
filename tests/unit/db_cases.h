/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every driver of the db API must do: values there and back, conditions, rows in pieces,
 * changes, table versions. Included by the test of each driver, which sets `url` and makes
 * `driver` known in its world().
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
#include "sr_module.h"

#define S(text)  (&str_init(text))
#define SVAL(t)  ((db_val_t){.type = DB_STR, .val.str_val = str_init(t)})
#define IVAL(n)  ((db_val_t){.type = DB_INT, .val.int_val = (n)})
#define NULL_VAL ((db_val_t){.type = DB_STRING, .nul = 1})

static str url, table = str_init("t");
static db_func_t dbf;
static db_con_t *h;
static unsigned long pkg_before;

/* --- world ------------------------------------------------------------------------------- */

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

static int before(void **state)
{
	(void)state;
	pkg_before = pkg_used();
	if (db_bind_mod(&url, &dbf) < 0 || !(h = dbf.init(&url)))
		return -1;
	sql("drop table if exists t");
	sql("drop table if exists version");
	sql("create table t (id INTEGER PRIMARY KEY, name VARCHAR(20), note TEXT, data BLOB, "
	    "n BIGINT, x DOUBLE, at DATETIME)");
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

/* --- cases ------------------------------------------------------------------------------- */

static void test_values(void **state)
{
	db_key_t k[] = {S("id"), S("name"), S("note"), S("data"), S("n"), S("x"), S("at")};
	db_val_t v[] = {IVAL(-7), SVAL("it's \\ \"x\" %s"), SVAL(""),
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
	assert_int_equal(VAL_NULL(&got[2]), 0);
	assert_string_equal(
		VAL_TYPE(&got[2]) == DB_BLOB ? VAL_BLOB(&got[2]).s : VAL_STRING(&got[2]),
		""); /* zero terminated, whatever its type is */
	assert_int_equal(VAL_TYPE(&got[3]), DB_BLOB);
	assert_int_equal(VAL_BLOB(&got[3]).len, 4);
	assert_memory_equal(VAL_BLOB(&got[3]).s, "a\0'b", 4);
	assert_int_equal(VAL_TYPE(&got[4]), DB_BIGINT);
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
	assert_int_equal(dbf.delete(h, k, NULL, v, 2), 0);
	assert_string_equal(find(NULL, NULL, NULL, 0), "2");
	assert_int_equal(dbf.delete(h, k, (db_op_t[]){OP_GT}, all, 1), 0);
	assert_string_equal(find(NULL, NULL, NULL, 0), "");
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
	db_key_t k[] = {S("id"), S("note")};
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, before, after)
#define DRIVER_CASES                                                                               \
	CASE(test_values), CASE(test_null), CASE(test_where), CASE(test_change), CASE(test_fetch), \
		CASE(test_too_long), CASE(test_version)
