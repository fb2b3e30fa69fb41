/* SPDX-License-Identifier: MIT
 *
 * GYP files: what they run and name on Linux.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gyp.h"

static void check(const char *source, const char *want)
{
	char *text = cp_gyp_reduce(source, strlen(source));
	assert_non_null(text);
	if (strcmp(text, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", source, text, want);
	free(text);
}

static void commands_run_where_the_file_is_read(void **state)
{
	(void)state;
	check("{'variables': {'id%': '<!(python id.py check ..)'}}", "run python\n");
	check("{\"a\": \"x <!@(python2 y) z\"}", "run python2\n");
	check("{'inputs': ['<!@([\"python\", \"<(s)\", \"in\"])']}", "run python\n");
	check("{'a': '<!(python)'}", "run python\n");
	check("{'a': '<!(python3 x.py)', 'b': '<!(node -p \"python\")', 'c': 'python x'}", "");
	check("{'a': '<(python)', 'b': '<@(python)', 'c': '<!pymod_do_main(x)'}", "");
	check("{'<!(python x)': 1}", "run python\n");
	check("{'a': '<!(pyt' 'hon x)'}", "run python\n"); /* strings beside each other are one */
}

static void commands_run_by_actions(void **state)
{
	(void)state;
	check("{'actions': [{'action_name': 'x', 'action': ['python', 'x.py'],},],}",
		"run python\n");
	check("{'action': ['node', 'python']}", "");
	check("{'action': [\n# a comment, 'python'\n'python', ]}", "run python\n");
	check("{'sources': ['python', 'x.py']}", "");
}

static void files_that_are_named(void **state)
{
	(void)state;
	check("{'includes': ['common.gypi', '../x.gypi'], 'targets': [{'dependencies': "
	      "['a/src/a.gyp:lib', 'b.gyp', ':own', 'own', '<(v)/c.gyp:x']}]}",
		"file common.gypi\nfile ../x.gypi\nfile a/src/a.gyp\nfile b.gyp\n");
	check("{'dependencies!': ['a.gyp:x'], 'sources': ['b.gyp']}", "file a.gyp\n");
}

static void what_linux_does_not_meet_does_not_count(void **state)
{
	static const struct {
		const char *condition, *want;
	} cases[] = {
		{"OS==\"win\"", ""},
		{"OS == 'linux'", "run python\n"},
		{"OS!=\"win\"", "run python\n"},
		{"OS!=\"linux\"", ""},
		{"OS in \"linux freebsd\"", "run python\n"},
		{"OS in \"win mac\"", ""},
		{"OS==\"win\" and x==1", ""},
		{"OS==\"linux\" and x==1", "run python\n"}, /* may hold */
		{"OS==\"win\" or OS==\"mac\"", ""},
		{"OS==\"mac\" or (OS==\"linux\")", "run python\n"},
		{"not OS==\"linux\"", ""},
		{"not (OS==\"win\" or x)", "run python\n"},
		{"x==1", "run python\n"},
		{"\"<(OS)\"==\"win\"", "run python\n"},
		{"", "run python\n"},
		{"((((", "run python\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char source[256];
		char quoted[128], *to = quoted;
		for (const char *from = cases[i].condition; *from; from++) {
			if (*from == '\'')
				*to++ = '\\';
			*to++ = *from;
		}
		*to = '\0';
		snprintf(source, sizeof(source), "{'conditions': [['%s', {'action': ['python']}]]}",
			quoted);
		check(source, cases[i].want);
	}
}

static void of_branches_one_is_taken(void **state)
{
	(void)state;
	check("{'conditions': [['OS==\"linux\"', {}, {'a': '<!(python)'}]]}", "");
	check("{'conditions': [['OS==\"win\"', {}, {'a': '<!(python)'}]]}", "run python\n");
	check("{'conditions': [['x==1', {}, {'a': '<!(python)'}]]}", "run python\n");
	check("{'conditions': [['OS==\"linux\"', {}, 'OS!=\"win\"', {'a': '<!(python)'}]]}", "");
	check("{'target_conditions': [['OS==\"mac\"', {'conditions': [['OS==\"linux\"', "
	      "{'a': '<!(python)'}]]}]]}",
		"");
}

static void what_is_broken_ends_it(void **state)
{
	(void)state;
	static const char *const broken[] = {"", "{", "{'a'", "{'a':", "{'a':}", "{'a' 1}", "[",
		"'a", "{'a': '\\", "{'a': [1 2]}", "}", "\xff\xfe", "{'a': @}",
		"{'conditions': [["};
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		check(broken[i], "");
	check("{'a': '<!(python)', 'b' 'c'}", "run python\n");
	check("\xef\xbb\xbf{'a': '<!(python)'}", "run python\n");
	check("{'a': 1, 'b': -1.5, 'c': True, 'd': '<!(python)'}", "run python\n");
}

static void depth_and_length_are_bounded(void **state)
{
	(void)state;
	size_t size = 256 << 10;
	char *source = malloc(size + 1);
	assert_non_null(source);
	memset(source, '[', size);
	source[size] = '\0';
	check(source, "");
	memset(source, '(', size);
	memcpy(source, "{'conditions': [['", 18);
	check(source, "");
	memset(source, '<', size); /* many signs, and no command */
	source[0] = '\'';
	clock_t begin = clock();
	check(source, "");
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_run_where_the_file_is_read),
		cmocka_unit_test(commands_run_by_actions),
		cmocka_unit_test(files_that_are_named),
		cmocka_unit_test(what_linux_does_not_meet_does_not_count),
		cmocka_unit_test(of_branches_one_is_taken),
		cmocka_unit_test(what_is_broken_ends_it),
		cmocka_unit_test(depth_and_length_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
