/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _EVI_H_
#define _EVI_H_

#define EVI_ERROR      -1
#define MAX_EVENT_NAME 64

/* The number of an event, from evi_publish_event(). */
typedef int event_id_t;

#endif
