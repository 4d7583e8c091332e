/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A replicator sleeps in the core's reactor on two descriptors: the eventfd by which
 * other processes tell it that there is something to send, and a timer for what is
 * due by itself (pings, repetitions). There is one for each place in the list of peers, free ones
 * included, since processes are made at the start only. One process more, which sends to no peer
 * and so is never kept up by one, does the engine's house-keeping, tells what happened, and answers
 * phones whose synchronous REGISTER has waited long enough.
 */
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "replicator.h"
#include "events.h"
#include "peers.h"
#include "send.h"
#include "state.h"
#include "sync.h"
#include "../../dprint.h"
#include "../../reactor_proc.h"

#define TICK_MS  100
#define READY_MS 20 /* until then, how often to look whether usrloc has loaded its contacts */
/* Messages sent before the reactor gets a turn: shutdown and IPC have to be served. */
#define BURST 64

static int place;             /* in the list of peers */
static struct repl_peer peer; /* whom it serves, a copy of its own; id 0: nobody */
static bool keeps_house;
static int timer_fd;
static uint64_t next_tick;

static void set_timer(uint64_t at_ms)
{
	struct itimerspec t = {0};

	t.it_value.tv_sec = at_ms / 1000;
	t.it_value.tv_nsec = at_ms % 1000 * 1000000 + 1; /* 0-0 would disarm it */
	if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		LM_ERR("cannot set timer: %s\n", strerror(errno));
}

static void tick(struct rr_now now)
{
	unsigned int due;
	struct rr_engine *e;
	bool more;

	if (now.mono_ms < next_tick)
		return;
	e = engine_lock();
	more = rr_tick(e, now);
	due = senders_due(e, now);
	engine_unlock();
	wake_senders(due);
	next_tick = now.mono_ms + (more ? 1 : TICK_MS);
	tell_events();
}

/* The list may change in the middle of sending, when the script's local_route is run. */
static const struct repl_peer *my_peer(void)
{
	const struct repl_peer *now;

	peers_refresh();
	now = peer_at(place);
	if (!now)
		return NULL;
	if (now->serial != peer.serial)
		peer_copy(&peer, now);
	return &peer;
}

static void keep_house(void)
{
	struct rr_engine *e;
	uint64_t until;

	peers_refresh();
	if (state_ready())
		tick(repl_now());
	else /* what usrloc has not loaded yet has not expired */
		next_tick = repl_now().mono_ms + READY_MS;
	sync_answer();
	e = engine_lock();
	until = rr_wait_next(e);
	if (until > next_tick)
		until = next_tick;
	house_sleeps(until);
	engine_unlock();
	set_timer(until);
}

static void serve_peer(void)
{
	uint64_t again = ~0ull >> 1;
	const struct repl_peer *p;
	int n = 0;

	if (!state_ready()) { /* nobody is told what is not known yet */
		set_timer(repl_now().mono_ms + READY_MS);
		return;
	}
	while ((p = my_peer()) && send_next(p, place, &again))
		if (++n == BURST) {
			again = 0; /* come back at once */
			break;
		}
	set_timer(again);
}

/* Both descriptors carry a count that must be read away; what it is does not matter. */
static int on_wake(int fd, void *param, int was_timeout)
{
	uint64_t n;

	(void)param;
	(void)was_timeout;
	if (read(fd, &n, sizeof(n)) < 0)
		LM_DBG("woken for nothing\n");
	if (keeps_house)
		keep_house();
	else
		serve_peer();
	return 0;
}

void replicator(int i)
{
	place = i;
	keeps_house = i == peers_places();
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer_fd < 0 || reactor_proc_init((char *)"reg_replicate") < 0 ||
		reactor_proc_add_fd(timer_fd, on_wake, NULL) < 0 ||
		reactor_proc_add_fd(keeps_house ? house_fd() : sender_fd(i), on_wake, NULL) < 0) {
		LM_CRIT("cannot start replicator\n");
		return;
	}
	next_tick = repl_now().mono_ms;
	set_timer(next_tick);
	reactor_proc_loop();
}
