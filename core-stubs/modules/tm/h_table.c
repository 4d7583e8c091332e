/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of a transaction: made, entered into the table, referenced, freed.
 */
#include "h_table.h"

#include <string.h>
#include <unistd.h>

#include "../../dprint.h"
#include "../../hash_func.h"
#include "../../mem/shm_mem.h"
#include "t_msg.h"
#include "tm_params.h"

static struct s_table *tm_table;
static atomic_t *in_use;

int init_hash_table(void)
{
	unsigned int i, start;

	if (getentropy(&start, sizeof(start)) < 0) {
		LM_ERR("no random numbers\n");
		return -1;
	}
	tm_table = shm_malloc(sizeof(*tm_table));
	in_use = shm_malloc(sizeof(*in_use));
	if (tm_table == NULL || in_use == NULL) {
		LM_ERR("no more shared memory\n");
		free_hash_table();
		return -1;
	}
	memset(tm_table, 0, sizeof(*tm_table));
	atomic_store(in_use, 0);
	for (i = 0; i < TM_TABLE_ENTRIES; i++) {
		lock_init(&tm_table->entrys[i].mutex);
		/* what a former process life left in the network must not match here */
		tm_table->entrys[i].next_label = start + i * 2654435761u;
	}
	return 0;
}

void free_hash_table(void)
{
	unsigned int i;

	for (i = 0; tm_table != NULL && i < TM_TABLE_ENTRIES; i++) {
		/* nobody is left; one who was killed may have held it */
		lock_init(&tm_table->entrys[i].mutex);
		while (tm_table->entrys[i].first_cell != NULL)
			remove_from_hash_table(tm_table->entrys[i].first_cell);
		lock_destroy(&tm_table->entrys[i].mutex);
	}
	if (tm_table != NULL)
		shm_free(tm_table);
	if (in_use != NULL)
		shm_free(in_use);
	tm_table = NULL;
	in_use = NULL;
}

struct s_table *get_tm_table(void)
{
	return tm_table;
}

unsigned int tm_hash(const str *callid, const str *cseq_n)
{
	return core_hash(callid, cseq_n, TM_TABLE_ENTRIES);
}

unsigned int transaction_count(void)
{
	return (unsigned int)atomic_load(in_use);
}

struct cell *build_cell(void)
{
	struct cell *t = shm_malloc(sizeof(*t));

	if (t == NULL) {
		LM_ERR("no more shared memory\n");
		return NULL;
	}
	memset(t, 0, sizeof(*t));
	lock_init(&t->reply_mutex);
	atomic_store(&t->ref_count, 1);
	t->relaied_reply_branch = -1;
	t->fr_timeout = fr_timeout;
	t->fr_inv_timeout = fr_inv_timeout;
	tm_init_link(&t->wait_tl, t, TM_WAIT, TM_UAS);
	tm_init_link(&t->uas.response.retr_timer, t, TM_RETR, TM_UAS);
	tm_init_link(&t->uas.response.fr_timer, t, TM_FR, TM_UAS);
	atomic_fetch_add(in_use, 1);
	return t;
}

void insert_into_hash_table_unsafe(struct cell *t, unsigned int hash)
{
	struct entry *e = &tm_table->entrys[hash];

	t->hash_index = hash;
	t->label = e->next_label++;
	t->next_cell = NULL;
	t->prev_cell = e->last_cell;
	if (e->last_cell != NULL)
		e->last_cell->next_cell = t;
	else
		e->first_cell = t;
	e->last_cell = t;
	t->hashed = 1;
	t_ref_cell(t);
}

void remove_from_hash_table(struct cell *t)
{
	struct entry *e = &tm_table->entrys[t->hash_index];
	int was_hashed;

	lock_get(&e->mutex);
	was_hashed = t->hashed;
	if (was_hashed) {
		if (t->prev_cell != NULL)
			t->prev_cell->next_cell = t->next_cell;
		else
			e->first_cell = t->next_cell;
		if (t->next_cell != NULL)
			t->next_cell->prev_cell = t->prev_cell;
		else
			e->last_cell = t->prev_cell;
		t->hashed = 0;
	}
	lock_release(&e->mutex);
	if (was_hashed)
		t_unref_cell(t);
}

static void free_retr_buf(struct retr_buf *rb)
{
	if (rb->buffer.s != NULL)
		shm_free(rb->buffer.s);
}

static void free_branch(struct ua_client *uac)
{
	free_retr_buf(&uac->request);
	free_retr_buf(&uac->local_cancel);
	if (uac->reply_buf.s != NULL)
		shm_free(uac->reply_buf.s);
	if (uac->uri.s != NULL)
		shm_free(uac->uri.s);
	shm_free(uac);
}

static void free_cell(struct cell *t)
{
	int i;

	empty_tmcb_list(&t->tmcb_hl);
	for (i = 0; i < t->nr_of_outgoings; i++)
		free_branch(t->uac[i]);
	free_retr_buf(&t->uas.response);
	if (t->uas.request != NULL)
		t_free_clone(t->uas.request);
	if (t->user_avps != NULL)
		destroy_avp_list(&t->user_avps);
	lock_destroy(&t->reply_mutex);
	shm_free(t);
	atomic_fetch_sub(in_use, 1);
}

struct ua_client *new_branch(struct cell *t)
{
	struct ua_client *uac;
	int n = t->nr_of_outgoings;

	if (n >= MAX_BRANCHES) {
		LM_ERR("no more than %d branches\n", MAX_BRANCHES);
		return NULL;
	}
	uac = shm_malloc(sizeof(*uac));
	if (uac == NULL) {
		LM_ERR("no more shared memory\n");
		return NULL;
	}
	memset(uac, 0, sizeof(*uac));
	tm_init_link(&uac->request.retr_timer, t, TM_RETR, n);
	tm_init_link(&uac->request.fr_timer, t, TM_FR, n);
	tm_init_link(&uac->local_cancel.retr_timer, t, TM_RETR, n);
	tm_init_link(&uac->local_cancel.fr_timer, t, TM_FR, n);
	t->uac[n] = uac;
	t->nr_of_outgoings = n + 1;
	return uac;
}

void t_ref_cell(struct cell *t)
{
	atomic_fetch_add(&t->ref_count, 1);
}

void t_unref_cell(struct cell *t)
{
	if (atomic_fetch_sub(&t->ref_count, 1) == 1)
		free_cell(t);
}
