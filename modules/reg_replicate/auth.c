/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical form is a row of items, each with its length before it, so that no octet can
 * move from one field to the next. It is never built as a whole: items go through a small
 * buffer into libcrypto.
 *
 * libcrypto is first used after forking, in each process by itself: another module may have
 * told it to allocate in shared memory, where no two processes may use one context.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "auth.h"
#include "../../trim.h"

static struct secret {
	int len;
	unsigned char key[AUTH_SECRET_MAX];
	EVP_MAC_CTX *ctx; /* of this process, keyed; NULL: not used yet */
} secrets[AUTH_SECRETS_MAX];
static int n_secrets;

int auth_add_secret(const char *secret, int len)
{
	if (n_secrets == AUTH_SECRETS_MAX || len < 1 || len > AUTH_SECRET_MAX)
		return -1;
	memcpy(secrets[n_secrets].key, secret, len);
	secrets[n_secrets++].len = len;
	return 0;
}

bool auth_enabled(void)
{
	return n_secrets > 0;
}

void auth_forget(void)
{
	for (int i = 0; i < n_secrets; i++)
		EVP_MAC_CTX_free(secrets[i].ctx);
	OPENSSL_cleanse(secrets, sizeof(secrets));
	n_secrets = 0;
}

/* --- which fields are signed --------------------------------------------------------- */

/*
 * In this order. Compact names are their long ones: a forger may use those. A name that ends
 * with '-' stands for all that begin with it. The socket's header is a group of its own, since
 * its name is configured.
 */
static const struct {
	const char *name, *compact;
} groups[] = {
	{"contact", "m"},
	{"content-type", "c"},
	{"event", "o"},
	{"path", NULL},
	{"subscription-state", NULL},
	{"user-agent", NULL},
	{"reg-repl", NULL},
	{"reg-repl-", NULL},
};
#define GROUPS       ((int)(sizeof(groups) / sizeof(groups[0])))
#define SOCKET_GROUP GROUPS
#define SOCKET_NAME  "socket"
#define NAME_MAX_LEN 64

static bool is(const str *name, const char *text)
{
	int len = strlen(text);

	return (name->len == len || (name->len > len && text[len - 1] == '-')) &&
	       strncasecmp(name->s, text, len) == 0;
}

static int group_of(const struct auth_msg *m, const str *name)
{
	if (name->len == m->sock_header.len &&
		strncasecmp(name->s, m->sock_header.s, name->len) == 0)
		return SOCKET_GROUP;
	for (int i = 0; i < GROUPS; i++)
		if (is(name, groups[i].name) || (groups[i].compact && is(name, groups[i].compact)))
			return i;
	return -1;
}

void auth_add_field(struct auth_msg *m, str name, str body)
{
	int group;

	trim(&name);
	if (name.len == 0 || is(&name, AUTH_HDR))
		return;
	group = group_of(m, &name);
	if (group < 0)
		return;
	if (m->n == AUTH_FIELDS_MAX || name.len > NAME_MAX_LEN) {
		m->full = true;
		return;
	}
	trim(&body);
	m->field[m->n++] = (struct auth_field){group, name, body};
}

void auth_add_lines(struct auth_msg *m, const char *s, int len)
{
	while (len > 0) {
		const char *end = memchr(s, '\n', len);
		int line = end ? end - s + 1 : len;
		const char *colon = memchr(s, ':', line);

		if (colon)
			auth_add_field(m, (str){(char *)s, colon - s},
				(str){(char *)colon + 1, s + line - colon - 1});
		s += line;
		len -= line;
	}
}

/* --- the canonical form, into a MAC ---------------------------------------------------- */

struct writer {
	EVP_MAC_CTX *ctx;
	bool ok;
	int len;
	unsigned char buf[2048];
};

/* A context keyed with this secret, at its start. NULL: libcrypto fails. */
static EVP_MAC_CTX *context(struct secret *s)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac;

	if (s->ctx)
		return EVP_MAC_init(s->ctx, NULL, 0, NULL) ? s->ctx : NULL;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	s->ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	if (s->ctx && !EVP_MAC_init(s->ctx, s->key, s->len, params)) {
		EVP_MAC_CTX_free(s->ctx);
		s->ctx = NULL;
	}
	return s->ctx;
}

static bool writer_init(struct writer *w, struct secret *s)
{
	w->len = 0;
	w->ctx = context(s);
	w->ok = w->ctx != NULL;
	return w->ok;
}

static void flush(struct writer *w)
{
	if (w->ok && w->len > 0)
		w->ok = EVP_MAC_update(w->ctx, w->buf, w->len) == 1;
	w->len = 0;
}

static void put(struct writer *w, const void *s, int len)
{
	if (len > (int)sizeof(w->buf) - w->len)
		flush(w);
	if (len > (int)sizeof(w->buf)) {
		w->ok = w->ok && EVP_MAC_update(w->ctx, s, len) == 1;
	} else if (len > 0) {
		memcpy(w->buf + w->len, s, len);
		w->len += len;
	}
}

static bool finish(struct writer *w, unsigned char mac[AUTH_MAC_LEN])
{
	size_t len = 0;

	flush(w);
	return w->ok && EVP_MAC_final(w->ctx, mac, &len, AUTH_MAC_LEN) == 1 && len == AUTH_MAC_LEN;
}

static void item(struct writer *w, const void *s, int len)
{
	unsigned char size[4] = {len >> 24, len >> 16, len >> 8, len};

	put(w, size, sizeof(size));
	put(w, s, len);
}

static void item_str(struct writer *w, const str *s)
{
	item(w, s->s, s->len);
}

/* Private headers by the names they have, in small letters; others by that of their group. */
static void item_name(struct writer *w, const struct auth_field *f)
{
	char name[NAME_MAX_LEN];
	int len = f->name.len;

	if (f->group == SOCKET_GROUP) {
		item(w, SOCKET_NAME, sizeof(SOCKET_NAME) - 1);
		return;
	}
	if (strncmp(groups[f->group].name, "reg-repl", 8) != 0) {
		item(w, groups[f->group].name, strlen(groups[f->group].name));
		return;
	}
	for (int i = 0; i < len; i++)
		name[i] = f->name.s[i] >= 'A' && f->name.s[i] <= 'Z' ? f->name.s[i] | 0x20
								     : f->name.s[i];
	item(w, name, len);
}

static int print_head(const struct auth_head *head, char *out)
{
	return snprintf(out, AUTH_VALUE_MAX, "%d;from=%u;to=%u;time=%llu", AUTH_VERSION, head->from,
		head->to, (unsigned long long)head->time);
}

static bool mac_of(struct secret *s, const struct auth_head *head, const struct auth_msg *m,
	unsigned char mac[AUTH_MAC_LEN])
{
	char text[AUTH_VALUE_MAX];
	struct writer w;

	if (m->full || !writer_init(&w, s))
		return false;
	item(&w, text, print_head(head, text));
	item_str(&w, &m->method);
	item(&w, text, m->status ? snprintf(text, sizeof(text), "%d", m->status) : 0);
	item(&w, m->request_mac, m->request_mac ? AUTH_MAC_LEN : 0);
	item_str(&w, &m->call_id);
	item_str(&w, &m->cseq);
	item_str(&w, &m->to);
	item_str(&w, &m->from);
	for (int g = 0; g <= SOCKET_GROUP; g++)
		for (int i = 0; i < m->n; i++)
			if (m->field[i].group == g) {
				item_name(&w, &m->field[i]);
				item_str(&w, &m->field[i].body);
			}
	item(&w, "", 0);
	item_str(&w, &m->body);
	return finish(&w, mac);
}

/* --- the header ------------------------------------------------------------------------ */

int auth_sign(struct auth_head *head, const struct auth_msg *m, char *value)
{
	static const char hex[] = "0123456789abcdef";
	int n;

	if (!auth_enabled() || !mac_of(&secrets[0], head, m, head->mac))
		return -1;
	n = print_head(head, value);
	n += snprintf(value + n, AUTH_VALUE_MAX - n, ";mac=");
	for (int i = 0; i < AUTH_MAC_LEN; i++) {
		value[n++] = hex[head->mac[i] >> 4];
		value[n++] = hex[head->mac[i] & 15];
	}
	return n;
}

/* Takes `text` from the front of the string. */
static bool take(str *s, const char *text)
{
	int len = strlen(text);

	if (s->len < len || memcmp(s->s, text, len) != 0)
		return false;
	s->s += len;
	s->len -= len;
	return true;
}

/* 1 to max, without zeros before it. */
static bool take_number(str *s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s->len == 0 || *s->s == '0')
		return false;
	for (; s->len > 0 && *s->s >= '0' && *s->s <= '9'; s->s++, s->len--) {
		uint64_t digit = *s->s - '0';

		if (n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return n > 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int auth_parse(struct auth_head *head, const char *s, int len)
{
	str rest = {(char *)s, len};
	uint64_t from, to;

	trim(&rest);
	if (!take(&rest, "1;from=") || !take_number(&rest, UINT32_MAX, &from) ||
		!take(&rest, ";to=") || !take_number(&rest, UINT32_MAX, &to) ||
		!take(&rest, ";time=") || !take_number(&rest, INT64_MAX, &head->time) ||
		!take(&rest, ";mac=") || rest.len != 2 * AUTH_MAC_LEN)
		return -1;
	head->from = from;
	head->to = to;
	for (int i = 0; i < AUTH_MAC_LEN; i++) {
		int high = hex_digit(rest.s[2 * i]), low = hex_digit(rest.s[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		head->mac[i] = high << 4 | low;
	}
	return 0;
}

bool auth_verify(const struct auth_head *head, const struct auth_msg *m)
{
	unsigned char mac[AUTH_MAC_LEN];

	for (int i = 0; i < n_secrets; i++)
		if (mac_of(&secrets[i], head, m, mac) &&
			CRYPTO_memcmp(mac, head->mac, AUTH_MAC_LEN) == 0)
			return true;
	return false;
}

bool auth_in_time(const struct auth_head *head, uint64_t now_ms, uint64_t window)
{
	uint64_t away = head->time > now_ms ? head->time - now_ms : now_ms - head->time;

	return away <= window;
}
