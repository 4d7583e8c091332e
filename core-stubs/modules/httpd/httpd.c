/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server, libmicrohttpd, in a process of its own. Modules register a path each.
 * One request is answered after the other: what runs is management, not traffic.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "httpd_load.h"
#include "../../dprint.h"
#include "../../pt.h"
#include "../../ut.h"

#define MAX_ROOTS      8
#define MAX_BODY       65536
#define MAX_CONNS      64
#define CONN_TIMEOUT_S 30

struct http_root {
	str name;
	httpd_page_f page;
	const char *type;
};

/* A request that is being received. */
struct request {
	char *body;
	size_t len;
	int too_long;
};

static char *ip = (char *)"127.0.0.1";
static int port = 8888;
static struct http_root roots[MAX_ROOTS];
static int roots_no;
static struct sockaddr_storage address;

static int mod_init(void);
static void httpd_process(int rank);
static int httpd_bind(httpd_api_t *api);

static const cmd_export_t cmds[] = {
	{"httpd_bind", (cmd_function)(void *)httpd_bind, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

static const param_export_t params[] = {
	{"ip", STR_PARAM, &ip},
	{"port", INT_PARAM, &port},
	{0, 0, 0},
};

static const proc_export_t procs[] = {
	{"HTTPD", 0, 0, httpd_process, 1, PROC_FLAG_INITCHILD},
	{0, 0, 0, 0, 0, 0},
};

struct module_exports exports = {
	.name = "httpd",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.cmds = cmds,
	.params = params,
	.procs = procs,
	.init_f = mod_init,
};

static int mod_init(void)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

	if (port < 1 || port > 65535) {
		LM_ERR("port is %d; 1 to 65535 are allowed\n", port);
		return -1;
	}
	if (inet_pton(AF_INET, ip, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, ip, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	} else {
		LM_ERR("ip '%s' is no IP address\n", ip);
		return -1;
	}
	return 0;
}

static int register_httpdcb(const char *mod, str *root, httpd_page_f page, const char *type)
{
	int i;

	for (i = 0; i < roots_no; i++) {
		if (str_match(&roots[i].name, root)) {
			LM_ERR("%s: path /%.*s is taken\n", mod, root->len, root->s);
			return -1;
		}
	}
	if (roots_no == MAX_ROOTS) {
		LM_ERR("%s: more than %d paths\n", mod, MAX_ROOTS);
		return -1;
	}
	roots[roots_no++] = (struct http_root){*root, page, type};
	return 0;
}

static int httpd_bind(httpd_api_t *api)
{
	api->register_httpdcb = register_httpdcb;
	return 0;
}

/* --- requests ----------------------------------------------------------------- */

/* The path "/root" or anything below it. */
static const struct http_root *find_root(const char *url)
{
	size_t len = strcspn(url + 1, "/");
	int i;

	for (i = 0; i < roots_no; i++) {
		if ((size_t)roots[i].name.len == len && memcmp(roots[i].name.s, url + 1, len) == 0)
			return &roots[i];
	}
	return NULL;
}

static enum MHD_Result answer(
	struct MHD_Connection *conn, int code, const char *type, const char *page)
{
	struct MHD_Response *resp =
		MHD_create_response_from_buffer(strlen(page), (void *)page, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!resp)
		return MHD_NO;
	rc = MHD_add_response_header(resp, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (rc == MHD_YES)
		rc = MHD_queue_response(conn, (unsigned)code, resp);
	MHD_destroy_response(resp);
	return rc;
}

static int collect(struct request *req, const char *data, size_t len)
{
	char *body;

	if (req->too_long || len > MAX_BODY - req->len) {
		req->too_long = 1;
		return 0;
	}
	body = realloc(req->body, req->len + len + 1);
	if (!body)
		return -1;
	memcpy(body + req->len, data, len);
	req->len += len;
	body[req->len] = '\0';
	req->body = body;
	return 0;
}

static enum MHD_Result run_page(struct MHD_Connection *conn, const struct http_root *root,
	const char *method, const struct request *req)
{
	const char *type =
		MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	char *page = NULL;
	int code = root->page(method, type, req->body ? req->body : "", &page);
	enum MHD_Result rc = answer(conn, code, root->type, page ? page : "");

	free(page);
	return rc;
}

/* libmicrohttpd calls this for the header, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **con_cls)
{
	struct request *req = *con_cls;
	const struct http_root *root;

	(void)cls, (void)version;
	if (!req) {
		*con_cls = calloc(1, sizeof(*req));
		return *con_cls ? MHD_YES : MHD_NO;
	}
	if (*len > 0) {
		if (collect(req, data, *len))
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	root = find_root(url);
	if (!root)
		return answer(conn, MHD_HTTP_BAD_REQUEST, "text/html",
			"<html><body>Unable to parse URL!</body></html>");
	if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
		return answer(conn, MHD_HTTP_NOT_ACCEPTABLE, "text/html",
			"<html><body>Unsupported HTTP request!</body></html>");
	if (req->too_long)
		return answer(conn, MHD_HTTP_CONTENT_TOO_LARGE, root->type, "");
	return run_page(conn, root, method, req);
}

static void on_end(
	void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct request *req = *con_cls;

	(void)cls, (void)conn, (void)why;
	if (req)
		free(req->body);
	free(req);
}

/* --- the process -------------------------------------------------------------- */

static struct MHD_Daemon *start_server(void)
{
	unsigned int flags = MHD_USE_EPOLL;

	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, (uint16_t)port, NULL, NULL, on_request, NULL,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
		MAX_CONNS, MHD_OPTION_CONNECTION_TIMEOUT, CONN_TIMEOUT_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_END);
}

static void httpd_process(int rank)
{
	struct MHD_Daemon *server;
	struct pollfd p = {.events = POLLIN};
	MHD_UNSIGNED_LONG_LONG wait;

	(void)rank;
	signal(SIGPIPE, SIG_IGN);
	set_proc_attrs("HTTPD %s:%d", ip, port);
	server = start_server();
	if (!server) {
		LM_CRIT("cannot listen on %s:%d: %s\n", ip, port, strerror(errno));
		exit(-1);
	}
	p.fd = MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	for (;;) {
		if (MHD_get_timeout(server, &wait) != MHD_YES || wait > 1000)
			wait = 1000;
		poll(&p, 1, (int)wait);
		MHD_run(server);
	}
}
