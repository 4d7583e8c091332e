/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as texts. Local time, as OpenSIPS writes them. */
#include "db_ut.h"

int db_str2time(const char *_s, time_t *_v)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end = _s ? strptime(_s, "%Y-%m-%d %H:%M:%S", &tm) : NULL;

	if (!end || (*end && *end != '.'))
		return -1;
	tm.tm_isdst = -1;
	*_v = mktime(&tm);
	return 0;
}

int db_time2str(time_t _v, char *_s, int *_l)
{
	struct tm tm;
	size_t n;

	if (!localtime_r(&_v, &tm))
		return -1;
	n = strftime(_s, *_l, "'%Y-%m-%d %H:%M:%S'", &tm);
	if (n == 0)
		return -1;
	*_l = (int)n;
	return 0;
}
