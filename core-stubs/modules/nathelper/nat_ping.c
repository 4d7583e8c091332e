/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keep-alives: each contact gets a packet every `interval` seconds, from the socket it registered
 * on, to where its calls go (Path, else received, else the contact itself), so that the NAT in
 * between keeps its mapping. Contacts with the SIP flag get a request that they answer, which keeps
 * those NATs open too that look at what comes from inside only.
 *
 * The hash slots of usrloc are spread over the interval: each second those of that second are
 * walked. What is needed of their contacts is copied under the slot's lock and sent after it.
 * An answer is known by the Call-ID, which begins with a random text that all processes share.
 *
 * Contacts on TCP and TLS get none: what keeps a connection open is TCP's business.
 */
#include "nathelper.h"

#include <errno.h>
#include <sys/random.h>

#include "../../locking.h"
#include "../../msg_translator.h"
#include "../../parser/parse_rr.h"
#include "../../parser/parse_uri.h"
#include "../../resolve.h"
#include "../../timer.h"

#define PREFIX_LEN    16
#define MAX_PING_SIZE 2048
#define BRANCH_PREFIX "z9hG4bKnh."

struct ping_config ping = {
	.partitions = 1, .threshold = 3, .max_lost = 3, .method = str_init("OPTIONS")};

static struct {
	_Atomic int enabled;
	_Atomic unsigned int count; /* makes Call-IDs and branches different */
	unsigned int done[8];       /* by partition: the second that was walked last */
} * shared;
static char prefix[PREFIX_LEN + 1]; /* of Call-IDs */

/* One contact, copied out of usrloc: texts follow in one block. */
struct target {
	udomain_t *d;
	ucontact_id id;
	const struct socket_info *sock;
	unsigned int cflags;
	str aor, contact, received, path;
	struct target *next;
};

/* --- reading usrloc ---------------------------------------------------------------------- */

static str put(char **p, const str *s)
{
	str copy = {*p, s->len};

	if (s->len)
		memcpy(*p, s->s, s->len);
	*p += s->len;
	return copy;
}

static struct target *copy_contact(udomain_t *d, const urecord_t *r, const ucontact_t *c)
{
	struct target *t =
		pkg_malloc(sizeof(*t) + r->aor.len + c->c.len + c->received.len + c->path.len);
	char *p = (char *)(t + 1);

	if (!t) {
		LM_ERR("no more pkg memory: contacts get no ping\n");
		return NULL;
	}
	*t = (struct target){.d = d, .id = c->contact_id, .sock = c->sock, .cflags = c->cflags};
	t->aor = put(&p, &r->aor);
	t->contact = put(&p, &c->c);
	t->received = put(&p, &c->received);
	t->path = put(&p, &c->path);
	return t;
}

/* Adds the contacts of a record in front of the list. 0, or -1 without memory. */
static int collect_record(udomain_t *d, const urecord_t *r, time_t now, struct target **list)
{
	struct target *t;

	for (ucontact_t *c = r->contacts; c; c = c->next) {
		if (!VALID_CONTACT(c, now))
			continue;
		if (ping.nated_only && !(c->cflags & ul.nat_flag))
			continue;
		t = copy_contact(d, r, c);
		if (!t)
			return -1;
		t->next = *list;
		*list = t;
	}
	return 0;
}

static struct target *collect_slot(udomain_t *d, int slot)
{
	struct target *list = NULL;
	time_t now = time(NULL);
	map_iterator_t it;
	void **r;

	ul.lock_ulslot(d, slot);
	for (map_first(d->table[slot].records, &it); iterator_is_valid(&it); iterator_next(&it)) {
		r = iterator_val(&it);
		if (r && collect_record(d, *r, now, &list) < 0)
			break;
	}
	ul.unlock_ulslot(d, slot);
	return list;
}

/* --- sending ----------------------------------------------------------------------------- */

/* Where a request for the contact goes first. 0, or -1 if there is no way to it. */
static int next_hop(const struct target *t, union sockaddr_union *to, unsigned short *proto)
{
	str hop = t->received.len ? t->received : t->contact, path = t->path;
	struct sip_uri uri;
	struct hostent *he;
	unsigned short port;

	if (t->path.len && get_path_dst_uri(&path, &hop) < 0)
		return -1;
	if (parse_uri(hop.s, hop.len, &uri) < 0 || !uri.host.len)
		return -1;
	port = uri.port_no;
	*proto = uri.proto;
	he = sip_resolvehost(uri.maddr_val.len ? &uri.maddr_val : &uri.host, &port, proto,
		uri.type == SIPS_URI_T, NULL);
	return he ? hostent2su(to, he, 0, port) : -1;
}

/* RFC 3261, 11: the request. Its length, 0 if it does not fit. */
static int build(char *buf, const struct target *t, const struct socket_info *sock)
{
	unsigned int n = atomic_fetch_add(&shared->count, 1);
	const str *host = get_adv_host(sock), *port = get_adv_port(sock);
	int len;

	len = snprintf(buf, MAX_PING_SIZE,
		"%.*s %.*s SIP/2.0\r\n"
		"Via: SIP/2.0/%s %.*s:%.*s;rport;branch=" BRANCH_PREFIX "%llx.%x\r\n"
		"%s%.*s%s"
		"Max-Forwards: 70\r\n"
		"From: <%.*s>;tag=%.8s%x\r\n"
		"To: <%.*s>\r\n"
		"Call-ID: %s-%x@%.*s\r\n"
		"CSeq: 1 %.*s\r\n"
		"Content-Length: 0\r\n\r\n",
		ping.method.len, ping.method.s, t->contact.len, t->contact.s,
		sock->proto == PROTO_UDP   ? "UDP"
		: sock->proto == PROTO_TCP ? "TCP"
					   : "TLS",
		host->len, host->s, port->len, port->s, (unsigned long long)t->id, n,
		t->path.len ? "Route: " : "", t->path.len, t->path.s, t->path.len ? "\r\n" : "",
		ping.from.len, ping.from.s, prefix, n, t->contact.len, t->contact.s, prefix, n,
		host->len, host->s, ping.method.len, ping.method.s);
	return len < MAX_PING_SIZE ? len : 0;
}

static void send_sip(
	const struct target *t, const struct socket_info *sock, int proto, union sockaddr_union *to)
{
	char buf[MAX_PING_SIZE];
	int len = build(buf, t, sock);

	if (!len) {
		LM_ERR("a ping of more than %d bytes for %.*s\n", MAX_PING_SIZE, t->contact.len,
			t->contact.s);
		return;
	}
	/* before it is sent: the answer may be here sooner than we are back */
	if (ping.remove_flag & t->cflags)
		track_sent(t->d, &t->aor, t->id, get_ticks());
	if (msg_send(sock, proto, to, 0, buf, len, NULL) < 0)
		LM_DBG("ping to %.*s not sent\n", t->contact.len, t->contact.s);
}

static void send_ping(const struct target *t)
{
	static char zeros[4];
	const struct socket_info *sock = t->sock;
	union sockaddr_union to;
	unsigned short proto;

	if (next_hop(t, &to, &proto) < 0) {
		LM_ERR("no way to contact %.*s\n", t->contact.len, t->contact.s);
		return;
	}
	if (proto != PROTO_UDP)
		return;
	if (!sock)
		sock = ping.force_socket ? ping.force_socket : get_send_socket(NULL, &to, proto);
	if (!sock) {
		LM_ERR("no socket to send to %.*s\n", t->contact.len, t->contact.s);
		return;
	}
	if (t->cflags & ping.sip_flag)
		send_sip(t, sock, proto, &to);
	else
		msg_send(sock, proto, &to, 0, zeros, sizeof(zeros), NULL);
}

/* --- the timer --------------------------------------------------------------------------- */

/* All slots of a domain that are due in that second of the interval. */
static void ping_domain(udomain_t *d, unsigned int part, unsigned int parts)
{
	struct target *t, *next;

	for (unsigned int slot = part; slot < (unsigned int)d->size; slot += parts)
		for (t = collect_slot(d, slot); t; t = next) {
			next = t->next;
			if (ping_is_enabled())
				send_ping(t);
			pkg_free(t);
		}
}

/* A second that was skipped, since the machine was busy, is made up for. */
static void ping_timer(unsigned int ticks, void *param)
{
	unsigned int which = (unsigned int)(unsigned long)param, n = ping.interval;
	unsigned int from = shared->done[which] + 1;

	if (ticks < from)
		return;
	shared->done[which] = ticks;
	if (!ping_is_enabled())
		return;
	if (ticks - from >= n)
		from = ticks - n + 1;
	for (; from <= ticks; from++)
		for (udomain_t *d = ul.get_next_udomain(NULL); d; d = ul.get_next_udomain(d))
			ping_domain(d, which * n + from % n, n * ping.partitions);
}

static void check_timer(unsigned int ticks, void *param)
{
	(void)param;
	if (ping_is_enabled())
		track_check(ticks);
}

int ping_is_enabled(void)
{
	return shared && atomic_load(&shared->enabled);
}

/* Whoever stops pinging gets no answers either: what they owe is forgotten, not held against them.
 */
void ping_enable(int on)
{
	atomic_store(&shared->enabled, on);
	track_forget_all();
}

/* --- answers ----------------------------------------------------------------------------- */

static int is_answer(struct sip_msg *rpl)
{
	struct cseq_body *cseq;
	str *callid;

	if (parse_headers(rpl, HDR_VIA2_F | HDR_CSEQ_F | HDR_CALLID_F, 0) < 0 || rpl->via2)
		return 0;
	if (!rpl->cseq || !(cseq = get_cseq(rpl)) || !rpl->callid)
		return 0;
	callid = &rpl->callid->body;
	return str_match(&cseq->method, &ping.method) && callid->len > PREFIX_LEN + 1 &&
	       memcmp(callid->s, prefix, PREFIX_LEN) == 0 && callid->s[PREFIX_LEN] == '-';
}

int ping_reply(struct sip_msg *rpl)
{
	const int skip = sizeof(BRANCH_PREFIX) - 1;
	char text[17] = "";
	str *branch;

	if (!shared || !is_answer(rpl))
		return 1;
	branch = rpl->via1->branch ? &rpl->via1->branch->value : NULL;
	if (branch && branch->len > skip && memcmp(branch->s, BRANCH_PREFIX, skip) == 0) {
		for (int i = 0; i < 16 && skip + i < branch->len; i++) {
			if (!isxdigit((unsigned char)branch->s[skip + i]))
				break;
			text[i] = branch->s[skip + i];
		}
		track_answered(strtoull(text, NULL, 16));
	}
	return 0;
}

/* --- start ------------------------------------------------------------------------------- */

static int add_timers(void)
{
	for (long i = 0; i < ping.partitions; i++)
		if (register_timer("nathelper-ping", ping_timer, (void *)i, 1,
			    TIMER_FLAG_DELAY_ON_DELAY) < 0)
			return -1;
	if (!ping.remove_flag)
		return 0;
	return register_timer("nathelper-check", check_timer, NULL, 1, TIMER_FLAG_DELAY_ON_DELAY);
}

int ping_init(void)
{
	char secret[PREFIX_LEN / 2];

	shared = shm_malloc(sizeof(*shared));
	if (!shared) {
		LM_ERR("no more shm memory\n");
		return -1;
	}
	memset(shared, 0, sizeof(*shared));
	atomic_init(&shared->enabled, 1);
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
		LM_ERR("no random bytes: %s\n", strerror(errno));
		return -1;
	}
	string2hex(secret, sizeof(secret), prefix);
	if (track_init() < 0 || add_timers() < 0) {
		LM_ERR("cannot start the pings\n");
		return -1;
	}
	return 0;
}

void ping_destroy(void)
{
	track_destroy();
	shm_free(shared);
	shared = NULL;
}
