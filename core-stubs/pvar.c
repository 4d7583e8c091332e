/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing, evaluating and printing pseudo-variables, whoever exports them. The core's own are in
 * pvar_core.c.
 */
#include "pvar.h"

#include <stdarg.h>
#include "dprint.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "pvar_core.h"
#include "route_struct.h"
#include "transformations.h"
#include "ut.h"

#define PRINT_BUFS 8

struct pv_table {
	const pv_export_t *items;
	struct pv_table *next;
};

int pv_print_buf_size = 20000;
static char *print_buf[PRINT_BUFS];
static struct pv_table *tables;

/* Puts the reason for a failure where the caller wants it. */
static int fail(char *err, int size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, size, fmt, ap);
	va_end(ap);
	return -1;
}

static const pv_export_t *find_in(const pv_export_t *t, const str *name)
{
	for (; t->name.s; t++)
		if (t->name.len == name->len && !memcmp(t->name.s, name->s, name->len))
			return t;
	return NULL;
}

static const pv_export_t *find_export_pv(const str *name)
{
	const pv_export_t *e = find_in(core_pvs, name);
	struct pv_table *t;

	for (t = tables; t && !e; t = t->next)
		e = find_in(t->items, name);
	return e;
}

int register_pvars_mod(const char *mod_name, const pv_export_t *items)
{
	const pv_export_t *p;
	struct pv_table *t;
	str name;

	for (p = items; p && p->name.s; p++) {
		name = (str){(char *)p->name.s, p->name.len};
		if (find_export_pv(&name)) {
			LM_ERR("pseudo-variable $%.*s of module %s exists already\n", name.len,
				name.s, mod_name);
			return -1;
		}
	}
	if (!items)
		return 0;
	t = pkg_malloc(sizeof(*t));
	if (!t) {
		PKG_MEM_ERROR;
		return -1;
	}
	t->items = items;
	t->next = tables;
	tables = t;
	return 0;
}

int pv_free_extra_list(void)
{
	struct pv_table *t;

	while ((t = tables)) {
		tables = t->next;
		pkg_free(t);
	}
	return 0;
}

int init_pvar_support(void)
{
	int i;

	for (i = 0; i < PRINT_BUFS; i++) {
		if (!print_buf[i])
			print_buf[i] = pkg_malloc(pv_print_buf_size);
		if (!print_buf[i]) {
			PKG_MEM_ERROR;
			return -1;
		}
	}
	return 0;
}

void destroy_pvar_support(void)
{
	int i;

	for (i = 0; i < PRINT_BUFS; i++) {
		pkg_free(print_buf[i]);
		print_buf[i] = NULL;
	}
	pv_free_extra_list();
}

char *pv_next_buf(void)
{
	static int next;

	next = (next + 1) % PRINT_BUFS;
	return print_buf[next];
}

/* --- parsing ---------------------------------------------------------------------------- */

static int is_name_char(char c)
{
	return _isalnum(c) || c == '_' || c == '.';
}

/* The bracket that closes the one at p; NULL if none does. */
static char *closing(char *p, char *end, char open, char close)
{
	int depth = 0;

	for (; p < end; p++) {
		if (*p == open)
			depth++;
		else if (*p == close && --depth == 0)
			return p;
	}
	return NULL;
}

/* "(inner)" at p, when this one takes it. Returns what follows. */
static char *parse_inner(char *p, char *end, pv_spec_p sp, const str *name, char *err, int size)
{
	char *close;
	str inner;

	if (p >= end || *p != '(' || !sp->exp->parse_name)
		return p;
	close = closing(p, end, '(', ')');
	if (!close) {
		fail(err, size, "$%.*s( without ')'", name->len, name->s);
		return NULL;
	}
	inner = (str){p + 1, (int)(close - p - 1)};
	if (sp->exp->parse_name(sp, &inner) < 0) {
		fail(err, size, "bad name '%.*s' in $%.*s(...)", inner.len, inner.s, name->len,
			name->s);
		return NULL;
	}
	return close + 1;
}

static char *parse_index_of(char *p, char *end, pv_spec_p sp, const str *name, char *err, int size)
{
	char *close;
	str index;

	if (p >= end || *p != '[')
		return p;
	close = closing(p, end, '[', ']');
	if (!close) {
		fail(err, size, "$(%.*s[ without ']'", name->len, name->s);
		return NULL;
	}
	index = (str){p + 1, (int)(close - p - 1)};
	if (!sp->exp->parse_index) {
		fail(err, size, "$%.*s takes no index", name->len, name->s);
		return NULL;
	}
	if (sp->exp->parse_index(sp, &index) < 0) {
		fail(err, size, "bad index [%.*s] of $%.*s", index.len, index.s, name->len,
			name->s);
		return NULL;
	}
	return close + 1;
}

/* Index and transformations up to the ')' that ends "$(". */
static char *parse_bracketed(char *p, char *end, pv_spec_p sp, const str *name, char *err, int size)
{
	p = parse_index_of(p, end, sp, name, err, size);
	if (p && p < end && *p == '{') {
		str rest = {p, (int)(end - p)};

		p = parse_transformation(&rest, &sp->trans, err, size);
	}
	if (!p)
		return NULL;
	if (p >= end || *p != ')') {
		fail(err, size, "$(%.*s: expected ')', found '%.*s'", name->len, name->s,
			p < end ? 1 : 3, p < end ? p : "end");
		return NULL;
	}
	return p + 1;
}

static char *parse_spec(const str *in, pv_spec_p sp, char *err, int size)
{
	char *p = in->s, *end = in->s + in->len;
	int bracket;
	str name;

	if (in->len < 2 || *p != PV_MARKER) {
		fail(err, size, "'%.*s' is no pseudo-variable", in->len, in->s);
		return NULL;
	}
	if (p[1] == PV_MARKER) {
		sp->type = PVT_MARKER;
		return p + 2;
	}
	bracket = *++p == '(';
	p += bracket;
	for (name.s = p; p < end && is_name_char(*p); p++)
		;
	name.len = (int)(p - name.s);
	sp->exp = find_export_pv(&name);
	if (!sp->exp) {
		fail(err, size, "unknown pseudo-variable $%.*s, missing loadmodule?", name.len,
			name.s);
		return NULL;
	}
	sp->type = sp->exp->type;
	sp->getf = sp->exp->getf;
	sp->setf = sp->exp->setf;
	if (sp->exp->init_param)
		sp->exp->init_param(sp, sp->exp->iparam);
	p = parse_inner(p, end, sp, &name, err, size);
	if (p && sp->exp->init_param == pv_name_required && sp->pvp.pvn.type == PV_NAME_INTSTR &&
		!sp->pvp.pvn.u.isname.type && !sp->pvp.pvn.u.isname.name.n) {
		fail(err, size, "$%.*s needs a name: $%.*s(name)", name.len, name.s, name.len,
			name.s);
		return NULL;
	}
	return p && bracket ? parse_bracketed(p, end, sp, &name, err, size) : p;
}

char *pv_parse_spec_err(const str *in, pv_spec_p sp, char *err, int size)
{
	char *p;

	memset(sp, 0, sizeof(*sp));
	p = parse_spec(in, sp, err, size);
	if (!p)
		pv_spec_clean(sp);
	return p;
}

void pv_spec_clean(pv_spec_t *sp)
{
	free_transformation(sp->trans);
	memset(sp, 0, sizeof(*sp));
}

void pv_spec_free(pv_spec_t *sp)
{
	if (!sp)
		return;
	pv_spec_clean(sp);
	pkg_free(sp);
}

int pv_parse_index(pv_spec_p sp, const str *in)
{
	str s = *in;

	sp->pvp.pvi.type = PV_IDX_INT;
	return s.len ? str2sint(&s, &sp->pvp.pvi.u.ival) : -1;
}

int pv_parse_str_name(pv_spec_p sp, const str *in)
{
	if (!in->len || *in->s == PV_MARKER) /* names by a pseudo-variable are not covered */
		return -1;
	sp->pvp.pvn.type = PV_NAME_INTSTR;
	sp->pvp.pvn.u.isname.type = AVP_NAME_STR;
	sp->pvp.pvn.u.isname.name.s = *in;
	return 0;
}

int pv_parse_avp_name(pv_spec_p sp, const str *in)
{
	str name = *in;
	int id;

	if (name.len && *name.s == PV_MARKER) {
		LM_ERR("AVP names given by a pseudo-variable are not covered\n");
		return -1;
	}
	id = name.len ? get_avp_id(&name) : -1;
	if (id < 0)
		return -1;
	sp->pvp.pvn.type = PV_NAME_INTSTR;
	sp->pvp.pvn.u.isname.type = 0;
	sp->pvp.pvn.u.isname.name.n = id;
	return 0;
}

int pv_init_iname(pv_spec_p sp, int param)
{
	sp->pvp.pvn.type = PV_NAME_INTSTR;
	sp->pvp.pvn.u.isname.type = 0;
	sp->pvp.pvn.u.isname.name.n = param;
	return 0;
}

/* Only marks those that cannot do without an inner name; see parse_spec(). */
int pv_name_required(pv_spec_p sp, int param)
{
	(void)sp;
	return param;
}

int pv_parse_format_err(const str *in, pv_elem_p *el, char *err, int size)
{
	char *p = in->s, *end = in->s + in->len;
	pv_elem_p *tail = el, e;

	*el = NULL;
	do {
		e = pkg_malloc(sizeof(*e));
		if (!e) {
			fail(err, size, "no more pkg memory");
			goto error;
		}
		memset(e, 0, sizeof(*e));
		*tail = e;
		tail = &e->next;
		e->text.s = p;
		while (p < end && *p != PV_MARKER)
			p++;
		e->text.len = (int)(p - e->text.s);
		if (p < end) {
			str rest = {p, (int)(end - p)};

			p = pv_parse_spec_err(&rest, &e->spec, err, size);
			if (!p)
				goto error;
		}
	} while (p < end);
	return 0;
error:
	pv_elem_free_all(*el);
	*el = NULL;
	return -1;
}

int pv_parse_format(const str *in, pv_elem_p *el)
{
	char err[256];

	if (!pv_parse_format_err(in, el, err, sizeof(err)))
		return 0;
	LM_ERR("%s\n", err);
	return -1;
}

int pv_elem_free_all(pv_elem_p el)
{
	pv_elem_p next;

	for (; el; el = next) {
		next = el->next;
		pv_spec_clean(&el->spec);
		pkg_free(el);
	}
	return 0;
}

/* --- values ----------------------------------------------------------------------------- */

int pv_get_spec_value(struct sip_msg *msg, const pv_spec_p sp, pv_value_t *value)
{
	int rc;

	memset(value, 0, sizeof(*value));
	if (sp->type == PVT_MARKER)
		return pv_get_strval(msg, NULL, value, &str_init("$"));
	if (!sp->getf)
		return pv_get_null(msg, NULL, value);
	rc = sp->getf(msg, &sp->pvp, value);
	if (rc < 0)
		return rc;
	return sp->trans ? run_transformations(msg, sp->trans, value) : 0;
}

int pv_set_value(struct sip_msg *msg, pv_spec_p sp, int op, pv_value_t *val)
{
	if (!sp->setf) {
		LM_BUG("assignment to a read-only pseudo-variable\n");
		return -1;
	}
	if (val && val->flags & PV_VAL_NULL)
		val = NULL;
	return sp->setf(msg, &sp->pvp, op, val);
}

static int put(char *buf, int size, int *at, const str *s)
{
	if (s->len > size - *at)
		return -1;
	if (s->len)
		memcpy(buf + *at, s->s, s->len);
	*at += s->len;
	return 0;
}

static int put_value(struct sip_msg *msg, pv_spec_p sp, char *buf, int size, int *at)
{
	pv_value_t v;
	int rc;

	if (pv_get_spec_value(msg, sp, &v) < 0)
		v = (pv_value_t){.flags = PV_VAL_NULL};
	if (v.flags & PV_VAL_NULL)
		return put(buf, size, at, &str_init("<null>"));
	if (!(v.flags & PV_VAL_STR))
		v.rs.s = sint2str(v.ri, &v.rs.len);
	rc = put(buf, size, at, &v.rs);
	pv_value_destroy(&v);
	return rc;
}

int pv_printf(struct sip_msg *msg, pv_elem_p list, char *buf, int *len)
{
	int size = *len - 1, at = 0;

	for (; list; list = list->next) {
		if (put(buf, size, &at, &list->text) < 0 ||
			(list->spec.type != PVT_NONE &&
				put_value(msg, &list->spec, buf, size, &at) < 0)) {
			LM_ERR("text does not fit %d bytes\n", *len);
			*len = 0;
			return -1;
		}
	}
	buf[at] = 0;
	*len = at;
	return 0;
}

int pv_printf_s(struct sip_msg *msg, pv_elem_p list, str *s)
{
	s->s = pv_next_buf();
	s->len = pv_print_buf_size;
	return pv_printf(msg, list, s->s, &s->len);
}

void pv_value_destroy(pv_value_t *val)
{
	if (val->flags & PV_VAL_PKG)
		pkg_free(val->rs.s);
	else if (val->flags & PV_VAL_SHM)
		shm_free(val->rs.s);
	*val = (pv_value_t){.flags = PV_VAL_NULL};
}

int pv_get_null(struct sip_msg *msg, pv_param_t *param, pv_value_t *res)
{
	(void)msg;
	(void)param;
	*res = (pv_value_t){.rs = {(char *)"", 0}, .flags = PV_VAL_NULL};
	return 0;
}

int pv_get_uintval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, unsigned int uival)
{
	(void)msg;
	(void)param;
	res->rs.s = int2str(uival, &res->rs.len);
	res->ri = (int)uival;
	res->flags = PV_VAL_STR | PV_VAL_INT | PV_TYPE_INT;
	return 0;
}

int pv_get_sintval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, int sival)
{
	(void)msg;
	(void)param;
	res->rs.s = sint2str(sival, &res->rs.len);
	res->ri = sival;
	res->flags = PV_VAL_STR | PV_VAL_INT | PV_TYPE_INT;
	return 0;
}

int pv_get_strval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, str *sval)
{
	(void)msg;
	(void)param;
	res->rs = *sval;
	res->ri = 0;
	res->flags = sval->len ? PV_VAL_STR : PV_VAL_STR | PV_VAL_EMPTY;
	return 0;
}
