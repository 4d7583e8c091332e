/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See missed.h. */
#include <string.h>

#include "missed.h"
#include "peers.h"
#include "params.h"
#include "sql.h"
#include "state.h"
#include "engine/wire.h"
#include "../../dprint.h"
#include "../../hash_func.h"
#include "../../mem/mem.h"
#include "../../ut.h"

#define TABLE_VERSION 1
#define ROWS          REPL_MAX_PEERS

static str at_node = str_init("at_node"), node_id = str_init("node_id"), uri = str_init("uri");
static str state_col = str_init("state");

/* A row of the table as far as this process has seen it. */
static struct row {
	int id; /* 0: none */
	unsigned int hash;
	str uri, state; /* as read; private memory */
} rows[ROWS];

/* --- a restart ---------------------------------------------------------------------- */

static int keep_row(struct row *row, const db_val_t *v)
{
	str u = sql_get_str(v + 1), s = sql_get_str(v + 2);

	row->id = sql_get_int(v);
	if (pkg_nt_str_dup(&row->uri, &u) < 0 || pkg_nt_str_dup(&row->state, &s) < 0) {
		LM_ERR("no more private memory\n");
		return -1;
	}
	return 0;
}

int missed_read(void)
{
	db_key_t columns[] = {&node_id, &uri, &state_col};
	db_val_t me = sql_int(repl_cfg.node_id);
	db_res_t *res;
	int rc = 0;

	if (sql_check_table(&repl_cfg.missed_table, TABLE_VERSION) < 0 ||
		sql_select(&repl_cfg.missed_table, &at_node, &me, columns, 3, &res) < 0)
		return -1;
	for (int i = 0; i < RES_ROW_N(res) && i < ROWS && rc == 0; i++)
		rc = keep_row(&rows[i], ROW_VALUES(RES_ROWS(res) + i));
	sql_free(res);
	return rc;
}

/* Another uri is another registrar, and one that is to get everything gets everything. */
static bool goes_on(const struct repl_peer *p, const struct row *row)
{
	return p && p->plain && !p->resync_full && str_match(&p->uri, &row->uri);
}

void missed_restore(void)
{
	static struct rr_state held;

	peers_refresh();
	for (struct row *row = rows; row < rows + ROWS && row->id; row++) {
		int rc;

		if (!goes_on(peer_by_id(row->id), row))
			continue;
		rc = rr_state_parse(&held, row->state.s, row->state.len);
		if (rc != 0) {
			LM_WARN("row node_id=%d of table %.*s: %s; this peer gets everything "
				"again\n",
				row->id, repl_cfg.missed_table.len, repl_cfg.missed_table.s,
				rr_wire_strerror(rc));
			continue;
		}
		rr_restore_peer(engine_lock(), row->id, &held);
		engine_unlock();
	}
}

/* --- storing ------------------------------------------------------------------------- */

static struct row *row_of(int id)
{
	struct row *row = rows;

	while (row < rows + ROWS && row->id != id)
		row++;
	return row < rows + ROWS ? row : NULL;
}

/* Rows of peers that are none, or not of that kind, any more. */
static int clean(void)
{
	db_key_t key[] = {&at_node, &node_id};
	db_val_t values[] = {sql_int(repl_cfg.node_id), sql_int(0)};

	for (struct row *row = rows; row < rows + ROWS; row++) {
		const struct repl_peer *p = peer_by_id(row->id);

		if (!row->id || (p && p->plain && !p->resync_full))
			continue;
		values[1] = sql_int(row->id);
		if (sql_delete(&repl_cfg.missed_table, key, values, 2) < 0)
			return -1;
		row->id = 0;
	}
	return 0;
}

static int store(const struct repl_peer *p)
{
	static struct rr_state kept;
	static char buf[RR_STATE_MAX];
	db_key_t columns[] = {&at_node, &node_id, &uri, &state_col};
	struct row *row = row_of(p->id);
	db_val_t values[4];
	unsigned int hash;
	str text;
	int rc;

	rc = rr_peer_kept(engine_lock(), p->id, &kept);
	engine_unlock();
	if (rc != RR_OK || (!row && !(row = row_of(0))))
		return 0;
	text = (str){buf, rr_state_encode(&kept, buf, sizeof(buf))};
	if (text.len < 0) {
		LM_ERR("what peer %d holds cannot be written: %s\n", p->id,
			rr_wire_strerror(text.len));
		return -1;
	}
	hash = core_hash(&text, &p->uri, 1u << 31);
	if (row->id == p->id && row->hash == hash)
		return 0;
	values[0] = sql_int(repl_cfg.node_id);
	values[1] = sql_int(p->id);
	values[2] = sql_str(&p->uri);
	values[3] = sql_str(&text);
	if (sql_put(&repl_cfg.missed_table, columns, values, 2, 4) < 0)
		return -1;
	row->id = p->id;
	row->hash = hash;
	return 0;
}

int missed_store(void)
{
	peers_refresh();
	if (clean() < 0)
		return -1;
	for (int i = 0; i < peers_places(); i++) {
		const struct repl_peer *p = peer_at(i);

		if (p && p->plain && !p->resync_full && store(p) < 0)
			return -1;
	}
	return 0;
}
