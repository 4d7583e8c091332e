/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What httpd offers to modules: pages below a path of their own. */
#ifndef HTTPD_HTTPD_LOAD_H
#define HTTPD_HTTPD_LOAD_H

#include "../../sr_module.h"
#include "../../str.h"

/*
 * Answers a request. @body is what was posted, zero terminated (empty for GET), @type its
 * Content-Type or NULL. Sets *page, for httpd to free(), or leaves it NULL for an empty
 * one; returns the HTTP status. Runs in the process of httpd.
 */
typedef int (*httpd_page_f)(const char *method, const char *type, const char *body, char **page);

typedef struct httpd_api {
	/* Before forking. @root (no slash) must stay where it is. 0, or -1: taken, too many. */
	int (*register_httpdcb)(const char *mod, str *root, httpd_page_f page, const char *type);
} httpd_api_t;

typedef int (*load_httpd_f)(httpd_api_t *api);

/* 0, or -1: httpd is not loaded. */
static inline int load_httpd_api(httpd_api_t *api)
{
	load_httpd_f load_httpd = (load_httpd_f)(void *)find_export("httpd_bind", 0);

	return load_httpd ? load_httpd(api) : -1;
}

#endif
