/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of method names: the methods parameter of Contact, and Allow. */
#ifndef PARSE_METHODS_H
#define PARSE_METHODS_H

#include "../str.h"

#define ALL_METHODS (0xFFFFFFFF)

/* One method at start, as enum request_method; METHOD_OTHER for an unknown token. Returns the
 * first byte behind it, NULL where there is no token. */
char *parse_method(char *start, char *end, unsigned int *method);

/* A comma-separated list into a bit mask. 0, -1. */
int parse_methods(str *_body, unsigned int *_methods);

#endif
