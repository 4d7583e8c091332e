/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands, and the way of a JSON-RPC request to the recipe that takes its parameters. */
#include <stdlib.h>
#include <string.h>

#include "mi.h"
#include "../dprint.h"
#include "../mem/mem.h"

#define ERR_DET_POS_PARAMS_S   "Command only supports named parameters"
#define ERR_DET_AMBIG_CALL_S   "Ambiguous call, use named parameters instead"
#define ERR_DET_NO_PARAMS_S    "Too few or too many parameters"
#define ERR_DET_MATCH_PARAMS_S "Named parameters do not match"
#define ERR_DET_CMD_NULL_S     "Command handler returned null"

static struct mi_cmd *cmds, **cmds_end = &cmds;

/* --- registration ------------------------------------------------------------- */

struct mi_cmd *first_mi_cmd(void)
{
	return cmds;
}

struct mi_cmd *lookup_mi_cmd(const char *name, int len)
{
	struct mi_cmd *c;

	for (c = cmds; c; c = c->next) {
		if (strlen(c->exp->name) == (size_t)len && memcmp(c->exp->name, name, len) == 0)
			return c;
	}
	return NULL;
}

static int register_mi_cmd(const char *mod_name, const mi_export_t *mi)
{
	struct mi_cmd *c;

	if (lookup_mi_cmd(mi->name, (int)strlen(mi->name))) {
		LM_ERR("command <%s> of module %s exists already\n", mi->name, mod_name);
		return -1;
	}
	if (mi->init_f) {
		LM_ERR("command <%s> of module %s: init functions are not supported\n", mi->name,
			mod_name);
		return -1;
	}
	c = pkg_malloc(sizeof(*c));
	if (!c)
		return -1;
	c->module = mod_name;
	c->exp = mi;
	c->next = NULL;
	*cmds_end = c;
	cmds_end = &c->next;
	return 0;
}

int register_mi_mod(const char *mod_name, const mi_export_t *mis)
{
	for (; mis && mis->name; mis++) {
		if (register_mi_cmd(mod_name, mis))
			return -1;
	}
	return 0;
}

/* --- choice of the recipe ----------------------------------------------------- */

static int recipe_size(const mi_recipe_t *r)
{
	int n = 0;

	while (n < MAX_MI_PARAMS && r->params[n])
		n++;
	return n;
}

static int names_match(const mi_recipe_t *r, const mi_item_t *params)
{
	int i;

	for (i = 0; i < MAX_MI_PARAMS && r->params[i]; i++) {
		if (!cJSON_HasObjectItem(params, r->params[i]))
			return 0;
	}
	return 1;
}

/* The one recipe for those parameters, or NULL and *why. @params may be NULL. */
static const mi_recipe_t *find_recipe(
	const mi_export_t *mi, const mi_item_t *params, const char **why)
{
	int size = params ? cJSON_GetArraySize(params) : 0;
	int positional = cJSON_IsArray(params) && size > 0;
	const mi_recipe_t *r, *found = NULL;
	int i, candidates = 0;

	*why = ERR_DET_POS_PARAMS_S;
	if (positional && (mi->flags & MI_NAMED_PARAMS_ONLY))
		return NULL;
	*why = ERR_DET_NO_PARAMS_S;
	for (i = 0; i < MAX_MI_RECIPES && mi->recipes[i].cmd; i++) {
		r = &mi->recipes[i];
		if (recipe_size(r) != size)
			continue;
		candidates++;
		if (positional || size == 0 || names_match(r, params))
			found = r;
	}
	if (positional && candidates > 1) {
		*why = ERR_DET_AMBIG_CALL_S;
		return NULL;
	}
	if (!found && candidates)
		*why = ERR_DET_MATCH_PARAMS_S;
	return found;
}

static mi_response_t *run_cmd(const struct mi_cmd *cmd, mi_item_t *params)
{
	const char *why;
	const mi_recipe_t *r = find_recipe(cmd->exp, params, &why);
	mi_params_t p = {.item = params, .list = NULL};
	mi_response_t *resp;

	if (!r)
		return init_mi_error_extra(JSONRPC_INVAL_PARAMS_CODE,
			MI_SSTR(JSONRPC_INVAL_PARAMS_MSG), why, (int)strlen(why));
	if (cJSON_IsArray(params))
		p.list = r->params;
	resp = r->cmd(&p, NULL);
	if (resp)
		return resp;
	LM_ERR("command <%s> gave no reply\n", cmd->exp->name);
	return init_mi_error_extra(JSONRPC_SERVER_ERR_CODE, MI_SSTR(JSONRPC_SERVER_ERR_MSG),
		MI_SSTR(ERR_DET_CMD_NULL_S));
}

/* --- requests ----------------------------------------------------------------- */

static int request_valid(const mi_item_t *req, const mi_item_t *id, const mi_item_t *params)
{
	const mi_item_t *version = cJSON_GetObjectItemCaseSensitive(req, "jsonrpc");
	const mi_item_t *method = cJSON_GetObjectItemCaseSensitive(req, "method");

	return cJSON_IsObject(req) && cJSON_IsString(version) &&
	       strcmp(version->valuestring, JSONRPC_VERS_S) == 0 && cJSON_IsString(method) &&
	       (!params || cJSON_IsArray(params) || cJSON_IsObject(params)) &&
	       (!id || cJSON_IsString(id) || cJSON_IsNumber(id) || cJSON_IsNull(id));
}

static mi_response_t *run_request(const mi_item_t *req, mi_item_t *params)
{
	const char *method =
		cJSON_GetObjectItemCaseSensitive((mi_item_t *)req, "method")->valuestring;
	struct mi_cmd *cmd = lookup_mi_cmd(method, (int)strlen(method));

	if (!cmd) {
		LM_INFO("command %s not found!\n", method);
		return init_mi_error(JSONRPC_NOT_FOUND_CODE, MI_SSTR(JSONRPC_NOT_FOUND_MSG));
	}
	return run_cmd(cmd, params);
}

/* Adds the id and prints; releases the response. NULL: no memory. */
static char *print_response(mi_response_t *resp, const mi_item_t *id, int pretty)
{
	mi_item_t *own_id = cJSON_IsString(id) || cJSON_IsNumber(id) ? cJSON_Duplicate(id, 0)
								     : cJSON_CreateNull();
	char *text = NULL;

	if (resp && own_id && cJSON_AddItemToObject(resp, "id", own_id)) {
		own_id = NULL;
		text = pretty ? cJSON_Print(resp) : cJSON_PrintUnformatted(resp);
	}
	if (!text)
		LM_ERR("no more memory for a reply\n");
	cJSON_Delete(own_id);
	cJSON_Delete(resp);
	return text;
}

int mi_run_json(const char *in, const char **end, int pretty, char **out)
{
	mi_item_t *req = cJSON_ParseWithOpts(in, end, 0);
	mi_item_t *id = cJSON_GetObjectItemCaseSensitive(req, "id");
	mi_item_t *params = cJSON_GetObjectItemCaseSensitive(req, "params");
	mi_response_t *resp;
	int silent = 0;

	*out = NULL;
	if (!req) {
		if (end)
			*end = NULL;
		resp = init_mi_error(JSONRPC_PARSE_ERR_CODE, MI_SSTR(JSONRPC_PARSE_ERR_MSG));
	} else if (!request_valid(req, id, params)) {
		resp = init_mi_error(JSONRPC_INVAL_REQ_CODE, MI_SSTR(JSONRPC_INVAL_REQ_MSG));
	} else {
		resp = run_request(req, params);
		silent = id == NULL;
	}
	if (silent)
		free_mi_response(resp);
	else
		*out = print_response(resp, id, pretty);
	cJSON_Delete(req);
	return silent || *out ? 0 : -1;
}
