/* SPDX-License-Identifier: MIT
 *
 * What Node and the packages' loaders write, and what it means. The texts are as Node 20 printed
 * them, or as reports of their users have them; paths and stacks are shortened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "js_text.h"

#define NODE_FRAMES                                                                                \
	"    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)\n"              \
	"    at Module._load (node:internal/modules/cjs/loader:1038:27)\n"                         \
	"    at require (node:internal/modules/helpers:182:18)\n"

struct finding {
	const char *kind, *cause, *object, *needed_by, *message;
	enum cp_answer blames;
};

/* Checks that `text` has exactly these findings, in this order; a kind of NULL ends them. */
static void check(const char *string, const struct finding *wanted)
{
	size_t size = strlen(string), from = 0, used;
	char *text = malloc(size + 1); /* no NUL: the sanitizer sees who reads on */
	memcpy(text, string, size);
	text = realloc(text, size ? size : 1);
	for (;; wanted++) {
		struct cp_js_text out;
		bool found = cp_js_text_find(text + from, size - from, &out, &used);
		if (found != (wanted->kind != NULL))
			fail_msg("%s '%.*s': %s", found ? "found" : "not found",
				found ? (int)out.message.size : 0, found ? out.message.at : "",
				string);
		if (!found)
			break;
		const char *cause = cp_event_cause_name(out.cause);
		assert_string_equal(cp_event_kind_name(out.kind), wanted->kind);
		assert_string_equal(cause ? cause : "-", wanted->cause ? wanted->cause : "-");
		struct {
			struct cp_span is;
			const char *wanted;
		} spans[] = {{out.object, wanted->object}, {out.needed_by, wanted->needed_by},
			{out.message, wanted->message}};
		for (size_t i = 0; i < 3; i++)
			if (spans[i].wanted ? !cp_span_is(spans[i].is, spans[i].wanted)
					    : spans[i].is.at != NULL)
				fail_msg("'%.*s', wanted '%s'", (int)spans[i].is.size,
					spans[i].is.at ? spans[i].is.at : "",
					spans[i].wanted ? spans[i].wanted : "(none)");
		assert_int_equal(out.blames_template, wanted->blames);
		assert_true(used > 0 && used <= size - from);
		from += used;
	}
	assert_int_equal(used, size - from);
	free(text);
}

#define CHECK(text, ...)                                                                           \
	check(text,                                                                                \
		(const struct finding[]){__VA_ARGS__, {NULL, NULL, NULL, NULL, NULL, CP_UNKNOWN}})
#define NOTHING(text)                                                                              \
	check(text, (const struct finding[]){{NULL, NULL, NULL, NULL, NULL, CP_UNKNOWN}})
#define MISSING "module_not_found", "module_not_found"

static void commonjs(void **state)
{
	(void)state;
	CHECK("node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\n"
	      "Error: Cannot find module 'kafkajs'\nRequire stack:\n- /app/consumer.js\n- "
	      "/app/index.js\n" NODE_FRAMES
	      "    at Object.<anonymous> (/app/consumer.js:1:1) {\n  code: 'MODULE_NOT_FOUND',\n"
	      "  requireStack: [ '/app/consumer.js', '/app/index.js' ]\n}\n\nNode.js v20.20.2\n",
		{MISSING, "kafkajs", "/app/consumer.js", "Cannot find module 'kafkajs'", CP_NO});
	CHECK("Error: Cannot find module './x'\nRequire stack:\n- /app/b.js\n",
		{MISSING, "./x", "/app/b.js", "Cannot find module './x'", CP_NO});
	/* the program itself: nobody asked */
	CHECK("Error: Cannot find module '/app/dist/main.js'\n" NODE_FRAMES
	      "    at node:internal/main/run_main_module:28:49 {\n  code: 'MODULE_NOT_FOUND',\n"
	      "  requireStack: []\n}\n",
		{MISSING, "/app/dist/main.js", NULL, "Cannot find module '/app/dist/main.js'",
			CP_NO});
	CHECK("Error: Cannot find module '/app/node_modules/badmain/lib/index.js'. Please verify "
	      "that the package.json has a valid \"main\" entry\n" NODE_FRAMES
	      "    at Object.<anonymous> (/app/l.js:1:1)\n",
		{MISSING, "/app/node_modules/badmain/lib/index.js", "/app/l.js",
			"Cannot find module '/app/node_modules/badmain/lib/index.js'. Please "
			"verify that the package.json has a valid \"main\" entry",
			CP_NO});
	CHECK("Cannot find module 'q'", {MISSING, "q", NULL, "Cannot find module 'q'", CP_NO});
}

static void esm(void **state)
{
	(void)state;
	CHECK("node:internal/modules/esm/resolve:873\n  throw new "
	      "ERR_MODULE_NOT_FOUND(packageName, "
	      "fileURLToPath(base), null);\n        ^\n\n"
	      "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@apollo/gateway' imported from "
	      "/app/index.mjs\n    at packageResolve (node:internal/modules/esm/resolve:873:9) {\n"
	      "  code: 'ERR_MODULE_NOT_FOUND'\n}\n",
		{MISSING, "@apollo/gateway", "/app/index.mjs",
			"Cannot find package '@apollo/gateway' imported from /app/index.mjs",
			CP_NO});
	CHECK("Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/nothere.js' imported from "
	      "/app/d.mjs\n",
		{MISSING, "/app/nothere.js", "/app/d.mjs",
			"Cannot find module '/app/nothere.js' imported from /app/d.mjs", CP_NO});
}

static void loggers(void **state)
{
	(void)state;
	/* Node's inspection with colours; the stack's paths have them inside */
	CHECK("Error: Cannot find module 'q'\nRequire stack:\n- /app/j.js\n\033[90m    at "
	      "Module._load (node:internal/modules/cjs/loader:1038:27)\033[39m\n    at "
	      "Object.<anonymous> \033[90m(/app/\033[39mj.js:1:149\033[90m)\033[39m {\n  code: "
	      "\033[32m'MODULE_NOT_FOUND'\033[39m,\n}\n",
		{MISSING, "q", "/app/j.js", "Cannot find module 'q'", CP_NO});
	/* NestJS */
	CHECK("\033[31m[Nest] 18  - \033[39m01/02/2024, 1:00:00 AM \033[31m  ERROR\033[39m "
	      "\033[38;5;3m[ExceptionHandler] \033[39m\033[31mCannot find module "
	      "'kafkajs'\033[39m\n"
	      "Require stack:\n- /app/dist/main.js\n",
		{MISSING, "kafkajs", "/app/dist/main.js", "Cannot find module 'kafkajs'", CP_NO});
	CHECK("[Nest] 1  - ERROR [PackageLoader] The \"@nestjs/apollo\" package is missing. "
	      "Please, "
	      "make sure to install its library ($ npm install @nestjs/apollo) to take advantage "
	      "of "
	      "GraphQLModule.\n",
		{MISSING, "@nestjs/apollo", NULL,
			"The \"@nestjs/apollo\" package is missing. Please, make sure to install "
			"its library ($ npm install @nestjs/apollo) to take advantage of "
			"GraphQLModule.",
			CP_NO});
	CHECK("\033[38;5;3m[ExceptionHandler] \033[39m\033[31mError loading shared library "
	      "libGL.so.1: No such file or directory (needed by /app/x.node)\033[39m\n",
		{"dlopen_failed", "missing_library", "libGL.so.1", "/app/x.node",
			"Error loading shared library libGL.so.1: No such file or directory "
			"(needed by /app/x.node)",
			CP_YES});
	CHECK("\033[31m[ExceptionHandler] \033[39m\033[31mlibGL.so.1: cannot open shared object "
	      "file: No such file or directory\033[39m\n",
		{"dlopen_failed", "missing_library", "libGL.so.1", NULL,
			"libGL.so.1: cannot open shared object file: No such file or directory",
			CP_YES});
	/* one line of JSON */
	CHECK("{\"level\":60,\"msg\":\"Cannot find module 'pg'\\nRequire stack:\\n- "
	      "/app/db.js\\n- /app/index.js\",\"code\":\"MODULE_NOT_FOUND\"}\n",
		{MISSING, "pg", "/app/db.js", "Cannot find module 'pg'", CP_NO});
	CHECK("{\"level\":60,\"msg\":\"Cannot find module 'pg'\",\"pid\":1}",
		{MISSING, "pg", NULL, "Cannot find module 'pg'", CP_NO});
}

static void source_code_is_no_failure(void **state)
{
	(void)state;
	NOTHING("    throw new Error('Failed to load native binding', { cause: loadErrors })\n");
	NOTHING("  var e = new Error(\"Cannot find module '\" + req + \"'\");\n");
	NOTHING("  const message = `Cannot find module '${request}'`;\n");
	NOTHING("var e = new Error(\"Cannot find module 'kafkajs'\"); e.code = "
		"'MODULE_NOT_FOUND';\n");
	NOTHING("");
	NOTHING("\n\nlistening on 3000\nCannot find module ''\nCannot find module 'x");
	NOTHING("warning: /data/a.pdf: file too short\n");
	NOTHING("./p: error while loading shared libraries: libn.so: cannot open shared object "
		"file: No such file or directory\n");
}

static void dlopen_failures(void **state)
{
	(void)state;
	CHECK("node:internal/modules/cjs/loader:1661\n  return process.dlopen(module, "
	      "path.toNamespacedPath(filename));\n                 ^\n\nError: "
	      "/app/x.node: undefined symbol: dat\n    at Module._extensions..node "
	      "(node:internal/modules/cjs/loader:1661:18) {\n  code: 'ERR_DLOPEN_FAILED'\n}\n",
		{"dlopen_failed", "missing_symbol", "/app/x.node", NULL,
			"/app/x.node: undefined symbol: dat", CP_YES});
	CHECK("Error: Error loading shared library ld-linux-x86-64.so.2: No such file or directory "
	      "(needed by /app/node_modules/@temporalio/core-bridge/index.node)\n",
		{"dlopen_failed", "missing_loader", "ld-linux-x86-64.so.2",
			"/app/node_modules/@temporalio/core-bridge/index.node",
			"Error loading shared library ld-linux-x86-64.so.2: No such file or "
			"directory (needed by "
			"/app/node_modules/@temporalio/core-bridge/index.node)",
			CP_YES});
	CHECK("[Error: Error relocating /app/x.node: fcntl64: symbol not found] {\n  code: "
	      "'ERR_DLOPEN_FAILED'\n}\n",
		{"dlopen_failed", "missing_symbol", "/app/x.node", NULL,
			"Error relocating /app/x.node: fcntl64: symbol not found", CP_YES});
	CHECK("Error: /app/x.node: file too short\n    at Module._extensions..node "
	      "(node:internal/modules/cjs/loader:1661:18) {\n  code: 'ERR_DLOPEN_FAILED'\n}\n",
		{"dlopen_failed", "not_elf", "/app/x.node", NULL, "/app/x.node: file too short",
			CP_NO});
	CHECK("Error: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by "
	      "/app/x.node)\n",
		{"dlopen_failed", "symbol_version", "/lib/x86_64-linux-gnu/libc.so.6",
			"/app/x.node",
			"/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required "
			"by /app/x.node)",
			CP_YES});
	CHECK("Details: Unable to require(`/app/libquery_engine.so.node`)\n libssl.so.3: cannot "
	      "open shared object file: No such file or directory\n",
		{"dlopen_failed", "missing_library", "libssl.so.3", NULL,
			"libssl.so.3: cannot open shared object file: No such file or directory",
			CP_YES});
}

static void nodes_own_refusals(void **state)
{
	(void)state;
	CHECK("Error: The module '/app/build/Release/better_sqlite3.node'\nwas compiled against a "
	      "different Node.js version using\nNODE_MODULE_VERSION 137. This version of Node.js "
	      "requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing\nthe "
	      "module (for instance, using `npm rebuild` or `npm install`).\n    at "
	      "Module._extensions..node (node:internal/modules/cjs/loader:1661:18)\n    at "
	      "bindings "
	      "(/app/node_modules/bindings/bindings.js:112:48)\n    at new Database "
	      "(/app/node_modules/better-sqlite3/lib/database.js:48:64) {\n  code: "
	      "'ERR_DLOPEN_FAILED'\n}\n",
		{"dlopen_failed", "node_abi", "/app/build/Release/better_sqlite3.node",
			"/app/node_modules/better-sqlite3/lib/database.js",
			"The module '/app/build/Release/better_sqlite3.node'\nwas compiled against "
			"a different Node.js version using\nNODE_MODULE_VERSION 137. This version "
			"of Node.js requires\nNODE_MODULE_VERSION 115",
			CP_NO});
	CHECK("Error: Module did not self-register: '/app/x.node'.\n    at process.func [as "
	      "dlopen] "
	      "(node:internal:1:1)\n",
		{"dlopen_failed", "node_abi", "/app/x.node", NULL,
			"Module did not self-register: '/app/x.node'.", CP_NO});
	CHECK("Error: Module did not self-register.\n",
		{"dlopen_failed", "node_abi", NULL, NULL, "Module did not self-register.", CP_NO});
}

static void packages_of_a_platform(void **state)
{
	(void)state;
	CHECK("Error: Cannot find module '@img/sharp-linuxmusl-x64/sharp.node'\nRequire stack:\n- "
	      "/app/node_modules/sharp/lib/sharp.js\n",
		{MISSING, "@img/sharp-linuxmusl-x64/sharp.node",
			"/app/node_modules/sharp/lib/sharp.js",
			"Cannot find module '@img/sharp-linuxmusl-x64/sharp.node'", CP_YES});
	static const char *const platform[] = {"@img/sharp-linuxmusl-x64",
		"@swc/core-linux-x64-gnu", "./swc.linux-x64-gnu.node",
		"../lightningcss.linux-x64-musl.node", "@rollup/rollup-linux-arm64-musl",
		"@lmdb/lmdb-linux-x64", "@libsql/linux-x64-gnu", "@img/sharp-linux-x64/sharp.node",
		"snappy-linux-arm-gnueabihf", "./releases/x86_64-unknown-linux-gnu/index.node",
		"./lib.linux-musl-arm64.so"};
	static const char *const others[] = {"kafkajs", "linux", "linux-x64-tools", "./linux",
		"@esbuild/linux-x64", "os-linux", "linux-", "", "@nestjs/linux-x64-x", "gnu-linux",
		"./x.linux-x64.js", "@swc/core-darwin-x64"};
	for (size_t i = 0; i < sizeof(platform) / sizeof(*platform); i++)
		if (!cp_module_is_of_platform(platform[i], strlen(platform[i])))
			fail_msg("of a platform: %s", platform[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (cp_module_is_of_platform(others[i], strlen(others[i])))
			fail_msg("not of a platform: %s", others[i]);
}

static void loaders_of_packages(void **state)
{
	(void)state;
	CHECK("/app/node_modules/sharp/lib/sharp.js:113\n  throw new Error(help.join('\\n'));\n  "
	      "^\n\n"
	      "Error: Could not load the \"sharp\" module using the linuxmusl-x64 runtime\n"
	      "ERR_DLOPEN_FAILED: Error loading shared library libvips-cpp.so.8.16.1: No such file "
	      "or directory (needed by /app/sharp-linuxmusl-x64.node)\nPossible solutions:\n- "
	      "Ensure "
	      "optional dependencies can be installed:\n    npm install --include=optional sharp\n"
	      "    at Object.<anonymous> (/app/node_modules/sharp/lib/sharp.js:113:9)\n",
		{MISSING, "sharp", "/app/node_modules/sharp/lib/sharp.js",
			"Could not load the \"sharp\" module using the linuxmusl-x64 runtime",
			CP_YES},
		{"dlopen_failed", "missing_library", "libvips-cpp.so.8.16.1",
			"/app/sharp-linuxmusl-x64.node",
			"Error loading shared library libvips-cpp.so.8.16.1: No such file or "
			"directory (needed by /app/sharp-linuxmusl-x64.node)",
			CP_YES});
	CHECK("Error: Cannot find native binding. npm has a bug related to optional dependencies "
	      "(https://github.com/npm/cli/issues/4828). Please try `npm i` again after removing "
	      "both package-lock.json and node_modules directory.\n    at Object.<anonymous> "
	      "(/app/node_modules/snappy/index.js:689:19)\n  cause: Error: Cannot find module "
	      "'@napi-rs/snappy-wasm32-wasi'\n    cause: Error: Cannot find module "
	      "'./snappy.wasi.cjs'\n      cause: Error: Cannot find module "
	      "'@napi-rs/snappy-linux-x64-gnu'\n      Require stack:\n      - "
	      "/app/node_modules/snappy/index.js\n",
		{MISSING, NULL, "/app/node_modules/snappy/index.js",
			"Cannot find native binding. npm has a bug related to optional "
			"dependencies (https://github.com/npm/cli/issues/4828). Please try `npm i` "
			"again after removing both package-lock.json and node_modules directory.",
			CP_YES},
		{MISSING, "@napi-rs/snappy-linux-x64-gnu", "/app/node_modules/snappy/index.js",
			"Cannot find module '@napi-rs/snappy-linux-x64-gnu'", CP_YES});
	CHECK("Error: Failed to load native binding\n    at Object.<anonymous> "
	      "(/app/node_modules/@swc/core/binding.js:345:11)\n",
		{MISSING, NULL, "/app/node_modules/@swc/core/binding.js",
			"Failed to load native binding", CP_YES});
	CHECK("Error: Cannot find module @rollup/rollup-linux-x64-gnu. npm has a bug related to "
	      "optional dependencies (https://github.com/npm/cli/issues/4828).\n",
		{MISSING, "@rollup/rollup-linux-x64-gnu", NULL,
			"Cannot find module @rollup/rollup-linux-x64-gnu. npm has a bug related to "
			"optional dependencies (https://github.com/npm/cli/issues/4828).",
			CP_YES});
	CHECK("Error: No prebuild or local build of @parcel/watcher found. Tried "
	      "@parcel/watcher-linux-x64-musl.\n",
		{MISSING, "@parcel/watcher", NULL,
			"No prebuild or local build of @parcel/watcher found. Tried "
			"@parcel/watcher-linux-x64-musl.",
			CP_YES});
	CHECK("Error: No native build was found for platform=linux arch=x64 runtime=node abi=115 "
	      "uv=1 libc=musl node=20.20.2\n    loaded from: /app/node_modules/bufferutil\n\n    "
	      "at "
	      "load.resolve.load.path "
	      "(/app/node_modules/node-gyp-build/node-gyp-build.js:60:9)\n    at "
	      "Object.<anonymous> "
	      "(/app/node_modules/bufferutil/index.js:4:37)\n",
		{MISSING, "/app/node_modules/bufferutil", "/app/node_modules/bufferutil/index.js",
			"No native build was found for platform=linux arch=x64 runtime=node "
			"abi=115 uv=1 libc=musl node=20.20.2",
			CP_YES});
	CHECK("Error: No native build was found for platform=linux arch=x64 runtime=node abi=64 "
	      "uv=1 libc=glibc\n",
		{MISSING, NULL, NULL,
			"No native build was found for platform=linux arch=x64 runtime=node abi=64 "
			"uv=1 libc=glibc",
			CP_UNKNOWN});
	CHECK("AddonError: ADDON_NOT_FOUND: Cannot find addon '.' imported from "
	      "'file:///app/node_modules/sodium-native/binding.js'\n",
		{MISSING, ".", "/app/node_modules/sodium-native/binding.js",
			"Cannot find addon '.' imported from "
			"'file:///app/node_modules/sodium-native/binding.js'",
			CP_UNKNOWN});
	CHECK("PrismaClientInitializationError: Query engine library for current platform "
	      "\"linux-musl\" could not be found.\n",
		{MISSING, "linux-musl", NULL,
			"Query engine library for current platform \"linux-musl\" could not be "
			"found.",
			CP_YES});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commonjs),
		cmocka_unit_test(esm),
		cmocka_unit_test(loggers),
		cmocka_unit_test(source_code_is_no_failure),
		cmocka_unit_test(dlopen_failures),
		cmocka_unit_test(nodes_own_refusals),
		cmocka_unit_test(packages_of_a_platform),
		cmocka_unit_test(loaders_of_packages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
