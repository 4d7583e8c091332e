/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management commands. What the engine knows is copied out under its lock; the answer
 * is built afterwards, so that a slow reader holds up nobody.
 */
#include <string.h>

#include "mi.h"
#include "lock_times.h"
#include "mi_add.h"
#include "mi_peers.h"
#include "natping.h"
#include "persist.h"
#include "peer_line.h"
#include "../../mem/mem.h"

#define MISSED_MAX  10000
#define MISSED_PAGE 100 /* looked at under one lock */

/* --- repl_status ------------------------------------------------------------------- */

static int add_vector(mi_item_t *to, const char *name, const struct rr_state *state)
{
	mi_item_t *array = add_mi_array(to, (char *)name, strlen(name)), *item;

	if (!array)
		return -1;
	for (uint32_t i = 0; i < state->n; i++) {
		const struct rr_vector_item *v = &state->vector[i];

		item = add_mi_object(array, NULL, 0);
		if (!item || add_num(item, "node", v->stream.node) < 0 ||
			add_num(item, "epoch", v->stream.epoch) < 0 ||
			add_mi_string_fmt(item, MI_SSTR("watermark"), "%llx",
				(unsigned long long)v->cover.watermark) < 0 ||
			add_num(item, "early", v->cover.n) < 0)
			return -1;
	}
	return 0;
}

static int add_role(mi_item_t *to, enum rr_role role)
{
	const char *name = rr_role_name(role);

	return add_str(to, "role", name, strlen(name));
}

static int add_status(
	mi_item_t *obj, const struct rr_status *s, struct rr_now now, const struct rr_state *state)
{
	const struct number numbers[] = {
		{"node", s->node},
		{"epoch", s->epoch},
		{"uptime",
			(now.wall_ms - s->epoch) / 1000}, /* the epoch is the time of the start */
		{"bindings", s->bindings},
		{"tombstones", s->tombstones},
		{"peers_up", s->peers_up},
		{"peers_down", s->peers - s->peers_up},
		{"missed", s->missed},
		{"max_lag_ms", s->max_lag_ms},
		{"memory", s->memory},
		{NULL, 0},
	};

	const char *kept = persist_state_name(persist_state());

	return add_numbers(obj, numbers) < 0 || add_role(obj, s->role) < 0 ||
			       add_str(obj, "state", kept, strlen(kept)) < 0 ||
			       add_mi_bool(obj, MI_SSTR("in_sync"), s->in_sync) < 0 ||
			       add_hex(obj, "digest", s->digest) < 0 ||
			       add_vector(obj, "vector", state) < 0
		       ? -1
		       : 0;
}

static mi_response_t *mi_status(const mi_params_t *params, struct mi_handler *async)
{
	static struct rr_state state;
	struct rr_now now = repl_now();
	struct rr_engine *e;
	struct rr_status s;
	mi_response_t *resp;
	mi_item_t *obj;

	(void)params;
	(void)async;
	e = engine_lock();
	rr_status(e, now, &s);
	rr_state(e, &state);
	engine_unlock();

	resp = init_mi_result_object(&obj);
	if (resp && add_status(obj, &s, now, &state) < 0) {
		free_mi_response(resp);
		resp = NULL;
	}
	return resp;
}

/* --- repl_peers -------------------------------------------------------------------- */

/* The words that go with the code of the last failure. */
static const char *failure_text(int code)
{
	if (code == 0)
		return "";
	if (code == 408)
		return "no answer";
	if (code == 503)
		return "not ready";
	return code >= 500 ? "failed" : "refused";
}

static int add_peer(mi_item_t *array, const struct repl_peer *p, const struct rr_peer_info *info,
	const struct rr_state *vector)
{
	const char *state = rr_peer_state_name(info->state);
	const char *error = failure_text(info->last_code), *kind = peer_kind(p);
	const char *source = repl_source_name(p->source);
	mi_item_t *item = add_mi_object(array, NULL, 0);
	const struct number numbers[] = {
		{"since", info->since / 1000},
		{"rtt_ms", info->rtt_ms},
		{"clock_ms", info->clock_ms},
		{"bindings", info->bindings},
		{"missed", info->missed},
		{"lag_ms", info->lag_ms},
		{"in_flight", info->in_flight},
		{"sent", info->sent},
		{"acked", info->acked},
		{"failed", info->failed},
		{"rejected", info->rejected},
		{"last_code", info->last_code},
		{NULL, 0},
	};

	if (!item || add_num(item, "node_id", p->id) < 0 ||
		add_str(item, "uri", p->uri.s, p->uri.len) < 0 ||
		add_str(item, "kind", kind, strlen(kind)) < 0 ||
		add_str(item, "source", source, strlen(source)) < 0 ||
		add_str(item, "state", state, strlen(state)) < 0 ||
		add_role(item, info->role) < 0 || add_numbers(item, numbers) < 0 ||
		add_str(item, "last_error", error, strlen(error)) < 0)
		return -1;
	return p->plain ? 0 : add_vector(item, "watermark", vector);
}

static mi_response_t *mi_peers(const mi_params_t *params, struct mi_handler *async)
{
	static struct rr_state vector;
	mi_response_t *resp;
	mi_item_t *array;

	(void)params;
	(void)async;
	resp = init_mi_result_array(&array);
	if (!resp)
		return NULL;
	peers_refresh();
	for (int i = 0; i < peers_places(); i++) {
		const struct repl_peer *p = peer_at(i);
		struct rr_peer_info info;
		struct rr_engine *e;
		int rc;

		if (!p)
			continue;
		e = engine_lock();
		rc = rr_peer_info(e, repl_now(), p->id, &info);
		memset(&vector, 0, sizeof(vector));
		if (!p->plain)
			rr_peer_vector(e, p->id, &vector);
		engine_unlock();
		if (rc == RR_OK && add_peer(array, p, &info, &vector) < 0) {
			free_mi_response(resp);
			return NULL;
		}
	}
	return resp;
}

/* --- repl_role --------------------------------------------------------------------- */

static mi_response_t *tell_role(enum rr_role role)
{
	mi_item_t *obj;
	mi_response_t *resp = init_mi_result_object(&obj);

	if (resp && add_role(obj, role) < 0) {
		free_mi_response(resp);
		resp = NULL;
	}
	return resp;
}

static mi_response_t *mi_role(const mi_params_t *params, struct mi_handler *async)
{
	struct rr_status s;

	(void)params;
	(void)async;
	rr_status(engine_lock(), repl_now(), &s);
	engine_unlock();
	return tell_role(s.role);
}

static mi_response_t *mi_role_set(const mi_params_t *params, struct mi_handler *async)
{
	struct rr_now now = repl_now();
	enum rr_role role;
	struct rr_engine *e;
	unsigned int due;
	str name;

	(void)async;
	if (get_mi_string_param(params, "role", &name.s, &name.len) < 0)
		return init_mi_param_error();
	role = rr_role_of(rr_of(&name));
	if (role != RR_ROLE_ACTIVE && role != RR_ROLE_STANDBY)
		return init_mi_error(400, MI_SSTR("role has to be active or standby"));
	e = engine_lock();
	rr_role_set(e, now, role);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	natping_follow_role();
	LM_NOTICE("this node is %s now\n", rr_role_name(role));
	return tell_role(role);
}

/* --- repl_missed ------------------------------------------------------------------- */

/* Some of them, copied out of the engine, to be told without its lock. */
struct missed_page {
	int n;
	struct rr_missing one[MISSED_PAGE];
	struct text text;
	char buf[MISSED_PAGE * 512 + RR_KEY_MAX];
};

static bool keep_missed(void *ctx, const struct rr_missing *m)
{
	struct missed_page *page = ctx;

	if (page->n == MISSED_PAGE || page->text.size - page->text.len < RR_KEY_MAX)
		return false;
	page->one[page->n] = *m;
	change_copy(&page->one[page->n++].change, &m->change, &page->text);
	return true;
}

static int add_missed(mi_item_t *array, const struct rr_missing *m)
{
	mi_item_t *item = add_mi_object(array, NULL, 0);
	const struct rr_key *k = &m->change.key;

	return item && add_str(item, "aor", k->aor.s, k->aor.len) == 0 &&
			       add_str(item, "contact", k->contact.s, k->contact.len) == 0 &&
			       add_mi_bool(item, MI_SSTR("removed"),
				       m->change.kind == RR_REMOVED) == 0 &&
			       add_num(item, "since", m->since_ms / 1000) == 0 &&
			       add_num(item, "attempts", m->attempts) == 0 &&
			       add_num(item, "last_code", m->last_code) == 0
		       ? 0
		       : -1;
}

static int add_page(mi_item_t *array, const struct missed_page *page, int limit)
{
	for (int i = 0; i < page->n && i < limit; i++)
		if (add_missed(array, &page->one[i]) < 0)
			return -1;
	return 0;
}

static mi_response_t *tell_missed(const struct repl_peer *p, int limit)
{
	static struct missed_page page;
	struct rr_missed_at at = {0};
	mi_item_t *array;
	mi_response_t *resp = init_mi_result_array(&array);
	int rc = 0;

	for (; resp && limit > 0 && !at.end && rc >= 0; limit -= page.n) {
		page.n = 0;
		page.text = (struct text){page.buf, 0, sizeof(page.buf), false};
		rc = rr_missed(engine_lock(), p->id, &at, MISSED_PAGE, keep_missed, &page);
		engine_unlock();
		if (add_page(array, &page, limit) == 0)
			continue;
		free_mi_response(resp);
		resp = NULL;
	}
	return resp ? resp : init_mi_error(500, MI_SSTR("Out of memory, give a smaller limit"));
}

static mi_response_t *mi_missed(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *error;
	const struct repl_peer *p = peer_param(params, &error);

	(void)async;
	return p ? tell_missed(p, 100) : error;
}

static mi_response_t *mi_missed_limit(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *error;
	const struct repl_peer *p = peer_param(params, &error);
	int limit;

	(void)async;
	if (!p)
		return error;
	if (get_mi_int_param(params, "limit", &limit) < 0)
		return init_mi_param_error();
	if (limit < 1 || limit > MISSED_MAX)
		return init_mi_error(400, MI_SSTR("limit has to be 1 to 10000"));
	return tell_missed(p, limit);
}

/* --- repl_resync ------------------------------------------------------------------- */

static mi_response_t *resync(const struct repl_peer *p, bool full)
{
	struct rr_now now = repl_now();
	struct rr_engine *e = engine_lock();
	int64_t n = rr_resync(e, now, p->id, full);
	unsigned int due = senders_due(e, now);
	mi_response_t *resp;
	mi_item_t *obj;

	engine_unlock();
	wake_senders(due);
	if (n == RR_EDISABLED)
		return init_mi_error(409, MI_SSTR("This peer is disabled"));
	if (n < 0)
		return init_mi_error(500, MI_SSTR("Cannot resynchronise"));
	resp = init_mi_result_object(&obj);
	if (resp && add_num(obj, "changes", n) < 0) {
		free_mi_response(resp);
		resp = NULL;
	}
	return resp;
}

static mi_response_t *mi_resync(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *error;
	const struct repl_peer *p = peer_param(params, &error);

	(void)async;
	return p ? resync(p, false) : error;
}

static mi_response_t *mi_resync_mode(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *error;
	const struct repl_peer *p = peer_param(params, &error);
	char *mode;
	int len;

	(void)async;
	if (!p)
		return error;
	if (get_mi_string_param(params, "mode", &mode, &len) < 0)
		return init_mi_param_error();
	if (len == 4 && strncmp(mode, "full", 4) == 0)
		return resync(p, true);
	if (len == 6 && strncmp(mode, "missed", 6) == 0)
		return resync(p, false);
	return init_mi_error(400, MI_SSTR("mode has to be missed or full"));
}

/* --- repl_digest ------------------------------------------------------------------- */

static int add_root(mi_item_t *array, const struct repl_peer *p)
{
	uint64_t theirs;
	bool equal, told = rr_peer_root(engine_lock(), p->id, &theirs, &equal);
	mi_item_t *item;

	engine_unlock();
	if (!told)
		return 0;
	item = add_mi_object(array, NULL, 0);
	return item && add_num(item, "node_id", p->id) == 0 && add_hex(item, "root", theirs) == 0 &&
			       add_mi_bool(item, MI_SSTR("equal"), equal) == 0
		       ? 0
		       : -1;
}

static int add_digest(mi_item_t *obj)
{
	struct rr_status s;
	mi_item_t *array;

	rr_status(engine_lock(), repl_now(), &s);
	engine_unlock();
	if (add_hex(obj, "root", s.digest) < 0 || add_num(obj, "leaves", RR_LEAVES) < 0 ||
		add_num(obj, "repairs", s.counter[RR_C_digest_repairs]) < 0)
		return -1;
	array = add_mi_array(obj, MI_SSTR("peers"));
	if (!array)
		return -1;
	peers_refresh();
	for (int i = 0; i < peers_places(); i++)
		if (peer_at(i) && add_root(array, peer_at(i)) < 0)
			return -1;
	return 0;
}

static mi_response_t *mi_digest(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *resp;
	mi_item_t *obj;

	(void)params;
	(void)async;
	resp = init_mi_result_object(&obj);
	if (resp && add_digest(obj) < 0) {
		free_mi_response(resp);
		resp = NULL;
	}
	return resp;
}

struct leaf_list {
	struct in_leaf {
		struct in_leaf *next;
		struct rr_stamp stamp;
		bool removed;
		str aor, contact;
	} * first;
	bool no_memory;
};

static void keep_in_leaf(void *ctx, const struct rr_change *c)
{
	struct leaf_list *list = ctx;
	struct in_leaf *one = pkg_malloc(sizeof(*one) + c->key.aor.len + c->key.contact.len);

	if (!one) {
		list->no_memory = true;
		return;
	}
	*one = (struct in_leaf){.next = list->first,
		.stamp = c->stamp,
		.removed = c->kind == RR_REMOVED,
		.aor = {(char *)(one + 1), c->key.aor.len},
		.contact = {(char *)(one + 1) + c->key.aor.len, c->key.contact.len}};
	memcpy(one->aor.s, c->key.aor.s, c->key.aor.len);
	memcpy(one->contact.s, c->key.contact.s, c->key.contact.len);
	list->first = one;
}

static int add_in_leaf(mi_item_t *array, const struct in_leaf *x)
{
	mi_item_t *item = add_mi_object(array, NULL, 0);

	return item && add_str(item, "aor", x->aor.s, x->aor.len) == 0 &&
			       add_str(item, "contact", x->contact.s, x->contact.len) == 0 &&
			       add_mi_bool(item, MI_SSTR("removed"), x->removed) == 0 &&
			       add_num(item, "node", x->stamp.stream.node) == 0 &&
			       add_num(item, "epoch", x->stamp.stream.epoch) == 0 &&
			       add_mi_string_fmt(item, MI_SSTR("time"), "%llx",
				       (unsigned long long)x->stamp.time) == 0
		       ? 0
		       : -1;
}

static mi_response_t *tell_leaf(unsigned int leaf, uint64_t digest, const struct in_leaf *x)
{
	mi_item_t *obj, *array;
	mi_response_t *resp = init_mi_result_object(&obj);

	if (!resp)
		return NULL;
	array = NULL;
	if (add_num(obj, "leaf", leaf) == 0 && add_hex(obj, "digest", digest) == 0)
		array = add_mi_array(obj, MI_SSTR("bindings"));
	while (array && x && add_in_leaf(array, x) == 0)
		x = x->next;
	if (array && !x)
		return resp;
	free_mi_response(resp);
	return NULL;
}

static mi_response_t *mi_digest_leaf(const mi_params_t *params, struct mi_handler *async)
{
	struct leaf_list list = {NULL, false};
	struct in_leaf *x;
	mi_response_t *resp = NULL;
	uint64_t digest;
	int leaf, rc;

	(void)async;
	if (get_mi_int_param(params, "leaf", &leaf) < 0)
		return init_mi_param_error();
	rc = rr_leaf(engine_lock(), (uint32_t)leaf, MISSED_MAX, &digest, keep_in_leaf, &list);
	engine_unlock();
	if (rc != RR_OK)
		return init_mi_error(400, MI_SSTR("leaf has to be 0 to 4095"));
	if (!list.no_memory)
		resp = tell_leaf(leaf, digest, list.first);
	while ((x = list.first)) {
		list.first = x->next;
		pkg_free(x);
	}
	return resp ? resp : init_mi_error(500, MI_SSTR("Out of memory"));
}

const mi_export_t repl_mi_cmds[] = {
	{"repl_status", "state of this node", 0, 0, {{mi_status, {0}}, {EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_peers", "state of every peer", 0, 0, {{mi_peers, {0}}, {EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_missed", "bindings that a peer lacks", 0, 0,
		{{mi_missed, {"peer", 0}}, {mi_missed_limit, {"peer", "limit", 0}},
			{EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_resync", "send a peer at once what it lacks", 0, 0,
		{{mi_resync, {"peer", 0}}, {mi_resync_mode, {"peer", "mode", 0}},
			{EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_digest", "digest of all bindings, or what is in a leaf of it", 0, 0,
		{{mi_digest, {0}}, {mi_digest_leaf, {"leaf", 0}}, {EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_role", "tells or sets what this node is for", 0, 0,
		{{mi_role, {0}}, {mi_role_set, {"role", 0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
	{"repl_peer_add", "a new peer, from now on", 0, 0,
		{{mi_peer_add, {"peer", 0}}, {mi_peer_add, {"node_id", "uri", 0}},
			{mi_peer_add, {"node_id", "uri", "kind", 0}},
			{mi_peer_add, {"node_id", "uri", "kind", "resync", 0}}, {EMPTY_MI_RECIPE}},
		MI_NO_ALIASES},
	{"repl_reload", "makes the list of peers as a start would make it now", 0, 0,
		{{mi_reload, {0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
	{"repl_peer_remove", "a peer is no peer any more", 0, 0,
		{{mi_peer_remove, {"peer", 0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
	{"repl_peer_enable", "a disabled peer gets what it missed", 0, 0,
		{{mi_peer_enable, {"peer", 0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
	{"repl_peer_disable", "nothing is sent to a peer, what it misses is counted", 0, 0,
		{{mi_peer_disable, {"peer", 0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
#ifdef LOCK_TIMES
	{"repl_lock_times", "how long locks were held since it was asked last", 0, 0,
		{{mi_lock_times, {0}}, {EMPTY_MI_RECIPE}}, MI_NO_ALIASES},
#endif
	{EMPTY_MI_EXPORT},
};
