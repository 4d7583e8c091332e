/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of peers changed at run time. Each command first asks whatever it needs (the address
 * of a host, SQL), and only then changes the list, at once for all processes; so when something
 * fails nothing has changed.
 */
#include "mi_peers.h"
#include "mi_add.h"
#include "peer_line.h"
#include "peers_sql.h"
#include "sql.h"

static mi_response_t *wrong_line(const struct text *wrong)
{
	return init_mi_error(400, wrong->s, wrong->len);
}

static mi_response_t *busy(void)
{
	return init_mi_error(409, MI_SSTR("The list of peers is being changed by another command"));
}

static mi_response_t *sql_failed(void)
{
	return init_mi_error(500, MI_SSTR("The database did not take it, nothing has changed"));
}

/* Where a peer is kept that a command has made what it is. */
static enum repl_source kept_in(void)
{
	return sql_enabled() ? REPL_FROM_SQL : REPL_FROM_MI;
}

static mi_response_t *result(int rc)
{
	switch (rc) {
	case 0:
		return init_mi_result_ok();
	case RR_ENOENT:
		return init_mi_error(404, MI_SSTR("No such peer"));
	case RR_EEXIST:
		return init_mi_error(409, MI_SSTR("There is a peer with this node_id"));
	case RR_EFULL:
		return init_mi_error(409, MI_SSTR("There are max_peers peers already, with more "
						  "the node has to be started again"));
	default:
		return init_mi_error(500, MI_SSTR("Out of memory"));
	}
}

/* --- repl_peer_add ------------------------------------------------------------------ */

static void get_str(const mi_params_t *params, const char *name, str *value)
{
	if (try_get_mi_string_param(params, (char *)name, &value->s, &value->len) < 0)
		*value = (str){NULL, 0};
}

/* The line of a new peer: as a whole, or put together of what was given one by one. */
static mi_response_t *get_line(const mi_params_t *params, struct text *line)
{
	str whole, uri, kind, resync;
	int id;

	get_str(params, "peer", &whole);
	if (whole.s) {
		text_str(line, &whole);
		return NULL;
	}
	if (get_mi_int_param(params, "node_id", &id) < 0)
		return init_mi_param_error();
	get_str(params, "uri", &uri);
	get_str(params, "kind", &kind);
	get_str(params, "resync", &resync);
	peer_line_write(line, id, &uri, &kind, &resync);
	return NULL;
}

static mi_response_t *add(struct repl_peer *peer)
{
	int rc;

	if (peer_by_id(peer->id))
		return result(RR_EEXIST);
	if (peers_count() == peers_places())
		return result(RR_EFULL);
	peer->source = kept_in();
	if (peers_sql_put(peer) < 0)
		return sql_failed();
	rc = peers_add(peer);
	if (rc == 0)
		LM_NOTICE("peer %d (%s) is added\n", peer->id, peer->uri.s);
	else if (peers_sql_delete(peer->id) < 0)
		LM_ERR("peer %d is in SQL but was not added, the next start will\n", peer->id);
	return result(rc);
}

mi_response_t *mi_peer_add(const mi_params_t *params, struct mi_handler *async)
{
	static char line_buf[1024], wrong_buf[1400];
	struct text line = {line_buf, 0, sizeof(line_buf), false};
	struct text wrong = {wrong_buf, 0, sizeof(wrong_buf), false};
	struct repl_peer peer;
	mi_response_t *error = get_line(params, &line);
	str whole = {line.s, line.len};

	(void)async;
	if (error)
		return error;
	if (line.full)
		return init_mi_error(400, MI_SSTR("This is too long for a peer"));
	if (peer_line_read(&peer, &whole, &wrong) < 0)
		return wrong_line(&wrong);
	if (!peers_change_begin())
		return busy();
	peers_refresh();
	error = add(&peer);
	peers_change_end();
	return error;
}

/* --- the others --------------------------------------------------------------------- */

/* What a command does to the peer that parameter `peer` names. */
static mi_response_t *change(
	const mi_params_t *params, mi_response_t *(*how)(const struct repl_peer *peer))
{
	const struct repl_peer *peer;
	mi_response_t *answer;

	if (!peers_change_begin())
		return busy();
	peer = peer_param(params, &answer);
	if (peer)
		answer = how(peer);
	peers_change_end();
	return answer;
}

static bool in_parameters(int id)
{
	for (int i = 0; i < repl_cfg.n_peers; i++)
		if (repl_cfg.peers[i].id == id)
			return true;
	return false;
}

static mi_response_t *remove_peer(const struct repl_peer *peer)
{
	if (peers_sql_delete(peer->id) < 0)
		return sql_failed();
	LM_NOTICE("peer %d (%s) is removed%s\n", peer->id, peer->uri.s,
		in_parameters(peer->id) ? "; it comes back at the next start, if it is not taken "
					  "out of the configuration too"
					: "");
	return result(peers_remove(peer->id));
}

static mi_response_t *enable(const struct repl_peer *peer, bool on)
{
	struct repl_peer as;

	if (peer->disabled != on)
		return result(0);
	peer_copy(&as, peer);
	as.disabled = !on;
	if (sql_enabled())
		as.source = REPL_FROM_SQL;
	if (peers_sql_put(&as) < 0)
		return sql_failed();
	LM_NOTICE("peer %d (%s) is %s\n", as.id, as.uri.s, on ? "enabled" : "disabled");
	return result(peers_update(&as));
}

static mi_response_t *enable_peer(const struct repl_peer *peer)
{
	return enable(peer, true);
}

static mi_response_t *disable_peer(const struct repl_peer *peer)
{
	return enable(peer, false);
}

mi_response_t *mi_peer_remove(const mi_params_t *params, struct mi_handler *async)
{
	(void)async;
	return change(params, remove_peer);
}

mi_response_t *mi_peer_enable(const mi_params_t *params, struct mi_handler *async)
{
	(void)async;
	return change(params, enable_peer);
}

mi_response_t *mi_peer_disable(const mi_params_t *params, struct mi_handler *async)
{
	(void)async;
	return change(params, disable_peer);
}

/* --- repl_reload -------------------------------------------------------------------- */

static mi_response_t *reload(void)
{
	static char buf[1400];
	struct text wrong = {buf, 0, sizeof(buf), false};
	struct peers_reloaded done;
	mi_response_t *resp;
	mi_item_t *obj;

	peers_refresh();
	if (peers_sql_reload(&done, &wrong) < 0)
		return init_mi_error(500, wrong.s, wrong.len);
	LM_NOTICE("peers read again: %d added, %d removed, %d changed\n", done.added, done.removed,
		done.changed);
	resp = init_mi_result_object(&obj);
	if (resp && (add_num(obj, "added", done.added) < 0 ||
			    add_num(obj, "removed", done.removed) < 0 ||
			    add_num(obj, "changed", done.changed) < 0)) {
		free_mi_response(resp);
		resp = NULL;
	}
	return resp;
}

mi_response_t *mi_reload(const mi_params_t *params, struct mi_handler *async)
{
	mi_response_t *answer;

	(void)params;
	(void)async;
	if (!sql_enabled())
		return init_mi_error(400, MI_SSTR("db_url is not set, there is nothing to read"));
	if (!peers_change_begin())
		return busy();
	answer = reload();
	peers_change_end();
	return answer;
}
