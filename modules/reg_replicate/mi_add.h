/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all management commands need: items of an answer, and parameter `peer`. */
#ifndef REG_REPLICATE_MI_ADD_H
#define REG_REPLICATE_MI_ADD_H

#include <string.h>

#include "compat.h"
#include "params.h"
#include "peers.h"
#include "state.h"
#include "../../dprint.h"
#include "../../mi/item.h"

static inline int add_str(mi_item_t *to, const char *name, const char *s, int len)
{
	return add_mi_string(to, (char *)name, strlen(name), (char *)s, len);
}

static inline int add_num(mi_item_t *to, const char *name, double n)
{
	return add_mi_number(to, (char *)name, strlen(name), n);
}

static inline int add_hex(mi_item_t *to, const char *name, uint64_t n)
{
	return add_mi_string_fmt(to, (char *)name, strlen(name), "%016llx", (unsigned long long)n);
}

struct number {
	const char *name; /* NULL ends a list */
	double value;
};

static inline int add_numbers(mi_item_t *to, const struct number *list)
{
	for (; list->name; list++)
		if (add_num(to, list->name, list->value) < 0)
			return -1;
	return 0;
}

/* The peer that parameter `peer` names; NULL: *error is the answer. */
static inline const struct repl_peer *peer_param(const mi_params_t *params, mi_response_t **error)
{
	const struct repl_peer *p;
	int id;

	*error = NULL;
	peers_refresh();
	if (get_mi_int_param(params, "peer", &id) < 0) {
		*error = init_mi_param_error();
		return NULL;
	}
	p = peer_by_id(id);
	if (!p)
		*error = init_mi_error(404, MI_SSTR("No such peer"));
	return p;
}

#endif
