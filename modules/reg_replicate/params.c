/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing of parameters. A wrong value is one line that names file, line, parameter, value
 * and what is allowed. As much as possible is found by the setters, while the configuration
 * is read; only what needs listeners or other modules is left to params_finish().
 */
#include <string.h>

#include "params.h"
#include "auth.h"
#include "cut.h"
#include "peer_line.h"
#include "engine/types.h"
#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../ut.h"

static char default_sock_hdr[] = "Sock-Info", default_domain[] = "location";
static char default_peers_table[] = "reg_replicate_peers";
static char default_missed_table[] = "reg_replicate_missed";

struct repl_config repl_cfg = {
	.ping_interval = 1000,
	.ping_timeout = 1000,
	.down_after = 3,
	.window = 4,
	.batch_delay = 5,
	.sync_max = 1000,
	.batch_max = 100,
	.max_clock_ahead = 60000,
	.digest_interval = 1,
	.peers_table = {default_peers_table, sizeof(default_peers_table) - 1},
	.missed_table = {default_missed_table, sizeof(default_missed_table) - 1},
	.sock_hdr_name = {default_sock_hdr, sizeof(default_sock_hdr) - 1},
};

/* --- small helpers ------------------------------------------------------------ */

/* Where OpenSIPS is reading; no header of it has them. */
extern char *finame __attribute__((weak));
extern int reading_line __asm__("line") __attribute__((weak));

static void get_place(struct repl_place *at)
{
	const char *file = &finame && finame ? finame : "?";

	snprintf(at->file, sizeof(at->file), "%s", file);
	at->line = &reading_line ? reading_line : 0;
}

#define ERR_AT(_at, _fmt, ...) LM_ERR("%s:%d: " _fmt, (_at)->file, (_at)->line, ##__VA_ARGS__)
#define ERR_HERE(_fmt, ...)                                                                        \
	do {                                                                                       \
		struct repl_place _here;                                                           \
                                                                                                   \
		get_place(&_here);                                                                 \
		ERR_AT(&_here, _fmt, ##__VA_ARGS__);                                               \
	} while (0)

static int set_int(const char *name, void *val, long min, long max, int *out)
{
	long n = (long)val;

	if (n < min || n > max) {
		ERR_HERE("parameter %s: %ld is not allowed, give %ld to %ld\n", name, n, min, max);
		return -1;
	}
	*out = n;
	return 0;
}

static void drop_str(str *s)
{
	if (s->s && s->s != default_sock_hdr && s->s != default_peers_table &&
		s->s != default_missed_table)
		pkg_free(s->s);
	*s = (str){NULL, 0};
}

static int set_str(const char *name, const char *val, str *out)
{
	str v = {(char *)val, strlen(val)}, copy;

	trim(&v);
	if (v.len == 0) {
		ERR_HERE("parameter %s: empty value is not allowed\n", name);
		return -1;
	}
	if (pkg_nt_str_dup(&copy, &v) < 0) {
		ERR_HERE("parameter %s: no more private memory\n", name);
		return -1;
	}
	drop_str(out);
	*out = copy;
	return 0;
}

/* --- peers -------------------------------------------------------------------- */

static bool id_taken(int id)
{
	for (int i = 0; i < repl_cfg.n_peers; i++)
		if (repl_cfg.peers[i].id == id)
			return true;
	return false;
}

static int set_peer(modparam_t type, void *val)
{
	static char buf[1024];
	struct text wrong = {buf, 0, sizeof(buf), false};
	str line = {val, strlen(val)};
	struct repl_peer peer;

	(void)type;
	if (repl_cfg.n_peers == REPL_MAX_PEERS) {
		ERR_HERE("parameter peer \"%s\": no more than %d peers are allowed\n", line.s,
			REPL_MAX_PEERS);
		return -1;
	}
	if (peer_line_read(&peer, &line, &wrong) < 0) {
		ERR_HERE("parameter peer \"%s\": %.*s\n", line.s, wrong.len, wrong.s);
		return -1;
	}
	if (id_taken(peer.id)) {
		ERR_HERE("parameter peer \"%s\": node_id \"%d\" is not allowed, give each peer an "
			 "id "
			 "of its own\n",
			line.s, peer.id);
		return -1;
	}
	peer_copy(&repl_cfg.peers[repl_cfg.n_peers++], &peer);
	return 0;
}

static int set_node_id(modparam_t type, void *val)
{
	(void)type;
	if (set_int("node_id", val, 1, REPL_NODE_MAX, &repl_cfg.node_id) < 0)
		return -1;
	if (id_taken(repl_cfg.node_id)) {
		ERR_HERE("parameter node_id: %d is not allowed, a peer has that id\n",
			repl_cfg.node_id);
		return -1;
	}
	return 0;
}

/* --- the others --------------------------------------------------------------- */

static int set_domain(modparam_t type, void *val)
{
	(void)type;
	if (repl_cfg.n_domains == REPL_MAX_DOMAINS) {
		ERR_HERE("parameter domain: \"%s\" is not allowed, no more than %d domains are\n",
			(char *)val, REPL_MAX_DOMAINS);
		return -1;
	}
	if (set_str("domain", val, &repl_cfg.domains[repl_cfg.n_domains].name) < 0)
		return -1;
	repl_cfg.n_domains++;
	return 0;
}

static bool is_socket(const str *s)
{
	char *host;
	int hlen, port, proto;

	return s->len > 0 && parse_phostport(s->s, s->len, &host, &hlen, &port, &proto) == 0 &&
	       proto != PROTO_NONE && port > 0;
}

static int set_socket_map(modparam_t type, void *val)
{
	struct repl_sock_map *map = &repl_cfg.maps[repl_cfg.n_maps];
	str ours = {val, strlen(val)}, theirs;

	(void)type;
	if (repl_cfg.n_maps == REPL_MAX_MAPS) {
		ERR_HERE("parameter socket_map: \"%s\" is not allowed, no more than %d are\n",
			(char *)val, REPL_MAX_MAPS);
		return -1;
	}
	cut(&ours, '=', &theirs);
	trim(&ours);
	if (!is_socket(&theirs) || !is_socket(&ours)) {
		ERR_HERE("parameter socket_map: \"%s\" is not allowed, give "
			 "proto:theirs:port=proto:ours:port\n",
			(char *)val);
		return -1;
	}
	if (pkg_nt_str_dup(&map->theirs, &theirs) < 0 || pkg_nt_str_dup(&map->ours, &ours) < 0) {
		ERR_HERE("parameter socket_map: no more private memory\n");
		drop_str(&map->theirs);
		return -1;
	}
	get_place(&map->at);
	repl_cfg.n_maps++;
	return 0;
}

static int set_sock_hdr_name(modparam_t type, void *val)
{
	const char *name = val;

	(void)type;
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789-.!%*_+`'~")] != '\0') {
		ERR_HERE("parameter sock_hdr_name: \"%s\" is not allowed, give a header name\n",
			name);
		return -1;
	}
	return set_str("sock_hdr_name", name, &repl_cfg.sock_hdr_name);
}

static int set_table(const char *param, const char *name, str *table)
{
	size_t len =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (len == 0 || len > 32 || name[len] != '\0') {
		ERR_HERE("parameter %s: \"%s\" is not allowed, give up to 32 letters, digits and "
			 "_\n",
			param, name);
		return -1;
	}
	return set_str(param, name, table);
}

static int set_peers_table(modparam_t type, void *val)
{
	(void)type;
	return set_table("peers_table", val, &repl_cfg.peers_table);
}

static int set_missed_table(modparam_t type, void *val)
{
	(void)type;
	return set_table("missed_table", val, &repl_cfg.missed_table);
}

static int set_send_socket(modparam_t type, void *val)
{
	str s = {val, strlen(val)};

	(void)type;
	if (!is_socket(&s)) {
		ERR_HERE("parameter send_socket: \"%s\" is not allowed, give proto:address:port\n",
			(char *)val);
		return -1;
	}
	get_place(&repl_cfg.send_socket_at);
	return set_str("send_socket", val, &repl_cfg.send_socket_name);
}

/* What is wrong is told without the secret itself. */
static int set_secret(modparam_t type, void *val)
{
	int len = strlen(val);

	(void)type;
	if (len < AUTH_SECRET_MIN || len > AUTH_SECRET_MAX) {
		ERR_HERE("parameter secret: %d characters are not allowed, give %d to %d\n", len,
			AUTH_SECRET_MIN, AUTH_SECRET_MAX);
		return -1;
	}
	if (auth_add_secret(val, len) < 0) {
		ERR_HERE("parameter secret: no more than %d are allowed\n", AUTH_SECRETS_MAX);
		return -1;
	}
	return 0;
}

#define INT_SETTER(_name, _min, _max)                                                              \
	static int set_##_name(modparam_t type, void *val)                                         \
	{                                                                                          \
		(void)type;                                                                        \
		return set_int(#_name, val, _min, _max, &repl_cfg._name);                          \
	}
INT_SETTER(ping_interval, 50, 60000)
INT_SETTER(ping_timeout, 50, 60000)
INT_SETTER(down_after, 1, 100)
INT_SETTER(window, 1, 256)
INT_SETTER(max_peers, 1, REPL_MAX_PEERS)
INT_SETTER(batch_delay, 0, 1000)
INT_SETTER(batch_max, 1, RR_BATCH_MAX)
INT_SETTER(max_body, REPL_BODY_MIN, REPL_BODY_MAX)
INT_SETTER(max_clock_ahead, 1000, 86400000)
INT_SETTER(digest_interval, 0, 1000)
INT_SETTER(replicate_all, 0, 1)
INT_SETTER(natping_active_only, 0, 1)
INT_SETTER(sync_max, 1, 100000)

const param_export_t repl_params[] = {
	{"node_id", INT_PARAM | USE_FUNC_PARAM, (void *)set_node_id},
	{"domain", STR_PARAM | USE_FUNC_PARAM, (void *)set_domain},
	{"peer", STR_PARAM | USE_FUNC_PARAM, (void *)set_peer},
	{"max_peers", INT_PARAM | USE_FUNC_PARAM, (void *)set_max_peers},
	{"db_url", STR_PARAM, &repl_cfg.db_url}, /* as get_deps_sqldb_url() wants it */
	{"peers_table", STR_PARAM | USE_FUNC_PARAM, (void *)set_peers_table},
	{"missed_table", STR_PARAM | USE_FUNC_PARAM, (void *)set_missed_table},
	{"secret", STR_PARAM | USE_FUNC_PARAM, (void *)set_secret},
	{"ping_interval", INT_PARAM | USE_FUNC_PARAM, (void *)set_ping_interval},
	{"ping_timeout", INT_PARAM | USE_FUNC_PARAM, (void *)set_ping_timeout},
	{"down_after", INT_PARAM | USE_FUNC_PARAM, (void *)set_down_after},
	{"window", INT_PARAM | USE_FUNC_PARAM, (void *)set_window},
	{"batch_delay", INT_PARAM | USE_FUNC_PARAM, (void *)set_batch_delay},
	{"batch_max", INT_PARAM | USE_FUNC_PARAM, (void *)set_batch_max},
	{"max_body", INT_PARAM | USE_FUNC_PARAM, (void *)set_max_body},
	{"sock_hdr_name", STR_PARAM | USE_FUNC_PARAM, (void *)set_sock_hdr_name},
	{"socket_map", STR_PARAM | USE_FUNC_PARAM, (void *)set_socket_map},
	{"max_clock_ahead", INT_PARAM | USE_FUNC_PARAM, (void *)set_max_clock_ahead},
	{"digest_interval", INT_PARAM | USE_FUNC_PARAM, (void *)set_digest_interval},
	{"send_socket", STR_PARAM | USE_FUNC_PARAM, (void *)set_send_socket},
	{"replicate_all", INT_PARAM | USE_FUNC_PARAM, (void *)set_replicate_all},
	{"natping_active_only", INT_PARAM | USE_FUNC_PARAM, (void *)set_natping_active_only},
	{"sync_max", INT_PARAM | USE_FUNC_PARAM, (void *)set_sync_max},
	{0, 0, 0},
};

/* --- after all modules are loaded ---------------------------------------------- */

static const struct socket_info *own_listener(const str *name)
{
	char *host;
	int hlen, port, proto;
	str h;

	if (parse_phostport(name->s, name->len, &host, &hlen, &port, &proto) < 0)
		return NULL;
	h.s = host;
	h.len = hlen;
	return grep_sock_info(&h, port, proto);
}

static int finish_sockets(void)
{
	struct repl_sock_map *map;

	for (map = repl_cfg.maps; map < repl_cfg.maps + repl_cfg.n_maps; map++) {
		map->sock = own_listener(&map->ours);
		if (!map->sock) {
			ERR_AT(&map->at,
				"parameter socket_map: \"%s\" is no listener of this node\n",
				map->ours.s);
			return -1;
		}
	}
	if (repl_cfg.send_socket_name.len == 0)
		return 0;
	repl_cfg.send_socket = own_listener(&repl_cfg.send_socket_name);
	if (!repl_cfg.send_socket) {
		ERR_AT(&repl_cfg.send_socket_at,
			"parameter send_socket: \"%s\" is no listener of this node\n",
			repl_cfg.send_socket_name.s);
		return -1;
	}
	return 0;
}

static int finish_domains(const usrloc_api_t *ul)
{
	if (repl_cfg.n_domains == 0 && set_domain(0, default_domain) < 0)
		return -1;
	for (int i = 0; i < repl_cfg.n_domains; i++) {
		struct repl_domain *d = &repl_cfg.domains[i];

		if (ul->register_udomain(d->name.s, &d->domain) < 0) {
			LM_ERR("parameter domain: usrloc does not take \"%s\", for the reason "
			       "that it tells above\n",
				d->name.s);
			return -1;
		}
	}
	return 0;
}

int domain_index(const str *name)
{
	for (int i = 0; i < repl_cfg.n_domains; i++)
		if (str_match(&repl_cfg.domains[i].name, name))
			return i;
	return -1;
}

/*
 * The TCP transport closes a connection on which one message takes more reads than this
 * parameter allows, and a read may bring no more than a segment: so many bytes are sure to
 * arrive, headers deducted. Loopback hides it.
 */
#define SEGMENT 1200
#define HEADERS 1500

static int body_of(const char *module, const char *parameter)
{
	const int *chunks = find_param_export(module, parameter, INT_PARAM);
	long body = chunks ? (long)*chunks * SEGMENT - HEADERS : REPL_BODY_MAX;

	if (body < REPL_BODY_MIN)
		return REPL_BODY_MIN;
	return body < REPL_BODY_MAX ? body : REPL_BODY_MAX;
}

static void finish_body(void)
{
	int tls = body_of("proto_tls", "tls_max_msg_chunks");

	if (repl_cfg.max_body)
		return;
	repl_cfg.max_body = body_of("proto_tcp", "tcp_max_msg_chunks");
	if (tls < repl_cfg.max_body)
		repl_cfg.max_body = tls;
}

/* Where it exists: threads that OpenSIPS reads and writes TCP with; 0: as many as processors. */
extern int threads_of_tcp __asm__("tcp_threads") __attribute__((weak));

static void check_tcp_threads(void)
{
	const int *threads = &threads_of_tcp;
	bool tcp = false;

	for (int i = 0; i < repl_cfg.n_peers; i++)
		tcp |= repl_cfg.peers[i].proto != PROTO_UDP;
	if (threads && *threads != 1 && tcp)
		LM_WARN("peers are reached over TCP or TLS: set tcp_threads=1, as with more "
			"threads "
			"OpenSIPS 4.0 breaks messages under load\n");
}

int params_finish(const usrloc_api_t *ul)
{
	const int *mode = find_param_export("usrloc", "matching_mode", INT_PARAM);

	if (!repl_cfg.node_id) {
		LM_ERR("parameter node_id is missing, give 1 to %d\n", REPL_NODE_MAX);
		return -1;
	}
	if (!ul->have_mem_storage()) {
		LM_ERR("usrloc keeps its contacts elsewhere, reg_replicate needs them in memory\n");
		return -1;
	}
	if (repl_cfg.replicate_all && module_loaded("mid_registrar")) {
		LM_ERR("parameter replicate_all: 1 is not allowed with module mid_registrar, whose "
		       "contacts mean nothing at other nodes, give 0\n");
		return -1;
	}
	if (ul->cluster_mode != CM_NONE)
		LM_WARN("usrloc's own cluster is on too: that is for moving from one to the other, "
			"at "
			"one node at a time\n");
	finish_body();
	check_tcp_threads();
	repl_cfg.use_domain = ul->use_domain;
	repl_cfg.match_callid = mode && *mode == CT_MATCH_CONTACT_CALLID;
	return finish_sockets() < 0 || finish_domains(ul) < 0 ? -1 : 0;
}

void params_destroy(void)
{
	auth_forget();
	for (int i = 0; i < repl_cfg.n_domains; i++)
		drop_str(&repl_cfg.domains[i].name);
	for (int i = 0; i < repl_cfg.n_maps; i++) {
		drop_str(&repl_cfg.maps[i].theirs);
		drop_str(&repl_cfg.maps[i].ours);
	}
	repl_cfg.n_peers = repl_cfg.n_domains = repl_cfg.n_maps = 0;
	drop_str(&repl_cfg.peers_table);
	drop_str(&repl_cfg.missed_table);
	drop_str(&repl_cfg.sock_hdr_name);
	drop_str(&repl_cfg.send_socket_name);
}
