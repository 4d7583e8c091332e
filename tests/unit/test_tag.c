/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tag in From: the node that wrote it is known, and nobody else's tag is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tag.h"

static uint32_t node_of(const char *text)
{
	str t = {(char *)text, (int)strlen(text)};

	return tag_node(&t);
}

static void test_there_and_back(void **state)
{
	static const uint64_t tokens[] = {0, 1, 0xdeadbeef, UINT64_MAX};
	static const uint32_t nodes[] = {1, 2, 4000000000u, UINT32_MAX};
	char buf[TAG_MAX];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			str t = {buf, tag_write(buf, tokens[i], nodes[k])};

			assert_in_range(t.len, 1, TAG_MAX - 1);
			assert_int_equal(tag_node(&t), nodes[k]);
		}
}

static void test_others(void **state)
{
	static const char *const others[] = {"", "a", "1a2b", "1a2b-2", "1a2b-2.",
		"1a2b-2.reg_replicat", "1a2b-2.reg_replicate2", "1a2b-.reg_replicate",
		"-2.reg_replicate", ".reg_replicate", "1a2b-0.reg_replicate",
		"1A2B-2.reg_replicate", "01-2.reg_replicate", "0x1-2.reg_replicate",
		"1-02.reg_replicate", "1-+2.reg_replicate", "1- 2.reg_replicate",
		" 1-2.reg_replicate", "-1-2.reg_replicate", "1-99999999999.reg_replicate",
		"1-4294967297.reg_replicate", "11111111111111111-2.reg_replicate",
		"1-2.reg_replicate-1-2.reg_replicate-1-2.reg_replicate-1-2.reg_replicate"};

	(void)state;
	assert_int_equal(node_of("1a2b-2.reg_replicate"), 2);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(node_of(others[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
