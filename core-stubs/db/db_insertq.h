/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INSERTs are never buffered here (db.h); modules may ask. */
#ifndef DB_INSERTQ_H
#define DB_INSERTQ_H

extern int query_buffer_size; /* rows that wait to be inserted together; 0: none do */

#endif
