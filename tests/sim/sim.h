/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulation: 2 to 9 engines in one process, virtual time, everything from one seed.
 *
 *	net.c     virtual time, messages and what happens to them
 *	node.c    what the module's glue does around an engine: usrloc, sending, receiving, boots
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
#define KEYS   80
#define PING   1000
#define FAULTS 60000 /* ms of faults */
/* Divergences in a schedule in which no node loses memory or time: a few nodes may take longer to
 * complete somebody than the digest waits (RR_SUSPECT_AGE). */
#define GENTLE_MAX 3
#define QUEUE      100000
#define STEP       100 /* ms between two looks at what there is to do by itself */
#define QUIET_STEP 250
#define CODEC_EACH 8             /* states that are written and read again: one in so many */
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
	struct rr_change change[KEYS];
	bool there[KEYS];
};

struct node {
	uint32_t id, life;
	bool up, slow, mad;
	int64_t skew; /* ms of its wall clock */
	uint64_t boot_at, last_epoch, last_second;
	struct rr_engine *engine;
	struct value value[KEYS];
	struct disk disk;
};

enum what {
	MSG_CHANGE,
	MSG_ANSWER,
	MSG_PING,
	MSG_PONG
};

struct message {
	uint64_t at, order;
	uint32_t from, to, life;
	enum what what;
	uint64_t token;
	int code;
	struct rr_stream_id stream;
	struct rr_span span;
	bool carries;
	unsigned key;
	struct rr_stamp stamp;
	enum rr_kind kind;
	uint64_t left, keep; /* seconds; 0: never, not told */
	struct rr_state *state;
};

struct counts {
	uint64_t changes, sent, repairs, pages, applied, crashes, restored, refused, lost, diverged;
	uint64_t schedules;
	uint64_t slowest; /* pings until all was equal; not a sum, so the last one */
};

struct sim {
	unsigned seed;
	uint64_t random, now, order;
	bool any_mad, gentle; /* gentle: messages get lost, but no memory and no time */
	unsigned size, loss, doubles, memory_fails;
	struct node node[NODES + 1]; /* by id */
	uint64_t cut_until[NODES + 1][NODES + 1];
	struct message *queue[QUEUE]; /* a heap */
	unsigned queued;
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
void node_phone(struct sim *s, struct node *x);
void node_deliver(struct sim *s, const struct message *m);
void node_run(struct sim *s, struct node *x);
struct rr_now node_now(const struct sim *s, const struct node *x);
struct rr_key key_of(unsigned key, char text[32]);
void memory_fails(struct sim *s, unsigned one_in);

/* faults.c */
void faults_run(struct sim *s);
void faults_end(struct sim *s);

/* check.c */
void check_engine(const struct sim *s, const struct node *x);
void check_crash(struct sim *s);
bool check_equal(const struct sim *s);
void check_end(const struct sim *s);
void check_show(const struct sim *s, unsigned key);

#endif
