/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management commands: looking at contacts, adding and removing them.
 *
 * ul_dump builds the answer slot by slot, each under its lock; what changes meanwhile may
 * or may not be in it.
 */
#include "ul_mi.h"

#include "dlist.h"
#include "ul_db.h"
#include "ul_flush.h"
#include "ul_mod.h"
#include "utime.h"
#include "../../flags.h"
#include "../../qvalue.h"
#include "../../socket_info.h"

#define MI_CALLID     "dfjrewr12386fd6-343@opensips.mi"
#define MI_USER_AGENT "OpenSIPS MI Server"
#define MI_CSEQ       1

/* Commands name a contact by its URI, whatever matching_mode says. */
static const struct ct_match by_uri = {.mode = CT_MATCH_CONTACT_ONLY};

/* --- printing ---------------------------------------------------------------------------- */

static int add_str(mi_item_t *to, const char *name, const str *s)
{
	return add_mi_string(to, name, strlen(name), s->s ? s->s : "", s->len);
}

static int add_opt_str(mi_item_t *to, const char *name, const str *s)
{
	return s->len ? add_str(to, name, s) : 0;
}

static int add_expires(mi_item_t *to, const ucontact_t *c, time_t now)
{
	if (c->expires == 0)
		return add_mi_string(to, MI_SSTR("Expires"), MI_SSTR("permanent"));
	if (FORCE_EXPIRED_CONTACT(c))
		return add_mi_string(to, MI_SSTR("Expires"), MI_SSTR("deleted"));
	if (c->expires < now)
		return add_mi_string(to, MI_SSTR("Expires"), MI_SSTR("expired"));
	return add_mi_number(to, MI_SSTR("Expires"), c->expires - now);
}

static const char *const states[] = {
	[CS_NEW] = "CS_NEW", [CS_SYNC] = "CS_SYNC", [CS_DIRTY] = "CS_DIRTY"};

static int add_contact(mi_item_t *contacts, const ucontact_t *c, time_t now)
{
	mi_item_t *ct = add_mi_object(contacts, NULL, 0);
	str q = STR_NULL, cflags = bitmask_to_flag_list(FLAG_TYPE_BRANCH, c->cflags);
	unsigned int len = 0;

	q.s = q2str(c->q, &len);
	q.len = len;
	if (!ct || add_str(ct, "Contact", &c->c) ||
		add_mi_string_fmt(
			ct, MI_SSTR("ContactID"), "%llu", (unsigned long long)c->contact_id) ||
		add_expires(ct, c, now) || add_str(ct, "Q", &q) ||
		add_str(ct, "Callid", &c->callid) || add_mi_number(ct, MI_SSTR("Cseq"), c->cseq) ||
		add_opt_str(ct, "User-agent", &c->user_agent) ||
		add_opt_str(ct, "Received", &c->received) || add_opt_str(ct, "Path", &c->path))
		return -1;
	if (add_mi_string(ct, MI_SSTR("State"), states[c->state], strlen(states[c->state])) ||
		add_mi_number(ct, MI_SSTR("Flags"), c->flags) || add_str(ct, "Cflags", &cflags) ||
		(c->sock && add_str(ct, "Socket", get_socket_sip_name(c->sock))) ||
		add_mi_number(ct, MI_SSTR("Methods"), c->methods) ||
		add_opt_str(ct, "Attr", &c->attr) || add_opt_str(ct, "SIP_instance", &c->instance))
		return -1;
	return 0;
}

static int add_aor(mi_item_t *aor, const urecord_t *r, int brief)
{
	mi_item_t *contacts;
	time_t now = ul_clock(NULL);

	if (add_str(aor, "AOR", &r->aor) < 0)
		return -1;
	if (brief)
		return 0;
	contacts = add_mi_array(aor, MI_SSTR("Contacts"));
	if (!contacts)
		return -1;
	for (const ucontact_t *c = r->contacts; c; c = c->next)
		if (add_contact(contacts, c, now) < 0)
			return -1;
	return 0;
}

static int dump_slot(mi_item_t *aors, udomain_t *d, int slot, int brief)
{
	map_iterator_t it;
	mi_item_t *aor;
	int ret = 0;

	lock_ulslot(d, slot);
	map_first(d->table[slot].records, &it);
	for (; ret == 0 && iterator_is_valid(&it); iterator_next(&it)) {
		aor = add_mi_object(aors, NULL, 0);
		ret = aor ? add_aor(aor, *iterator_val(&it), brief) : -1;
	}
	unlock_ulslot(d, slot);
	return ret;
}

static mi_response_t *dump(int brief)
{
	mi_item_t *obj, *domains, *dom, *aors;
	mi_response_t *resp = init_mi_result_object(&obj);

	if (!resp)
		return NULL;
	domains = add_mi_array(obj, MI_SSTR("Domains"));
	if (!domains)
		goto error;
	for (dlist_t *l = root; l; l = l->next) {
		dom = add_mi_object(domains, NULL, 0);
		if (!dom || add_str(dom, "name", &l->name) < 0 ||
			add_mi_number(dom, MI_SSTR("hash_size"), l->d->size) < 0)
			goto error;
		aors = add_mi_array(dom, MI_SSTR("AORs"));
		if (!aors)
			goto error;
		for (int i = 0; i < l->d->size; i++)
			if (dump_slot(aors, l->d, i, brief) < 0)
				goto error;
	}
	return resp;
error:
	LM_ERR("out of memory\n");
	free_mi_response(resp);
	return NULL;
}

static mi_response_t *mi_ul_dump(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)params;
	(void)async_hdl;
	return dump(0);
}

static mi_response_t *mi_ul_dump_brief(const mi_params_t *params, struct mi_handler *async_hdl)
{
	int brief;

	(void)async_hdl;
	if (get_mi_int_param(params, "brief", &brief) < 0)
		return init_mi_param_error();
	return dump(brief);
}

/* --- one AoR ----------------------------------------------------------------------------- */

static mi_response_t *no_table(void)
{
	return init_mi_error(404, MI_SSTR("Table not found"));
}

static mi_response_t *no_aor(void)
{
	return init_mi_error(404, MI_SSTR("AOR not found"));
}

static mi_response_t *no_contact(void)
{
	return init_mi_error(404, MI_SSTR("Contact not found"));
}

static int get_str(const mi_params_t *params, const char *name, str *s)
{
	return get_mi_string_param(params, name, &s->s, &s->len);
}

/*
 * The parameters that name an AoR. NULL and *d, *aor; or the answer that says what is
 * wrong. An AoR is stored with its domain or without, as use_domain says.
 */
static mi_response_t *get_aor(const mi_params_t *params, udomain_t **d, str *aor)
{
	str table;
	char *at;

	if (get_str(params, "table_name", &table) < 0 || get_str(params, "aor", aor) < 0)
		return init_mi_param_error();
	if (find_domain(&table, d) != 0)
		return no_table();
	at = memchr(aor->s, '@', aor->len);
	if (use_domain && !at)
		return init_mi_error(400, MI_SSTR("Domain missing in AOR"));
	if (!use_domain && at)
		aor->len = at - aor->s;
	return NULL;
}

static ucontact_t *contact_of(urecord_t *r, str *uri)
{
	str callid = str_init(MI_CALLID);
	ucontact_t *c;

	get_ucontact(r, uri, &callid, INT_MAX, &by_uri, &c);
	return c;
}

static mi_response_t *mi_ul_show_contact(const mi_params_t *params, struct mi_handler *async_hdl)
{
	udomain_t *d;
	urecord_t *r;
	mi_item_t *obj;
	mi_response_t *resp;
	str aor;

	(void)async_hdl;
	if ((resp = get_aor(params, &d, &aor)))
		return resp;
	lock_udomain(d, &aor);
	if (get_urecord(d, &aor, &r) != 0) {
		resp = no_aor();
	} else if ((resp = init_mi_result_object(&obj)) && add_aor(obj, r, 0) < 0) {
		free_mi_response(resp);
		resp = NULL;
	}
	unlock_udomain(d, &aor);
	return resp;
}

static mi_response_t *mi_ul_rm(const mi_params_t *params, struct mi_handler *async_hdl)
{
	udomain_t *d;
	mi_response_t *resp;
	str aor;

	(void)async_hdl;
	if ((resp = get_aor(params, &d, &aor)))
		return resp;
	lock_udomain(d, &aor);
	delete_urecord(d, &aor, NULL, 0);
	unlock_udomain(d, &aor);
	return init_mi_result_ok();
}

static mi_response_t *mi_ul_rm_contact(const mi_params_t *params, struct mi_handler *async_hdl)
{
	udomain_t *d;
	urecord_t *r;
	ucontact_t *c;
	mi_response_t *resp;
	str aor, contact;

	(void)async_hdl;
	if ((resp = get_aor(params, &d, &aor)))
		return resp;
	if (get_str(params, "contact", &contact) < 0)
		return init_mi_param_error();
	lock_udomain(d, &aor);
	if (get_urecord(d, &aor, &r) != 0) {
		resp = no_aor();
	} else if (!(c = contact_of(r, &contact))) {
		resp = no_contact();
	} else {
		delete_ucontact(r, c, &by_uri, 0);
		release_urecord(r, 0);
		resp = init_mi_result_ok();
	}
	unlock_udomain(d, &aor);
	return resp;
}

/* What ul_add says of the contact, in *ci; NULL, or the answer that says what is wrong. */
static mi_response_t *get_info(const mi_params_t *params, str *contact, ucontact_info_t *ci)
{
	int expires, flags, cflags, methods;
	str q;

	if (get_str(params, "contact", contact) < 0 ||
		get_mi_int_param(params, "expires", &expires) < 0 || get_str(params, "q", &q) < 0)
		return init_mi_param_error();
	if (str2q(&ci->q, q.s, q.len) < 0)
		return init_mi_error(400, MI_SSTR("Bad parameter value"));
	if (get_mi_int_param(params, "flags", &flags) < 0 ||
		get_mi_int_param(params, "cflags", &cflags) < 0 ||
		get_mi_int_param(params, "methods", &methods) < 0)
		return init_mi_param_error();
	ci->expires = expires ? expires + ul_clock(NULL) : 0; /* 0: it stays for ever */
	ci->flags = flags;
	ci->cflags = cflags;
	ci->methods = methods;
	return NULL;
}

/* Adds or changes a contact; the slot is locked. 0, or -1 without memory. */
static int add_or_update(udomain_t *d, str *aor, str *contact, ucontact_info_t *ci)
{
	const struct ct_match match = {.mode = CT_MATCH_CONTACT_CALLID};
	str callid = str_init(MI_CALLID), user_agent = str_init(MI_USER_AGENT);
	ucontact_t *c;
	urecord_t *r;
	int ret;

	ci->callid = &callid;
	ci->user_agent = &user_agent;
	ci->cseq = MI_CSEQ;
	if (get_urecord(d, aor, &r) != 0 && insert_urecord(d, aor, &r, 0, NULL, NULL) < 0)
		return -1;
	c = contact_of(r, contact);
	if (c) {
		ci->cseq = c->cseq;
		ret = update_ucontact(r, c, ci, &match, 0);
	} else {
		ret = insert_ucontact(r, contact, ci, &match, 0, &c);
	}
	release_urecord(r, 0);
	return ret;
}

static mi_response_t *mi_ul_add(const mi_params_t *params, struct mi_handler *async_hdl)
{
	ucontact_info_t ci = {0};
	mi_response_t *resp;
	str aor, contact;
	udomain_t *d;
	int ret;

	(void)async_hdl;
	if ((resp = get_aor(params, &d, &aor)) || (resp = get_info(params, &contact, &ci)))
		return resp;
	lock_udomain(d, &aor);
	ret = add_or_update(d, &aor, &contact, &ci);
	unlock_udomain(d, &aor);
	return ret < 0 ? init_mi_error(500, MI_SSTR("Internal Error")) : init_mi_result_ok();
}

static mi_response_t *mi_ul_flush(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)params;
	(void)async_hdl;
	ul_flush_all();
	return init_mi_result_ok();
}

/* NULL, with which MI answers "Server error" as OpenSIPS's does: nothing was deleted. */
static mi_response_t *anew(udomain_t *d, str *aor)
{
	int rc = ul_write_anew(d, aor);

	return rc < 0 ? NULL : rc > 0 ? no_aor() : init_mi_result_ok();
}

/* aor: as it is stored, with its domain or without; NULL: all */
static mi_response_t *sync_rows(const mi_params_t *params, str *aor)
{
	udomain_t *d;
	str table;

	if (sql_wmode == SQL_NO_WRITE)
		return init_mi_error(200, MI_SSTR("Contacts already synced"));
	if (get_str(params, "table_name", &table) < 0 || (aor && get_str(params, "aor", aor) < 0))
		return init_mi_param_error();
	return find_domain(&table, &d) != 0 ? no_table() : anew(d, aor);
}

static mi_response_t *mi_ul_sync(const mi_params_t *params, struct mi_handler *async_hdl)
{
	(void)async_hdl;
	return sync_rows(params, NULL);
}

static mi_response_t *mi_ul_sync_aor(const mi_params_t *params, struct mi_handler *async_hdl)
{
	str aor;

	(void)async_hdl;
	return sync_rows(params, &aor);
}

const mi_export_t ul_mi_cmds[] = {
	{"ul_flush", "expires contacts and writes rows now, as the timer does", 0, 0,
		{{mi_ul_flush, {0}}, {EMPTY_MI_RECIPE}}},
	{"ul_sync", "deletes rows, of an AoR or all, and writes them anew with the next flush", 0,
		0,
		{{mi_ul_sync, {"table_name", 0}}, {mi_ul_sync_aor, {"table_name", "aor", 0}},
			{EMPTY_MI_RECIPE}}},
	{"ul_rm", "deletes all contacts of an AoR", 0, 0,
		{{mi_ul_rm, {"table_name", "aor", 0}}, {EMPTY_MI_RECIPE}}},
	{"ul_rm_contact", "deletes one contact of an AoR", 0, 0,
		{{mi_ul_rm_contact, {"table_name", "aor", "contact", 0}}, {EMPTY_MI_RECIPE}}},
	{"ul_add", "adds a contact, or changes it", 0, 0,
		{{mi_ul_add, {"table_name", "aor", "contact", "expires", "q", "flags", "cflags",
				     "methods", 0}},
			{EMPTY_MI_RECIPE}}},
	{"ul_dump", "lists all contacts, or with brief=1 all AoRs", 0, 0,
		{{mi_ul_dump, {0}}, {mi_ul_dump_brief, {"brief", 0}}, {EMPTY_MI_RECIPE}}},
	{"ul_show_contact", "lists the contacts of an AoR", 0, 0,
		{{mi_ul_show_contact, {"table_name", "aor", 0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};
