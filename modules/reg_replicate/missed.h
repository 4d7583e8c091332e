/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What plain peers hold, kept over a restart: they do not tell it, so it would be lost with this
 * process, and they would be sent everything again. Table missed_table has a row for each that
 * is continued from where it was (resync=missed): what it acknowledged of each stream, with gaps
 * where it refused something. Part of the restart with state (persist.h), and of no use without.
 */
#ifndef REG_REPLICATE_MISSED_H
#define REG_REPLICATE_MISSED_H

/* Reads what a former life stored, before forking. 0, or -1 after an error line. */
int missed_read(void);
/* Takes it over, when all streams are known; in a process that was forked since. */
void missed_restore(void);
/* Stores what has changed, in the process that stores. What the database does not take is stored
 * the next time: until then a restart would send again what was acknowledged since. Returns 0, or
 * -1 after an error line. */
int missed_store(void);

#endif
