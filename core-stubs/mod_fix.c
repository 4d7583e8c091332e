/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of script functions. In two steps: prepare_cmd_param() turns what the parser has
 * found into a gparam_t, fix_cmd() then runs the modules' fixups of constants. What has
 * pseudo-variables in it is evaluated, and goes through the fixup, at each call.
 */
#include "mod_fix.h"

#include "cmds.h"
#include "dprint.h"
#include "error.h"
#include "ut.h"

static gparam_t *new_gparam(int type)
{
	gparam_t *gp = pkg_malloc(sizeof(*gp));

	if (!gp)
		return NULL;
	memset(gp, 0, sizeof(*gp));
	gp->type = type;
	return gp;
}

static void free_gparam(gparam_t *gp)
{
	if (gp->type == GPARAM_TYPE_PVS)
		pv_spec_free(gp->pval);
	else if (gp->type == GPARAM_TYPE_PVE)
		pv_elem_free_all(gp->pval);
	pkg_free(gp);
}

/* A text: constant, or with pseudo-variables. "$$" alone makes no difference to constness. */
static int prepare_text(int flags, str text, gparam_t *gp, char *err, int size)
{
	pv_elem_t *list;

	gp->v.sval = text;
	if (flags & CMD_PARAM_NO_EXPAND || !q_memchr(text.s, PV_MARKER, text.len))
		return 0;
	if (pv_parse_format_err(&text, &list, err, size) < 0)
		return -1;
	if (flags & CMD_PARAM_STATIC) {
		pv_elem_free_all(list);
		snprintf(err, size, "it must be a constant, without pseudo-variables");
		return -1;
	}
	gp->type = GPARAM_TYPE_PVE;
	gp->pval = list;
	return 0;
}

static const char *wanted(int flags)
{
	if (flags & CMD_PARAM_VAR)
		return "a pseudo-variable";
	if (flags & CMD_PARAM_INT)
		return flags & CMD_PARAM_STATIC ? "a number" : "a number or a pseudo-variable";
	return flags & CMD_PARAM_STATIC ? "a string" : "a string or a pseudo-variable";
}

int prepare_cmd_param(int flags, action_elem_t *e, char *err, int size)
{
	gparam_t *gp;

	if (e->type == NOSUBTYPE || e->type == NULLV_ST) {
		if (flags & CMD_PARAM_OPT)
			return 0;
		snprintf(err, size, "it is mandatory, expected %s", wanted(flags));
		return -1;
	}
	if (flags & CMD_PARAM_REGEX) {
		snprintf(err, size, "parameters that are regular expressions are not covered");
		return -1;
	}
	if ((e->type == STR_ST && !(flags & CMD_PARAM_STR)) ||
		(e->type == NUMBER_ST && !(flags & CMD_PARAM_INT)) ||
		(e->type == SCRIPTVAR_ST && flags & CMD_PARAM_STATIC)) {
		snprintf(err, size, "found %s, expected %s",
			e->type == STR_ST      ? "a string"
			: e->type == NUMBER_ST ? "a number"
					       : "a pseudo-variable",
			wanted(flags));
		return -1;
	}
	gp = new_gparam(e->type == SCRIPTVAR_ST ? GPARAM_TYPE_PVS : GPARAM_TYPE_VAL);
	if (!gp) {
		snprintf(err, size, "no more pkg memory");
		return -1;
	}
	if (e->type == SCRIPTVAR_ST) {
		gp->pval = e->u.item;
	} else if (e->type == NUMBER_ST) {
		gp->v.ival = (int)e->u.number;
	} else if (prepare_text(flags, e->u.s, gp, err, size) < 0) {
		pkg_free(gp);
		return -1;
	}
	e->type = MODFIXUP_ST;
	e->u.data = gp;
	return 0;
}

/* Makes a constant, or one left out, into what its fixup says. */
static int fix_param(const struct cmd_param *p, action_elem_t *e)
{
	gparam_t *gp = e->type == MODFIXUP_ST ? e->u.data : NULL;
	void *val;
	int rc;

	if (!p->fixup)
		return 0;
	if (!gp) {
		if (!(p->flags & CMD_PARAM_FIX_NULL))
			return 0;
		gp = new_gparam(GPARAM_TYPE_VAL);
		if (!gp) {
			PKG_MEM_ERROR;
			return E_OUT_OF_MEM;
		}
		e->type = MODFIXUP_ST;
		e->u.data = gp;
		val = NULL;
	} else if (p->flags & CMD_PARAM_VAR) {
		val = gp->pval;
	} else if (gp->type != GPARAM_TYPE_VAL) {
		return 0;
	} else if (p->flags & CMD_PARAM_INT) {
		val = &gp->v.ival;
	} else {
		val = &gp->v.sval;
	}
	rc = p->fixup(&val);
	if (rc < 0)
		return rc;
	if (p->flags & CMD_PARAM_VAR)
		return 0; /* the fixup only looks at it */
	gp->type = GPARAM_TYPE_FIXUP;
	gp->pval = val;
	return 0;
}

int fix_cmd(const struct cmd_param *params, action_elem_t *elems)
{
	char err[256];
	int i, rc;

	for (i = 1; params->flags && i < MAX_ACTION_ELEMS; params++, i++) {
		if (elems[i].type != MODFIXUP_ST &&
			prepare_cmd_param(params->flags, &elems[i], err, sizeof(err)) < 0) {
			LM_ERR("parameter %d: %s\n", i, err);
			return E_CFG;
		}
		rc = fix_param(params, &elems[i]);
		if (rc < 0) {
			LM_ERR("parameter %d was refused\n", i);
			return rc;
		}
	}
	return 0;
}

void unfix_cmd(const struct cmd_param *params, action_elem_t *elems)
{
	gparam_t *gp;
	int i;

	for (i = 1; i < MAX_ACTION_ELEMS; i++) {
		if (elems[i].type == MODFIXUP_ST) {
			gp = elems[i].u.data;
			if (gp->type == GPARAM_TYPE_FIXUP && params->free_fixup)
				params->free_fixup(&gp->pval);
			free_gparam(gp);
			elems[i].type = NOSUBTYPE;
		}
		if (params->flags)
			params++;
	}
}

/* The value of a parameter with pseudo-variables, copied so that the next one cannot disturb it. */
static int eval_param(struct sip_msg *msg, gparam_t *gp, int flags, pv_value_t *v)
{
	str text;

	if (gp->type == GPARAM_TYPE_PVE) {
		if (pv_printf_s(msg, gp->pval, &v->rs) < 0)
			return -1;
		v->flags = PV_VAL_STR;
	} else if (pv_get_spec_value(msg, gp->pval, v) < 0) {
		return -1;
	}
	if (v->flags & PV_VAL_NULL)
		return 0;
	if (flags & CMD_PARAM_INT) {
		if (v->flags & PV_VAL_INT || (v->flags & PV_VAL_STR && !str2sint(&v->rs, &v->ri)))
			return 0;
		LM_ERR("a number is needed, not '%.*s'\n", v->rs.len, v->rs.s);
		return -1;
	}
	if (!(v->flags & PV_VAL_STR))
		v->rs.s = sint2str(v->ri, &v->rs.len);
	if (v->flags & PV_VAL_PKG)
		return 0;
	if (pkg_nt_str_dup(&text, &v->rs) < 0)
		return -1;
	v->rs = text;
	v->flags |= PV_VAL_PKG;
	return 0;
}

static int dynamic_param(
	struct sip_msg *msg, const struct cmd_param *p, gparam_t *gp, void **out, pv_value_t *v)
{
	if (eval_param(msg, gp, p->flags, v) < 0)
		return -1;
	if (v->flags & PV_VAL_NULL) {
		if (!(p->flags & CMD_PARAM_OPT)) {
			LM_ERR("a mandatory parameter has no value\n");
			return -1;
		}
		*out = NULL;
		if (!(p->flags & CMD_PARAM_FIX_NULL))
			return 0;
	} else {
		*out = p->flags & CMD_PARAM_INT ? (void *)&v->ri : (void *)&v->rs;
	}
	return p->fixup && p->fixup(out) < 0 ? -1 : 0;
}

static int is_dynamic(const struct cmd_param *p, const action_elem_t *e)
{
	const gparam_t *gp = e->u.data_const;

	return e->type == MODFIXUP_ST && !(p->flags & CMD_PARAM_VAR) &&
	       (gp->type == GPARAM_TYPE_PVS || gp->type == GPARAM_TYPE_PVE);
}

static void *static_param(const struct cmd_param *p, const action_elem_t *e)
{
	gparam_t *gp = e->u.data;

	if (e->type != MODFIXUP_ST)
		return NULL;
	if (gp->type != GPARAM_TYPE_VAL)
		return gp->pval;
	return p->flags & CMD_PARAM_INT ? (void *)&gp->v.ival : (void *)&gp->v.sval;
}

int get_cmd_fixups(struct sip_msg *msg, const struct cmd_param *params, action_elem_t *elems,
	void **cmdp, pv_value_t *tmp_val)
{
	int i;

	for (i = 0; params[i].flags && i < MAX_CMD_PARAMS; i++) {
		tmp_val[i] = (pv_value_t){.flags = PV_VAL_NULL};
		cmdp[i] = NULL;
		if (!is_dynamic(&params[i], &elems[i + 1])) {
			cmdp[i] = static_param(&params[i], &elems[i + 1]);
			continue;
		}
		if (dynamic_param(msg, &params[i], elems[i + 1].u.data, &cmdp[i], &tmp_val[i]) <
			0) {
			LM_ERR("bad value of parameter %d\n", i + 1);
			cmdp[i] = NULL;
			return E_UNSPEC;
		}
	}
	return 0;
}

int free_cmd_fixups(const struct cmd_param *params, action_elem_t *elems, void **cmdp)
{
	int i;

	for (i = 0; params[i].flags && i < MAX_CMD_PARAMS; i++)
		if (is_dynamic(&params[i], &elems[i + 1]) && params[i].free_fixup && cmdp[i])
			params[i].free_fixup(&cmdp[i]);
	return 0;
}

/* Index of `name` in a list that ends with STR_NULL; -1 if it is not there. */
static int index_of(const str *list, const str *name)
{
	int i;

	for (i = 0; list && list[i].s; i++)
		if (str_match(&list[i], name))
			return i;
	return -1;
}

int fixup_named_flags(void **param, str *flag_names, str *kv_flag_names, str *kv_flag_vals)
{
	str *in = *param, name, value;
	char *p, *end, *comma, *eq;
	long mask = 0;
	int i;

	for (i = 0; kv_flag_names && kv_flag_names[i].s; i++)
		kv_flag_vals[i] = STR_NULL;
	if (!in || !in->len) {
		*param = NULL;
		return 0;
	}
	for (p = in->s, end = in->s + in->len; p < end; p = comma + 1) {
		comma = q_memchr(p, ',', end - p);
		if (!comma)
			comma = end;
		eq = q_memchr(p, '=', comma - p);
		name = (str){p, (int)((eq ? eq : comma) - p)};
		trim(&name);
		if (!name.len)
			continue;
		value = eq ? (str){eq + 1, (int)(comma - eq - 1)} : STR_NULL;
		trim(&value);
		i = index_of(eq ? kv_flag_names : flag_names, &name);
		if (i < 0) {
			LM_ERR("unknown flag '%.*s'%s\n", name.len, name.s,
				eq ? " with a value" : "");
			return -1;
		}
		if (eq)
			kv_flag_vals[i] = value;
		else
			mask |= 1L << i;
	}
	*param = (void *)mask;
	return 0;
}
