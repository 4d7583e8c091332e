/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management interface over named pipes, in the form of OpenSIPS: a client makes a
 * pipe of its own in reply_dir, and writes
 *
 *   :name_of_that_pipe:{"jsonrpc":"2.0","id":1,"method":"ps"}
 *
 * in one write to the FIFO. A newline may follow and is wanted where the JSON text may be
 * broken: without one, the end of a text that does not parse is found by waiting. Unlike
 * OpenSIPS a text that cannot be parsed is answered too, with a JSON-RPC error.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../dprint.h"
#include "../../mi/mi.h"
#include "../../sr_module.h"

#define MAX_REQUEST   65536
#define MAX_PATH      256
#define REST_WAIT_MS  500 /* for the rest of a request that came in pieces */
#define REPLY_RETRIES 4   /* for the client to open its pipe */
#define REPLY_WAIT_US 80000
#define STALL_MS      5000 /* a client that does not read its reply */

static char *fifo_name = (char *)"/tmp/opensips_fifo";
static char *reply_dir = (char *)"/tmp/";
static int fifo_mode = 0660;
static int pretty_printing;

static int mod_init(void);
static int make_fifo(void);
static void fifo_process(int rank);
static void mod_destroy(void);

static const param_export_t params[] = {
	{"fifo_name", STR_PARAM, &fifo_name},
	{"fifo_mode", INT_PARAM, &fifo_mode},
	{"reply_dir", STR_PARAM, &reply_dir},
	{"pretty_printing", INT_PARAM, &pretty_printing},
	{0, 0, 0},
};

static const proc_export_t procs[] = {
	{"MI FIFO", make_fifo, 0, fifo_process, 1, PROC_FLAG_INITCHILD},
	{0, 0, 0, 0, 0, 0},
};

struct module_exports exports = {
	.name = "mi_fifo",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.params = params,
	.procs = procs,
	.init_f = mod_init,
	.destroy_f = mod_destroy,
};

static int mod_init(void)
{
	struct stat st;
	size_t len = strlen(reply_dir);

	if (!*fifo_name) {
		LM_ERR("fifo_name is empty\n");
		return -1;
	}
	if (stat(reply_dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		LM_ERR("reply_dir '%s' is no directory\n", reply_dir);
		return -1;
	}
	if (len + 2 > MAX_PATH / 2) {
		LM_ERR("reply_dir is longer than %d characters\n", MAX_PATH / 2 - 2);
		return -1;
	}
	if (lstat(fifo_name, &st) == 0 && !S_ISFIFO(st.st_mode)) {
		LM_ERR("fifo_name '%s' exists and is no FIFO\n", fifo_name);
		return -1;
	}
	return 0;
}

/* In the main process, so that clients find it as soon as the start is reported. */
static int make_fifo(void)
{
	if (unlink(fifo_name) < 0 && errno != ENOENT) {
		LM_ERR("cannot remove the old FIFO %s: %s\n", fifo_name, strerror(errno));
		return -1;
	}
	if (mkfifo(fifo_name, fifo_mode) < 0 || chmod(fifo_name, fifo_mode) < 0) {
		LM_ERR("cannot make the FIFO %s: %s\n", fifo_name, strerror(errno));
		return -1;
	}
	return 0;
}

static void mod_destroy(void)
{
	unlink(fifo_name);
}

/* --- replies ------------------------------------------------------------------ */

static int open_reply(const char *name)
{
	char path[MAX_PATH];
	struct stat st;
	int fd = -1, i;

	snprintf(path, sizeof(path), "%s%s%s", reply_dir,
		reply_dir[strlen(reply_dir) - 1] == '/' ? "" : "/", name);
	for (i = 0; i < REPLY_RETRIES; i++) {
		fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 || errno != ENXIO)
			break;
		usleep(REPLY_WAIT_US); /* the client has not opened it yet */
	}
	if (fd < 0) {
		LM_ERR("cannot open the reply FIFO %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode)) {
		LM_ERR("%s is no FIFO\n", path);
		close(fd);
		return -1;
	}
	return fd;
}

static void send_reply(const char *name, const char *text)
{
	struct pollfd p = {.events = POLLOUT};
	size_t left = strlen(text);
	ssize_t n;

	p.fd = open_reply(name);
	if (p.fd < 0)
		return;
	while (left > 0) {
		n = write(p.fd, text, left);
		if (n < 0 && errno == EAGAIN && poll(&p, 1, STALL_MS) > 0)
			continue;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			LM_ERR("reply to %s given up with %zu bytes left: %s\n", name, left,
				strerror(errno));
			break;
		}
		text += n;
		left -= (size_t)n;
	}
	close(p.fd);
}

/* --- requests ----------------------------------------------------------------- */

/* Where the JSON text begins, with its colon made a zero byte; NULL: not of our form. */
static char *reply_name(char *req, char **name)
{
	char *colon;

	if (*req != ':') {
		LM_ERR("command must begin with ':': %.64s\n", req);
		return NULL;
	}
	colon = strchr(req + 1, ':');
	if (!colon || colon == req + 1 || colon - req > MAX_PATH / 2) {
		LM_ERR("no name of a reply FIFO in: %.64s\n", req);
		return NULL;
	}
	if (memchr(req, '/', (size_t)(colon - req)) || req[1] == '.') {
		LM_ERR("forbidden name of a reply FIFO: %.64s\n", req);
		return NULL;
	}
	*colon = '\0';
	*name = req + 1;
	return colon + 1;
}

/* Runs one request; returns what follows it, NULL if it was broken. */
static char *run_one(char *req)
{
	char *name, *json, *reply;
	const char *end;

	json = reply_name(req, &name);
	if (!json)
		return NULL;
	if (mi_run_json(json, &end, pretty_printing, &reply) == 0 && reply)
		send_reply(name, reply);
	free(reply);
	return (char *)end;
}

/* Does the text end within a request that may still be going on? */
static int is_incomplete(const char *text)
{
	const char *json = *text == ':' ? strchr(text + 1, ':') : NULL;
	cJSON *item;

	if (!json || strchr(json, '\n'))
		return 0;
	item = cJSON_ParseWithOpts(json + 1, NULL, 0);
	cJSON_Delete(item);
	return item == NULL;
}

static void run_all(char *text)
{
	char *next, *eol;

	while (text && *(text += strspn(text, " \r\n"))) {
		eol = strchr(text, '\n');
		next = run_one(text);
		text = next ? next : eol;
	}
}

/* Reads what there is, and the rest of a request that has begun. 0, or -1. */
static int read_requests(int fd, char *buf)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t len = 0, n;

	do {
		n = read(fd, buf + len, MAX_REQUEST - (size_t)len);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			LM_ERR("reading %s: %s\n", fifo_name, strerror(errno));
			return -1;
		}
		if (n > 0)
			len += n;
		buf[len] = '\0';
		if (len == MAX_REQUEST) {
			LM_ERR("more than %d bytes of requests at once: dropped\n", MAX_REQUEST);
			buf[0] = '\0';
			return 0;
		}
	} while (is_incomplete(buf) && poll(&p, 1, REST_WAIT_MS) > 0);
	return 0;
}

static void fifo_process(int rank)
{
	static char buf[MAX_REQUEST + 1];
	struct pollfd p = {.events = POLLIN};
	int keep;

	(void)rank;
	signal(SIGPIPE, SIG_IGN);
	p.fd = open(fifo_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	keep = open(fifo_name, O_WRONLY | O_CLOEXEC); /* so that there is no end of file */
	if (p.fd < 0 || keep < 0) {
		LM_CRIT("cannot open %s: %s\n", fifo_name, strerror(errno));
		exit(-1);
	}
	for (;;) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR) {
			LM_CRIT("poll: %s\n", strerror(errno));
			exit(-1);
		}
		if (read_requests(p.fd, buf) < 0)
			exit(-1);
		run_all(buf);
	}
}
