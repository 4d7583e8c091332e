/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module auth: challenges and nonces, and authentication with a user and password that the
 * script has in variables. Accounts in SQL are auth_db's.
 *
 * Left out: qop "auth-int", the -sess and AKA algorithms, Authentication-Info, all that is about
 * Remote-Party-ID.
 */
#include "auth.h"

#include "nonce.h"
#include "../../data_lump.h"
#include "../../pvar.h"
#include "../../ut.h"

static char *secret, *user_spec_s, *password_spec_s, *realm_prefix_s;
static int calculate_ha1;
static pv_spec_t user_spec, password_spec;

static const param_export_t params[] = {
	{"secret", STR_PARAM, &secret},
	{"nonce_expire", INT_PARAM, &nonce_expire},
	{"disable_nonce_check", INT_PARAM, &disable_nonce_check},
	{"realm_prefix", STR_PARAM, &realm_prefix_s},
	{"username_spec", STR_PARAM, &user_spec_s},
	{"password_spec", STR_PARAM, &password_spec_s},
	{"calculate_ha1", INT_PARAM, &calculate_ha1},
	{0, 0, 0},
};

/* --- passwords in variables -------------------------------------------------------------- */

static int get_text(struct sip_msg *msg, pv_spec_t *spec, const char *param, pv_value_t *val)
{
	if (pv_get_spec_value(msg, spec, val) == 0 && !(val->flags & PV_VAL_NULL) &&
		(val->flags & PV_VAL_STR) && val->rs.len)
		return 0;
	LM_ERR("%s is not set, or empty\n", param);
	return -1;
}

static int pv_authorize(struct sip_msg *msg, const str *given, hdr_types_t type)
{
	pv_value_t user, password;
	struct hdr_field *h;
	str realm = *given;
	auth_result_t rc;
	dig_cred_t *c;

	if (!user_spec_s || !password_spec_s) {
		LM_ERR("username_spec and password_spec are not set\n");
		return AUTH_ERROR;
	}
	rc = pre_auth(msg, &realm, type, &h);
	if (rc != DO_AUTHORIZATION)
		return rc;
	c = &((auth_body_t *)h->parsed)->digest;
	if (get_text(msg, &user_spec, "username_spec", &user) < 0)
		return AUTH_ERROR;
	if (!str_match(&user.rs, &c->username.user))
		return USER_UNKNOWN;
	if (get_text(msg, &password_spec, "password_spec", &password) < 0)
		return AUTH_ERROR;
	return auth_check(msg, h, &password.rs, !calculate_ha1);
}

static int pv_www_authorize(struct sip_msg *msg, str *realm)
{
	return pv_authorize(msg, realm, HDR_AUTHORIZATION_T);
}

static int pv_proxy_authorize(struct sip_msg *msg, str *realm)
{
	return pv_authorize(msg, realm, HDR_PROXYAUTH_T);
}

/* Whoever gets the request next does not get what the client proved itself with. */
static int consume_credentials(struct sip_msg *msg)
{
	struct hdr_field *h = auth_authorized(msg);

	if (!h) {
		if (msg->REQ_METHOD != METHOD_ACK && msg->REQ_METHOD != METHOD_CANCEL)
			LM_ERR("no authorized credentials to consume (error in script)\n");
		return -1;
	}
	if (del_lump(msg, h->name.s - msg->buf, h->len, HDR_OTHER_T))
		return 1;
	LM_ERR("cannot remove credentials\n");
	return -1;
}

/* --- exports ----------------------------------------------------------------------------- */

#define FUNC(_f) (cmd_function)(void (*)(void)) _f
#define CHALLENGE_PARAMS                                                                           \
	{                                                                                          \
		{CMD_PARAM_STR, 0, 0}, {CMD_PARAM_STR | CMD_PARAM_OPT, fixup_qop, 0},              \
			{CMD_PARAM_STR | CMD_PARAM_OPT, fixup_algorithms, 0},                      \
		{                                                                                  \
			0, 0, 0                                                                    \
		}                                                                                  \
	}

static const cmd_export_t cmds[] = {
	{"www_challenge", FUNC(www_challenge), CHALLENGE_PARAMS, REQUEST_ROUTE},
	{"proxy_challenge", FUNC(proxy_challenge), CHALLENGE_PARAMS, REQUEST_ROUTE},
	{"pv_www_authorize", FUNC(pv_www_authorize), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{"pv_proxy_authorize", FUNC(pv_proxy_authorize), {{CMD_PARAM_STR, 0, 0}, {0, 0, 0}},
		REQUEST_ROUTE},
	{"consume_credentials", FUNC(consume_credentials), {{0, 0, 0}}, REQUEST_ROUTE},
	{"bind_auth", FUNC(bind_auth), {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

int bind_auth(auth_api_t *api)
{
	*api = (auth_api_t){.pre_auth = pre_auth, .check = auth_check};
	return 0;
}

static const dep_export_t deps = {
	{
		{MOD_TYPE_DEFAULT, "signaling", DEP_ABORT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

/* --- start ------------------------------------------------------------------------------- */

static int set_spec(const char *param, char *text, pv_spec_t *spec)
{
	char err[128] = "";
	char *end;
	str s;

	if (!text)
		return 0;
	init_str(&s, text);
	end = pv_parse_spec_err(&s, spec, err, sizeof(err));
	if (end && !*end)
		return 0;
	LM_ERR("%s '%s' is no pseudo-variable: %s\n", param, text, err);
	return -1;
}

static int mod_init(void)
{
	if (nonce_expire < 1) {
		LM_ERR("nonce_expire %d: must be at least 1 second\n", nonce_expire);
		return -1;
	}
	if (secret && strlen(secret) != NONCE_SECRET_LEN) {
		LM_ERR("secret has %zu characters: %d are needed\n", strlen(secret),
			NONCE_SECRET_LEN);
		return -1;
	}
	if (realm_prefix_s)
		init_str(&realm_prefix, realm_prefix_s);
	if (set_spec("username_spec", user_spec_s, &user_spec) < 0 ||
		set_spec("password_spec", password_spec_s, &password_spec) < 0 ||
		load_sig_api(&sigb) < 0)
		return -1;
	return nonce_init(secret);
}

extern const struct module_exports exports;
const struct module_exports exports = {
	.name = "auth",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.cmds = cmds,
	.params = params,
	.init_f = mod_init,
	.destroy_f = nonce_destroy,
};
