/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many phones in one thread: they register over UDP at a given rate, or as fast as answers
 * come, repeat what is not answered as RFC 3261 wants (17.1.2: T1 500 ms, doubled, at most 4 s),
 * and tell how it went as one line of JSON.
 *
 *   phones [options] SERVER_IP        to port 5060
 *     -l IP         address of the phones; their port is any, contacts say 5060 (127.0.0.1)
 *     -u PREFIX     user names are PREFIX0, PREFIX1 ... ("phone")
 *     -f N, -n N    first of them (0), how many (1)
 *     -r N          so many a second (0: as fast as answers come, -w at a time)
 *     -w N          not yet answered at a time, where -r is 0 (64)
 *     -e S          Expires (3600)
 *     -c N          CSeq (1); the Call-ID of a user is always the same
 *     -q            ask for contacts instead of registering one
 *     -x S          with -q: count users with a contact that expires within so many seconds
 *     -p IP         once a phone is answered, ask IP whether it knows the contact, until it does
 *
 * What -p measures is the time from a phone's 200 OK to the arrival of the first answer of the
 * other node that has the contact. Both are taken here, so by one clock; one trip to the other node
 * and back is in it. The other node is asked every 200 us at first, without waiting for
 * answers, and less often later, so that few such phones a second are hardly any load.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MS           1000000LL
#define SECOND       1000000000LL
#define T1           (500 * MS)
#define T2           (4 * SECOND)
#define GIVE_UP      (16 * SECOND) /* after this long without an answer */
#define PROBE_FOR    (10 * SECOND) /* after this long the contact counts as lost */
#define BURST        64            /* sent before looking for answers again */
#define SCAN_EVERY   (20 * MS)     /* looks for what has to be repeated */
#define RECEIVE_ROOM (16 << 20)

enum state {
	IDLE,
	WAITING,
	ANSWERED,
	PROBING,
	DONE,
	FAILED
};

struct phone {
	int64_t sent;     /* first time */
	int64_t due;      /* next repetition, or next question to the peer */
	int64_t answered; /* 0: not yet */
	int64_t seen;     /* at the peer */
	uint32_t sends;
	enum state state;
};

static struct {
	const char *server, *peer, *local, *prefix;
	long first, count, rate, window, expires, cseq, within;
	bool query;
} opt = {NULL, NULL, "127.0.0.1", "phone", 0, 1, 0, 64, 3600, 1, 0, false};

static struct {
	long answered, refused, given_up, repeated, found, within, probed, lost, questions, unknown;
	int64_t late; /* by how much the rate was missed at worst */
} count;

static struct phone *phones;
static long next_phone;  /* not yet sent */
static long oldest;      /* all before are answered or given up */
static long waiting;     /* not yet answered */
static long probing;     /* asking the peer */
static long probe_first; /* no earlier one is asking */
static int sock, probe_sock;
static struct sockaddr_in server, peer;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "phones: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- messages ------------------------------------------------------------------------ */

/* Sends a REGISTER of phone i. `sends` makes its branch; without a contact it is a question. */
static void send_request(
	int fd, const struct sockaddr_in *to, long i, uint32_t sends, bool contact, char kind)
{
	char buf[1024], contact_lines[256] = "";
	long user = opt.first + i;
	int n;

	if (contact)
		snprintf(contact_lines, sizeof contact_lines,
			"Contact: <sip:%s%ld@%s:5060>\r\nExpires: %ld\r\n", opt.prefix, user,
			opt.local, opt.expires);
	n = snprintf(buf, sizeof buf,
		"REGISTER sip:example.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%c%ld-%ld-%u\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:%s%ld@example.test>;tag=%ld\r\n"
		"To: <sip:%s%ld@example.test>\r\n"
		"Call-ID: %c%ld-%s@%s\r\n"
		"CSeq: %ld REGISTER\r\n"
		"%s"
		"User-Agent: phone/1.0\r\n"
		"Content-Length: 0\r\n\r\n",
		opt.local, kind, user, opt.cseq, kind == 'p' ? sends : 0, opt.prefix, user, user,
		opt.prefix, user, kind, i, opt.prefix, opt.local, opt.cseq, contact_lines);
	/* A full buffer is a datagram that is lost: it will be repeated. */
	(void)sendto(fd, buf, n, 0, (const struct sockaddr *)to, sizeof *to);
}

/* Number of the phone that an answer is for, from its Call-ID; -1: none of ours. */
static long phone_of(const char *msg)
{
	const char *id = strstr(msg, "\r\nCall-ID: ");
	char *end;
	long i;

	if (!id)
		return -1;
	i = strtol(id + 12, &end, 10);
	return *end == '-' && i >= 0 && i < opt.count ? i : -1;
}

/* Seconds left of the contact in an answer, -1 without one. */
static long expires_of(const char *msg)
{
	const char *c = strstr(msg, "\r\nContact:"), *e, *end;

	if (!c || !(end = strstr(c + 2, "\r\n")))
		return -1;
	e = strstr(c, ";expires=");
	return e && e < end ? strtol(e + 9, NULL, 10) : 0;
}

/* --- phones --------------------------------------------------------------------------- */

static void send_phone(long i, int64_t t)
{
	struct phone *p = &phones[i];
	int64_t wait = T1;

	for (uint32_t k = 0; k < p->sends && wait < T2; k++)
		wait *= 2;
	if (p->sends++) {
		count.repeated++;
	} else {
		p->sent = t;
		p->state = WAITING;
		waiting++;
	}
	p->due = t + wait;
	send_request(sock, &server, i, 0, !opt.query, 'u');
}

static void take_answer(const char *msg, int64_t t)
{
	long i = phone_of(msg), expires;
	struct phone *p;

	if (i < 0 || strncmp(msg, "SIP/2.0 ", 8) != 0) {
		count.unknown++;
		return;
	}
	p = &phones[i];
	if (p->state != WAITING || msg[8] == '1')
		return; /* the answer to a repetition */
	waiting--;
	if (msg[8] != '2') {
		count.refused++;
		p->state = FAILED;
		return;
	}
	p->answered = t;
	p->state = ANSWERED;
	count.answered++;
	expires = expires_of(msg);
	if (expires >= 0)
		count.found++;
	if (expires >= 0 && expires <= opt.within)
		count.within++;
	if (opt.peer) {
		p->state = PROBING;
		p->due = t;
		p->sends = 0;
		probing++;
		if (i < probe_first)
			probe_first = i;
	}
}

static void take_probe(const char *msg, int64_t t)
{
	long i = phone_of(msg);

	if (i < 0 || phones[i].state != PROBING || strncmp(msg, "SIP/2.0 200", 11) != 0 ||
		expires_of(msg) < 0)
		return;
	phones[i].seen = t;
	phones[i].state = DONE;
	count.probed++;
	probing--;
}

static void receive(int fd, void (*take)(const char *, int64_t))
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf - 1, MSG_DONTWAIT)) > 0) {
		buf[n] = '\0';
		take(buf, now());
	}
}

/* Questions to the peer that are due; when the next one is. */
static int64_t ask_peer(int64_t t)
{
	int64_t next = t + SECOND;
	bool leading = true;

	for (long i = probe_first; probing && i < next_phone; i++) {
		struct phone *p = &phones[i];
		int64_t age = t - p->answered;

		if (p->state != PROBING) {
			if (leading && p->state >= DONE)
				probe_first = i + 1;
			else
				leading = false;
			continue;
		}
		leading = false;
		if (age > PROBE_FOR) {
			p->state = FAILED;
			count.lost++;
			probing--;
			continue;
		}
		if (p->due <= t) {
			send_request(probe_sock, &peer, i, p->sends++, false, 'p');
			count.questions++;
			p->due = t + (age < 20 * MS ? MS / 5 : age < 200 * MS ? MS : 20 * MS);
		}
		if (p->due < next)
			next = p->due;
	}
	return next;
}

/* Repeats what is not answered in time. */
static void repeat(int64_t t)
{
	for (long i = oldest; i < next_phone; i++) {
		struct phone *p = &phones[i];

		if (p->state == WAITING && t - p->sent > GIVE_UP) {
			p->state = FAILED;
			count.given_up++;
			waiting--;
		} else if (p->state == WAITING && p->due <= t) {
			send_phone(i, t);
		}
	}
	while (oldest < next_phone && phones[oldest].state != WAITING)
		oldest++;
}

/* Phones whose turn it is; when the next one's is. */
static int64_t send_due(int64_t begin)
{
	for (int k = 0; k < BURST && next_phone < opt.count; k++) {
		int64_t t = now(), due = t;

		if (opt.rate > 0)
			due = begin + next_phone * SECOND / opt.rate;
		else if (waiting >= opt.window)
			return t + SECOND;
		if (due > t)
			return due;
		if (t - due > count.late)
			count.late = t - due;
		send_phone(next_phone++, t);
	}
	return next_phone < opt.count ? now() : now() + SECOND;
}

static void run(int64_t begin)
{
	int64_t scan = begin + SCAN_EVERY;
	struct pollfd fds[] = {
		{.fd = sock, .events = POLLIN}, {.fd = probe_sock, .events = POLLIN}};

	while (next_phone < opt.count || waiting || probing) {
		int64_t next = send_due(begin), t, ask;
		struct timespec wait;

		ask = ask_peer(now());
		next = ask < next ? ask : next;
		next = scan < next ? scan : next;
		t = now();
		next = next > t ? next - t : 0;
		wait = (struct timespec){next / SECOND, next % SECOND};
		if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
			die("poll");
		receive(sock, take_answer);
		receive(probe_sock, take_probe);
		t = now();
		if (t >= scan) {
			repeat(t);
			scan = t + SCAN_EVERY;
		}
	}
}

/* --- what came of it ------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All times in milliseconds, sorted, as a JSON array; above 20,000 just every n-th. */
static void print_times(const char *name, bool probes)
{
	double *v = malloc((opt.count + 1) * sizeof *v);
	long n = 0, step;

	if (!v)
		die("memory");
	for (long i = 0; i < opt.count; i++) {
		const struct phone *p = &phones[i];

		if (probes ? p->seen != 0 : p->answered != 0)
			v[n++] = (probes ? p->seen - p->answered : p->answered - p->sent) /
				 (double)MS;
	}
	qsort(v, n, sizeof *v, compare);
	step = n / 20000 + 1;
	printf(", \"%s\": [", name);
	for (long i = 0; i < n; i += step)
		printf("%s%.3f", i ? ", " : "", v[i]);
	printf("]");
	free(v);
}

static int open_socket(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = RECEIVE_ROOM;

	if (inet_pton(AF_INET, opt.local, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(opt.local);
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return fd;
}

static struct sockaddr_in address(const char *ip)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(5060)};

	if (inet_pton(AF_INET, ip, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(ip);
	}
	return a;
}

static long number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (!*s || *end || n < 0) {
		errno = EINVAL;
		die(s);
	}
	return n;
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "l:u:f:n:r:w:e:c:qx:p:")) != -1) {
		switch (c) {
		case 'l':
			opt.local = optarg;
			break;
		case 'u':
			opt.prefix = optarg;
			break;
		case 'f':
			opt.first = number(optarg);
			break;
		case 'n':
			opt.count = number(optarg);
			break;
		case 'r':
			opt.rate = number(optarg);
			break;
		case 'w':
			opt.window = number(optarg);
			break;
		case 'e':
			opt.expires = number(optarg);
			break;
		case 'c':
			opt.cseq = number(optarg);
			break;
		case 'q':
			opt.query = true;
			break;
		case 'x':
			opt.within = number(optarg);
			break;
		case 'p':
			opt.peer = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind != argc - 1 || opt.count < 1 || opt.window < 1) {
		fprintf(stderr, "usage: phones [options] SERVER_IP; phones.c tells which\n");
		exit(2);
	}
	opt.server = argv[optind];
}

int main(int argc, char **argv)
{
	int64_t begin;

	options(argc, argv);
	server = address(opt.server);
	if (opt.peer)
		peer = address(opt.peer);
	sock = open_socket();
	probe_sock = open_socket();
	phones = calloc(opt.count, sizeof *phones);
	if (!phones)
		die("memory");
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	begin = now();
	run(begin);
	printf("{\"sent\": %ld, \"answered\": %ld, \"refused\": %ld, \"given_up\": %ld, "
	       "\"repeated\": %ld, \"seconds\": %.6f, \"late_ms\": %.3f, \"found\": %ld, "
	       "\"within\": %ld, \"probed\": %ld, \"lost\": %ld, \"questions\": %ld, "
	       "\"unknown\": %ld",
		opt.count, count.answered, count.refused, count.given_up, count.repeated,
		(now() - begin) / (double)SECOND, count.late / (double)MS, count.found,
		count.within, count.probed, count.lost, count.questions, count.unknown);
	print_times("answer_ms", false);
	if (opt.peer)
		print_times("visible_ms", true);
	printf("}\n");
	return 0;
}
