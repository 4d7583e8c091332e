/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restart with state. Where usrloc stores its contacts in SQL, each carries its stamp there; where
 * this module has a database too (db_url), that has the vector and the removals.
 * doc/engine.md tells what is sound to store, and doc/internals.md how it is known.
 */
#ifndef REG_REPLICATE_PERSIST_H
#define REG_REPLICATE_PERSIST_H

#include <stdbool.h>

#include "engine/types.h"
#include "../usrloc/usrloc.h"

#define PERSIST_VECTOR  "reg_replicate_vector"
#define PERSIST_REMOVED "reg_replicate_removed"
#define PERSIST_VERSION 1

/* Do contacts carry their stamps? Not before persist_init(). */
bool persist_stamps(void);
/* Are vector and removals kept too? */
bool persist_vector(void);

/*
 * Reads what the former life stored into the engine; before forking, after state_init() and when
 * the peers are known. 0, or -1 after an error line.
 */
int persist_init(const usrloc_api_t *ul);
void persist_destroy(void);
/* usrloc has loaded its contacts, and this is the first worker: takes over their stamps. Then peers
 * may be served. */
void persist_loaded(void);

/* What repl_status tells. */
#define PERSIST_STATES(X)                                                                          \
	X(NONE, "none")       /* nothing is kept over a restart */                                 \
	X(LOADING, "loading") /* usrloc is reading its contacts */                                 \
	X(BEHIND, "behind")   /* not everything is on disk */                                      \
	X(STORED, "stored")   /* all is */

enum persist_state {
#define X(name, text) PERSIST_##name,
	PERSIST_STATES(X)
#undef X
};
/* The engine is not locked. */
enum persist_state persist_state(void);
const char *persist_state_name(enum persist_state state);

/* --- for the process that stores (keeper.c) ----------------------------------------- */

struct rr_engine;

/* What was stored when this life began: its vector, cleared where it was not trusted; how many
 * contacts were on disk. The process that stores goes on from there. */
struct persisted {
	struct rr_state vector;
	long contacts;
	bool there; /* there is a row */
};
extern struct persisted persisted;
/* Has the stored vector been taken over? Not before state_ready(). */
bool persist_trusted(void);
/* How many changes there have been, here and at peers; the engine is locked. */
uint64_t persist_count(const struct rr_engine *e);
/* So many contacts have no row as they are, at the last look. */
void persist_set_unstored(unsigned long contacts);
unsigned long persist_unstored(void);
/* `count`: of the changes that this is said of. */
void persist_set_state(enum persist_state state, uint64_t count);

#endif
