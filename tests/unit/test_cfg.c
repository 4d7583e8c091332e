/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration language: what scripts compute, what functions get, what is refused. Results of
 * expressions are those that OpenSIPS 3.6.8 gave for the same scripts. Every test gives all
 * memory back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "action.h"
#include "cfg_pp.h"
#include "cmds.h"
#include "dprint.h"
#include "flags.h"
#include "globals.h"
#include "mem/mem.h"
#include "mem/shm_mem.h"
#include "mod_fix.h"
#include "modparam.h"
#include "pvar.h"
#include "route.h"
#include "script_cb.h"
#include "script_var.h"
#include "sr_module.h"
#include "usr_avp.h"
#include "ut.h"
#include "xlog.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static char cfg_name[64];
static unsigned long pkg_before, shm_before;

/* --- a module with functions that note what they were given -------------------------------------
 */

static struct {
	int calls, fixups, frees;
	char text[64];
	int number, has_number, has_text;
	pv_spec_t *spec;
	int result;
} got;

static int param_number;
static char *param_text;

static int fix_upper(void **param)
{
	str *s = *param;
	char *copy;
	int i;

	got.fixups++;
	if (!s || str_match_nt(s, "refuse"))
		return -1;
	copy = pkg_malloc(s->len + 1);
	if (!copy)
		return -1;
	for (i = 0; i < s->len; i++)
		copy[i] = (char)toupper(s->s[i]);
	copy[i] = 0;
	*param = copy;
	return 0;
}

static int free_upper(void **param)
{
	got.frees++;
	pkg_free(*param);
	return 0;
}

static int note(struct sip_msg *msg, str *s, int *n)
{
	(void)msg;
	got.calls++;
	got.has_text = s != NULL;
	got.has_number = n != NULL;
	if (s)
		snprintf(got.text, sizeof(got.text), "%.*s", s->len, s->s);
	if (n)
		got.number = *n;
	return got.result;
}

static int note_upper(struct sip_msg *msg, char *s)
{
	(void)msg;
	got.calls++;
	snprintf(got.text, sizeof(got.text), "%s", s);
	return 1;
}

static int note_var(struct sip_msg *msg, pv_spec_t *spec)
{
	pv_value_t v = {.rs = str_init("set by C"), .flags = PV_VAL_STR};

	got.calls++;
	got.spec = spec;
	return pv_set_value(msg, spec, EQ_T, &v) < 0 ? -1 : 1;
}

static int refuse_param(modparam_t type, void *val)
{
	(void)type;
	return strcmp(val, "good") ? -1 : 0;
}

#define FUNC(_f) (cmd_function)(void (*)(void)) _f

static const cmd_export_t test_cmds[] = {
	{"note", FUNC(note),
		{{CMD_PARAM_STR | CMD_PARAM_OPT, 0, 0}, {CMD_PARAM_INT | CMD_PARAM_OPT, 0, 0},
			{0, 0, 0}},
		ALL_ROUTES},
	{"note_must", FUNC(note), {{CMD_PARAM_STR, 0, 0}, {CMD_PARAM_INT, 0, 0}, {0, 0, 0}},
		ALL_ROUTES},
	{"note_raw", FUNC(note), {{CMD_PARAM_STR | CMD_PARAM_NO_EXPAND, 0, 0}, {0, 0, 0}},
		ALL_ROUTES},
	{"note_upper", FUNC(note_upper), {{CMD_PARAM_STR, fix_upper, free_upper}, {0, 0, 0}},
		ALL_ROUTES},
	{"note_static", FUNC(note), {{CMD_PARAM_STR | CMD_PARAM_STATIC, 0, 0}, {0, 0, 0}},
		ALL_ROUTES},
	{"note_var", FUNC(note_var), {{CMD_PARAM_VAR, 0, 0}, {0, 0, 0}}, ALL_ROUTES},
	{"only_reply", FUNC(note), {{0, 0, 0}}, ONREPLY_ROUTE},
	{NULL, NULL, {{0, 0, 0}}, 0},
};

static void *refuse_param_ptr(void)
{
	int (*f)(modparam_t, void *) = refuse_param;
	void *p;

	memcpy(&p, &f, sizeof(p));
	return p;
}

static param_export_t test_params[] = {
	{"number", INT_PARAM, &param_number},
	{"text", STR_PARAM, &param_text},
	{"picky", STR_PARAM | USE_FUNC_PARAM, NULL},
	{NULL, 0, NULL},
};

static const struct module_exports test_exports = {
	.name = "testmod", .cmds = test_cmds, .params = test_params};
static struct sr_module test_module = {.exports = &test_exports};

/* --- loading and running
 * -------------------------------------------------------------------------- */

/* Reads a configuration; 0, or the number of errors. */
static int load(const char *text)
{
	FILE *f = fopen(cfg_name, "w");
	int rc;

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	rc = parse_opensips_cfg(cfg_name, NULL, NULL);
	return rc == 0 ? 0 : cfg_errors ? cfg_errors : 1;
}

static void unload(void)
{
	free_route_lists(sroutes);
	sroutes = NULL;
	reset_avps();
	free_mod_params();
	free_cfg();
}

/* Runs statements as a startup route, with route[r] etc. in `more`. */
static void run(const char *statements, const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text), "startup_route {\n%s\n}\n%s\nroute { exit; }\n", statements,
		more ? more : "");
	assert_int_equal(load(text), 0);
	assert_int_equal(fix_rls(), 0);
	assert_int_equal(run_startup_route(), 0);
}

/* $var(r) as text; "<null>" when it has none. */
static const char *result(void)
{
	static char buf[256];
	script_var_t *v = get_var_by_name(&str_init("r"));

	if (!v || v->v.flags & VAR_VAL_NULL)
		return "<null>";
	if (v->v.flags & VAR_VAL_STR)
		snprintf(buf, sizeof(buf), "%.*s", v->v.value.s.len, v->v.value.s.s);
	else
		snprintf(buf, sizeof(buf), "%d", v->v.value.n);
	return buf;
}

static int setup(void **state)
{
	struct mem_stats st;

	(void)state;
	memset(&got, 0, sizeof(got));
	got.result = 1;
	pkg_get_stats(&st);
	pkg_before = st.used;
	shm_before = shm_blocks();
	return 0;
}

static int teardown(void **state)
{
	struct mem_stats st;

	(void)state;
	unload();
	pkg_get_stats(&st);
	if (st.used != pkg_before || shm_blocks() != shm_before) {
		print_error("left over: %ld bytes private, %ld blocks shared\n",
			(long)(st.used - pkg_before), (long)(shm_blocks() - shm_before));
		return -1;
	}
	return 0;
}

/* --- values
 * ------------------------------------------------------------------------------------------ */

static void test_arithmetic(void **state)
{
	static const struct {
		const char *expr, *value;
	} rows[] = {
		{"2 + 3 * 4", "20"}, /* from left to right */
		{"10 - 2 * 3", "24"},
		{"10 - 2 - 3", "5"},
		{"1 | 2 + 4", "7"},
		{"8 | 1 * 2", "10"}, /* bits come last, as found by tests/compare */
		{"1 << 1 + 2 ^ 3", "11"},
		{"7 & 3 | 8 << 1", "22"},
		{"1 + 2 << 2", "12"},
		{"(1 + 2) * 3", "9"},
		{"2 * (3 + 4)", "14"},
		{"7 / 2", "3"},
		{"-7 % 3", "-1"},
		{"6 & 3", "2"},
		{"6 ^ 3", "5"},
		{"~6", "-7"},
		{"0x10", "16"},
		{"10 / 0", "0"},
		{"2147483647 + 1", "-2147483648"},
		{"\"a\" + \"b\"", "ab"},
		{"\"x\" + $var(none) + \"y\"", "xy"},
		{"\"q\\\"\\t\\\\\"", "q\"\t\\"},
		{"'single \\n'", "single \\n"},
		{"NULL", "<null>"},
		{"note()", "1"},
	};
	char text[256];
	unsigned int i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(text, sizeof(text), "$var(r) = %s;", rows[i].expr);
		run(text, NULL);
		assert_string_equal(result(), rows[i].value);
		unload();
	}
}

/* What has no value leaves the variable as it was. */
static void test_bad_arithmetic(void **state)
{
	static const char *const exprs[] = {
		"\"a\" + 5", "5 + \"5\"", "$var(none) + 1", "\"a\" * \"b\"", "~\"a\""};
	char text[256];
	unsigned int i;

	(void)state;
	for (i = 0; i < ROWS(exprs); i++) {
		snprintf(text, sizeof(text), "$var(r) = \"old\"; $var(r) = %s;", exprs[i]);
		run(text, NULL);
		assert_string_equal(result(), "old");
		unload();
	}
}

static void test_conditions(void **state)
{
	static const struct {
		const char *cond;
		int is_true;
	} rows[] = {
		{"$var(n)", 1},
		{"$var(z)", 0},
		{"$var(s)", 1},
		{"$var(e)", 0},
		{"$var(s0)", 1}, /* a text that is not empty */
		{"$avp(none)", 0},
		{"$var(s) == \"ABC\"", 1},
		{"$var(s) != \"ABC\"", 0},
		{"$var(s) =~ \"^AB\"", 1},
		{"$var(s) =~ \"^b\"", 0},
		{"$var(s) !~ \"^z\"", 1},
		{"$var(n) =~ \"5\"", 1},
		{"$var(s) =~ $var(re)", 1},
		{"$var(n) == \"5\"", 1},
		{"$var(s5) == 5", 0},
		{"!($var(s5) == 5)", 0}, /* the whole of it, as found by tests/compare */
		{"$var(s5) == 5 || $var(n)", 0},
		{"$var(n) && !($var(s5) < 5)", 0},
		{"$var(n) == $var(s5)", 1},
		{"$avp(none) == NULL", 1},
		{"$avp(none) == \"x\"", 0},
		{"$avp(none) != \"x\"", 1},
		{"$avp(none) == 0", 0},
		{"$avp(none) < 5", 0},
		{"$var(s) == NULL", 0},
		{"$var(s) != NULL", 1},
		{"$var(s) > \"abb\"", 1},
		{"$var(s5) > 10", 0},
		{"$var(n) >= 5 && $var(n) <= 5", 1},
		{"$var(n) > -1", 1},
		{"!$var(z)", 1},
		{"not $var(n) == 2", 1},
		{"1 || 0 && 0", 0}, /* no precedence here either */
		{"!$var(z) && 0 || 1", 1},
		{"($var(n) == 1 || $var(n) == 5) and $var(s)", 1},
		{"note()", 1},
		{"!note()", 0},
	};
	char text[512];
	unsigned int i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		snprintf(text, sizeof(text),
			"$var(n) = 5; $var(z) = 0; $var(s) = \"abc\"; $var(e) = \"\";"
			"$var(s0) = \"0\"; $var(s5) = \"5\"; $var(re) = \"B.$\";\n"
			"if (%s) $var(r) = 1; else $var(r) = 0;",
			rows[i].cond);
		run(text, NULL);
		if (atoi(result()) != rows[i].is_true)
			fail_msg("%s is %s", rows[i].cond, result());
		unload();
	}
}

static void test_flow(void **state)
{
	static const struct {
		const char *script, *routes, *value;
	} rows[] = {
		{"while ($var(i) != 3) { if ($var(i) == NULL) $var(i) = 0; $var(i) += 1; }"
		 "$var(r) = $var(i);",
			NULL, "3"},
		{"$var(r) = 0; while (1) { $var(r) += 1; if ($var(r) == 7) break; }", NULL, "7"},
		{"$var(r) = 0; while ($var(r) < 99999) $var(r) += 1;", NULL, "100"}, /* the limit */
		{"$var(n) = 5; switch ($var(n)) { case 4: $var(r) = \"4\"; case 5: $var(r) = \"5\";"
		 " case 6: $var(r) += \"6\"; break; default: $var(r) = \"d\"; }",
			NULL, "56"},
		{"$var(n) = \"X\"; switch ($var(n)) { case 1: case \"x\": $var(r) = \"x\"; break;"
		 " default: $var(r) = \"d\"; }",
			NULL, "x"},
		{"$var(n) = 9; switch ($var(n)) { case 1: exit; default: $var(r) = \"d\"; }", NULL,
			"d"},
		{"$var(n) = \"5\"; switch ($var(n)) { case 5: $var(r) = \"int\"; break;"
		 " case \"5\": $var(r) = \"str\"; }",
			NULL, "str"},
		{"route(a); $var(r) = $rc;", "route[a] { return(5); }", "5"},
		{"route(a); $var(r) = $retcode;", "route[a] { return -3; }", "-3"},
		{"if (route(a)) $var(r) = 1; else $var(r) = 2;", "route[a] { return(-1); }", "2"},
		{"route(a); $var(r) = 9;", "route[a] { return(0); }", "<null>"},
		{"$var(r) = 1; route(a); $var(r) = 2;", "route[a] { exit; }", "1"},
		{"$var(r) = 1; route(a); $var(r) = 2;", "route[a] { drop; }", "1"},
		{"route(a); $var(r) = $rc;", "route[a] { $var(x) = 7; return; }", "1"},
		{"route(a, \"p\", 22, $var(none)); ",
			"route[a] { pv_printf($var(r), "
			"\"$param(1)/$param(2)/$param(3)/$param(4)\"); }",
			"p/22/<null>/<null>"},
		{"route(a, \"1\");",
			"route[a] { $var(x) = \"2\" + $param(1); route(b, $var(x)); }"
			"route[b] { $var(x) = 0; $var(r) = $param(1); }",
			"21"},
		{"route(a); $var(r) = $rc;", "route[a] { route(a); }", "-1"}, /* the limit */
		{"route(7); ", "route[7] { $var(r) = 7; }", "7"},
		{"$var(r) = 5; $var(r) -= 2; $var(r) *= 4; $var(r) /= 3; $var(r) %= 3; $var(r) |= "
		 "8;"
		 "$var(r) &= 12; $var(r) ^= 1;",
			NULL, "9"},
		{"$var(r) = \"x\"; $var(r) += \"y\";", NULL, "xy"},
		{"$avp(a) = 1; $avp(a) = 2; $avp(a) = \"x\"; pv_printf($var(r), "
		 "\"$avp(a)|$(avp(a)[1])|$(avp(a)[-1])|$(avp(a)[9])\");",
			NULL, "x|2|1|<null>"},
		{"$avp(a) = 1; $avp(a) = 2; $(avp(a)[0]) = \"y\"; pv_printf($var(r), "
		 "\"$avp(a), $(avp(a)[1])\");",
			NULL, "y, 1"},
		{"$avp(a) = 1; $avp(a) = 2; $avp(a) := \"z\"; pv_printf($var(r), "
		 "\"$avp(a), $(avp(a)[1])\");",
			NULL, "z, <null>"},
		{"$avp(a) = 1; $avp(a) = NULL; $var(r) = $avp(a);", NULL, "<null>"},
		{"setflag(\"A\"); if (isflagset(\"A\") && !isflagset(\"B\")) $var(r) = 1;", NULL,
			"1"},
		{"setflag(\"A\"); resetflag(\"A\"); if (!isflagset(\"A\")) $var(r) = 1;", NULL,
			"1"},
		{"setbflag(\"B\"); if (isbflagset(\"B\")) $var(r) = 1;", NULL, "1"},
	};
	unsigned int i;

	(void)state;
	max_while_loops = 100;
	for (i = 0; i < ROWS(rows); i++) {
		run(rows[i].script, rows[i].routes);
		if (strcmp(result(), rows[i].value))
			fail_msg("%s gives %s, not %s", rows[i].script, result(), rows[i].value);
		unload();
	}
}

/* --- functions
 * -------------------------------------------------------------------------------------- */

static void test_params_of_functions(void **state)
{
	(void)state;
	run("$var(x) = \"v\"; note(\"a$var(x)b\", 5);", NULL);
	assert_string_equal(got.text, "avb");
	assert_int_equal(got.number, 5);
	unload();
	run("note();", NULL);
	assert_false(got.has_text || got.has_number);
	unload();
	run("$var(n) = \"12\"; note(, $var(n));", NULL);
	assert_false(got.has_text);
	assert_int_equal(got.number, 12);
	unload();
	run("note($var(none));", NULL); /* null is as good as left out */
	assert_false(got.has_text);
	unload();
	run("note_raw(\"cost: 5$\");", NULL);
	assert_string_equal(got.text, "cost: 5$");
	unload();
	run("note(\"$$\");", NULL);
	assert_string_equal(got.text, "$");
	unload();
	run("note_var($var(r));", NULL);
	assert_string_equal(result(), "set by C");
	unload();
	got.calls = 0;
	run("note_must($var(none), 1); $var(r) = $rc; note_must(\"a\", $var(s));", NULL);
	assert_int_equal(got.calls, 0); /* a mandatory one has no value */
	assert_string_equal(result(), "-1");
}

static void test_fixups(void **state)
{
	(void)state;
	run("note_upper(\"abc\"); note_upper(\"abc\");", NULL);
	assert_int_equal(got.calls, 2);
	assert_int_equal(got.fixups, 2); /* one for each place, before the first call */
	assert_int_equal(got.frees, 0);
	assert_string_equal(got.text, "ABC");
	unload();
	assert_int_equal(got.frees, 2);

	memset(&got, 0, sizeof(got));
	run("$var(i) = 0; while ($var(i) < 3) { note_upper(\"x$var(i)\"); $var(i) += 1; }", NULL);
	assert_int_equal(got.calls, 3);
	assert_int_equal(got.fixups, 3); /* one for each call */
	assert_int_equal(got.frees, 3);
	assert_string_equal(got.text, "X2");
	unload();

	memset(&got, 0, sizeof(got));
	run("$var(x) = \"refuse\"; note_upper($var(x)); $var(r) = $rc;", NULL);
	assert_int_equal(got.calls, 0);
	assert_string_equal(result(), "-1");
	unload();

	assert_int_equal(load("route { note_upper(\"refuse\"); }"), 0);
	assert_int_equal(fix_rls(), -1);
}

static void test_return_codes(void **state)
{
	(void)state;
	got.result = -7;
	run("note(); $var(r) = $rc;", NULL);
	assert_string_equal(result(), "-7");
	unload();
	run("if (note()) $var(r) = 1; else $var(r) = 2;", NULL);
	assert_string_equal(result(), "2");
	unload();
	got.result = 0;
	run("$var(r) = 1; if (note()) $var(r) = 2; $var(r) = 3;", NULL);
	assert_string_equal(result(), "1");
	unload();
	run("$var(r) = 1; $var(x) = note(); $var(r) = 3;", NULL);
	assert_string_equal(result(), "1");
}

static void test_modparam(void **state)
{
	(void)state;
	assert_int_equal(load("modparam(\"testmod\", \"number\", -5)\n"
			      "modparam(\"test.*|other\", \"text\", \"hello\")\n"
			      "modparam(\"testmod\", \"picky\", \"good\")\nroute { exit; }\n"),
		0);
	assert_int_equal(param_number, -5);
	assert_string_equal(param_text, "hello");
	unload();
	assert_int_equal(load("modparam(\"testmod\", \"nosuch\", 1)\n"
			      "modparam(\"nosuch\", \"number\", 1)\n"
			      "modparam(\"testmod\", \"number\", \"x\")\n"
			      "modparam(\"testmod\", \"text\", 1)\n"
			      "modparam(\"testmod\", \"picky\", \"bad\")\n"
			      "modparam(\"testmod\", \"picky\", bad)\nroute { exit; }\n"),
		6);
}

static void test_named_flags(void **state)
{
	str names[] = {str_init("a"), str_init("bb"), STR_NULL};
	str keys[] = {str_init("k"), STR_NULL}, vals[2];
	str in = str_init(" bb , k= 7,a"), bad = str_init("a,c"), bad_key = str_init("x=1");
	void *p = &in;

	(void)state;
	assert_int_equal(fixup_named_flags(&p, names, keys, vals), 0);
	assert_int_equal((long)p, 3);
	assert_true(str_match_nt(&vals[0], "7"));
	p = &bad;
	assert_true(fixup_named_flags(&p, names, keys, vals) < 0);
	p = &bad_key;
	assert_true(fixup_named_flags(&p, names, keys, vals) < 0);
}

/* --- pseudo-variables of a message
 * --------------------------------------------------------------------- */

static const char request[] = "REGISTER sip:reg.example.com:5070;transport=tcp SIP/2.0\r\n"
			      "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKx\r\n"
			      "Via: SIP/2.0/UDP 10.0.0.2\r\n"
			      "f: \"Bob\" <sip:bob@example.com>;tag=ft1\r\n"
			      "To: <sip:alice@example.org:5062>\r\n"
			      "Call-ID: cid@host\r\n"
			      "CSeq: 17 REGISTER\r\n"
			      "Contact: <sip:bob@10.0.0.1>;expires=60, <sip:b2@10.0.0.2>;q=0.5\r\n"
			      "X-A: one\r\nX-A: two\r\n"
			      "User-Agent: phone/1\r\n"
			      "Content-Length: 4\r\n\r\nbody";

static void test_message_pvs(void **state)
{
	static const struct {
		const char *pv, *value;
	} rows[] = {
		{"$rm", "REGISTER"},
		{"$ru", "sip:reg.example.com:5070;transport=tcp"},
		{"$rU", "<null>"},
		{"$rd", "reg.example.com"},
		{"$rp", "5070"},
		{"$fu", "sip:bob@example.com"},
		{"$fU", "bob"},
		{"$fd", "example.com"},
		{"$ft", "ft1"},
		{"$tu", "sip:alice@example.org:5062"},
		{"$tU", "alice"},
		{"$td", "example.org"},
		{"$tt", "<null>"},
		{"$ci", "cid@host"},
		{"$cs", "17"},
		{"$ua", "phone/1"},
		{"$hdr(X-A)", "one"},
		{"$(hdr(x-a)[1])", "two"},
		{"$(hdr(X-A)[-1])", "two"},
		{"$hdr(X-B)", "<null>"},
		{"$hdr(From)", "\"Bob\" <sip:bob@example.com>;tag=ft1"},
		{"$ct", "<sip:bob@10.0.0.1>;expires=60"},
		{"$(ct[1])", "<sip:b2@10.0.0.2>;q=0.5"},
		{"$si", "0.0.0.0"},
		{"$socket_in", "<null>"},
		{"$rs", "<null>"},
		{"$du", "<null>"},
		{"$(fu{uri.host})", "example.com"},
		{"$(ru{uri.port}{s.len})", "4"},
		{"$(ua{s.len})", "7"},
		{"$(cs{s.int})", "17"},
		{"$(tt{s.len})", "<null>"},
		{"$(ft{uri.user})", "<null>"},
		{"$T_none$$", NULL},
		{"$(ua{s.nosuch})", NULL},
		{"$(ua{s.len,1})", NULL},
		{"$(ua[0])", NULL},
		{"$(hdr(a)", NULL},
		{"$hdr", NULL},
		{"$", NULL},
		{"$socket_in(x)", NULL},
		{"$avp($ru)", NULL},
		{"$(avp(a)[x])", NULL},
		{"$(avp(a)[*])", NULL},
		{"$hdr($ru)", NULL},
		{"$ct.fields(uri)", NULL},
	};
	char buf[sizeof(request)], out[256];
	struct sip_msg msg;
	unsigned int i;
	pv_elem_t *el;
	str in;
	int len;

	(void)state;
	assert_int_equal(init_pvar_support(), 0);
	memcpy(buf, request, sizeof(request));
	memset(&msg, 0, sizeof(msg));
	assert_int_equal(parse_msg(buf, sizeof(request) - 1, &msg), 0);
	msg.rcv.src_ip.af = AF_INET;
	msg.rcv.src_ip.len = 4;
	for (i = 0; i < ROWS(rows); i++) {
		init_str(&in, rows[i].pv);
		if (!rows[i].value) {
			assert_int_equal(pv_parse_format(&in, &el), -1);
			continue;
		}
		assert_int_equal(pv_parse_format(&in, &el), 0);
		len = sizeof(out);
		assert_int_equal(pv_printf(&msg, el, out, &len), 0);
		if (strcmp(out, rows[i].value))
			fail_msg("%s is %s, not %s", rows[i].pv, out, rows[i].value);
		pv_elem_free_all(el);
	}
	free_sip_msg(&msg);
}

static void test_set_uri(void **state)
{
	static const struct {
		const char *script, *value;
	} rows[] = {
		{"$ru = \"sip:alice@a.b:5062;x=y\"; pv_printf($var(r), \"$rU $rd $rp\");",
			"alice a.b 5062"},
		{"$ru = \"sip:x@y\"; $ru = NULL; $var(r) = $ru;", "sip:user@dummy.com"},
		{"$rU = \"carol\"; $rd = \"y.org\"; $rp = 5099; $var(r) = $ru;",
			"sip:carol@y.org:5099"},
		{"$ru = \"sips:a:pw@h:1;x=y?h=1\"; $rU = \"b\"; $rp = 7; $rd = \"[::1]\"; $var(r) "
		 "= $ru;",
			"sips:b:pw@[::1]:7;x=y?h=1"},
		{"$ru = \"sip:a@h:1;x=y\"; $rU = NULL; $rp = NULL; $var(r) = $ru;", "sip:h;x=y"},
		{"$ru = \"sip:h:1\"; $rU = \"b\"; $var(r) = $ru;", "sip:b@h:1"},
		{"$du = \"sip:1.2.3.4:5070;transport=tcp\"; $var(r) = $du;",
			"sip:1.2.3.4:5070;transport=tcp"},
		{"$du = \"sip:a\"; $du = NULL; $var(r) = $du;", "<null>"},
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		run(rows[i].script, NULL);
		assert_string_equal(result(), rows[i].value);
		unload();
	}
}

/* --- files, errors, memory
 * ----------------------------------------------------------------------------- */

static const char whole_script[] =
	"log_level=3\nxlog_buf_size=4096\n"
	"route {\n"
	"  if ($rm == \"REGISTER\" && !note(\"a$ru\", 5)) { xlog(\"L_INFO\", \"x $ru\\n\"); exit; "
	"}\n"
	"  else if ($(hdr(X)[1]{s.len}) > 3 or $ru =~ \"^sip\") route(a, $fu, \"b$tu\");\n"
	"  while ($var(i) < 3) { $var(i) += 1; if ($avp(a) == NULL) break; }\n"
	"  switch ($rd) { case \"a\": case 5: drop; break; default: return(-1); }\n"
	"  $avp(a) = \"x\" + ($var(i) + 2) + note();\n"
	"}\n"
	"route[a] { return $var(i); }\nonreply_route[b] { xlog(\"$rs\"); }\n"
	"timer_route[t, 5] { xlog(\"tick\"); }\nlocal_route { exit; }\n";

/* However far it gets, what it has is freed. */
static void test_no_memory(void **state)
{
	int i, errors = 1;

	(void)state;
	for (i = 0; errors; i++) {
		assert_true(i < 2000);
		pkg_fail_after(i);
		errors = load(whole_script);
		pkg_fail_after(-1);
		unload();
	}
	assert_true(i > 50);
}

static void test_errors_are_all_counted(void **state)
{
	(void)state;
	assert_int_equal(
		load("nosuch=1\nudp_workers=no\nroute {\n  nosuch();\n  $ru = ;\n"
		     "  if (note() { exit; } else { drop; }\n  $si = \"x\";\n  exit\n}\n"
		     "route[a] { only_reply(); exit; }\nroute[a] { exit; }\nfoo { exit; }\n"
		     "onreply_route { only_reply(); route(b); break; }\n"),
		12);
	unload();
	assert_int_equal(load(""), 0); /* nothing to do, as in OpenSIPS */
	unload();
	assert_int_equal(load("route { xlog(\"a"), 2);
	unload();
	assert_int_equal(load("route { /* "), 2);
	unload();
	assert_int_equal(load("include_file \"/nonexistent/x\"\n"), 1);
	unload();
	assert_true(parse_opensips_cfg("/nonexistent", NULL, NULL) < 0);
}

static void test_includes_end_somewhere(void **state)
{
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "include_file \"%s\"\n", cfg_name);
	assert_int_equal(load(text), 1);
}

static int order[4], calls;

static int note_cb(struct sip_msg *msg, void *param)
{
	(void)msg;
	order[calls++] = (int)(long)param;
	return (long)param == 3 ? SCB_RUN_TOP_ROUTE : SCB_RUN_ALL;
}

static void test_script_callbacks(void **state)
{
	int when = PRE_SCRIPT_CB | REQ_TYPE_CB;

	(void)state;
	assert_int_equal(__register_script_cb(note_cb, when, (void *)1, 0), 0);
	assert_int_equal(__register_script_cb(note_cb, when, (void *)2, 0), 0);
	assert_int_equal(__register_script_cb(note_cb, when, (void *)3, 9), 0);
	assert_true(__register_script_cb(note_cb, PRE_SCRIPT_CB, NULL, 0) < 0);
	assert_int_equal(exec_pre_req_cb(NULL), SCB_RUN_TOP_ROUTE);
	assert_int_equal(calls, 3);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 1);
	assert_int_equal(exec_post_req_cb(NULL), SCB_RUN_ALL);
	destroy_script_cb();
}

static int world(void **state)
{
	int fd;

	(void)state;
	is_main = 1;
	stderr_enabled = getenv("TEST_VERBOSE") != NULL;
	syslog_enabled = 0;
	if (init_pkg_mallocs() < 0 || init_shm_mallocs() < 0 || init_log_level() < 0)
		return -1;
	test_params[2].param_pointer = refuse_param_ptr();
	test_module.next = modules;
	modules = &test_module;
	strcpy(cfg_name, "/tmp/test_cfg.XXXXXX");
	fd = mkstemp(cfg_name);
	return fd < 0 ? -1 : close(fd);
}

static int end_of_world(void **state)
{
	(void)state;
	modules = test_module.next;
	return unlink(cfg_name);
}

#define T(_f) cmocka_unit_test_setup_teardown(_f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_arithmetic),
		T(test_bad_arithmetic),
		T(test_conditions),
		T(test_flow),
		T(test_params_of_functions),
		T(test_fixups),
		T(test_return_codes),
		T(test_modparam),
		T(test_named_flags),
		T(test_message_pvs),
		T(test_set_uri),
		T(test_no_memory),
		T(test_errors_are_all_counted),
		T(test_includes_end_somewhere),
		T(test_script_callbacks),
	};

	return cmocka_run_group_tests(tests, world, end_of_world);
}
