/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events become log lines; see evi_modules.h. */
#include <stdlib.h>

#include "evi_modules.h"
#include "../dprint.h"
#include "../mem/mem.h"
#include "../mi/mi.h"
#include "../ut.h"

#define MAX_EVENTS 64

static str events[MAX_EVENTS];
static int events_no;

event_id_t evi_publish_event(str name)
{
	if (name.len <= 0 || name.len > MAX_EVENT_NAME) {
		LM_ERR("event name of %d characters; 1 to %d are allowed\n", name.len,
			MAX_EVENT_NAME);
		return EVI_ERROR;
	}
	if (evi_get_id(&name) != EVI_ERROR) {
		LM_ERR("event %.*s exists already\n", name.len, name.s);
		return EVI_ERROR;
	}
	if (events_no == MAX_EVENTS) {
		LM_ERR("more than %d events\n", MAX_EVENTS);
		return EVI_ERROR;
	}
	events[events_no] = name;
	return events_no++;
}

event_id_t evi_get_id(str *name)
{
	int i;

	for (i = 0; i < events_no; i++) {
		if (str_match(&events[i], name))
			return i;
	}
	return EVI_ERROR;
}

const str *evi_get_name(event_id_t id)
{
	return id >= 0 && id < events_no ? &events[id] : NULL;
}

int evi_probe_event(event_id_t id)
{
	return evi_get_name(id) && is_printable(L_INFO);
}

/* --- parameters --------------------------------------------------------------- */

evi_params_p evi_get_params(void)
{
	evi_params_p list = pkg_malloc(sizeof(*list));

	if (list) {
		list->flags = EVI_FREE_LIST;
		list->first = list->last = NULL;
	}
	return list;
}

void evi_free_params(evi_params_p list)
{
	evi_param_p p, next;

	if (!list)
		return;
	for (p = list->first; p; p = next) {
		next = p->next;
		pkg_free(p);
	}
	list->first = list->last = NULL;
	if (list->flags & EVI_FREE_LIST)
		pkg_free(list);
}

int evi_param_add(evi_params_p list, const str *name, const void *param, int flags)
{
	evi_param_p p = pkg_malloc(sizeof(*p));

	if (!p)
		return -1;
	p->flags = flags;
	p->name = *name;
	p->next = NULL;
	if (flags & EVI_INT_VAL)
		p->val.n = *(const int *)param;
	else
		p->val.s = *(const str *)param;
	if (list->last)
		list->last->next = p;
	else
		list->first = p;
	list->last = p;
	return 0;
}

/* --- raising ------------------------------------------------------------------ */

static char *event_text(const str *name, const evi_params_t *params)
{
	mi_item_t *root = cJSON_CreateObject(), *obj = NULL;
	const evi_param_t *p;
	char *text = NULL;
	int failed;

	failed = !root || add_mi_string(root, MI_SSTR("jsonrpc"), MI_SSTR(JSONRPC_VERS_S)) ||
		 add_mi_string(root, MI_SSTR("method"), name->s, name->len) ||
		 !(obj = add_mi_object(root, MI_SSTR("params")));
	for (p = params ? params->first : NULL; p && !failed; p = p->next) {
		if (p->flags & EVI_INT_VAL)
			failed = add_mi_number(obj, p->name.s, p->name.len, p->val.n);
		else
			failed = add_mi_string(
				obj, p->name.s, p->name.len, p->val.s.s, p->val.s.len);
	}
	if (!failed)
		text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

int evi_raise_event(event_id_t id, evi_params_t *params)
{
	const str *name = evi_get_name(id);
	char *text;
	int rc = 0;

	if (!name) {
		LM_ERR("there is no event %d\n", id);
		rc = EVI_ERROR;
	} else if (evi_probe_event(id)) {
		text = event_text(name, params);
		if (text)
			LM_INFO("event %.*s %s\n", name->len, name->s, text);
		else
			rc = EVI_ERROR;
		free(text);
	}
	if (params && (params->flags & EVI_FREE_LIST))
		evi_free_params(params);
	return rc;
}
