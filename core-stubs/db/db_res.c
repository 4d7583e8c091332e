/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results: columns in one block, each row in one block, texts zero terminated. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "db_res.h"
#include "db_ut.h"
#include "../mem/mem.h"

#define ROWS_AT_A_TIME 64

/* Names, types, and the texts of the names, in that order. */
static int set_columns(db_res_t *r, const struct db_column *cols, int n)
{
	size_t size = n * (sizeof(db_key_t) + sizeof(str) + sizeof(db_type_t));
	str *names;
	char *p;

	for (int i = 0; i < n; i++)
		size += strlen(cols[i].name) + 1;
	r->col.names = pkg_malloc(size);
	if (!r->col.names)
		return -1;
	names = (str *)(r->col.names + n);
	r->col.types = (db_type_t *)(names + n);
	p = (char *)(r->col.types + n);
	for (int i = 0; i < n; i++) {
		names[i] = (str){p, (int)strlen(cols[i].name)};
		memcpy(p, cols[i].name, names[i].len + 1);
		p += names[i].len + 1;
		r->col.names[i] = &names[i];
		r->col.types[i] = cols[i].type;
	}
	r->col.n = n;
	return 0;
}

db_res_t *db_new_result(const struct db_column *cols, int n)
{
	db_res_t *r = pkg_malloc(sizeof(*r));

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	if (set_columns(r, cols, n) < 0) {
		pkg_free(r);
		return NULL;
	}
	return r;
}

/* text is the field, zero terminated. 0, or -1 when it is not of that type. */
static int set_value(db_val_t *v, db_type_t type, char *text, int len)
{
	char *end = text;

	errno = 0;
	v->type = type;
	switch (type) {
	case DB_INT:
	case DB_BIGINT:
	case DB_BITMAP:
		v->val.bigint_val = strtoll(text, &end, 10);
		if (type == DB_INT && (v->val.bigint_val > INT_MAX || v->val.bigint_val < INT_MIN))
			v->type = DB_BIGINT;
		else if (type == DB_INT)
			v->val.int_val = (int)v->val.bigint_val;
		else if (type == DB_BITMAP)
			v->val.bitmap_val = (unsigned int)v->val.bigint_val;
		return end == text || *end || errno ? -1 : 0;
	case DB_DOUBLE:
		v->val.double_val = strtod(text, &end);
		return end == text || *end ? -1 : 0;
	case DB_DATETIME:
		return db_str2time(text, &v->val.time_val);
	case DB_STRING:
		v->val.string_val = text;
		return 0;
	default:
		v->val.str_val = (str){text, len};
		return 0;
	}
}

static int room_for_row(db_res_t *r)
{
	struct db_row *rows;

	if (r->n % ROWS_AT_A_TIME)
		return 0;
	rows = pkg_realloc(r->rows, (r->n + ROWS_AT_A_TIME) * sizeof(*rows));
	if (!rows)
		return -1;
	r->rows = rows;
	return 0;
}

int db_add_row(db_res_t *r, const struct db_field *fields)
{
	size_t size = r->col.n * (sizeof(db_val_t) + 1);
	db_val_t *v;
	char *p;

	for (int i = 0; i < r->col.n; i++)
		size += fields[i].len;
	v = room_for_row(r) < 0 ? NULL : pkg_malloc(size);
	if (!v)
		return -1;
	memset(v, 0, r->col.n * sizeof(*v));
	p = (char *)(v + r->col.n);
	for (int i = 0; i < r->col.n; i++) {
		v[i].type = r->col.types[i];
		v[i].nul = !fields[i].s;
		if (v[i].nul)
			continue;
		memcpy(p, fields[i].s, fields[i].len);
		p[fields[i].len] = 0;
		if (set_value(&v[i], r->col.types[i], p, fields[i].len) < 0) {
			LM_ERR("column %.*s: '%.40s' is not of the column's type\n",
				r->col.names[i]->len, r->col.names[i]->s, p);
			pkg_free(v);
			return -1;
		}
		p += fields[i].len + 1;
	}
	r->rows[r->n++] = (struct db_row){v, r->col.n};
	r->res_rows++;
	r->last_row = r->res_rows;
	return 0;
}

void db_free_rows(db_res_t *r)
{
	for (int i = 0; i < r->n; i++)
		pkg_free(r->rows[i].values);
	pkg_free(r->rows);
	r->rows = NULL;
	r->n = 0;
}

void db_free_result(db_res_t *r)
{
	if (!r)
		return;
	db_free_rows(r);
	pkg_free(r->col.names);
	pkg_free(r);
}
