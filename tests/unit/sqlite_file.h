/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For unit tests with a database of SQLite: the driver, to be registered as if it had been loaded,
 * and somebody else's connection to the same file.
 */
#ifndef TESTS_SQLITE_FILE_H
#define TESTS_SQLITE_FILE_H

#include <stdio.h>

#include <sqlite3.h>

#include "sr_module.h"
#include "modules/db_sqlite/db_sqlite.h"

static sqlite3 *other;

static const cmd_export_t cmds[] = {
	{"db_bind_api", (cmd_function)db_sqlite_bind_api, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};
static const struct module_exports driver = {
	.name = "db_sqlite", .type = MOD_TYPE_SQLDB, .cmds = cmds};

static void sql(const char *text)
{
	char *error = NULL;

	sqlite3_exec(other, text, NULL, NULL, &error);
	if (error)
		fail_msg("%s: %s", text, error);
}

static void run_script(const char *name)
{
	char text[4096];
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	assert_true(n > 0);
	fclose(f);
	text[n] = 0;
	sql(text);
}

#endif
