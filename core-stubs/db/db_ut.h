/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of SQL. */
#ifndef DB_UT_H
#define DB_UT_H

#include "db.h"

/* A query is at most so long; a longer one is an error. */
#define SQL_BUF_LEN 65536

/* "2026-11-21 04:43:27" of local time. 0 or -1: it is not one. */
int db_str2time(const char *_s, time_t *_v);
/* 'YYYY-MM-DD HH:MM:SS' in quotes; *_l: room, then length. 0 or -1: no room. */
int db_time2str(time_t _v, char *_s, int *_l);

#endif
