/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module auth_db: www_authorize() and proxy_authorize() with accounts in SQL, one query each, by
 * the worker that has the request. When SQL does not answer, the client gets 500.
 *
 * Left out: the `uri` table and the functions about it, db_does_uri_exist().
 */
#include "../../db/db.h"
#include "../../mod_fix.h"
#include "../../usr_avp.h"
#include "../../ut.h"
#include "../auth/api.h"
#include "../signaling/signaling.h"

#define SUBSCRIBER_VERSION 8
#define MAX_CREDENTIALS    16

static auth_api_t auth;
static struct sig_binds sigb;
static db_func_t dbf;
static db_con_t *con; /* of this process */
static str db_url;

static const char *user_col_s = "username", *domain_col_s = "domain", *password_col_s = "ha1";
static const char *sha256_col_s = "ha1_sha256", *sha512t256_col_s = "ha1_sha512t256";
static const char *credentials_s =
	"rpid"; /* as in OpenSIPS, whose tables have no such column either */
static str user_col, domain_col, password_col, sha256_col, sha512t256_col;
static int calculate_ha1, use_domain, skip_version_check;

/* What is loaded with the password: a column, and the AVP it goes to. */
static struct {
	str column;
	int avp;
} credential[MAX_CREDENTIALS];
static int n_credentials;

static const param_export_t params[] = {
	{"db_url", STR_PARAM, &db_url.s},
	{"user_column", STR_PARAM, &user_col_s},
	{"domain_column", STR_PARAM, &domain_col_s},
	{"password_column", STR_PARAM, &password_col_s},
	{"hash_column_sha256", STR_PARAM, &sha256_col_s},
	{"hash_column_sha512t256", STR_PARAM, &sha512t256_col_s},
	{"calculate_ha1", INT_PARAM, &calculate_ha1},
	{"use_domain", INT_PARAM, &use_domain},
	{"load_credentials", STR_PARAM, &credentials_s},
	{"skip_version_check", INT_PARAM, &skip_version_check},
	{0, 0, 0},
};

/* --- the account ------------------------------------------------------------------------- */

static str *password_column(alg_t alg)
{
	if (calculate_ha1)
		return &password_col;
	return alg == ALG_SHA256       ? &sha256_col
	       : alg == ALG_SHA512_256 ? &sha512t256_col
				       : &password_col;
}

/* 0 and *res, which may have no row; -1 if SQL gave no answer. */
static int query(const str *table, const dig_cred_t *c, const str *realm, db_res_t **res)
{
	db_key_t keys[] = {&user_col, &domain_col}, cols[1 + MAX_CREDENTIALS];
	db_val_t vals[2] = {{.type = DB_STR}, {.type = DB_STR}};

	vals[0].val.str_val = c->username.user;
	vals[1].val.str_val = c->username.domain.len ? c->username.domain : *realm;
	cols[0] = password_column(c->alg);
	for (int i = 0; i < n_credentials; i++)
		cols[1 + i] = &credential[i].column;
	*res = NULL;
	if (con && dbf.use_table(con, table) == 0 &&
		dbf.query(con, keys, NULL, vals, cols, use_domain ? 2 : 1, 1 + n_credentials, NULL,
			res) == 0)
		return 0;
	LM_ERR("account <%.*s>: no answer from the database\n", c->username.whole.len,
		c->username.whole.s);
	return -1;
}

/* -1: NULL, or not a text. */
static int text_of(const db_val_t *v, str *s)
{
	*s = STR_NULL;
	if (v->nul)
		return -1;
	if (v->type == DB_STRING)
		init_str(s, v->val.string_val);
	else if (v->type == DB_STR || v->type == DB_BLOB)
		*s = v->val.str_val;
	else
		return -1;
	return 0;
}

/* Columns into AVPs. What is NULL or empty is left out. */
static int load_credentials(const db_res_t *res)
{
	const db_val_t *row = ROW_VALUES(RES_ROWS(res));
	int_str val;
	int text;

	for (int i = 0; i < n_credentials; i++) {
		const db_val_t *v = &row[1 + i];

		text = v->type != DB_INT;
		if (v->nul || (text && (text_of(v, &val.s) < 0 || !val.s.len)))
			continue;
		if (!text)
			val.n = v->val.int_val;
		if (add_avp(text ? AVP_VAL_STR : 0, credential[i].avp, val) < 0) {
			LM_ERR("no memory for an AVP\n");
			return -1;
		}
	}
	return 0;
}

static int check_account(
	struct sip_msg *msg, struct hdr_field *h, const str *realm, const str *table)
{
	static const str reason = str_init("Server Internal Error");
	const dig_cred_t *c = &((auth_body_t *)h->parsed)->digest;
	auth_result_t rc = USER_UNKNOWN;
	db_res_t *res;
	str password;

	if (query(table, c, realm, &res) < 0) {
		if (sigb.reply(msg, 500, &reason, NULL) < 0)
			LM_ERR("failed to send 500\n");
		return ERROR;
	}
	if (RES_ROW_N(res) > 0) {
		text_of(ROW_VALUES(RES_ROWS(res)), &password);
		rc = password.len ? auth.check(msg, h, &password, !calculate_ha1)
				  : INVALID_PASSWORD;
	}
	if (rc == AUTHORIZED && load_credentials(res) < 0)
		rc = AUTH_ERROR;
	dbf.free_result(con, res);
	return rc;
}

static int authorize(struct sip_msg *msg, const str *given, const str *table, hdr_types_t type)
{
	struct hdr_field *h;
	str realm = *given;
	auth_result_t rc = auth.pre_auth(msg, &realm, type, &h);

	return rc == DO_AUTHORIZATION ? check_account(msg, h, &realm, table) : (int)rc;
}

static int www_authorize(struct sip_msg *msg, str *realm, str *table)
{
	return authorize(msg, realm, table, HDR_AUTHORIZATION_T);
}

static int proxy_authorize(struct sip_msg *msg, str *realm, str *table)
{
	return authorize(msg, realm, table, HDR_PROXYAUTH_T);
}

/* --- exports ----------------------------------------------------------------------------- */

/* The table must be there, and have the columns that we know. */
static int fixup_table(void **param)
{
	db_con_t *h;
	int rc;

	if (skip_version_check)
		return 0;
	h = dbf.init(&db_url);
	if (!h) {
		LM_ERR("no connection to database '%s'\n", db_url_text(&db_url));
		return -1;
	}
	rc = db_check_table_version(&dbf, h, *param, SUBSCRIBER_VERSION);
	dbf.close(h);
	return rc;
}

#define FUNC(_f) (cmd_function)(void (*)(void)) _f

static const cmd_export_t cmds[] = {
	{"www_authorize", FUNC(www_authorize),
		{{CMD_PARAM_STR, 0, 0}, {CMD_PARAM_STR, fixup_table, 0}, {0, 0, 0}}, REQUEST_ROUTE},
	{"proxy_authorize", FUNC(proxy_authorize),
		{{CMD_PARAM_STR, 0, 0}, {CMD_PARAM_STR, fixup_table, 0}, {0, 0, 0}}, REQUEST_ROUTE},
	{0, 0, {{0, 0, 0}}, 0},
};

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "auth", DEP_ABORT},
		{MOD_TYPE_DEFAULT, "signaling", DEP_ABORT},
		{MOD_TYPE_SQLDB, NULL, DEP_ABORT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

/* --- start ------------------------------------------------------------------------------- */

/* "column" or "$avp(name)=column" */
static int add_credential(str item)
{
	char *eq = q_memchr(item.s, '=', item.len);
	str name = item, column = item;

	if (eq) {
		name.len = eq - item.s;
		column = (str){eq + 1, item.len - name.len - 1};
		trim(&name);
		trim(&column);
	}
	if (n_credentials == MAX_CREDENTIALS || !column.len ||
		parse_avp_spec(&name, &credential[n_credentials].avp) < 0) {
		LM_ERR("load_credentials '%.*s': up to %d times column or $avp(name)=column, with "
		       "';' between them\n",
			item.len, item.s, MAX_CREDENTIALS);
		return -1;
	}
	credential[n_credentials++].column = column;
	return 0;
}

static int parse_load_credentials(void)
{
	str item;

	for (char *p = (char *)credentials_s, *end; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, ';');
		item = (str){p, (int)(end - p)};
		trim(&item);
		if (item.len && add_credential(item) < 0)
			return -1;
	}
	return 0;
}

static int mod_init(void)
{
	init_db_url(db_url, 0);
	init_str(&user_col, user_col_s);
	init_str(&domain_col, domain_col_s);
	init_str(&password_col, password_col_s);
	init_str(&sha256_col, sha256_col_s);
	init_str(&sha512t256_col, sha512t256_col_s);
	if (parse_load_credentials() < 0 || load_auth_api(&auth) < 0 || load_sig_api(&sigb) < 0 ||
		db_bind_mod(&db_url, &dbf) < 0)
		return -1;
	if (DB_CAPABILITY(dbf, DB_CAP_QUERY))
		return 0;
	LM_ERR("the driver of '%s' cannot query\n", db_url_text(&db_url));
	return -1;
}

static int child_init(int rank)
{
	if (rank < 1)
		return 0;
	con = dbf.init(&db_url);
	if (con)
		return 0;
	LM_ERR("no connection to database '%s'\n", db_url_text(&db_url));
	return -1;
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "auth_db",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
	.init_child_f = child_init,
};
