/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers in SQL: table peers_table, in which each node has rows of its own (at_node is its id), so
 * that all nodes can use one database. They are read at the start and by repl_reload, and written
 * by the commands that change the list. Without db_url there is none of it.
 */
#ifndef REG_REPLICATE_PEERS_SQL_H
#define REG_REPLICATE_PEERS_SQL_H

#include "peers.h"
#include "text.h"

/*
 * The peers that there are to be: those of the parameters and those of SQL; of one that is in both,
 * what SQL says. Returns how many, or -1 and in `wrong` why; an error of the database
 * itself is logged. `list` has room for REPL_MAX_PEERS.
 */
int peers_sql_wanted(struct repl_peer *list, struct text *wrong);

/* Is everything there that is needed? In mod_init. 0, or -1 after an error line. */
int peers_sql_init(void);

/* Keeps a peer as it is to be from now on, or forgets it. 0 (also without db_url), or -1. */
int peers_sql_put(const struct repl_peer *peer);
int peers_sql_delete(int id);

/* Makes the list as a start would make it now. Returns 0, or -1 and `wrong`: nothing has changed.
 */
struct peers_reloaded {
	int added, removed, changed;
};
int peers_sql_reload(struct peers_reloaded *done, struct text *wrong);

#endif
