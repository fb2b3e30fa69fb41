/* SPDX-License-Identifier: MIT
 *
 * What counts as text, and where it stops being text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "utf8.h"

static bool is_text(const char *text)
{
	struct cp_utf8_place place;
	return cp_utf8_check(text, strlen(text), false, &place);
}

static void utf8_is_text(void **state)
{
	(void)state;
	assert_true(is_text(""));
	assert_true(is_text("a\tb\r\n% c\n"));
	assert_true(is_text("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb3"));
}

static void other_bytes_are_not(void **state)
{
	(void)state;
	assert_false(is_text("\x87"));             /* a continuation alone */
	assert_false(is_text("\xc3"));             /* cut */
	assert_false(is_text("\xc0\x80"));         /* overlong */
	assert_false(is_text("\xed\xa0\x80"));     /* a surrogate */
	assert_false(is_text("\xf4\x90\x80\x80")); /* beyond Unicode */
	assert_false(is_text("\x01"));
}

static void the_place_is_told(void **state)
{
	(void)state;
	struct cp_utf8_place place;
	assert_false(cp_utf8_check("ab\ncd\xff", 6, false, &place));
	assert_int_equal(place.offset, 5);
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 3);
	assert_false(cp_utf8_check("a%\n%b", 5, true, &place));
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_text),
		cmocka_unit_test(other_bytes_are_not),
		cmocka_unit_test(the_place_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
