/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging: LM_ERR("text %d\n", n) prints "date [pid] ERROR:module:function: text 1".
 * Goes to standard error and/or syslog. A log line never fails and never allocates.
 */
#ifndef DPRINT_H
#define DPRINT_H

#include <syslog.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include "str.h"

#define L_ALERT  -3
#define L_CRIT   -2
#define L_ERR    -1
#define L_WARN   1
#define L_NOTICE 2
#define L_INFO   3
#define L_DBG    4

#ifndef MOD_NAME
#define MOD_NAME core
#endif

/* Points at this process's level: its own, or the one all share. */
extern int *log_level;
extern int stderr_enabled, syslog_enabled;
extern int log_facility;
extern const char *log_name;

/* The shared level lives in shared memory once that exists. 0, or -1: no memory. */
int init_log_level(void);
void cleanup_log_level(void);
/* Opens syslog with log_name and log_facility; called when the configuration is known. */
void init_log_syslog(void);
/* Level of all processes. */
void set_global_log_level(int level);
/* Level of process idx; default_level is what reset goes back to. */
void __set_proc_log_level(int proc_idx, int level);
void __set_proc_default_log_level(int proc_idx, int level);
/* Level by name ("L_ERR", "ERR") or number into *level. 0, or -1 when unknown. */
int str2log_level(const str *s, int *level);

/*
 * One line. module and func may be NULL: then the line has the level only (xlog).
 */
void dprint(int level, int facility, const char *module, const char *func, const char *fmt, ...)
	__attribute__((__format__(__printf__, 5, 6)));

static inline int is_printable(int level)
{
	return *log_level >= level;
}

#define LOG_PREFIX_UTIL2(_n) #_n
#define LOG_PREFIX_UTIL(_n)  LOG_PREFIX_UTIL2(_n)

#define LM_GEN(_lev, fmt, args...)                                                                 \
	do {                                                                                       \
		if (is_printable(_lev))                                                            \
			dprint(_lev, log_facility, LOG_PREFIX_UTIL(MOD_NAME), __func__, fmt,       \
				##args);                                                           \
	} while (0)
#define LM_GEN2(_facility, _lev, fmt, args...)                                                     \
	do {                                                                                       \
		if (is_printable(_lev))                                                            \
			dprint(_lev, _facility, NULL, NULL, fmt, ##args);                          \
	} while (0)
#define LM_GEN1(_lev, fmt, args...) LM_GEN2(log_facility, _lev, fmt, ##args)

#define LM_ALERT(fmt, args...)  LM_GEN(L_ALERT, fmt, ##args)
#define LM_CRIT(fmt, args...)   LM_GEN(L_CRIT, fmt, ##args)
#define LM_ERR(fmt, args...)    LM_GEN(L_ERR, fmt, ##args)
#define LM_WARN(fmt, args...)   LM_GEN(L_WARN, fmt, ##args)
#define LM_NOTICE(fmt, args...) LM_GEN(L_NOTICE, fmt, ##args)
#define LM_INFO(fmt, args...)   LM_GEN(L_INFO, fmt, ##args)
#define LM_DBG(fmt, args...)    LM_GEN(L_DBG, fmt, ##args)
#define LM_BUG(fmt, args...)    LM_CRIT("\n>>> " fmt, ##args)

#endif
