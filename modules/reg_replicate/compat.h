/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the OpenSIPS versions that this source is built for. The
 * version is a string there, so macros that came with a version tell it.
 */
#ifndef REG_REPLICATE_COMPAT_H
#define REG_REPLICATE_COMPAT_H

#include "../../sr_module.h"
#include "../../sr_module_deps.h"
#include "../../socket_info.h"
#include "../../net/trans.h"

/* Since 3.6 a listener is wrapped into a structure that carries the list. */
#ifdef DEP_REVERSE_MINIT
#define first_listener(_proto)                                                                     \
	(protos[_proto].listeners ? &protos[_proto].listeners->socket_info : NULL)
#else
#define first_listener(_proto) (protos[_proto].listeners)
#endif

#endif
