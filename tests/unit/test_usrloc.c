/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc: callbacks and the lock they run under, matching, order, expiry by a clock that is
 * turned by hand, key-value storage, memory that runs out at every possible place. Each test
 * ends with the check that nothing is left in shared memory.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "modules/usrloc/ul_flush.h"
#include "modules/usrloc/ul_mi.h"
#include "modules/usrloc/ul_mod.h"
#include "modules/usrloc/usrloc.h"
#include "modules/usrloc/utime.h"

static usrloc_api_t ul;
static udomain_t *dom;
static unsigned long blocks_before;
static time_t now;

/* --- world ------------------------------------------------------------------------------- */

static struct {
	ul_cb_type type;
	char what[64]; /* contact or AoR */
	int locked;
} events[32];
static int nevents;

/* 1 if the slot of that AoR is locked, as seen by somebody else. */
static int is_locked(str *aor)
{
	gen_lock_t *lock = dom->table[core_hash(aor, NULL, dom->size)].lock;

	if (lock_try(lock) < 0)
		return 1;
	lock_release(lock);
	return 0;
}

static void on_change(void *binding, ul_cb_type type, ul_cb_extra *extra)
{
	str *what =
		is_contact_cb(type) ? &((ucontact_t *)binding)->c : &((urecord_t *)binding)->aor;
	str *aor = is_contact_cb(type) ? ((ucontact_t *)binding)->aor : what;

	(void)extra;
	if (nevents == 32)
		return;
	events[nevents].type = type;
	events[nevents].locked = is_locked(aor);
	snprintf(events[nevents].what, sizeof(events[0].what), "%.*s", what->len, what->s);
	nevents++;
}

static time_t clock_by_hand(time_t *t)
{
	if (t)
		*t = now;
	return now;
}

static int world(void **state)
{
	(void)state;
	ul_clock = clock_by_hand;
	if (init_shm_mallocs() < 0)
		return -1;
	if (bind_usrloc(&ul) < 0 || ul.register_ulcb(ULCB_MAX, on_change) < 0)
		return -1;
	return 0;
}

static int before(void **state)
{
	(void)state;
	now = 1000000;
	nevents = 0;
	desc_time_order = 0;
	matching_mode = CT_MATCH_CONTACT_ONLY;
	ul_hash_size = 4;
	blocks_before = shm_blocks();
	return ul_init_locks() < 0 || ul_flush_init() < 0 ||
	       ul.register_udomain("location", &dom) < 0;
}

static int after(void **state)
{
	(void)state;
	free_all_udomains();
	ul_destroy_locks();
	ul_flush_destroy();
	if (shm_blocks() != blocks_before)
		shm_log_blocks(20);
	assert_int_equal(shm_blocks(), blocks_before);
	return 0;
}

#define S(text) (&str_init(text))

static ucontact_info_t info(str *callid, int cseq, time_t expires)
{
	return (ucontact_info_t){
		.callid = callid, .cseq = cseq, .expires = expires, .q = Q_UNSPECIFIED};
}

/* Locks, finds or makes the record. */
static urecord_t *take(str *aor)
{
	urecord_t *r;

	ul.lock_udomain(dom, aor);
	if (ul.get_urecord(dom, aor, &r) != 0)
		assert_int_equal(ul.insert_urecord(dom, aor, &r, 0, NULL, NULL), 0);
	return r;
}

static void give(urecord_t *r, str *aor)
{
	ul.release_urecord(r, 0);
	ul.unlock_udomain(dom, aor);
}

static ucontact_t *add(urecord_t *r, str *uri, ucontact_info_t ci)
{
	ucontact_t *c = NULL;

	assert_int_equal(ul.insert_ucontact(r, uri, &ci, NULL, 0, &c), 0);
	assert_non_null(c);
	return c;
}

static void expect_event(int i, ul_cb_type type, const char *what)
{
	assert_true(i < nevents);
	assert_int_equal(events[i].type, type);
	assert_string_equal(events[i].what, what);
	assert_int_equal(events[i].locked, 1);
}

static void assert_str(const str *s, const char *text)
{
	assert_int_equal(s->len, strlen(text));
	assert_memory_equal(s->s, text, s->len);
}

/* --- life of a contact ------------------------------------------------------------------- */

static void test_callbacks_under_lock(void **state)
{
	str *aor = S("alice"), *cid = S("c1");
	ucontact_info_t ci = info(cid, 1, now + 60);
	urecord_t *r = take(aor);
	ucontact_t *c = add(r, S("sip:a@1.1.1.1"), ci);

	(void)state;
	ci.cseq = 2;
	assert_int_equal(ul.update_ucontact(r, c, &ci, NULL, 0), 0);
	assert_int_equal(ul.delete_ucontact(r, c, NULL, 0), 0);
	give(r, aor);
	assert_int_equal(nevents, 5);
	expect_event(0, UL_AOR_INSERT, "alice");
	expect_event(1, UL_CONTACT_INSERT, "sip:a@1.1.1.1");
	expect_event(2, UL_CONTACT_UPDATE, "sip:a@1.1.1.1");
	expect_event(3, UL_CONTACT_DELETE, "sip:a@1.1.1.1");
	expect_event(4, UL_AOR_DELETE, "alice");
	ul.lock_udomain(dom, aor);
	assert_int_equal(ul.get_urecord(dom, aor, &r), 1);
	ul.unlock_udomain(dom, aor);
}

static void test_all_fields_are_copied(void **state)
{
	char text[] = "instance callid useragent attr path received";
	str aor = str_init("bob"), uri = str_init("sip:b@1.1.1.1");
	str instance = {text, 8}, callid = {text + 9, 6}, ua = {text + 16, 9},
	    attr = {text + 26, 4};
	str path = str_init("<sip:p1;lr>,<sip:p2>");
	ucontact_info_t ci = info(&callid, 7, now + 60);
	urecord_t *r = take(&aor);
	ucontact_t *c;

	(void)state;
	ci.instance = instance;
	ci.user_agent = &ua;
	ci.attr = &attr;
	ci.path = &path;
	ci.received = *S("sip:9.9.9.9:99");
	ci.q = 500;
	ci.methods = 5;
	ci.cflags = 2;
	ci.flags = FL_MEM;
	c = add(r, &uri, ci);
	memset(text, 'x', sizeof(text) - 1);
	assert_str(&c->instance, "instance");
	assert_str(&c->callid, "callid");
	assert_str(&c->user_agent, "useragent");
	assert_str(&c->attr, "attr");
	assert_str(&c->path, "<sip:p1;lr>,<sip:p2>");
	assert_str(&c->received, "sip:9.9.9.9:99");
	assert_int_equal(c->q, 500);
	assert_int_equal(c->methods, 5);
	assert_int_equal(c->cflags, 2);
	assert_int_equal(c->flags, FL_MEM);
	assert_int_equal(c->last_modified, now);
	/* an update without them takes all but the instance away */
	ci = info(S("other"), 1, now + 90);
	assert_int_equal(ul.update_ucontact(r, c, &ci, NULL, 0), 0);
	assert_str(&c->c, "sip:b@1.1.1.1");
	assert_str(&c->instance, "instance");
	assert_str(&c->callid, "other");
	assert_int_equal(c->path.len + c->received.len + c->attr.len + c->user_agent.len, 0);
	give(r, &aor);
}

static void test_bad_uris_are_refused(void **state)
{
	str *aor = S("carol");
	urecord_t *r = take(aor);
	ucontact_info_t ci = info(S("c"), 1, now + 60);
	ucontact_t *c;

	(void)state;
	assert_int_equal(ul.insert_ucontact(r, S("xx:y"), &ci, NULL, 0, &c), -1);
	ci.received = *S("junk");
	assert_int_equal(ul.insert_ucontact(r, S("sip:a@b"), &ci, NULL, 0, &c), -1);
	ci.path = S("garbage");
	assert_int_equal(ul.insert_ucontact(r, S("sip:a@b"), &ci, NULL, 0, &c), -1);
	/* a request goes to the Path, so what is behind it does not matter */
	ci.path = S("<sip:p;lr>");
	assert_int_equal(ul.insert_ucontact(r, S("sip:a@b"), &ci, NULL, 0, &c), 0);
	give(r, aor);
}

static void expect_order(urecord_t *r, const char *order)
{
	ucontact_t *c = r->contacts, *prev = NULL;

	for (; *order; order++, prev = c, c = c->next) {
		assert_non_null(c);
		assert_ptr_equal(c->prev, prev);
		assert_int_equal(c->c.s[4], *order);
	}
	assert_null(c);
}

static void test_order_by_q(void **state)
{
	str *aor = S("dave");
	urecord_t *r = take(aor);
	ucontact_info_t ci = info(S("c"), 1, now + 60);

	(void)state;
	add(r, S("sip:a@h"), ci);
	ci.q = 500;
	add(r, S("sip:b@h"), ci);
	ci.q = 1000;
	add(r, S("sip:c@h"), ci);
	ci.q = 500;
	add(r, S("sip:d@h"), ci);
	ci.q = Q_UNSPECIFIED;
	add(r, S("sip:e@h"), ci);
	expect_order(r, "cbdae");
	ul.delete_ucontact(r, r->contacts->next, NULL, 0);
	expect_order(r, "cdae");
	give(r, aor);
}

static void test_order_by_time(void **state)
{
	str *aor = S("dave");
	urecord_t *r = take(aor);
	ucontact_info_t ci = info(S("c"), 1, now + 60);
	ucontact_t *a;

	(void)state;
	desc_time_order = 1;
	a = add(r, S("sip:a@h"), ci);
	ci.q = 500;
	add(r, S("sip:b@h"), ci);
	ci.q = 100;
	add(r, S("sip:c@h"), ci);
	expect_order(r, "cba");
	assert_int_equal(ul.update_ucontact(r, a, &ci, NULL, 0), 0);
	expect_order(r, "acb");
	give(r, aor);
}

/* --- matching ---------------------------------------------------------------------------- */

static int match(urecord_t *r, const char *uri, const char *callid, int cseq,
	const struct ct_match *m, ucontact_t **c)
{
	str u, id;

	init_str(&u, uri);
	init_str(&id, callid);
	return ul.get_ucontact(r, &u, &id, cseq, m, c);
}

static void test_match_contact(void **state)
{
	str *aor = S("erin");
	urecord_t *r = take(aor);
	ucontact_t *a = add(r, S("sip:a@h.com;x=1"), info(S("id"), 5, now + 60)), *c;

	(void)state;
	assert_int_equal(match(r, "sip:a@H.com;x=1", "id", 6, NULL, &c), 0);
	assert_ptr_equal(c, a);
	assert_int_equal(match(r, "sip:a@h.com;x=1", "id", 5, NULL, &c), -2);
	assert_int_equal(match(r, "sip:a@h.com;x=1", "id", 4, NULL, &c), -1);
	assert_int_equal(match(r, "sip:a@h.com;x=1", "other", 1, NULL, &c), 0);
	assert_int_equal(match(r, "sip:a@h.com:5060;x=1", "id", 6, NULL, &c), 1);
	assert_int_equal(match(r, "not a uri", "id", 6, NULL, &c), 1);
	now += cseq_delay; /* too late for a retransmission */
	assert_int_equal(match(r, "sip:a@h.com;x=1", "id", 5, NULL, &c), -1);
	a->expires = UL_EXPIRED_TIME;
	assert_int_equal(match(r, "sip:a@h.com;x=1", "id", 6, NULL, &c), 1);
	give(r, aor);
}

static void test_match_callid(void **state)
{
	str *aor = S("erin");
	urecord_t *r = take(aor);
	struct ct_match by_callid = {.mode = CT_MATCH_CONTACT_CALLID},
			global = {CT_MATCH_NONE, NULL};
	ucontact_t *c;

	(void)state;
	add(r, S("sip:a@h"), info(S("id"), 5, now + 60));
	assert_int_equal(match(r, "sip:a@h", "id2", 6, &by_callid, &c), 1);
	assert_int_equal(match(r, "sip:a@h", "id", 6, &by_callid, &c), 0);
	assert_int_equal(match(r, "sip:a@h", "id2", 6, &global, &c), 0);
	matching_mode = CT_MATCH_CONTACT_CALLID;
	assert_int_equal(match(r, "sip:a@h", "id2", 6, &global, &c), 1);
	give(r, aor);
}

static void test_match_params(void **state)
{
	str *aor = S("erin");
	urecord_t *r = take(aor);
	str_list rinstance = {str_init("rinstance"), NULL};
	struct ct_match by_param = {CT_MATCH_PARAMS, &rinstance};
	ucontact_info_t ci;
	ucontact_t *c, *a = add(r, S("sip:a@h;rinstance=7"), info(S("id"), 5, now + 60));

	(void)state;
	assert_int_equal(match(r, "sip:z@elsewhere;rinstance=8", "id", 6, &by_param, &c), 1);
	assert_int_equal(match(r, "sip:z@elsewhere;rinstance=7", "id", 6, &by_param, &c), 0);
	assert_ptr_equal(c, a);
	assert_int_equal(match(r, "sip:z@elsewhere", "id", 6, &by_param, &c), 0);
	ci = info(S("id"), 6, now + 60);
	ci.c = S("sip:z@elsewhere;rinstance=7");
	assert_int_equal(ul.update_ucontact(r, c, &ci, &by_param, 0), 0);
	assert_str(&c->c, "sip:z@elsewhere;rinstance=7");
	give(r, aor);
}

/* --- expiry ------------------------------------------------------------------------------ */

static void test_expiry(void **state)
{
	str *aor = S("frank"), *aor2 = S("grace");
	urecord_t *r = take(aor);
	ucontact_t *forced;

	(void)state;
	add(r, S("sip:a@h"), info(S("id"), 1, now + 10));
	add(r, S("sip:b@h"), info(S("id"), 1, now + 20));
	add(r, S("sip:c@h"), info(S("id"), 1, 0)); /* permanent */
	forced = add(r, S("sip:d@h"), info(S("id"), 1, now + 20));
	forced->expires = UL_EXPIRED_TIME; /* its end was told before */
	give(r, aor);
	r = take(aor2);
	add(r, S("sip:e@h"), info(S("id"), 1, now + 10));
	give(r, aor2);
	nevents = 0;
	now += 9;
	ul_flush_all();
	assert_int_equal(nevents, 0);
	now += 1;
	ul_flush_all();
	assert_int_equal(nevents, 3);
	for (int i = 0; i < nevents; i++)
		if (events[i].type == UL_CONTACT_EXPIRE && !strcmp(events[i].what, "sip:e@h"))
			expect_event(i + 1, UL_AOR_EXPIRE, "grace");
		else if (events[i].type == UL_CONTACT_EXPIRE)
			expect_event(i, UL_CONTACT_EXPIRE, "sip:a@h");
	r = take(aor);
	expect_order(r, "bc");
	give(r, aor);
}

/* --- iteration and ids ------------------------------------------------------------------- */

static void test_iteration(void **state)
{
	udomain_t *second, *d = NULL;
	map_iterator_t it;
	char name[16];
	int found = 0, domains = 0;
	str aor;

	(void)state;
	for (int i = 0; i < 50; i++) {
		aor = (str){name, snprintf(name, sizeof(name), "user%d", i)};
		urecord_t *r = take(&aor);
		add(r, S("sip:a@h"), info(S("id"), 1, now + 10));
		give(r, &aor);
	}
	assert_int_equal(ul.register_udomain("second", &second), 0);
	assert_int_equal(ul.register_udomain("location", &d), 0);
	assert_ptr_equal(d, dom);
	for (d = ul.get_next_udomain(NULL); d; d = ul.get_next_udomain(d), domains++)
		for (int slot = 0; slot < d->size; slot++) {
			ul.lock_ulslot(d, slot);
			map_first(d->table[slot].records, &it);
			for (; iterator_is_valid(&it); iterator_next(&it), found++)
				assert_non_null(((urecord_t *)*iterator_val(&it))->contacts);
			ul.unlock_ulslot(d, slot);
		}
	assert_int_equal(domains, 2);
	assert_int_equal(found, 50);
}

static void test_ids(void **state)
{
	str *aor = S("heidi");
	urecord_t *r = take(aor);
	ucontact_t *a = add(r, S("sip:a@h"), info(S("id"), 1, now + 10));
	ucontact_t *b = add(r, S("sip:b@h"), info(S("id"), 1, now + 10));

	(void)state;
	assert_true(a->contact_id != b->contact_id);
	ul.delete_ucontact(r, b, NULL, 0);
	give(r, aor);
	nevents = 0;
	ul.lock_udomain(dom, aor);
	assert_int_equal(ul.delete_urecord(dom, aor, NULL, 0), 0);
	ul.unlock_udomain(dom, aor);
	expect_event(0, UL_CONTACT_DELETE, "sip:a@h");
	expect_event(1, UL_AOR_DELETE, "heidi");
}

/* --- key-value storage ------------------------------------------------------------------- */

static void test_kv(void **state)
{
	str *aor = S("ivan"), *key = S("stamp"), *num = S("n");
	urecord_t *r = take(aor);
	ucontact_t *c = add(r, S("sip:a@h"), info(S("id"), 1, now + 10));
	ucontact_info_t ci = info(S("id"), 2, now + 10);
	int_str_t val = {.is_str = 1, .s = str_init("one \"1\"")}, five = {.i = 5}, *got;

	(void)state;
	assert_null(ul.get_ucontact_key(c, key));
	got = ul.put_ucontact_key(c, key, &val);
	assert_non_null(got);
	assert_ptr_not_equal(got->s.s, val.s.s);
	assert_non_null(ul.put_ucontact_key(c, num, &five));
	val.s = *S("two");
	assert_non_null(ul.put_ucontact_key(c, key, &val));
	assert_str(&ul.get_ucontact_key(c, key)->s, "two");
	assert_int_equal(ul.get_ucontact_key(c, num)->i, 5);
	assert_int_equal(ul.update_ucontact(r, c, &ci, NULL, 0), 0); /* keeps them */
	assert_str(&ul.get_ucontact_key(c, key)->s, "two");
	assert_null(ul.get_urecord_key(r, key));
	assert_non_null(ul.put_urecord_key(r, key, &val));
	assert_str(&ul.get_urecord_key(r, key)->s, "two");
	give(r, aor);
}

/* --- when memory runs out ---------------------------------------------------------------- */

/* A whole life; 0 when every step was possible. No step may do half of its work. */
static int life(void)
{
	str *aor = S("judy"), *key = S("k");
	ucontact_info_t ci = info(S("id"), 1, now + 10);
	int_str_t val = {.is_str = 1, .s = str_init("v")};
	urecord_t *r;
	ucontact_t *c;
	int ret = -1;

	ul.lock_udomain(dom, aor);
	if (ul.insert_urecord(dom, aor, &r, 0, NULL, NULL) < 0)
		goto out;
	if (ul.insert_ucontact(r, S("sip:a@h"), &ci, NULL, 0, &c) < 0)
		goto release;
	ci.callid = S("much longer than before");
	if (ul.update_ucontact(r, c, &ci, NULL, 0) < 0) {
		assert_str(&c->callid, "id");
		goto remove;
	}
	if (ul.put_ucontact_key(c, key, &val) == NULL)
		goto remove;
	val.s = *S("vv");
	if (ul.put_ucontact_key(c, key, &val) == NULL) {
		assert_str(&ul.get_ucontact_key(c, key)->s, "v");
		goto remove;
	}
	ret = 0;
remove:
	ul.delete_ucontact(r, c, NULL, 0);
release:
	ul.release_urecord(r, 0);
out:
	ul.unlock_udomain(dom, aor);
	return ret;
}

static void test_out_of_memory(void **state)
{
	unsigned long blocks = shm_blocks();
	udomain_t *second;
	int ret = -1;

	(void)state;
	for (int n = 0; ret < 0; n++) {
		assert_true(n < 30);
		shm_fail_after(n);
		ret = life();
		shm_fail_after(-1);
		assert_int_equal(shm_blocks(), blocks);
	}
	for (int n = 0; n < 6; n++) {
		shm_fail_after(n);
		assert_int_equal(ul.register_udomain("second", &second), -1);
		shm_fail_after(-1);
		assert_int_equal(shm_blocks(), blocks);
	}
}

/* --- the lock ---------------------------------------------------------------------------- */

static void test_lock_is_not_recursive(void **state)
{
	str *aor = S("mallory");
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		/* found out at once, instead of waiting for ever */
		signal(SIGABRT, SIG_DFL);
		alarm(120);
		ul.lock_udomain(dom, aor);
		ul.lock_udomain(dom, aor);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	/* it died with the lock: nobody gets it any more, as in OpenSIPS */
	assert_int_equal(is_locked(aor), 1);
}

/* --- management -------------------------------------------------------------------------- */

static char *run_mi(const char *name, const char *json)
{
	mi_item_t *params = cJSON_Parse(json);
	mi_params_t p = {.item = params};
	mi_response_t *resp = NULL;
	char *text;
	int n = params ? cJSON_GetArraySize(params) : 0;

	for (const mi_export_t *m = ul_mi_cmds; m->name; m++)
		for (int i = 0, k; !strcmp(m->name, name) && m->recipes[i].cmd; i++) {
			for (k = 0; m->recipes[i].params[k]; k++)
				;
			if (k == n)
				resp = m->recipes[i].cmd(&p, NULL);
		}
	assert_non_null(resp);
	text = cJSON_PrintUnformatted(resp);
	free_mi_response(resp);
	cJSON_Delete(params);
	return text;
}

static void expect_mi(const char *name, const char *json, const char *part)
{
	char *text = run_mi(name, json);

	if (!strstr(text, part))
		print_error("%s\nis without\n%s\n", text, part);
	assert_non_null(strstr(text, part));
	cJSON_free(text);
}

static void test_mi(void **state)
{
	str *aor = S("kim");
	urecord_t *r = take(aor);
	ucontact_info_t ci = info(S("id"), 3, now + 60);

	(void)state;
	ci.received = *S("sip:2.2.2.2");
	ci.instance = *S("<urn:1>");
	ci.methods = 0xffffffff;
	add(r, S("sip:a@h"), ci);
	add(r, S("sip:b@h"), info(S("id"), 3, now - 1));
	give(r, aor);
	expect_mi("ul_dump", "{}",
		"[{\"name\":\"location\",\"hash_size\":4,\"AORs\":[{\"AOR\":\"kim\"");
	expect_mi("ul_dump", "{}",
		"\"Received\":\"sip:2.2.2.2\",\"State\":\"CS_NEW\",\"Flags\":0,"
		"\"Cflags\":\"\",\"Methods\":4294967295,\"SIP_instance\":\"<urn:1>\"}");
	expect_mi("ul_dump", "{\"brief\":1}", "\"AORs\":[{\"AOR\":\"kim\"}]");
	expect_mi("ul_show_contact", "{\"table_name\":\"location\",\"aor\":\"kim@x\"}",
		"\"Expires\":60,\"Q\":\"\",\"Callid\":\"id\",\"Cseq\":3");
	expect_mi("ul_show_contact", "{\"table_name\":\"location\",\"aor\":\"kim\"}",
		"\"Expires\":\"expired\"");
	expect_mi("ul_show_contact", "{\"table_name\":\"x\",\"aor\":\"kim\"}", "Table not found");
	expect_mi(
		"ul_show_contact", "{\"table_name\":\"location\",\"aor\":\"x\"}", "AOR not found");
	expect_mi("ul_rm_contact",
		"{\"table_name\":\"location\",\"aor\":\"kim\",\"contact\":\"sip:z@h\"}",
		"Contact not found");
	expect_mi("ul_rm_contact",
		"{\"table_name\":\"location\",\"aor\":\"kim\",\"contact\":\"sip:b@h\"}", "OK");
	expect_mi("ul_rm", "{\"table_name\":\"location\",\"aor\":\"kim\"}", "OK");
	expect_mi("ul_dump", "{}", "\"AORs\":[]");
}

static void test_mi_add(void **state)
{
	const char *kim = "{\"table_name\":\"location\",\"aor\":\"kim\"}";

	(void)state;
#define ADD(_table, _expires, _q)                                                                  \
	"{\"table_name\":\"" _table "\",\"aor\":\"kim@x\",\"contact\":\"sip:a@h\","                \
	"\"expires\":" _expires ",\"q\":\"" _q "\",\"flags\":3,\"cflags\":0,\"methods\":15}"
	expect_mi("ul_add", ADD("location", "60", "0.5"), "OK");
	expect_mi("ul_show_contact", kim,
		"\"Expires\":60,\"Q\":\"0.5\",\"Callid\":\"dfjrewr12386fd6-343@opensips.mi\","
		"\"Cseq\":1,\"User-agent\":\"OpenSIPS MI Server\",\"State\":\"CS_NEW\","
		"\"Flags\":3,\"Cflags\":\"\",\"Methods\":15}]");
	expect_mi("ul_add", ADD("location", "0", "1"), "OK"); /* the same contact */
	expect_mi("ul_show_contact", kim, "\"Contacts\":[{\"Contact\":\"sip:a@h\",\"ContactID\":");
	expect_mi("ul_show_contact", kim, "\"Expires\":\"permanent\",\"Q\":\"1\"");
	expect_mi("ul_show_contact", kim, "\"Methods\":15}]}");
	expect_mi("ul_add", ADD("x", "60", "1"), "Table not found");
	expect_mi("ul_add", ADD("location", "60", "much"), "Bad parameter value");
	expect_mi("ul_add", ADD("location", "\"soon\"", "1"), "Invalid params");
#undef ADD
	expect_mi("ul_rm", kim, "OK");
}

#define T(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_callbacks_under_lock),
		T(test_all_fields_are_copied),
		T(test_bad_uris_are_refused),
		T(test_order_by_q),
		T(test_order_by_time),
		T(test_match_contact),
		T(test_match_callid),
		T(test_match_params),
		T(test_expiry),
		T(test_iteration),
		T(test_ids),
		T(test_kv),
		T(test_out_of_memory),
		T(test_lock_is_not_recursive),
		T(test_mi),
		T(test_mi_add),
	};

	return cmocka_run_group_tests_name("usrloc", tests, world, NULL);
}
