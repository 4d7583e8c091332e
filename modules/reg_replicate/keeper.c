/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of its own stores, about once a second, what is held of each stream, as far as it is on
 * disk; a database that is slow or away makes nobody else wait.
 *
 *	state    := what is held now
 *	oldest   := of all contacts that usrloc has not written: the oldest change
 *	            that their rows lack
 *	removals := those made up to now, into a table of ours
 *	vector   := state, cut before oldest, with what was stored before
 *
 * usrloc tells nobody when a flush is done, or that it failed; but each contact's state
 * says whether its row is as the contact is, and that is set under the slot lock and
 * taken back if the database refuses. So a walk over all contacts finds what is missing,
 * whatever usrloc's mode is.
 */
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "missed.h"
#include "params.h"
#include "persist.h"
#include "rows.h"
#include "seldom.h"
#include "slots.h"
#include "sql.h"
#include "stamp.h"
#include "state.h"
#include "text.h"
#include "engine/cover.h"
#include "engine/wire.h"
#include "../../dprint.h"
#include "../../reactor_proc.h"

#define INTERVAL 1000 /* ms between two passes ... */
#define SHARE    50   /* ... or so many times what a walk took, if that is more ... */
#define LONGEST  5000 /* ... but not more than this: see pause_after() */
#define CLEAN_MS 60000
#define CHANGES  100 /* looked at under one lock */
#define RECORDS  64  /* the same, of a slot */
#define REMOVALS 64  /* stored at a time */
#define LATE_MS  600000

static const usrloc_api_t *ul;
static int timer_fd;
static uint64_t start_ms, clean_ms;
static bool begun;
static struct rr_state stored;  /* in the table */
static struct rr_state removed; /* removals of all of this are in the table */
static struct rr_state last;    /* seen in the last pass */
static uint64_t last_count;     /* of changes then */
static bool settled;            /* in that pass everything was on disk and stored */
static bool failed;             /* that pass, since the database refused */

void keeper_init(const usrloc_api_t *api)
{
	ul = api;
	start_ms = repl_now().wall_ms;
}

/* --- what is on disk ---------------------------------------------------------------- */

struct walk {
	int domain, slot;
	uint64_t oldest; /* time of the oldest change that is not; UINT64_MAX: none */
	long contacts;   /* with a stamp, that have a row */
	long unstored;   /* with a stamp, whose row is not as they are */
};

static void look_at(ucontact_t *c, struct walk *w)
{
	bool written = c->state == CS_SYNC && !(c->flags & FL_MEM);
	struct stamp s;

	if (c->expires == UL_EXPIRED_TIME || !stamp_of(c, &s))
		return; /* removed: see store_removals(); or not replicated */
	if (c->state != CS_NEW && !(c->flags & FL_MEM))
		w->contacts++;
	w->unstored += !written;
	if (!written && s.unsaved < w->oldest)
		w->oldest = s.unsaved;
}

static void look_at_record(urecord_t *r, void *ctx)
{
	struct walk *w = ctx;

	for (ucontact_t *c = r->contacts; c; c = c->next) {
		look_at(c, w);
		if (c->state == CS_NEW && !(c->flags & FL_MEM))
			rows_note(w->domain, w->slot, c);
	}
}

static struct walk walk(void)
{
	struct walk w = {.oldest = UINT64_MAX};

	rows_walk_begins(repl_now());
	for (w.domain = 0; w.domain < repl_cfg.n_domains; w.domain++) {
		udomain_t *d = repl_cfg.domains[w.domain].domain;

		for (w.slot = 0; w.slot < d->size; w.slot++)
			slots_walk(ul, d, w.slot, RECORDS, look_at_record, &w);
	}
	rows_walk_ends();
	return w;
}

/* --- removals ------------------------------------------------------------------------ */

struct batch {
	int n;
	struct rr_change change[REMOVALS];
	struct text text;
	char buf[REMOVALS * 512 + RR_KEY_MAX];
};

static bool on_removal(void *ctx, const struct rr_change *change)
{
	struct batch *b = ctx;

	if (b->n == REMOVALS || b->text.size - b->text.len < RR_KEY_MAX)
		return false;
	change_copy(&b->change[b->n++], change, &b->text);
	return true;
}

static int insert_removal(const struct rr_change *c)
{
	static str table = str_init(PERSIST_REMOVED),
		   col[] = {str_init("at_node"), str_init("domain"), str_init("aor"),
			   str_init("contact"), str_init("callid"), str_init("stamp"),
			   str_init("keep")};
	db_key_t cols[] = {&col[0], &col[1], &col[2], &col[3], &col[4], &col[5], &col[6]};
	struct stamp s = {c->stamp, c->expires, c->keep, 0};
	str aor = str_of(c->key.aor), contact = str_of(c->key.contact),
	    callid = str_of(c->key.callid), stamp;
	char buf[STAMP_MAX], nothing[] = "";
	db_val_t vals[7];

	if (!callid.len)
		callid.s = nothing;
	stamp = (str){buf, stamp_write(&s, buf)};
	vals[0] = sql_int(repl_cfg.node_id);
	vals[1] = sql_str(&repl_cfg.domains[c->key.domain].name);
	vals[2] = sql_str(&aor);
	vals[3] = sql_str(&contact);
	vals[4] = sql_str(&callid);
	vals[5] = sql_str(&stamp);
	vals[6] = sql_int(c->keep);
	return sql_insert(&table, cols, vals, 7);
}

/* Those of one piece of a stream. */
static int store_piece(struct rr_stream_id stream, struct rr_span span)
{
	static struct batch b;
	bool more = true;

	while (more) {
		b.n = 0;
		b.text = (struct text){b.buf, 0, sizeof(b.buf), false};
		more = rr_removals(engine_lock(), stream, &span, CHANGES, on_removal, &b);
		engine_unlock();
		for (int i = 0; i < b.n; i++)
			if (insert_removal(&b.change[i]) < 0)
				return -1;
	}
	return 0;
}

static int store_removals(const struct rr_state *now)
{
	struct rr_span gap;

	for (uint32_t i = 0; i < now->n; i++) {
		const struct rr_vector_item *v = &now->vector[i];
		struct rr_cover have = *rr_state_cover(&removed, v->stream);

		while (rr_cover_gap(&have, &v->cover, 0, &gap)) {
			if (store_piece(v->stream, gap) < 0)
				return -1;
			if (!rr_cover_add(&have, gap))
				break; /* the last piece of many: it comes again */
		}
	}
	removed = *now;
	return 0;
}

/* Nobody can bring those back any more. */
static void clean_removals(void)
{
	static str table = str_init(PERSIST_REMOVED), col_node = str_init("at_node"),
		   col_keep = str_init("keep");
	struct rr_now now = repl_now();
	db_key_t keys[] = {&col_node, &col_keep};
	db_val_t vals[] = {sql_int(repl_cfg.node_id), sql_int(now.wall_ms / 1000)};

	if (now.mono_ms < clean_ms)
		return;
	clean_ms = now.mono_ms + CLEAN_MS;
	sql_delete_below(&table, keys, vals);
}

/* --- the vector ----------------------------------------------------------------------- */

static int store_vector(const struct rr_state *state, long contacts)
{
	static str table = str_init(PERSIST_VECTOR), col_node = str_init("at_node"),
		   col_state = str_init("state"), col_contacts = str_init("contacts");
	static char buf[RR_STATE_MAX];
	db_key_t cols[] = {&col_node, &col_state, &col_contacts};
	int len = rr_state_encode(state, buf, sizeof(buf));
	str text = {buf, len};
	db_val_t vals[3];

	if (len < 0) {
		LM_ERR("the vector cannot be written: %s\n", rr_wire_strerror(len));
		return -1;
	}
	vals[0] = sql_int(repl_cfg.node_id);
	vals[1] = sql_str(&text);
	vals[2] = sql_int(contacts);
	if (sql_put(&table, cols, vals, 1, 3) < 0)
		return -1;
	persisted.there = true;
	persisted.contacts = contacts;
	stored = *state;
	return 0;
}

static bool same_vector(const struct rr_state *a, const struct rr_state *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!rr_same_stream(a->vector[i].stream, b->vector[i].stream) ||
			!rr_cover_equal(&a->vector[i].cover, &b->vector[i].cover))
			return false;
	return true;
}

static bool far_apart(int64_t a, int64_t b)
{
	return a - b > 8 || b - a > 8;
}

/*
 * At the very first start contacts without a stamp are taken over. Until their rows have one there
 * is no vector: else, after a crash, they would count as not to be replicated.
 */
static bool too_early(const struct walk *w)
{
	return !persisted.there && w->oldest < rr_hlc(start_ms);
}

static int pass(const struct rr_state *state, const struct walk *w)
{
	static struct rr_state now, vector;

	rr_state(engine_lock(), &now);
	engine_unlock();
	if (store_removals(&now) < 0)
		return -1;
	if (too_early(w))
		return 0;
	vector = *state;
	if (w->oldest != UINT64_MAX)
		rr_state_cut(&vector, w->oldest);
	rr_state_merge(&vector, &stored);
	if (same_vector(&vector, &stored) && !far_apart(w->contacts, persisted.contacts) &&
		persisted.there)
		return 0;
	return store_vector(&vector, w->contacts);
}

/* --- the process ----------------------------------------------------------------------- */

/* What was not trusted claims too much: away with it before anything else. */
static int begin(void)
{
	static const struct rr_state nothing;

	begun = true;
	if (persist_trusted()) {
		stored = removed = persisted.vector;
		return 0;
	}
	if (!persisted.there)
		return 0;
	stored = nothing;
	stored.node = repl_cfg.node_id;
	stored.epoch = repl_epoch();
	begun = store_vector(&stored, 0) == 0;
	return begun ? 0 : -1;
}

static void warn_if_late(const struct walk *w)
{
	uint64_t now = repl_now().wall_ms, then = rr_hlc_ms(w->oldest);

	if (w->oldest != UINT64_MAX && then + LATE_MS < now)
		WARN_SELDOM("usrloc has not stored a contact that was changed %llu s ago: what is "
			    "kept for a restart stands still",
			(unsigned long long)((now - then) / 1000));
}

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* OpenSIPS's locks spin: a walk that met one which usrloc held while it wrote to a slow database
 * took long, and had little to do. */
static uint64_t pause_after(uint64_t walk_ms)
{
	uint64_t pause = walk_ms * SHARE;

	return pause < INTERVAL ? INTERVAL : pause > LONGEST ? LONGEST : pause;
}

/* Returns ms until the next turn. */
static uint64_t turn(void)
{
	static struct rr_state state;
	uint64_t began = cpu_ms(), took, count;
	struct rr_engine *e;
	struct walk w;

	if (!state_ready())
		return INTERVAL / 10;
	if (!begun && begin() < 0)
		return INTERVAL;
	clean_removals();
	e = engine_lock();
	rr_state(e, &state);
	count = persist_count(e);
	engine_unlock();
	failed = missed_store() < 0;
	if (!failed && settled && count == last_count && same_vector(&state, &last) &&
		!far_apart((int64_t)state.bindings, (int64_t)last.bindings))
		return INTERVAL;
	last = state;
	last_count = count;
	w = walk();
	persist_set_unstored(w.unstored);
	took = cpu_ms() - began;
	failed |= pass(&state, &w) < 0;
	failed = failed || rows_ask(repl_now()) < 0;
	settled = !failed && w.oldest == UINT64_MAX && same_vector(&state, &stored);
	persist_set_state(settled ? PERSIST_STORED : PERSIST_BEHIND, count);
	warn_if_late(&w);
	return pause_after(took);
}

static int on_timer(int fd, void *param, int was_timeout)
{
	struct itimerspec t = {0};
	uint64_t n;

	(void)param;
	(void)was_timeout;
	if (read(fd, &n, sizeof(n)) < 0)
		LM_DBG("woken for nothing\n");
	n = turn();
	t.it_value.tv_sec = n / 1000;
	t.it_value.tv_nsec = n % 1000 * 1000000;
	if (timerfd_settime(timer_fd, 0, &t, NULL) < 0)
		LM_ERR("cannot set timer: %s\n", strerror(errno));
	return 0;
}

void keeper(int rank)
{
	struct itimerspec soon = {.it_value = {0, 1}};

	(void)rank;
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer_fd < 0 || reactor_proc_init((char *)"reg_replicate keeper") < 0 ||
		reactor_proc_add_fd(timer_fd, on_timer, NULL) < 0 ||
		timerfd_settime(timer_fd, 0, &soon, NULL) < 0) {
		LM_CRIT("cannot start the process that stores\n");
		return;
	}
	reactor_proc_loop();
}
