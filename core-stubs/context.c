/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processing contexts: who has the current one, and the stack of those put aside. */
#include "context.h"
#include "mem/mem.h"

#define MAX_DEPTH 8

struct context {
	char none; /* no module here keeps values in a context; it only has to exist */
};

context_p current_processing_ctx;

static context_p pushed[MAX_DEPTH];
static int depth;

context_p context_alloc(enum osips_context type)
{
	struct context *ctx = pkg_malloc(sizeof(*ctx));

	(void)type;
	if (ctx)
		ctx->none = 0;
	return ctx;
}

void context_free(context_p ctx)
{
	pkg_free(ctx);
}

void clear_global_context(void)
{
	context_free(current_processing_ctx);
	current_processing_ctx = NULL;
}

int push_new_global_context(void)
{
	context_p ctx;

	if (depth == MAX_DEPTH) {
		LM_CRIT("contexts nested deeper than %d\n", MAX_DEPTH);
		return -1;
	}
	ctx = context_alloc(CONTEXT_GLOBAL);
	if (!ctx)
		return -1;
	pushed[depth++] = current_processing_ctx;
	current_processing_ctx = ctx;
	return 0;
}

int pop_pushed_global_context(void)
{
	if (depth == 0) {
		LM_CRIT("no context was pushed\n");
		return -1;
	}
	clear_global_context();
	current_processing_ctx = pushed[--depth];
	return 0;
}
