/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rows.h. */
#include <string.h>

#include "rows.h"
#include "compat.h"
#include "lock_times.h"
#include "params.h"
#include "seldom.h"
#include "sql.h"
#include "text.h"
#include "../../dprint.h"

#define DOUBTS  128 /* asked about at a time */
#define TEXTS   65536
#define FLUSHES 2 /* of usrloc's timer that a contact has for its row */

static struct doubt {
	int domain;
	ucontact_id id;
	str aor, contact; /* in `texts` */
} doubts[DOUBTS];

static const usrloc_api_t *ul; /* NULL: not in use */
static uint64_t wait_ms;
static char buf[TEXTS];
static struct text texts;
static int n_doubts;
static uint64_t noted_ms;
static bool noting;     /* in this walk */
static bool found_some; /* the last time: there may be more, and they need not wait */
static uint64_t from;   /* place() where the next walk that notes begins */

static str columns[] = {
	str_init("contact_id"), str_init("username"), str_init("domain"), str_init("contact")};

/* usrloc's own name of a column, where it was given one. */
static void name_column(str *column, const char *param)
{
	char **name = find_param_export("usrloc", param, STR_PARAM);

	if (name && *name)
		*column = (str){*name, strlen(*name)};
}

void rows_init(const usrloc_api_t *api)
{
	const int *interval = find_param_export("usrloc", "timer_interval", INT_PARAM);

	wait_ms = (interval && *interval > 0 ? *interval : 60) * 1000ull * FLUSHES;
	name_column(&columns[0], "contact_id_column");
	name_column(&columns[1], "user_column");
	name_column(&columns[2], "domain_column");
	name_column(&columns[3], "contact_column");
	n_doubts = 0;
	found_some = false;
	from = 0;
	ul = api;
}

/* --- noting, in a walk ------------------------------------------------------------------- */

static uint64_t place(int domain, int slot)
{
	return (uint64_t)domain << 32 | (unsigned int)slot;
}

void rows_walk_begins(struct rr_now now)
{
	noting = ul && n_doubts == 0;
	if (noting) {
		texts = (struct text){buf, 0, sizeof(buf), false};
		noted_ms = now.mono_ms;
	}
}

void rows_walk_ends(void)
{
	if (noting)
		from = 0; /* all that were left have been noted */
	noting = false;
}

static str keep(const str *s)
{
	str kept = {texts.s + texts.len, s->len};

	text_str(&texts, s);
	return kept;
}

/* The next walk begins at the slot where this one had no room left: but with the next one, if
 * that slot alone has so many. */
static void stop_noting(int domain, int slot)
{
	uint64_t here = place(domain, slot);

	from = here > from ? here : here + 1;
	noting = false;
}

void rows_note(int domain, int slot, const ucontact_t *c)
{
	struct doubt *d = &doubts[n_doubts];

	if (!noting || place(domain, slot) < from)
		return;
	if (n_doubts == DOUBTS || texts.size - texts.len < c->aor->len + c->c.len) {
		stop_noting(domain, slot);
		return;
	}
	*d = (struct doubt){domain, c->contact_id, keep(c->aor), keep(&c->c)};
	n_doubts++;
}

/* --- asking ------------------------------------------------------------------------------- */

/* The contact, if it is still there and still taken for new; its slot is locked. */
static ucontact_t *find(struct doubt *d)
{
	urecord_t *r = NULL;
	ucontact_t *c;

	if (ul->get_urecord(repl_cfg.domains[d->domain].domain, &d->aor, &r) != 0 || !r)
		return NULL;
	for (c = r->contacts; c && c->contact_id != d->id; c = c->next)
		;
	return c && c->state == CS_NEW && str_match(&c->c, &d->contact) ? c : NULL;
}

/* Is it still new? With `dirty` it is no longer then. */
static bool is_new(struct doubt *d, bool dirty)
{
	udomain_t *domain = repl_cfg.domains[d->domain].domain;
	ucontact_t *c;

	ul->lock_udomain(domain, &d->aor);
	SLOT_LOCKED();
	c = find(d);
	if (c && dirty)
		c->state = CS_DIRTY;
	SLOT_UNLOCKED();
	ul->unlock_udomain(domain, &d->aor);
	return c;
}

/* With use_domain an AoR is in two columns. */
static bool is_its_row(const struct doubt *d, const db_val_t *vals)
{
	str user = sql_get_str(&vals[0]), domain = sql_get_str(&vals[1]),
	    contact = sql_get_str(&vals[2]), rest = d->aor;

	if (!str_match(&contact, &d->contact))
		return false;
	if (!ul->use_domain)
		return str_match(&user, &d->aor);
	if (rest.len != user.len + 1 + domain.len || rest.s[user.len] != '@')
		return false;
	rest = (str){rest.s + user.len + 1, domain.len};
	return memcmp(d->aor.s, user.s, user.len) == 0 && str_match(&rest, &domain);
}

/* 1: there is a row of this contact; 0: there is none; -1: the database refused. */
static int has_row(const struct doubt *d)
{
	str *table = &repl_cfg.domains[d->domain].name;
	db_key_t cols[] = {&columns[1], &columns[2], &columns[3]};
	db_val_t id = {.type = DB_BIGINT};
	db_res_t *res;
	int rc = 0;

	VAL_BIGINT(&id) = (long long)d->id;
	if (sql_select(table, &columns[0], &id, cols, 3, &res) < 0)
		return -1;
	if (RES_ROW_N(res) > 0) {
		rc = is_its_row(d, ROW_VALUES(RES_ROWS(res)));
		if (!rc)
			WARN_SELDOM("contact %.*s of %.*s cannot be stored: the row of table %.*s "
				    "with its contact_id, %llu, is another contact's; delete it",
				d->contact.len, d->contact.s, d->aor.len, d->aor.s, table->len,
				table->s, (unsigned long long)d->id);
	}
	sql_free(res);
	return rc;
}

int rows_ask(struct rr_now now)
{
	int there, found = 0;

	if (n_doubts == 0 || (!found_some && now.mono_ms < noted_ms + wait_ms))
		return 0;
	for (struct doubt *d = doubts; d < doubts + n_doubts; d++) {
		if (!is_new(d, false))
			continue;
		there = has_row(d);
		if (there < 0)
			return -1;
		found += there && is_new(d, true);
	}
	if (found)
		LM_NOTICE("%d contacts had rows that usrloc did not know of (the database had "
			  "carried out what had timed out): they are updated now\n",
			found);
	found_some = found > 0;
	n_doubts = 0;
	return 0;
}
