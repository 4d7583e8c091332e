/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulation: 2 to 9 engines and up to 2 plain registrars in one process, virtual time,
 * everything from one seed.
 *
 *	net.c     virtual time, messages and what happens to them
 *	node.c    a node around an engine: usrloc, phones, expiry, disk, boots
 *	talk.c    what the module's glue does: sending, receiving, answering
 *	plain.c   a registrar that does not run the module
 *	faults.c  the schedule of phones and faults
 *	check.c   what must hold all the time, and in the end
 *	main.c    command line
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

#define NODES  9
#define PLAINS 2
#define ALL    (NODES + PLAINS)
#define KEYS   80
#define BATCH  16 /* changes of a message at most */
#define MADE   4000
#define PING   1000
#define FAULTS 60000  /* ms of faults */
#define AHEAD  150000 /* max_clock_ahead, ms */
/* Divergences in a schedule in which no node loses memory or time, each told for up to two pages
 * per peer: a few nodes may take longer to complete somebody than the digest waits
 * (RR_SUSPECT_AGE); and who forgot what expired soon takes an older state that lives longer, where
 * he did not know of it. */
#define GENTLE_MAX 20
#define LIVES      256 /* a node starts less often than that */
#define QUEUE      100000
#define STEP       100 /* ms between two looks at what there is to do by itself */
#define QUIET_STEP 500
#define CODEC_EACH 16            /* states that are written and read again: one in so many */
#define EPOCH_0    1700000000000 /* wall ms at which virtual time begins */

/* A contact in a node's usrloc, or what the engine remembers of one. */
struct value {
	struct rr_stamp stamp;
	enum rr_kind kind;
	uint64_t expires; /* wall seconds of this node; 0: never */
};

/* What a node wrote to its disk some time before it died: all at once, later maybe some of the
 * rows. */
struct disk {
	bool written;
	struct rr_state vector;
	struct rr_state plain[PLAINS]; /* what plain peers held, where those store on disk too */
	struct rr_change change[KEYS];
	bool there[KEYS];
};

enum listed {
	LISTED, /* as a peer */
	DISABLED,
	REMOVED
};

struct node {
	uint32_t id, life;
	bool up, slow, mad, plain;
	int64_t skew; /* ms of its wall clock */
	uint64_t boot_at, last_epoch, last_second;
	uint64_t refuses_until;        /* it refuses some of the keys ... */
	unsigned refuses;              /* ... this choice of them */
	struct rr_stamp refused[KEYS]; /* plain: the newest that it refused */
	enum rr_role role;
	struct rr_engine *engine;
	uint64_t memory;         /* of the engine when it booted */
	bool changed;            /* perhaps there is something to send */
	uint64_t wake[ALL + 1];  /* mono ms at which there is, per peer */
	uint8_t listed[ALL + 1]; /* enum listed */
	struct value value[KEYS];
	struct disk disk;
};

enum what {
	MSG_CHANGE,
	MSG_ANSWER,
	MSG_PING,
	MSG_PONG
};

struct carried {
	unsigned key;
	struct rr_stamp stamp;
	enum rr_kind kind;
	uint64_t left, keep; /* seconds; 0: never, not told */
};

struct message {
	uint64_t at, order;
	uint32_t from, to, life;
	enum what what;
	uint64_t token;
	int code;
	bool cseq; /* the reason names it */
	struct rr_stream_id stream;
	struct rr_span span;
	struct rr_state *state;
	unsigned n;
	struct carried change[BATCH];
};

/* A change that a phone made. */
struct made {
	struct rr_stamp stamp;
	unsigned key;
	enum rr_kind kind;
	uint64_t expires; /* virtual ms */
};

struct counts {
	uint64_t changes, sent, asked, repairs, pages, applied, batches, crashes, restored, refused,
		lost, diverged;
	uint64_t schedules;
	uint64_t slowest; /* pings until all was equal; not a sum, so the last one */
};

struct sim {
	unsigned seed;
	uint64_t random, now, order;
	bool any_mad, any_refusal;
	bool gentle;      /* messages get lost, but no memory and no time */
	bool coarse;      /* all clocks are equal, and step by 2 s */
	bool plain_keeps; /* plain ones store on disk */
	unsigned size, plains, loss, doubles, memory_fails;
	struct node node[ALL + 1]; /* by id; plain ones after the others */
	uint64_t cut_until[ALL + 1][ALL + 1];
	uint64_t flap_until[ALL + 1][ALL + 1], flap_ms;
	struct message *queue[QUEUE]; /* a heap */
	unsigned queued;
	struct made made[MADE];
	unsigned n_made;
	struct {
		struct rr_stamp stamp;
		bool lasting; /* will not have expired at the end */
	} held[KEYS];         /* newest that some living node has held ever since */
	struct counts count;
};

extern bool trace;
#define TRACE(s, ...)                                                                              \
	do {                                                                                       \
		if (trace) {                                                                       \
			printf("%9.3f  ", (double)(s)->now / 1000);                                \
			printf(__VA_ARGS__);                                                       \
			printf("\n");                                                              \
		}                                                                                  \
	} while (0)

/* Ends the run: seed, time and what was found. */
void broken(const struct sim *s, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

uint64_t dice(struct sim *s, uint64_t sides);

/* net.c */
void net_send(struct sim *s, struct message *m); /* copies it; m->state too */
void net_run(struct sim *s, uint64_t until);
void net_clear(struct sim *s);

/* node.c */
void node_boot(struct sim *s, struct node *x);
void node_crash(struct sim *s, struct node *x, bool keeps_disk);
void node_write_disk(struct sim *s, struct node *x, bool all);
void node_phone(struct sim *s, struct node *x, unsigned key);
void node_expire(struct sim *s, struct node *x);
void node_run(struct sim *s, struct node *x);
/* Lists a peer, disables it, or takes it off the list. */
void node_list(struct sim *s, struct node *x, uint32_t peer, enum listed how);
struct rr_now node_now(const struct sim *s, const struct node *x);
uint64_t node_second(const struct sim *s, const struct node *x);
struct rr_key key_of(unsigned key);
bool node_refuses(const struct sim *s, const struct node *x, unsigned key);
void memory_fails(struct sim *s, unsigned one_in);

/* talk.c */
void talk_peer(struct sim *s, struct node *x, uint32_t peer);
void talk_events(struct sim *s, struct node *x);
void talk_deliver(struct sim *s, const struct message *m);

/* plain.c */
void plain_boot(struct sim *s, struct node *x);
void plain_crash(struct sim *s, struct node *x);
void plain_deliver(struct sim *s, const struct message *m);

/* faults.c */
void faults_run(struct sim *s);
void faults_end(struct sim *s);

/* check.c */
void check_engine(const struct sim *s, const struct node *x);
void check_change(const struct sim *s, const struct node *x, const struct carried *c);
void check_crash(struct sim *s);
bool check_equal(const struct sim *s);
void check_end(const struct sim *s);
void check_show(const struct sim *s, unsigned key);

#endif
