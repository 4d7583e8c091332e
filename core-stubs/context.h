/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processing contexts: room for values that modules register before fork, one block per
 * handled message (CONTEXT_GLOBAL) or per transaction.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#include <stdlib.h>
#include "dprint.h"
#include "str.h"

typedef void *context_p;

enum osips_context {
	CONTEXT_GLOBAL,
	CONTEXT_TRAN,
	CONTEXT_DIALOG,
	CONTEXT_COUNT
};
enum osips_context_val {
	CONTEXT_INT_TYPE,
	CONTEXT_STR_TYPE,
	CONTEXT_PTR_TYPE,
	CONTEXT_COUNT_TYPE
};

/* A context that stands right behind a structure in one block. */
#define context_of(entity_p)   ((context_p)((entity_p) + 1))
#define context_size(enum_ctx) (context_sizes[enum_ctx])

extern context_p current_processing_ctx;
extern unsigned int context_sizes[CONTEXT_COUNT];
#define set_global_context(__ctx) current_processing_ctx = (__ctx)

/* Zeroed, in private memory; NULL: none left. */
context_p context_alloc(enum osips_context type);
#define context_free(_ctx) pkg_free(_ctx)
/* Makes sure there is a current context. 0, or -1. */
int ensure_global_context(void);
/* A new current context; the former one comes back with pop. 0, or -1; depth 8 at most. */
int push_new_global_context(void);
int pop_pushed_global_context(void);
void clear_global_context(void);
/* Runs the destructors for what is set in ctx; ctx itself stays. */
void context_destroy(enum osips_context type, context_p ctx);

typedef void (*context_destroy_f)(void *);
/* A place in all contexts of a type; before fork. Its number, or -1. f may be NULL. */
int context_register_int(enum osips_context type, context_destroy_f f);
int context_register_str(enum osips_context type, context_destroy_f f);
int context_register_ptr(enum osips_context type, context_destroy_f f);

void context_put_int(enum osips_context type, context_p ctx, int pos, int data);
void context_put_str(enum osips_context type, context_p ctx, int pos, str *data);
void context_put_ptr(enum osips_context type, context_p ctx, int pos, void *data);
int context_get_int(enum osips_context type, context_p ctx, int pos);
str *context_get_str(enum osips_context type, context_p ctx, int pos);
void *context_get_ptr(enum osips_context type, context_p ctx, int pos);

#endif
