/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prepared statements, as OpenSIPS's modules ask for them before a query. No driver here
 * prepares anything: the query is run all the same.
 */
#ifndef DB_PS_H
#define DB_PS_H

typedef void *db_ps_t;

#define CON_HAS_PS(cn)           ((cn)->curr_ps)
#define CON_RESET_CURR_PS(cn)    (*((void ***)&(cn)->curr_ps) = NULL)
#define CON_SET_CURR_PS(cn, ptr) (*((void ***)&(cn)->curr_ps) = (ptr))

#endif
