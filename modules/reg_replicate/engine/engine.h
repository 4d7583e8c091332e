/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replication engine, its only public face (types.h, cover.h and wire.h apart).
 *
 * It knows which bindings exist, with which stamps, what each peer lacks of them, and
 * what to say to whom next. It does not know SIP, sockets, clocks or locks: time,
 * memory and randomness are passed in, messages are passed out, and the caller holds
 * one lock of its own around every call. Strings that go in are copied, pointers that
 * come out of callbacks are valid only inside the callback; callbacks must not call
 * the engine. No call but rr_engine_free walks the table.
 *
 * Use at the sender, for each peer, until RR_NOTHING:
 *
 *	lock; rr_next(e, now, peer, emit, ctx, &send); unlock;
 *	RR_PING, RR_LEAF: OPTIONS with rr_state_ask()
 *	RR_CHANGES: fetch the payload from usrloc under its slot lock, then rr_lookup(); if the
 *	            stamp is no longer the one that was emitted, send the span alone.
 *	then rr_answered() or rr_failed() with send.token, whenever that comes.
 *
 * At the receiver, with the usrloc slot locked, then the engine:
 *
 *	rr_judge() == RR_NEWER: write to usrloc; rr_apply(). Always (unless refused): rr_claim(),
 *	then answer 200 with rr_state_of() the stream.
 */
#ifndef RR_ENGINE_H
#define RR_ENGINE_H

#include "types.h"
#include "counters.h"

struct rr_engine;

struct rr_config {
	uint32_t node;  /* own id, > 0 */
	uint64_t epoch; /* new at every start, e.g. wall ms; > 0 */
	uint64_t seed;  /* for jitter */
	/* Of the digest: the same on all nodes, whatever number a domain has there. */
	uint64_t digest_key[2];
	uint64_t domain_id[RR_MAX_DOMAINS]; /* rr_domain_id() of domain number i */
	uint32_t digest_interval;           /* pings between two that tell the digest; 0: none does,
					     * and what others tell is ignored */
	uint32_t ping_interval;             /* ms; 0: 1000 */
	uint32_t ping_timeout;              /* ms; 0: 1000 */
	uint32_t down_after;                /* pings that fail; 0: 3 */
	uint32_t window;                    /* messages in flight per peer; 0: 4; at most 256 */
	uint32_t batch_max;                 /* changes per message to a full peer; 0: 1; at most
					     * RR_BATCH_MAX */
	uint32_t batch_delay;     /* ms for which changes gather after a message; 0: none do */
	uint32_t body;            /* bytes of the largest body we take, told to peers; 0:
				   * none */
	uint32_t answer_timeout;  /* ms after which a message counts as failed even if nobody
				   * says so; 0: 10000. More than tm's own time-out. */
	uint32_t max_clock_ahead; /* ms; 0: 60000 */
	uint32_t tombstone_max;   /* s a tombstone of a binding without expiry is kept; 0: 86400 */
	uint32_t waits_max;       /* that wait for acknowledgements at a time; 0: 1000 */
	void *(*alloc)(size_t size); /* shared memory; NULL on failure */
	void (*release)(void *p);
};

uint64_t rr_domain_id(struct rr_str name);

/* Sets our role (RR_EINVAL: there is no such). A change makes an exchange of state with every peer
 * that is not disabled due at once: wake the senders. The engine decides nothing by it. */
int rr_role_set(struct rr_engine *e, struct rr_now now, enum rr_role role);
const char *rr_role_name(enum rr_role role);
/* RR_ROLE_MAX: there is none of that name. Names are as in RR_ROLES, in any case. */
enum rr_role rr_role_of(struct rr_str name);

/* Everything is allocated with config->alloc. NULL: no memory or a wrong value. */
struct rr_engine *rr_engine_new(const struct rr_config *config, struct rr_now now);
void rr_engine_free(struct rr_engine *e);
/* A text for what a call returned. */
const char *rr_strerror(int error);

/* --- the table -------------------------------------------------------------------- */

/*
 * A change first accepted here: gets a stamp past all that was seen, and takes the place of
 * whatever was known of the key. kind RR_SET or RR_REMOVED; expires: wall seconds at which the
 * binding expires, or for RR_REMOVED would have expired (0: never). *stamp may be NULL.
 * RR_ENOMEM, RR_EINVAL (key too long, kind): nothing has changed, counted as `dropped`.
 */
int rr_local_change(struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	enum rr_kind kind, uint32_t expires, struct rr_stamp *stamp);

/* usrloc let the binding expire: not replicated. No-op for an unknown key. */
void rr_forget(struct rr_engine *e, struct rr_now now, const struct rr_key *key);

enum rr_verdict {
	RR_NEWER,       /* to be applied */
	RR_SAME,        /* there already: acknowledge */
	RR_OLDER,       /* something newer is there: acknowledge */
	RR_CLOCK_AHEAD, /* refuse: the stamp is too far in the future */
};

/* What a change with this stamp is compared with what is known of the key. Counts nothing. */
enum rr_verdict rr_judge(const struct rr_engine *e, struct rr_now now, const struct rr_key *key,
	struct rr_stamp stamp);

/*
 * Records a change received from a peer. Idempotent: an older or the same stamp has no effect.
 * Returns an enum rr_verdict (counted: applied, duplicate, stale, clock_ahead), or an error
 * < 0, upon which nothing has changed: RR_ENOMEM, RR_EINVAL, RR_EFULL (too many streams).
 */
int rr_apply(struct rr_engine *e, struct rr_now now, const struct rr_change *change);

/* Everything of this span is here now. Call it after what the message carried was applied
 * or found not newer. RR_EINVAL: nonsense, RR_EFULL: too many streams, RR_EINVAL too for
 * spans beyond max_clock_ahead. */
int rr_claim(
	struct rr_engine *e, struct rr_now now, struct rr_stream_id stream, struct rr_span span);

/*
 * How long (ms) a message was on its way that this peer wrote at `at` by its clock: repeated,
 * queued, or kept by TCP through a cut. Not below 0, not above RR_MAX_AGE, and 0 where it
 * cannot be told.
 */
#define RR_MAX_AGE 60000
uint32_t rr_age(const struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t at);

/* The same but for the changes at these times (in order, within the span), which could not be
 * applied: so it is told which of many the peer has to send again. At most RR_EARLY of them. */
int rr_claim_but(struct rr_engine *e, struct rr_now now, struct rr_stream_id stream,
	struct rr_span span, const uint64_t *but, uint32_t n);

/* What is known of a key: true, and *out with key as passed, or false. out may be NULL. */
bool rr_lookup(const struct rr_engine *e, const struct rr_key *key, struct rr_change *out);

/* Own state: as it is; for an RR_PING or RR_LEAF to that peer (RR_ENOENT); for the answer to one
 * of a peer's, after rr_state_seen(); for the
 * answer to a change of that stream. */
void rr_state(const struct rr_engine *e, struct rr_state *out);
int rr_state_ask(struct rr_engine *e, uint32_t node, uint64_t token, struct rr_state *out);
void rr_state_answer(struct rr_engine *e, const struct rr_state *asked, struct rr_state *out);
void rr_state_of(const struct rr_engine *e, struct rr_stream_id stream, struct rr_state *out);

/* --- restart (restore.c) ------------------------------------------------------------ */

/*
 * What a former life of this node left on disk. To be called before anything is said to a peer or
 * taken from one, in any order; then rr_restored(). Own changes may have been made already.
 */
/* A binding or a removal as it was stored. RR_NEWER: it is known now; RR_SAME, RR_OLDER: something
 * at least as new is known, nothing has changed; or RR_EINVAL, RR_ENOMEM, RR_EFULL. */
int rr_restore(struct rr_engine *e, struct rr_now now, const struct rr_change *change);
/* A binding that is there without a stamp: it counts as own change made at wall_ms, so that
 * whatever a peer knows from later wins. *stamp is set with RR_NEWER; else as rr_restore(). */
int rr_adopt(struct rr_engine *e, struct rr_now now, const struct rr_key *key, uint32_t expires,
	uint64_t wall_ms, struct rr_stamp *stamp);
/* The vector of a state as it was stored: all of it is restored, or will be. RR_EINVAL: nothing has
 * changed; RR_EFULL: too many streams, the rest is missing. */
int rr_restore_vector(struct rr_engine *e, struct rr_now now, const struct rr_state *state);
/* No own stamp will be older. */
void rr_restore_clock(struct rr_engine *e, uint64_t clock);
/* What a plain peer held, as rr_peer_kept() told it; after all that was restored, since of
 * streams that are not known here nothing is taken over. RR_ENOENT, RR_EINVAL: a full one. */
int rr_restore_peer(struct rr_engine *e, uint32_t node, const struct rr_state *held);
/* That was all. */
void rr_restored(struct rr_engine *e);

/* What a plain peer holds, to be stored: where it refused something, there is a gap. There is room
 * for RR_EARLY gaps in a stream; what is beyond more of them counts as not held. RR_ENOENT,
 * RR_EINVAL. */
int rr_peer_kept(const struct rr_engine *e, uint32_t node, struct rr_state *out);

/*
 * To be stored: take rr_state(); store the removals in it that were not in the former one; find the
 * time of the oldest change that is not on disk, and cut the state there; merge it with what is
 * stored; store it.
 */
/* Nothing at or after this time (> 0) is held. */
void rr_state_cut(struct rr_state *state, uint64_t before);
/* What was stored earlier is on disk still, for streams that state has. */
void rr_state_merge(struct rr_state *state, const struct rr_state *earlier);
/* The cover of a stream in it, empty where it has none. */
const struct rr_cover *rr_state_cover(const struct rr_state *state, struct rr_stream_id stream);
/* The removals of a stream in a span, looking at no more than `limit` changes; span->from moves on.
 * emit: false when it has no room for this one. True: there is more to look at. */
typedef bool (*rr_removal_f)(void *ctx, const struct rr_change *change);
bool rr_removals(const struct rr_engine *e, struct rr_stream_id stream, struct rr_span *span,
	uint32_t limit, rr_removal_f emit, void *ctx);

/* --- peers ------------------------------------------------------------------------- */

struct rr_peer_config {
	uint32_t node;    /* its id, > 0, not one's own */
	bool plain;       /* any SIP registrar, not running this module */
	bool resync_full; /* plain: give it everything again when it was down */
};

/*
 * The list of peers may change at any time, messages under way or not. What others said of it, and
 * answers to what it was sent before, are void from then on, and are no error.
 *
 *	add      begins down, with a ping that is due at once: wake its sender.
 *	         RR_EINVAL: own id or 0; RR_EEXIST; RR_EFULL: RR_MAX_PEERS; RR_ENOMEM.
 *	remove   all that was known of it is forgotten; RR_ENOENT. Its changes stay here,
 *	         and go on to the other peers as those of a node that has died would.
 *	enable   off: it is sent nothing, not even pings; what it acknowledged is
 *	         remembered. It counts neither as up nor as down, and what it lacks
 *	         neither for rr_status's `missed` and lag nor for `in_sync`.
 *	         on: it is down until it answers the ping that is due at once (wake its
 *	         sender), and gets what it missed meanwhile.
 *	         RR_ENOENT; no-op if it is so already.
 *
 * While it is disabled rr_next() has nothing for it, with again_ms UINT64_MAX, and what
 * it says (rr_answered, rr_failed, rr_state_seen, rr_alive, rr_state_ask, rr_resync) is
 * RR_EDISABLED and changes nothing. Its requests are best answered with 503 and not
 * applied: then it takes us for down, and sends later what it has to send.
 */
int rr_peer_add(struct rr_engine *e, struct rr_now now, const struct rr_peer_config *config);
int rr_peer_remove(struct rr_engine *e, uint32_t node);
int rr_peer_enable(struct rr_engine *e, struct rr_now now, uint32_t node, bool on);
/*
 * A plain peer holds what was just made of a binding by rr_local_change(), with this stamp: it has
 * sent us that itself. So it need not be sent back, unless an older change of the binding is under
 * way to it, or the peer gets everything again. RR_ENOENT; RR_EINVAL: a full peer, which says
 * itself what it holds, or not the binding's latest change. Then nothing has changed.
 */
int rr_peer_holds(
	struct rr_engine *e, uint32_t node, const struct rr_key *key, struct rr_stamp stamp);
/* False too for one that is not known. */
bool rr_peer_enabled(const struct rr_engine *e, uint32_t node);

#define RR_PEER_STATES(X)                                                                          \
	X(DISABLED, "disabled") /* by the operator: gets nothing */                                \
	X(DOWN, "down")         /* gets pings only, with back-off */                               \
	X(ALIVE, "alive")       /* gave a sign of life, what it holds is not known yet */          \
	X(SYNCING, "syncing")   /* lacks something and is being sent it */                         \
	X(IN_SYNC, "in-sync")   /* lacks nothing but what is under way */

enum rr_peer_state {
#define X(name, text) RR_PEER_##name,
	RR_PEER_STATES(X)
#undef X
	RR_PEER_STATE_MAX
};
const char *rr_peer_state_name(enum rr_peer_state state);

struct rr_peer_info {
	uint32_t node;
	bool plain;
	enum rr_peer_state state;
	uint64_t since;            /* wall ms of the last change between down and up */
	uint64_t epoch;            /* of its present life, 0: not known */
	uint64_t bindings;         /* as it said last */
	enum rr_role role;         /* as it said last */
	int64_t clock_ms;          /* its clock minus ours as last seen, ms */
	uint32_t rtt_ms;           /* of the last ping */
	uint64_t missed;           /* changes known here that it lacks */
	uint64_t lag_ms;           /* age of the oldest of those that we are to send */
	uint32_t in_flight;        /* messages */
	uint64_t sent, acked;      /* changes */
	uint64_t failed, rejected; /* messages */
	int last_code;             /* of the last failure, 0: none yet */
};

/* Ids of all peers in order; returns how many (at most RR_MAX_PEERS). */
int rr_peers(const struct rr_engine *e, uint32_t nodes[RR_MAX_PEERS]);
/* RR_ENOENT. O(streams * log bindings). */
int rr_peer_info(
	const struct rr_engine *e, struct rr_now now, uint32_t node, struct rr_peer_info *out);
/* What that peer holds, as far as known here. */
int rr_peer_vector(const struct rr_engine *e, uint32_t node, struct rr_state *out);

/* A binding that a peer lacks. */
struct rr_missing {
	struct rr_change change;
	uint64_t since_ms; /* wall: when it was accepted by its first node */
	uint32_t attempts; /* messages that failed so far */
	int last_code;     /* of the last of them, or 0 */
};
/* False: there is no room for this one. */
typedef bool (*rr_missing_f)(void *ctx, const struct rr_missing *missing);

/* Where to go on; all 0: at the beginning. */
struct rr_missed_at {
	uint16_t stream;
	uint64_t time;
	bool refused; /* those come last */
	bool end;     /* there are no more */
};

/*
 * The bindings that the peer lacks, stream by stream in order: those among the next `looks` entries
 * from *at on, which moves on. What changes between two calls may be left out or come twice.
 * Returns how many these were, or RR_ENOENT.
 */
int rr_missed(const struct rr_engine *e, uint32_t node, struct rr_missed_at *at, uint32_t looks,
	rr_missing_f emit, void *ctx);

/*
 * Starts at once what otherwise waits for pings and pauses: the peer gets a ping and then what
 * it lacks, streams of others included. full: everything that we hold now, whatever it says that
 * it holds; where it ends in the middle (the peer is down, or disabled) it goes on from there.
 * RR_ENOENT, RR_EDISABLED. Returns the number of changes to send.
 */
int64_t rr_resync(struct rr_engine *e, struct rr_now now, uint32_t node, bool full);

/* --- sending ----------------------------------------------------------------------- */

enum rr_what {
	RR_NOTHING, /* ask again at again_ms or after something was answered or changed */
	RR_PING,    /* OPTIONS with rr_state_ask() (plain peer: an OPTIONS) */
	RR_LEAF,    /* the same: what we have of a leaf of the digest that has diverged */
	RR_CHANGES, /* the emitted changes and the claim of `span` */
};

struct rr_send {
	enum rr_what what;
	uint64_t token;             /* to be handed back with the answer */
	struct rr_stream_id stream; /* RR_CHANGES: whose stream */
	struct rr_span span;        /* what the message claims; 0-0: nothing, it repairs */
	uint32_t changes;           /* emitted: 0 (a bare claim) to batch_max, in the order of
				     * their stamps; plain peers: always 1 */
	uint32_t body;              /* bytes of the largest body that the peer takes; 0: none */
	uint32_t attempt;           /* 0: first time */
	uint64_t again_ms;          /* RR_NOTHING: mono ms */
};
/* False: there is no room for this one, which is then not part of the message. The first change of
 * a message has to be taken. All of *send but span.to and changes is set already. */
typedef bool (*rr_emit_f)(void *ctx, const struct rr_change *change);

/* What to send to this peer next; the engine takes it as sent. RR_ENOENT. O(log bindings). */
int rr_next(struct rr_engine *e, struct rr_now now, uint32_t node, rr_emit_f emit, void *ctx,
	struct rr_send *send);

/*
 * The message with this token carries only `changes` of those emitted, and ends at `to`, the
 * stamp's time of the last that fits (or where none was left out for want of room, the span's own
 * end). What is beyond is sent next. To be called before the message is sent.
 */
void rr_carried(struct rr_engine *e, uint32_t node, uint64_t token, uint32_t changes, uint64_t to);

/* Would rr_next have something now? For deciding whether to wake the sender. */
bool rr_due(const struct rr_engine *e, struct rr_now now, uint32_t node);

/*
 * A final answer from the peer. reason: reason phrase (may be empty); state: what the answer
 * carried, or NULL. Plain peers: 2xx, and 400 whose reason names the CSeq, acknowledge; another
 * 4xx or 6xx rejects that binding; the rest means that it is down. Full peers: 2xx with a state.
 * An unknown (late) token is no error. RR_ENOENT: no such peer.
 */
int rr_answered(struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t token, int code,
	struct rr_str reason, const struct rr_state *state);

/* Could not be sent, or timed out (code 408, or what the transaction layer made up). code 513: this
 * one message is too large to be sent at all; it is put aside without blaming the peer. */
int rr_failed(struct rr_engine *e, struct rr_now now, uint32_t node, uint64_t token, int code);

/* A request of a full peer carried its state. Any other message of a peer: rr_alive.
 * RR_ENOENT: not a peer; RR_EINVAL: a plain one, or nonsense. */
int rr_state_seen(struct rr_engine *e, struct rr_now now, const struct rr_state *state);
int rr_alive(struct rr_engine *e, struct rr_now now, uint32_t node);

/* Bytes that the entry of a binding takes: what is allocated where its first change is stored. */
size_t rr_entry_room(const struct rr_key *key);

/* Expiry of tombstones, time-outs, streams that ended. Call it every 100 ms to 1 s. Looks at
 * RR_TICK entries at most; true: there is more to do, call again soon. */
#define RR_TICK 50
bool rr_tick(struct rr_engine *e, struct rr_now now);

/* --- waiting for acknowledgements ----------------------------------------------------- */

#define RR_NEVER UINT64_MAX

enum rr_waited {
	RR_WAITING,
	RR_CONFIRMED, /* as many peers as wanted hold all the changes */
	RR_TIMED_OUT,
	RR_TOO_FEW,  /* peers that hold them or, since they answer, may hold them soon */
	RR_TOO_MANY, /* already wait */
	RR_WAITED_MAX
};

/*
 * One who waits until peers hold a few own changes, or what has replaced them. The caller's
 * memory, which has to stay where it is from rr_wait_open() until it is closed, could not be
 * started, or came out of rr_wait_over(). All members but `outcome` are the engine's.
 */
struct rr_wait {
	enum rr_waited outcome;
	struct rr_wait *next, *prev;
	struct rr_noted *noted;
	uint64_t deadline; /* mono ms; RR_NEVER: not started */
	uint32_t peers;
	uint32_t n_told;
	uint32_t told[RR_MAX_PEERS]; /* nodes that hold them */
};

/* Before the changes are made, so that no answer is too early to be noticed. */
void rr_wait_open(struct rr_engine *e, struct rr_wait *w);
/* This change, just made by rr_local_change(), is one of them. RR_ENOMEM: it is not. */
int rr_wait_note(
	struct rr_engine *e, struct rr_wait *w, const struct rr_key *key, struct rr_stamp stamp);
static inline bool rr_wait_noted(const struct rr_wait *w)
{
	return w->noted != NULL;
}
/* Not to be waited for after all. Only for one not started. */
void rr_wait_close(struct rr_engine *e, struct rr_wait *w);
/* Waits for so many peers, and so many ms at most. With anything but RR_WAITING it is over (and
 * closed) at once; from then on rr_wait_over() says when it is. O(peers * changes). */
enum rr_waited rr_wait_start(
	struct rr_engine *e, struct rr_now now, struct rr_wait *w, uint32_t peers, uint32_t ms);
/* One that is over, with its outcome; it is closed then. NULL: none. To be called after
 * rr_answered(), rr_state_seen() and rr_tick(), and at rr_wait_next(). */
struct rr_wait *rr_wait_over(struct rr_engine *e, struct rr_now now);
/* Mono ms at which the first one times out; 0: one is over already; RR_NEVER: nobody waits. */
uint64_t rr_wait_next(const struct rr_engine *e);
/* How many wait. */
uint32_t rr_waits(const struct rr_engine *e);

/* --- observation ------------------------------------------------------------------- */

struct rr_status {
	uint32_t node;
	uint64_t epoch, clock;
	uint64_t bindings, tombstones;
	uint64_t digest; /* its root */
	uint64_t memory; /* bytes allocated now */
	enum rr_role role;
	uint32_t streams, peers, peers_up; /* peers, those that are disabled not counted */
	uint64_t missed;                   /* sum over those */
	uint64_t max_lag_ms;
	bool in_sync; /* all those are up and hold what we hold, we what they hold, but for what is
		       * under way */
	uint64_t counter[RR_C_MAX];
};
void rr_status(const struct rr_engine *e, struct rr_now now, struct rr_status *out);
/* The digest: a leaf, and what is in it (RR_EINVAL: no such leaf); what a peer said of its own. */
typedef void (*rr_in_leaf_f)(void *ctx, const struct rr_change *change);
int rr_leaf(const struct rr_engine *e, uint32_t leaf, uint32_t limit, uint64_t *digest,
	rr_in_leaf_f emit, void *ctx);
/* The root that a peer told last; *equal: was it ours at that time? False: not told. */
bool rr_peer_root(const struct rr_engine *e, uint32_t node, uint64_t *root, bool *equal);
/* One counter, for statistics that are read one by one. */
uint64_t rr_count(const struct rr_engine *e, enum rr_counter counter);
const char *rr_counter_name(enum rr_counter counter);

/* What operators are told. They are queued (64, the oldest lost first and counted); fetch them
 * from a process that may log. */
#define RR_EVENTS(X)                                                                               \
	X(PEER_UP, "E_REPL_PEER_UP", "peer is up")                                                 \
	X(PEER_DOWN, "E_REPL_PEER_DOWN", "peer is down")                                           \
	X(PEER_RESTARTED, "", "peer has restarted")                                                \
	X(IN_SYNC, "E_REPL_IN_SYNC", "peer lacks nothing any more")                                \
	X(DIVERGED, "E_REPL_DIVERGED", "peer lacked something although it claimed to have all")    \
	X(REJECTED, "E_REPL_REJECTED", "peer refused a binding")                                   \
	X(CLOCK, "E_REPL_CLOCK", "stamp refused: clock too far ahead")                             \
	X(STREAM_LIMIT, "", "too many streams")

enum rr_event_type {
#define X(name, event, text) RR_EV_##name,
	RR_EVENTS(X)
#undef X
};

struct rr_event {
	enum rr_event_type type;
	uint32_t node;   /* the peer, or the origin of the stamp (CLOCK) */
	uint64_t number; /* PEER_UP, PEER_DOWN, IN_SYNC: changes it lacks; REJECTED: code; DIVERGED:
			  * the leaf; CLOCK: ms ahead; PEER_RESTARTED: new epoch */
};
bool rr_event_pop(struct rr_engine *e, struct rr_event *out);
const char *rr_event_text(enum rr_event_type type);

#endif
