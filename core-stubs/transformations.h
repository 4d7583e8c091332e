/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transformations of values: $(name{s.len}). Only {s.len}, {s.int}, {s.substr,from,len},
 * {s.tolower}, {s.toupper}, {uri.user}, {uri.host}, {uri.port}, {uri.transport} and
 * {uri.param,name} are covered. Modules cannot add to them.
 */
#ifndef CORE_TRANSFORMATIONS_H
#define CORE_TRANSFORMATIONS_H

#include "pvar.h"

typedef struct trans_export_ trans_export_t; /* modules export none */
typedef struct trans_ trans_t;

/* Parses "{class.name,param,..}{..}" at the start of `in`. Returns the character after the last
 * brace, or NULL with the reason in err. */
char *parse_transformation(const str *in, trans_t **tr, char *err, int size);
/* Changes val in place; 0 or -1. The result may lie in a static buffer. */
int run_transformations(struct sip_msg *msg, trans_t *tr, pv_value_t *val);
void free_transformation(trans_t *tr);

#endif
