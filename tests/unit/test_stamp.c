/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a stamp in a contact's row: as it is written it is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "stamp.h"

static bool reads(const char *text, struct stamp *s)
{
	str t = {(char *)text, (int)strlen(text)};

	return stamp_read(s, &t);
}

static void test_there_and_back(void **state)
{
	static const struct stamp all[] = {
		{{0x18bcfe5ccfc0002, {1, 1700000000123}}, 1700000600, 1700003600,
			0x18bcfe5ccfc0001},
		{{1, {1, 1}}, 0, 0, 1},
		{{0x18bcfe5ccfc0002, {1, 5}}, 1700000600, 1700000600, 0x18bcfe5ccfc0002},
		{{UINT64_MAX, {UINT32_MAX, UINT64_MAX}}, UINT32_MAX, UINT32_MAX, UINT64_MAX},
	};
	char buf[STAMP_MAX];
	struct stamp back;
	str text = {buf, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		text.len = stamp_write(&all[i], buf);
		assert_in_range(text.len, 1, STAMP_MAX);
		assert_true(stamp_read(&back, &text));
		assert_int_equal(rr_stamp_cmp(back.stamp, all[i].stamp), 0);
		assert_int_equal(back.expires, all[i].expires);
		assert_int_equal(back.keep, all[i].keep);
		assert_int_equal(back.unsaved, all[i].unsaved);
	}
}

static void test_nonsense(void **state)
{
	static const char *const bad[] = {"", "1", "1.1.1.0.0", "1.1.1.0.0.", "1.1.1.0.0.0.",
		"1.1.1.0.0.0.0", "0.1.1.0.0.0", "1.0.1.0.0.0", "1.1.0.0.0.0", "1.1.1.0.0.x",
		"1.1.1.0.0.-1", " 1.1.1.0.0.0", "1.1.1.0.0.A", "1..1.0.0.0", "1.100000000.1.0.0.0",
		"1.1.1.100000000.0.0", "10000000000000000.1.1.0.0.0"};
	struct stamp s;

	(void)state;
	assert_true(reads("1.1.1.0.0.0", &s));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(reads(bad[i], &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
