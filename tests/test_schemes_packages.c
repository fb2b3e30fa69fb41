/* SPDX-License-Identifier: MIT
 *
 * Schemes whose builds are packages of their own (napi-rs, sharp, esbuild, koffi), and the words by
 * which names tell a platform.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemes/platform_words.h"
#include "support/package_tree.h"

static void napi_rs_looks_beside_itself_and_then_for_a_package(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"napi\":{\"binaryName\":\"x\"},\"optionalDependencies\":{"
		      "\"@x/x-darwin-x64\":\"1\",\"@x/x-linux-x64-gnu\":\"1\","
		      "\"@x/x-linux-x64-musl\":\"1\",\"@x/x-linux-arm64-musl\":\"1\"}}");
	tree_add_text(tree, "/app/node_modules/@x/x-linux-x64-gnu/package.json",
		"{\"main\":\"x.linux-x64-gnu.node\"}");
	tree_add(tree, "/app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node");
	tree_expect(tree, &on_glibc,
		"napi-rs: /app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node "
		"?@x/x-linux-x64-gnu");
	tree_expect(tree, &on_musl, "napi-rs: ?@x/x-linux-x64-musl");
	tree_expect(tree, &on_musl_arm, "napi-rs: ?@x/x-linux-arm64-musl");
	tree_add(tree, "x.linux-x64-gnu.node");
	tree_expect(tree, &on_glibc,
		"napi-rs: x.linux-x64-gnu.node "
		"/app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node ?@x/x-linux-x64-gnu");
}

static void napi_rs_believes_ldd(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"napi\":{},\"optionalDependencies\":{"
		      "\"x-linux-x64-gnu\":\"1\",\"x-linux-x64-musl\":\"1\"}}");
	tree_add_text(tree, "/usr/bin/ldd", "#!/bin/sh\n# GNU C Library\n");
	tree_expect(tree, &on_musl, "napi-rs: ?x-linux-x64-gnu");
	tree_add_text(tree, "/usr/bin/ldd", "#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list\n");
	tree_expect(tree, &on_glibc, "napi-rs: ?x-linux-x64-musl");
}

static void rollup_asks_the_report_and_not_ldd(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree,
		"{\"name\":\"rollup\",\"napi\":{},\"optionalDependencies\":{"
		"\"@rollup/rollup-linux-x64-gnu\":\"1\",\"@rollup/rollup-linux-x64-musl\":\"1\"}}");
	tree_add_text(tree, "/usr/bin/ldd", "#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list\n");
	tree_expect(tree, &on_glibc, "napi-rs: ?@rollup/rollup-linux-x64-gnu");
}

#define SHARP                                                                                      \
	"{\"name\":\"x\",\"version\":\"1.2.3\",\"dependencies\":{\"detect-libc\":\"2\"},"          \
	"\"optionalDependencies\":{\"@img/x-linux-x64\":\"1\",\"@img/x-linuxmusl-x64\":\"1\","     \
	"\"@img/x-libvips-linux-x64\":\"1\",\"@img/x-libvips-linuxmusl-x64\":\"1\","               \
	"\"@img/x-wasm32\":\"1\"}}"

static void platform_packages_are_asked_for_by_libc(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, SHARP);
	tree_expect(tree, &on_glibc, "platform-packages: ?@img/x-linux-x64");
	tree_expect(tree, &on_musl, "platform-packages: ?@img/x-linuxmusl-x64");
	tree_add(tree, "/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node");
	tree_expect(tree, &on_musl,
		"platform-packages: "
		"/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node "
		"?@img/x-linuxmusl-x64");
	tree_expect(tree, &on_glibc, "platform-packages: ?@img/x-linux-x64");
	tree_add(tree, "src/build/Release/x-linuxmusl-x64-1.2.3.node");
	tree_expect(tree, &on_musl,
		"platform-packages: src/build/Release/x-linuxmusl-x64-1.2.3.node "
		"/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node "
		"?@img/x-linuxmusl-x64");
}

static void a_platform_package_without_a_libc_serves_both(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@x/linux-x64\":\"1\","
		      "\"@x/win32-x64\":\"1\",\"@x/android-x64\":\"1\"}}");
	uint32_t program = tree_add(tree, "/app/node_modules/@x/linux-x64/bin/x");
	cp_index_node_mutable(tree->index, program)->content = CP_CONTENT_ELF;
	const char *expected = "platform-packages: /app/node_modules/@x/linux-x64/bin/x "
			       "?@x/linux-x64";
	tree_expect(tree, &on_glibc, expected);
	tree_expect(tree, &on_musl, expected);
	tree_expect(tree, &on_musl_arm, "platform-packages:");
}

static void two_builds_in_a_platform_package(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@k/x-linux-x64\":\"1\","
		      "\"@k/x-darwin-x64\":\"1\"}}");
	tree_add_text(
		tree, "/app/node_modules/@k/x-linux-x64/package.json", "{\"main\":\"index.js\"}");
	tree_add(tree, "/app/node_modules/@k/x-linux-x64/linux_x64/x.node");
	tree_add(tree, "/app/node_modules/@k/x-linux-x64/musl_x64/x.node");
	tree_expect(tree, &on_glibc,
		"platform-packages: /app/node_modules/@k/x-linux-x64/linux_x64/x.node "
		"/app/node_modules/@k/x-linux-x64/musl_x64/x.node ?@k/x-linux-x64");
	tree_expect(tree, &on_musl,
		"platform-packages: /app/node_modules/@k/x-linux-x64/musl_x64/x.node "
		"/app/node_modules/@k/x-linux-x64/linux_x64/x.node ?@k/x-linux-x64");
}

static void what_was_built_here_comes_after_a_missing_package(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"x-linux-x64-musl\":\"1\","
		      "\"x-linux-x64-glibc\":\"1\"}}");
	tree_add(tree, "build/Debug/x.node");
	assert_true(tree_compiled(tree));
	tree_expect(tree, &on_musl, "platform-packages: build/Debug/x.node ?x-linux-x64-musl");
	tree_add(tree, "/app/node_modules/x-linux-x64-musl/index.node");
	tree_expect(tree, &on_musl,
		"platform-packages: /app/node_modules/x-linux-x64-musl/index.node "
		"?x-linux-x64-musl");
}

static void an_application_that_lists_platform_packages_is_no_loader(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, SHARP);
	tree_add(tree, "/app/package.json");
	struct cp_pick pick = tree_pick(tree, "/app", &on_musl);
	assert_int_equal(pick.state, CP_PICK_NONE);
	assert_null(pick.scheme);
	cp_pick_clear(&pick);
}

static void packages_are_found_as_node_finds_them(void **state)
{
	struct package_tree *tree = *state;
	uint32_t link;
	static const char directory[] = "/app/node_modules/.pnpm/x@1/node_modules/x";
	tree_be(tree, SHARP);
	tree_add(tree, "/app/node_modules/.pnpm/x@1/node_modules/x/package.json");
	tree_add(tree, "/app/node_modules/.pnpm/y@1/node_modules/@img/x-linux-x64/index.node");
	assert_int_equal(cp_index_add(tree->index,
				 "/app/node_modules/.pnpm/x@1/node_modules/@img/x-linux-x64",
				 CP_NODE_SYMLINK, &link, NULL),
		0);
	assert_int_equal(cp_index_set_link(tree->index, link,
				 "../../../y@1/node_modules/@img/x-linux-x64", NULL),
		0);
	struct cp_pick pick = tree_pick(tree, directory, &on_glibc);
	assert_string_equal(
		pick.path, "/app/node_modules/.pnpm/y@1/node_modules/@img/x-linux-x64/index.node");
	cp_pick_clear(&pick);
}

/* Yarn's Plug'n'Play: each package that has native code is unpacked to a place of its own. */
static void packages_are_found_where_yarn_unplugs_them(void **state)
{
	static const char of_x[] = "/app/.yarn/unplugged/x-virtual-7fd580dbcc/node_modules/x";
	static const char file[] = "/app/.yarn/unplugged/@img-x-linux-x64-npm-1.2.3-460d7b7e7e"
				   "/node_modules/@img/x-linux-x64/lib/x-linux-x64.node";
	struct package_tree *tree = *state;
	tree_be(tree, SHARP);
	tree_add(tree, file);
	tree_add(tree, "/app/.yarn/unplugged/@img-x-linux-x64-other-npm-1-0/node_modules/y/y.node");
	struct cp_pick pick = tree_pick(tree, of_x, &on_glibc);
	assert_int_equal(pick.state, CP_PICK_FOUND);
	assert_string_equal(pick.path, file);
	cp_pick_clear(&pick);
	pick = tree_pick(tree, of_x, &on_musl);
	assert_int_equal(pick.state, CP_PICK_MISSING);
	assert_string_equal(pick.wanted[0], "@img/x-linuxmusl-x64");
	cp_pick_clear(&pick);
	tree_expect(tree, &on_glibc, "platform-packages: ?@img/x-linux-x64"); /* not from outside */
}

/* --- words -------------------------------------------------------------------------- */

static void words_of_platforms(void **state)
{
	(void)state;
	struct cp_platform_words said = cp_platform_words("@img/sharp-linuxmusl-arm64");
	assert_true(said.linux_ && !said.other && said.libc == CP_LIBC_MUSL);
	assert_string_equal(said.arch, "arm64");
	said = cp_platform_words("releases/x86_64-unknown-linux-gnu/index.node");
	assert_true(said.linux_ && said.libc == CP_LIBC_GLIBC);
	assert_string_equal(said.arch, "x64");
	said = cp_platform_words("musl_x64");
	assert_true(!said.linux_ && said.libc == CP_LIBC_MUSL);
	said = cp_platform_words("x86_648-linuxx");
	assert_true(!said.linux_);
	assert_true(cp_same_but_platform("@a/b-linux-x64-gnu", "@a/b-win32-arm64-msvc"));
	assert_false(cp_same_but_platform("@a/b-linux-x64", "@a/b-c-linux-x64"));
	assert_false(cp_same_but_platform("a", ""));
	assert_int_equal(cp_length_but_platform("@a/bc-linux-x64"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKAGE_TEST(napi_rs_looks_beside_itself_and_then_for_a_package),
		PACKAGE_TEST(napi_rs_believes_ldd),
		PACKAGE_TEST(rollup_asks_the_report_and_not_ldd),
		PACKAGE_TEST(platform_packages_are_asked_for_by_libc),
		PACKAGE_TEST(a_platform_package_without_a_libc_serves_both),
		PACKAGE_TEST(two_builds_in_a_platform_package),
		PACKAGE_TEST(what_was_built_here_comes_after_a_missing_package),
		PACKAGE_TEST(an_application_that_lists_platform_packages_is_no_loader),
		PACKAGE_TEST(packages_are_found_as_node_finds_them),
		PACKAGE_TEST(packages_are_found_where_yarn_unplugs_them),
		cmocka_unit_test(words_of_platforms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
