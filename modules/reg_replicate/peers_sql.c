/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See peers_sql.h. */
#include <string.h>

#include "peers_sql.h"
#include "params.h"
#include "peer_line.h"
#include "sql.h"
#include "state.h"
#include "../../dprint.h"

#define TABLE_VERSION 1

static str at_node = str_init("at_node"), node_id = str_init("node_id"), uri = str_init("uri");
static str kind = str_init("kind"), resync = str_init("resync"), enabled = str_init("enabled");

/* As they are read and written; the first two are the key. */
static db_key_t columns[] = {&at_node, &node_id, &uri, &kind, &resync, &enabled};
#define COLUMNS 6
#define KEYS    2

int peers_sql_init(void)
{
	if (!sql_enabled())
		return 0;
	return sql_check_table(&repl_cfg.peers_table, TABLE_VERSION);
}

/* --- reading ---------------------------------------------------------------------- */

static int read_row(struct repl_peer *peer, const db_val_t *v, struct text *wrong)
{
	char buf[1024];
	struct text line = {buf, 0, sizeof(buf), false};
	str texts[3] = {sql_get_str(v + 2), sql_get_str(v + 3), sql_get_str(v + 4)}, whole;
	int id = sql_get_int(v + 1);

	text_fmt(wrong, "row node_id=%d of table %.*s: ", id, repl_cfg.peers_table.len,
		repl_cfg.peers_table.s);
	peer_line_write(&line, id, &texts[0], &texts[1], &texts[2]);
	whole = (str){line.s, line.len};
	if (line.full) {
		text_fmt(wrong, "it is too long for a peer");
		return -1;
	}
	if (peer_line_read(peer, &whole, wrong) < 0)
		return -1;
	wrong->len = 0;
	peer->disabled = sql_get_int(v + 5) == 0;
	peer->source = REPL_FROM_SQL;
	return 0;
}

/* Puts it in the place of the one with its id, or behind the last. */
static int overlay(struct repl_peer *list, int *n, const struct repl_peer *peer, struct text *wrong)
{
	int i = 0;

	while (i < *n && list[i].id != peer->id)
		i++;
	if (i == REPL_MAX_PEERS) {
		text_fmt(wrong, "there are more than %d peers", REPL_MAX_PEERS);
		return -1;
	}
	peer_copy(&list[i], peer);
	*n += i == *n;
	return 0;
}

static int read_rows(struct repl_peer *list, int n, struct text *wrong)
{
	db_val_t me = sql_int(repl_cfg.node_id);
	struct repl_peer peer;
	db_res_t *res;

	if (sql_select(&repl_cfg.peers_table, &at_node, &me, columns, COLUMNS, &res) < 0) {
		text_fmt(wrong, "the database does not answer");
		return -1;
	}
	for (int i = 0; i < RES_ROW_N(res) && n >= 0; i++) {
		const db_val_t *v = ROW_VALUES(RES_ROWS(res) + i);

		if (read_row(&peer, v, wrong) < 0 || overlay(list, &n, &peer, wrong) < 0)
			n = -1;
	}
	sql_free(res);
	return n;
}

int peers_sql_wanted(struct repl_peer *list, struct text *wrong)
{
	int n = repl_cfg.n_peers;

	for (int i = 0; i < n; i++)
		peer_copy(&list[i], &repl_cfg.peers[i]);
	return sql_enabled() ? read_rows(list, n, wrong) : n;
}

/* --- writing ---------------------------------------------------------------------- */

int peers_sql_put(const struct repl_peer *p)
{
	str words[2] = {{(char *)peer_kind(p), strlen(peer_kind(p))},
		{(char *)peer_resync(p), strlen(peer_resync(p))}};
	db_val_t values[COLUMNS] = {sql_int(repl_cfg.node_id), sql_int(p->id), sql_str(&p->uri),
		sql_str(&words[0]), sql_str(&words[1]), sql_int(!p->disabled)};

	if (!sql_enabled())
		return 0;
	return sql_put(&repl_cfg.peers_table, columns, values, KEYS, COLUMNS);
}

int peers_sql_delete(int id)
{
	db_val_t values[KEYS] = {sql_int(repl_cfg.node_id), sql_int(id)};

	return sql_enabled() ? sql_delete(&repl_cfg.peers_table, columns, values, KEYS) : 0;
}

/* --- reading again ------------------------------------------------------------------ */

/* Does the engine know them as the same? What else there is can be changed in place. */
static bool same(const struct repl_peer *a, const struct repl_peer *b)
{
	return a->id == b->id && str_match(&a->uri, &b->uri) && a->plain == b->plain &&
	       a->resync_full == b->resync_full;
}

static bool wanted(const struct repl_peer *p, const struct repl_peer *list, int n)
{
	for (int i = 0; i < n; i++)
		if (same(p, &list[i]))
			return true;
	return false;
}

static void remove_others(const struct repl_peer *list, int n, struct peers_reloaded *done)
{
	for (int i = 0; i < peers_places(); i++) {
		const struct repl_peer *p = peer_at(i);

		if (p && !wanted(p, list, n) && peers_remove(p->id) == 0)
			done->removed++;
	}
}

static int put(const struct repl_peer *p, struct peers_reloaded *done, struct text *wrong)
{
	const struct repl_peer *now = peer_by_id(p->id);
	int rc;

	if (now && same(now, p)) {
		done->changed += now->disabled != p->disabled;
		return peers_update(p);
	}
	rc = peers_add(p);
	if (rc != 0) {
		text_fmt(wrong, "cannot add peer %d: %s", p->id, rr_strerror(rc));
		return -1;
	}
	/* the one of its id that has just been removed was another one */
	done->added += now == NULL;
	done->changed += now != NULL;
	done->removed -= now != NULL;
	return 0;
}

int peers_sql_reload(struct peers_reloaded *done, struct text *wrong)
{
	static struct repl_peer list[REPL_MAX_PEERS];
	int n = peers_sql_wanted(list, wrong);

	memset(done, 0, sizeof(*done));
	if (n > peers_places()) {
		text_fmt(wrong, "max_peers is %d, and there are %d peers", peers_places(), n);
		return -1;
	}
	if (n < 0)
		return -1;
	remove_others(list, n, done);
	for (int i = 0; i < n; i++)
		if (put(&list[i], done, wrong) < 0)
			return -1;
	return 0;
}
