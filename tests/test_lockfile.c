/* SPDX-License-Identifier: MIT
 *
 * Lock files: a small one of each format, as the tools write them, and broken and huge ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lockfile.h"
#include "memory.h"

#define LABEL "/app/lock"

static struct cp_lockfile *read_lock(enum cp_lockfile_kind kind, const char *text)
{
	struct cp_lockfile *lockfile = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	if (cp_lockfile_read(kind, text, strlen(text), LABEL, &lockfile, &err) < 0)
		fail_msg("%s", err->message);
	assert_non_null(lockfile);
	return lockfile;
}

static void add_words(char *line, size_t size, const char *field, char *const *words)
{
	for (const char *before = field; words && *words; words++, before = ",") {
		size_t length = strlen(line);
		snprintf(line + length, size - length, "%s%s", before, *words);
	}
}

/* The entry of `name` in one line: "VERSION os=… cpu=… libc=… optional install". */
static void expect(const struct cp_lockfile *lockfile, const char *name, const char *version,
	const char *expected)
{
	char line[512] = "";
	const struct cp_locked *locked = cp_lockfile_find(lockfile, name, version);
	if (!locked)
		fail_msg("%s is not there", name);
	assert_string_equal(locked->name, name);
	add_words(line, sizeof(line), " os=", locked->os);
	add_words(line, sizeof(line), " cpu=", locked->cpu);
	add_words(line, sizeof(line), " libc=", locked->libc);
	char whole[1024];
	snprintf(whole, sizeof(whole), "%s%s%s%s", locked->version, line,
		locked->optional ? " optional" : "", locked->has_install_script ? " install" : "");
	assert_string_equal(whole, expected);
}

static void expect_error(
	enum cp_lockfile_kind kind, const char *text, size_t size, const char *expected)
{
	struct cp_lockfile *lockfile = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	assert_int_equal(cp_lockfile_read(kind, text, size, LABEL, &lockfile, &err), -1);
	assert_null(lockfile);
	assert_non_null(err);
	if (strncmp(err->message, expected, strlen(expected)) != 0)
		fail_msg("%s", err->message);
}

/* --- npm ------------------------------------------------------------------------- */

static void npm_11_records_libc(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_NPM,
		"{\"name\":\"app\",\"lockfileVersion\":3,\"requires\":true,\"packages\":{"
		"\"\":{\"name\":\"app\",\"version\":\"1.0.0\"},"
		"\"packages/own\":{\"version\":\"2.0.0\"},"
		"\"node_modules/own\":{\"resolved\":\"packages/own\",\"link\":true},"
		"\"node_modules/@img/sharp-linuxmusl-x64\":{\"version\":\"0.34.5\","
		"\"cpu\":[\"x64\"],\"libc\":[\"musl\"],\"optional\":true,\"os\":[\"linux\"]},"
		"\"node_modules/bcrypt\":{\"version\":\"6.0.0\",\"hasInstallScript\":true},"
		"\"node_modules/a/node_modules/bcrypt\":{\"version\":\"5.1.1\"},"
		"\"node_modules/b/node_modules/bcrypt\":{\"version\":\"6.0.0\","
		"\"os\":[\"!win32\"]}}}");
	assert_int_equal(cp_lockfile_count(lockfile), 3);
	expect(lockfile, "@img/sharp-linuxmusl-x64", NULL,
		"0.34.5 os=linux cpu=x64 libc=musl optional");
	expect(lockfile, "bcrypt", "6.0.0", "6.0.0 os=!win32 install");
	expect(lockfile, "bcrypt", "5.1.1", "5.1.1");
	assert_null(cp_lockfile_find(lockfile, "bcrypt", "4.0.0"));
	assert_null(cp_lockfile_find(lockfile, "own", NULL));
	assert_null(cp_lockfile_find(lockfile, "zzz", NULL));
	assert_string_equal(cp_lockfile_source(lockfile), "package-lock.json");
}

static void npm_10_and_older_formats(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *second = read_lock(CP_LOCK_NPM,
		"\xef\xbb\xbf{\"lockfileVersion\":2,\"packages\":{"
		"\"node_modules/@swc/core-linux-x64-musl\":{\"version\":\"1.3.0\","
		"\"cpu\":[\"x64\"],\"os\":[\"linux\"],\"optional\":true}},"
		"\"dependencies\":{\"only-in-dependencies\":{\"version\":\"1.0.0\"}}}");
	assert_int_equal(cp_lockfile_count(second), 1);
	expect(second, "@swc/core-linux-x64-musl", NULL, "1.3.0 os=linux cpu=x64 optional");
	cp_cleanup_lockfile struct cp_lockfile *first = read_lock(CP_LOCK_NPM,
		"{\"lockfileVersion\":1,\"dependencies\":{\"a\":{\"version\":\"1.0.0\","
		"\"dependencies\":{\"b\":{\"version\":\"2.0.0\",\"optional\":true}}}}}");
	expect(first, "a", NULL, "1.0.0");
	expect(first, "b", NULL, "2.0.0 optional");
}

static void what_npm_did_not_write_is_an_error_or_nothing(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"{\"lockfileVersion\":3}",
		"{\"packages\":{\"node_modules/\":{\"version\":\"1\"}}}",
		"{\"packages\":{\"node_modules/a\":{\"version\":1}}}",
		"{\"packages\":{\"node_modules/a\":[]}}",
		"{\"packages\":{\"my_node_modules/a\":{\"version\":\"1\"}}}",
		"{\"lockfileVersion\":1,\"dependencies\":{\"a\":3}}",
	};
	static const char broken[] = "{\n  \"packages\": {\n    \"a\": }\n";
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_NPM, odd[i]);
		assert_int_equal(cp_lockfile_count(lockfile), 0);
	}
	expect_error(CP_LOCK_NPM, broken, strlen(broken), LABEL ": line 3, column 10: ");
	expect_error(CP_LOCK_NPM, "", 0, LABEL ": line 1, column 0: ");
	expect_error(CP_LOCK_NPM, "{}", 2, LABEL ": line 1, column 1: no packages");
	expect_error(CP_LOCK_NPM, "[]", 2, LABEL ": line 1, column 1: no packages");
}

/* --- pnpm ------------------------------------------------------------------------ */

static void pnpm_9_tells_in_two_places(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_PNPM,
		"lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n\n"
		"importers:\n\n  .:\n    dependencies:\n      sharp:\n"
		"        specifier: ^0.33.5\n        version: 0.33.5\n\n"
		"packages:\n\n"
		"  '@img/sharp-linuxmusl-x64@0.33.5':\n"
		"    resolution: {integrity: sha512-abc==}\n"
		"    engines: {node: ^18.17.0 || >=21.0.0}\n"
		"    cpu: [x64]\n    os: [linux]\n    libc: [musl]\n\n"
		"  react-dom@18.0.0:\n    resolution: {integrity: sha512-def==}\n"
		"    peerDependencies:\n      react: ^18.0.0\n\n"
		"  tarball@https://example.com/a@b.tgz:\n"
		"    resolution: {tarball: https://example.com/a@b.tgz}\n    version: 3.2.1\n\n"
		"snapshots:\n\n  '@img/sharp-linuxmusl-x64@0.33.5':\n    optional: true\n\n"
		"  react-dom@18.0.0(react@18.0.0(x@1.0.0)):\n    dependencies:\n"
		"      react: 18.0.0\n");
	expect(lockfile, "@img/sharp-linuxmusl-x64", "0.33.5",
		"0.33.5 os=linux cpu=x64 libc=musl optional");
	expect(lockfile, "react-dom", NULL, "18.0.0");
	expect(lockfile, "tarball", NULL, "3.2.1");
	assert_int_equal(cp_lockfile_count(lockfile), 3);
	assert_string_equal(cp_lockfile_source(lockfile), "pnpm-lock.yaml");
}

static void pnpm_6_and_5_begin_with_a_slash(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_PNPM,
		"lockfileVersion: '6.0'\n\npackages:\n\n"
		"  /@swc/core-linux-x64-musl@1.3.0:\n    resolution: {integrity: sha512-abc==}\n"
		"    cpu: [x64]\n    os: [linux]\n    libc: [musl]\n    requiresBuild: true\n"
		"    dev: true\n    optional: true\n\n"
		"  /react-dom@18.0.0(react@18.0.0):\n    resolution: {integrity: sha512-def==}\n"
		"    dev: false\n\n"
		"  /@old/five/1.2.3_peer@1.0.0:\n    dev: false\n"
		"  /five/1.0.0:\n    dev: false\n");
	expect(lockfile, "@swc/core-linux-x64-musl", NULL,
		"1.3.0 os=linux cpu=x64 libc=musl optional install");
	expect(lockfile, "react-dom", NULL, "18.0.0");
	expect(lockfile, "five", NULL, "1.0.0");
	assert_int_equal(cp_lockfile_count(lockfile), 4);
}

static void broken_yaml_has_a_place(void **state)
{
	(void)state;
	static const char flow[] = "packages:\n  a@1.0.0:\n    cpu: [x64\n    os: [linux]\n";
	static const char tab[] = "packages:\n  a@1:\n\tos: x\n";
	static const char key[] = "packages:\n  ? [a, b]\n  : c\n";
	expect_error(CP_LOCK_PNPM, flow, strlen(flow), LABEL ": line 5, column 1: ");
	expect_error(CP_LOCK_PNPM, tab, strlen(tab), LABEL ": line 3, column ");
	expect_error(CP_LOCK_PNPM, key, strlen(key), LABEL ": line 2, column 5: a key");
	static const char *const no_text[] = {"%YAML\xff", "a: \xc3(", "a: \xe0\x80\x80",
		"a: \xed\xa0\x80", "a: \xf5\x80\x80\x80", "a: \xf0\x9f", "a: \1"};
	for (size_t i = 0; i < sizeof(no_text) / sizeof(*no_text); i++)
		expect_error(
			CP_LOCK_PNPM, no_text[i], strlen(no_text[i]), LABEL ": line 1, column ");
	expect_error(CP_LOCK_PNPM, "a: b\n%X", 7, LABEL ": line 2, column 1: a directive");
	cp_cleanup_lockfile struct cp_lockfile *wide =
		read_lock(CP_LOCK_PNPM, "# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n");
	assert_int_equal(cp_lockfile_count(wide), 0);
	cp_cleanup_lockfile struct cp_lockfile *empty = read_lock(CP_LOCK_PNPM, "");
	assert_int_equal(cp_lockfile_count(empty), 0);
	cp_cleanup_lockfile struct cp_lockfile *odd =
		read_lock(CP_LOCK_PNPM, "packages:\n  a@1: &x {os: *x}\n  b: c\n--- f\n");
	expect(odd, "a", NULL, "1 os=");
}

/* --- Yarn ------------------------------------------------------------------------ */

static void yarn_1_has_a_format_of_its_own(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_YARN,
		"# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\r\n"
		"# yarn lockfile v1\n\n\n"
		"\"@img/sharp-linuxmusl-x64@0.33.5\":\n  version \"0.33.5\"\n"
		"  resolved \"https://registry.example/x.tgz#abc\"\n"
		"  integrity sha512-abc==\n"
		"  optionalDependencies:\n    \"@img/sharp-libvips\" \"1.0.4\"\n"
		"    version \"9.9.9\"\n\n"
		"abbrev@1, abbrev@^1.0.0:\n  version \"1.1.1\"\n\n"
		"\"alias@npm:other@^2.0.0\", other@^2.0.0:\n  version \"2.0.1\"\n");
	expect(lockfile, "@img/sharp-linuxmusl-x64", NULL, "0.33.5");
	expect(lockfile, "abbrev", NULL, "1.1.1");
	expect(lockfile, "alias", NULL, "2.0.1");
	assert_int_equal(cp_lockfile_count(lockfile), 3);
	assert_string_equal(cp_lockfile_source(lockfile), "yarn.lock");
}

static void yarn_1_broken(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"a@1:\n  version \"1\n", "line 2, column 11: a quote"},
		{"a@1\n", "line 1, column 4: a colon"},
		{"a@1, :\n", "line 1, column 6: a name"},
		{"  version \"1\"\n", "line 1, column 3: a field of no package"},
		{"a@1:\n version \"1\"\n", "line 2, column 2: indented"},
		{"a@1:\n  version\n", "line 2, column 10: a value"},
		{"a@1:\n<<<<<<< HEAD\n", "line 2, column 8: a merge conflict"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char error[128];
		snprintf(error, sizeof(error), LABEL ": %s", cases[i].error);
		expect_error(CP_LOCK_YARN, cases[i].text, strlen(cases[i].text), error);
	}
}

static void berry_has_conditions(void **state)
{
	(void)state;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = read_lock(CP_LOCK_YARN,
		"# This file is generated by running \"yarn install\" inside your project.\n\n"
		"__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"
		"\"@img/sharp-linuxmusl-x64@npm:0.33.5\":\n  version: 0.33.5\n"
		"  resolution: \"@img/sharp-linuxmusl-x64@npm:0.33.5\"\n"
		"  dependencies:\n    version: \"npm:9.9.9\"\n"
		"  conditions: os=linux & cpu=x64 & libc=musl\n  languageName: node\n"
		"  linkType: hard\n\n"
		"\"fsevents@npm:^2.0.0, fsevents@npm:~2.3.2\":\n  version: 2.3.3\n"
		"  conditions: (os=darwin | os=linux) & cpu=!ia32\n  linkType: hard\n\n"
		"\"app@workspace:.\":\n  version: 0.0.0-use.local\n  linkType: soft\n");
	expect(lockfile, "@img/sharp-linuxmusl-x64", NULL, "0.33.5 os=linux cpu=x64 libc=musl");
	expect(lockfile, "fsevents", NULL, "2.3.3 os=darwin,linux cpu=!ia32");
	assert_int_equal(cp_lockfile_count(lockfile), 2);
	static const char broken[] = "__metadata:\n  version: 8\n\n\"a@npm:1\":\n  x: [\n";
	expect_error(CP_LOCK_YARN, broken, strlen(broken), LABEL ": line ");
}

/* --- large and hostile -------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *const large_entries[] = {
	[CP_LOCK_NPM] = "%s\n    \"node_modules/@s/p-%u\": {\n      \"version\": \"1.0.%u\",\n"
			"      \"resolved\": \"https://registry.example/p/-/p.tgz\",\n"
			"      \"cpu\": [\"x64\"],\n      \"optional\": true\n    }",
	[CP_LOCK_PNPM] = "%s\n  '@s/p-%u@1.0.%u':\n    resolution: {integrity: sha512-abc==}\n"
			 "    engines: {node: '>=10'}\n    cpu: [x64]\n    os: [linux]\n",
	[CP_LOCK_YARN] = "%s\n\"@s/p-%u@^1.0.%u\":\n  version \"1.0.0\"\n  resolved \"https://x\"\n"
			 "  integrity sha512-abc==\n  dependencies:\n    a \"^1.0.0\"\n",
};

/* A lock file of `lines` lines at least; owned. */
static char *make_large(enum cp_lockfile_kind kind, unsigned int lines, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);
	const char *separator = kind == CP_LOCK_NPM ? "," : "";
	fputs(kind == CP_LOCK_NPM      ? "{\"lockfileVersion\": 3, \"packages\": {"
		: kind == CP_LOCK_PNPM ? "lockfileVersion: '9.0'\npackages:\n"
				       : "# yarn lockfile v1\n",
		file);
	for (unsigned int i = 0; i < lines / 6; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(file, large_entries[kind], i ? separator : "", i, i);
#pragma GCC diagnostic pop
	}
	fputs(kind == CP_LOCK_NPM ? "}}" : "", file);
	fclose(file);
	return text;
}

/* Four times the lines take no more than some five times the time: nothing is quadratic. The real
 * bound, a second for 200,000 lines of an optimised build, is ten times what this build needs. */
static void large_files_are_read_in_linear_time(void **state)
{
	(void)state;
	for (enum cp_lockfile_kind kind = CP_LOCK_NPM; kind <= CP_LOCK_YARN; kind++) {
		double took[2];
		for (unsigned int i = 0; i < 2; i++) {
			size_t size;
			cp_cleanup_free char *text = make_large(kind, i ? 200000 : 50000, &size);
			cp_cleanup_lockfile struct cp_lockfile *lockfile = NULL;
			double start = seconds();
			assert_int_equal(
				cp_lockfile_read(kind, text, size, LABEL, &lockfile, NULL), 0);
			took[i] = seconds() - start;
			assert_int_equal(cp_lockfile_count(lockfile), (i ? 200000 : 50000) / 6);
			assert_non_null(cp_lockfile_find(lockfile, "@s/p-4711", NULL));
		}
		if (took[1] > 10 * took[0] + 0.5)
			fail_msg("%u: %.2f s, then %.2f s", (unsigned int)kind, took[0], took[1]);
	}
}

static void nesting_has_an_end(void **state)
{
	(void)state;
	const size_t levels = 10000;
	cp_cleanup_free char *text = malloc(levels * 7 + 1);
	for (size_t i = 0; i < levels; i++)
		memcpy(text + i * 5, "{\"a\":", 5);
	expect_error(CP_LOCK_NPM, text, levels * 5, LABEL ": line 1, column ");
	memset(text, '[', levels);
	expect_error(CP_LOCK_PNPM, text, levels, LABEL ": line 1, column ");
	const size_t brackets = 4 << 20; /* which libfyaml would read to their end first */
	cp_cleanup_free char *wide = malloc(brackets);
	memset(wide, '[', brackets);
	expect_error(CP_LOCK_PNPM, wide, brackets, LABEL ": line 1");
	size_t length = 0;
	for (size_t i = 0; i < 100; i++) {
		memset(text + length, ' ', i);
		memcpy(text + length + i, "a:\n", 3);
		length += i + 3;
	}
	expect_error(CP_LOCK_PNPM, text, length, LABEL ": line 65, column 65: nested too deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(npm_11_records_libc),
		cmocka_unit_test(npm_10_and_older_formats),
		cmocka_unit_test(what_npm_did_not_write_is_an_error_or_nothing),
		cmocka_unit_test(pnpm_9_tells_in_two_places),
		cmocka_unit_test(pnpm_6_and_5_begin_with_a_slash),
		cmocka_unit_test(broken_yaml_has_a_place),
		cmocka_unit_test(yarn_1_has_a_format_of_its_own),
		cmocka_unit_test(yarn_1_broken),
		cmocka_unit_test(berry_has_conditions),
		cmocka_unit_test(large_files_are_read_in_linear_time),
		cmocka_unit_test(nesting_has_an_end),
	};
	return cmocka_run_group_tests_name("lockfile", tests, NULL, NULL);
}
