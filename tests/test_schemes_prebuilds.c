/* SPDX-License-Identifier: MIT
 *
 * Schemes that carry their builds in the package: node-gyp-build's tags and the others' layouts. A
 * test or more per scheme, on trees that hold just what the rule is about. That the rules are the
 * real loaders' is for tests/variants to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/package_tree.h"

/* --- node-gyp-build ------------------------------------------------------------- */

#define GYP_BUILD "{\"name\":\"x\",\"dependencies\":{\"node-gyp-build\":\"^4\"}}"

static void node_gyp_build_takes_the_libc_of_the_tag(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, GYP_BUILD);
	tree_add(tree, "prebuilds/linux-x64/x.glibc.node");
	tree_add(tree, "prebuilds/linux-x64/x.musl.node");
	tree_add(tree, "prebuilds/linux-arm64/x.armv7.musl.node");
	tree_add(tree, "prebuilds/linux-arm64/x.armv8.musl.node");
	tree_add(tree, "prebuilds/linux-arm64/README");
	tree_expect(tree, &on_glibc, "node-gyp-build: prebuilds/linux-x64/x.glibc.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/x.musl.node");
	tree_expect(tree, &on_musl_arm, "node-gyp-build: prebuilds/linux-arm64/x.armv8.musl.node");
}

static void node_gyp_build_goes_by_alpine_release(void **state)
{
	struct package_tree *tree = *state;
	struct cp_platform other_musl = on_musl;
	other_musl.alpine_release = false;
	tree_be(tree, GYP_BUILD);
	tree_add(tree, "prebuilds/linux-x64/x.glibc.node");
	tree_add(tree, "prebuilds/linux-x64/x.musl.node");
	tree_expect(tree, &other_musl, "node-gyp-build: prebuilds/linux-x64/x.glibc.node");
}

static void node_gyp_build_prefers_the_most_specific(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, GYP_BUILD);
	tree_add(tree, "prebuilds/linux-x64/electron.abi115.musl.node");
	tree_add(tree, "prebuilds/linux-x64/node.napi.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/node.napi.node");
	tree_add(tree, "prebuilds/linux-x64/node.napi.musl.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/node.napi.musl.node");
	tree_add(tree, "prebuilds/linux-x64/node.abi115.node");
	tree_add(tree, "prebuilds/linux-x64/node.abi127.musl.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/node.abi115.node");
	tree_add(tree, "prebuilds/linux-x64/node.abi115.uv2.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/node.abi115.node");
	assert_false(tree_compiled(tree));
	tree_add(tree, "build/Debug/x.node");
	tree_expect(tree, &on_musl, "node-gyp-build: build/Debug/x.node");
	tree_add(tree, "build/Release/x.node");
	tree_expect(tree, &on_musl, "node-gyp-build: build/Release/x.node");
	assert_true(tree_compiled(tree));
}

static void node_gyp_build_prefers_one_architecture(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, GYP_BUILD);
	tree_add(tree, "prebuilds/linux-x64+arm64/x.node");
	tree_add(tree, "prebuilds/linux--x64/x.node");
	tree_add(tree, "prebuilds/linux-x64+/x.node");
	tree_expect(tree, &on_musl_arm, "node-gyp-build: prebuilds/linux-x64+arm64/x.node");
	tree_add(tree, "prebuilds/linux-x64/x.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/x.node");
}

static void node_gyp_build_without_a_build_finds_nothing(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, GYP_BUILD);
	tree_add(tree, "prebuilds/linux-x64/x.glibc.node");
	tree_expect(tree, &on_musl, "node-gyp-build:");
	tree_add(tree, "prebuilds/linux-x64/x.musl.node.txt");
	tree_add(tree, "prebuilds/linux-x64/.node/x");
	tree_expect(tree, &on_musl, "node-gyp-build:");
}

static void node_gyp_build_3_has_the_libc_in_the_directory(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"node-gyp-build\":\"^3.9.0\"}}");
	tree_add_text(
		tree, "/app/node_modules/node-gyp-build/package.json", "{\"version\":\"3.9.0\"}");
	tree_add(tree, "prebuilds/linuxglibc-x64/node-napi.node");
	tree_add(tree, "prebuilds/linuxmusl-x64/node-napi.node");
	tree_expect(tree, &on_glibc, "node-gyp-build: prebuilds/linuxglibc-x64/node-napi.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linuxmusl-x64/node-napi.node");
	tree_add(tree, "prebuilds/linuxmusl-x64/node-115.node");
	tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linuxmusl-x64/node-115.node");
	tree_add(tree, "prebuilds/linux-arm64/node-127.node");
	tree_expect(tree, &on_musl_arm, "node-gyp-build: prebuilds/linux-arm64/node-127.node");
	tree_add(tree, "prebuilds/linuxmusl-arm64-v8/node-napi.node");
	tree_expect(
		tree, &on_musl_arm, "node-gyp-build: prebuilds/linuxmusl-arm64-v8/node-napi.node");
}

static void node_gyp_build_optional_packages_has_both_libcs_in_one(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree,
		"{\"name\":\"x\",\"dependencies\":{\"node-gyp-build-optional-packages\":\"5\"},"
		"\"optionalDependencies\":{\"@x/x-linux-x64\":\"1\",\"@x/x-linux-arm64\":\"1\"}}");
	tree_expect(tree, &on_musl, "node-gyp-build-optional-packages: ?@x/x-linux-x64");
	tree_add(tree, "/app/node_modules/@x/x-linux-x64/node.napi.musl.node");
	tree_add(tree, "/app/node_modules/@x/x-linux-x64/node.napi.glibc.node");
	tree_add(tree, "/app/node_modules/@x/x-linux-x64/node.abi115.glibc.node");
	tree_add(tree, "/app/node_modules/@x/x-linux-x64/x.musl.node");
	tree_expect(tree, &on_musl,
		"node-gyp-build-optional-packages: "
		"/app/node_modules/@x/x-linux-x64/node.napi.musl.node ?@x/x-linux-x64");
	tree_expect(tree, &on_glibc,
		"node-gyp-build-optional-packages: "
		"/app/node_modules/@x/x-linux-x64/node.abi115.glibc.node ?@x/x-linux-x64");
}

/* --- the others ------------------------------------------------------------------- */

static void cmake_ts_tries_from_the_highest_abi(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"cmake-ts\":\"1.0.2\"}}");
	tree_add(tree, "build/linux/a.node");
	tree_add(tree, "build/linux/b.node");
	tree_add(tree, "build/linux/m.node");
	tree_add_text(tree, "build/manifest.json",
		"{\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"glibc\\\","
		"\\\"abi\\\":72}\":\"linux/a.node\","
		"\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"glibc\\\","
		"\\\"abi\\\":127}\":\"linux/b.node\","
		"\"{\\\"os\\\":\\\"linux\\\",\\\"arch\\\":\\\"x64\\\",\\\"libc\\\":\\\"musl\\\"}\":"
		"\"linux/m.node\",\"not JSON\":\"linux/a.node\",\"[]\":5}");
	tree_expect(tree, &on_glibc, "cmake-ts: build/linux/b.node build/linux/a.node");
	tree_expect(tree, &on_musl, "cmake-ts: build/linux/m.node");
	tree_expect(tree, &on_musl_arm, "cmake-ts:");
}

static void cmake_ts_with_a_broken_manifest(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"cmake-ts\":\"1.0.2\"}}");
	tree_add_text(tree, "build/manifest.json", "[1,");
	tree_expect(tree, &on_glibc, "cmake-ts:");
}

static void require_addon_has_no_build_for_alpine(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"@s/x\",\"version\":\"5.0.0\","
		      "\"dependencies\":{\"require-addon\":\"1\"}}");
	tree_add(tree, "prebuilds/linux-x64/s__x.node");
	tree_expect(tree, &on_glibc, "require-addon: prebuilds/linux-x64/s__x.node");
	tree_expect(tree, &on_musl, "require-addon:");
	tree_add(tree, "/app/prebuilds/linux-x64-musl/s__x.node");
	tree_expect(tree, &on_musl, "require-addon: /app/prebuilds/linux-x64-musl/s__x.node");
	tree_add(tree, "prebuilds/linux-x64-musl/s__x@5.0.0.node");
	tree_expect(tree, &on_musl, "require-addon: prebuilds/linux-x64-musl/s__x@5.0.0.node");
}

static void pkg_prebuilds_has_musl_at_the_end(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"pkg-prebuilds\":\"1\"}}");
	tree_add(tree, "prebuilds/x-linux-x64/node-napi-v7.node");
	tree_add(tree, "prebuilds/x-linux-x64/node-napi-v10.node");
	tree_add(tree, "prebuilds/x-linux-x64-musl/node-napi-v10.node");
	tree_expect(tree, &on_glibc, "pkg-prebuilds: prebuilds/x-linux-x64/node-napi-v7.node");
	tree_expect(tree, &on_musl, "pkg-prebuilds:");
	tree_add(tree, "prebuilds/x-linux-x64-musl/node-napi-v7.node");
	tree_expect(tree, &on_musl, "pkg-prebuilds: prebuilds/x-linux-x64-musl/node-napi-v7.node");
	tree_add(tree, "build/Release/x.node");
	tree_expect(tree, &on_musl, "pkg-prebuilds: build/Release/x.node");
}

static void node_pre_gyp_fills_its_template_in(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree,
		"{\"name\":\"x\",\"version\":\"1.0.0\",\"dependencies\":"
		"{\"@mapbox/node-pre-gyp\":\"2\"},\"binary\":{\"module_name\":\"addon\","
		"\"napi_versions\":[3,8,99],\"module_path\":"
		"\"./lib/{platform}-{arch}-{libc}/{node_abi}-{node_napi_label}{unknown}/\"}}");
	tree_expect(tree, &on_glibc, "node-pre-gyp:");
	assert_true(tree_compiled(tree));
	tree_add(tree, "lib/linux-x64-musl/node-v115-napi-v8{unknown}/addon.node");
	tree_expect(tree, &on_musl,
		"node-pre-gyp: lib/linux-x64-musl/node-v115-napi-v8{unknown}/addon.node");
	tree_expect(tree, &on_glibc, "node-pre-gyp:");
}

static void node_pre_gyp_without_a_libc_takes_what_was_installed(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\",\"dependencies\":{\"@mapbox/node-pre-gyp\":\"2\"},"
		      "\"binary\":{\"module_name\":\"x\",\"module_path\":\"lib/binding\"}}");
	tree_add(tree, "lib/binding/x.node");
	tree_expect(tree, &on_glibc, "node-pre-gyp: lib/binding/x.node");
	tree_expect(tree, &on_musl, "node-pre-gyp: lib/binding/x.node");
}

static void a_file_per_platform(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\"}");
	tree_add(tree, "prebuilds/linux-x64.node");
	tree_add(tree, "prebuilds/linuxmusl-x64.node");
	tree_expect(tree, &on_glibc, "platform-files: prebuilds/linux-x64.node");
	tree_expect(tree, &on_musl, "platform-files: prebuilds/linuxmusl-x64.node");
	tree_expect(tree, &on_musl_arm, "platform-files:");
	tree_add(tree, "build/Release/x.node");
	tree_expect(tree, &on_musl, "platform-files: build/Release/x.node");
}

static void bindings_loads_what_was_built(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x-y\",\"dependencies\":{\"bindings\":\"1.5.0\"},"
		      "\"scripts\":{\"install\":\"prebuild-install || node-gyp rebuild\"}}");
	tree_expect(tree, &on_musl, "bindings:");
	assert_true(tree_compiled(tree));
	tree_add(tree, "lib/binding/node-v115-linux-x64/x.node");
	tree_expect(tree, &on_musl, "bindings: lib/binding/node-v115-linux-x64/x.node");
	tree_add(tree, "build/Release/test_extension.node");
	tree_add(tree, "build/Release/x_y.node");
	tree_add(tree, "build/Release/a.node");
	tree_expect(tree, &on_musl, "bindings: build/Release/x_y.node");
}

static void the_last_resort_is_build_release(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"x\"}");
	tree_expect(tree, &on_musl, "none:");
	tree_add(tree, "lib/index.js");
	tree_expect(tree, &on_musl, "none:");
	tree_add(tree, "binding.gyp");
	tree_expect(tree, &on_musl, "build/Release:");
	assert_true(tree_compiled(tree));
	tree_add(tree, "build/Release/x.node");
	tree_expect(tree, &on_musl, "build/Release: build/Release/x.node");
}

static void fixed_paths_are_rows(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"@temporalio/core-bridge\"}");
	tree_add(tree, "releases/x86_64-unknown-linux-gnu/index.node");
	tree_add(tree, "releases/x86_64-apple-darwin/index.node");
	tree_expect(tree, &on_musl, "fixed-paths: releases/x86_64-unknown-linux-gnu/index.node");
	tree_expect(tree, &on_musl_arm, "fixed-paths:");
	tree_be(tree, "{\"name\":\"koffi\"}");
	tree_add(tree, "build/koffi/linux_x64/koffi.node");
	tree_add(tree, "build/koffi/musl_x64/koffi.node");
	tree_expect(tree, &on_musl,
		"fixed-paths: build/koffi/linux_x64/koffi.node build/koffi/musl_x64/koffi.node");
	tree_be(tree, "{\"name\":\"aws-crt\"}");
	tree_add(tree, "dist/bin/linux-x64-musl/aws-crt-nodejs.node");
	tree_expect(tree, &on_glibc, "fixed-paths:");
	tree_add_text(tree, "/usr/bin/ldd", "musl libc");
	tree_expect(tree, &on_glibc, "fixed-paths: dist/bin/linux-x64-musl/aws-crt-nodejs.node");
	tree_be(tree, "{\"name\":\"onnxruntime-node\"}");
	tree_add(tree, "bin/napi-v6/linux/x64/onnxruntime_binding.node");
	tree_expect(tree, &on_musl, "fixed-paths: bin/napi-v6/linux/x64/onnxruntime_binding.node");
	tree_be(tree, "{\"name\":\"@sentry-internal/node-cpu-profiler\"}");
	tree_add(tree, "lib/p-linux-x64-musl-115.node");
	tree_add(tree, "lib/p-linux-x64-glibc-115.node");
	tree_expect(tree, &on_musl, "fixed-paths: lib/p-linux-x64-musl-115.node");
	tree_expect(tree, &on_glibc, "fixed-paths: lib/p-linux-x64-glibc-115.node");
}

static void prisma_asks_for_the_distribution_and_its_openssl(void **state)
{
	struct package_tree *tree = *state;
	tree_be(tree, "{\"name\":\"@prisma/engines\"}");
	tree_add(tree, "libquery_engine-debian-openssl-1.1.x.so.node");
	tree_add(tree, "libquery_engine-debian-openssl-3.0.x.so.node");
	tree_add(tree, "libquery_engine-linux-musl-openssl-3.0.x.so.node");
	tree_add(tree, "libquery_engine-linux-musl.so.node");
	tree_expect(tree, &on_glibc, "prisma: libquery_engine-debian-openssl-1.1.x.so.node");
	tree_expect(tree, &on_musl, "prisma: libquery_engine-linux-musl.so.node");
	tree_add(tree, "/usr/lib/libssl.so.3");
	tree_expect(tree, &on_glibc, "prisma: libquery_engine-debian-openssl-3.0.x.so.node");
	tree_expect(tree, &on_musl, "prisma: libquery_engine-linux-musl-openssl-3.0.x.so.node");
	tree_expect(tree, &on_musl_arm, "prisma:");
	tree_add_text(tree, "/etc/os-release", "ID=fedora\n");
	tree_expect(tree, &on_glibc, "prisma:");
	tree_add_text(tree, "/etc/os-release", "ID=mint\nID_LIKE=\"ubuntu debian\"\n");
	tree_expect(tree, &on_glibc, "prisma: libquery_engine-debian-openssl-3.0.x.so.node");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PACKAGE_TEST(node_gyp_build_takes_the_libc_of_the_tag),
		PACKAGE_TEST(node_gyp_build_goes_by_alpine_release),
		PACKAGE_TEST(node_gyp_build_prefers_the_most_specific),
		PACKAGE_TEST(node_gyp_build_prefers_one_architecture),
		PACKAGE_TEST(node_gyp_build_without_a_build_finds_nothing),
		PACKAGE_TEST(node_gyp_build_3_has_the_libc_in_the_directory),
		PACKAGE_TEST(node_gyp_build_optional_packages_has_both_libcs_in_one),
		PACKAGE_TEST(cmake_ts_tries_from_the_highest_abi),
		PACKAGE_TEST(cmake_ts_with_a_broken_manifest),
		PACKAGE_TEST(require_addon_has_no_build_for_alpine),
		PACKAGE_TEST(pkg_prebuilds_has_musl_at_the_end),
		PACKAGE_TEST(node_pre_gyp_fills_its_template_in),
		PACKAGE_TEST(node_pre_gyp_without_a_libc_takes_what_was_installed),
		PACKAGE_TEST(a_file_per_platform),
		PACKAGE_TEST(bindings_loads_what_was_built),
		PACKAGE_TEST(the_last_resort_is_build_release),
		PACKAGE_TEST(fixed_paths_are_rows),
		PACKAGE_TEST(prisma_asks_for_the_distribution_and_its_openssl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
