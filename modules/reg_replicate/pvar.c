/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * $repl(name): own node id, role, number of peers that are up, whether all peers hold just
 * what this node holds (1 or 0), and the age in ms of the oldest change that a peer
 * still lacks.
 */
#include <string.h>

#include "pvar.h"
#include "state.h"
#include "../../dprint.h"
#include "../../ut.h"

static const char *const names[] = {"node", "role", "peers", "in_sync", "lag"};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

static int parse_name(pv_spec_p sp, const str *in)
{
	for (int i = 0; i < NAMES; i++)
		if (str_match_nt(in, names[i])) {
			sp->pvp.pvn.type = PV_NAME_INTSTR;
			sp->pvp.pvn.u.isname.type = 0;
			sp->pvp.pvn.u.isname.name.n = i;
			return 0;
		}
	LM_ERR("$repl(%.*s) is not known, give node, role, peers, in_sync or lag\n", in->len,
		in->s);
	return -1;
}

static int get_word(pv_value_t *res, const char *word)
{
	res->rs = (str){(char *)word, strlen(word)};
	res->flags = PV_VAL_STR;
	return 0;
}

static int get_number(pv_value_t *res, long n)
{
	int l;

	res->ri = n;
	res->rs.s = int2str(n, &l);
	res->rs.len = l;
	res->flags = PV_VAL_INT | PV_TYPE_INT | PV_VAL_STR;
	return 0;
}

static int get(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	struct rr_status s;

	(void)msg;
	rr_status(engine_lock(), repl_now(), &s);
	engine_unlock();
	switch (param->pvn.u.isname.name.n) {
	case 0:
		return get_number(res, s.node);
	case 1:
		return get_word(res, rr_role_name(s.role));
	case 2:
		return get_number(res, s.peers_up);
	case 3:
		return get_number(res, s.in_sync);
	default:
		return get_number(res, s.max_lag_ms);
	}
}

const pv_export_t repl_pvars[] = {
	{{"repl", 4}, 2200, get, NULL, parse_name, NULL, NULL, 0},
	{{0, 0}, 0, 0, 0, 0, 0, 0, 0},
};
