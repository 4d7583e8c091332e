/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See peer_line.h. */
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "peer_line.h"
#include "cut.h"
#include "params.h"
#include "../../parser/parse_uri.h"
#include "../../ut.h"

void peer_copy(struct repl_peer *to, const struct repl_peer *from)
{
	*to = *from;
	to->uri.s = to->text;
	to->host.s = to->text + (from->host.s - from->text);
}

const char *peer_kind(const struct repl_peer *peer)
{
	return peer->plain ? "plain" : "full";
}

const char *peer_resync(const struct repl_peer *peer)
{
	return peer->resync_full ? "full" : "missed";
}

static int bad(struct text *wrong, const char *key, const str *val, const char *allowed)
{
	text_fmt(wrong, "%s \"%.*s\" is not allowed, give %s", key, val->len, val->s, allowed);
	return -1;
}

/* Messages of a peer are known by the addresses that its host name has now. */
static int resolve(struct repl_peer *peer)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *ai;
	char host[REPL_URI_MAX + 1];
	int rc;

	snprintf(host, sizeof(host), "%.*s", peer->host.len, peer->host.s);
	if (host[0] == '[') { /* IPv6 reference */
		memmove(host, host + 1, peer->host.len);
		host[peer->host.len - 2] = '\0';
	}
	rc = getaddrinfo(host, NULL, &hints, &list);
	if (rc != 0)
		return -1;
	peer->addrs = 0;
	for (ai = list; ai && peer->addrs < REPL_MAX_ADDRS; ai = ai->ai_next)
		sockaddr2ip_addr(&peer->addr[peer->addrs++], ai->ai_addr);
	freeaddrinfo(list);
	return peer->addrs > 0 ? 0 : -1;
}

static int read_uri(struct repl_peer *peer, const str *val, struct text *wrong)
{
	struct sip_uri uri;

	if (val->len > REPL_URI_MAX)
		return bad(wrong, "uri", val, "no more than 255 characters");
	memcpy(peer->text, val->s, val->len);
	peer->text[val->len] = '\0';
	peer->uri = (str){peer->text, val->len};
	if (parse_uri(peer->uri.s, peer->uri.len, &uri) < 0 || uri.type != SIP_URI_T ||
		uri.host.len == 0 ||
		(uri.proto != PROTO_NONE && uri.proto != PROTO_UDP && uri.proto != PROTO_TCP &&
			uri.proto != PROTO_TLS))
		return bad(wrong, "uri", val, "sip:host[:port][;transport=udp|tcp|tls]");
	peer->host = uri.host;
	peer->port = uri.port_no;
	peer->proto = uri.proto;
	set_sip_defaults(peer->port, peer->proto);
	return 0;
}

/* One of two words, or neither: `first` is true for the first of them. */
static int read_word(const str *val, const char *one, const char *other, bool *first)
{
	*first = str_is(val, one);
	return *first || str_is(val, other) ? 0 : -1;
}

static int read_key(struct repl_peer *peer, const str *key, const str *val, struct text *wrong)
{
	unsigned int n;

	if (str_is(key, "node_id")) {
		if (str2int(val, &n) < 0 || n < 1 || n > REPL_NODE_MAX)
			return bad(wrong, "node_id", val, "1 to 65535");
		if ((int)n == repl_cfg.node_id)
			return bad(wrong, "node_id", val, "another id than this node has");
		peer->id = n;
		return 0;
	}
	if (str_is(key, "uri"))
		return read_uri(peer, val, wrong);
	if (str_is(key, "kind"))
		return read_word(val, "plain", "full", &peer->plain) == 0
			       ? 0
			       : bad(wrong, "kind", val, "full or plain");
	if (str_is(key, "resync"))
		return read_word(val, "full", "missed", &peer->resync_full) == 0
			       ? 0
			       : bad(wrong, "resync", val, "missed or full");
	return bad(wrong, "key", key, "node_id, uri, kind or resync");
}

int peer_line_read(struct repl_peer *peer, const str *line, struct text *wrong)
{
	str rest = *line, item, key;
	bool resync_given = false;

	memset(peer, 0, sizeof(*peer));
	while (rest.len > 0) {
		cut(&rest, ',', &item);
		if (!cut(&item, '=', &key))
			return bad(wrong, "item", &key, "key=value");
		trim(&item);
		if (read_key(peer, &key, &item, wrong) < 0)
			return -1;
		resync_given |= str_is(&key, "resync");
	}
	if (!peer->id || !peer->uri.len) {
		text_fmt(wrong, "%s is missing", peer->id ? "uri" : "node_id");
		return -1;
	}
	if (!resync_given) /* whether a plain peer kept its memory cannot be known */
		peer->resync_full = peer->plain;
	if (resolve(peer) < 0)
		return bad(wrong, "uri", &peer->uri, "a host whose address can be found");
	return 0;
}

static void write_key(struct text *line, const char *key, const str *val)
{
	if (val && val->len)
		text_fmt(line, ", %s=%.*s", key, val->len, val->s);
}

void peer_line_write(struct text *line, int id, const str *uri, const str *kind, const str *resync)
{
	text_fmt(line, "node_id=%d", id);
	write_key(line, "uri", uri);
	write_key(line, "kind", kind);
	write_key(line, "resync", resync);
}
