/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processing contexts. A block holds pointers first, then strings, then integers, so that
 * all are aligned; how many of each is known once modules have registered theirs.
 */
#include "context.h"
#include "mem/mem.h"

#define MAX_VALUES 32
#define MAX_DEPTH  8

context_p current_processing_ctx;
unsigned int context_sizes[CONTEXT_COUNT];

static unsigned int counts[CONTEXT_COUNT][CONTEXT_COUNT_TYPE];
static context_destroy_f destructors[CONTEXT_COUNT][CONTEXT_COUNT_TYPE][MAX_VALUES];
static context_p pushed[MAX_DEPTH];
static int depth;

static int *int_at(enum osips_context type, context_p ctx, int pos)
{
	str *end = (str *)((void **)ctx + counts[type][CONTEXT_PTR_TYPE]) +
		   counts[type][CONTEXT_STR_TYPE];

	return (int *)end + pos;
}

static str *str_at(enum osips_context type, context_p ctx, int pos)
{
	return (str *)((void **)ctx + counts[type][CONTEXT_PTR_TYPE]) + pos;
}

context_p context_alloc(enum osips_context type)
{
	/* never of size 0: a context is told from none by its address */
	context_p ctx = pkg_malloc(context_sizes[type] + 1);

	if (ctx)
		memset(ctx, 0, context_sizes[type] + 1);
	return ctx;
}

void context_destroy(enum osips_context type, context_p ctx)
{
	for (unsigned int i = 0; i < counts[type][CONTEXT_INT_TYPE]; i++)
		if (destructors[type][CONTEXT_INT_TYPE][i] && *int_at(type, ctx, i))
			destructors[type][CONTEXT_INT_TYPE][i](int_at(type, ctx, i));
	for (unsigned int i = 0; i < counts[type][CONTEXT_STR_TYPE]; i++)
		if (destructors[type][CONTEXT_STR_TYPE][i] && str_at(type, ctx, i)->s)
			destructors[type][CONTEXT_STR_TYPE][i](str_at(type, ctx, i));
	for (unsigned int i = 0; i < counts[type][CONTEXT_PTR_TYPE]; i++)
		if (destructors[type][CONTEXT_PTR_TYPE][i] && ((void **)ctx)[i])
			destructors[type][CONTEXT_PTR_TYPE][i](((void **)ctx)[i]);
}

/* --- the current one --------------------------------------------------------------------- */

int ensure_global_context(void)
{
	if (!current_processing_ctx)
		current_processing_ctx = context_alloc(CONTEXT_GLOBAL);
	return current_processing_ctx ? 0 : -1;
}

void clear_global_context(void)
{
	if (!current_processing_ctx)
		return;
	context_destroy(CONTEXT_GLOBAL, current_processing_ctx);
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

/* --- places ------------------------------------------------------------------------------ */

static int reg(enum osips_context type, enum osips_context_val kind, context_destroy_f f)
{
	static const unsigned int size[CONTEXT_COUNT_TYPE] = {
		[CONTEXT_INT_TYPE] = sizeof(int),
		[CONTEXT_STR_TYPE] = sizeof(str),
		[CONTEXT_PTR_TYPE] = sizeof(void *),
	};
	unsigned int pos = counts[type][kind];

	if (pos == MAX_VALUES) {
		LM_ERR("more than %d values of a kind in a context\n", MAX_VALUES);
		return -1;
	}
	destructors[type][kind][pos] = f;
	counts[type][kind]++;
	context_sizes[type] += size[kind];
	return (int)pos;
}

int context_register_int(enum osips_context type, context_destroy_f f)
{
	return reg(type, CONTEXT_INT_TYPE, f);
}

int context_register_str(enum osips_context type, context_destroy_f f)
{
	return reg(type, CONTEXT_STR_TYPE, f);
}

int context_register_ptr(enum osips_context type, context_destroy_f f)
{
	return reg(type, CONTEXT_PTR_TYPE, f);
}

void context_put_int(enum osips_context type, context_p ctx, int pos, int data)
{
	*int_at(type, ctx, pos) = data;
}

void context_put_str(enum osips_context type, context_p ctx, int pos, str *data)
{
	*str_at(type, ctx, pos) = *data;
}

void context_put_ptr(enum osips_context type, context_p ctx, int pos, void *data)
{
	(void)type;
	((void **)ctx)[pos] = data;
}

int context_get_int(enum osips_context type, context_p ctx, int pos)
{
	return *int_at(type, ctx, pos);
}

str *context_get_str(enum osips_context type, context_p ctx, int pos)
{
	return str_at(type, ctx, pos);
}

void *context_get_ptr(enum osips_context type, context_p ctx, int pos)
{
	(void)type;
	return ((void **)ctx)[pos];
}
