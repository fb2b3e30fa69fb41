/* SPDX-License-Identifier: MIT
 *
 * Which package owns an object: the layouts of npm, pnpm and Yarn in miniature.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "npm.h"

static uint32_t add_file(struct cp_index *index, const char *path)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, CP_NODE_FILE, &node, NULL), 0);
	return node;
}

static void add_json(struct cp_index *index, const char *path, const char *json)
{
	uint32_t node = add_file(index, path);
	assert_int_equal(cp_index_set_text(index, node, json, strlen(json), false, NULL), 0);
}

/* The owner of one more file, in a look-up of its own; "NAME@VERSION PATH", or "nobody". */
static void expect_owner(struct cp_index *index, const char *file, const char *expected)
{
	uint32_t node = cp_index_find(index, file);
	if (node == CP_NO_NODE)
		node = add_file(index, file);
	cp_cleanup_packages struct cp_packages *packages = cp_packages_new(index);
	const struct cp_package *owner = cp_packages_owner(packages, node);
	char text[256] = "nobody";
	if (owner)
		snprintf(text, sizeof(text), "%s@%s %s", owner->name,
			owner->version ? owner->version : "?", owner->path);
	if (strcmp(text, expected) != 0)
		fail_msg("%s is of %s, not of %s", file, text, expected);
	assert_ptr_equal(cp_packages_owner(packages, node), owner);
}

static void packages_of_node_modules(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(
		index, "app/node_modules/a/package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}");
	add_json(index, "app/node_modules/@s/b/package.json",
		"{\"name\":\"@s/b\",\"version\":\"2.0.0\"}");
	add_json(index, "app/node_modules/a/node_modules/c/package.json",
		"{\"name\":\"c\",\"version\":\"3.0.0\"}");
	/* An alias: npm install alias@npm:real */
	add_json(index, "app/node_modules/alias/package.json",
		"{\"name\":\"real\",\"version\":\"4.0.0\"}");
	expect_owner(
		index, "app/node_modules/a/build/Release/x.node", "a@1.0.0 /app/node_modules/a");
	expect_owner(index, "app/node_modules/@s/b/x.node", "@s/b@2.0.0 /app/node_modules/@s/b");
	expect_owner(index, "app/node_modules/a/node_modules/c/deep/er/x.node",
		"c@3.0.0 /app/node_modules/a/node_modules/c");
	expect_owner(index, "app/node_modules/alias/x.node", "real@4.0.0 /app/node_modules/alias");
}

static void a_place_needs_no_readable_package_json(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(index, "node_modules/broken/package.json", "{\"name\":");
	add_json(index, "node_modules/odd/package.json", "{\"name\": 5, \"version\": \"\"}");
	add_json(index, "node_modules/array/package.json", "[\"name\"]");
	expect_owner(index, "node_modules/broken/x", "broken@? /node_modules/broken");
	expect_owner(index, "node_modules/odd/x", "odd@? /node_modules/odd");
	expect_owner(index, "node_modules/array/x", "array@? /node_modules/array");
	expect_owner(index, "node_modules/none/x", "none@? /node_modules/none");
	expect_owner(index, "node_modules/@s/none/x", "@s/none@? /node_modules/@s/none");
}

static void a_package_json_inside_a_package_makes_none(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(index, "node_modules/a/package.json", "{\"name\":\"a\"}");
	add_json(index, "node_modules/a/dist/package.json", "{\"name\":\"inner\"}");
	expect_owner(index, "node_modules/a/dist/x.node", "a@? /node_modules/a");
}

static void stores_of_package_managers(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	expect_owner(index, "node_modules/.pnpm/@s+x@1.0.0/node_modules/@s/x/x.node",
		"@s/x@? /node_modules/.pnpm/@s+x@1.0.0/node_modules/@s/x");
	expect_owner(index, ".yarn/unplugged/x-npm-1.0.0-abc/node_modules/x/x.node",
		"x@? /.yarn/unplugged/x-npm-1.0.0-abc/node_modules/x");
	add_json(index, "node_modules/.store/y-npm-1/package/package.json", "{\"name\":\"y\"}");
	expect_owner(index, "node_modules/.store/y-npm-1/package/build/y.node",
		"y@? /node_modules/.store/y-npm-1/package");
	expect_owner(index, "node_modules/.pnpm/lock.node", "nobody");
}

static void what_lies_beside_packages_is_nobodys(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(index, "app/package.json", "{\"name\":\"app\"}");
	add_json(index, "app/node_modules/.cache/tool/package.json", "{\"name\":\"tool\"}");
	expect_owner(index, "app/node_modules/.bin/esbuild", "nobody");
	expect_owner(index, "app/node_modules/.cache/tool/x", "nobody");
	expect_owner(index, "app/node_modules/loose.node", "nobody");
	expect_owner(index, "app/node_modules/@s/loose.node", "nobody");
	expect_owner(index, "elsewhere/x", "nobody");
	expect_owner(index, "x", "nobody");
}

static void the_nearest_named_package_json_outside(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(index, "app/package.json", "{\"name\":\"app\",\"version\":\"1\"}");
	add_json(index, "app/packages/native/package.json", "{\"name\":\"@app/native\"}");
	add_json(index, "app/dist/package.json", "{\"type\":\"module\"}");
	add_json(index, "app/vendor/package.json", "not JSON");
	expect_owner(index, "app/build/x.node", "app@1 /app");
	expect_owner(index, "app/packages/native/x.node", "@app/native@? /app/packages/native");
	expect_owner(index, "app/packages/x.node", "app@1 /app");
	expect_owner(index, "app/dist/x.node", "app@1 /app");
	expect_owner(index, "app/vendor/x.node", "app@1 /app");
	add_json(index, "package.json", "{\"name\":\"root\"}");
	expect_owner(index, "lib/x.node", "root@? /");
}

static void system_files_have_no_owner_outside_node_modules(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_json(index, "package.json", "{\"name\":\"root\"}");
	uint32_t node = add_file(index, "usr/lib/libc.so.6");
	cp_index_node_mutable(index, node)->flags |= CP_NODE_SYSTEM;
	expect_owner(index, "usr/lib/libc.so.6", "nobody");
	node = add_file(index, "usr/lib/node_modules/npm/x.node");
	cp_index_node_mutable(index, node)->flags |= CP_NODE_SYSTEM;
	expect_owner(index, "usr/lib/node_modules/npm/x.node", "npm@? /usr/lib/node_modules/npm");
}

static void one_package_has_one_identity(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint32_t one = add_file(index, "node_modules/a/one/x.node");
	uint32_t two = add_file(index, "node_modules/a/two/x.node");
	uint32_t other = add_file(index, "node_modules/b/x.node");
	cp_cleanup_packages struct cp_packages *packages = cp_packages_new(index);
	assert_ptr_equal(cp_packages_owner(packages, one), cp_packages_owner(packages, two));
	assert_ptr_not_equal(cp_packages_owner(packages, one), cp_packages_owner(packages, other));
	char deep[2 * CP_INDEX_MAX_DEPTH + 1] = "";
	for (size_t i = 0; i < CP_INDEX_MAX_DEPTH; i++)
		strcat(deep, "d/");
	assert_null(cp_packages_owner(packages, 0));
	cp_cleanup_packages struct cp_packages *again = NULL;
	uint32_t deepest = add_file(index, deep);
	again = cp_packages_new(index);
	assert_null(cp_packages_owner(again, deepest));
}

static void expect_reduced(const char *json, const char *expected)
{
	cp_cleanup_free char *reduced = cp_package_json_reduce(json, strlen(json));
	if (expected)
		assert_string_equal(reduced, expected);
	else
		assert_null(reduced);
}

static void package_json_is_reduced(void **state)
{
	(void)state;
	expect_reduced("{\"name\":\"x\",\"readme\":\"…\",\"libc\":[\"musl\"],\"os\":null}",
		"{\"name\":\"x\",\"os\":null,\"libc\":[\"musl\"]}");
	expect_reduced("\xef\xbb\xbf{ \"version\" : \"1\" }", "{\"version\":\"1\"}");
	expect_reduced("{\"napi\":{\"binaryName\":\"x\"},\"exports\":{}}",
		"{\"napi\":{\"binaryName\":\"x\"}}");
	expect_reduced("{}", "{}");
	expect_reduced("", NULL);
	expect_reduced("[]", NULL);
	expect_reduced("\"name\"", NULL);
	expect_reduced("{\"name\":\"x\"} trailing", NULL);
	expect_reduced("{\"name\":\"\xff\"}", NULL);
	size_t size = 1 << 20;
	char *deep = malloc(size + 1);
	memset(deep, '[', size);
	memcpy(deep, "{\"name\":", 8);
	deep[size] = '\0';
	expect_reduced(deep, NULL);
	memset(deep, ' ', size);
	deep[0] = '{';
	deep[size - 1] = '}';
	expect_reduced(deep, "{}");
	char *larger = malloc(size + 2);
	memcpy(larger, deep, size);
	memcpy(larger + size, " ", 2);
	expect_reduced(larger, NULL);
	free(larger);
	free(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_of_node_modules),
		cmocka_unit_test(a_place_needs_no_readable_package_json),
		cmocka_unit_test(a_package_json_inside_a_package_makes_none),
		cmocka_unit_test(stores_of_package_managers),
		cmocka_unit_test(what_lies_beside_packages_is_nobodys),
		cmocka_unit_test(the_nearest_named_package_json_outside),
		cmocka_unit_test(system_files_have_no_owner_outside_node_modules),
		cmocka_unit_test(one_package_has_one_identity),
		cmocka_unit_test(package_json_is_reduced),
	};
	return cmocka_run_group_tests_name("npm", tests, NULL, NULL);
}
