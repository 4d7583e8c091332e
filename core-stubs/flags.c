/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named flags: a list of names for each kind, bits given out in order. */
#include "flags.h"

#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "parser/msg_parser.h"
#include "trim.h"
#include "ut.h"

struct flag_entry {
	str name;
	int bit;
	struct flag_entry *next;
};

static struct flag_entry *flags_of[FLAG_LIST_COUNT];

/* The script's functions get the mask of a flag, as do these. */
int setflag(struct sip_msg *msg, flag_t flag)
{
	msg->flags |= flag;
	return 1;
}

int resetflag(struct sip_msg *msg, flag_t flag)
{
	msg->flags &= ~flag;
	return 1;
}

int isflagset(struct sip_msg *msg, flag_t flag)
{
	return msg->flags & flag ? 1 : -1;
}

static struct flag_entry *find(int type, const char *s, int len)
{
	struct flag_entry *e;

	for (e = flags_of[type]; e; e = e->next)
		if (e->name.len == len && !memcmp(e->name.s, s, len))
			return e;
	return NULL;
}

int get_flag_id_by_name(int type, char *name, int len)
{
	struct flag_entry *e;
	int bit;

	if (!name)
		return -1;
	if (!len)
		len = (int)strlen(name);
	e = find(type, name, len);
	if (e)
		return e->bit;
	if (!is_main) {
		LM_ERR("flag '%.*s' is new here, after forking\n", len, name);
		return -1;
	}
	bit = flags_of[type] ? flags_of[type]->bit + 1 : 0;
	if (bit > (int)MAX_FLAG) {
		LM_ERR("no bit left for flag '%.*s': at most %u of one kind\n", len, name,
			MAX_FLAG + 1);
		return -1;
	}
	e = pkg_malloc(sizeof(*e) + len + 1);
	if (!e) {
		PKG_MEM_ERROR;
		return -1;
	}
	e->name.s = (char *)(e + 1);
	e->name.len = len;
	memcpy(e->name.s, name, len);
	e->name.s[len] = 0;
	e->bit = bit;
	e->next = flags_of[type];
	flags_of[type] = e;
	return bit;
}

unsigned int fixup_flag(int flag_type, const str *flag_name)
{
	int bit = get_flag_id_by_name(flag_type, flag_name->s, flag_name->len);

	return bit < 0 ? NAMED_FLAG_ERROR : 1U << bit;
}

str bitmask_to_flag_list(enum flag_type type, int bitmask)
{
	static char buf[2048];
	struct flag_entry *e;
	str out = {buf, 0};

	for (e = flags_of[type]; e; e = e->next) {
		if (!((unsigned int)bitmask & 1U << e->bit))
			continue;
		if (out.len + e->name.len + 1 > (int)sizeof(buf)) {
			LM_ERR("names of flags do not fit %zu bytes\n", sizeof(buf));
			break;
		}
		if (out.len)
			buf[out.len++] = FLAG_DELIM;
		memcpy(buf + out.len, e->name.s, e->name.len);
		out.len += e->name.len;
	}
	return out;
}

int flag_list_to_bitmask(const str_const *list, enum flag_type type, char delim, int init_new_flags)
{
	const char *p = list->s, *end = list->s + list->len, *sep;
	struct flag_entry *e;
	unsigned int mask = 0;
	int bit;

	for (; p < end; p = sep + 1) {
		str name;

		sep = memchr(p, delim, end - p);
		if (!sep)
			sep = end;
		name = (str){(char *)p, (int)(sep - p)};
		trim(&name);
		if (!name.len)
			continue;
		e = find(type, name.s, name.len);
		bit = e                ? e->bit
		      : init_new_flags ? get_flag_id_by_name(type, name.s, name.len)
				       : -1;
		if (bit >= 0)
			mask |= 1U << bit;
	}
	return (int)mask;
}

void destroy_flags(void)
{
	struct flag_entry *e;
	int i;

	for (i = 0; i < FLAG_LIST_COUNT; i++)
		while ((e = flags_of[i])) {
			flags_of[i] = e->next;
			pkg_free(e);
		}
}
