/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows that are there although usrloc takes their contacts for new: whose they are, when they are
 * looked for, and how many at a time. The real rows.c and sql.c, usrloc of the stand-in, SQLite.
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

#include "sqlite_file.h"
#include "mem/shm_mem.h"
#include "params.h"
#include "rows.h"
#include "sql.h"
#include "stats.h"
#include "modules/usrloc/ul_db.h"
#include "modules/usrloc/ul_flush.h"
#include "modules/usrloc/ul_mod.h"
#include "modules/usrloc/usrloc.h"

#define S(text) (&str_init(text))
#define WAIT_MS 120000 /* two flushes, as no module says otherwise */

stat_var *glue_stat[GLUE_STATS_MAX];

static char path[] = "/tmp/test_rows.XXXXXX";
static char url[64];
static usrloc_api_t ul;
static udomain_t *dom;
static struct rr_now now;

static int world(void **state)
{
	(void)state;
	if (init_shm_mallocs() < 0 || register_module(&driver, "-", NULL) < 0)
		return -1;
	close(mkstemp(path));
	snprintf(url, sizeof(url), "sqlite:/%s", path);
	init_str(&ul_db_url, url);
	repl_cfg.db_url = url;
	db_sqlite_busy_timeout = 0;
	if (sqlite3_open(path, &other) != SQLITE_OK)
		return -1;
	run_script("scripts/sql/sqlite/version.sql");
	run_script("scripts/sql/sqlite/location.sql");
	ul_hash_size = 4;
	sql_wmode = SQL_WRITE_BACK;
	return ul_db_bind() < 0 || bind_usrloc(&ul) < 0 || sql_init() < 0;
}

static int end(void **state)
{
	(void)state;
	sqlite3_close(other);
	unlink(path);
	return 0;
}

static int before(void **state)
{
	(void)state;
	sql("delete from location");
	if (ul_init_locks() < 0 || ul_flush_init() < 0 ||
		ul.register_udomain("location", &dom) < 0 || ul_db_open() < 0)
		return -1;
	repl_cfg.n_domains = 1;
	repl_cfg.domains[0].domain = dom;
	init_str(&repl_cfg.domains[0].name, "location");
	rows_init(&ul);
	return 0;
}

static int after(void **state)
{
	(void)state;
	sql_close();
	ul_db_close();
	free_all_udomains();
	ul_destroy_locks();
	ul_flush_destroy();
	return 0;
}

static void save(str *aor, const char *contact)
{
	str uri, callid = str_init("call-1");
	ucontact_info_t ci = {
		.callid = &callid, .cseq = 1, .expires = 2000000000, .q = Q_UNSPECIFIED};
	ucontact_t *c;
	urecord_t *r;

	init_str(&uri, contact);
	ul.lock_udomain(dom, aor);
	if (ul.get_urecord(dom, aor, &r) != 0)
		assert_int_equal(ul.insert_urecord(dom, aor, &r, 0, NULL, NULL), 0);
	assert_int_equal(ul.insert_ucontact(r, &uri, &ci, NULL, 0, &c), 0);
	ul.unlock_udomain(dom, aor);
}

static ucontact_t *peek(str *aor)
{
	urecord_t *r;

	return ul.get_urecord(dom, aor, &r) == 0 ? r->contacts : NULL;
}

/* Its row is there, and usrloc does not know it. */
static void forget(str *aor)
{
	peek(aor)->state = CS_NEW;
}

/* What the process that stores does each time; ms later. */
static int pass(unsigned int ms)
{
	map_iterator_t it;

	now.mono_ms += ms;
	rows_walk_begins(now);
	for (int i = 0; i < dom->size; i++)
		for (map_first(dom->table[i].records, &it); iterator_is_valid(&it);
			iterator_next(&it))
			for (ucontact_t *c = ((urecord_t *)*iterator_val(&it))->contacts; c;
				c = c->next)
				if (c->state == CS_NEW)
					rows_note(0, i, c);
	rows_walk_ends();
	return rows_ask(now);
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_found(void **state)
{
	(void)state;
	save(S("alice"), "sip:a@192.0.2.1");
	save(S("bob"), "sip:b@192.0.2.1");
	ul_flush_all();
	save(S("carol"), "sip:c@192.0.2.1"); /* has none, and will be inserted */
	forget(S("alice"));
	assert_int_equal(pass(0), 0);
	assert_int_equal(pass(WAIT_MS - 1), 0);
	assert_int_equal(peek(S("alice"))->state, CS_NEW); /* it may just not have been flushed */
	assert_int_equal(pass(1), 0);
	assert_int_equal(peek(S("alice"))->state, CS_DIRTY);
	assert_int_equal(peek(S("bob"))->state, CS_SYNC);
	assert_int_equal(peek(S("carol"))->state, CS_NEW);
	ul_flush_all();
	assert_int_equal(peek(S("alice"))->state, CS_SYNC);
}

/* After one was found the next are not waited for, until none is found. */
static void test_many(void **state)
{
	char name[300][16];
	int left = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		str aor = {name[i], snprintf(name[i], sizeof(name[i]), "user%d", i)};

		save(&aor, "sip:a@192.0.2.1");
	}
	ul_flush_all();
	for (int i = 0; i < 300; i++)
		forget(&(str){name[i], strlen(name[i])});
	assert_int_equal(pass(0), 0);
	for (int n = 0; n < 6; n++)
		assert_int_equal(pass(n == 0 ? WAIT_MS : 1), 0);
	for (int i = 0; i < 300; i++)
		left += peek(&(str){name[i], strlen(name[i])})->state == CS_NEW;
	assert_int_equal(left, 0);
}

/* A row of somebody else with that id is told of, and left alone. */
static void test_foreign(void **state)
{
	(void)state;
	save(S("alice"), "sip:a@192.0.2.1");
	ul_flush_all();
	forget(S("alice"));
	sql("update location set username = 'bob'");
	pass(0);
	assert_int_equal(pass(WAIT_MS), 0);
	assert_int_equal(peek(S("alice"))->state, CS_NEW);
	sql("update location set username = 'alice', contact = 'sip:b@192.0.2.1'");
	pass(0);
	assert_int_equal(pass(WAIT_MS), 0);
	assert_int_equal(peek(S("alice"))->state, CS_NEW);
}

static void test_use_domain(void **state)
{
	(void)state;
	use_domain = ul.use_domain = 1;
	save(S("alice@example.test"), "sip:a@192.0.2.1");
	save(S("bob@example.test"), "sip:b@192.0.2.1");
	ul_flush_all();
	forget(S("alice@example.test"));
	forget(S("bob@example.test"));
	sql("update location set domain = 'example.tess' where username = 'bob'");
	pass(0);
	assert_int_equal(pass(WAIT_MS), 0);
	assert_int_equal(peek(S("alice@example.test"))->state, CS_DIRTY);
	assert_int_equal(peek(S("bob@example.test"))->state, CS_NEW);
	use_domain = ul.use_domain = 0;
}

/* What has gone meanwhile, or has been written, is not touched; a database that is away is asked
 * again. */
static void test_meanwhile(void **state)
{
	urecord_t *r;

	(void)state;
	save(S("alice"), "sip:a@192.0.2.1");
	save(S("bob"), "sip:b@192.0.2.1");
	save(S("carol"), "sip:c@192.0.2.1");
	ul_flush_all();
	forget(S("alice"));
	forget(S("bob"));
	forget(S("carol"));
	pass(0);
	assert_int_equal(ul.get_urecord(dom, S("alice"), &r), 0);
	ul.delete_ucontact(r, r->contacts, NULL, 0);
	ul.release_urecord(r, 0);
	peek(S("bob"))->state = CS_SYNC;
	sql("alter table location rename to away");
	assert_int_equal(pass(WAIT_MS), -1);
	sql("alter table away rename to location");
	assert_int_equal(pass(0), 0);
	assert_null(peek(S("alice")));
	assert_int_equal(peek(S("bob"))->state, CS_SYNC);
	assert_int_equal(peek(S("carol"))->state, CS_DIRTY);
}

#define T(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_found),
		T(test_many),
		T(test_foreign),
		T(test_use_domain),
		T(test_meanwhile),
	};

	return cmocka_run_group_tests(tests, world, end);
}
