/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processing contexts: one per handled message, or pushed by whoever sends a request on its
 * own. Values of modules in a context (context_register_*) are left out: nobody has any.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#include "dprint.h"

typedef void *context_p;

enum osips_context {
	CONTEXT_GLOBAL
};

extern context_p current_processing_ctx;
#define set_global_context(__ctx) current_processing_ctx = (__ctx)

/* In private memory; NULL: none left. */
context_p context_alloc(enum osips_context type);
void context_free(context_p ctx);
/* A new current context; the former one comes back with pop. 0, or -1; depth 8 at most. */
int push_new_global_context(void);
int pop_pushed_global_context(void);
/* Frees the current one. */
void clear_global_context(void);

#endif
