/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Name of a column. */
#ifndef DB_KEY_H
#define DB_KEY_H

#include "../ut.h"

typedef str *db_key_t;

#endif
