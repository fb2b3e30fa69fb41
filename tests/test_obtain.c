/* SPDX-License-Identifier: MIT
 *
 * Obtainable, buildable or neither: a test per rule, with metadata of real packages' kinds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "index.h"
#include "obtain.h"

#define DIRECTORY "/app/node_modules/x"

static const struct cp_platform musl = {CP_LIBC_MUSL, "x64", 20, 115, 9, true};
static const struct cp_platform glibc = {CP_LIBC_GLIBC, "x64", 20, 115, 9, false};

/* A case: what there is, and what is to be found out. */
struct situation {
	const struct cp_platform *platform; /* NULL: musl */
	const char *manifest;               /* of /app/node_modules/x */
	const char *files[4];               /* in it, or absolute with a text behind them */
	const char *wanted[4];
	enum cp_lockfile_kind kind;
	const char *lock; /* NULL: none */
	const char *expected;
};

static void add_file(struct cp_index *index, const char *name, const char *text)
{
	char path[256];
	uint32_t node;
	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : DIRECTORY "/", name);
	assert_int_equal(cp_index_add(index, path, CP_NODE_FILE, &node, NULL), 0);
	if (text)
		assert_int_equal(cp_index_set_text(index, node, text, strlen(text), true, NULL), 0);
}

/* "HOW PACKAGE VERSION (SOURCE)" */
static void expect(const struct situation *situation)
{
	char found[256];
	cp_cleanup_index struct cp_index *index = cp_index_new();
	cp_cleanup_lockfile struct cp_lockfile *lock = NULL;
	json_t *manifest = json_loads(situation->manifest, 0, NULL);
	assert_non_null(manifest);
	for (size_t i = 0; i < 4 && situation->files[i]; i++) {
		bool absolute = *situation->files[i] == '/';
		add_file(index, situation->files[i], absolute ? situation->files[i + 1] : NULL);
		i += absolute;
	}
	if (situation->lock)
		assert_int_equal(cp_lockfile_read(situation->kind, situation->lock,
					 strlen(situation->lock), "lock", &lock, NULL),
			0);
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	struct cp_variant_context context = {
		&root, situation->platform ? situation->platform : &musl, DIRECTORY, manifest};
	char *wanted[4];
	struct cp_pick pick = {.state = CP_PICK_MISSING, .wanted = wanted};
	for (; pick.n_wanted < 4 && situation->wanted[pick.n_wanted]; pick.n_wanted++)
		wanted[pick.n_wanted] = (char *)situation->wanted[pick.n_wanted];
	struct cp_obtain obtain;
	assert_int_equal(cp_obtain_judge(&context, &pick, &lock, lock != NULL, &obtain, NULL), 0);
	snprintf(found, sizeof(found), "%s %s %s (%s)", cp_how_name(obtain.how),
		obtain.package ? obtain.package : "-", obtain.version ? obtain.version : "-",
		obtain.source ? obtain.source : "-");
	cp_obtain_clear(&obtain);
	json_decref(manifest);
	assert_string_equal(found, situation->expected);
}

#define EXPECT(...) expect(&(struct situation){__VA_ARGS__})

#define SWC                                                                                        \
	"{\"name\":\"x\",\"version\":\"1.3.0\",\"optionalDependencies\":{"                         \
	"\"x-linux-x64-gnu\":\"1.3.0\",\"x-linux-x64-musl\":\"1.3.0\"}}"

static void optional_dependencies_are_obtainable(void **state)
{
	(void)state;
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"},
		.expected = "obtainable x-linux-x64-musl 1.3.0 (optionalDependencies)");
	EXPECT(.manifest = SWC, .wanted = {"unheard-of-musl", "x-linux-x64-musl"},
		.expected = "obtainable x-linux-x64-musl 1.3.0 (optionalDependencies)");
	/* what the loader did not tell is told by name */
	EXPECT(.manifest = SWC,
		.expected = "obtainable x-linux-x64-musl 1.3.0 (optionalDependencies)");
	EXPECT(.manifest = SWC, .platform = &glibc,
		.expected = "obtainable x-linux-x64-gnu 1.3.0 (optionalDependencies)");
	/* a name of the other libc is none of ours */
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-gnu"}, .expected = "none - - (-)");
	EXPECT(.manifest = "{\"optionalDependencies\":{\"x-linux-arm64-musl\":\"1.3.0\","
			   "\"x-darwin-x64\":\"1.3.0\",\"x-linux-x64-gnu\":\"1.3.0\"}}",
		.expected = "none - - (-)");
}

#define NPM_LOCK(fields)                                                                           \
	"{\"lockfileVersion\":3,\"packages\":{\"node_modules/x-linux-x64-musl\":"                  \
	"{\"version\":\"1.2.9\"" fields "}}}"

static void lock_files_come_first(void **state)
{
	(void)state;
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"}, .lock = NPM_LOCK(""),
		.expected = "obtainable x-linux-x64-musl 1.2.9 (package-lock.json)");
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"},
		.lock = NPM_LOCK(",\"os\":[\"!win32\"],\"cpu\":[\"x64\",\"arm64\"]"),
		.expected = "obtainable x-linux-x64-musl 1.2.9 (package-lock.json)");
	/* of several versions, the one that the package asks for */
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"}, .kind = CP_LOCK_PNPM,
		.lock = "packages:\n  x-linux-x64-musl@1.0.0: {}\n  x-linux-x64-musl@1.3.0: {}\n",
		.expected = "obtainable x-linux-x64-musl 1.3.0 (pnpm-lock.yaml)");
	/* a lock file that does not know it */
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"}, .kind = CP_LOCK_YARN,
		.lock = "a@1:\n  version \"1\"\n",
		.expected = "obtainable x-linux-x64-musl 1.3.0 (optionalDependencies)");
}

static void what_declares_a_platform_is_believed(void **state)
{
	(void)state;
	static const char *const refusals[] = {NPM_LOCK(",\"libc\":[\"glibc\"]"),
		NPM_LOCK(",\"os\":[\"!linux\"]"), NPM_LOCK(",\"cpu\":[\"arm64\"]")};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"}, .lock = refusals[i],
			.expected = "none - - (-)");
	/* the installed package's own word is better than the lock file's */
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"},
		.lock = NPM_LOCK(",\"libc\":[\"glibc\"]"),
		.files = {"/app/node_modules/x-linux-x64-musl/package.json",
			"{\"libc\":\"musl\",\"os\":[\"linux\"]}"},
		.expected = "obtainable x-linux-x64-musl 1.2.9 (package-lock.json)");
	EXPECT(.manifest = SWC, .wanted = {"x-linux-x64-musl"},
		.files = {"/app/node_modules/x-linux-x64-musl/package.json",
			"{\"libc\":[\"glibc\"]}"},
		.expected = "none - - (-)");
	/* a name without a libc, and a lock file that tells it (Berry's conditions) */
	EXPECT(.manifest = "{}", .wanted = {"y-linux-x64"}, .kind = CP_LOCK_YARN,
		.lock = "__metadata:\n  version: 8\n\"y-linux-x64@npm:1\":\n  version: 1.0.0\n"
			"  conditions: os=linux & cpu=x64 & libc=glibc\n",
		.expected = "none - - (-)");
}

#define SCRIPTS(scripts) "{\"name\":\"x\",\"version\":\"2.0.0\",\"scripts\":{" scripts "}}"

static void sources_with_a_script_are_buildable(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		SCRIPTS("\"install\":\"node-gyp rebuild\""),
		SCRIPTS("\"install\":\"node-gyp-build\""),
		SCRIPTS("\"install\":\"prebuild-install || node-gyp rebuild\""),
		SCRIPTS("\"postinstall\":\"node-pre-gyp install --fallback-to-build\""),
		SCRIPTS(""),
	};
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		EXPECT(.manifest = scripts[i], .files = {"binding.gyp"},
			.expected = "buildable - 2.0.0 (binding.gyp)");
	EXPECT(.manifest = SCRIPTS("\"install\":\"cmake-js compile\""), .files = {"CMakeLists.txt"},
		.expected = "buildable - 2.0.0 (CMakeLists.txt)");
}

static void the_rest_is_neither(void **state)
{
	(void)state;
	/* Temporal's bridge: sources, and no script that would build them */
	EXPECT(.manifest = SCRIPTS("\"build\":\"cargo build\""), .files = {"Cargo.toml"},
		.expected = "none - - (-)");
	EXPECT(.manifest = SCRIPTS("\"install\":\"node-gyp rebuild\""), .expected = "none - - (-)");
	EXPECT(.manifest = SCRIPTS("\"install\":\"node fetch.js\""), .files = {"binding.gyp"},
		.expected = "none - - (-)");
	EXPECT(.manifest = "{\"gypfile\":false}", .files = {"binding.gyp"},
		.expected = "none - - (-)");
	EXPECT(.manifest = SCRIPTS(""), .files = {"CMakeLists.txt"}, .expected = "none - - (-)");
	EXPECT(.manifest = "{\"scripts\":3,\"optionalDependencies\":[\"x-linux-x64-musl\"]}",
		.expected = "none - - (-)");
}

static void builds_by_libc_are_obtainable(void **state)
{
	(void)state;
	EXPECT(.manifest = "{\"name\":\"x\",\"version\":\"2.0.0\",\"binary\":{\"module_path\":"
			   "\"./lib/{platform}-{arch}-{libc}\"},\"scripts\":"
			   "{\"install\":\"node-pre-gyp install\"}}",
		.files = {"binding.gyp"}, .expected = "obtainable x 2.0.0 (binary)");
	EXPECT(.manifest = "{\"name\":\"x\",\"version\":\"2.0.0\",\"binary\":{\"module_path\":"
			   "\"./build/Release\"},\"scripts\":"
			   "{\"install\":\"node-pre-gyp install --fallback-to-build\"}}",
		.files = {"binding.gyp"}, .expected = "buildable - 2.0.0 (binding.gyp)");
}

/* The platform package `name` alone, and a lock file: "HOW PACKAGE VERSION". */
static void expect_sibling(const struct cp_platform *platform, const char *name,
	const char *manifest_text, enum cp_lockfile_kind kind, const char *text,
	const char *expected)
{
	char found[256];
	cp_cleanup_index struct cp_index *index = cp_index_new();
	cp_cleanup_lockfile struct cp_lockfile *lock = NULL;
	json_t *manifest = json_loads(manifest_text, 0, NULL);
	assert_int_equal(cp_lockfile_read(kind, text, strlen(text), "lock", &lock, NULL), 0);
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	struct cp_variant_context context = {&root, platform, DIRECTORY, manifest};
	struct cp_obtain obtain;
	assert_int_equal(cp_obtain_sibling(&context, name, &lock, 1, &obtain, NULL), 0);
	snprintf(found, sizeof(found), "%s %s %s", cp_how_name(obtain.how),
		obtain.package ? obtain.package : "-", obtain.version ? obtain.version : "-");
	cp_obtain_clear(&obtain);
	json_decref(manifest);
	assert_string_equal(found, expected);
}

static void siblings_are_told_by_the_lock_file(void **state)
{
	(void)state;
	static const char berry[] = "__metadata:\n  version: 8\n"
				    "\"t-x-linux-x64-gnu@npm:1\":\n  version: 1.0.0\n  conditions: "
				    "os=linux & cpu=x64 & libc=glibc\n"
				    "\"s-x-linux-x64@npm:1\":\n  version: 1.0.0\n  conditions: "
				    "os=linux & cpu=x64 & libc=glibc\n"
				    "\"s-x-linuxmusl-x64@npm:1\":\n  version: 1.0.0\n  conditions: "
				    "os=linux & cpu=x64 & libc=musl\n"
				    "\"s-x-linuxmusl-x64@npm:2\":\n  version: 2.0.0\n  conditions: "
				    "os=linux & cpu=x64 & libc=musl\n"
				    "\"s-x-linuxmusl-arm64@npm:1\":\n  version: 1.0.0\n  "
				    "conditions: os=linux & cpu=arm64 & libc=musl\n"
				    "\"s-y-linuxmusl-x64@npm:1\":\n  version: 1.0.0\n  conditions: "
				    "os=linux & cpu=x64 & libc=musl\n";
	static const char classic[] =
		"# yarn lockfile v1\n\n\"x-linux-x64-gnu@1\":\n  version \"1.0.0\"\n\n"
		"\"x-linux-x64-musl@1\":\n  version \"1.0.0\"\n";
	static const char first[] = "{\"version\":\"1.0.0\"}", second[] = "{\"version\":\"2.0.0\"}";
	expect_sibling(&musl, "s-x-linux-x64", first, CP_LOCK_YARN, berry,
		"obtainable s-x-linuxmusl-x64 1.0.0");
	expect_sibling(&musl, "s-x-linux-x64", second, CP_LOCK_YARN, berry,
		"obtainable s-x-linuxmusl-x64 2.0.0");
	expect_sibling(&glibc, "s-x-linuxmusl-x64", first, CP_LOCK_YARN, berry,
		"obtainable s-x-linux-x64 1.0.0");
	expect_sibling(&musl, "x-linux-x64-gnu", first, CP_LOCK_YARN, classic,
		"obtainable x-linux-x64-musl 1.0.0");
	expect_sibling(&musl, "s-z-linux-x64", first, CP_LOCK_YARN, berry, "none - -");
	expect_sibling(&musl, "plain", first, CP_LOCK_YARN, berry, "none - -");
	/* It says itself that it is for musl: then its failure is its own. */
	expect_sibling(
		&musl, "s-x-linux-x64", "{\"libc\":[\"musl\"]}", CP_LOCK_YARN, berry, "none - -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(optional_dependencies_are_obtainable),
		cmocka_unit_test(lock_files_come_first),
		cmocka_unit_test(what_declares_a_platform_is_believed),
		cmocka_unit_test(sources_with_a_script_are_buildable),
		cmocka_unit_test(the_rest_is_neither),
		cmocka_unit_test(builds_by_libc_are_obtainable),
		cmocka_unit_test(siblings_are_told_by_the_lock_file),
	};
	return cmocka_run_group_tests_name("obtain", tests, NULL, NULL);
}
