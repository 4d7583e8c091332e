/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include "../../db/db.h"

extern int db_sqlite_busy_timeout; /* ms that a query waits for a lock; 0 and less: not at all */

/* "journal_mode=wal": a PRAGMA for every connection to come. 0, or -1: too many. */
int db_sqlite_add_pragma(const char *pragma);

db_con_t *db_sqlite_init(const str *url);
void db_sqlite_close(db_con_t *h);
int db_sqlite_last_inserted_id(const db_con_t *h);
int db_sqlite_bind_api(const str *mod, db_func_t *dbb);

#endif
