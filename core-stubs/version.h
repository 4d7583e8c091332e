/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a module must have been built with to be loaded: see version_control() in sr_module.c. */
#ifndef VERSION_H
#define VERSION_H

#define OPENSIPS_FULL_VERSION NAME " " VERSION " (" ARCH "/" OS ")"

#ifdef STATISTICS
#define STATS_STR "STATS: On"
#else
#define STATS_STR "STATS: Off"
#endif

#define OPENSIPS_COMPILE_FLAGS STATS_STR ", SHM_MMAP, FAST_LOCK-FUTEX"

struct scm_version {
	const char *type;
	const char *rev;
};

extern const struct scm_version core_scm_ver;

#endif
