/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines. Each is put together in one buffer and written by one call, so that lines of
 * several processes do not mix.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dprint.h"
#include "globals.h"
#include "mem/shm_mem.h"
#include "pt.h"

#define LINE_MAX_LEN 8192

static int start_level = L_NOTICE;       /* before there is shared memory */
static int *shared_level = &start_level; /* all processes without one of their own */

int *log_level = &start_level;
int stderr_enabled = 1, syslog_enabled;
int log_facility = LOG_DAEMON;
const char *log_name;

static const struct {
	const char *name;
	int level, priority;
} levels[] = {
	{"ALERT", L_ALERT, LOG_ALERT},
	{"CRITICAL", L_CRIT, LOG_CRIT},
	{"ERROR", L_ERR, LOG_ERR},
	{"WARNING", L_WARN, LOG_WARNING},
	{"NOTICE", L_NOTICE, LOG_NOTICE},
	{"INFO", L_INFO, LOG_INFO},
	{"DBG", L_DBG, LOG_DEBUG},
};
#define N_LEVELS ((int)(sizeof(levels) / sizeof(*levels)))

static int level_index(int level)
{
	for (int i = 0; i < N_LEVELS; i++)
		if (levels[i].level >= level)
			return i;
	return N_LEVELS - 1;
}

int init_log_level(void)
{
	int *shared = shm_malloc(sizeof(*shared));

	if (!shared)
		return -1;
	*shared = *shared_level;
	if (log_level == shared_level)
		log_level = shared;
	shared_level = shared;
	return 0;
}

void cleanup_log_level(void)
{
	if (shared_level == &start_level)
		return;
	start_level = *shared_level;
	shm_free(shared_level);
	log_level = shared_level = &start_level;
}

void init_log_syslog(void)
{
	if (syslog_enabled)
		openlog(log_name ? log_name : "opensips-stub", LOG_PID | LOG_CONS, log_facility);
}

/* --- levels of all and of one process ------------------------------------------------------ */

void __set_proc_default_log_level(int proc_idx, int level)
{
	if (pt)
		pt[proc_idx].default_log_level = level;
}

void __set_proc_log_level(int proc_idx, int level)
{
	if (pt)
		pt[proc_idx].log_level = level;
}

void set_global_log_level(int level)
{
	*shared_level = level;
	for (unsigned int i = 0; pt && i < counted_max_processes; i++) {
		__set_proc_default_log_level((int)i, level);
		__set_proc_log_level((int)i, level);
	}
}

int str2log_level(const str *s, int *level)
{
	static const struct {
		const char *name;
		int level;
	} names[] = {
		{"ALERT", L_ALERT},
		{"CRIT", L_CRIT},
		{"ERR", L_ERR},
		{"WARN", L_WARN},
		{"NOTICE", L_NOTICE},
		{"INFO", L_INFO},
		{"DBG", L_DBG},
	};
	const char *name = s->s;
	int len = s->len;

	if (len > 2 && strncasecmp(name, "L_", 2) == 0) {
		name += 2;
		len -= 2;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((int)strlen(names[i].name) == len &&
			strncasecmp(names[i].name, name, len) == 0) {
			*level = names[i].level;
			return 0;
		}
	return -1;
}

/* --- lines ------------------------------------------------------------------------------- */

static int put(char *buf, int at, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf + at, LINE_MAX_LEN - at, fmt, ap);

	if (n < 0)
		return at;
	if (at + n < LINE_MAX_LEN)
		return at + n;
	buf[LINE_MAX_LEN - 2] = '\n'; /* a line that was cut still ends */
	return LINE_MAX_LEN - 1;
}

static int __attribute__((__format__(__printf__, 3, 4)))
putf(char *buf, int at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	at = put(buf, at, fmt, ap);
	va_end(ap);
	return at;
}

static int put_time(char *buf)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (int)strftime(buf, LINE_MAX_LEN, "%b %e %H:%M:%S", &tm);
}

void dprint(int level, int facility, const char *module, const char *func, const char *fmt, ...)
{
	char buf[LINE_MAX_LEN];
	int l = level_index(level), text, at, saved = errno;
	va_list ap;

	at = putf(buf, put_time(buf), " [%d] ", my_pid());
	text = at;
	at = putf(buf, at, "%s:", levels[l].name);
	if (module)
		at = putf(buf, at, "%s:%s: ", module, func);
	va_start(ap, fmt);
	at = put(buf, at, fmt, ap);
	va_end(ap);
	if (stderr_enabled && write(STDERR_FILENO, buf, at) < 0)
		stderr_enabled = errno == EINTR || errno == EAGAIN; /* nobody reads it */
	if (syslog_enabled)
		syslog(levels[l].priority | facility, "%s", buf + text);
	errno = saved;
}
