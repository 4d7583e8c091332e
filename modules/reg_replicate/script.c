/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * save_replicate() is registrar's save() with a note, for its duration and in this
 * process, that what usrloc reports meanwhile is to be replicated. save() is found
 * by name and its own fixups are run, since it has no C interface.
 */
#include <string.h>

#include "script.h"
#include "capture.h"
#include "params.h"
#include "seldom.h"
#include "sync.h"
#include "text.h"
#include "../../data_lump.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../route.h"
#include "../../trim.h"
#include "../../ut.h"

static const cmd_export_t *save_cmd;

/* Our flags and registrar's: `rest` is what registrar's fixup points into. */
struct save_flags_pair {
	void *registrar;
	bool no_replicate;
	bool from_peer;
	bool no_reply;
	bool fail_given;
	struct sync_flags sync;
	str rest;
};

int script_init(void)
{
	for (struct sr_module *m = modules; m; m = m->next) {
		if (strcmp(m->exports->name, "registrar") != 0)
			continue;
		for (const cmd_export_t *c = m->exports->cmds; c && c->name; c++)
			if (strcmp(c->name, "save") == 0)
				save_cmd = c;
	}
	if (!save_cmd) {
		LM_ERR("module registrar with its function save() is needed\n");
		return -1;
	}
	return 0;
}

int fix_domain(void **param)
{
	const str *name = *param;

	if (!name || domain_index(name) >= 0)
		return 0;
	LM_ERR("domain \"%.*s\" is not replicated, name it in parameter domain\n", name->len,
		name->s);
	return -1;
}

int fix_save_domain(void **param)
{
	return fix_domain(param) < 0 ? -1 : save_cmd->params[0].fixup(param);
}

/* registrar ignores what it does not know, so a misspelt flag would go unnoticed. */
static bool is_registrar_flag(const str *flag)
{
	static const char *const names[] = {"memory-only", "no-reply", "socket-header",
		"path-strict", "path-lazy", "path-off", "path-received", "force-registration",
		"only-request-contacts",
		"max-contacts=", "min-expires=", "max-expires=", "matching-mode="};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int len = strlen(names[i]);
		bool has_value = names[i][len - 1] == '=';

		if ((has_value ? flag->len > len : flag->len == len) &&
			strncasecmp(flag->s, names[i], len) == 0)
			return true;
	}
	return false;
}

static bool is_word(const str *s, const char *word)
{
	return s->len == (int)strlen(word) && strncasecmp(s->s, word, s->len) == 0;
}

/* Is it "name=VALUE"? Then *value is what follows. */
static bool has_value(const str *flag, const char *name, str *value)
{
	int len = strlen(name);

	if (flag->len < len || strncasecmp(flag->s, name, len) != 0)
		return false;
	*value = (str){flag->s + len, flag->len - len};
	return true;
}

static int set_number(const str *flag, const str *value, unsigned int most, int *out)
{
	unsigned int n;

	if (str2int(value, &n) == 0 && n >= 1 && n <= most) {
		*out = n;
		return 1;
	}
	LM_ERR("save_replicate: \"%.*s\" is not allowed, give 1 to %u\n", flag->len, flag->s, most);
	return -1;
}

static int set_policy(const str *flag, const str *value, struct save_flags_pair *out)
{
	out->fail_given = true;
	out->sync.fail = is_word(value, "fail");
	if (out->sync.fail || is_word(value, "degrade"))
		return 1;
	LM_ERR("save_replicate: \"%.*s\" is not allowed, give on-timeout=degrade or "
	       "on-timeout=fail\n",
		flag->len, flag->s);
	return -1;
}

/* 1 it was one of ours, 0 it was not, -1 with an error line. */
static int own_flag(const str *flag, struct save_flags_pair *out)
{
	str value;

	if (is_word(flag, "no-replicate")) {
		out->no_replicate = true;
		return 1;
	}
	if (is_word(flag, "from-peer")) {
		out->from_peer = true;
		return 1;
	}
	if (has_value(flag, "sync=", &value))
		return set_number(flag, &value, REPL_MAX_PEERS, &out->sync.peers);
	if (has_value(flag, "timeout=", &value))
		return set_number(flag, &value, SYNC_TIMEOUT_MAX, &out->sync.timeout);
	if (has_value(flag, "on-timeout=", &value))
		return set_policy(flag, &value, out);
	return 0;
}

/* What does not go together. */
static int check_flags(struct save_flags_pair *f)
{
	const char *wrong = NULL;

	if (!f->sync.peers) {
		if (f->sync.timeout || f->fail_given)
			wrong = "timeout= and on-timeout= need sync=";
	} else if (f->no_replicate || f->no_reply) {
		wrong = "sync= does not go with no-replicate or no-reply";
	} else if (!sync_possible()) {
		wrong = "for sync=, reg_replicate must be loaded after signaling";
	}
	if (wrong) {
		LM_ERR("save_replicate: %s\n", wrong);
		return -1;
	}
	if (f->sync.peers > peers_places()) {
		LM_ERR("save_replicate: sync=%d is more than there is room for peers, %d\n",
			f->sync.peers, peers_places());
		return -1;
	}
	if (f->sync.peers > peers_count())
		WARN_SELDOM("save_replicate: sync=%d cannot be had before there are more than %d "
			    "peers",
			f->sync.peers, peers_count());
	if (!f->sync.timeout)
		f->sync.timeout = SYNC_TIMEOUT;
	return 0;
}

static int split_flags(const str *in, struct save_flags_pair *out)
{
	struct text rest = {out->rest.s, 0, in->len + 1, false};
	str left = *in, flag;
	int own;

	while (left.len > 0) {
		char *comma = memchr(left.s, ',', left.len);

		flag = left;
		flag.len = comma ? comma - left.s : left.len;
		left.len -= flag.len + (comma != NULL);
		left.s += flag.len + (comma != NULL);
		trim(&flag);
		own = own_flag(&flag, out);
		if (own < 0)
			return -1;
		if (own > 0)
			continue;
		if (!is_registrar_flag(&flag)) {
			LM_ERR("save_replicate: flag \"%.*s\" is not allowed, give no-replicate, "
			       "from-peer, sync=, timeout=, on-timeout= or a flag of save()\n",
				flag.len, flag.s);
			return -1;
		}
		out->no_reply |= is_word(&flag, "no-reply");
		if (rest.len)
			text_add(&rest, ",", 1);
		text_str(&rest, &flag);
	}
	out->rest.len = rest.len;
	return check_flags(out);
}

int free_save_flags(void **param)
{
	struct save_flags_pair *pair = *param;

	if (pair->registrar && save_cmd->params[1].free_fixup)
		save_cmd->params[1].free_fixup(&pair->registrar);
	pkg_free(pair);
	return 0;
}

int fix_save_flags(void **param)
{
	const str *in = *param;
	struct save_flags_pair *pair = pkg_malloc(sizeof(*pair) + in->len + 1);

	if (!pair) {
		LM_ERR("no more private memory\n");
		return -1;
	}
	memset(pair, 0, sizeof(*pair));
	pair->rest.s = (char *)(pair + 1);
	if (split_flags(in, pair) < 0)
		goto error;
	if (pair->rest.len > 0) {
		pair->registrar = &pair->rest;
		if (save_cmd->params[1].fixup(&pair->registrar) < 0)
			goto error;
	}
	*param = pair;
	return 0;
error:
	pkg_free(pair);
	return -1;
}

/* The plain peer that this request comes from, where there is just one at that address; or 0. */
static uint32_t plain_source(const struct sip_msg *msg)
{
	const struct repl_peer *p = NULL;
	uint32_t found = 0;

	peers_refresh();
	while ((p = peer_by_addr(&msg->rcv.src_ip, p))) {
		if (p->plain && found)
			return 0;
		if (p->plain)
			found = p->id;
	}
	return found;
}

int w_save_replicate(struct sip_msg *msg, void *domain, void *flags, str *aor)
{
	const struct save_flags_pair *pair = flags;
	bool sync = pair && pair->sync.peers;
	enum capture_mode was;
	int rc;

	if (!is_route_type(REQUEST_ROUTE) && !is_route_type(ONREPLY_ROUTE)) {
		/* a route block of that type was called from another one; nobody could be answered
		 */
		WARN_SELDOM("save_replicate: it is for REQUEST_ROUTE and ONREPLY_ROUTE, not for "
			    "route type %d",
			route_type);
		return -1;
	}
	if (sync && (rc = sync_begin(msg, &pair->sync)) <= 0)
		return rc;
	was = capture_enter(pair && pair->no_replicate ? CAPTURE_KNOWN : CAPTURE_ALL);
	capture_from(pair && pair->from_peer ? plain_source(msg) : 0);
	rc = save_cmd->function(
		msg, domain, pair ? pair->registrar : NULL, aor, NULL, NULL, NULL, NULL, NULL);
	capture_from(0);
	capture_leave(was);
	if (sync)
		sync_end();
	return rc;
}

int w_add_sock_hdr(struct sip_msg *msg, str *name)
{
	const struct socket_info *in = msg->rcv.bind_address;
	const str *sock = in ? get_socket_sip_name(in) : NULL;
	int size = sock ? name->len + 2 + sock->len + 2 : 0;
	struct text hdr = {NULL, 0, size + 1, false};
	struct lump *anchor;

	if (!sock) { /* timer_route, event_route and the like have a message that nobody sent */
		WARN_SELDOM("add_sock_hdr: this message came in on no socket, %.*s is not added",
			name->len, name->s);
		return -1;
	}
	hdr.s = pkg_malloc(hdr.size);
	if (!hdr.s) {
		LM_ERR("no more private memory\n");
		return -1;
	}
	text_fmt(&hdr, "%.*s: %.*s\r\n", name->len, name->s, sock->len, sock->s);
	if (parse_headers(msg, HDR_EOH_F, 0) < 0 ||
		!(anchor = anchor_lump(msg, msg->unparsed - msg->buf, 0)) ||
		!insert_new_lump_before(anchor, hdr.s, hdr.len, 0)) {
		LM_ERR("cannot add header %.*s\n", name->len, name->s);
		pkg_free(hdr.s);
		return -1;
	}
	return 1;
}

int w_is_replica_peer(struct sip_msg *msg, int *node_id)
{
	const struct repl_peer *p = NULL;

	peers_refresh();
	while ((p = peer_by_addr(&msg->rcv.src_ip, p)))
		if (!node_id || *node_id == p->id)
			return 1;
	return -1;
}
