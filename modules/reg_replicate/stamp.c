/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See stamp.h. */
#include <string.h>

#include "stamp.h"
#include "../../dprint.h"

static const usrloc_api_t *ul;
static const str key = {(char *)STAMP_KEY, sizeof(STAMP_KEY) - 1};

void stamp_init(const usrloc_api_t *api)
{
	ul = api;
}

/* --- text ------------------------------------------------------------------------ */

static char *put_hex(char *p, uint64_t n)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 60;

	while (shift > 0 && n >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = digits[n >> shift & 15];
	*p++ = '.';
	return p;
}

int stamp_write(const struct stamp *s, char buf[STAMP_MAX])
{
	char *p = buf;

	p = put_hex(p, s->stamp.time);
	p = put_hex(p, s->stamp.stream.node);
	p = put_hex(p, s->stamp.stream.epoch);
	p = put_hex(p, s->expires);
	p = put_hex(p, s->keep == s->expires ? 0 : s->keep);
	p = put_hex(p, s->unsaved == s->stamp.time ? 0 : s->unsaved);
	return p - 1 - buf;
}

/* One number, and the dot or the end behind it. */
static bool get_hex(str *in, uint64_t most, uint64_t *out)
{
	int digits = 0;

	*out = 0;
	for (; in->len > 0 && *in->s != '.'; in->s++, in->len--) {
		char c = *in->s;
		int value = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (value < 0 || ++digits > 16)
			return false;
		*out = *out << 4 | (unsigned int)value;
	}
	if (in->len > 0) {
		in->s++;
		in->len--;
	}
	return digits > 0 && *out <= most;
}

bool stamp_read(struct stamp *s, const str *text)
{
	str in = *text;
	uint64_t n[6];

	for (int i = 0; i < 6; i++)
		if (!get_hex(&in, i == 1 || i == 3 || i == 4 ? UINT32_MAX : UINT64_MAX, &n[i]))
			return false;
	*s = (struct stamp){{n[0], {n[1], n[2]}}, n[3], n[4] ? n[4] : n[3], n[5] ? n[5] : n[0]};
	return in.len == 0 && text->s[text->len - 1] != '.' && n[0] && n[1] && n[2];
}

/* --- with the contact ------------------------------------------------------------- */

bool stamp_of(ucontact_t *c, struct stamp *s)
{
	const int_str_t *value = ul->get_ucontact_key(c, &key);

	return value && value->is_str && stamp_read(s, &value->s);
}

/*
 * Where the row had the contact as it was, this change is the oldest that it lacks; else the one
 * that it lacked already. A new contact may take the place of a removal that is not stored.
 */
static uint64_t oldest_unsaved(ucontact_t *c, uint64_t time, bool inserted, uint64_t before)
{
	struct stamp old;

	if (inserted)
		return before && before < time ? before : time;
	if ((c->state == CS_SYNC && !(c->flags & FL_MEM)) || !stamp_of(c, &old))
		return time;
	return old.unsaved;
}

int stamp_put(ucontact_t *c, const struct rr_change *change, bool inserted, uint64_t before)
{
	uint64_t time = change->stamp.time;
	struct stamp s = {.stamp = change->stamp,
		.expires = c->expires,
		.keep = change->keep,
		.unsaved = oldest_unsaved(c, time, inserted, before)};
	char buf[STAMP_MAX];
	int_str_t value = {.is_str = 1, .s = {buf, stamp_write(&s, buf)}};

	if (ul->put_ucontact_key(c, &key, &value))
		return 0;
	LM_ERR("no more shared memory: the stamp of %.*s is not kept\n", c->c.len, c->c.s);
	return -1;
}
