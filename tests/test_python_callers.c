/* SPDX-License-Identifier: MIT
 *
 * Packages whose build calls "python".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gyp.h"
#include "python_callers.h"

static void put(struct cp_index *index, const char *path, const char *text)
{
	uint32_t node;
	size_t length = strlen(path);
	bool gyp = length > 4 && strstr(path + length - 5, ".gyp");
	char *reduced = gyp ? cp_gyp_reduce(text, strlen(text)) : NULL;
	const char *kept = gyp ? reduced : text;
	assert_int_equal(cp_index_add(index, path, CP_NODE_FILE, &node, NULL), 0);
	if (*kept)
		assert_int_equal(cp_index_set_text(index, node, kept, strlen(kept), true, NULL), 0);
	free(reduced);
}

/* `want`: "NAME WHERE[ 2];" for each. */
static void check(struct cp_index *index, const char *want)
{
	char got[512] = "";
	struct cp_image image = {.root = index};
	struct cp_scan scan = {.image = &image, .packages = cp_packages_new(index)};
	struct cp_python_caller *callers;
	size_t count;
	assert_int_equal(cp_python_callers(&scan, &callers, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		sprintf(got + strlen(got), "%s %s%s;", callers[i].package->name, callers[i].where,
			callers[i].python2 ? " 2" : "");
	assert_string_equal(got, want);
	cp_python_callers_free(callers, count);
	cp_packages_free(scan.packages);
	cp_index_free(index);
}

/* gl's way, by two files. */
static void a_gyp_file_that_binding_gyp_names(void **state)
{
	(void)state;
	struct cp_index *index = cp_index_new();
	put(index, "/app/node_modules/gl/package.json", "{\"name\":\"gl\",\"version\":\"8.1.6\"}");
	put(index, "/app/node_modules/gl/binding.gyp",
		"{'targets': [{'dependencies': ['angle/src/angle.gyp:libEGL']}]}");
	put(index, "/app/node_modules/gl/angle/src/angle.gyp",
		"{'includes': ['../build/c.gypi', 'none.gypi', '../../binding.gyp']}");
	put(index, "/app/node_modules/gl/angle/build/c.gypi", "{'a': '<!(python x.py)'}");
	/* Nobody names this one. */
	put(index, "/app/node_modules/other/package.json", "{\"name\":\"other\"}");
	put(index, "/app/node_modules/other/binding.gyp", "{'targets': []}");
	put(index, "/app/node_modules/other/tests/tests.gyp", "{'a': '<!(python x.py)'}");
	check(index, "gl angle/build/c.gypi;");
}

static void a_script(void **state)
{
	static const struct {
		const char *scripts, *want;
	} cases[] = {
		{"\"install\":\"python build.py\"", "x its install script;"},
		{"\"postinstall\":\"cd src && python build.py\"", "x its postinstall script;"},
		{"\"preinstall\":\"node a.js||python\"", "x its preinstall script;"},
		{"\"install\":\"python3 build.py\"", ""},
		{"\"install\":\"node python.js\"", ""},
		{"\"install\":\"node x --with python\"", ""},
		{"\"test\":\"python test.py\"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char manifest[256];
		struct cp_index *index = cp_index_new();
		snprintf(manifest, sizeof(manifest), "{\"name\":\"x\",\"scripts\":{%s}}",
			cases[i].scripts);
		put(index, "/app/node_modules/x/package.json", manifest);
		check(index, cases[i].want);
	}
}

static void an_old_node_gyp(void **state)
{
	(void)state;
	static const char manifest[] = "{\"name\":\"x\",\"scripts\":{\"install\":\"prebuild-"
				       "install || node-gyp rebuild\"}}";
	struct cp_index *index = cp_index_new();
	put(index, "/app/node_modules/x/package.json", manifest);
	put(index, "/app/node_modules/node-gyp/package.json",
		"{\"name\":\"node-gyp\",\"version\":\"3.8.0\"}");
	check(index, "x node-gyp@3.8.0 2;");
	index = cp_index_new();
	put(index, "/app/node_modules/x/package.json", manifest);
	put(index, "/app/node_modules/node-gyp/package.json",
		"{\"name\":\"node-gyp\",\"version\":\"10.2.0\"}");
	check(index, "");
	index = cp_index_new();
	put(index, "/app/node_modules/x/package.json", manifest); /* npm's own */
	check(index, "");
}

static void files_that_name_each_other_end(void **state)
{
	(void)state;
	struct cp_index *index = cp_index_new();
	put(index, "/app/node_modules/x/package.json", "{}");
	put(index, "/app/node_modules/x/binding.gyp", "{'includes': ['a.gypi']}");
	put(index, "/app/node_modules/x/a.gypi", "{'includes': ['binding.gyp', 'a.gypi']}");
	check(index, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gyp_file_that_binding_gyp_names),
		cmocka_unit_test(a_script),
		cmocka_unit_test(an_old_node_gyp),
		cmocka_unit_test(files_that_name_each_other_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
