/* SPDX-License-Identifier: MIT
 *
 * Which build each kind of loader picks: a test or more per scheme, on trees that hold just what
 * the rule is about. That the rules are the real loaders' is for tests/variants to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "schemes/platform_words.h"
#include "support/elf_builder.h"
#include "variant.h"

#define DIRECTORY "/app/node_modules/x"

static struct cp_platform glibc = {CP_LIBC_GLIBC, "x64", 20, 115, 9, false};
static struct cp_platform musl = {CP_LIBC_MUSL, "x64", 20, 115, 9, true};
static struct cp_platform musl_arm = {CP_LIBC_MUSL, "arm64", 22, 127, 10, true};

/* A tree with the package x in it. */
struct tree {
	struct cp_index *index;
	json_t *manifest;
};

static int begin(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	tree->index = cp_index_new();
	*state = tree;
	return !tree->index;
}

static int end(void **state)
{
	struct tree *tree = *state;
	cp_index_free(tree->index);
	json_decref(tree->manifest);
	free(tree);
	return 0;
}

/* Adds a file: absolute, or in the package x. */
static uint32_t add(struct tree *tree, const char *name)
{
	char path[4096];
	uint32_t node;
	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : DIRECTORY "/", name);
	assert_int_equal(cp_index_add(tree->index, path, CP_NODE_FILE, &node, NULL), 0);
	return node;
}

static void add_text(struct tree *tree, const char *name, const char *text)
{
	uint32_t node = add(tree, name);
	assert_int_equal(cp_index_set_text(tree->index, node, text, strlen(text), true, NULL), 0);
}

static void be(struct tree *tree, const char *manifest)
{
	json_decref(tree->manifest);
	tree->manifest = json_loads(manifest, 0, NULL);
	assert_non_null(tree->manifest);
}

static struct cp_pick pick_in(
	struct tree *tree, const char *directory, const struct cp_platform *platform)
{
	struct cp_root root = {.layers = {{tree->index, false}}, .count = 1};
	struct cp_variant_context context = {&root, platform, directory, tree->manifest};
	struct cp_pick pick;
	assert_int_equal(cp_variant_pick(&context, &pick, NULL), 0);
	return pick;
}

/* Appends "  WORD"s to a line. */
static void tell(char *line, size_t size, const char *mark, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *word = words[i], *shared = DIRECTORY "/";
		if (!strncmp(word, shared, strlen(shared)))
			word += strlen(shared);
		size_t length = strlen(line);
		snprintf(line + length, size - length, "%s%s%s", *line ? " " : "", mark, word);
	}
}

/* The pick in one line: "SCHEME: FIRST NEXT… ?WANTED…", paths in the package x relative to it. */
static void expect(struct tree *tree, const struct cp_platform *platform, const char *expected)
{
	char line[4096] = "";
	struct cp_pick pick = pick_in(tree, DIRECTORY, platform);
	assert_int_equal(pick.state == CP_PICK_FOUND, pick.path != NULL);
	snprintf(line, sizeof(line), "%s:", pick.scheme ? pick.scheme : "none");
	tell(line, sizeof(line), "", &pick.path, pick.path != NULL);
	tell(line, sizeof(line), "", pick.next, pick.n_next);
	tell(line, sizeof(line), "?", pick.wanted, pick.n_wanted);
	cp_pick_clear(&pick);
	assert_string_equal(line, expected);
}

static bool compiled(struct tree *tree)
{
	struct cp_pick pick = pick_in(tree, DIRECTORY, &glibc);
	bool result = pick.compiled_at_install;
	cp_pick_clear(&pick);
	return result;
}

/* --- node-gyp-build ------------------------------------------------------------- */

#define GYP_BUILD "{\"name\":\"x\",\"dependencies\":{\"node-gyp-build\":\"^4\"}}"

static void node_gyp_build_takes_the_libc_of_the_tag(void **state)
{
	struct tree *tree = *state;
	be(tree, GYP_BUILD);
	add(tree, "prebuilds/linux-x64/x.glibc.node");
	add(tree, "prebuilds/linux-x64/x.musl.node");
	add(tree, "prebuilds/linux-arm64/x.armv7.musl.node");
	add(tree, "prebuilds/linux-arm64/x.armv8.musl.node");
	add(tree, "prebuilds/linux-arm64/README");
	expect(tree, &glibc, "node-gyp-build: prebuilds/linux-x64/x.glibc.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/x.musl.node");
	expect(tree, &musl_arm, "node-gyp-build: prebuilds/linux-arm64/x.armv8.musl.node");
}

static void node_gyp_build_goes_by_alpine_release(void **state)
{
	struct tree *tree = *state;
	struct cp_platform other_musl = musl;
	other_musl.alpine_release = false;
	be(tree, GYP_BUILD);
	add(tree, "prebuilds/linux-x64/x.glibc.node");
	add(tree, "prebuilds/linux-x64/x.musl.node");
	expect(tree, &other_musl, "node-gyp-build: prebuilds/linux-x64/x.glibc.node");
}

static void node_gyp_build_prefers_the_most_specific(void **state)
{
	struct tree *tree = *state;
	be(tree, GYP_BUILD);
	add(tree, "prebuilds/linux-x64/electron.abi115.musl.node");
	add(tree, "prebuilds/linux-x64/node.napi.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/node.napi.node");
	add(tree, "prebuilds/linux-x64/node.napi.musl.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/node.napi.musl.node");
	add(tree, "prebuilds/linux-x64/node.abi115.node");
	add(tree, "prebuilds/linux-x64/node.abi127.musl.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/node.abi115.node");
	add(tree, "prebuilds/linux-x64/node.abi115.uv2.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/node.abi115.node");
	assert_false(compiled(tree));
	add(tree, "build/Debug/x.node");
	expect(tree, &musl, "node-gyp-build: build/Debug/x.node");
	add(tree, "build/Release/x.node");
	expect(tree, &musl, "node-gyp-build: build/Release/x.node");
	assert_true(compiled(tree));
}

static void node_gyp_build_prefers_one_architecture(void **state)
{
	struct tree *tree = *state;
	be(tree, GYP_BUILD);
	add(tree, "prebuilds/linux-x64+arm64/x.node");
	add(tree, "prebuilds/linux--x64/x.node");
	add(tree, "prebuilds/linux-x64+/x.node");
	expect(tree, &musl_arm, "node-gyp-build: prebuilds/linux-x64+arm64/x.node");
	add(tree, "prebuilds/linux-x64/x.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linux-x64/x.node");
}

static void node_gyp_build_without_a_build_finds_nothing(void **state)
{
	struct tree *tree = *state;
	be(tree, GYP_BUILD);
	add(tree, "prebuilds/linux-x64/x.glibc.node");
	expect(tree, &musl, "node-gyp-build:");
	add(tree, "prebuilds/linux-x64/x.musl.node.txt");
	add(tree, "prebuilds/linux-x64/.node/x");
	expect(tree, &musl, "node-gyp-build:");
}

static void node_gyp_build_3_has_the_libc_in_the_directory(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"node-gyp-build\":\"^3.9.0\"}}");
	add_text(tree, "/app/node_modules/node-gyp-build/package.json", "{\"version\":\"3.9.0\"}");
	add(tree, "prebuilds/linuxglibc-x64/node-napi.node");
	add(tree, "prebuilds/linuxmusl-x64/node-napi.node");
	expect(tree, &glibc, "node-gyp-build: prebuilds/linuxglibc-x64/node-napi.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linuxmusl-x64/node-napi.node");
	add(tree, "prebuilds/linuxmusl-x64/node-115.node");
	expect(tree, &musl, "node-gyp-build: prebuilds/linuxmusl-x64/node-115.node");
	add(tree, "prebuilds/linux-arm64/node-127.node");
	expect(tree, &musl_arm, "node-gyp-build: prebuilds/linux-arm64/node-127.node");
	add(tree, "prebuilds/linuxmusl-arm64-v8/node-napi.node");
	expect(tree, &musl_arm, "node-gyp-build: prebuilds/linuxmusl-arm64-v8/node-napi.node");
}

static void node_gyp_build_optional_packages_has_both_libcs_in_one(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"node-gyp-build-optional-packages\":\"5\"},"
		 "\"optionalDependencies\":{\"@x/x-linux-x64\":\"1\",\"@x/x-linux-arm64\":\"1\"}}");
	expect(tree, &musl, "node-gyp-build-optional-packages: ?@x/x-linux-x64");
	add(tree, "/app/node_modules/@x/x-linux-x64/node.napi.musl.node");
	add(tree, "/app/node_modules/@x/x-linux-x64/node.napi.glibc.node");
	add(tree, "/app/node_modules/@x/x-linux-x64/node.abi115.glibc.node");
	add(tree, "/app/node_modules/@x/x-linux-x64/x.musl.node");
	expect(tree, &musl,
		"node-gyp-build-optional-packages: "
		"/app/node_modules/@x/x-linux-x64/node.napi.musl.node ?@x/x-linux-x64");
	expect(tree, &glibc,
		"node-gyp-build-optional-packages: "
		"/app/node_modules/@x/x-linux-x64/node.abi115.glibc.node ?@x/x-linux-x64");
}

/* --- platform packages ------------------------------------------------------------ */

static void napi_rs_looks_beside_itself_and_then_for_a_package(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"napi\":{\"binaryName\":\"x\"},\"optionalDependencies\":{"
		 "\"@x/x-darwin-x64\":\"1\",\"@x/x-linux-x64-gnu\":\"1\","
		 "\"@x/x-linux-x64-musl\":\"1\",\"@x/x-linux-arm64-musl\":\"1\"}}");
	add_text(tree, "/app/node_modules/@x/x-linux-x64-gnu/package.json",
		"{\"main\":\"x.linux-x64-gnu.node\"}");
	add(tree, "/app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node");
	expect(tree, &glibc,
		"napi-rs: /app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node "
		"?@x/x-linux-x64-gnu");
	expect(tree, &musl, "napi-rs: ?@x/x-linux-x64-musl");
	expect(tree, &musl_arm, "napi-rs: ?@x/x-linux-arm64-musl");
	add(tree, "x.linux-x64-gnu.node");
	expect(tree, &glibc,
		"napi-rs: x.linux-x64-gnu.node "
		"/app/node_modules/@x/x-linux-x64-gnu/x.linux-x64-gnu.node ?@x/x-linux-x64-gnu");
}

static void napi_rs_believes_ldd(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"napi\":{},\"optionalDependencies\":{"
		 "\"x-linux-x64-gnu\":\"1\",\"x-linux-x64-musl\":\"1\"}}");
	add_text(tree, "/usr/bin/ldd", "#!/bin/sh\n# GNU C Library\n");
	expect(tree, &musl, "napi-rs: ?x-linux-x64-gnu");
	add_text(tree, "/usr/bin/ldd", "#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list\n");
	expect(tree, &glibc, "napi-rs: ?x-linux-x64-musl");
}

#define SHARP                                                                                      \
	"{\"name\":\"x\",\"version\":\"1.2.3\",\"dependencies\":{\"detect-libc\":\"2\"},"          \
	"\"optionalDependencies\":{\"@img/x-linux-x64\":\"1\",\"@img/x-linuxmusl-x64\":\"1\","     \
	"\"@img/x-libvips-linux-x64\":\"1\",\"@img/x-libvips-linuxmusl-x64\":\"1\","               \
	"\"@img/x-wasm32\":\"1\"}}"

static void platform_packages_are_asked_for_by_libc(void **state)
{
	struct tree *tree = *state;
	be(tree, SHARP);
	expect(tree, &glibc, "platform-packages: ?@img/x-linux-x64");
	expect(tree, &musl, "platform-packages: ?@img/x-linuxmusl-x64");
	add(tree, "/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node");
	expect(tree, &musl,
		"platform-packages: "
		"/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node "
		"?@img/x-linuxmusl-x64");
	expect(tree, &glibc, "platform-packages: ?@img/x-linux-x64");
	add(tree, "src/build/Release/x-linuxmusl-x64-1.2.3.node");
	expect(tree, &musl,
		"platform-packages: src/build/Release/x-linuxmusl-x64-1.2.3.node "
		"/app/node_modules/@img/x-linuxmusl-x64/lib/x-linuxmusl-x64.node "
		"?@img/x-linuxmusl-x64");
}

static void a_platform_package_without_a_libc_serves_both(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@x/linux-x64\":\"1\","
		 "\"@x/win32-x64\":\"1\",\"@x/android-x64\":\"1\"}}");
	uint32_t program = add(tree, "/app/node_modules/@x/linux-x64/bin/x");
	cp_index_node_mutable(tree->index, program)->content = CP_CONTENT_ELF;
	const char *expected = "platform-packages: /app/node_modules/@x/linux-x64/bin/x "
			       "?@x/linux-x64";
	expect(tree, &glibc, expected);
	expect(tree, &musl, expected);
	expect(tree, &musl_arm, "platform-packages:");
}

static void two_builds_in_a_platform_package(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@k/x-linux-x64\":\"1\","
		 "\"@k/x-darwin-x64\":\"1\"}}");
	add_text(tree, "/app/node_modules/@k/x-linux-x64/package.json", "{\"main\":\"index.js\"}");
	add(tree, "/app/node_modules/@k/x-linux-x64/linux_x64/x.node");
	add(tree, "/app/node_modules/@k/x-linux-x64/musl_x64/x.node");
	expect(tree, &glibc,
		"platform-packages: /app/node_modules/@k/x-linux-x64/linux_x64/x.node "
		"/app/node_modules/@k/x-linux-x64/musl_x64/x.node ?@k/x-linux-x64");
	expect(tree, &musl,
		"platform-packages: /app/node_modules/@k/x-linux-x64/musl_x64/x.node "
		"/app/node_modules/@k/x-linux-x64/linux_x64/x.node ?@k/x-linux-x64");
}

static void what_was_built_here_comes_after_a_missing_package(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"x-linux-x64-musl\":\"1\","
		 "\"x-linux-x64-glibc\":\"1\"}}");
	add(tree, "build/Debug/x.node");
	assert_true(compiled(tree));
	expect(tree, &musl, "platform-packages: build/Debug/x.node ?x-linux-x64-musl");
	add(tree, "/app/node_modules/x-linux-x64-musl/index.node");
	expect(tree, &musl,
		"platform-packages: /app/node_modules/x-linux-x64-musl/index.node "
		"?x-linux-x64-musl");
}

static void an_application_that_lists_platform_packages_is_no_loader(void **state)
{
	struct tree *tree = *state;
	be(tree, SHARP);
	add(tree, "/app/package.json");
	struct cp_pick pick = pick_in(tree, "/app", &musl);
	assert_int_equal(pick.state, CP_PICK_NONE);
	assert_null(pick.scheme);
	cp_pick_clear(&pick);
}

static void packages_are_found_as_node_finds_them(void **state)
{
	struct tree *tree = *state;
	uint32_t link;
	static const char directory[] = "/app/node_modules/.pnpm/x@1/node_modules/x";
	be(tree, SHARP);
	add(tree, "/app/node_modules/.pnpm/x@1/node_modules/x/package.json");
	add(tree, "/app/node_modules/.pnpm/y@1/node_modules/@img/x-linux-x64/index.node");
	assert_int_equal(cp_index_add(tree->index,
				 "/app/node_modules/.pnpm/x@1/node_modules/@img/x-linux-x64",
				 CP_NODE_SYMLINK, &link, NULL),
		0);
	assert_int_equal(cp_index_set_link(tree->index, link,
				 "../../../y@1/node_modules/@img/x-linux-x64", NULL),
		0);
	struct cp_pick pick = pick_in(tree, directory, &glibc);
	assert_string_equal(
		pick.path, "/app/node_modules/.pnpm/y@1/node_modules/@img/x-linux-x64/index.node");
	cp_pick_clear(&pick);
}

/* --- the others ------------------------------------------------------------------- */

static void cmake_ts_tries_from_the_highest_abi(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"cmake-ts\":\"1.0.2\"}}");
	add(tree, "build/linux/a.node");
	add(tree, "build/linux/b.node");
	add(tree, "build/linux/m.node");
	add_text(tree, "build/manifest.json",
		"{\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"glibc\\\","
		"\\\"abi\\\":72}\":\"linux/a.node\","
		"\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"glibc\\\","
		"\\\"abi\\\":127}\":\"linux/b.node\","
		"\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"musl\\\"}\":"
		"\"linux/m.node\",\"not JSON\":\"linux/a.node\",\"[]\":5}");
	expect(tree, &glibc, "cmake-ts: build/linux/b.node build/linux/a.node");
	expect(tree, &musl, "cmake-ts: build/linux/m.node");
	expect(tree, &musl_arm, "cmake-ts:");
}

static void cmake_ts_with_a_broken_manifest(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"cmake-ts\":\"1.0.2\"}}");
	add_text(tree, "build/manifest.json", "[1,");
	expect(tree, &glibc, "cmake-ts:");
}

static void require_addon_has_no_build_for_alpine(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"@s/x\",\"version\":\"5.0.0\","
		 "\"dependencies\":{\"require-addon\":\"1\"}}");
	add(tree, "prebuilds/linux-x64/s__x.node");
	expect(tree, &glibc, "require-addon: prebuilds/linux-x64/s__x.node");
	expect(tree, &musl, "require-addon:");
	add(tree, "/app/prebuilds/linux-x64-musl/s__x.node");
	expect(tree, &musl, "require-addon: /app/prebuilds/linux-x64-musl/s__x.node");
	add(tree, "prebuilds/linux-x64-musl/s__x@5.0.0.node");
	expect(tree, &musl, "require-addon: prebuilds/linux-x64-musl/s__x@5.0.0.node");
}

static void pkg_prebuilds_has_musl_at_the_end(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"pkg-prebuilds\":\"1\"}}");
	add(tree, "prebuilds/x-linux-x64/node-napi-v7.node");
	add(tree, "prebuilds/x-linux-x64/node-napi-v10.node");
	add(tree, "prebuilds/x-linux-x64-musl/node-napi-v10.node");
	expect(tree, &glibc, "pkg-prebuilds: prebuilds/x-linux-x64/node-napi-v7.node");
	expect(tree, &musl, "pkg-prebuilds:");
	add(tree, "prebuilds/x-linux-x64-musl/node-napi-v7.node");
	expect(tree, &musl, "pkg-prebuilds: prebuilds/x-linux-x64-musl/node-napi-v7.node");
	add(tree, "build/Release/x.node");
	expect(tree, &musl, "pkg-prebuilds: build/Release/x.node");
}

static void node_pre_gyp_fills_its_template_in(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"version\":\"1.0.0\",\"dependencies\":"
		 "{\"@mapbox/node-pre-gyp\":\"2\"},\"binary\":{\"module_name\":\"addon\","
		 "\"napi_versions\":[3,8,99],\"module_path\":"
		 "\"./lib/{platform}-{arch}-{libc}/{node_abi}-{node_napi_label}{unknown}/\"}}");
	expect(tree, &glibc, "node-pre-gyp:");
	assert_true(compiled(tree));
	add(tree, "lib/linux-x64-musl/node-v115-napi-v8{unknown}/addon.node");
	expect(tree, &musl,
		"node-pre-gyp: lib/linux-x64-musl/node-v115-napi-v8{unknown}/addon.node");
	expect(tree, &glibc, "node-pre-gyp:");
}

static void node_pre_gyp_without_a_libc_takes_what_was_installed(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"@mapbox/node-pre-gyp\":\"2\"},"
		 "\"binary\":{\"module_name\":\"x\",\"module_path\":\"lib/binding\"}}");
	add(tree, "lib/binding/x.node");
	expect(tree, &glibc, "node-pre-gyp: lib/binding/x.node");
	expect(tree, &musl, "node-pre-gyp: lib/binding/x.node");
}

static void a_file_per_platform(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\"}");
	add(tree, "prebuilds/linux-x64.node");
	add(tree, "prebuilds/linuxmusl-x64.node");
	expect(tree, &glibc, "platform-files: prebuilds/linux-x64.node");
	expect(tree, &musl, "platform-files: prebuilds/linuxmusl-x64.node");
	expect(tree, &musl_arm, "platform-files:");
	add(tree, "build/Release/x.node");
	expect(tree, &musl, "platform-files: build/Release/x.node");
}

static void bindings_loads_what_was_built(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x-y\",\"dependencies\":{\"bindings\":\"1.5.0\"},"
		 "\"scripts\":{\"install\":\"prebuild-install || node-gyp rebuild\"}}");
	expect(tree, &musl, "bindings:");
	assert_true(compiled(tree));
	add(tree, "lib/binding/node-v115-linux-x64/x.node");
	expect(tree, &musl, "bindings: lib/binding/node-v115-linux-x64/x.node");
	add(tree, "build/Release/test_extension.node");
	add(tree, "build/Release/x_y.node");
	add(tree, "build/Release/a.node");
	expect(tree, &musl, "bindings: build/Release/x_y.node");
}

static void the_last_resort_is_build_release(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\"}");
	expect(tree, &musl, "none:");
	add(tree, "lib/index.js");
	expect(tree, &musl, "none:");
	add(tree, "binding.gyp");
	expect(tree, &musl, "build/Release:");
	assert_true(compiled(tree));
	add(tree, "build/Release/x.node");
	expect(tree, &musl, "build/Release: build/Release/x.node");
}

static void fixed_paths_are_rows(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"@temporalio/core-bridge\"}");
	add(tree, "releases/x86_64-unknown-linux-gnu/index.node");
	add(tree, "releases/x86_64-apple-darwin/index.node");
	expect(tree, &musl, "fixed-paths: releases/x86_64-unknown-linux-gnu/index.node");
	expect(tree, &musl_arm, "fixed-paths:");
	be(tree, "{\"name\":\"koffi\"}");
	add(tree, "build/koffi/linux_x64/koffi.node");
	add(tree, "build/koffi/musl_x64/koffi.node");
	expect(tree, &musl,
		"fixed-paths: build/koffi/linux_x64/koffi.node build/koffi/musl_x64/koffi.node");
	be(tree, "{\"name\":\"onnxruntime-node\"}");
	add(tree, "bin/napi-v6/linux/x64/onnxruntime_binding.node");
	expect(tree, &musl, "fixed-paths: bin/napi-v6/linux/x64/onnxruntime_binding.node");
	be(tree, "{\"name\":\"@sentry-internal/node-cpu-profiler\"}");
	add(tree, "lib/p-linux-x64-musl-115.node");
	add(tree, "lib/p-linux-x64-glibc-115.node");
	expect(tree, &musl, "fixed-paths: lib/p-linux-x64-musl-115.node");
	expect(tree, &glibc, "fixed-paths: lib/p-linux-x64-glibc-115.node");
}

static void prisma_asks_for_the_distribution_and_its_openssl(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"@prisma/engines\"}");
	add(tree, "libquery_engine-debian-openssl-1.1.x.so.node");
	add(tree, "libquery_engine-debian-openssl-3.0.x.so.node");
	add(tree, "libquery_engine-linux-musl-openssl-3.0.x.so.node");
	add(tree, "libquery_engine-linux-musl.so.node");
	expect(tree, &glibc, "prisma: libquery_engine-debian-openssl-1.1.x.so.node");
	expect(tree, &musl, "prisma: libquery_engine-linux-musl.so.node");
	add(tree, "/usr/lib/libssl.so.3");
	expect(tree, &glibc, "prisma: libquery_engine-debian-openssl-3.0.x.so.node");
	expect(tree, &musl, "prisma: libquery_engine-linux-musl-openssl-3.0.x.so.node");
	expect(tree, &musl_arm, "prisma:");
	add_text(tree, "/etc/os-release", "ID=fedora\n");
	expect(tree, &glibc, "prisma:");
	add_text(tree, "/etc/os-release", "ID=mint\nID_LIKE=\"ubuntu debian\"\n");
	expect(tree, &glibc, "prisma: libquery_engine-debian-openssl-3.0.x.so.node");
}

/* --- builds on disk ------------------------------------------------------------------ */

static void expect_builds(struct tree *tree, const char *expected)
{
	char text[4096] = "";
	struct cp_root root = {.layers = {{tree->index, false}}, .count = 1};
	struct cp_variant_context context = {&root, &musl, DIRECTORY, tree->manifest};
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

static void be_object(struct tree *tree, uint32_t node, const char *needed)
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
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"optionalDependencies\":{\"@x/linux-arm64-musl\":\"1\","
		 "\"@x/linux-x64\":\"1\",\"@x/win32-x64\":\"1\",\"other\":\"1\"}}");
	be_object(tree, add(tree, "build/Release/liar.musl.node"), "libc.so.6");
	cp_index_node_mutable(tree->index, add(tree, "prebuilds/darwin-x64/m.node"))->content =
		CP_CONTENT_MACHO;
	add(tree, "prebuilds/linux-x64/named.glibc.node");
	add(tree, "prebuilds/silent.node");
	add(tree, "node_modules/y/y.node");
	add(tree, "/app/node_modules/other/other.node");
	be_object(tree, add(tree, "/app/node_modules/@x/linux-x64/bin/program"), NULL);
	add(tree, "/app/node_modules/@x/linux-arm64-musl/lib/x.node");
	expect_builds(tree, "liar.musl.node - linux x64 glibc\n"
			    "m.node - darwin x64 ?\n"
			    "named.glibc.node - linux x64 glibc\n"
			    "silent.node - ? ? ?\n"
			    "x.node @x/linux-arm64-musl linux arm64 musl\n"
			    "program @x/linux-x64 linux x64 none\n");
}

static void links_that_go_round_are_not_followed(void **state)
{
	struct tree *tree = *state;
	uint32_t link;
	be(tree, "{\"name\":\"x\"}");
	add(tree, "lib/x.node");
	for (char name[] = DIRECTORY "/lib/a"; name[sizeof(name) - 2] <= 'z';
		name[sizeof(name) - 2]++) {
		assert_int_equal(cp_index_add(tree->index, name, CP_NODE_SYMLINK, &link, NULL), 0);
		assert_int_equal(cp_index_set_link(tree->index, link, ".", NULL), 0);
	}
	expect_builds(tree, "x.node - ? ? ?\n");
}

/* --- hostile packages --------------------------------------------------------------- */

static void fields_of_the_wrong_kind(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":5,\"version\":[],\"dependencies\":\"node-gyp-build\","
		 "\"optionalDependencies\":[\"x-linux-x64\"],\"napi\":1,\"binary\":\"x\","
		 "\"scripts\":null}");
	expect(tree, &musl, "none:");
	be(tree, "{\"dependencies\":{\"node-gyp-build-optional-packages\":1,\"require-addon\":1},"
		 "\"optionalDependencies\":{}}");
	add(tree, "prebuilds/linux-x64/x.glibc.node");
	expect(tree, &musl, "node-gyp-build-optional-packages:");
}

static void names_that_leave_the_package(void **state)
{
	struct tree *tree = *state;
	be(tree, "{\"name\":\"x\",\"dependencies\":{\"@mapbox/node-pre-gyp\":\"2\"},"
		 "\"binary\":{\"module_name\":\"x\",\"module_path\":\"../../../../../etc\"}}");
	add(tree, "package.json");
	add(tree, "/etc/x.node");
	expect(tree, &musl, "node-pre-gyp: /etc/x.node"); /* as the loader would; in the root */
}

static void names_longer_than_a_path(void **state)
{
	struct tree *tree = *state;
	static char name[9000], manifest[20000];
	memset(name, 'x', sizeof(name) - 1);
	snprintf(manifest, sizeof(manifest),
		"{\"name\":\"%s\",\"dependencies\":{\"require-addon\":1,"
		"\"node-gyp-build-optional-packages\":1},\"optionalDependencies\":{\"%s\":1}}",
		name, name);
	be(tree, manifest);
	add(tree, "prebuilds/linux-x64/x");
	expect(tree, &musl, "node-gyp-build-optional-packages:");
	snprintf(manifest, sizeof(manifest),
		"{\"name\":\"%s\",\"dependencies\":{\"require-addon\":1}}", name);
	be(tree, manifest);
	expect(tree, &musl, "require-addon:");
	snprintf(manifest, sizeof(manifest),
		"{\"dependencies\":{\"node-pre-gyp\":1},\"binary\":{\"module_name\":\"%s\","
		"\"module_path\":\"{module_name}%s\"}}",
		name, name);
	be(tree, manifest);
	expect(tree, &musl, "node-pre-gyp:");
}

static void many_platform_packages_are_capped(void **state)
{
	struct tree *tree = *state;
	char name[1024] = "x-linux";
	json_t *optional = json_object();
	for (int i = 0; i < 200; i++) { /* one family: a word more that tells the same each time */
		strcat(name, "-x64");
		json_object_set_new(optional, name, json_true());
	}
	be(tree, "{}");
	json_object_set_new(tree->manifest, "optionalDependencies", optional);
	struct cp_pick pick = pick_in(tree, DIRECTORY, &musl);
	assert_int_equal(pick.n_wanted, CP_PICK_MAX_NEXT);
	cp_pick_clear(&pick);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_gyp_build_takes_the_libc_of_the_tag),
		TEST(node_gyp_build_goes_by_alpine_release),
		TEST(node_gyp_build_prefers_the_most_specific),
		TEST(node_gyp_build_prefers_one_architecture),
		TEST(node_gyp_build_without_a_build_finds_nothing),
		TEST(node_gyp_build_3_has_the_libc_in_the_directory),
		TEST(node_gyp_build_optional_packages_has_both_libcs_in_one),
		TEST(napi_rs_looks_beside_itself_and_then_for_a_package),
		TEST(napi_rs_believes_ldd),
		TEST(platform_packages_are_asked_for_by_libc),
		TEST(a_platform_package_without_a_libc_serves_both),
		TEST(two_builds_in_a_platform_package),
		TEST(what_was_built_here_comes_after_a_missing_package),
		TEST(an_application_that_lists_platform_packages_is_no_loader),
		TEST(packages_are_found_as_node_finds_them),
		TEST(cmake_ts_tries_from_the_highest_abi),
		TEST(cmake_ts_with_a_broken_manifest),
		TEST(require_addon_has_no_build_for_alpine),
		TEST(pkg_prebuilds_has_musl_at_the_end),
		TEST(node_pre_gyp_fills_its_template_in),
		TEST(node_pre_gyp_without_a_libc_takes_what_was_installed),
		TEST(a_file_per_platform),
		TEST(bindings_loads_what_was_built),
		TEST(the_last_resort_is_build_release),
		TEST(fixed_paths_are_rows),
		TEST(prisma_asks_for_the_distribution_and_its_openssl),
		TEST(builds_are_told_by_the_files_before_their_names),
		TEST(links_that_go_round_are_not_followed),
		TEST(fields_of_the_wrong_kind),
		TEST(names_that_leave_the_package),
		TEST(names_longer_than_a_path),
		TEST(many_platform_packages_are_capped),
		cmocka_unit_test(words_of_platforms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
