/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grammar of opensips.cfg. After a syntax error the lexer skips to the end of the statement and says
 * RESYNC; so one broken statement gives one message, and the next ones are still read.
 */
%define api.prefix {cfg}
%define api.location.type {struct cfg_loc}
%define parse.error custom
%define parse.lac full
%locations
%expect 0

%code requires {
#include "cfg_parse.h"
}

%code {
#include "action.h"
#include <stdlib.h>
#include "dprint.h"

#define YYLLOC_DEFAULT(Cur, Rhs, N)                                                               \
	do {                                                                                      \
		if (N)                                                                            \
			(Cur) = YYRHSLOC(Rhs, 1);                                                 \
		else                                                                              \
			(Cur) = YYRHSLOC(Rhs, 0);                                                 \
	} while (0)

#define VAR_OPERAND(_spec)  ((operand_t){SCRIPTVAR_O, {.spec = (_spec)}})
#define EXPR_OPERAND(_expr) ((operand_t){EXPR_O, {.expr = (_expr)}})
#define NO_OPERAND	    ((operand_t){NO_O, {0}})

static void cfgerror(const char *text);
static void unknown_item(const struct cfg_loc *loc, const str *name, int token);
}

%union {
	int n;
	str s;
	pv_spec_t *spec;
	struct expr *expr;
	struct action *act;
	operand_t opd;
	action_elem_t elem;
	struct cfg_args args;
	struct cfg_timer timer;
	struct cfg_value value;
	struct cfg_socket sock;
}

%token END 0 "end of file"
%token RESYNC "end of a broken statement"
%token LOADMODULE "loadmodule" MODPARAM "modparam" SOCKET "socket" ALIAS "alias"
%token AS "as" USE_WORKERS "use_workers" TAG "tag"
%token ROUTE "route" ONREPLY "onreply_route" FAILURE "failure_route" BRANCH "branch_route"
%token LOCAL "local_route" STARTUP "startup_route" TIMER "timer_route"
%token IF "if" ELSE "else" WHILE "while" SWITCH "switch" CASE "case" DEFAULT "default"
%token BREAK "break" RETURN "return" EXIT "exit" DROP "drop" NULLV "NULL"
%token AND "&&" OR "||" NOT "not"
%token EQUAL "==" DIFF "!=" MATCH "=~" NOTMATCH "!~" LTE "<=" GTE ">=" LSHIFT "<<" RSHIFT ">>"
%token <n> NUMBER "number"
%token <n> ASSIGNOP "+= or the like"
%token <s> ID "name"
%token <s> STRING "string"
%token <s> PVAR "pseudo-variable"
%token <s> WORD "address"

%left AND OR
%precedence NOT '!'
%precedence THEN
%precedence ELSE

%type <n> number assignop cmpop matchop arithop bitop named_route single_route ret_type route_type
%type <s> route_name
%type <value> value
%type <sock> sockopts
%type <timer> timer_head
%type <act> stms stm body call route_call cases case
%type <expr> cond cmp arith sum
%type <opd> term literal
%type <elem> arg retval retarg
%type <args> args arglist
%type <spec> pvar

%destructor { pv_spec_free($$); } <spec>
%destructor { free_expr($$); } <expr>
%destructor { free_action_list($$); } <act>
%destructor { cfg_free_args(&$$); } <args>
%destructor {
	struct expr *e = mk_expr(EVAL_OP, $$, NO_OPERAND);

	free_expr(e);
} <opd>
%destructor {
	if ($$.type == SCRIPTVAR_ST)
		pv_spec_free($$.u.item);
} <elem>

%%

config:
	%empty
	| config item
	;

item:
	ID '=' value			{ cfg_set_global(&@1, &$1, &$3, &@3); }
	| SOCKET '=' WORD sockopts	{ $4.spec = $3; cfg_add_socket(&@3, &$4); }
	| ALIAS '=' WORD		{ cfg_add_alias(&@3, &$3); }
	| LOADMODULE STRING		{ cfg_load_module(&@2, &$2); }
	| MODPARAM '(' STRING ',' STRING ',' value ')'
					{ cfg_modparam(&@3, &$3, &$5, &$7); }
	| route
	| ';'
	| ID '{'			{ unknown_item(&@1, &$1, '{'); YYERROR; }
	| ID '['			{ unknown_item(&@1, &$1, '['); YYERROR; }
	| error RESYNC			{ yyerrok; }
	;

value:
	number	{ $$ = (struct cfg_value){CFG_NUMBER, $1, STR_NULL}; }
	| STRING { $$ = (struct cfg_value){CFG_STRING, 0, $1}; }
	| ID	{ $$ = (struct cfg_value){CFG_WORD, 0, $1}; }
	| WORD	{ $$ = (struct cfg_value){CFG_WORD, 0, $1}; }
	;

number:
	NUMBER
	| '-' NUMBER	{ $$ = -$2; }
	;

sockopts:
	%empty				{ memset(&$$, 0, sizeof($$)); }
	| sockopts AS WORD		{ $$ = $1; $$.as = $3; }
	| sockopts TAG WORD		{ $$ = $1; $$.tag = $3; }
	| sockopts USE_WORKERS WORD	{
			$$ = $1;
			$$.workers = atoi($3.s);
			if ($$.workers < 1 || $$.workers > 1024)
				cfg_error(&@3, "use_workers: found %s, expected 1..1024", $3.s);
		}
	;

/* --- routes --------------------------------------------------------------------------------- */

route:
	route_type '{' stms '}'		{ cfg_add_route(&@1, $1, NULL, $3); }
	| named_route '[' route_name ']' '{' stms '}'
					{ cfg_add_route(&@1, $1, &$3, $6); }
	| timer_head '{' stms '}'	{ cfg_add_timer_route(&@1, &$1, $3); }
	;

/* those without a name; the type is known to the functions inside from here on */
route_type:
	single_route
	| ROUTE		{ $$ = cfg_rt = REQUEST_ROUTE; }
	| ONREPLY	{ $$ = cfg_rt = ONREPLY_ROUTE; }
	;

single_route:
	LOCAL		{ $$ = cfg_rt = LOCAL_ROUTE; }
	| STARTUP	{ $$ = cfg_rt = STARTUP_ROUTE; }
	;

named_route:
	ROUTE		{ $$ = cfg_rt = REQUEST_ROUTE; }
	| ONREPLY	{ $$ = cfg_rt = ONREPLY_ROUTE; }
	| FAILURE	{ $$ = cfg_rt = FAILURE_ROUTE; }
	| BRANCH	{ $$ = cfg_rt = BRANCH_ROUTE; }
	;

timer_head:
	TIMER '[' route_name ',' NUMBER ']'
		{ cfg_rt = TIMER_ROUTE; $$ = (struct cfg_timer){$3, $5}; }
	;

route_name:
	ID
	| STRING
	| NUMBER	{ char b[16]; $$ = cfg_keep(b, snprintf(b, sizeof(b), "%d", $1)); }
	;

/* --- statements ------------------------------------------------------------------------------ */

stms:
	stm
	| stms stm	{ $$ = append_action($1, $2); }
	;

stm:
	call ';'
	| route_call ';'
	| pvar assignop arith ';'	{ $$ = cfg_assign(&@1, $1, $2, $3); }
	| ret_type ';'			{ $$ = cfg_simple(&@1, $1); }
	| ret_type '(' ')' ';'		{ $$ = cfg_simple(&@1, $1); }
	| BREAK ';'			{ $$ = cfg_simple(&@1, BREAK_T); }
	| RETURN retval ';'		{ $$ = cfg_return(&@1, $2); }
	| IF cond body %prec THEN	{ $$ = cfg_if(&@1, $2, $3, NULL); }
	| IF cond body ELSE body	{ $$ = cfg_if(&@1, $2, $3, $5); }
	| WHILE cond body		{ $$ = cfg_while(&@1, $2, $3); }
	| SWITCH '(' pvar ')' '{' cases '}'
					{ $$ = cfg_switch(&@1, $3, $6); }
	| ';'				{ $$ = NULL; }
	| error RESYNC			{ yyerrok; $$ = NULL; }
	;

ret_type:
	EXIT		{ $$ = EXIT_T; }
	| DROP		{ $$ = DROP_T; }
	;

retval:
	%empty		{ memset(&$$, 0, sizeof($$)); }
	| retarg
	| '(' ')'	{ memset(&$$, 0, sizeof($$)); }
	| '(' retarg ')' { $$ = $2; }
	;

retarg:
	number		{ $$ = (action_elem_t){NUMBER_ST, {.number = $1}}; }
	| pvar		{ $$ = (action_elem_t){SCRIPTVAR_ST, {.item = $1}}; }
	;

body:
	stm
	| '{' stms '}'	{ $$ = $2; }
	| '{' '}'	{ $$ = NULL; }
	;

/* labels and statements in a row; cfg_switch() puts them in order */
cases:
	case
	| cases case	{ $$ = append_action($1, $2); }
	;

case:
	stm
	| CASE literal ':'	{ $$ = cfg_label(&@1, CASE_T, $2); }
	| DEFAULT ':'		{ $$ = cfg_label(&@1, DEFAULT_T, NO_OPERAND); }
	;

literal:
	number		{ $$ = (operand_t){NUMBER_O, {.n = $1}}; }
	| STRING	{ $$ = (operand_t){STRING_O, {.s = $1}}; }
	;

call:
	ID '(' args ')'		{ $$ = cfg_call(&@1, &$1, &$3); }
	;

route_call:
	ROUTE '(' route_name ')' {
			struct cfg_args none = {0};

			$$ = cfg_route_call(&@3, &$3, &none);
		}
	| ROUTE '(' route_name ',' arglist ')'
				{ $$ = cfg_route_call(&@3, &$3, &$5); }
	;

args:
	arglist
	;

arglist:
	arg			{ memset(&$$, 0, sizeof($$)); cfg_add_arg(&@1, &$$, $1); }
	| arglist ',' arg	{ $$ = $1; cfg_add_arg(&@3, &$$, $3); }
	;

arg:
	%empty		{ $$ = (action_elem_t){NULLV_ST, {0}}; }
	| STRING	{ $$ = (action_elem_t){STR_ST, {.s = $1}}; }
	| number	{ $$ = (action_elem_t){NUMBER_ST, {.number = $1}}; }
	| pvar		{ $$ = (action_elem_t){SCRIPTVAR_ST, {.item = $1}}; }
	;

pvar:
	PVAR		{ $$ = cfg_pvar(&@1, &$1); }
	;

/* --- conditions and values ------------------------------------------------------------------ */

cond:
	cond AND cond	{ $$ = cfg_expr(AND_OP, EXPR_OPERAND($1), EXPR_OPERAND($3)); }
	| cond OR cond	{ $$ = cfg_expr(OR_OP, EXPR_OPERAND($1), EXPR_OPERAND($3)); }
	| NOT cond	{ $$ = cfg_expr(NOT_OP, EXPR_OPERAND($2), NO_OPERAND); }
	| '!' cond	{ $$ = cfg_expr(NOT_OP, EXPR_OPERAND($2), NO_OPERAND); }
	| '(' cond ')'	{ $$ = $2; }
	| cmp
	| NUMBER	{ $$ = cfg_expr(EVAL_OP, (operand_t){NUMBER_O, {.n = $1}}, NO_OPERAND); }
	| pvar		{ $$ = cfg_expr(EVAL_OP, VAR_OPERAND($1), NO_OPERAND); }
	| call		{ $$ = cfg_expr(EVAL_OP, (operand_t){ACTION_O, {.action = $1}}, NO_OPERAND); }
	| route_call	{ $$ = cfg_expr(EVAL_OP, (operand_t){ACTION_O, {.action = $1}}, NO_OPERAND); }
	;

cmp:
	pvar cmpop literal	{ $$ = cfg_expr($2, VAR_OPERAND($1), $3); }
	| pvar cmpop pvar	{ $$ = cfg_expr($2, VAR_OPERAND($1), VAR_OPERAND($3)); }
	| pvar cmpop NULLV
		{ $$ = cfg_expr($2, VAR_OPERAND($1), (operand_t){NULL_O, {0}}); }
	| pvar matchop STRING
		{ $$ = cfg_match(&@3, $2, VAR_OPERAND($1), (operand_t){STRING_O, {.s = $3}}); }
	| pvar matchop pvar	{ $$ = cfg_expr($2, VAR_OPERAND($1), VAR_OPERAND($3)); }
	;

cmpop:
	EQUAL	{ $$ = EQUAL_OP; }
	| DIFF	{ $$ = DIFF_OP; }
	| '<'	{ $$ = LT_OP; }
	| '>'	{ $$ = GT_OP; }
	| LTE	{ $$ = LTE_OP; }
	| GTE	{ $$ = GTE_OP; }
	;

matchop:
	MATCH		{ $$ = MATCH_OP; }
	| NOTMATCH	{ $$ = NOTMATCH_OP; }
	;

assignop:
	'='		{ $$ = EQ_T; }
	| ASSIGNOP
	;

/* from left to right, those of bits after the others */
arith:
	sum
	| arith bitop sum	{ $$ = cfg_expr($2, EXPR_OPERAND($1), EXPR_OPERAND($3)); }
	;

sum:
	term			{ $$ = cfg_expr(EVAL_OP, $1, NO_OPERAND); }
	| sum arithop term	{ $$ = cfg_expr($2, EXPR_OPERAND($1), $3); }
	;

term:
	literal
	| pvar		{ $$ = VAR_OPERAND($1); }
	| NULLV		{ $$ = (operand_t){NULL_O, {0}}; }
	| call		{ $$ = (operand_t){ACTION_O, {.action = $1}}; }
	| '(' arith ')'	{ $$ = EXPR_OPERAND($2); }
	| '~' term	{ $$ = EXPR_OPERAND(cfg_expr(BNOT_OP, $2, NO_OPERAND)); }
	;

arithop:
	'+'		{ $$ = PLUS_OP; }
	| '-'		{ $$ = MINUS_OP; }
	| '*'		{ $$ = MULT_OP; }
	| '/'		{ $$ = DIV_OP; }
	| '%'		{ $$ = MODULO_OP; }
	;

bitop:
	'&'		{ $$ = BAND_OP; }
	| '|'		{ $$ = BOR_OP; }
	| '^'		{ $$ = BXOR_OP; }
	| LSHIFT	{ $$ = BLSHIFT_OP; }
	| RSHIFT	{ $$ = BRSHIFT_OP; }
	;

%%

#define MAX_EXPECTED 24

static void unknown_item(const struct cfg_loc *loc, const str *name, int token)
{
	cfg_error(loc, "unknown or not covered kind of route <%s>, expected route, onreply_route, "
		"failure_route, branch_route, local_route, startup_route or timer_route",
		name->s);
	cfg_start_recovery(token);
}

static int yyreport_syntax_error(const yypcontext_t *ctx)
{
	yysymbol_kind_t expected[MAX_EXPECTED];
	int n = yypcontext_expected_tokens(ctx, expected, MAX_EXPECTED), i, len = 0;
	char list[512];

	list[0] = 0;
	for (i = 0; i < n && len < (int)sizeof(list) - 40; i++)
		if (expected[i] != YYSYMBOL_RESYNC && expected[i] != YYSYMBOL_YYerror)
			len += snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "",
				yysymbol_name(expected[i]));
	cfg_error(yypcontext_location(ctx), "syntax error: found '%s', expected %s%s",
		cfg_token_text(), len ? list : "another statement", n == MAX_EXPECTED ? ", ..." : "");
	cfg_start_recovery(cfgchar);
	return 0;
}

static void cfgerror(const char *text)
{
	cfg_error(&cfg_here, "%s", text);
}
