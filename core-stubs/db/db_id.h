/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The URL of a database:
 *
 *   scheme://[user[:password]@]host[:port]/database[?parameters]
 *
 * where host may be unix(/path/of/socket); or scheme:path for a driver with files.
 */
#ifndef DB_ID_H
#define DB_ID_H

#include "../str.h"

struct db_id {
	char *scheme; /* all that the URL does not have is NULL */
	char *username;
	char *password;
	char *host; /* "localhost" with unix() */
	char *unix_socket;
	unsigned short port; /* 0: none */
	char *database;
	char *parameters;
	str url;
};

/* NULL when it cannot be read, or without memory (logged). */
struct db_id *new_db_id(const str *url);
/* NULL is allowed. */
void free_db_id(struct db_id *id);
/* The URL for messages, "xxxx" in place of the password, in a static buffer. */
const char *db_url_text(const str *url);

#endif
