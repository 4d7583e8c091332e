/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table in shared memory, under the engine's lock, with a version that is counted up by
 * every change; and in each process a copy, renewed when its version is not the table's.
 * Engine, table and the senders' places change under the same lock, so nobody sees half of it.
 */
#include <string.h>

#include "peers.h"
#include "state.h"
#include "../../dprint.h"
#include "../../mem/shm_mem.h"
#include "../../net/trans.h"
#include "../../socket_info.h"

struct list {
	uint32_t version; /* written under the engine's lock, read without */
	uint32_t serial;  /* of the peer added last */
	int busy;
	struct repl_peer peer[REPL_MAX_PEERS];
};

static struct list *list;
static int places;
static struct repl_peer view[REPL_MAX_PEERS]; /* this process's copy */
static uint32_t seen;                         /* its version */

const char *repl_source_name(enum repl_source source)
{
	static const char *const names[] = {
#define X(name, text) [REPL_FROM_##name] = text,
		REPL_SOURCES(X)
#undef X
	};

	return names[source];
}

/* --- reading ---------------------------------------------------------------------- */

void peers_refresh(void)
{
	if (__atomic_load_n(&list->version, __ATOMIC_ACQUIRE) == seen)
		return;
	engine_lock();
	for (int i = 0; i < places; i++)
		if (list->peer[i].id)
			peer_copy(&view[i], &list->peer[i]);
		else
			view[i].id = 0;
	seen = list->version;
	engine_unlock();
}

int peers_places(void)
{
	return places;
}

const struct repl_peer *peer_at(int i)
{
	return view[i].id ? &view[i] : NULL;
}

int peers_count(void)
{
	int n = 0;

	for (int i = 0; i < places; i++)
		n += view[i].id != 0;
	return n;
}

const struct repl_peer *peer_by_id(unsigned id)
{
	for (int i = 0; i < places; i++)
		if (id && (unsigned)view[i].id == id)
			return &view[i];
	return NULL;
}

const struct repl_peer *peer_by_addr(const struct ip_addr *ip, const struct repl_peer *prev)
{
	for (int i = prev ? (int)(prev - view) + 1 : 0; i < places; i++)
		for (int a = 0; view[i].id && a < view[i].addrs; a++)
			if (ip_addr_cmp(&view[i].addr[a], ip))
				return &view[i];
	return NULL;
}

/* --- changing: the engine is locked -------------------------------------------------- */

static void changed(void)
{
	__atomic_add_fetch(&list->version, 1, __ATOMIC_RELEASE);
}

static int place_of(unsigned id)
{
	for (int i = 0; i < places; i++)
		if ((unsigned)list->peer[i].id == id)
			return i;
	return -1;
}

static int add_locked(struct rr_engine *e, const struct repl_peer *p, int *place)
{
	struct rr_now now = repl_now();
	struct rr_peer_config pc = {
		.node = p->id, .plain = p->plain, .resync_full = p->resync_full};
	int at = place_of(0), rc;

	if (place_of(p->id) >= 0)
		return RR_EEXIST;
	if (at < 0)
		return RR_EFULL;
	rc = rr_peer_add(e, now, &pc);
	if (rc != RR_OK)
		return rc;
	if (p->disabled)
		rr_peer_enable(e, now, p->id, false);
	peer_copy(&list->peer[at], p);
	list->peer[at].serial = ++list->serial;
	sender_serves(at, p->id);
	*place = at;
	return 0;
}

/* tm says no more than "no corresponding socket", and a peer that is just down looks the same. */
static void check_socket(const struct repl_peer *p)
{
	const char *proto = proto2a(p->proto);

	if (!protos[p->proto].listeners)
		LM_WARN("peer %u (%s) cannot be reached: this node has no socket of transport %s; "
			"load proto_%s and set one\n",
			(unsigned)p->id, p->uri.s, proto, proto);
}

int peers_add(const struct repl_peer *peer)
{
	int at, rc = add_locked(engine_lock(), peer, &at);

	if (rc == 0)
		changed();
	engine_unlock();
	if (rc == 0) {
		check_socket(peer);
		wake_senders(1u << at);
	}
	return rc;
}

int peers_remove(unsigned id)
{
	struct rr_engine *e = engine_lock();
	int at = id ? place_of(id) : -1;

	if (at >= 0) {
		rr_peer_remove(e, id);
		list->peer[at].id = 0;
		sender_serves(at, 0);
		changed();
	}
	engine_unlock();
	if (at < 0)
		return RR_ENOENT;
	wake_senders(1u << at);
	return 0;
}

int peers_update(const struct repl_peer *p)
{
	struct rr_engine *e = engine_lock();
	int at = place_of(p->id);

	if (at >= 0) {
		uint32_t serial = list->peer[at].serial;

		rr_peer_enable(e, repl_now(), p->id, !p->disabled);
		peer_copy(&list->peer[at], p);
		list->peer[at].serial = serial;
		changed();
	}
	engine_unlock();
	if (at < 0)
		return RR_ENOENT;
	wake_senders(1u << at);
	return 0;
}

bool peers_change_begin(void)
{
	return !__atomic_exchange_n(&list->busy, 1, __ATOMIC_ACQUIRE);
}

void peers_change_end(void)
{
	__atomic_store_n(&list->busy, 0, __ATOMIC_RELEASE);
}

/* --- life --------------------------------------------------------------------------- */

int peers_init(const struct repl_peer *first, int n, int most)
{
	list = shm_malloc(sizeof(*list));
	if (!list) {
		LM_ERR("no more shared memory\n");
		return -1;
	}
	memset(list, 0, sizeof(*list));
	places = most;
	for (int i = 0; i < n; i++) {
		int rc = peers_add(&first[i]);

		if (rc != 0) {
			LM_ERR("cannot add peer %d: %s\n", first[i].id, rr_strerror(rc));
			return -1;
		}
	}
	peers_refresh();
	return 0;
}

void peers_destroy(void)
{
	if (list)
		shm_free(list);
	list = NULL;
}
