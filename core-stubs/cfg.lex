/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens of opensips.cfg. The generated scanner is cfgscan(); cfglex(), which the grammar calls,
 * stands before it, counts braces, and after a syntax error skips tokens until a statement ends.
 */
%option prefix="cfg" noyywrap nodefault never-interactive
%{
#include <ctype.h>
#include "cfg_parse.h"
#include "dprint.h"
#include "globals.h"
#include "mem/mem.h"
#include "ut.h"
#include "cfg.tab.h"

#define YY_DECL static int cfgscan(void)
#define YY_USER_ACTION cfg_move(yytext, yyleng);

static int cfgscan(void);
static int scan_pvar(void);
static int scan_string(int quote);
static int skip_comment(void);
static int word(void);
static int kept(const char *s, int len, int token);

/* Where cfg_here is, is the end of the last token; its begin is cfglloc. */
static int next_line = 1, next_col = 1;
static char shown[64];    /* the last token */

/* One more character of the file was taken. */
static void step(int c)
{
	if (c == '\n') {
		next_line++;
		next_col = 1;
	} else {
		next_col++;
	}
}

static void cfg_move(const char *text, int len)
{
	int i;

	cfglloc = (struct cfg_loc){cfg_here.file, next_line, next_col, next_col + len - 1};
	for (i = 0; i < len; i++)
		step(text[i]);
	cfg_here.line = next_line;
	cfg_here.col = next_col;
	snprintf(shown, sizeof(shown), "%.*s", len, text);
}
%}

%x SOCK

ID	[a-zA-Z_][a-zA-Z0-9_]*
OCTET	[0-9]{1,3}

%%

[ \t\r\n]+		;
"#".*			;
"/*"			{ if (skip_comment() < 0) return END; }
(include_file|import_file)[ \t]*\"[^"\n]+\"	{
				char *q = strchr(yytext, '"') + 1;
				str name = {q, (int)strlen(q) - 1};

				if (cfg_include(&cfglloc, &name) < 0)
					return END;
			}
<INITIAL><<EOF>>		{ if (cfg_pop_file() < 0) return END; }

"$"			return scan_pvar();
[\"']			return scan_string(yytext[0]);

"socket"/[ \t]*"="	{ BEGIN(SOCK); return SOCKET; }
"alias"/[ \t]*"="	{ BEGIN(SOCK); return ALIAS; }
{OCTET}(\.{OCTET}){3}	return kept(yytext, yyleng, WORD);
0x[0-9a-fA-F]+		{ cfglval.n = (int)strtoul(yytext, NULL, 16); return NUMBER; }
[0-9]+			{
				unsigned long n = strtoul(yytext, NULL, 10);

				if (yyleng > 10 || n > INT_MAX)
					cfg_error(&cfglloc, "number %s is too large", yytext);
				cfglval.n = (int)n;
				return NUMBER;
			}
{ID}			return word();

"&&"			return AND;
"||"			return OR;
"=="			return EQUAL;
"!="			return DIFF;
"=~"			return MATCH;
"!~"			return NOTMATCH;
"<="			return LTE;
">="			return GTE;
"<<"			return LSHIFT;
">>"			return RSHIFT;
":="			{ cfglval.n = COLONEQ_T; return ASSIGNOP; }
"+="			{ cfglval.n = PLUSEQ_T; return ASSIGNOP; }
"-="			{ cfglval.n = MINUSEQ_T; return ASSIGNOP; }
"*="			{ cfglval.n = MULTEQ_T; return ASSIGNOP; }
"/="			{ cfglval.n = DIVEQ_T; return ASSIGNOP; }
"%="			{ cfglval.n = MODULOEQ_T; return ASSIGNOP; }
"&="			{ cfglval.n = BANDEQ_T; return ASSIGNOP; }
"|="			{ cfglval.n = BOREQ_T; return ASSIGNOP; }
"^="			{ cfglval.n = BXOREQ_T; return ASSIGNOP; }
.			return (unsigned char)yytext[0];

<SOCK>{
"="			return '=';
[ \t\r]+		;
"#".*			;
\n			{ BEGIN(INITIAL); }
"as"			return AS;
"use_workers"		return USE_WORKERS;
"tag"			return TAG;
[^ \t\r\n=#]+		return kept(yytext, yyleng, WORD);
<<EOF>>		{ BEGIN(INITIAL); if (cfg_pop_file() < 0) return END; }
}

%%

static const struct {
	const char *name;
	int token;
} keywords[] = {
	{"loadmodule", LOADMODULE}, {"modparam", MODPARAM}, {"route", ROUTE},
	{"onreply_route", ONREPLY}, {"failure_route", FAILURE}, {"branch_route", BRANCH},
	{"local_route", LOCAL}, {"startup_route", STARTUP},
	{"timer_route", TIMER}, {"if", IF}, {"else", ELSE}, {"while", WHILE},
	{"switch", SWITCH}, {"case", CASE}, {"default", DEFAULT}, {"break", BREAK},
	{"return", RETURN}, {"exit", EXIT}, {"drop", DROP}, {"and", AND}, {"or", OR},
	{"not", NOT}, {"NULL", NULLV}, {"null", NULLV},
};

/* A token with a text; out of memory ends the file. */
static int kept(const char *s, int len, int token)
{
	cfglval.s = cfg_keep(s, len);
	return cfglval.s.s ? token : END;
}

static int word(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (!strcmp(yytext, keywords[i].name))
			return keywords[i].token;
	return kept(yytext, yyleng, ID);
}

/* A token that is collected character by character. */
struct text {
	char *s;
	int len, size;
};

static void add(struct text *t, int c)
{
	if (t->len + 1 >= t->size) {
		int size = t->size ? 2 * t->size : 256;
		char *s = pkg_realloc(t->s, size);

		if (!s) {
			cfg_error(&cfglloc, "no more pkg memory");
			return;
		}
		t->s = s;
		t->size = size;
	}
	t->s[t->len++] = (char)c;
}

static int take(struct text *t)
{
	int c = input();

	if (c > 0) {
		step(c);
		if (t)
			add(t, c);
	}
	return c > 0 ? c : 0;
}

/* The character after the last one taken. */
static int peek(void)
{
	int c = input();

	if (c <= 0)
		return 0;
	unput(c);
	return c;
}

static int finish(struct text *t, int token)
{
	token = kept(t->s ? t->s : "", t->len, token);
	cfglloc.end = next_line == cfglloc.line ? next_col - 1 : cfglloc.col;
	snprintf(shown, sizeof(shown), "%s", token == END ? "end of file" : cfglval.s.s);
	pkg_free(t->s);
	return token;
}

static int skip_comment(void)
{
	int c, last = 0;

	while ((c = take(NULL))) {
		if (last == '*' && c == '/')
			return 0;
		last = c;
	}
	cfg_error(&cfglloc, "comment without an end");
	return -1;
}

/* From the '(' that is next to the ')' that closes it. */
static void take_brackets(struct text *t)
{
	int depth = 0, c;

	do {
		c = peek();
		if (!c || c == '\n')
			return; /* cfg_pvar() will say what is missing */
		take(t);
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
	} while (depth);
}

static int scan_pvar(void)
{
	struct text t = {0};
	int c;

	add(&t, '$');
	while ((c = peek()) && (isalnum(c) || c == '_' || c == '.'))
		take(&t);
	if (c == '(')
		take_brackets(&t);
	return finish(&t, PVAR);
}

static int scan_escape(struct text *t)
{
	static const char from[] = "nrt\\\"", to[] = "\n\r\t\\\"";
	int c = take(NULL);
	const char *p = c ? strchr(from, c) : NULL;

	if (p) {
		add(t, to[p - from]);
	} else if (c && c != '\n') { /* a backslash at the end joins two lines */
		add(t, '\\');
		add(t, c);
	}
	return c;
}

static int scan_string(int quote)
{
	struct text t = {0};
	int c;

	while ((c = take(NULL)) && c != quote) {
		if (c != '\\' || quote != '"')
			add(&t, c);
		else if (!scan_escape(&t))
			break;
	}
	c = finish(&t, c == quote ? STRING : END);
	if (c == STRING || !cfglval.s.s)
		return c;
	cfg_error(&cfglloc, "string without its closing %c", quote);
	return END;
}

/* --- what the grammar sees ------------------------------------------------------------------ */

static int depth;	   /* of open braces */
static struct cfg_loc last; /* the token before */
static int recovering, base; /* skipping; depth of the broken statement's list */
static int queued_resync;
static struct {
	int token; /* 0: none */
	CFGSTYPE val;
	struct cfg_loc loc;
} pushed;

const char *cfg_token_text(void)
{
	return shown;
}

static int next_token(int *first)
{
	int t;

	if (pushed.token) {
		t = pushed.token;
		cfglval = pushed.val;
		cfglloc = pushed.loc;
		pushed.token = 0;
		*first = 0;
		return t;
	}
	t = cfgscan();
	if (t == END) {
		snprintf(shown, sizeof(shown), "end of file");
		return t;
	}
	*first = cfglloc.line != last.line || cfglloc.file != last.file;
	last = cfglloc;
	if (t == '{')
		depth++;
	else if (t == '}')
		depth--;
	return t;
}

static void push_token(int t)
{
	pushed.token = t;
	pushed.val = cfglval;
	pushed.loc = cfglloc;
}

static int begins_item(int t)
{
	return t == ID || t == LOADMODULE || t == MODPARAM || t == SOCKET || t == ALIAS ||
		(t >= ROUTE && t <= TIMER);
}

void cfg_start_recovery(int t)
{
	base = depth + (t == '}') - (t == '{');
	recovering = 1;
	if (base <= 0 && t == '}') {
		base = depth = 0;
		queued_resync = 1;
	} else if ((base && t == ';') || t == '}' || (!base && last.col == 1 && begins_item(t))) {
		queued_resync = 1;
		if (t != ';')
			push_token(t);
	}
}

/* Skips to the end of the broken statement or, outside of routes, to the next item. */
static int skip(void)
{
	int t, first;

	while ((t = next_token(&first)) != END) {
		if (base ? (t == ';' && depth == base) : (t == '}' && depth <= 0))
			return RESYNC;
		if (!base && !depth && first && begins_item(t)) {
			push_token(t);
			return RESYNC;
		}
		if (base && t == '}' && depth < base) {
			push_token(t);
			return RESYNC;
		}
		if (base && t == '}' && depth == base) {
			t = next_token(&first);
			if (t == ELSE)
				continue;
			push_token(t);
			return RESYNC;
		}
	}
	return t;
}

#define MAX_ERRORS 50

int cfglex(void)
{
	int first;

	if (cfg_errors >= MAX_ERRORS) {
		cfg_error(&cfglloc, "too many errors, the rest is not read");
		return END;
	}
	if (!recovering)
		return next_token(&first);
	recovering = 0;
	if (queued_resync) {
		queued_resync = 0;
		return RESYNC;
	}
	return skip();
}

int cfg_lex_file(char *text, int size)
{
	struct cfg_loc *at = &cfg_here;

	/* pushes the buffer in use, if there is one, and switches to this one */
	if (YY_CURRENT_BUFFER) {
		YY_BUFFER_STATE old = YY_CURRENT_BUFFER, fresh;

		fresh = cfg_scan_buffer(text, size);
		if (!fresh)
			return -1;
		cfg_switch_to_buffer(old);
		cfgpush_buffer_state(fresh);
	} else if (!cfg_scan_buffer(text, size)) {
		return -1;
	}
	next_line = at->line;
	next_col = at->col;
	return 0;
}

void cfg_lex_pop(void)
{
	cfgpop_buffer_state();
	next_line = cfg_here.line;
	next_col = cfg_here.col;
}

void cfg_lex_end(void)
{
	while (YY_CURRENT_BUFFER) /* cfglex_destroy() ends only the topmost one */
		cfgpop_buffer_state();
	cfglex_destroy();
	depth = recovering = queued_resync = pushed.token = 0;
	memset(&last, 0, sizeof(last));
	BEGIN(INITIAL);
}
