/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the OpenSIPS versions that this source is built for. Which form a
 * tree has is in compat_probe.h, written by `probe` while building.
 */
#ifndef REG_REPLICATE_COMPAT_H
#define REG_REPLICATE_COMPAT_H

#include <compat_probe.h>

#include "../../sr_module.h"
#include "../../sr_module_deps.h"
#include "../../socket_info.h"
#include "../../net/trans.h"

/* The first listener of a transport, or NULL. Since 3.6 a structure around it carries the list. */
#if LISTENERS_HOLD_SOCKETS
#define first_listener(_proto)                                                                     \
	(protos[_proto].listeners ? &protos[_proto].listeners->socket_info : NULL)
#else
#define first_listener(_proto) (protos[_proto].listeners)
#endif

/* A socket as contacts and dialogues point to it. Nobody has changed one before 3.6 either. */
#if SOCKETS_ARE_CONST
#define socket_ref(_sock) (_sock)
#else
#define socket_ref(_sock) ((struct socket_info *)(_sock))
#endif

/* usrloc's insert_urecord, which tells clusterer too; since 3.6.8 it takes what to do before. */
#if INSERT_URECORD_ARGS == 6
#define insert_aor(_ul, _domain, _aor, _record)                                                    \
	((_ul)->insert_urecord(_domain, _aor, _record, 0, NULL, NULL))
#else
#define insert_aor(_ul, _domain, _aor, _record) ((_ul)->insert_urecord(_domain, _aor, _record, 0))
#endif

/* The end of a management command without other names. Those came with 4.0. */
#if MI_COMMANDS_HAVE_ALIASES
#define MI_NO_ALIASES                                                                              \
	{                                                                                          \
		0                                                                                  \
	}
#else
#define MI_NO_ALIASES
#endif

#endif
