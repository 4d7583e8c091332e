/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usrloc's table in SQL: one row for each contact, found by its contact id.
 *
 *   nothing        contacts are in memory only
 *   write-through  who changes a contact writes its row at once, under the slot lock; what
 *                  could not be written is written by the timer
 *   write-back     the timer writes rows; a phone's request never waits for SQL (ul_flush.h)
 *
 * Where a contact is: CS_NEW has no row, CS_DIRTY has an older one, CS_SYNC is as its row. A
 * contact that was removed while it has a row stays in its list in write-back, forced to expire,
 * until the timer comes. A row that could not be deleted then stays, as in OpenSIPS. What was saved
 * with memory-only counts as written and never is, as in OpenSIPS.
 *
 * Only processes that have run child_init have a connection. In others writing fails.
 */
#ifndef UL_DB_H
#define UL_DB_H

#include "../../db/db.h"
#include "ucontact.h"
#include "udomain.h"

enum ul_sql_write_mode {
	SQL_NO_WRITE,
	SQL_WRITE_THROUGH,
	SQL_WRITE_BACK
};

extern enum ul_sql_write_mode sql_wmode;
extern str ul_db_url;

enum ul_row_op {
	UL_ROW_INSERT,
	UL_ROW_UPDATE,
	UL_ROW_DELETE
};

/* Columns of a row; the contact id is the first. */
#define UL_COLUMNS(X)                                                                              \
	X(CONTACT_ID, "contact_id")                                                                \
	X(USERNAME, "username")                                                                    \
	X(DOMAIN, "domain")                                                                        \
	X(CONTACT, "contact")                                                                      \
	X(RECEIVED, "received")                                                                    \
	X(PATH, "path")                                                                            \
	X(EXPIRES, "expires")                                                                      \
	X(Q, "q")                                                                                  \
	X(CALLID, "callid")                                                                        \
	X(CSEQ, "cseq")                                                                            \
	X(LAST_MODIFIED, "last_modified")                                                          \
	X(FLAGS, "flags")                                                                          \
	X(CFLAGS, "cflags")                                                                        \
	X(USER_AGENT, "user_agent")                                                                \
	X(SOCKET, "socket")                                                                        \
	X(METHODS, "methods")                                                                      \
	X(SIP_INSTANCE, "sip_instance")                                                            \
	X(KV_STORE, "kv_store")                                                                    \
	X(ATTR, "attr")
#define UL_COLUMN_ENUM(id, name) UL_COL_##id,
enum ul_column {
	UL_COLUMNS(UL_COLUMN_ENUM) UL_COLUMN_NO
};

/* Values of a row. They point into the contact, and to kv, which is freed by ul_row_done(). */
struct ul_row {
	db_val_t val[UL_COLUMN_NO];
	char *kv;
};

/* Before forking: finds the driver. 0 or -1. */
int ul_db_bind(void);
/* Before forking: is the domain's table there, and of the right version? 0 or -1. */
int ul_db_check_table(const str *table);
/* This process's connection. 0 or -1. */
int ul_db_open(void);
void ul_db_close(void);
/* Is there a connection, and does it answer? */
int ul_db_answers(const str *table);

/* The caller holds the slot lock. 0, or -1 without memory. */
int ul_row_of(struct ul_row *row, const ucontact_t *c);
void ul_row_done(struct ul_row *row);
/* For UL_ROW_DELETE only the contact id is needed. 0 or -1 (logged). Blocks. */
int ul_write_row(const str *table, enum ul_row_op op, const db_val_t *val);

/* Deletes the rows of an AoR; of all with NULL. 0 or -1 (logged). Blocks. */
int ul_delete_rows(const str *table, const str *aor);

/* Has the contact a row that must go with it? */
int ul_has_row(const ucontact_t *c);
/* What a contact's change means for its row: called with the slot lock after the callbacks. */
void ul_row_changed(ucontact_t *c);
/* The same for its end. 1: it is to be kept until its row is gone; 0: nothing keeps it. */
int ul_row_ended(ucontact_t *c);

/*
 * Puts a domain's rows into memory as contacts, no callback being run, and nothing being
 * looked for that is there already. By a process with a connection. 0 or -1 (logged).
 */
int ul_load(udomain_t *d);

/* For ul_load: f for each row, its results added up in *rows. 0 or -1. */
int ul_db_each_row(
	const str *table, int (*f)(udomain_t *d, const db_val_t *val), udomain_t *d, int *rows);

#endif
