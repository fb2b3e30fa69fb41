/* SPDX-License-Identifier: MIT
 *
 * Builds on disk, and packages that mean harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/elf_builder.h"
#include "support/package_tree.h"

/* --- builds on disk ------------------------------------------------------------------ */

static void expect_builds(struct package_tree *tree, const char *expected)
{
	char text[4096] = "";
	struct cp_root root = {.layers = {{tree->index, false}}, .count = 1};
	struct cp_variant_context context = {&root, &on_musl, PACKAGE_DIRECTORY, tree->manifest};
	struct cp_builds builds;
	assert_int_equal(cp_variant_builds(&context, &builds, NULL), 0);
	for (size_t i = 0; i < builds.count; i++) {
		const struct cp_build *build = &builds.items[i];
		const char *libc = build->libc == CP_LIBC_UNKNOWN ? "?" : cp_libc_name(build->libc);
		size_t length = strlen(text);
		snprintf(text + length, sizeof(text) - length, "%s %s %s %s %s\n",
			strrchr(build->path, '/') + 1, build->package ? build->package : "-",
			build->os ? build->os : "?", build->arch ? build->arch : "?",
			libc ? libc : "none");
	}
	cp_builds_clear(&builds);
	assert_string_equal(text, expected);
}

static void be_object(struct package_tree *tree, uint32_t node, const char *needed)
{
	struct elf_spec spec = {.needed = {needed}};
	struct elf_image image = elf_build(&spec);
	struct cp_facts *facts;
	assert_int_equal(cp_facts_read(image.bytes, image.size, &facts, NULL), 0);
	assert_int_equal(cp_index_set_facts(tree->index, node, facts, NULL), 0);
	elf_image_free(&image);
}

static void builds_are_told_by_the_files_before_their_names(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@x/linux-arm64-musl\":\"1\","
		      "\"@x/linux-x64\":\"1\",\"@x/win32-x64\":\"1\",\"other\":\"1\"}}");
	be_object(tree, tree_add(tree, "build/Release/liar.musl.node"), "libc.so.6");
	cp_index_node_mutable(tree->index, tree_add(tree, "prebuilds/darwin-x64/m.node"))->content =
		CP_CONTENT_MACHO;
	tree_add(tree, "prebuilds/linux-x64/named.glibc.node");
	tree_add(tree, "prebuilds/silent.node");
	tree_add(tree, "node_modules/y/y.node");
	tree_add(tree, "/app/node_modules/other/other.node");
	be_object(tree, tree_add(tree, "/app/node_modules/@x/linux-x64/bin/program"), NULL);
	tree_add(tree, "/app/node_modules/@x/linux-arm64-musl/lib/x.node");
	expect_builds(tree, "liar.musl.node - linux x64 glibc\n"
			    "silent.node - ? ? ?\n"
			    "m.node - darwin x64 ?\n"
			    "named.glibc.node - linux x64 glibc\n"
			    "x.node @x/linux-arm64-musl linux arm64 musl\n"
			    "program @x/linux-x64 linux x64 none\n");
}

static void links_that_go_round_are_not_followed(void **state)
{
	struct package_tree *tree = *state;
	uint32_t link;
	tree_be(tree, "{\"name\":\"x\"}");
	tree_add(tree, "lib/x.node");
	for (char name[] = PACKAGE_DIRECTORY "/lib/a"; name[sizeof(name) - 2] <= 'z';
		name[sizeof(name) - 2]++) {
		assert_int_equal(cp_index_add(tree->index, name, CP_NODE_SYMLINK, &link, NULL), 0);
		assert_int_equal(cp_index_set_link(tree->index, link, ".", NULL), 0);
	}
	expect_builds(tree, "x.node - ? ? ?\n");
}

/* --- hostile packages --------------------------------------------------------------- */

static void fields_of_the_wrong_kind(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":5,\"version\":[],\"dependencies\":\"node-gyp-build\","
		      "\"optionalDependencies\":[\"x-linux-x64\"],\"napi\":1,\"binary\":\"x\","
		      "\"scripts\":null}");
	tree_expect(tree, &on_musl, "none:");
	tree_be(tree,
		"{\"dependencies\":{\"node-gyp-build-optional-packages\":1,\"require-addon\":1},"
		"\"optionalDependencies\":{}}");
	tree_add(tree, "prebuilds/linux-x64/x.glibc.node");
	tree_expect(tree, &on_musl, "node-gyp-build-optional-packages:");
}

static void names_that_leave_the_package(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"@mapbox/node-pre-gyp\":\"2\"},"
		      "\"binary\":{\"module_name\":\"x\",\"module_path\":\"../../../../../etc\"}}");
	tree_add(tree, "package.json");
	tree_add(tree, "/etc/x.node");
	tree_expect(
		tree, &on_musl, "node-pre-gyp: /etc/x.node"); /* as the loader would; in the root */
}

static void names_longer_than_a_path(void **state)
{
	struct package_tree *tree = *state;
	static char name[9000], manifest[20000];
	memset(name, 'x', sizeof(name) - 1);
	snprintf(manifest, sizeof(manifest),
		"{\"name\":\"%s\",\"dependencies\":{\"require-addon\":1,"
		"\"node-gyp-build-optional-packages\":1},\"optionalDependencies\":{\"%s\":1}}",
		name, name);
	tree_be(tree, manifest);
	tree_add(tree, "prebuilds/linux-x64/x");
	tree_expect(tree, &on_musl, "node-gyp-build-optional-packages:");
	snprintf(manifest, sizeof(manifest),
		"{\"name\":\"%s\",\"dependencies\":{\"require-addon\":1}}", name);
	tree_be(tree, manifest);
	tree_expect(tree, &on_musl, "require-addon:");
	snprintf(manifest, sizeof(manifest),
		"{\"dependencies\":{\"node-pre-gyp\":1},\"binary\":{\"module_name\":\"%s\","
		"\"module_path\":\"{module_name}%s\"}}",
		name, name);
	tree_be(tree, manifest);
	tree_expect(tree, &on_musl, "node-pre-gyp:");
}

static void many_platform_packages_are_capped(void **state)
{
	struct package_tree *tree = *state;
	char name[1024] = "x-linux";
	json_t *optional = json_object();
	for (int i = 0; i < 200; i++) { /* one family: a word more that tells the same each time */
		strcat(name, "-x64");
		json_object_set_new(optional, name, json_true());
	}
	tree_be(tree, "{}");
	json_object_set_new(tree->manifest, "optionalDependencies", optional);
	struct cp_pick pick = tree_pick(tree, PACKAGE_DIRECTORY, &on_musl);
	assert_int_equal(pick.n_wanted, CP_PICK_MAX_NEXT);
	cp_pick_clear(&pick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKAGE_TEST(builds_are_told_by_the_files_before_their_names),
		PACKAGE_TEST(links_that_go_round_are_not_followed),
		PACKAGE_TEST(fields_of_the_wrong_kind),
		PACKAGE_TEST(names_that_leave_the_package),
		PACKAGE_TEST(names_longer_than_a_path),
		PACKAGE_TEST(many_platform_packages_are_capped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
