/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target (libFuzzer) for Reg-Repl-Auth and for the choice of the fields that are signed. The
 * first byte chooses which. A header that is accepted must be the one form of what it says; what
 * is signed must verify, and no more after a byte of a field has changed.
 */
#include <stdlib.h>

#include "auth.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void header(const char *s, int len)
{
	char form[AUTH_VALUE_MAX];
	str value = {(char *)s, len};
	struct auth_head head;
	int n;

	if (auth_parse(&head, s, len) < 0)
		return;
	trim(&value);
	n = print_head(&head, form);
	require(value.len == n + 5 + 2 * AUTH_MAC_LEN && memcmp(value.s, form, n) == 0);
}

static void lines(char *s, int len)
{
	static struct auth_msg m;
	struct auth_head head = {1, 2, 3, {0}};
	char value[AUTH_VALUE_MAX];

	memset(&m, 0, sizeof(m));
	m.sock_header = (str){(char *)"Sock-Info", 9};
	auth_add_lines(&m, s, len);
	require((auth_sign(&head, &m, value) < 0) == m.full);
	if (m.full)
		return;
	require(auth_verify(&head, &m));
	for (int i = 0; i < m.n; i++)
		if (m.field[i].body.len > 0) {
			m.field[i].body.s[0] ^= 0x80;
			require(!auth_verify(&head, &m));
			m.field[i].body.s[0] ^= 0x80;
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size < 2)
		return 0;
	if (!auth_enabled())
		auth_add_secret("a secret for fuzzing", 20);
	copy = malloc(size - 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		header(copy, size - 1);
	else
		lines(copy, size - 1);
	free(copy);
	return 0;
}
