/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines of the script. */
#include "xlog.h"

#include "dprint.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"

int xlog_buf_size = 4096;
int xlog_print_level = L_NOTICE;

static char *buf;
static int own_level;     /* of this process */
static int *shared_level; /* NULL: follows log_level */
int *xlog_level;

int init_xlog(void)
{
	buf = pkg_malloc(xlog_buf_size);
	if (!buf) {
		PKG_MEM_ERROR;
		return -1;
	}
	return 0;
}

void destroy_xlog(void)
{
	pkg_free(buf);
	buf = NULL;
	shm_free(shared_level);
	shared_level = xlog_level = NULL;
}

void set_shared_xlog_level(int new_level)
{
	if (!shared_level && !(shared_level = shm_malloc(sizeof(*shared_level)))) {
		SHM_MEM_ERROR;
		return;
	}
	*shared_level = new_level;
	xlog_level = shared_level;
}

void set_local_xlog_level(int new_level)
{
	own_level = new_level;
	xlog_level = &own_level;
}

void reset_xlog_level(void)
{
	xlog_level = shared_level;
}

int xlog_parse_level(const str *name, int *level)
{
	return str2log_level(name, level);
}

int xlog_print(struct sip_msg *msg, int level, pv_elem_t *list)
{
	int len = xlog_buf_size;

	if (level > (xlog_level ? *xlog_level : *log_level))
		return 1;
	if (!buf && init_xlog() < 0)
		return -1;
	if (pv_printf(msg, list, buf, &len) < 0)
		return -1;
	dprint(level, log_facility, NULL, NULL, "%.*s", len, buf);
	return 1;
}
