/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transformations of values: $(name{s.len}). Only {s.len}, {s.int}, {uri.user}, {uri.host} and
 * {uri.port} are covered. Modules cannot add to them.
 */
#ifndef CORE_TRANSFORMATIONS_H
#define CORE_TRANSFORMATIONS_H

#include "pvar.h"

typedef struct trans_ trans_t;

/* Parses "{class.name}{..}" at the start of `in`. Returns the character after the last
 * brace, or NULL with the reason in err. */
char *parse_transformation(const str *in, trans_t **tr, char *err, int size);
/* Changes val in place; 0 or -1. */
int run_transformations(struct sip_msg *msg, trans_t *tr, pv_value_t *val);
void free_transformation(trans_t *tr);

#endif
