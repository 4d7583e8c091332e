/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc's contacts in SQL, on SQLite: what is written when, what a database that is locked
 * changes, what a row becomes again, and memory that runs out on the way. Each test ends with
 * the check that nothing is left in shared or private memory.
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
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/usrloc/kv_store.h"
#include "modules/usrloc/ul_db.h"
#include "modules/usrloc/ul_flush.h"
#include "modules/usrloc/ul_mod.h"
#include "modules/usrloc/usrloc.h"
#include "modules/usrloc/utime.h"

#define S(text) (&str_init(text))

static char path[] = "/tmp/test_usrloc_sql.XXXXXX";
static char url[64];
static usrloc_api_t ul;
static udomain_t *dom;
static time_t now;
static int callbacks;
static unsigned long shm_before, pkg_before;

/* --- world ------------------------------------------------------------------------------- */

static unsigned long pkg_used(void)
{
	struct mem_stats st;

	pkg_get_stats(&st);
	return st.used;
}

static time_t clock_by_hand(time_t *t)
{
	if (t)
		*t = now;
	return now;
}

/* Attaches a value to what is inserted, as a module does. */
static void on_change(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	int_str_t v = {.is_str = 1, .s = str_init("by \"callback\"")};

	(void)extra;
	callbacks++;
	if (type == UL_CONTACT_INSERT)
		ul.put_ucontact_key(binding, S("stamp"), &v);
}

static int world(void **state)
{
	(void)state;
	ul_clock = clock_by_hand;
	if (init_shm_mallocs() < 0 || register_module(&driver, "-", NULL) < 0)
		return -1;
	close(mkstemp(path));
	snprintf(url, sizeof(url), "sqlite:/%s", path);
	init_str(&ul_db_url, url);
	db_sqlite_busy_timeout = 0;
	if (sqlite3_open(path, &other) != SQLITE_OK)
		return -1;
	run_script("scripts/sql/sqlite/version.sql");
	run_script("scripts/sql/sqlite/location.sql");
	if (ul_db_bind() < 0 || bind_usrloc(&ul) < 0)
		return -1;
	return ul.register_ulcb(ULCB_MAX, on_change);
}

static int end(void **state)
{
	(void)state;
	sqlite3_close(other);
	unlink(path);
	return 0;
}

/* The domain of a server that has just started: nothing in memory, the rows are there. */
static int start(void)
{
	return ul_init_locks() < 0 || ul_flush_init() < 0 ||
	       ul.register_udomain("location", &dom) < 0 || ul_db_open() < 0;
}

static void stop(void)
{
	ul_db_close();
	free_all_udomains();
	ul_destroy_locks();
	ul_flush_destroy();
}

static int before(void **state)
{
	(void)state;
	now = 1000000;
	callbacks = 0;
	sql("delete from location");
	ul_hash_size = 4;
	sql_wmode = SQL_WRITE_THROUGH;
	shm_before = shm_blocks();
	pkg_before = pkg_used();
	return start();
}

static int before_write_back(void **state)
{
	int rc = before(state);

	sql_wmode = SQL_WRITE_BACK;
	return rc;
}

static int after(void **state)
{
	(void)state;
	stop();
	assert_int_equal(shm_blocks(), shm_before);
	assert_int_equal(pkg_used(), pkg_before);
	return 0;
}

/* "a|b;c|d": the rows of a query, by columns and in order. */
static const char *rows(const char *query)
{
	static char out[1024];
	sqlite3_stmt *stmt;
	int n = 0, cols;

	out[0] = 0;
	assert_int_equal(sqlite3_prepare_v2(other, query, -1, &stmt, NULL), SQLITE_OK);
	cols = sqlite3_column_count(stmt);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < cols; i++)
			n += snprintf(out + n, sizeof(out) - n, "%s%s",
				i   ? "|"
				: n ? ";"
				    : "",
				ZSW((const char *)sqlite3_column_text(stmt, i)));
	sqlite3_finalize(stmt);
	return out;
}

#define USERS "select username, cseq from location order by username, cseq"

/* What a phone does; the state that its contact is in then. */
static cstate_t save(str *aor, int cseq, time_t expires, ucontact_flags_t flags)
{
	str uri = str_init("sip:phone@192.0.2.1:5060"), callid = str_init("call-1");
	ucontact_info_t ci = {.callid = &callid,
		.cseq = cseq,
		.expires = expires,
		.q = Q_UNSPECIFIED,
		.flags = flags,
		.methods = 0xFFFFFFFF};
	ucontact_t *c = NULL;
	urecord_t *r;
	cstate_t state;

	ul.lock_udomain(dom, aor);
	if (ul.get_urecord(dom, aor, &r) != 0)
		assert_int_equal(ul.insert_urecord(dom, aor, &r, 0, NULL, NULL), 0);
	if (ul.get_ucontact(r, &uri, &callid, cseq, NULL, &c) == 0)
		assert_int_equal(ul.update_ucontact(r, c, &ci, NULL, 0), 0);
	else
		assert_int_equal(ul.insert_ucontact(r, &uri, &ci, NULL, 0, &c), 0);
	state = c->state;
	ul.release_urecord(r, 0);
	ul.unlock_udomain(dom, aor);
	return state;
}

/* The first contact, or NULL; the record is not given back, nor is the lock kept. */
static ucontact_t *peek(str *aor)
{
	urecord_t *r;

	return ul.get_urecord(dom, aor, &r) == 0 ? r->contacts : NULL;
}

static void remove_contact(str *aor)
{
	urecord_t *r;

	ul.lock_udomain(dom, aor);
	assert_int_equal(ul.get_urecord(dom, aor, &r), 0);
	assert_int_equal(ul.delete_ucontact(r, r->contacts, NULL, 0), 0);
	ul.release_urecord(r, 0);
	ul.unlock_udomain(dom, aor);
}

/* --- what is written when ---------------------------------------------------------------- */

static void test_write_through(void **state)
{
	(void)state;
	assert_int_equal(save(S("alice"), 1, now + 60, 0), CS_SYNC);
	assert_string_equal(rows(USERS), "alice|1");
	assert_string_equal(rows("select kv_store, q, methods, cflags, domain from location"),
		"{\"stamp\":\"by \\\"callback\\\"\"}|-1.0|||");
	assert_int_equal(save(S("alice"), 2, now + 90, 0), CS_SYNC);
	assert_string_equal(
		rows("select username, cseq, expires from location"), "alice|2|1000090");
	save(S("bob"), 1, now + 10, 0);
	remove_contact(S("alice"));
	assert_null(peek(S("alice")));
	assert_string_equal(rows(USERS), "bob|1");
	now += 11;
	ul_flush_all();
	assert_string_equal(rows(USERS), "");
	assert_null(peek(S("bob")));
}

static void test_write_back(void **state)
{
	(void)state;
	assert_int_equal(save(S("alice"), 1, now + 60, 0), CS_NEW);
	assert_int_equal(save(S("alice"), 2, now + 60, 0), CS_NEW);
	save(S("brief"), 1, now + 60, 0);
	remove_contact(S("brief"));
	assert_null(peek(S("brief"))); /* it has no row */
	assert_string_equal(rows(USERS), "");
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|2");
	assert_int_equal(peek(S("alice"))->state, CS_SYNC);
	assert_int_equal(save(S("alice"), 3, now + 60, 0), CS_DIRTY);
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|3");
	remove_contact(S("alice"));
	assert_true(FORCE_EXPIRED_CONTACT(peek(S("alice"))));
	callbacks = 0;
	ul.lock_udomain(dom, S("alice"));
	ul.delete_urecord(dom, S("alice"), NULL, 0); /* told already, and kept */
	ul.unlock_udomain(dom, S("alice"));
	assert_int_equal(callbacks, 0);
	assert_string_equal(rows(USERS), "alice|3");
	ul_flush_all();
	assert_string_equal(rows(USERS), "");
	assert_null(peek(S("alice")));
	assert_int_equal(callbacks, 1); /* the end of the AoR */
}

#define STRANGER                                                                                   \
	"insert into location (contact_id, username, contact, expires, q, callid, cseq, "          \
	"last_modified, flags, user_agent) values (9, '%s', 'sip:x@h', 9, 1, 'c', 7, 0, 0, '')"

/* A row that this server has not written. */
static void stranger(const char *user)
{
	char text[256];

	snprintf(text, sizeof(text), STRANGER, user);
	sql(text);
}

/* ul_sync: rows are deleted, and come with the next flush. */
static void anew(void)
{
	save(S("alice"), 1, now + 60, 0);
	save(S("bob"), 1, now + 60, 0);
	save(S("mem"), 1, now + 60, FL_MEM);
	ul_flush_all();
	stranger("alice");
	assert_int_equal(ul_write_anew(dom, S("nobody")), 1);
	assert_string_equal(rows(USERS), "alice|1;alice|7;bob|1");
	assert_int_equal(ul_write_anew(dom, S("alice")), 0);
	assert_string_equal(rows(USERS), "bob|1");
	assert_int_equal(peek(S("alice"))->state, CS_NEW);
	assert_int_equal(peek(S("bob"))->state, CS_SYNC);
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1;bob|1");
	stranger("carol");
	callbacks = 0;
	assert_int_equal(ul_write_anew(dom, NULL), 0);
	assert_string_equal(rows(USERS), "");
	assert_int_equal(peek(S("mem"))->state, CS_SYNC);
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1;bob|1");
	assert_int_equal(peek(S("bob"))->state, CS_SYNC);
	assert_int_equal(callbacks, 0);
}

static void test_anew_through(void **state)
{
	(void)state;
	anew();
	/* what changes before the flush is written at once, and what is removed has no row */
	ul_write_anew(dom, NULL);
	assert_int_equal(save(S("alice"), 2, now + 60, 0), CS_SYNC);
	remove_contact(S("bob"));
	assert_null(peek(S("bob")));
	assert_string_equal(rows(USERS), "alice|2");
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|2");
}

static void test_anew_back(void **state)
{
	(void)state;
	anew();
	/* a removed contact whose row was waited for */
	remove_contact(S("bob"));
	assert_true(FORCE_EXPIRED_CONTACT(peek(S("bob"))));
	assert_int_equal(ul_write_anew(dom, S("bob")), 0);
	assert_string_equal(rows(USERS), "alice|1");
	ul_flush_all();
	assert_null(peek(S("bob")));
	assert_string_equal(rows(USERS), "alice|1");
}

static void test_anew_locked(void **state)
{
	(void)state;
	save(S("alice"), 1, now + 60, 0);
	ul_flush_all();
	sql("begin exclusive");
	assert_int_equal(ul_write_anew(dom, NULL), -1);
	assert_int_equal(ul_write_anew(dom, S("alice")), -1);
	sql("commit");
	assert_int_equal(peek(S("alice"))->state, CS_SYNC);
	assert_string_equal(rows(USERS), "alice|1");
	save(S("bob"), 1, now + 60, 0); /* no lock was kept */
}

static void test_memory_only(void **state)
{
	(void)state;
	assert_int_equal(save(S("alice"), 1, now + 60, FL_MEM), CS_SYNC);
	ul_flush_all();
	assert_string_equal(rows(USERS), "");
	/* as in OpenSIPS: an update of a row that was never made */
	assert_int_equal(save(S("alice"), 2, now + 60, 0), CS_SYNC);
	assert_string_equal(rows(USERS), "");
	save(S("bob"), 1, now + 60, FL_MEM);
	remove_contact(S("bob"));
	assert_null(peek(S("bob")));
}

static void test_no_connection(void **state)
{
	(void)state;
	ul_db_close();
	assert_int_equal(save(S("alice"), 1, now + 60, 0), CS_NEW);
	ul_flush_all();
	assert_int_equal(peek(S("alice"))->state, CS_NEW);
	assert_int_equal(ul_db_open(), 0);
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1");
}

/* At the end rows are written, whoever held a lock, and nobody is told of anything. */
static void test_last(void **state)
{
	(void)state;
	save(S("alice"), 1, now + 60, 0);
	save(S("bob"), 1, now + 5, 0);
	ul_flush_all();
	save(S("alice"), 2, now + 60, 0);
	now += 6;
	lock_ulslot(dom, 0);
	callbacks = 0;
	ul_flush_last();
	assert_int_equal(callbacks, 0);
	assert_string_equal(rows(USERS), "alice|2");
	ul.register_ulcb(ULCB_MAX, on_change);
}

/* --- SQL away ---------------------------------------------------------------------------- */

static void test_locked_through(void **state)
{
	(void)state;
	save(S("old"), 1, now + 60, 0);
	save(S("gone"), 1, now + 60, 0);
	sql("begin exclusive");
	assert_int_equal(save(S("new"), 1, now + 60, 0), CS_NEW);
	assert_int_equal(save(S("old"), 2, now + 60, 0), CS_DIRTY);
	remove_contact(S("gone"));
	assert_null(peek(S("gone")));
	ul_flush_all();
	sql("commit");
	assert_int_equal(peek(S("new"))->state, CS_NEW);
	assert_string_equal(rows(USERS), "gone|1;old|1");
	ul_flush_all();
	/* as in OpenSIPS, nobody knows of that row any more */
	assert_string_equal(rows(USERS), "gone|1;new|1;old|2");
}

static void test_locked_back(void **state)
{
	(void)state;
	save(S("old"), 1, now + 60, 0);
	save(S("gone"), 1, now + 60, 0);
	save(S("expired"), 1, now + 5, 0);
	ul_flush_all();
	now += 6;
	save(S("new"), 1, now + 60, 0);
	save(S("old"), 2, now + 60, 0);
	remove_contact(S("gone"));
	sql("begin exclusive");
	callbacks = 0;
	ul_flush_all();
	ul_flush_all();
	assert_int_equal(callbacks, 3); /* an expiry, and the ends of two AoRs */
	assert_null(peek(S("gone")));
	assert_null(peek(S("expired")));
	sql("commit");
	assert_int_equal(peek(S("new"))->state, CS_NEW);
	assert_int_equal(peek(S("old"))->state, CS_DIRTY);
	assert_string_equal(rows(USERS), "expired|1;gone|1;old|1");
	ul_flush_all();
	/* as in OpenSIPS, nobody knows of two rows any more */
	assert_string_equal(rows(USERS), "expired|1;gone|1;new|1;old|2");
}

/* One row cannot be written: the others are, again and again. */
static void test_bad_row(void **state)
{
	(void)state;
	sql("create trigger no_bob before insert on location when new.username = 'bob' "
	    "begin select raise(abort, 'not bob'); end");
	save(S("alice"), 1, now + 60, 0);
	save(S("bob"), 1, now + 60, 0);
	save(S("carol"), 1, now + 60, 0);
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1;carol|1");
	assert_int_equal(peek(S("bob"))->state, CS_NEW);
	sql("drop trigger no_bob");
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1;bob|1;carol|1");
}

/* An INSERT was done, but its answer was lost. As in OpenSIPS it is repeated, and fails, until
 * somebody says that there is a row. */
static void test_lost_answer(void **state)
{
	(void)state;
	save(S("alice"), 1, now + 60, 0);
	ul_flush_all();
	peek(S("alice"))->state = CS_NEW;
	save(S("alice"), 2, now + 60, 0);
	ul_flush_all();
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|1");
	assert_int_equal(peek(S("alice"))->state, CS_NEW);
	peek(S("alice"))->state = CS_DIRTY;
	ul_flush_all();
	assert_string_equal(rows(USERS), "alice|2");
	assert_int_equal(peek(S("alice"))->state, CS_SYNC);
}

/* --- loading ----------------------------------------------------------------------------- */

static void restart(void)
{
	stop();
	assert_int_equal(start(), 0);
	callbacks = 0;
	assert_int_equal(ul_load(dom), 0);
}

static void test_load(void **state)
{
	int_str_t n = {.i = -3};
	ucontact_id id;
	ucontact_t *c;

	(void)state;
	save(S("alice"), 1, now + 60, 0);
	ul.put_ucontact_key(peek(S("alice")), S("number"), &n);
	save(S("alice"), 2, now + 60, 0);
	id = peek(S("alice"))->contact_id;
	save(S("old"), 1, now + 5, 0);
	save(S("forever"), 1, 0, 0);
	now += 6;
	restart();
	assert_int_equal(callbacks, 0);
	c = peek(S("alice"));
	assert_int_equal(c->state, CS_SYNC);
	assert_int_equal(c->contact_id, id);
	assert_int_equal(c->cseq, 2);
	assert_int_equal(c->expires, 1000060);
	assert_int_equal(c->q, Q_UNSPECIFIED);
	assert_int_equal(c->methods, 0xFFFFFFFF);
	assert_true(str_match_nt(&c->c, "sip:phone@192.0.2.1:5060"));
	assert_true(str_match_nt(&c->callid, "call-1"));
	assert_true(str_match_nt(&ul.get_ucontact_key(c, S("stamp"))->s, "by \"callback\""));
	assert_int_equal(ul.get_ucontact_key(c, S("number"))->i, -3);
	assert_int_equal(c->last_modified, 1000000);
	assert_int_equal(peek(S("forever"))->expires, 0);
	assert_non_null(peek(S("old"))); /* as in OpenSIPS: the timer ends it */
	ul_flush_all();
	assert_null(peek(S("old")));
	assert_string_equal(rows(USERS), "alice|2;forever|1");
	assert_int_equal(save(S("alice"), 3, now + 60, 0), CS_SYNC);
	assert_string_equal(rows(USERS), "alice|3;forever|1");
}

/* A record that was loaded gives its next contact an id of its own. */
static void test_labels(void **state)
{
	urecord_t *r;
	ucontact_id id;

	(void)state;
	save(S("alice"), 1, now + 60, 0);
	id = peek(S("alice"))->contact_id;
	restart();
	assert_int_equal(ul.get_urecord(dom, S("alice"), &r), 0);
	assert_int_equal(next_contact_id(r),
		(id & ~(ucontact_id)CLABEL_MASK) | CLABEL_NEXT(id & CLABEL_MASK));
	/* trial and error of others: without labels two AoRs may share ids */
	ul.lock_udomain(dom, S("bob"));
	assert_int_equal(ul.insert_urecord(dom, S("bob"), &r, 1, NULL, NULL), 0);
	assert_int_equal(r->label, 0);
	ul.release_urecord(r, 0);
	ul.unlock_udomain(dom, S("bob"));
}

static void test_bad_rows(void **state)
{
	(void)state;
	sql("insert into location (contact_id, username, contact, expires) values "
	    "(1, 'alice', 'sip:a@192.0.2.1', 2000000), (2, '', 'sip:b@192.0.2.1', 2000000), "
	    "(3, 'carol', 'no uri', 2000000), (4, 'dave', '', 2000000), "
	    "(5, 'erin', 'sip:e@192.0.2.1', 2000000)");
	sql("update location set kv_store = 'no JSON', socket = 'udp:192.0.2.99:5060', "
	    "cflags = 'UNKNOWN' where username = 'erin'");
	assert_int_equal(ul_load(dom), 0);
	assert_non_null(peek(S("alice")));
	assert_null(peek(S("carol")));
	assert_null(peek(S("dave")));
	assert_null(peek(S("erin"))->sock);
	assert_null(peek(S("erin"))->kv_storage);
	sql("alter table location rename to away");
	assert_int_equal(ul_load(dom), -1);
	sql("alter table away rename to location");
}

static void test_use_domain(void **state)
{
	(void)state;
	use_domain = 1;
	save(S("alice@example.test"), 1, now + 60, 0);
	save(S("alice@other.test"), 1, now + 60, 0);
	assert_int_equal(ul_write_anew(dom, S("alice@other.test")), 0);
	assert_string_equal(rows("select username, domain from location"), "alice|example.test");
	restart();
	assert_non_null(peek(S("alice@example.test")));
	use_domain = 0;
}

static void test_json(void **state)
{
	map_t store = kv_from_json(S("{\"a\":\"\\u0041\\\"\",\"b\":7,\"\":\"\"}"));
	char *json = kv_to_json(store);

	(void)state;
	assert_string_equal(json, "{\"\":\"\",\"a\":\"A\\\"\",\"b\":7}");
	free(json);
	store_destroy(store);
	assert_null(kv_from_json(S("[1]")));
	assert_null(kv_from_json(S("{\"a\":null}")));
	assert_null(kv_from_json(S("{\"a\":1")));
}

/* --- memory and parameters --------------------------------------------------------------- */

/* Whatever allocation fails, what was not written is written by the next flush. */
static void test_no_memory(void **state)
{
	(void)state;
	for (int n = 0; n < 12; n++) {
		save(S("alice"), 1 + n, now + 60, 0);
		save(S("bob"), 1 + n, now + 60, 0);
		pkg_fail_after(n);
		ul_flush_all();
		pkg_fail_after(-1);
		ul_flush_all();
		assert_int_equal(peek(S("alice"))->state, CS_SYNC);
		remove_contact(S("bob"));
		pkg_fail_after(n);
		ul_flush_all();
		pkg_fail_after(-1);
		ul_flush_all();
		assert_null(peek(S("bob")));
		sql("delete from location where username = 'bob'"); /* may have stayed */
		assert_string_equal(rows("select username from location"), "alice");
	}
	for (int n = 0; n < 12; n++) {
		stop();
		assert_int_equal(start(), 0);
		shm_fail_after(n);
		ul_load(dom);
		shm_fail_after(-1);
	}
}

static int mode_of(int db_mode, char *preset, char *persist, char *write, char *cluster)
{
	ul_db_mode = db_mode;
	ul_preset = preset;
	ul_rr_persist = persist;
	ul_sql_write_mode = write;
	ul_cluster_mode = cluster;
	return ul_check_config() < 0 ? -1 : (int)sql_wmode;
}

static void test_config(void **state)
{
	char none[] = "none", back[] = "write-back", through[] = "write-through";
	char load[] = "load-from-sql", cluster[] = "full-sharing", nonsense[] = "nonsense";
	char p_none[] = "single-instance-no-db", p_back[] = "single-instance-sql-write-back";
	char p_through[] = "single-instance-sql-write-through", p_only[] = "sql-only";

	(void)state;
	ul_db_url_param = url;
	assert_int_equal(mode_of(-1, NULL, NULL, NULL, NULL), SQL_NO_WRITE);
	assert_int_equal(mode_of(-1, p_none, NULL, NULL, NULL), SQL_NO_WRITE);
	assert_int_equal(mode_of(-1, p_through, NULL, none, NULL), SQL_WRITE_THROUGH);
	assert_int_equal(mode_of(-1, p_back, none, NULL, NULL), SQL_WRITE_BACK);
	assert_int_equal(mode_of(-1, p_only, NULL, NULL, NULL), -1);
	assert_int_equal(mode_of(-1, NULL, load, NULL, none), SQL_WRITE_BACK);
	assert_int_equal(mode_of(-1, NULL, load, through, NULL), SQL_WRITE_THROUGH);
	assert_int_equal(mode_of(-1, NULL, NULL, back, NULL), SQL_NO_WRITE);
	assert_int_equal(mode_of(-1, NULL, load, nonsense, NULL), -1);
	assert_int_equal(mode_of(-1, NULL, nonsense, NULL, NULL), -1);
	assert_int_equal(mode_of(-1, NULL, NULL, NULL, cluster), -1);
	assert_int_equal(mode_of(0, NULL, NULL, NULL, NULL), SQL_NO_WRITE);
	assert_int_equal(mode_of(1, NULL, NULL, NULL, NULL), SQL_WRITE_THROUGH);
	assert_int_equal(mode_of(2, NULL, NULL, NULL, NULL), SQL_WRITE_BACK);
	assert_int_equal(mode_of(3, NULL, NULL, NULL, NULL), -1);
	assert_int_equal(mode_of(1, p_none, NULL, NULL, NULL), -1);
	ul_db_url_param = NULL;
	assert_int_equal(mode_of(-1, p_back, NULL, NULL, NULL), -1);
	db_default_url = url;
	assert_int_equal(mode_of(-1, p_back, NULL, NULL, NULL), SQL_WRITE_BACK);
	db_default_url = NULL;
	init_str(&ul_db_url, url);
}

#define THROUGH(f) cmocka_unit_test_setup_teardown(f, before, after)
#define BACK(f)    cmocka_unit_test_setup_teardown(f, before_write_back, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		THROUGH(test_write_through),
		BACK(test_write_back),
		THROUGH(test_anew_through),
		BACK(test_anew_back),
		BACK(test_anew_locked),
		THROUGH(test_anew_locked),
		THROUGH(test_memory_only),
		THROUGH(test_no_connection),
		BACK(test_last),
		THROUGH(test_locked_through),
		BACK(test_locked_back),
		BACK(test_bad_row),
		BACK(test_lost_answer),
		THROUGH(test_load),
		THROUGH(test_labels),
		THROUGH(test_bad_rows),
		THROUGH(test_use_domain),
		THROUGH(test_json),
		BACK(test_no_memory),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, world, end);
}
