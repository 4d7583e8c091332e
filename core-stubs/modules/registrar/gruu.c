/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Globally Routable User Agent URIs (RFC 5627): a URI for one phone of a user.
 *
 * The public one is the AoR with the phone's instance in `gr`. The temporary one says
 * nothing about the user to others: behind "tgruu." stands "time AoR instance Call-ID",
 * XORed with gruu_secret, in base64. Nothing is stored: any node with the same secret and
 * the same contact knows what another one has given out. The time makes each answer's URI
 * a new one and is not looked at; a URI is good as long as the phone keeps its Call-ID.
 *
 * An instance is stored as it came, "<urn:...>", and stands in a GRUU without its first and
 * last character.
 */
#include "registrar.h"

#include "../../parser/parse_supported.h"
#include "../../parser/parse_uri.h"

int disable_gruu = 1;
str gruu_secret = str_init("0p3nS1pS");

static const char temporary[] = "tgruu.";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The secret's byte for place i of the text. */
static char secret_at(int i)
{
	return gruu_secret.s[i % gruu_secret.len];
}

/* --- writing ----------------------------------------------------------------------------- */

/* What is written grows byte by byte; beyond size it is only counted. */
struct writer {
	char *p;
	size_t size;
	int len;        /* bytes so far */
	int hidden;     /* of the text that becomes base64 */
	unsigned int v; /* those that have not filled a group of three */
};

static void put(struct writer *w, char byte)
{
	if ((size_t)w->len < w->size)
		w->p[w->len] = byte;
	w->len++;
}

static void put_text(struct writer *w, str s)
{
	for (int i = 0; i < s.len; i++)
		put(w, s.s[i]);
}

/* The bytes of a group, the last one filled up with '='. */
static void put_group(struct writer *w, int bytes)
{
	w->v <<= 8 * (3 - bytes);
	for (int i = 0; i < 4; i++)
		put(w, i <= bytes ? digits[w->v >> (18 - 6 * i) & 63] : '=');
	w->v = 0;
}

static void put_hidden(struct writer *w, const char *s, int len)
{
	for (int i = 0; i < len; i++) {
		w->v = w->v << 8 | (unsigned char)(s[i] ^ secret_at(w->hidden++));
		if (w->hidden % 3 == 0)
			put_group(w, 3);
	}
}

/* Into out, which has room for 3 bytes each 4; the length, or -1: not base64. */
static int reveal(const str *in, char *out)
{
	unsigned int v = 0;
	int len = 0, bits = 0;
	const char *d;

	for (int i = 0; i < in->len && in->s[i] != '='; i++) {
		d = in->s[i] ? strchr(digits, in->s[i]) : NULL;
		if (!d)
			return -1;
		v = v << 6 | (unsigned int)(d - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		out[len] = (char)(v >> bits) ^ secret_at(len);
		len++;
	}
	return len;
}

/* --- those of a contact ------------------------------------------------------------------ */

int wants_gruu(struct sip_msg *msg)
{
	return !disable_gruu && msg->supported && parse_supported(msg) == 0 &&
	       (get_supported(msg) & F_SUPPORTED_GRUU);
}

/* The instance without what is around it. */
static str inner(const str *instance)
{
	return (str){instance->s + 1, instance->len - 2};
}

/* "time AoR instance Call-ID", hidden. */
static void put_hidden_text(struct writer *w, const ucontact_t *c, time_t now)
{
	const str parts[] = {*c->aor, inner(&c->instance), c->callid};
	char when[24];

	put_hidden(w, when, snprintf(when, sizeof(when), "%lld", (long long)now));
	for (int i = 0; i < 3; i++) {
		put_hidden(w, " ", 1);
		put_hidden(w, parts[i].s, parts[i].len);
	}
	if (w->hidden % 3)
		put_group(w, w->hidden % 3);
}

static str text(const char *s)
{
	return (str){(char *)s, strlen(s)};
}

int print_gruu(
	char *p, size_t size, const ucontact_t *c, const struct socket_info *rcv_sock, time_t now)
{
	const struct socket_info *sock = c->sock ? c->sock : rcv_sock;
	struct writer w = {.p = p, .size = size};
	char port[8];

	if (c->instance.len < 2)
		return 0;
	snprintf(port, sizeof(port), ":%u", sock->port_no);
	put_text(&w, text(";pub-gruu=\"sip:"));
	put_text(&w, *c->aor);
	if (!ul.use_domain) {
		put_text(&w, text("@"));
		put_text(&w, sock->name);
		put_text(&w, text(port));
	}
	put_text(&w, text(";gr="));
	put_text(&w, inner(&c->instance));
	put_text(&w, text("\";temp-gruu=\"sip:"));
	put_text(&w, text(temporary));
	put_hidden_text(&w, c, now);
	put_text(&w, text("@"));
	put_text(&w, sock->name);
	put_text(&w, text(port));
	put_text(&w, text(";gr\";+sip.instance=\""));
	put_text(&w, c->instance);
	put_text(&w, text("\""));
	return w.len;
}

/* --- a request for one ------------------------------------------------------------------- */

void free_gruu(struct gruu *g)
{
	pkg_free(g->block);
}

/* The piece of *rest up to the next space, which is taken away; 0, or -1: there is none. */
static int cut_word(str *rest, str *word)
{
	char *space = memchr(rest->s, ' ', rest->len);

	if (!space)
		return -1;
	*word = (str){rest->s, space - rest->s};
	rest->len -= word->len + 1;
	rest->s = space + 1;
	return 0;
}

/* What stands behind "tgruu."; 0, or -1 with a line in the log. */
static int parse_hidden(const str *hidden, struct gruu *g)
{
	str rest, when;

	g->block = pkg_malloc(hidden->len + 1);
	if (!g->block) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	rest = (str){g->block, reveal(hidden, g->block)};
	if (rest.len < 0 || cut_word(&rest, &when) < 0 || cut_word(&rest, &g->aor) < 0 ||
		cut_word(&rest, &g->instance) < 0 || rest.len == 0) {
		LM_ERR("malformed temporary GRUU <%.*s>\n", hidden->len, hidden->s);
		free_gruu(g);
		g->block = NULL;
		return -1;
	}
	g->callid = rest;
	return 0;
}

int parse_gruu(str *uri, struct gruu *g)
{
	const int skip = sizeof(temporary) - 1;
	struct sip_uri u;
	str hidden;

	*g = (struct gruu){.block = NULL};
	if (parse_uri(uri->s, uri->len, &u) < 0 || !u.gr.s)
		return 0;
	if (u.user.len >= skip && memcmp(u.user.s, temporary, skip) == 0) {
		hidden = (str){u.user.s + skip, u.user.len - skip};
		return parse_hidden(&hidden, g);
	}
	g->instance = u.gr_val;
	return 0;
}

int gruu_fits(const struct gruu *g, const ucontact_t *c)
{
	str instance;

	if (g->callid.len && !str_match(&g->callid, &c->callid))
		return 0;
	if (!g->instance.len)
		return 1;
	if (c->instance.len < 2)
		return 0;
	instance = inner(&c->instance);
	return str_match(&g->instance, &instance);
}
