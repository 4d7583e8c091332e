/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The script functions of the core itself (setflag, forward, force_send_socket, ...). */
#ifndef CORE_CORE_CMDS_H
#define CORE_CORE_CMDS_H

#include "cmds.h"

extern const cmd_export_t core_cmds[]; /* ends with a NULL name */

#endif
