/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coming back: the vector and the removals are read before forking, the stamps when usrloc has
 * loaded its contacts. usrloc does that without telling, in the first worker, while others serve
 * phones already; so a contact may be there twice, and what is not the newest of its binding goes.
 */
#include <string.h>

#include "persist.h"
#include "missed.h"
#include "capture.h"
#include "compat.h"
#include "params.h"
#include "rows.h"
#include "slots.h"
#include "sql.h"
#include "stamp.h"
#include "state.h"
#include "engine/wire.h"
#include "../../dprint.h"
#include "../../globals.h"
#include "../../db/db_insertq.h"
#include "../../mem/shm_mem.h"

/* So few contacts that are missing, and besides so small a part of them, are no reason to
 * distrust the vector: they may have been removed after it was stored. */
#define MISSING_FEW  16
#define MISSING_PART 8
#define RECORDS      32 /* looked at with a slot locked */

struct shared {
	volatile int state; /* enum persist_state */
	volatile int trusted;
	volatile uint64_t count; /* of changes when it was said that all is stored */
	volatile unsigned long unstored;
};

struct persisted persisted;
static const usrloc_api_t *ul;
static bool stamps, vector;
static struct shared *shared;
static long removals; /* restored */

bool persist_stamps(void)
{
	return stamps;
}

bool persist_vector(void)
{
	return vector;
}

bool persist_trusted(void)
{
	return shared->trusted;
}

uint64_t persist_count(const struct rr_engine *e)
{
	return rr_count(e, RR_C_changes) + rr_count(e, RR_C_applied) + rr_count(e, RR_C_acked) +
	       rr_count(e, RR_C_rejected);
}

enum persist_state persist_state(void)
{
	enum persist_state state = shared ? (enum persist_state)shared->state : PERSIST_NONE;
	uint64_t count;

	if (state != PERSIST_STORED)
		return state;
	count = persist_count(engine_lock());
	engine_unlock();
	return count == shared->count ? state : PERSIST_BEHIND;
}

void persist_set_state(enum persist_state state, uint64_t count)
{
	shared->count = count;
	shared->state = state;
}

void persist_set_unstored(unsigned long contacts)
{
	shared->unstored = contacts;
}

unsigned long persist_unstored(void)
{
	return shared ? shared->unstored : 0;
}

const char *persist_state_name(enum persist_state state)
{
	static const char *const names[] = {
#define X(name, text) [PERSIST_##name] = text,
		PERSIST_STATES(X)
#undef X
	};

	return names[state];
}

/* --- before forking ---------------------------------------------------------------- */

static bool usrloc_says(const char *param, const char *value)
{
	char **has = find_param_export("usrloc", param, STR_PARAM);

	return has && *has && strncasecmp(*has, value, strlen(value)) == 0;
}

/* Does usrloc load contacts from SQL when it starts? */
static bool usrloc_persists(void)
{
	const int *mode = find_param_export("usrloc", "db_mode", INT_PARAM);

	if (mode && *mode >= 0 && *mode <= 3) /* the old way to say it */
		return *mode == 1 || *mode == 2;
	if (usrloc_says("working_mode_preset", ""))
		return usrloc_says("working_mode_preset", "single-instance-sql-write-");
	return usrloc_says("restart_persistency", "load-from-sql");
}

static int read_vector(void)
{
	static str table = str_init(PERSIST_VECTOR), col_node = str_init("at_node"),
		   col_state = str_init("state"), col_contacts = str_init("contacts");
	db_key_t columns[] = {&col_state, &col_contacts};
	db_val_t me = sql_int(repl_cfg.node_id), *vals;
	db_res_t *res;
	str text;
	int rc = 0;

	if (sql_check_table(&table, PERSIST_VERSION) < 0 ||
		sql_select(&table, &col_node, &me, columns, 2, &res) < 0)
		return -1;
	if (RES_ROW_N(res) > 0) {
		vals = ROW_VALUES(RES_ROWS(res));
		persisted.there = true;
		persisted.contacts = sql_get_int(&vals[1]);
		text = sql_get_str(&vals[0]);
		rc = rr_state_parse(&persisted.vector, text.s ? text.s : "", text.len);
		if (rc < 0)
			LM_ERR("row at_node=%d of table " PERSIST_VECTOR
			       ": %s; delete the row, then peers send everything again\n",
				repl_cfg.node_id, rr_wire_strerror(rc));
	}
	sql_free(res);
	return rc < 0 ? -1 : 0;
}

static struct rr_str rr_str_of(const db_val_t *val)
{
	str s = sql_get_str(val);

	return rr_of(&s);
}

/* Domains that are no more are none of ours. */
static void take_removal(struct rr_engine *e, struct rr_now now, const db_val_t *vals)
{
	str domain = sql_get_str(&vals[0]), text = sql_get_str(&vals[4]);
	struct rr_change change = {.kind = RR_REMOVED,
		.key = {.aor = rr_str_of(&vals[1]),
			.contact = rr_str_of(&vals[2]),
			.callid = rr_str_of(&vals[3])},
		.keep = sql_get_int(&vals[5])};
	int number = domain_index(&domain);
	struct stamp s;

	if (number < 0 || change.keep <= now.wall_ms / 1000 || !stamp_read(&s, &text))
		return;
	change.key.domain = number;
	change.stamp = s.stamp;
	change.expires = change.keep;
	removals += rr_restore(e, now, &change) == RR_NEWER;
}

static int read_removals(void)
{
	static str table = str_init(PERSIST_REMOVED),
		   col[] = {str_init("at_node"), str_init("domain"), str_init("aor"),
			   str_init("contact"), str_init("callid"), str_init("stamp"),
			   str_init("keep")};
	db_key_t columns[] = {&col[1], &col[2], &col[3], &col[4], &col[5], &col[6]};
	db_val_t me = sql_int(repl_cfg.node_id);
	struct rr_now now = repl_now();
	struct rr_engine *e;
	db_res_t *res;

	if (sql_check_table(&table, PERSIST_VERSION) < 0 ||
		sql_select(&table, &col[0], &me, columns, 6, &res) < 0)
		return -1;
	e = engine_lock();
	for (int i = 0; i < RES_ROW_N(res); i++)
		take_removal(e, now, ROW_VALUES(RES_ROWS(res) + i));
	rr_restore_clock(e, persisted.vector.clock);
	engine_unlock();
	sql_free(res);
	return 0;
}

/* The connection must not live on over the fork. */
static int read_all(void)
{
	int rc = read_vector() < 0 || read_removals() < 0 || missed_read() < 0 ? -1 : 0;

	sql_close();
	return rc;
}

static const char *usrloc_url(void)
{
	char **param = find_param_export("usrloc", "db_url", STR_PARAM);

	return param && *param ? *param : db_default_url;
}

/* What is committed in two databases may be torn apart by a power cut. */
static void compare_urls(void)
{
	const char *theirs = usrloc_url();

	if (theirs && strcmp(theirs, repl_cfg.db_url) == 0)
		rows_init(ul);
	else
		LM_WARN("db_url is not that of usrloc: after a power cut the vector may claim what "
			"usrloc's database has lost; use one database for both\n");
}

static bool at_most_one(const int *n)
{
	return n && *n <= 1;
}

/* usrloc writes while it holds locks that phones wait for, so a server that hangs must be given up
 * soon; but with no retry at all db_mysql never makes a lost connection anew. */
static void check_mysql(void)
{
	const int *timeout = find_param_export("db_mysql", "timeout_interval", INT_PARAM),
		  *queries = find_param_export("db_mysql", "max_db_queries", INT_PARAM),
		  *retries = find_param_export("db_mysql", "max_db_retries", INT_PARAM);
	const char *url = usrloc_url();

	if (!url || strncmp(url, "mysql:", 6) != 0)
		return;
	if (retries && *retries == 0)
		LM_WARN("max_db_retries of db_mysql is 0: what is stored in SQL stops for good "
			"when a connection is lost; set it to 1\n");
	if (!at_most_one(timeout) || !at_most_one(queries) || !at_most_one(retries))
		LM_WARN("phones wait for long when the MySQL server hangs: set timeout_interval, "
			"max_db_queries and max_db_retries of db_mysql to 1\n");
}

int persist_init(const usrloc_api_t *api)
{
	ul = api;
	stamp_init(api);
	stamps = usrloc_persists();
	if (!stamps)
		return 0;
	shared = shm_malloc(sizeof(*shared));
	if (!shared) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	*shared = (struct shared){.state = PERSIST_LOADING};
	check_mysql();
	vector = sql_enabled();
	if (!vector) {
		LM_NOTICE("usrloc keeps its contacts over a restart, but db_url is not set: peers "
			  "will send everything again\n");
		return 0;
	}
	compare_urls();
	if (query_buffer_size > 1) {
		LM_ERR("query_buffer_size %d is not allowed with db_url and a usrloc that loads "
		       "from SQL, set it to 0: nobody learns when what is buffered is on disk\n",
			query_buffer_size);
		return -1;
	}
	return read_all();
}

void persist_destroy(void)
{
	if (shared)
		shm_free(shared);
	shared = NULL;
}

/* --- when usrloc has loaded -------------------------------------------------------------- */

struct taken {
	struct rr_now now;
	int domain;
	long restored, adopted, stale, left_out;
};

/* It is known already, and newer: a removal, or the phone has registered while usrloc was loading.
 */
static void drop_contact(urecord_t *r, ucontact_t *c)
{
	struct ct_match match = {.mode = CT_MATCH_CONTACT_ONLY};
	enum capture_mode was = capture_enter(CAPTURE_NONE);

	ul->delete_ucontact(r, c, &match, 0);
	capture_leave(was);
}

static int take_stamp(
	struct rr_now now, const struct rr_key *key, const ucontact_t *c, const struct stamp *s)
{
	struct rr_change change = {.key = *key,
		.stamp = s->stamp,
		.kind = RR_SET,
		.expires = c->expires,
		.keep = s->keep};
	int rc;

	engine_room(rr_entry_room(key));
	rc = rr_restore(engine_lock(), now, &change);
	engine_unlock();
	return rc;
}

/* usrloc writes it into the row when it writes the next time. */
static int adopt(struct rr_now now, const struct rr_key *key, ucontact_t *c)
{
	struct rr_change change = {.key = *key, .kind = RR_SET, .expires = c->expires};
	int rc;

	engine_room(rr_entry_room(key));
	rc = rr_adopt(
		engine_lock(), now, key, c->expires, c->last_modified * 1000ull, &change.stamp);
	engine_unlock();
	if (rc != RR_NEWER)
		return rc;
	if (c->state == CS_SYNC)
		c->state = CS_DIRTY;
	change.keep = c->expires;
	stamp_put(c, &change, true, 0);
	return rc;
}

static bool over(const ucontact_t *c, struct rr_now now, uint32_t keep)
{
	uint64_t second = now.wall_ms / 1000;

	return c->expires == UL_EXPIRED_TIME ||
	       (c->expires && (uint64_t)c->expires <= second && keep <= second);
}

/*
 * A stamp that names another expiry is not that of this state: somebody has changed the contact
 * without us. Contacts without a stamp were there before this module, or are not to be replicated.
 */
static void take_contact(
	struct rr_now now, int domain, urecord_t *r, ucontact_t *c, struct taken *t)
{
	struct rr_key key = contact_key(domain, c);
	struct stamp s = {0};
	bool stamped = stamp_of(c, &s);
	int rc;

	if (stamped && s.stamp.stream.epoch == repl_epoch() &&
		s.stamp.stream.node == (uint32_t)repl_cfg.node_id)
		return; /* made by a phone just now */
	t->restored += stamped;
	if (over(c, now, s.keep))
		return;
	if (stamped && s.expires == (uint32_t)c->expires) {
		rc = take_stamp(now, &key, c, &s);
	} else if (stamped || repl_cfg.replicate_all || (vector && !persisted.there)) {
		rc = adopt(now, &key, c);
		t->adopted++;
	} else {
		t->left_out++;
		return;
	}
	if (rc == RR_OLDER || rc == RR_SAME) {
		t->stale++;
		drop_contact(r, c);
	} else if (rc < 0) {
		LM_ERR("contact %.*s of %.*s is loaded, but NOT replicated: %s\n", c->c.len, c->c.s,
			c->aor->len, c->aor->s, rr_strerror(rc));
	}
}

static void take_record(urecord_t *r, void *ctx)
{
	struct taken *t = ctx;
	ucontact_t *next;

	for (ucontact_t *c = r->contacts; c; c = next) {
		next = c->next;
		take_contact(t->now, t->domain, r, c, t);
	}
}

/* Is everything there that was there when the vector was stored? */
static bool plausible(long restored)
{
	return restored + MISSING_FEW + persisted.contacts / MISSING_PART >= persisted.contacts;
}

static void take_vector(struct rr_now now, long restored)
{
	struct rr_engine *e;
	int rc = 0;

	if (persisted.there && !plausible(restored)) {
		LM_WARN("usrloc has loaded %ld contacts, and had stored %ld: the vector is not "
			"trusted, peers will send everything again\n",
			restored, persisted.contacts);
	} else if (persisted.there) {
		e = engine_lock();
		rc = rr_restore_vector(e, now, &persisted.vector);
		engine_unlock();
		shared->trusted = rc == 0;
		if (rc < 0)
			LM_WARN("the stored vector is not taken over, peers will send everything "
				"again: %s\n",
				rr_strerror(rc));
	}
}

void persist_loaded(void)
{
	struct rr_now now = repl_now(), then = now;
	struct taken t = {.now = now};

	if (!stamps)
		return;
	for (t.domain = 0; t.domain < repl_cfg.n_domains; t.domain++) {
		udomain_t *d = repl_cfg.domains[t.domain].domain;

		for (int slot = 0; slot < d->size; slot++)
			slots_walk(ul, d, slot, RECORDS, take_record, &t);
	}
	if (vector) {
		take_vector(now, t.restored);
		missed_restore();
	}
	rr_restored(engine_lock());
	engine_unlock();
	shared->state = vector ? PERSIST_BEHIND : PERSIST_NONE;
	LM_INFO("restart: %ld contacts with stamps, %ld taken over without, %ld left out, %ld "
		"stale "
		"ones removed, %ld removals, vector %s, in %llu ms\n",
		t.restored, t.adopted, t.left_out, t.stale, removals,
		shared->trusted ? "taken over" : "none",
		(unsigned long long)(repl_now().mono_ms - then.mono_ms));
}
