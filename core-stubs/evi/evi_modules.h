/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that modules announce. The stand-in has no event transports (event_datagram,
 * event_route, event_subscribe are left out): a raised event becomes one line in the log,
 * at level L_INFO, with its parameters as JSON, e.g.
 *
 *   event E_X {"jsonrpc":"2.0","method":"E_X","params":{"node":2}}
 *
 * which is the payload that OpenSIPS's datagram transports would send.
 */
#ifndef _EVI_MODULES_H_
#define _EVI_MODULES_H_

#include "../str.h"
#include "evi.h"
#include "evi_params.h"

/* Registers an event, before forking. Its number, or EVI_ERROR (bad name, exists, no memory).
 * @event_name must stay where it is. */
event_id_t evi_publish_event(str event_name);

/* Raises an event, from any process. Frees a list from evi_get_params(). 0, or EVI_ERROR. */
int evi_raise_event(event_id_t id, evi_params_t *params);

/* 1 if raising the event will reach anybody: the log level shows it. 0 if not. */
int evi_probe_event(event_id_t id);

/* The number of an event by name, or EVI_ERROR. */
event_id_t evi_get_id(str *name);
/* Its name; NULL where there is no such number. Numbers are 0, 1, 2, ... */
const str *evi_get_name(event_id_t id);

#endif
