/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines of the script. */
#include "xlog.h"

#include <limits.h>
#include "dprint.h"
#include "mem/mem.h"

int xlog_buf_size = 4096;
int xlog_level = INT_MAX;

static char *buf;

void destroy_xlog(void)
{
	pkg_free(buf);
	buf = NULL;
	xlog_level = INT_MAX;
}

int xlog_print(struct sip_msg *msg, int level, pv_elem_t *list)
{
	int len = xlog_buf_size;

	if (level > (xlog_level != INT_MAX ? xlog_level : *log_level))
		return 1;
	if (!buf && !(buf = pkg_malloc(xlog_buf_size))) {
		PKG_MEM_ERROR;
		return -1;
	}
	if (pv_printf(msg, list, buf, &len) < 0)
		return -1;
	dprint(level, log_facility, NULL, NULL, "%.*s", len, buf);
	return 1;
}
