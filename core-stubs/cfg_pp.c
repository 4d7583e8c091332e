/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the configuration: read whole, put on a stack by include_file, and quoted in error
 * messages. Texts that the script refers to are kept in one list until free_cfg().
 */
#include "cfg_pp.h"

#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>
#include "cfg_parse.h"
#include "dprint.h"
#include "flags.h"
#include "globals.h"
#include "mem/mem.h"
#include "script_var.h"
#include "usr_avp.h"
#include "ut.h"
#include "xlog.h"

#define MAX_CFG_SIZE (8 * 1024 * 1024)

struct source {
	const char *name;
	char *text;          /* what the lexer works on, with two zero bytes at the end */
	char *copy;          /* for quoting */
	struct cfg_loc back; /* where the outer file goes on */
	int included_line;
	struct source *outer;
};

struct kept {
	struct kept *next;
	char text[];
};

struct cfg_loc cfg_here;
static struct source *source;
static int sources;
static struct kept *kept_texts;

str cfg_keep(const char *s, int len)
{
	struct kept *k = pkg_malloc(sizeof(*k) + len + 1);

	if (!k) {
		cfg_error(&cfg_here, "no more pkg memory");
		return STR_NULL;
	}
	memcpy(k->text, s, len);
	k->text[len] = 0;
	k->next = kept_texts;
	kept_texts = k;
	return (str){k->text, len};
}

void free_cfg(void)
{
	struct kept *k;

	destroy_vars();
	destroy_flags();
	destroy_avp_names();
	destroy_xlog();
	destroy_pvar_support();
	while ((k = kept_texts)) {
		kept_texts = k->next;
		pkg_free(k);
	}
}

/* --- errors --------------------------------------------------------------------------------- */

/* Nothing of a file reaches a terminal that could be more than text. */
static void make_plain(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' && *s != '\t')
			*s = '?';
}

static void quote_line(const struct cfg_loc *loc)
{
	const char *p = source->copy, *end;
	char marks[160], line[160];
	int i, width;

	for (i = 1; i < loc->line && p; i++)
		if ((p = strchr(p, '\n')))
			p++;
	if (!p)
		return;
	end = strchrnul(p, '\n');
	width = (int)(end - p);
	snprintf(line, sizeof(line), "%.*s", width, p);
	make_plain(line);
	LM_GEN1(L_CRIT, "    %s\n", line);
	for (i = 0; i < loc->end && i < width + 1 && i < (int)sizeof(marks) - 1; i++)
		marks[i] = i + 1 >= loc->col ? '^' : i < width && p[i] == '\t' ? '\t' : ' ';
	LM_GEN1(L_CRIT, "    %.*s\n", i, marks);
}

void cfg_error(const struct cfg_loc *loc, const char *fmt, ...)
{
	const struct source *s;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_plain(text);
	cfg_errors++;
	LM_CRIT("parse error in %s:%d:%d-%d: %s\n", loc->file ? loc->file : "configuration",
		loc->line, loc->col, loc->end > loc->col ? loc->end : loc->col, text);
	if (!source || loc->file != source->name)
		return;
	for (s = source; s->outer; s = s->outer)
		LM_GEN1(L_CRIT, "    included in %s:%d\n", s->outer->name, s->included_line);
	quote_line(loc);
}

/* --- files ---------------------------------------------------------------------------------- */

/* The whole file and two zero bytes. NULL with errno, or EFBIG. */
static char *read_file(const char *name, int *size)
{
	FILE *f = fopen(name, "r");
	struct stat st;
	char *text;
	size_t n;

	if (!f)
		return NULL;
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(f);
		errno = EISDIR;
		return NULL;
	}
	if (fseek(f, 0, SEEK_END) < 0 || ftell(f) > MAX_CFG_SIZE || ftell(f) < 0) {
		fclose(f);
		errno = EFBIG;
		return NULL;
	}
	n = ftell(f);
	rewind(f);
	text = pkg_malloc(n + 2);
	if (!text) {
		errno = ENOMEM;
	} else if (fread(text, 1, n, f) != n) {
		pkg_free(text);
		text = NULL;
		errno = EIO;
	} else {
		text[n] = text[n + 1] = 0;
		*size = (int)n + 2;
	}
	fclose(f);
	return text;
}

static void free_source(struct source *s)
{
	pkg_free(s->text);
	pkg_free(s->copy);
	pkg_free(s);
}

/* Makes a file the current one. NULL on success, or why not. */
static const char *push_file(const char *path)
{
	struct source *s = pkg_malloc(sizeof(*s));
	int size;

	if (!s)
		return "no more pkg memory";
	memset(s, 0, sizeof(*s));
	s->text = read_file(path, &size);
	if (!s->text) {
		pkg_free(s);
		return strerror(errno);
	}
	s->name = cfg_keep(path, (int)strlen(path)).s;
	s->copy = pkg_malloc(size);
	if (!s->copy || !s->name || strlen(s->text) != (size_t)size - 2) {
		const char *why = s->copy && s->name ? "it has a zero byte" : "no more pkg memory";

		free_source(s);
		return why;
	}
	memcpy(s->copy, s->text, size);
	s->back = cfg_here;
	s->outer = source;
	cfg_here = (struct cfg_loc){s->name, 1, 1, 1};
	if (cfg_lex_file(s->text, size) < 0) {
		cfg_here = s->back;
		free_source(s);
		return "no more memory";
	}
	source = s;
	sources++;
	return NULL;
}

/* Names are relative to the file they stand in. */
int cfg_include(const struct cfg_loc *loc, const str *name)
{
	const char *slash = strrchr(source->name, '/'), *why;
	char path[PATH_MAX];
	int dir = slash && name->s[0] != '/' ? (int)(slash - source->name) + 1 : 0;

	if (snprintf(path, sizeof(path), "%.*s%.*s", dir, source->name, name->len, name->s) >=
		(int)sizeof(path)) {
		cfg_error(loc, "file name too long");
		return -1;
	}
	why = sources >= CFG_MAX_INCLUDE_DEPTH ? "files include each other too deeply"
					       : push_file(path);
	if (why) {
		cfg_error(loc, "cannot include <%s>: %s", path, why);
		return -1;
	}
	source->included_line = loc->line;
	return 0;
}

int cfg_pop_file(void)
{
	struct source *s = source;

	if (!s || !s->outer)
		return -1;
	source = s->outer;
	sources--;
	cfg_here = s->back;
	cfg_lex_pop();
	free_source(s);
	return 0;
}

static void drop_files(void)
{
	struct source *s;

	cfg_lex_end();
	while ((s = source)) {
		source = s->outer;
		free_source(s);
	}
	sources = 0;
}

int parse_opensips_cfg(const char *name, const char *preproc_cmdline, str *ret_buffer)
{
	const char *why;
	int rc;

	if (preproc_cmdline || ret_buffer) {
		LM_ERR("a preprocessor for the configuration is not covered\n");
		return -1;
	}
	cfg_errors = 0;
	cfg_here = (struct cfg_loc){0};
	if (init_pvar_support() < 0)
		return -1;
	sroutes = new_sroutes_holder(0);
	if (!sroutes)
		return -1;
	why = push_file(name);
	if (why) {
		LM_ERR("loading config file %s: %s\n", name, why);
		return -1;
	}
	rc = cfgparse();
	if (rc && !cfg_errors)
		cfg_errors = 1;
	cfg_errors -= check_rls();
	drop_files();
	if (!cfg_errors)
		return 0;
	LM_ERR("bad config file (%d errors)\n", cfg_errors);
	return -1;
}
