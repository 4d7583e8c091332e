/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a driver can do. */
#ifndef DB_CAP_H
#define DB_CAP_H

typedef enum db_cap {
	DB_CAP_QUERY = 1 << 0,
	DB_CAP_RAW_QUERY = 1 << 1,
	DB_CAP_ASYNC_RAW_QUERY = 1 << 2, /* no driver here */
	DB_CAP_INSERT = 1 << 3,
	DB_CAP_DELETE = 1 << 4,
	DB_CAP_UPDATE = 1 << 5,
	DB_CAP_REPLACE = 1 << 6,
	DB_CAP_FETCH = 1 << 7,
	DB_CAP_LAST_INSERTED_ID = 1 << 8,
	DB_CAP_INSERT_UPDATE = 1 << 9,
	DB_CAP_MULTIPLE_INSERT = 1 << 10, /* no driver here */
	DB_CAP_PREPARED_STMT = 1 << 11,   /* no driver here */
} db_cap_t;

#define DB_CAP_ALL (DB_CAP_QUERY | DB_CAP_INSERT | DB_CAP_DELETE | DB_CAP_UPDATE)

#define DB_CAPABILITY(dbf, cpv) (((dbf).cap & (cpv)) == (cpv))

#endif
