/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS: domains of a configuration, and streams: what goes in at the plain end of one comes out of
 * another's, who is refused, and what broken, cut and hostile connections do. Both ends of a
 * connection are streams of this program. Each test ends with the check that nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "mem/mem.h"
#include "modules/proto_tls/tls_stream.h"
#include "modules/tls_mgm/tls_domains.h"

#define SLOW_MS 60000 /* what only a broken program reaches */

static struct tls_binds tls;
static char dir[] = "/tmp/test_tls.XXXXXX";
static unsigned long pkg_before;
static int n_domains;

/* --- certificates ------------------------------------------------------------------------ */

static X509 *certificate(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	if (!issuer) {
		X509_EXTENSION *ca =
			X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

		X509_add_ext(x, ca, -1);
		X509_EXTENSION_free(ca);
	}
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject);
	assert_true(X509_sign(x, issuer_key, EVP_sha256()) > 0);
	return x;
}

static void save(const char *name, const char *ending, X509 *x, EVP_PKEY *key)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ending);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(
		x ? PEM_write_X509(f, x) : PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL),
		1);
	fclose(f);
}

/* NAME.ca, and NAME.pem with NAME.key signed by it. */
static void authority(const char *name)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = certificate(name, ca_key, NULL, ca_key);
	X509 *x = certificate("node", key, ca, ca_key);

	save(name, "ca", ca, NULL);
	save(name, "pem", x, NULL);
	save(name, "key", NULL, key);
	X509_free(ca);
	X509_free(x);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}

/* --- world ------------------------------------------------------------------------------- */

static int world(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as in all processes of the core */
	bind_tls_openssl(&tls);
	if (!mkdtemp(dir))
		return -1;
	authority("us");
	authority("them");
	return 0;
}

static int end_world(void **state)
{
	static const char *const names[] = {"us", "them"}, *const endings[] = {"ca", "pem", "key"};
	char path[96];

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 3; j++) {
			snprintf(path, sizeof(path), "%s/%s.%s", dir, names[i], endings[j]);
			unlink(path);
		}
	return rmdir(dir);
}

static unsigned long pkg_used(void)
{
	struct mem_stats st;

	pkg_get_stats(&st);
	return st.used;
}

static int before(void **state)
{
	(void)state;
	pkg_before = pkg_used();
	return tls_streams_init(&tls, SLOW_MS);
}

static int after(void **state)
{
	(void)state;
	assert_int_equal(tls_streams_count(), 0);
	tls_streams_destroy();
	for (struct tls_domain *d = tls_domains; d; d = d->next)
		if (d->ctx)
			tls.free_context(d);
	tls_free_domains();
	assert_int_equal(pkg_used(), pkg_before);
	return 0;
}

/* A domain with that authority's certificate, which trusts ca's. */
static struct tls_domain *domain(
	const char *name, enum tls_domain_type type, const char *own, const char *ca)
{
	static char names[4][3][96];
	char(*n)[96] = names[n_domains++ % 4];

	assert_int_equal(tls_add_domain(name, type), 0);
	snprintf(n[0], sizeof(n[0]), "%s/%s.pem", dir, own);
	snprintf(n[1], sizeof(n[1]), "%s/%s.key", dir, own);
	snprintf(n[2], sizeof(n[2]), "%s/%s.ca", dir, ca);
	tls_domains->certificate = n[0];
	tls_domains->private_key = n[1];
	tls_domains->ca_list = n[2];
	return tls_domains;
}

static void ready(struct tls_domain *d)
{
	assert_int_equal(tls.make_context(d), 0);
}

static void new_pair(int pair[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

/* Lets streams run once; waits a little when there is nothing to do. */
static void run(void)
{
	struct pollfd p = {.fd = tls_streams_fd(), .events = POLLIN};

	poll(&p, 1, 1);
	tls_streams_run();
}

/* A stream of a domain; its plain end. *net: the other side's place. */
static int stream(struct tls_domain *d, int net)
{
	int plain[2];

	new_pair(plain);
	assert_int_equal(tls_stream_new(d, net, plain[1], d->type == TLS_CLIENT, "of a test"), 0);
	return plain[0];
}

/* Both sides of a connection; their plain ends. */
static void connection(struct tls_domain *server, struct tls_domain *client, int plain[2])
{
	int net[2];

	new_pair(net);
	plain[0] = stream(server, net[0]);
	plain[1] = stream(client, net[1]);
}

/* What there is to read: n bytes, or 0 at the end. */
static int get(int fd, char *buf, int size)
{
	int n;

	for (long i = 0; (n = recv(fd, buf, size, MSG_DONTWAIT)) < 0 && i < SLOW_MS; i++)
		run();
	assert_true(n >= 0);
	return n;
}

static void assert_up(int fd)
{
	char c;

	assert_int_equal(get(fd, &c, 1), 1);
	assert_int_equal(c, STREAM_UP);
}

static void assert_end(int fd)
{
	char c;

	assert_int_equal(get(fd, &c, 1), 0);
	close(fd);
}

static void until_none(void)
{
	for (long i = 0; tls_streams_count() > 0 && i < SLOW_MS; i++)
		run();
	assert_int_equal(tls_streams_count(), 0);
}

/* --- the configuration --------------------------------------------------------------------- */

static int set(int (*f)(char *), const char *value)
{
	char *copy = strdup(value);
	int rc = f(copy);

	free(copy);
	return rc;
}

static void test_domains(void **state)
{
	struct tls_domain *d;

	(void)state;
	assert_int_equal(tls_check_domains(), -1);
	assert_int_equal(tls_add_domain("", TLS_SERVER), -1);
	assert_int_equal(tls_add_domain("a=1.2.3.4:5061", TLS_SERVER), -1);
	assert_int_equal(tls_add_domain("a", TLS_SERVER), 0);
	assert_int_equal(tls_add_domain("a", TLS_CLIENT), -1);
	d = tls_domains;
	assert_true(d->verify_cert && d->require_cert);
	assert_int_equal(tls_check_domains(), -1);
	assert_int_equal(tls_set_certificate((char[]){"/x"}), -1);
	assert_int_equal(tls_set_certificate((char[]){"[b]/x"}), -1);
	assert_int_equal(tls_set_certificate((char[]){"[a"}), -1);
	assert_int_equal(set(tls_set_verify_cert, "[a]0"), 0);
	assert_int_equal(set(tls_set_require_cert, "[a]yes"), -1);
	assert_true(!d->verify_cert && d->require_cert);
	assert_int_equal(set(tls_set_method, "[a]TLSv1_2-TLSv1_3"), 0);
	assert_true(d->min_version && d->min_version < d->max_version);
	assert_int_equal(set(tls_set_method, "[a]TLSv1_3-"), 0);
	assert_true(d->min_version && !d->max_version);
	assert_int_equal(set(tls_set_method, "[a]SSLv23"), 0);
	assert_true(!d->min_version && !d->max_version);
	assert_int_equal(set(tls_set_method, "[a]TLSv1_3-TLSv1_2"), -1);
	assert_int_equal(set(tls_set_method, "[a]SSLv2"), -1);
	assert_int_equal(set(tls_set_method, "[a]"), 0);
	assert_int_equal(set(tls_set_method, "TLSv1_2"), -1);
}

static void test_match(void **state)
{
	str ip = str_init("192.0.2.1"), ip6 = str_init("[2001:db8::1]");
	struct ip_addr a = *str2ip(&ip), a6 = *str2ip6(&ip6);
	struct tls_domain *any, *one;

	(void)state;
	tls_add_domain("any", TLS_SERVER);
	any = tls_domains;
	tls_add_domain("one", TLS_SERVER);
	one = tls_domains;
	tls_add_domain("out", TLS_CLIENT);
	assert_int_equal(set(tls_set_match, "[one]192.0.2.1:5061,[2001:db8::1]:5063"), 0);
	assert_ptr_equal(tls_find_domain(TLS_SERVER, &a, 5061), one);
	assert_ptr_equal(tls_find_domain(TLS_SERVER, &a, 5062), any);
	assert_ptr_equal(tls_find_domain(TLS_SERVER, &a6, 5063), one);
	assert_int_equal(tls_find_domain(TLS_CLIENT, &a, 5061)->type, TLS_CLIENT);
	assert_int_equal(set(tls_set_match, "[any]192.0.2.9:1"), 0);
	assert_null(tls_find_domain(TLS_SERVER, &a, 5062));
	assert_int_equal(set(tls_set_match, "[any]*"), 0);
	assert_ptr_equal(tls_find_domain(TLS_SERVER, &a, 5062), any);
	assert_int_equal(set(tls_set_match, "[any]192.0.2.9"), -1);
	assert_int_equal(set(tls_set_match, "[any]192.0.2.9:1,"), -1);
	assert_int_equal(set(tls_set_match, "[any]host.example:1"), -1);
	assert_int_equal(
		set(tls_set_match, "[any]1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,"
				   "1.1.1.1:6,1.1.1.1:7,1.1.1.1:8,1.1.1.1:9"),
		-1);
}

static void test_files(void **state)
{
	struct tls_domain *d;

	(void)state;
	d = domain("a", TLS_SERVER, "us", "us");
	d->certificate = "/nowhere";
	assert_int_equal(tls.make_context(d), -1);
	d->certificate = d->ca_list; /* another key's */
	assert_int_equal(tls.make_context(d), -1);
	d = domain("b", TLS_SERVER, "us", "us");
	d->ca_list = "/nowhere";
	assert_int_equal(tls.make_context(d), -1);
	d->ca_list = NULL;
	assert_int_equal(tls.make_context(d), 0);
}

/* --- what goes through --------------------------------------------------------------------- */

#define MUCH 300000

/* Much in both directions at once; each side reads only now and then. */
static void exchange(const int plain[2])
{
	static char sent[2][MUCH], got[2][MUCH];
	int out[2] = {0}, in[2] = {0}, n;

	for (int i = 0; i < MUCH; i++) {
		sent[0][i] = (char)rand();
		sent[1][i] = (char)rand();
	}
	for (long turn = 0; (in[0] < MUCH || in[1] < MUCH) && turn < SLOW_MS * 10L; turn++) {
		for (int i = 0; i < 2; i++) {
			n = send(plain[i], sent[i] + out[i], MUCH - out[i], MSG_DONTWAIT);
			out[i] += n > 0 ? n : 0;
			n = turn % 7 ? -1
				     : recv(plain[i], got[i] + in[i], MUCH - in[i], MSG_DONTWAIT);
			in[i] += n > 0 ? n : 0;
		}
		tls_streams_run();
	}
	assert_memory_equal(sent[0], got[1], MUCH);
	assert_memory_equal(sent[1], got[0], MUCH);
}

static void both_ways(const char *method)
{
	struct tls_domain *server = domain("in", TLS_SERVER, "us", "us");
	struct tls_domain *client = domain("out", TLS_CLIENT, "us", "us");
	char buf[8];
	int plain[2];

	set(tls_set_method, method);
	ready(server);
	ready(client);
	connection(server, client, plain);
	assert_up(plain[1]);
	exchange(plain);
	/* what was written before the end arrives */
	assert_int_equal(send(plain[1], "last", 4, 0), 4);
	close(plain[1]);
	assert_int_equal(get(plain[0], buf, sizeof(buf)), 4);
	assert_end(plain[0]);
	until_none();
	assert_int_equal(tls_streams_failed(), 0);
}

static void test_tls_1_3(void **state)
{
	(void)state;
	both_ways("[in]TLSv1_3");
}

static void test_tls_1_2(void **state)
{
	(void)state;
	both_ways("[in]TLSv1_2");
}

/* --- who is let in ------------------------------------------------------------------------- */

/* Does the server take data of the client, and the client the server's? */
static int meet(struct tls_domain *server, struct tls_domain *client)
{
	char buf[16];
	int plain[2], n = 0;

	ready(server);
	ready(client);
	connection(server, client, plain);
	if (get(plain[1], buf, 1) == 1 && send(plain[1], "hello", 5, MSG_NOSIGNAL) == 5)
		n = get(plain[0], buf, sizeof(buf));
	else
		assert_int_equal(get(plain[0], buf, sizeof(buf)), 0);
	close(plain[0]);
	close(plain[1]);
	until_none();
	return n == 5;
}

static void test_refused(void **state)
{
	struct tls_domain *good = domain("s1", TLS_SERVER, "us", "us");
	struct tls_domain *stranger = domain("c1", TLS_CLIENT, "them", "us");

	(void)state;
	assert_int_equal(meet(good, stranger), 0);
	assert_int_equal(
		tls_streams_failed(), 1); /* the server's; in TLS 1.3 the client learns later */
}

static void test_refused_by_client(void **state)
{
	(void)state;
	assert_int_equal(
		meet(domain("s1", TLS_SERVER, "us", "us"), domain("c1", TLS_CLIENT, "us", "them")),
		0);
	assert_int_equal(tls_streams_failed(), 2);
}

static void test_not_verified(void **state)
{
	struct tls_domain *server = domain("s1", TLS_SERVER, "them", "us");
	struct tls_domain *client = domain("c1", TLS_CLIENT, "them", "us");

	(void)state;
	server->verify_cert = client->verify_cert = 0;
	assert_int_equal(meet(server, client), 1);
	assert_int_equal(tls_streams_failed(), 0);
}

/* A program that shows no certificate. Returns whether its data came through. */
static int meet_nameless(struct tls_domain *server)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int net[2], plain, n = -1, written = 0;
	char c;

	ready(server);
	new_pair(net);
	plain = stream(server, net[0]);
	SSL_set_fd(ssl, net[1]);
	SSL_set_connect_state(ssl);
	for (long i = 0; n < 0 && i < SLOW_MS; i++) {
		written |= SSL_write(ssl, "x", 1) == 1;
		run();
		n = recv(plain, &c, 1, MSG_DONTWAIT);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(net[1]);
	close(plain);
	until_none();
	return n == 1 && written;
}

static void test_nameless(void **state)
{
	struct tls_domain *server = domain("s1", TLS_SERVER, "us", "us");

	(void)state;
	assert_int_equal(meet_nameless(server), 0);
	assert_int_equal(tls_streams_failed(), 1);
	tls.free_context(server);
	server->require_cert = 0;
	assert_int_equal(meet_nameless(server), 1);
	assert_int_equal(tls_streams_failed(), 1);
}

/* --- hostile ------------------------------------------------------------------------------- */

/* Somebody writes that and closes: it is an error, and the plain end ends. */
static void attack(struct tls_domain *server, const char *bytes, int len)
{
	unsigned long failed = tls_streams_failed();
	int net[2], plain;

	new_pair(net);
	plain = stream(server, net[0]);
	assert_int_equal(send(net[1], bytes, len, MSG_NOSIGNAL), len);
	run();
	close(net[1]);
	assert_end(plain);
	until_none();
	assert_int_equal(tls_streams_failed(), failed + 1);
}

static void test_not_tls(void **state)
{
	static const char *const texts[] = {"", "\r\n\r\n",
		"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS x\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
		"\x16\x03\x01\xff\xff", "\x80\x2e\x01\x03"};
	struct tls_domain *server = domain("s1", TLS_SERVER, "us", "us");
	char noise[4096];

	(void)state;
	ready(server);
	for (int i = 0; i < 6; i++)
		attack(server, texts[i], strlen(texts[i]));
	for (int i = 0; i < (int)sizeof(noise); i++)
		noise[i] = (char)rand();
	attack(server, noise, sizeof(noise));
	memcpy(noise, "\x16\x03\x01\x0f\xfb", 5); /* as if it were a record of a handshake */
	attack(server, noise, sizeof(noise));
}

/*
 * A connection through somebody who passes on only so many bytes of the client, changes the last of
 * them if told so, and then closes, or leaves it at that (mute). Bytes that were passed on.
 */
static int cut(
	struct tls_domain *server, struct tls_domain *client, int limit, char change, int mute)
{
	int to_server[2], to_client[2], plain[2], passed = 0, n;
	char buf[8192];

	new_pair(to_server);
	new_pair(to_client);
	plain[0] = stream(server, to_server[0]);
	plain[1] = stream(client, to_client[0]);
	for (int idle = 0; passed < limit && idle < 20;) {
		n = recv(to_client[1], buf, limit - passed < 8192 ? limit - passed : 8192,
			MSG_DONTWAIT);
		idle = n > 0 ? 0 : idle + 1;
		if (n > 0) {
			passed += n;
			if (passed == limit)
				buf[n - 1] ^= change;
			send(to_server[1], buf, n, MSG_NOSIGNAL);
		}
		n = recv(to_server[1], buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0) {
			send(to_client[1], buf, n, MSG_NOSIGNAL);
			idle = 0;
		}
		tls_streams_run();
	}
	if (mute) {
		for (long i = 0; tls_streams_count() > 0 && i < SLOW_MS; i++) {
			run();
			tls_streams_tick();
		}
	}
	close(to_server[1]);
	close(to_client[1]);
	for (int i = 0; i < 3; i++)
		run();
	close(plain[0]);
	close(plain[1]);
	until_none();
	return passed;
}

static void cut_anywhere(const char *method)
{
	struct tls_domain *server = domain("s1", TLS_SERVER, "us", "us");
	struct tls_domain *client = domain("c1", TLS_CLIENT, "us", "us");
	int all;

	set(tls_set_method, method);
	ready(server);
	ready(client);
	all = cut(server, client, 1 << 20, 0, 0);
	assert_true(all > 400);
	for (int n = 0; n < all; n += n < 8 || n > all - 8 ? 1 : 11) {
		cut(server, client, n, 0, 0);
		cut(server, client, n, 1, 0);
	}
}

static void test_cut_1_3(void **state)
{
	(void)state;
	cut_anywhere("[s1]TLSv1_3");
}

static void test_cut_1_2(void **state)
{
	(void)state;
	cut_anywhere("[s1]TLSv1_2");
}

static void test_time_out(void **state)
{
	struct tls_domain *server = domain("s1", TLS_SERVER, "us", "us");
	struct tls_domain *client = domain("c1", TLS_CLIENT, "us", "us");

	(void)state;
	ready(server);
	ready(client);
	tls_streams_destroy();
	assert_int_equal(tls_streams_init(&tls, 20), 0);
	cut(server, client, 100, 0, 1);
	assert_int_equal(tls_streams_failed(), 2);
}

/* Who wanted a connection does not wait any more. */
static void test_given_up(void **state)
{
	struct tls_domain *client = domain("c1", TLS_CLIENT, "us", "us");
	int net[2], plain;

	(void)state;
	ready(client);
	new_pair(net);
	plain = stream(client, net[0]);
	close(plain);
	until_none();
	close(net[1]);
	assert_int_equal(tls_streams_failed(), 1);
}

/* A byte changed on the way. */
static void test_changed(void **state)
{
	struct tls_domain *server = domain("s1", TLS_SERVER, "us", "us");
	struct tls_domain *client = domain("c1", TLS_CLIENT, "us", "us");
	int net[2], plain[2];

	(void)state;
	ready(server);
	ready(client);
	new_pair(net);
	plain[0] = stream(server, dup(net[0]));
	plain[1] = stream(client, net[1]);
	assert_up(plain[1]);
	assert_int_equal(send(net[0], "forged by somebody between", 26, 0), 26);
	close(net[0]);
	assert_end(plain[1]);
	assert_end(plain[0]);
	until_none();
}

#define T(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_domains),
		T(test_match),
		T(test_files),
		T(test_tls_1_3),
		T(test_tls_1_2),
		T(test_refused),
		T(test_refused_by_client),
		T(test_not_verified),
		T(test_nameless),
		T(test_not_tls),
		T(test_cut_1_3),
		T(test_cut_1_2),
		T(test_time_out),
		T(test_given_up),
		T(test_changed),
	};

	return cmocka_run_group_tests_name("tls", tests, world, end_world);
}
