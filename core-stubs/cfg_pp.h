/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of opensips.cfg and the files it includes.
 */
#ifndef CORE_CFG_PP_H
#define CORE_CFG_PP_H

#include "str.h"

#define CFG_MAX_INCLUDE_DEPTH 20

/*
 * Reads and checks the whole configuration; fills `sroutes`, global parameters, listeners and loads
 * modules. 0, or -1 after every error has been logged with file, line and column. preproc_cmdline
 * (-p) and ret_buffer are not covered and must be NULL.
 */
int parse_opensips_cfg(const char *cfg_file, const char *preproc_cmdline, str *ret_buffer);

/* Number of errors of the last parse_opensips_cfg(), and the numbers of files and lines read. */
extern int cfg_errors;

/* Frees what reading and running the script has made: texts, variables, names of flags and AVPs,
 * buffers. After free_route_lists() and destroy_modules(). */
void free_cfg(void);

#endif
