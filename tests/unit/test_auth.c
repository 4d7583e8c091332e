/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signing and verifying: the MAC by RFC 4231, the canonical form by a second implementation of
 * it, and that nothing in a message can be changed, moved or left out. The source is included
 * for its inner functions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/hmac.h>

#include "auth.c"

#define S(text) ((str){(char *)(text), sizeof(text) - 1})
#define OLD     "the old secret of all nodes"
#define NEW     "the new secret of all nodes"
#define LINES                                                                                      \
	"Contact: <sip:alice@10.0.0.1>;expires=60\r\nPath: <sip:p;lr>\r\n"                         \
	"User-Agent: phone\r\nSock-Info: udp:10.0.0.2:5060\r\nReg-Repl: 1;from=1\r\n"              \
	"Reg-Repl-State: 1;node=1\r\nEvent: reg\r\nContent-Type: application/reginfo+xml\r\n"

static void secret(const char *s)
{
	assert_int_equal(auth_add_secret(s, strlen(s)), 0);
}

static int no_secrets(void **state)
{
	(void)state;
	auth_forget();
	return 0;
}

static struct auth_msg message(const char *lines, int len)
{
	static struct auth_msg m;

	memset(&m, 0, sizeof(m));
	m.method = S("REGISTER");
	m.call_id = S("a@b");
	m.cseq = S("17");
	m.to = S("sip:alice@example.com");
	m.from = S("sip:alice@example.com");
	m.sock_header = S("Sock-Info");
	m.body = S("<reginfo/>");
	auth_add_lines(&m, lines, len);
	return m;
}

static struct auth_head signed_head(const struct auth_msg *m)
{
	struct auth_head head = {.from = 1, .to = 2, .time = 1732150000000}, read;
	char value[AUTH_VALUE_MAX];
	int n = auth_sign(&head, m, value);

	assert_true(n > 0 && n < AUTH_VALUE_MAX);
	assert_int_equal(auth_parse(&read, value, n), 0);
	assert_int_equal(read.from, 1);
	assert_int_equal(read.to, 2);
	assert_int_equal(read.time, head.time);
	assert_memory_equal(read.mac, head.mac, AUTH_MAC_LEN);
	return read;
}

/* --- the MAC --------------------------------------------------------------------------- */

static void check_mac(const void *key, int key_len, const void *data, int len, const char *hex)
{
	unsigned char mac[AUTH_MAC_LEN];
	char text[2 * AUTH_MAC_LEN + 1];
	struct writer w;

	auth_forget();
	assert_int_equal(auth_add_secret(key, key_len), 0);
	for (int again = 0; again < 2; again++) { /* the second time the context is used again */
		assert_true(writer_init(&w, &secrets[0]));
		put(&w, data, len);
		assert_true(finish(&w, mac));
		for (int i = 0; i < AUTH_MAC_LEN; i++)
			snprintf(text + 2 * i, 3, "%02x", mac[i]);
		assert_string_equal(text, hex);
	}
}

/* RFC 4231, 4.2 to 4.8; 4.6 is about shortened ones. */
static void macs_are_those_of_rfc_4231(void **state)
{
	unsigned char key[131], data[50];
	const char *jefe = "what do ya want for nothing?";
	const char *large = "Test Using Larger Than Block-Size Key - Hash Key First";
	const char *larger = "This is a test using a larger than block-size key and a larger than "
			     "block-size data. The key needs to be hashed before being used by the "
			     "HMAC algorithm.";

	(void)state;
	memset(key, 0x0b, 20);
	check_mac(key, 20, "Hi There", 8,
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_mac("Jefe", 4, jefe, strlen(jefe),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, 50);
	check_mac(key, 20, data, 50,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	for (int i = 0; i < 25; i++)
		key[i] = i + 1;
	memset(data, 0xcd, 50);
	check_mac(key, 25, data, 50,
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	memset(key, 0xaa, sizeof(key));
	check_mac(key, 131, large, strlen(large),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	check_mac(key, 131, larger, strlen(larger),
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* --- the canonical form ---------------------------------------------------------------- */

static unsigned char form[200000];
static int form_len;

static void expect_item(const char *s, int len)
{
	for (int i = 3; i >= 0; i--)
		form[form_len++] = len >> 8 * i & 255;
	memcpy(form + form_len, s, len);
	form_len += len;
}

static void expect_text(const char *s)
{
	expect_item(s, strlen(s));
}

static void expect_mac(const struct auth_head *head)
{
	unsigned char mac[AUTH_MAC_LEN];
	unsigned int len;

	assert_non_null(HMAC(EVP_sha256(), OLD, strlen(OLD), form, form_len, mac, &len));
	assert_memory_equal(mac, head->mac, AUTH_MAC_LEN);
}

static void the_form_of_a_request(void **state)
{
	static const char *const expected[] = {"1;from=1;to=2;time=1732150000000", "REGISTER", "",
		"", "a@b", "17", "sip:alice@example.com", "sip:alice@example.com", "contact",
		"<sip:alice@10.0.0.1>;expires=60", "content-type", "application/reginfo+xml",
		"event", "reg", "path", "<sip:p;lr>", "user-agent", "phone", "reg-repl", "1;from=1",
		"reg-repl-state", "1;node=1", "socket", "udp:10.0.0.2:5060", "", "<reginfo/>"};
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	struct auth_head head;

	(void)state;
	secret(OLD);
	head = signed_head(&m);
	form_len = 0;
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		expect_text(expected[i]);
	expect_mac(&head);
}

/* More than the buffer between the items and libcrypto, in fields and in the body. */
static void the_form_of_a_long_answer(void **state)
{
	static char body[60000], lines[9000];
	unsigned char request[AUTH_MAC_LEN];
	struct auth_msg m;
	struct auth_head head;
	int n;

	(void)state;
	memset(body, 'b', sizeof(body));
	memset(lines, 's', sizeof(lines));
	memset(request, 7, sizeof(request));
	n = snprintf(lines, 20, "Reg-Repl-State:");
	lines[n] = 's';
	secret(OLD);
	m = message(lines, sizeof(lines));
	m.to = m.from = S("");
	m.status = 200;
	m.request_mac = request;
	m.body = (str){body, sizeof(body)};
	head = signed_head(&m);
	form_len = 0;
	expect_text("1;from=1;to=2;time=1732150000000");
	expect_text("REGISTER");
	expect_text("200");
	expect_item((char *)request, sizeof(request));
	expect_text("a@b");
	expect_text("17");
	expect_text("");
	expect_text("");
	expect_text("reg-repl-state");
	expect_item(lines + n, sizeof(lines) - n);
	expect_text("");
	expect_item(body, sizeof(body));
	expect_mac(&head);
}

static void what_does_not_matter_is_not_signed(void **state)
{
	static const char same[] =
		"Max-Forwards: 70\r\nReg-Repl-Auth: 1;from=1\r\nreg-repl-state:  1;node=1 \r\n"
		"REG-REPL: 1;from=1\r\nsock-info: udp:10.0.0.2:5060\r\nUser-agent:phone\r\n"
		"PATH: <sip:p;lr>\r\nm: <sip:alice@10.0.0.1>;expires=60\r\n"
		"Via: SIP/2.0/UDP x\r\no: reg\r\nc: application/reginfo+xml\r\nX-Other: 1\n";
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	struct auth_head head;

	(void)state;
	secret(OLD);
	head = signed_head(&m);
	m = message(same, sizeof(same) - 1);
	assert_true(auth_verify(&head, &m));
	/* of those of one group the order counts: the first is the one that is read */
	m = message("Reg-Repl-A: 1\r\nReg-Repl-B: 2\r\n", 30);
	head = signed_head(&m);
	m = message("Reg-Repl-B: 2\r\nReg-Repl-A: 1\r\n", 30);
	assert_false(auth_verify(&head, &m));
}

/* --- nothing can be changed ------------------------------------------------------------- */

static void flip_all(struct auth_head *head, struct auth_msg *m, char *s, int len)
{
	for (int bit = 0; bit < 8 * len; bit++) {
		s[bit / 8] ^= 1 << bit % 8;
		if (auth_verify(head, m))
			fail_msg("bit %d of byte %d of \"%.*s\"", bit % 8, bit / 8, len, s);
		s[bit / 8] ^= 1 << bit % 8;
	}
	assert_true(auth_verify(head, m));
}

static void flip_str(struct auth_head *head, struct auth_msg *m, str *field)
{
	char copy[100];
	str was = *field;

	memcpy(copy, was.s, was.len);
	*field = (str){copy, was.len};
	flip_all(head, m, copy, was.len);
	for (int len = 0; len < was.len; len++) {
		field->len = len;
		assert_false(auth_verify(head, m));
	}
	*field = was;
}

static void every_bit_counts(void **state)
{
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	unsigned char request[AUTH_MAC_LEN] = {1, 2, 3};
	struct auth_head head;

	(void)state;
	secret(OLD);
	for (int answer = 0; answer < 2; answer++) {
		if (answer) {
			m.status = 200;
			m.request_mac = request;
		}
		head = signed_head(&m);
		flip_str(&head, &m, &m.method);
		flip_str(&head, &m, &m.call_id);
		flip_str(&head, &m, &m.cseq);
		flip_str(&head, &m, &m.to);
		flip_str(&head, &m, &m.from);
		flip_str(&head, &m, &m.body);
		for (int i = 0; i < m.n; i++)
			flip_str(&head, &m, &m.field[i].body);
		flip_all(&head, &m, (char *)&head.from, sizeof(head.from));
		flip_all(&head, &m, (char *)&head.to, sizeof(head.to));
		flip_all(&head, &m, (char *)&head.time, sizeof(head.time));
		flip_all(&head, &m, (char *)head.mac, sizeof(head.mac));
	}
	flip_all(&head, &m, (char *)&m.status, 2);
	flip_all(&head, &m, (char *)request, sizeof(request));
	m.request_mac = NULL;
	assert_false(auth_verify(&head, &m));
}

/* Header lines as they are on the wire: only a letter's case in a name and white space count not.
 */
static void every_bit_of_the_lines_counts(void **state)
{
	char lines[] = LINES;
	struct auth_msg m = message(lines, sizeof(lines) - 1);
	struct auth_head head;
	bool in_name = true;

	(void)state;
	secret(OLD);
	head = signed_head(&m);
	for (int i = 0; i < (int)sizeof(lines) - 1; i++) {
		char c = lines[i];

		in_name = c != ':' && (in_name || (i > 0 && lines[i - 1] == '\n'));
		for (int bit = 0; bit < 8; bit++) {
			bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

			if ((in_name && letter && bit == 5) || c == '\r' || c == '\n')
				continue;
			lines[i] = c ^ 1 << bit;
			m = message(lines, sizeof(lines) - 1);
			if (auth_verify(&head, &m))
				fail_msg("bit %d of byte %d, '%c'", bit, i, c);
		}
		lines[i] = c;
	}
	for (int i = 0; i < (int)sizeof(LINES) - 3;
		i++) { /* cut off anywhere but in its last CRLF */
		m = message(lines, i);
		assert_false(auth_verify(&head, &m));
	}
}

static void verified(const char *lines, int len, bool good, const struct auth_head *head)
{
	struct auth_msg m = message(lines, len);

	assert_int_equal(auth_verify(head, &m), good);
}

#define VERIFIED(lines, good, head) verified(lines, sizeof(lines) - 1, good, head)

static void nothing_moves_between_fields(void **state)
{
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	struct auth_head head;

	(void)state;
	secret(OLD);
	head = signed_head(&m);
	VERIFIED(LINES, true, &head);
	VERIFIED(LINES "Contact: <sip:evil@10.0.0.9>\r\n", false, &head);
	VERIFIED("m: <sip:evil@10.0.0.9>\r\n" LINES, false, &head);
	VERIFIED(LINES "Reg-Repl-More: 1\r\n", false, &head);
	VERIFIED(LINES "Reg-Repl:\r\n", false, &head);
	VERIFIED(LINES "Reg-Replica: 1\r\n", true, &head); /* not one of ours */
	VERIFIED("Max-Forwards: 1\r\n" LINES, true, &head);
	m = message(LINES, sizeof(LINES) - 1);
	m.call_id = S("a@b1");
	m.cseq = S("7");
	assert_false(auth_verify(&head, &m));
	m = message(LINES, sizeof(LINES) - 1);
	m.status = 200;
	assert_false(auth_verify(&head, &m));
}

/* --- secrets ----------------------------------------------------------------------------- */

static void secrets_rotate(void **state)
{
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	struct auth_head by_old, by_new;

	(void)state;
	secret(OLD);
	by_old = signed_head(&m);
	auth_forget();
	secret(NEW);
	by_new = signed_head(&m);
	assert_false(auth_verify(&by_old, &m));
	assert_true(auth_verify(&by_new, &m));
	secret(OLD); /* new, old: takes both, signs with the new one */
	assert_true(auth_verify(&by_old, &m));
	assert_true(auth_verify(&by_new, &m));
	assert_memory_equal(signed_head(&m).mac, by_new.mac, AUTH_MAC_LEN);
	auth_forget();
	secret(OLD);
	secret(NEW); /* old, new: takes both, signs with the old one */
	assert_true(auth_verify(&by_new, &m));
	assert_memory_equal(signed_head(&m).mac, by_old.mac, AUTH_MAC_LEN);
}

static void secrets_have_limits(void **state)
{
	char value[AUTH_VALUE_MAX], key[AUTH_SECRET_MAX + 1] = "k";
	struct auth_msg m = message(LINES, sizeof(LINES) - 1);
	struct auth_head head = {1, 2, 3, {0}};

	(void)state;
	assert_false(auth_enabled());
	assert_int_equal(auth_sign(&head, &m, value), -1);
	assert_false(auth_verify(&head, &m));
	assert_int_equal(auth_add_secret("", 0), -1);
	assert_int_equal(auth_add_secret(key, AUTH_SECRET_MAX + 1), -1);
	assert_false(auth_enabled());
	for (int i = 0; i < AUTH_SECRETS_MAX; i++)
		assert_int_equal(auth_add_secret(key, AUTH_SECRET_MAX), 0);
	assert_int_equal(auth_add_secret(key, 16), -1);
	assert_true(auth_enabled());
	auth_forget();
	assert_false(auth_enabled());
	for (unsigned i = 0; i < sizeof(secrets); i++)
		assert_int_equal(((unsigned char *)secrets)[i], 0);
}

static void too_much_is_not_signed(void **state)
{
	struct auth_msg m = message("", 0);
	char value[AUTH_VALUE_MAX];
	struct auth_head head = signed_head((secret(OLD), &m));

	(void)state;
	for (int i = 0; i < AUTH_FIELDS_MAX; i++)
		auth_add_field(&m, S("Path"), S("<sip:p>"));
	head = signed_head(&m);
	assert_true(auth_verify(&head, &m));
	auth_add_field(&m, S("Via"), S("x"));
	assert_true(auth_verify(&head, &m));
	auth_add_field(&m, S("Path"), S("<sip:evil>"));
	assert_false(auth_verify(&head, &m));
	assert_int_equal(auth_sign(&head, &m, value), -1);
	m = message("", 0);
	auth_add_field(
		&m, S("Reg-Repl-a123456789012345678901234567890123456789012345678901234"), S("x"));
	assert_int_equal(m.n, 1);
	assert_false(m.full);
	auth_add_field(&m,
		S("Reg-Repl-a1234567890123456789012345678901234567890123456789012345678"), S("x"));
	assert_true(m.full);
	assert_int_equal(auth_sign(&head, &m, value), -1);
}

/* --- the header -------------------------------------------------------------------------- */

#define MAC "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void headers_have_one_form(void **state)
{
	static const char *const bad[] = {"", "1", "1;", "2;from=1;to=2;time=3;mac=" MAC,
		"1;from=1;to=2;time=3;mac=", "1;from=1;to=2;time=3", "1;from=1;to=2;mac=" MAC,
		"1;to=2;from=1;time=3;mac=" MAC, "1;from=0;to=2;time=3;mac=" MAC,
		"1;from=1;to=0;time=3;mac=" MAC, "1;from=1;to=2;time=0;mac=" MAC,
		"1;from=01;to=2;time=3;mac=" MAC, "1;from=;to=2;time=3;mac=" MAC,
		"1;from=-1;to=2;time=3;mac=" MAC, "1;from=+1;to=2;time=3;mac=" MAC,
		"1;from=4294967296;to=2;time=3;mac=" MAC, "1;from=4294967297;to=2;time=3;mac=" MAC,
		"1;from=1;to=18446744073709551618;time=3;mac=" MAC,
		"1;from=1;to=2;time=9223372036854775808;mac=" MAC,
		"1;from=1;to=2;time=18446744073709551617;mac=" MAC,
		"1;from=1;to=2;time=99999999999999999999999999;mac=" MAC,
		"1;from=1;to=2;time=3;mac=" MAC "0", "1;from=1;to=2;time=3;mac=" MAC ";x=1",
		"1;from=1;to=2;time=3; mac=" MAC, "1 ;from=1;to=2;time=3;mac=" MAC,
		"1;From=1;to=2;time=3;mac=" MAC, "1;from=1;to=2;x=1;time=3;mac=" MAC,
		"1;from=1;to=2;time=3;mac="
		"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
		"1;from=1;to=2;time=3;mac="
		"0g112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};
	static const char good[] =
		" 1;from=4294967295;to=2;time=9223372036854775807;mac=" MAC "\r\n";
	struct auth_head head;

	(void)state;
	assert_int_equal(auth_parse(&head, good, sizeof(good) - 1), 0);
	assert_int_equal(head.from, 4294967295u);
	assert_int_equal(head.mac[1], 0x11);
	assert_int_equal(head.mac[31], 0xff);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (auth_parse(&head, bad[i], strlen(bad[i])) == 0)
			fail_msg("%s", bad[i]);
	for (int len = 0; len < (int)sizeof(good) - 3; len++)
		assert_int_equal(auth_parse(&head, good, len), -1);
}

static void the_window_has_two_ends(void **state)
{
	struct auth_head head = {.time = 1000000};

	(void)state;
	assert_true(auth_in_time(&head, 1000000, 0));
	assert_true(auth_in_time(&head, 1060000, 60000));
	assert_false(auth_in_time(&head, 1060001, 60000));
	assert_true(auth_in_time(&head, 940000, 60000));
	assert_false(auth_in_time(&head, 939999, 60000));
	head.time = INT64_MAX;
	assert_false(auth_in_time(&head, 0, 60000));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, no_secrets, no_secrets)
	const struct CMUnitTest tests[] = {
		TEST(macs_are_those_of_rfc_4231),
		TEST(the_form_of_a_request),
		TEST(the_form_of_a_long_answer),
		TEST(what_does_not_matter_is_not_signed),
		TEST(every_bit_counts),
		TEST(every_bit_of_the_lines_counts),
		TEST(nothing_moves_between_fields),
		TEST(secrets_rotate),
		TEST(secrets_have_limits),
		TEST(too_much_is_not_signed),
		TEST(headers_have_one_form),
		TEST(the_window_has_two_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
