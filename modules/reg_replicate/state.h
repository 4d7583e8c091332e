/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one engine of this node: in shared memory, behind one lock. Lock order: usrloc
 * slot, then engine. Nothing is sent, written or logged while the engine is locked.
 */
#ifndef REG_REPLICATE_STATE_H
#define REG_REPLICATE_STATE_H

#include <stdbool.h>

#include "text.h"
#include "engine/engine.h"
#include "../../str.h"
#include "../usrloc/usrloc.h"

/* Creates engine and wake-up descriptors; before forking. 0, or -1 and a line. */
int state_init(void);
void state_destroy(void);

/* The engine, locked until engine_unlock(). */
#ifdef LOCK_TIMES
struct rr_engine *engine_lock_by(const char *function);
#define engine_lock() engine_lock_by(__func__)
#else
struct rr_engine *engine_lock(void);
#endif
void engine_unlock(void);
/* Before locking: where a new binding is about to be stored, keeps so much memory ready. */
void engine_room(size_t size);
/* The same at the end, when nobody else is left: a process that was killed may have the lock.
 * NULL where the start has failed. */
struct rr_engine *engine_at_end(void);

struct rr_now repl_now(void);
/* Of this life of this node. */
uint64_t repl_epoch(void);

/* May peers be served? Not before usrloc has loaded what it had stored. */
bool state_ready(void);
void state_set_ready(void);

/*
 * Sender `i` sleeps; while the engine is locked. Whoever finds work for
 * a sleeper wakes it.
 */
void sender_sleeps(int i);
/* From now on sender `i` has this peer, or with 0 none; engine locked, and it is to be woken. */
void sender_serves(int i, uint32_t node);
/* Which sleepers have work now, as bits? Engine locked; they then count as awake. */
unsigned int senders_due(struct rr_engine *e, struct rr_now now);
/* Wakes them; engine not locked. */
void wake_senders(unsigned int which);
/* The descriptor that becomes readable when sender `i` is woken. */
int sender_fd(int i);

/* The house-keeper sleeps until mono ms `until`. Engine locked. */
void house_sleeps(uint64_t until);
/* Does it sleep beyond `at`? Then it is to be woken; it counts as awake. Engine locked. */
bool house_oversleeps(uint64_t at);
void wake_house(void);
int house_fd(void);

static inline struct rr_str rr_of(const str *s)
{
	return (struct rr_str){s->s, s->len};
}

static inline str str_of(struct rr_str s)
{
	return (str){(char *)s.s, s.len};
}

/* The engine's key of a contact of domain number `domain`; it points into the contact. */
struct rr_key contact_key(int domain, const ucontact_t *c);

/*
 * Copies a change that the engine hands out under its lock, its texts into `text`, which
 * must have RR_KEY_MAX bytes left and live as long as the copy.
 */
void change_copy(struct rr_change *to, const struct rr_change *change, struct text *text);

#endif
