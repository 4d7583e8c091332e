/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values and conditions. As in OpenSIPS, operators of one kind have no precedence among each other
 * (2+3*4 is 20), texts compare without regard to case, and a text is not a number: comparing one
 * with a constant of the other kind is false, with a warning.
 */
#include <regex.h>

#include "action.h"
#include "dprint.h"
#include "mem/mem.h"
#include "pvar.h"
#include "route.h"
#include "ut.h"

static int null_value(pv_value_t *v)
{
	*v = (pv_value_t){.flags = PV_VAL_NULL};
	return 0;
}

static void int_value(pv_value_t *v, int n)
{
	*v = (pv_value_t){.ri = n, .flags = PV_VAL_INT | PV_TYPE_INT};
}

static int run_operand(struct action *a, struct sip_msg *msg, pv_value_t *v)
{
	int rc = run_action_list(a, msg);

	if (action_flags & ACT_FL_EXIT)
		return EXPR_DROP;
	int_value(v, rc);
	return 0;
}

static int operand_value(const operand_t *o, struct sip_msg *msg, pv_value_t *v)
{
	null_value(v);
	switch (o->type) {
	case NUMBER_O:
		int_value(v, o->v.n);
		return 0;
	case STRING_O:
		*v = (pv_value_t){.rs = o->v.s, .flags = PV_VAL_STR};
		return 0;
	case SCRIPTVAR_O:
		return pv_get_spec_value(msg, o->v.spec, v) < 0 ? null_value(v) : 0;
	case EXPR_O:
		return expr_value(o->v.expr, msg, v);
	case ACTION_O:
		return run_operand(o->v.action, msg, v);
	}
	return 0;
}

/* --- arithmetic -------------------------------------------------------------------------- */

static int concat(pv_value_t *l, pv_value_t *r, pv_value_t *out)
{
	str sum;

	sum.len = l->rs.len + r->rs.len;
	sum.s = pkg_malloc(sum.len + 1);
	if (!sum.s) {
		PKG_MEM_ERROR;
		return -1;
	}
	if (l->rs.len)
		memcpy(sum.s, l->rs.s, l->rs.len);
	if (r->rs.len)
		memcpy(sum.s + l->rs.len, r->rs.s, r->rs.len);
	sum.s[sum.len] = 0;
	*out = (pv_value_t){.rs = sum, .flags = PV_VAL_STR | PV_VAL_PKG};
	return 0;
}

static int compute(int op, int l, int r)
{
	unsigned int ul = (unsigned int)l, ur = (unsigned int)r; /* no undefined overflow */

	switch (op) {
	case PLUS_OP:
		return (int)(ul + ur);
	case MINUS_OP:
		return (int)(ul - ur);
	case MULT_OP:
		return (int)(ul * ur);
	case DIV_OP:
	case MODULO_OP:
		if (!r) {
			LM_ERR("division by 0\n");
			return 0;
		}
		if (r == -1)
			return op == DIV_OP ? (int)-ul : 0;
		return op == DIV_OP ? l / r : l % r;
	case BAND_OP:
		return l & r;
	case BOR_OP:
		return l | r;
	case BXOR_OP:
		return l ^ r;
	case BNOT_OP:
		return ~l;
	case BLSHIFT_OP:
		return (int)(ul << (ur & 31));
	case BRSHIFT_OP:
		return l >> (r & 31);
	}
	return 0;
}

static int calculate(int op, pv_value_t *l, pv_value_t *r, pv_value_t *out)
{
	if (op == BNOT_OP && pvv_is_int(l)) {
		int_value(out, compute(op, l->ri, 0));
		return 0;
	}
	if (pvv_is_int(l) && pvv_is_int(r)) {
		int_value(out, compute(op, l->ri, r->ri));
		return 0;
	}
	/* Null is the empty text when it is added to one. The left side decides: to a text may be
	 * added a number that is a variable and so has its text with it, but not the reverse. */
	if (op == PLUS_OP && !pvv_is_int(l) && (pvv_is_str(l) || pvv_is_str(r)) &&
		(!pvv_is_int(r) || r->flags & PV_VAL_STR))
		return concat(l, r, out);
	LM_ERR("invalid operands: both must be numbers, or both texts with '+'\n");
	return -1;
}

int calc_values(int op, pv_value_t *l, pv_value_t *r, pv_value_t *out)
{
	int rc = calculate(op, l, r, out);

	pv_value_destroy(l);
	pv_value_destroy(r);
	return rc;
}

static int is_arithmetic(int op)
{
	return op >= PLUS_OP && op <= BRSHIFT_OP;
}

int expr_value(struct expr *e, struct sip_msg *msg, pv_value_t *v)
{
	pv_value_t l, r;
	int rc;

	if (e->op == EVAL_OP)
		return operand_value(&e->left, msg, v);
	if (!is_arithmetic(e->op)) {
		rc = eval_expr(e, msg, NULL);
		if (rc < 0)
			return rc;
		int_value(v, rc);
		return 0;
	}
	rc = operand_value(&e->left, msg, &l);
	if (rc < 0)
		return rc;
	/* a value may sit in a shared buffer: keep the left one while the right one is made */
	if (l.flags & PV_VAL_STR && !(l.flags & PV_VAL_PKG) && e->left.type == SCRIPTVAR_O) {
		if (pkg_nt_str_dup(&l.rs, &(str){l.rs.s, l.rs.len}) < 0)
			return -1;
		l.flags |= PV_VAL_PKG;
	}
	rc = operand_value(&e->right, msg, &r);
	if (rc < 0) {
		pv_value_destroy(&l);
		return rc;
	}
	return calc_values(e->op, &l, &r, v);
}

/* --- conditions --------------------------------------------------------------------------- */

static void need_text(pv_value_t *v)
{
	if (!(v->flags & PV_VAL_STR))
		v->rs.s = sint2str(v->ri, &v->rs.len);
}

static int order_to_bool(int op, long cmp)
{
	switch (op) {
	case EQUAL_OP:
		return cmp == 0;
	case DIFF_OP:
		return cmp != 0;
	case GT_OP:
		return cmp > 0;
	case LT_OP:
		return cmp < 0;
	case GTE_OP:
		return cmp >= 0;
	case LTE_OP:
		return cmp <= 0;
	}
	return 0;
}

static int compare_texts(int op, const str *l, const str *r)
{
	int n = l->len < r->len ? l->len : r->len;
	int cmp = n ? strncasecmp(l->s, r->s, n) : 0;

	return order_to_bool(op, cmp ? cmp : l->len - r->len);
}

static int match(const operand_t *right, pv_value_t *l, pv_value_t *r)
{
	regex_t dynamic, *re = right->type == REGEX_O ? right->v.data : &dynamic;
	char pattern[512];
	str subject;
	int rc;

	if (right->type != REGEX_O) {
		need_text(r);
		if (snprintf(pattern, sizeof(pattern), "%.*s", r->rs.len, r->rs.s) >=
				(int)sizeof(pattern) ||
			regcomp(re, pattern, SCRIPT_REGEX_FLAGS)) {
			LM_ERR("bad regular expression '%.*s'\n", r->rs.len, r->rs.s);
			return 0;
		}
	}
	need_text(l);
	rc = pkg_nt_str_dup(&subject, &l->rs);
	if (!rc) {
		rc = regexec(re, subject.s, 0, NULL, 0) == 0;
		pkg_free(subject.s);
	}
	if (re == &dynamic)
		regfree(re);
	return rc > 0;
}

static int compare_nulls(int op, int l_null, int r_null)
{
	if (op == EQUAL_OP)
		return l_null && r_null;
	if (op == DIFF_OP)
		return l_null != r_null;
	return op == NOTMATCH_OP;
}

/*
 * What a comparison of a text with a constant number is: the whole condition is false, whatever
 * else is in it, even with a "!" before it, as in OpenSIPS.
 */
#define EXPR_MISMATCH (-3)

static int compare_values(struct expr *e, pv_value_t *l, pv_value_t *r)
{
	int l_null = l->flags & PV_VAL_NULL, r_null = r->flags & PV_VAL_NULL;

	if (e->right.type == REGEX_O ? l_null : (l_null || r_null))
		return compare_nulls(e->op, !!l_null, !!r_null);
	if (e->op == MATCH_OP)
		return match(&e->right, l, r);
	if (e->op == NOTMATCH_OP)
		return !match(&e->right, l, r);
	if (l->flags & PV_VAL_INT && r->flags & PV_VAL_INT)
		return order_to_bool(e->op, (long)l->ri - r->ri);
	if (e->right.type == NUMBER_O) {
		LM_WARN("a text is compared with a number: false\n");
		return EXPR_MISMATCH;
	}
	need_text(l);
	need_text(r);
	return compare_texts(e->op, &l->rs, &r->rs);
}

static int compare(struct expr *e, struct sip_msg *msg)
{
	pv_value_t l, r;
	int rc;

	rc = operand_value(&e->left, msg, &l);
	if (rc < 0)
		return rc;
	rc = operand_value(&e->right, msg, &r);
	if (rc == 0)
		rc = compare_values(e, &l, &r);
	pv_value_destroy(&l);
	pv_value_destroy(&r);
	return rc;
}

static int truth(struct expr *e, struct sip_msg *msg, pv_value_t *val)
{
	pv_value_t v;
	int rc;

	if (e->left.type == EXPR_O)
		return eval_expr(e->left.v.expr, msg, val);
	rc = operand_value(&e->left, msg, &v);
	if (rc < 0)
		return rc;
	if (v.flags & PV_VAL_NULL)
		rc = 0;
	else if (e->left.type == ACTION_O)
		rc = v.ri > 0;
	else
		rc = pvv_is_int(&v) ? v.ri != 0 : v.rs.len > 0;
	if (val)
		*val = v;
	else
		pv_value_destroy(&v);
	return rc;
}

static int side(const operand_t *o, struct sip_msg *msg)
{
	int rc = eval_expr(o->v.expr, msg, NULL);

	return rc < 0 && rc != EXPR_DROP && rc != EXPR_MISMATCH ? 0 : rc;
}

int eval_expr(struct expr *e, struct sip_msg *msg, pv_value_t *val)
{
	pv_value_t v;
	int rc;

	switch (e->op) {
	case AND_OP:
		rc = side(&e->left, msg);
		return rc == 1 ? side(&e->right, msg) : rc;
	case OR_OP:
		rc = side(&e->left, msg);
		return rc == 0 ? side(&e->right, msg) : rc;
	case NOT_OP:
		rc = side(&e->left, msg);
		return rc < 0 ? rc : !rc;
	case EVAL_OP:
		return truth(e, msg, val);
	}
	if (!is_arithmetic(e->op))
		return compare(e, msg);
	rc = expr_value(e, msg, &v);
	if (rc < 0)
		return rc;
	rc = pvv_is_int(&v) ? v.ri != 0 : v.rs.len > 0;
	if (val)
		*val = v;
	else
		pv_value_destroy(&v);
	return rc;
}

int case_matches(const operand_t *label, pv_value_t *v)
{
	struct expr e = {.op = EQUAL_OP, .right = *label};
	pv_value_t r;

	if (label->type == NUMBER_O && !(v->flags & PV_VAL_INT))
		return 0;
	return operand_value(label, NULL, &r) == 0 && compare_values(&e, v, &r);
}
