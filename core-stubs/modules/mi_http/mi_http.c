/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The management interface over HTTP: JSON-RPC requests posted to http://ip:port/root. */
#include <string.h>

#include "../../dprint.h"
#include "../../mi/mi.h"
#include "../../sr_module.h"
#include "../httpd/httpd_load.h"

static char *root = (char *)"mi";
static int pretty_printing;

static int mod_init(void);

static const param_export_t params[] = {
	{"root", STR_PARAM, &root},
	{"pretty_printing", INT_PARAM, &pretty_printing},
	{0, 0, 0},
};

static const dep_export_t deps = {
	{{MOD_TYPE_DEFAULT, "httpd", DEP_ABORT}, {MOD_TYPE_NULL, NULL, 0}},
	{{NULL, NULL}},
};

struct module_exports exports = {
	.name = "mi_http",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &deps,
	.params = params,
	.init_f = mod_init,
};

/* Status codes as OpenSIPS has them: 405 for GET, 400 for a form, 202 for a notification. */
static int mi_page(const char *method, const char *type, const char *body, char **page)
{
	if (strcmp(method, "POST") != 0)
		return 405;
	if (!*body || (type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0))
		return 400;
	if (mi_run_json(body, NULL, pretty_printing, page))
		return 500;
	return *page ? 200 : 202;
}

static int mod_init(void)
{
	static str path;
	httpd_api_t api;

	init_str(&path, root);
	if (path.len == 0 || strchr(root, '/')) {
		LM_ERR("root is '%s'; one path element without slashes is allowed\n", root);
		return -1;
	}
	if (load_httpd_api(&api)) {
		LM_ERR("module httpd is not loaded\n");
		return -1;
	}
	return api.register_httpdcb("mi_http", &path, mi_page, "application/json");
}
