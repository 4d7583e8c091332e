/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of contacts: making and writing them, and this process's connection. */
#include "ul_db.h"

#include "kv_store.h"
#include "ul_mod.h"
#include "../../flags.h"
#include "../../parser/parse_methods.h"

#define UL_TABLE_VERSION 1013
#define UL_LOAD_ROWS     500 /* at a time */

enum ul_sql_write_mode sql_wmode = SQL_NO_WRITE;
str ul_db_url;

static db_func_t dbf;
static db_con_t *con; /* NULL: this process has none */

#define UL_COLUMN_NAME(id, name) str_init(name),
static str names[] = {UL_COLUMNS(UL_COLUMN_NAME)};
static db_key_t keys[UL_COLUMN_NO];

/* --- connection -------------------------------------------------------------------------- */

int ul_db_bind(void)
{
	for (int i = 0; i < UL_COLUMN_NO; i++)
		keys[i] = &names[i];
	if (db_bind_mod(&ul_db_url, &dbf) < 0)
		return -1;
	if (!DB_CAPABILITY(dbf, DB_CAP_ALL | DB_CAP_FETCH)) {
		LM_ERR("the driver of '%s' cannot do all that usrloc needs\n",
			db_url_text(&ul_db_url));
		return -1;
	}
	return 0;
}

void ul_db_close(void)
{
	if (con)
		dbf.close(con);
	con = NULL;
}

int ul_db_open(void)
{
	ul_db_close();
	con = dbf.init(&ul_db_url);
	if (!con)
		LM_ERR("no connection to database '%s'\n", db_url_text(&ul_db_url));
	return con ? 0 : -1;
}

int ul_db_check_table(const str *table)
{
	int rc;

	if (ul_db_open() < 0)
		return -1;
	rc = db_check_table_version(&dbf, con, table, UL_TABLE_VERSION);
	ul_db_close();
	return rc;
}

int ul_db_answers(const str *table)
{
	db_val_t none = {.type = DB_BIGINT};
	db_res_t *res = NULL;

	if (!con || dbf.use_table(con, table) < 0 ||
		dbf.query(con, keys, NULL, &none, keys, 1, 1, NULL, &res) < 0)
		return 0;
	dbf.free_result(con, res);
	return 1;
}

/* --- rows -------------------------------------------------------------------------------- */

static db_val_t text(const str *s)
{
	return (db_val_t){.type = DB_STR, .nul = !s || !s->s, .val.str_val = s ? *s : STR_NULL};
}

static db_val_t opt_text(const str *s)
{
	db_val_t v = text(s);

	v.nul |= s->len == 0;
	return v;
}

static db_val_t number(int n)
{
	return (db_val_t){.type = DB_INT, .val.int_val = n};
}

/* With use_domain an AoR is in two columns. */
static void set_aor(db_val_t *val, const str *aor)
{
	const char *at = use_domain ? memchr(aor->s, '@', aor->len) : NULL;
	str user = {aor->s, at ? (int)(at - aor->s) : aor->len};
	str domain = {aor->s + user.len + 1, aor->len - user.len - 1};

	val[UL_COL_USERNAME] = text(&user);
	val[UL_COL_DOMAIN] = at ? text(&domain) : (db_val_t){.type = DB_STR, .nul = 1};
}

int ul_row_of(struct ul_row *row, const ucontact_t *c)
{
	str none = str_init("");
	str flags = bitmask_to_flag_list(FLAG_TYPE_BRANCH, (int)c->cflags), kv = STR_NULL;
	db_val_t *val = row->val;

	row->kv = NULL;
	if (c->kv_storage && map_size(c->kv_storage) > 0) {
		row->kv = kv_to_json(c->kv_storage);
		if (!row->kv)
			return -1;
		init_str(&kv, row->kv);
	}
	val[UL_COL_CONTACT_ID] =
		(db_val_t){.type = DB_BIGINT, .val.bigint_val = (long long)c->contact_id};
	set_aor(val, c->aor);
	val[UL_COL_CONTACT] = text(&c->c);
	val[UL_COL_RECEIVED] = opt_text(&c->received);
	val[UL_COL_PATH] = opt_text(&c->path);
	val[UL_COL_EXPIRES] = (db_val_t){.type = DB_BIGINT, .val.bigint_val = c->expires};
	val[UL_COL_Q] = (db_val_t){.type = DB_DOUBLE,
		.val.double_val = c->q == Q_UNSPECIFIED ? -1 : (double)c->q / MAX_Q};
	val[UL_COL_CALLID] = text(c->callid.s ? &c->callid : &none);
	val[UL_COL_CSEQ] = number(c->cseq);
	val[UL_COL_LAST_MODIFIED] =
		(db_val_t){.type = DB_DATETIME, .val.time_val = c->last_modified};
	val[UL_COL_FLAGS] = number((int)c->flags);
	val[UL_COL_CFLAGS] = text(&flags);
	val[UL_COL_USER_AGENT] = text(c->user_agent.s ? &c->user_agent : &none);
	val[UL_COL_SOCKET] = text(c->sock ? get_socket_sip_name(c->sock) : NULL);
	val[UL_COL_METHODS] = number((int)c->methods);
	val[UL_COL_METHODS].nul = c->methods == ALL_METHODS;
	val[UL_COL_SIP_INSTANCE] = opt_text(&c->instance);
	val[UL_COL_KV_STORE] = opt_text(&kv);
	val[UL_COL_ATTR] = opt_text(&c->attr);
	return 0;
}

void ul_row_done(struct ul_row *row)
{
	free(row->kv);
	row->kv = NULL;
}

int ul_write_row(const str *table, enum ul_row_op op, const db_val_t *val)
{
	if (!con) {
		LM_ERR("this process has no connection to a database: nothing written\n");
		return -1;
	}
	if (dbf.use_table(con, table) < 0)
		return -1;
	switch (op) {
	case UL_ROW_INSERT:
		return dbf.insert(con, keys, val, UL_COLUMN_NO);
	case UL_ROW_UPDATE:
		return dbf.update(con, keys, NULL, val, keys + 1, val + 1, 1, UL_COLUMN_NO - 1);
	default:
		return dbf.delete(con, keys, NULL, val, 1);
	}
}

int ul_delete_rows(const str *table, const str *aor)
{
	db_val_t val[UL_COLUMN_NO];
	int n = aor ? use_domain ? 2 : 1 : 0;

	if (aor)
		set_aor(val, aor);
	if (con && dbf.use_table(con, table) == 0 &&
		dbf.delete(con, keys + UL_COL_USERNAME, NULL, val + UL_COL_USERNAME, n) == 0)
		return 0;
	LM_ERR("the rows of %s in '%.*s' could not be deleted\n", aor ? "an AoR" : "all contacts",
		table->len, table->s);
	return -1;
}

/* --- what becomes of a contact's row ------------------------------------------------------- */

int ul_has_row(const ucontact_t *c)
{
	return sql_wmode != SQL_NO_WRITE && c->state != CS_NEW && !(c->flags & FL_MEM);
}

void ul_row_changed(ucontact_t *c)
{
	struct ul_row row;
	int rc;

	if (sql_wmode == SQL_NO_WRITE)
		return;
	if (c->state == CS_SYNC)
		c->state = CS_DIRTY;
	if (c->flags & FL_MEM) {
		c->state = CS_SYNC;
		return;
	}
	if (sql_wmode != SQL_WRITE_THROUGH || ul_row_of(&row, c) < 0)
		return;
	rc = ul_write_row(c->domain, c->state == CS_NEW ? UL_ROW_INSERT : UL_ROW_UPDATE, row.val);
	ul_row_done(&row);
	if (rc == 0)
		c->state = CS_SYNC;
	else
		LM_ERR("contact %.*s of '%.*s' is not in the database yet, it is tried again by "
		       "the "
		       "timer\n",
			c->c.len, c->c.s, c->aor->len, c->aor->s);
}

int ul_row_ended(ucontact_t *c)
{
	db_val_t id = {.type = DB_BIGINT, .val.bigint_val = (long long)c->contact_id};

	if (!ul_has_row(c))
		return 0;
	if (sql_wmode == SQL_WRITE_THROUGH) {
		if (ul_write_row(c->domain, UL_ROW_DELETE, &id) < 0)
			LM_ERR("failed to remove contact from database: row %llu of '%.*s' stays\n",
				(unsigned long long)c->contact_id, c->domain->len, c->domain->s);
		return 0;
	}
	c->expires = UL_EXPIRED_TIME;
	return 1;
}

/* --- loading: see ul_load.c ---------------------------------------------------------------- */

int ul_db_each_row(
	const str *table, int (*f)(udomain_t *d, const db_val_t *val), udomain_t *d, int *rows)
{
	db_res_t *res = NULL;
	int rc = -1;

	*rows = 0;
	if (!con || dbf.use_table(con, table) < 0 ||
		dbf.query(con, NULL, NULL, NULL, keys, 0, UL_COLUMN_NO, NULL, NULL) < 0)
		return -1;
	while ((rc = dbf.fetch_result(con, &res, UL_LOAD_ROWS)) == 0 && RES_ROW_N(res) > 0)
		for (int i = 0; i < RES_ROW_N(res); i++)
			*rows += f(d, ROW_VALUES(&RES_ROWS(res)[i]));
	if (res)
		dbf.free_result(con, res);
	return rc;
}
