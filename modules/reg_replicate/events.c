/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine queues what happened; here it becomes a line that an operator understands
 * and, where somebody has subscribed, an event with node, peer, reason and number.
 */
#include <string.h>
#include <time.h>

#include "events.h"
#include "params.h"
#include "state.h"
#include "stats.h"
#include "../../dprint.h"
#include "../../evi/evi_modules.h"
#include "../../evi/evi_params.h"
#include "../../ut.h"

static const struct {
	enum rr_event_type type;
	const char *name, *text;
} kinds[] = {
#define X(id, event, what) {RR_EV_##id, event, what},
	RR_EVENTS(X)
#undef X
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static event_id_t ids[KINDS], auth_failure_id, sync_degraded_id;

#define AUTH_FAILURE  "E_REPL_AUTH_FAILURE"
#define SYNC_DEGRADED "E_REPL_SYNC_DEGRADED"

int events_init(void)
{
	for (unsigned i = 0; i < KINDS; i++) {
		str name = {(char *)kinds[i].name, strlen(kinds[i].name)};

		ids[i] = name.len ? evi_publish_event(name) : EVI_ERROR;
		if (name.len && ids[i] == EVI_ERROR) {
			LM_ERR("cannot publish event %s\n", kinds[i].name);
			return -1;
		}
	}
	auth_failure_id = evi_publish_event((str){AUTH_FAILURE, sizeof(AUTH_FAILURE) - 1});
	sync_degraded_id = evi_publish_event((str){SYNC_DEGRADED, sizeof(SYNC_DEGRADED) - 1});
	if (auth_failure_id == EVI_ERROR || sync_degraded_id == EVI_ERROR) {
		LM_ERR("cannot publish events " AUTH_FAILURE " and " SYNC_DEGRADED "\n");
		return -1;
	}
	return 0;
}

static int add_int(evi_params_p list, const char *name, int n)
{
	str s = {(char *)name, strlen(name)};

	return evi_param_add_int(list, &s, &n);
}

static int add_str(evi_params_p list, const char *name, const str *val)
{
	str s = {(char *)name, strlen(name)};

	return evi_param_add_str(list, &s, val);
}

static void raise_event(
	event_id_t id, const char *name, unsigned int peer, const char *why, uint64_t number)
{
	str reason = {(char *)why, strlen(why)};
	evi_params_p list;

	if (id == EVI_ERROR || !evi_probe_event(id))
		return;
	list = evi_get_params();
	if (!list)
		return;
	if (add_int(list, "node", repl_cfg.node_id) < 0 || add_int(list, "peer", peer) < 0 ||
		add_str(list, "reason", &reason) < 0 ||
		add_int(list, "number", number > INT32_MAX ? INT32_MAX : number) < 0) {
		evi_free_params(list);
		return;
	}
	if (evi_raise_event(id, list) < 0)
		LM_ERR("cannot raise event %s\n", name);
}

void tell_auth_failure(unsigned int peer, const char *reason)
{
	raise_event(auth_failure_id, AUTH_FAILURE, peer, reason,
		get_stat_val(glue_stat[STAT_AUTH_FAILURES]));
}

void tell_sync_degraded(unsigned int peer, const char *reason)
{
	static time_t next;
	time_t now = time(NULL);

	if (now < next)
		return;
	next = now + 1;
	raise_event(sync_degraded_id, SYNC_DEGRADED, peer, reason,
		get_stat_val(glue_stat[STAT_SYNC_DEGRADED]) +
			get_stat_val(glue_stat[STAT_SYNC_FAILED]));
}

static const char *uri_of(unsigned node)
{
	const struct repl_peer *p = peer_by_id(node);

	return p ? p->uri.s : "not a peer";
}

static void log_event(const struct rr_event *ev)
{
	unsigned long long n = ev->number;
	int last_code = 0;
	struct rr_peer_info info;

	if (ev->type == RR_EV_PEER_DOWN) {
		if (rr_peer_info(engine_lock(), repl_now(), ev->node, &info) == RR_OK)
			last_code = info.last_code;
		engine_unlock();
	}
	switch (ev->type) {
	case RR_EV_PEER_UP:
		LM_NOTICE("peer %u (%s) is up, it lacks %llu changes\n", ev->node, uri_of(ev->node),
			n);
		break;
	case RR_EV_PEER_DOWN:
		LM_WARN("peer %u (%s) is down: %d pings without a good answer, last code %d\n",
			ev->node, uri_of(ev->node), repl_cfg.down_after, last_code);
		break;
	case RR_EV_PEER_RESTARTED:
		LM_NOTICE("peer %u (%s) has restarted\n", ev->node, uri_of(ev->node));
		break;
	case RR_EV_IN_SYNC:
		LM_NOTICE("peer %u (%s) is in sync\n", ev->node, uri_of(ev->node));
		break;
	case RR_EV_DIVERGED:
		LM_WARN("peer %u (%s) had diverged: it claims to have all, but lacked something of "
			"leaf %llu of the digest; that is being repaired\n",
			ev->node, uri_of(ev->node), n);
		break;
	case RR_EV_REJECTED:
		LM_WARN("peer %u (%s) rejected a binding with %llu\n", ev->node, uri_of(ev->node),
			n);
		break;
	case RR_EV_CLOCK:
		LM_ERR("change of node %u refused: its clock is %llu ms ahead, allowed are %d\n",
			ev->node, n, repl_cfg.max_clock_ahead);
		break;
	case RR_EV_STREAM_LIMIT:
		LM_ERR("more than %d streams, changes are refused\n", RR_MAX_STREAMS);
		break;
	}
}

void tell_events(void)
{
	struct rr_event ev;
	bool got;

	peers_refresh();
	do {
		got = rr_event_pop(engine_lock(), &ev);
		engine_unlock();
		if (!got)
			return;
		log_event(&ev);
		for (unsigned i = 0; i < KINDS; i++)
			if (kinds[i].type == ev.type)
				raise_event(
					ids[i], kinds[i].name, ev.node, kinds[i].text, ev.number);
	} while (got);
}
