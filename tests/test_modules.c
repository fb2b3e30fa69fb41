/* SPDX-License-Identifier: MIT
 *
 * Modules that are not there: what a source loads for certain, and where Node looks for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "js_specifiers.h"
#include "keep.h"
#include "memory.h"
#include "modules.h"

/* --- specifiers ---------------------------------------------------------------------- */

static void expect_specifiers(const char *source, const char *expected)
{
	cp_cleanup_free char *found = cp_js_specifiers(source, strlen(source));
	assert_non_null(found);
	if (strcmp(found, expected) != 0)
		fail_msg("%s\ngives\n%s", source, found);
}

static void requires_of_the_top_level_count(void **state)
{
	(void)state;
	expect_specifiers("#!/usr/bin/env node\n\"use strict\";\n"
			  "var __importDefault = (this && this.__importDefault) || function (m) {\n"
			  "    return (m && m.__esModule) ? m : { \"default\": m };\n};\n"
			  "Object.defineProperty(exports, \"__esModule\", { value: true });\n"
			  "const common_1 = require(\"@nestjs/common\");\n"
			  "const kafkajs_1 = __importDefault(require('kafkajs'));\n"
			  "require(\"./side\");\n"
			  "const { a, b: { c } } = require('x'), d = require(\"y\").z;\n",
		"require @nestjs/common\nrequire kafkajs\nrequire ./side\nrequire x\nrequire y\n");
	expect_specifiers("const a = require('a')\nconst b = require('b')\nlet f = () => 1\n"
			  "const c = require('c')\n",
		"require a\nrequire b\nrequire c\n");
}

static void what_may_not_run_does_not_count(void **state)
{
	(void)state;
	static const char *const sources[] = {
		"try { require('a'); } catch (e) {}",
		"function f() { return require('a'); }",
		"if (x) require('a');",
		"if (x)\n  require('a');",
		"const f = () => require('a');",
		"const x = y && require('a');",
		"const x = y ? require('a') : require('b');",
		"const x = y || require('a');",
		"module.exports = { get a() { return require('a'); } };",
		"const n = require('a' + b);",
		"const n = require(name);",
		"require.resolve('a');",
		"loader.require('a');",
		"// require('a')\n/* require('a') */",
		"const s = \"require('a')\", t = `require('a') ${require('b')}`;",
		"const r = /require('a')/;",
		"const r = /[/'\"]{/; ",
		"import('a'); import.meta.url;",
		"if (done) return;\nprocess.exit(); if (a) throw b; return require('a');",
		"require('a\\x41');",
		"if (done) return; require('a');",
		"process.exit(1); require('a');",
	};
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		expect_specifiers(sources[i], "");
}

static void imports_and_exports_count(void **state)
{
	(void)state;
	expect_specifiers("import 'side';\nimport a from \"a\";\nimport * as b from 'b'\n"
			  "import c, { d as e,\n f } from 'c';\nexport * from './g';\n"
			  "export { h as default } from 'h';\nexport { i };\nexport const j = 1;\n"
			  "export default function from() { return 'k'; }\n"
			  "import{l}from'l';import m from 'm' with { type: 'json' };\n",
		"import side\nimport a\nimport b\nimport c\nimport ./g\nimport h\nimport l\n"
		"import m\n");
}

static void sources_that_cannot_be_followed_tell_nothing(void **state)
{
	(void)state;
	static const char *const sources[] = {"require('a'); {", "require('a'); }",
		"require('a'); `", "require('a'); /*", "require('a'); `${", "require('a",
		"`${`${`${", "import {", "export *", "import", "require(", "require('a'", "\\", "/",
		"'\\"};
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		expect_specifiers(sources[i], "");
	expect_specifiers("const a = `x ${ { b: `y ${c}` }.b } z`; require('d');", "require d\n");
	expect_specifiers("const a = b / c; require('d'); e = f() / 2; const g = require('h') / 1;",
		"require d\nrequire h\n");
	expect_specifiers("x = 'it\\'s'; y = /\\/'/.test(z); require('d');", "require d\n");
}

/* --- resolution ------------------------------------------------------------------------- */

struct file {
	const char *path, *text;
};

static void add_file(struct cp_index *index, const struct file *file)
{
	uint32_t node;
	const char *text = file->text ? file->text : "";
	assert_int_equal(cp_index_add(index, file->path, CP_NODE_FILE, &node, NULL), 0);
	enum cp_keep keep = cp_keep_decide(file->path, strlen(text), text, strlen(text));
	assert_int_equal(
		cp_keep_store(index, node, file->path, keep, text, strlen(text), false, NULL), 0);
}

static void add_link(struct cp_index *index, const char *path, const char *target)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, CP_NODE_SYMLINK, &node, NULL), 0);
	assert_int_equal(cp_index_set_link(index, node, target, NULL), 0);
}

/* One line a module that is missing: "FILE: MESSAGE". */
static void expect_in(struct cp_index *index, const char *entry, const char *expected)
{
	char found[2048] = "";
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	struct cp_missing_module *missing;
	size_t count;
	assert_int_equal(cp_missing_modules(&root, entry, &missing, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(found);
		snprintf(found + length, sizeof(found) - length, "%s: %s\n", missing[i].imported_by,
			missing[i].message);
	}
	cp_missing_modules_free(missing, count);
	assert_string_equal(found, expected);
}

static void expect(const struct file *files, const char *entry, const char *expected)
{
	cp_cleanup_index struct cp_index *index = cp_index_new();
	for (; files->path; files++)
		add_file(index, files);
	expect_in(index, entry, expected);
}

#define EXPECT(entry, expected, ...)                                                               \
	expect((const struct file[]){__VA_ARGS__, {NULL, NULL}}, entry, expected)

static void own_files_are_followed(void **state)
{
	(void)state;
	EXPECT("/app/dist/main.js",
		"/app/dist/health/kafka.js: Cannot find module 'kafkajs'\n"
		"/app/dist/main.js: Cannot find module '@a/b/c'\n",
		{"/app/dist/main.js", "require('./health'); require('@a/b/c'); require('pg');"},
		{"/app/dist/health/index.js", "require('./kafka'); require('..');"},
		{"/app/dist/health/kafka.js", "require('kafkajs'); require('./index.js');"},
		{"/app/dist/index.js", "require('kafkajs');"},
		{"/app/node_modules/pg/index.js", "require('not-there');"});
}

static void packages_and_directories_are_entries(void **state)
{
	(void)state;
	const struct file files[] = {
		{"/app/package.json", "{\"name\":\"app\",\"main\":\"./dist/main\"}"},
		{"/app/dist/main.mjs", "import '@apollo/gateway'; import 'app/x'; import '#x';"},
		{NULL, NULL}};
	static const char missing[] = "/app/dist/main.mjs: Cannot find package '@apollo/gateway' "
				      "imported from /app/dist/main.mjs\n";
	expect(files, "/app", missing);
	expect(files, "/app/dist/main", missing);
	expect(files, NULL, "");
	expect(files, "/nowhere", "");
}

static void node_looks_up_the_tree(void **state)
{
	(void)state;
	EXPECT("/app/a/b.js", "/app/a/b.js: Cannot find module 'gone'\n",
		{"/app/a/b.js", "require('near'); require('far/sub'); require('root');"
				"require('as-file'); require('gone');"},
		{"/app/a/node_modules/near/package.json", "{}"},
		{"/app/node_modules/far/package.json", "{}"},
		{"/node_modules/root/package.json", "{}"}, {"/app/node_modules/as-file.js", NULL},
		{"/app/a/x/node_modules/gone/package.json", "{}"});
}

static void builtins_and_the_like_are_passed_over(void **state)
{
	(void)state;
	EXPECT("/app/x.js", "",
		{"/app/x.js", "require('fs'); require('node:test'); require('fs/promises');"
			      "require('#x'); require('https://x'); require('@/x'); require('/no');"
			      "require('./gone'); require(''); require('global'); require('@');"},
		{"/usr/local/lib/node_modules/global/package.json", "{}"});
	EXPECT("/app/x.js", "", {"/app/x.js", "require('a');"}, {"/app/.pnp.cjs", NULL});
	EXPECT("/app/x.js", "", {"/app/x.js", "require('a'); require('module-alias/register');"},
		{"/app/node_modules/module-alias/package.json", "{}"});
}

static void workspaces_are_the_services_own(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_file(index, &(struct file){"/app/x.js", "require('@own/lib'); require('@own/lib/s');"});
	add_file(index, &(struct file){"/libs/l/package.json", "{\"main\":\"m.js\"}"});
	add_file(index, &(struct file){"/libs/l/m.js", "require('one');"});
	add_file(index, &(struct file){"/libs/l/s.js", "require('two');"});
	add_link(index, "/app/node_modules/@own/lib", "../../../libs/l");
	expect_in(index, "/app/x.js",
		"/libs/l/m.js: Cannot find module 'one'\n"
		"/libs/l/s.js: Cannot find module 'two'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requires_of_the_top_level_count),
		cmocka_unit_test(what_may_not_run_does_not_count),
		cmocka_unit_test(imports_and_exports_count),
		cmocka_unit_test(sources_that_cannot_be_followed_tell_nothing),
		cmocka_unit_test(own_files_are_followed),
		cmocka_unit_test(packages_and_directories_are_entries),
		cmocka_unit_test(node_looks_up_the_tree),
		cmocka_unit_test(builtins_and_the_like_are_passed_over),
		cmocka_unit_test(workspaces_are_the_services_own),
	};
	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
