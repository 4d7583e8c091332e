/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DB_MYSQL_H
#define DB_MYSQL_H

#include "../../db/db.h"

extern int db_mysql_timeout_interval; /* seconds to connect, to write, to wait for an answer */
extern int max_db_retries;            /* attempts to connect */
extern int max_db_queries;            /* attempts at a query whose connection breaks */

db_con_t *db_mysql_init(const str *url);
void db_mysql_close(db_con_t *h);
int db_mysql_last_inserted_id(const db_con_t *h);
int db_mysql_bind_api(const str *mod, db_func_t *dbb);

#endif
