/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engine, lock and the waking of senders. A sender says that it sleeps while it holds
 * the lock under which it found nothing to do; so a change made a moment later, under
 * the same lock, sees the sleeper, and no wake-up is lost or given twice.
 */
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "state.h"
#include "lock_times.h"
#include "params.h"
#include "shm_room.h"
#include "../../atomic.h"
#include "../../dprint.h"
#include "../../locking.h"
#include "../../mem/shm_mem.h"
#include "../../lib/osips_malloc.h"

struct shared {
	gen_lock_t lock;
	struct rr_engine *engine;
	unsigned int asleep;             /* bit i: sender i; under the lock */
	uint32_t serves[REPL_MAX_PEERS]; /* the peer that sender i has, 0: none; under the lock */
	unsigned long room_mark;         /* shm_room.h */
	uint64_t house_wakes;            /* mono ms; 0: it is awake; under the lock */
	volatile int ready;
};

static struct shared *shared;
static uint64_t epoch;
static int wake_fd[REPL_MAX_PEERS]; /* made before forking: every process has them */
static int wake_house_fd = -1;

struct rr_now repl_now(void)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (struct rr_now){
		.wall_ms = wall.tv_sec * 1000ull + wall.tv_nsec / 1000000,
		.mono_ms = mono.tv_sec * 1000ull + mono.tv_nsec / 1000000,
	};
}

/*
 * The allocator has a lock of its own, and may search for long. So an entry's memory is taken
 * before the engine is locked, and what the engine releases is given back after it was unlocked.
 */
static struct {
	void *p;
	size_t size;
} room;

static void *released; /* each begins with the address of the next */

void engine_room(size_t size)
{
	if (room.p && room.size == size)
		return;
	shm_room_make(&shared->room_mark);
	if (room.p)
		shm_free(room.p);
	room.p = shm_malloc(size);
	room.size = size;
}

/* Engine locked. */
static void *engine_alloc(size_t size)
{
	void *p = room.p;

	if (!p || room.size != size)
		return shm_malloc(size);
	room.p = NULL;
	return p;
}

static void engine_release(void *p)
{
	*(void **)p = released;
	released = p;
}

static void give_back(void)
{
	void *next;

	for (; released; released = next) {
		next = *(void **)released;
		shm_free(released);
	}
}

static int make_wake_fds(void)
{
	for (int i = 0; i < REPL_MAX_PEERS; i++) {
		wake_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (wake_fd[i] < 0) {
			LM_ERR("no descriptor to wake a sender\n");
			return -1;
		}
	}
	return 0;
}

int state_init(void)
{
	struct rr_now now = repl_now();
	struct rr_config rc = {
		.digest_interval = repl_cfg.digest_interval,
		.node = repl_cfg.node_id,
		.epoch = now.wall_ms,
		.seed = now.wall_ms * 1000003 + getpid() * 65537ull + repl_cfg.node_id,
		.ping_interval = repl_cfg.ping_interval,
		.ping_timeout = repl_cfg.ping_timeout,
		.down_after = repl_cfg.down_after,
		.window = repl_cfg.window,
		.batch_max = repl_cfg.batch_max,
		.batch_delay = repl_cfg.batch_delay,
		.body = repl_cfg.max_body,
		.max_clock_ahead = repl_cfg.max_clock_ahead,
		.waits_max = repl_cfg.sync_max,
		.alloc = engine_alloc,
		.release = engine_release,
	};

	for (int i = 0; i < repl_cfg.n_domains; i++)
		rc.domain_id[i] = rr_domain_id(rr_of(&repl_cfg.domains[i].name));
	shared = shm_malloc(sizeof(*shared));
	if (!shared) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	memset(shared, 0, sizeof(*shared));
#ifdef LOCK_TIMES
	if (lock_times_init() < 0)
		return -1;
#endif
	if (!lock_init(&shared->lock)) {
		LM_ERR("cannot make a lock\n");
		return -1;
	}
	shared->engine = rr_engine_new(&rc, now);
	if (!shared->engine) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	epoch = rc.epoch;
	wake_house_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_house_fd < 0) {
		LM_ERR("no descriptor to wake the house-keeper\n");
		return -1;
	}
	return make_wake_fds();
}

uint64_t repl_epoch(void)
{
	return epoch;
}

void state_destroy(void)
{
	if (!shared)
		return;
	if (shared->engine)
		rr_engine_free(shared->engine);
	give_back();
	lock_destroy(&shared->lock);
	shm_free(shared);
	shared = NULL;
	close(wake_house_fd);
	for (int i = 0; i < REPL_MAX_PEERS; i++)
		if (wake_fd[i] > 0)
			close(wake_fd[i]);
}

#ifdef LOCK_TIMES
static struct lock_time held;

struct rr_engine *engine_lock_by(const char *function)
{
	lock_times_wait();
	lock_get(&shared->lock);
	lock_times_waited();
	held = lock_times_begin(false, function);
	return shared->engine;
}
#else
struct rr_engine *engine_lock(void)
{
	lock_get(&shared->lock);
	return shared->engine;
}
#endif

struct rr_engine *engine_at_end(void)
{
	return shared ? shared->engine : NULL;
}

void engine_unlock(void)
{
#ifdef LOCK_TIMES
	lock_times_end(&held);
#endif
	lock_release(&shared->lock);
	give_back();
}

bool state_ready(void)
{
	return shared->ready;
}

void state_set_ready(void)
{
	shared->ready = 1;
}

void sender_sleeps(int i)
{
	shared->asleep |= 1u << i;
}

void sender_serves(int i, uint32_t node)
{
	shared->serves[i] = node;
	shared->asleep &= ~(1u << i); /* whoever changes this wakes it */
}

unsigned int senders_due(struct rr_engine *e, struct rr_now now)
{
	unsigned int due = 0;

	for (int i = 0; i < REPL_MAX_PEERS; i++)
		if (shared->serves[i] && (shared->asleep & 1u << i) &&
			rr_due(e, now, shared->serves[i]))
			due |= 1u << i;
	shared->asleep &= ~due;
	return due;
}

void wake_senders(unsigned int which)
{
	static const uint64_t one = 1;

	for (int i = 0; which; i++, which >>= 1)
		if ((which & 1) && write(wake_fd[i], &one, sizeof(one)) < 0)
			LM_DBG("sender %d was woken already\n", i);
}

void house_sleeps(uint64_t until)
{
	shared->house_wakes = until;
}

bool house_oversleeps(uint64_t at)
{
	bool late = at < shared->house_wakes;

	if (late)
		shared->house_wakes = 0;
	return late;
}

void wake_house(void)
{
	static const uint64_t one = 1;

	if (write(wake_house_fd, &one, sizeof(one)) < 0)
		LM_DBG("the house-keeper was woken already\n");
}

int house_fd(void)
{
	return wake_house_fd;
}

int sender_fd(int i)
{
	return wake_fd[i];
}

struct rr_key contact_key(int domain, const ucontact_t *c)
{
	struct rr_key key = {.domain = domain, .aor = rr_of(c->aor), .contact = rr_of(&c->c)};

	if (repl_cfg.match_callid)
		key.callid = rr_of(&c->callid);
	return key;
}

static void keep_str(struct text *t, struct rr_str *s)
{
	const char *to = t->s + t->len;

	text_add(t, s->s, s->len);
	s->s = to;
}

void change_copy(struct rr_change *to, const struct rr_change *change, struct text *text)
{
	*to = *change;
	keep_str(text, &to->key.aor);
	keep_str(text, &to->key.contact);
	keep_str(text, &to->key.callid);
}
