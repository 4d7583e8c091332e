/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows back to contacts. A row that makes no contact is told and left alone. A socket that is
 * not ours any more is no socket. Contacts keep their ids, and records get from these the
 * label and the next contact label that they had.
 */
#include "ul_db.h"

#include "dlist.h"
#include "kv_store.h"
#include "ul_mod.h"
#include "../../flags.h"
#include "../../parser/parse_methods.h"
#include "../../socket_info.h"

/* A column as text, empty for NULL. Of a row everything but texts is read by number(). */
static str text(const db_val_t *val, enum ul_column col)
{
	const db_val_t *v = &val[col];
	str s = STR_NULL;

	if (VAL_NULL(v))
		return s;
	if (VAL_TYPE(v) != DB_STRING)
		return VAL_STR(v); /* a BLOB's is the same */
	init_str(&s, VAL_STRING(v));
	return s;
}

static long long number(const db_val_t *val, enum ul_column col, long long otherwise)
{
	const db_val_t *v = &val[col];

	if (VAL_NULL(v))
		return otherwise;
	return VAL_TYPE(v) == DB_BIGINT ? VAL_BIGINT(v) : VAL_INT(v);
}

static qvalue_t q_of(const db_val_t *val)
{
	double q = VAL_NULL(&val[UL_COL_Q]) ? -1 : VAL_DOUBLE(&val[UL_COL_Q]);

	return q < 0 ? Q_UNSPECIFIED : q > 1 ? MAX_Q : (qvalue_t)(q * MAX_Q + 0.5);
}

static const struct socket_info *socket_of(const db_val_t *val)
{
	str name = text(val, UL_COL_SOCKET);
	const struct socket_info *sock = name.len ? parse_sock_info(&name) : NULL;

	if (name.len && !sock)
		LM_DBG("socket '%.*s' is not ours\n", name.len, name.s);
	return sock;
}

/* "user" or "user@domain", in buf of room bytes. 0 or -1: too long, or none. */
static int aor_of(const db_val_t *val, char *buf, int room, str *aor)
{
	str user = text(val, UL_COL_USERNAME), domain = text(val, UL_COL_DOMAIN);
	int n = use_domain
			? snprintf(buf, room, "%.*s@%.*s", user.len, user.s, domain.len, domain.s)
			: snprintf(buf, room, "%.*s", user.len, user.s);

	*aor = (str){buf, n};
	return n > 0 && n < room ? 0 : -1;
}

static urecord_t *record_of(udomain_t *d, str *aor, uint64_t id)
{
	unsigned int clabel = id & CLABEL_MASK;
	urecord_t *r;

	if (get_urecord(d, aor, &r) != 0) {
		if (mem_insert_urecord(d, aor, &r) < 0)
			return NULL;
		r->label = (unsigned int)(id >> 14);
		r->next_clabel = CLABEL_NEXT(clabel);
		if (r->label >= r->slot->next_label)
			r->slot->next_label = r->label + 1;
	} else if (clabel >= r->next_clabel) {
		r->next_clabel = CLABEL_NEXT(clabel);
	}
	return r;
}

static int add_contact(udomain_t *d, str *aor, str *contact, ucontact_info_t *ci, const str *kv)
{
	urecord_t *r;
	ucontact_t *c = NULL;

	lock_udomain(d, aor);
	r = record_of(d, aor, ci->contact_id);
	if (r) {
		c = mem_insert_ucontact(r, contact, ci);
		if (c) {
			c->state = CS_SYNC;
			if (kv->len && !(c->kv_storage = kv_from_json(kv)))
				LM_ERR("kv_store of contact %.*s of '%.*s' cannot be read\n",
					contact->len, contact->s, aor->len, aor->s);
		}
		if (!r->contacts)
			mem_delete_urecord(d, r);
	}
	unlock_udomain(d, aor);
	return c ? 0 : -1;
}

/* 1: a contact more; 0: the row makes none. */
static int load_row(udomain_t *d, const db_val_t *val)
{
	str contact = text(val, UL_COL_CONTACT), path = text(val, UL_COL_PATH);
	str callid = text(val, UL_COL_CALLID), ua = text(val, UL_COL_USER_AGENT);
	str attr = text(val, UL_COL_ATTR), kv = text(val, UL_COL_KV_STORE);
	str cflags = text(val, UL_COL_CFLAGS), aor;
	ucontact_info_t ci = {
		.contact_id = (ucontact_id)number(val, UL_COL_CONTACT_ID, 0),
		.received = text(val, UL_COL_RECEIVED),
		.path = &path,
		.expires = (time_t)number(val, UL_COL_EXPIRES, UL_EXPIRED_TIME + 1),
		.q = q_of(val),
		.instance = text(val, UL_COL_SIP_INSTANCE),
		.callid = &callid,
		.cseq = (int)number(val, UL_COL_CSEQ, 0),
		.flags = (ucontact_flags_t)number(val, UL_COL_FLAGS, 0),
		.cflags = (unsigned int)flag_list_to_bitmask(
			str2const(&cflags), FLAG_TYPE_BRANCH, FLAG_DELIM, 0),
		.user_agent = &ua,
		.sock = socket_of(val),
		.methods = (unsigned int)number(val, UL_COL_METHODS, (int)ALL_METHODS),
		.last_modified = VAL_NULL(&val[UL_COL_LAST_MODIFIED])
					 ? 0
					 : VAL_TIME(&val[UL_COL_LAST_MODIFIED]),
		.attr = &attr,
	};
	char buf[512];

	if (aor_of(val, buf, sizeof(buf), &aor) == 0 && contact.len && ci.contact_id &&
		add_contact(d, &aor, &contact, &ci, &kv) == 0)
		return 1;
	LM_ERR("row %llu of table '%.*s' makes no contact, it is left alone\n",
		(unsigned long long)ci.contact_id, d->name->len, d->name->s);
	return 0;
}

int ul_load(udomain_t *d)
{
	int rows;

	if (ul_db_each_row(d->name, load_row, d, &rows) < 0) {
		LM_ERR("contacts of table '%.*s' could not be loaded: %d are there\n", d->name->len,
			d->name->s, rows);
		return -1;
	}
	LM_INFO("%d contacts loaded from table '%.*s'\n", rows, d->name->len, d->name->s);
	return 0;
}
