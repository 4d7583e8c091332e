/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading database URLs. All parts are looked for in the text and then copied. */
#include <strings.h>

#include "db_id.h"
#include "../dprint.h"
#include "../mem/mem.h"
#include "../ut.h"

#define UNIX_HOST "unix("

static int dup_part(char **to, const char *begin, const char *end)
{
	*to = NULL;
	if (!begin || begin >= end)
		return 0;
	*to = pkg_malloc(end - begin + 1);
	if (!*to)
		return -1;
	memcpy(*to, begin, end - begin);
	(*to)[end - begin] = 0;
	return 0;
}

/* The last c in [p, end), or NULL. */
static const char *find_last(const char *p, const char *end, char c)
{
	return p < end ? memrchr(p, c, end - p) : NULL;
}

static const char *find(const char *p, const char *end, char c)
{
	return p < end ? memchr(p, c, end - p) : NULL;
}

/* user[:password]@; the rest begins behind it. A password may have '@' and '/' in it. */
static int get_user(struct db_id *id, const char **p, const char *end)
{
	const char *at = find_last(*p, end, '@'), *colon;

	if (!at)
		return 0;
	colon = find(*p, at, ':');
	if (dup_part(&id->username, *p, colon ? colon : at) < 0 ||
		(colon && dup_part(&id->password, colon + 1, at) < 0))
		return -1;
	*p = at + 1;
	return 0;
}

static int get_port(struct db_id *id, const char *begin, const char *end)
{
	str s = {(char *)begin, (int)(end - begin)};

	return begin < end ? str2short(&s, &id->port) : 0;
}

/* host[:port] or unix(path); the rest begins at the slash. */
static int get_host(struct db_id *id, const char **p, const char *end)
{
	const char *stop, *colon;

	if (end - *p > (long)strlen(UNIX_HOST) &&
		strncasecmp(*p, UNIX_HOST, strlen(UNIX_HOST)) == 0) {
		stop = find(*p, end, ')');
		if (!stop || dup_part(&id->unix_socket, *p + strlen(UNIX_HOST), stop) < 0)
			return -1;
		*p = stop + 1;
		return dup_part(&id->host, "localhost", &"localhost"[9]);
	}
	stop = find(*p, end, '/');
	if (!stop)
		stop = end;
	colon = find(*p, stop, ':');
	if (dup_part(&id->host, *p, colon ? colon : stop) < 0 ||
		(colon && get_port(id, colon + 1, stop) < 0))
		return -1;
	*p = stop;
	return 0;
}

static int get_parts(struct db_id *id)
{
	const char *p = id->url.s, *end = p + id->url.len;
	const char *colon = find(p, end, ':'), *mark;

	if (!colon || colon == p || dup_part(&id->scheme, p, colon) < 0)
		return -1;
	if (end - colon < 3 || strncmp(colon, "://", 3) != 0)
		return dup_part(&id->database, colon + 1, end);
	p = colon + 3;
	mark = find_last(p, end, '?');
	if (mark) {
		if (dup_part(&id->parameters, mark + 1, end) < 0)
			return -1;
		end = mark;
	}
	if (get_user(id, &p, end) < 0 || get_host(id, &p, end) < 0)
		return -1;
	if (p < end && *p != '/')
		return -1;
	return dup_part(&id->database, p + 1, end);
}

struct db_id *new_db_id(const str *url)
{
	struct db_id *id;

	if (!url || !url->s || url->len <= 0) {
		LM_ERR("no database URL\n");
		return NULL;
	}
	id = pkg_malloc(sizeof(*id));
	if (!id)
		return NULL;
	memset(id, 0, sizeof(*id));
	id->url.len = url->len;
	if (dup_part(&id->url.s, url->s, url->s + url->len) < 0)
		goto failed;
	if (get_parts(id) == 0)
		return id;
	LM_ERR("'%s' is not a database URL: scheme://[user[:password]@]host[:port]/database "
	       "is expected, where host may be unix(path)\n",
		db_url_text(url));
failed:
	free_db_id(id);
	return NULL;
}

void free_db_id(struct db_id *id)
{
	if (!id)
		return;
	pkg_free(id->scheme);
	pkg_free(id->username);
	pkg_free(id->password);
	pkg_free(id->host);
	pkg_free(id->unix_socket);
	pkg_free(id->database);
	pkg_free(id->parameters);
	pkg_free(id->url.s);
	pkg_free(id);
}

const char *db_url_text(const str *url)
{
	static char buf[256];
	const char *end = url->s + url->len, *colon = find(url->s, end, ':');
	const char *user = colon && end - colon >= 3 ? colon + 3 : end;
	const char *at = find_last(user, end, '@');
	const char *secret = at ? find(user, at, ':') : NULL;

	if (secret)
		snprintf(buf, sizeof(buf), "%.*s:xxxx%.*s", (int)(secret - url->s), url->s,
			(int)(end - at), at);
	else
		snprintf(buf, sizeof(buf), "%.*s", url->len, url->s);
	return buf;
}
