/* SPDX-License-Identifier: MIT
 *
 * What the loaders say, and what it means. Unless marked, the texts are as the loaders of glibc
 * 2.31, 2.36, 2.41 and musl 1.2.2, 1.2.3, 1.2.5 printed them; paths are shortened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader_text.h"

#define ABSENT "cannot open shared object file: No such file or directory"

struct example {
	const char *text, *cause, *object, *symbol, *needed_by, *file;
	bool at_call;
};

static const struct example musl[] = {
	{"Error loading shared library libmiss.so: No such file or directory (needed by "
	 "./needs.so)",
		"missing_library", "libmiss.so", NULL, "./needs.so", "./needs.so", false},
	{"Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by "
	 "/app/index.node)",
		"missing_loader", "ld-linux-x86-64.so.2", NULL, "/app/index.node",
		"/app/index.node", false},
	{"Error loading shared library libfoo.so: No such file or directory", "missing_library",
		"libfoo.so", NULL, NULL, NULL, false},
	{"Error loading shared library ./nofile.so: No such file or directory", "missing_file",
		"./nofile.so", NULL, NULL, NULL, false},
	{"Error loading shared library ./empty.so: Exec format error", "not_elf", "./empty.so",
		NULL, NULL, "./empty.so", false},
	{"Error loading shared library .: Is a directory", "not_elf", ".", NULL, NULL, ".", false},
	{"Error loading shared library /app/x.node: Operation not permitted", "permission",
		"/app/x.node", NULL, NULL, NULL, false},
	{"Error loading shared library /app/x.node: Permission denied", "permission", "/app/x.node",
		NULL, NULL, NULL, false},
	{"Error loading shared library libbig.so: Out of memory (needed by /app/x.node)", NULL,
		"libbig.so", NULL, "/app/x.node", "/app/x.node", false},
	{"Error relocating ./libu_now.so: nothere: symbol not found", "missing_symbol",
		"./libu_now.so", "nothere", NULL, "./libu_now.so", false},
	{"Error relocating /a: b/x.node: fcntl64: symbol not found", "missing_symbol",
		"/a: b/x.node", "fcntl64", NULL, "/a: b/x.node", false},
	{"Error relocating /app/x.node: _ZN2v811HandleScopeC1EPNS_7IsolateE: symbol not found",
		"node_abi", "/app/x.node", "_ZN2v811HandleScopeC1EPNS_7IsolateE", NULL,
		"/app/x.node", false},
	{"Error relocating /app/x.node: napi_create_object: symbol not found", "node_abi",
		"/app/x.node", "napi_create_object", NULL, "/app/x.node", false},
	{"Error relocating /app/x.node: _ZNSt6vectorIN2v85LocalEE4pushEv: symbol not found",
		"missing_symbol", "/app/x.node", "_ZNSt6vectorIN2v85LocalEE4pushEv", NULL,
		"/app/x.node", false},
	{"Error relocating ./tls.so: big: initial-exec TLS resolves to dynamic definition in "
	 "./tls.so",
		"static_tls", "./tls.so", "big", NULL, "./tls.so", false},
	{"Error relocating ./tls.so: : initial-exec TLS resolves to dynamic definition in ./tls.so",
		"static_tls", "./tls.so", "", NULL, "./tls.so", false},
	{"Error relocating /app/arm.node: unsupported relocation type 1026", "wrong_libc",
		"/app/arm.node", NULL, NULL, "/app/arm.node", false},
};

static const struct example glibc[] = {
	{"libmiss.so: " ABSENT, "missing_library", "libmiss.so", NULL, NULL, NULL, false},
	{"libmiss.so: cannot open shared object file", "missing_library", "libmiss.so", NULL, NULL,
		NULL, false}, /* as _dl_signal_exception has it */
	{"/usr/lib/x86_64-linux-gnu/libGL.so.1: " ABSENT, "missing_library",
		"/usr/lib/x86_64-linux-gnu/libGL.so.1", NULL, NULL,
		"/usr/lib/x86_64-linux-gnu/libGL.so.1", false},
	{"./nofile.so: " ABSENT, "missing_file", "./nofile.so", NULL, NULL, "./nofile.so", false},
	{"libc.musl-x86_64.so.1: " ABSENT, "wrong_libc", "libc.musl-x86_64.so.1", NULL, NULL, NULL,
		false},
	{"ld-musl-x86_64.so.1: " ABSENT, "wrong_libc", "ld-musl-x86_64.so.1", NULL, NULL, NULL,
		false},
	{"libc.so: " ABSENT, "wrong_libc", "libc.so", NULL, NULL, NULL, false},
	{"/lib/x86_64-linux-gnu/libc.so: invalid ELF header", "wrong_libc",
		"/lib/x86_64-linux-gnu/libc.so", NULL, NULL, NULL, false},
	{"ld-linux-aarch64.so.1: " ABSENT, "missing_loader", "ld-linux-aarch64.so.1", NULL, NULL,
		NULL, false},
	{"./libu_now.so: undefined symbol: nothere", "missing_symbol", "./libu_now.so", "nothere",
		NULL, NULL, false},
	{"/app/x.node: undefined symbol: statx, version GLIBC_2.28", "missing_symbol",
		"/app/x.node", "statx", NULL, NULL, false},
	{"/app/x.node: symbol statx version GLIBC_2.28 not defined in file libc.so.6 with link "
	 "time reference",
		"missing_symbol", "/app/x.node", "statx", NULL, NULL, false},
	{"/app/x.node: symbol statx, version GLIBC_2.28 not defined in file libc.so.6 with link "
	 "time reference",
		"missing_symbol", "/app/x.node", "statx", NULL, NULL, false}, /* 2.26 */
	{"/app/x.node: undefined symbol: _ZTVN4node10ObjectWrapE", "node_abi", "/app/x.node",
		"_ZTVN4node10ObjectWrapE", NULL, NULL, false},
	{"/app/x.node: undefined symbol: _ZNK2v85Value8IsStringEv", "node_abi", "/app/x.node",
		"_ZNK2v85Value8IsStringEv", NULL, NULL, false},
	{"/app/x.node: undefined symbol: uv_async_init", "node_abi", "/app/x.node", "uv_async_init",
		NULL, NULL, false},
	{"/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by "
	 "/app/x.node)",
		"symbol_version", "/lib/x86_64-linux-gnu/libc.so.6", "GLIBC_2.34", "/app/x.node",
		NULL, false},
	{"/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by "
	 "/app/x.node)",
		"symbol_version", "/lib/x86_64-linux-gnu/libstdc++.so.6", "GLIBCXX_3.4.29",
		"/app/x.node", NULL, false},
	{"./tls.so: cannot allocate memory in static TLS block", "static_tls", "./tls.so", NULL,
		NULL, NULL, false},
	{"/app/koffi.node: cannot enable executable stack as shared object requires: Invalid "
	 "argument",
		"executable_stack", "/app/koffi.node", NULL, NULL, NULL, false},
	{"/app/x.node: wrong ELF class: ELFCLASS32", "wrong_architecture", "/app/x.node", NULL,
		NULL, NULL, false},
	{"/app/x.node: ELF file data encoding not little-endian", "wrong_architecture",
		"/app/x.node", NULL, NULL, NULL, false},
	{"/app/x.node: unexpected reloc type 0x2b", "wrong_architecture", "/app/x.node", NULL, NULL,
		NULL, false},
	{"./empty.so: file too short", "not_elf", "./empty.so", NULL, NULL, NULL, false},
	{"./rnd.so: invalid ELF header", "not_elf", "./rnd.so", NULL, NULL, NULL, false},
	{"./hostg: cannot dynamically load position-independent executable", "not_elf", "./hostg",
		NULL, NULL, NULL, false},
	{"/lib/x86_64-linux-gnu/.: cannot read file data: Is a directory", "not_elf",
		"/lib/x86_64-linux-gnu/.", NULL, NULL, NULL, false},
	{"/app/x.node: ELF load command address/offset not page-aligned", "not_elf", "/app/x.node",
		NULL, NULL, NULL, false},
	{"/app/x.node: cannot open shared object file: Permission denied", "permission",
		"/app/x.node", NULL, NULL, NULL, false},
	{"/app/x.node: failed to map segment from shared object: Operation not permitted",
		"permission", "/app/x.node", NULL, NULL, NULL, false},
	{"libfoo.so: cannot open shared object file: Too many open files", NULL, "libfoo.so", NULL,
		NULL, NULL, false},
	{"/app/x.node: failed to map segment from shared object: Cannot allocate memory", NULL,
		"/app/x.node", NULL, NULL, NULL, false},
	/* at a program's start, or at a call */
	{"./progg: error while loading shared libraries: libn.so: " ABSENT, "missing_library",
		"libn.so", NULL, NULL, NULL, false},
	{"/bin/prog: error while loading shared libraries: unexpected PLT reloc type 0x00",
		"wrong_architecture", NULL, NULL, NULL, NULL, false},
	{"./progg: symbol lookup error: ./progg: undefined symbol: nothere", "missing_symbol",
		"./progg", "nothere", NULL, NULL, true},
	{"node: symbol lookup error: /app/x.node: undefined symbol: napi_later", "node_abi",
		"/app/x.node", "napi_later", NULL, NULL, true},
	{"./p: relocation error: ./p: symbol f version V1 not defined in file libv.so with link "
	 "time reference",
		"missing_symbol", "./p", "f", NULL, NULL, true},
	{"./prog: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by "
	 "./prog)",
		"symbol_version", "/lib/x86_64-linux-gnu/libc.so.6", "GLIBC_2.38", "./prog", NULL,
		false},
	{"Inconsistency detected by ld.so: dl-version.c: 204: _dl_check_map_versions: Assertion "
	 "`needed != NULL' failed!",
		"missing_library", NULL, NULL, NULL, NULL, false},
	{"Inconsistency detected by ld.so: dl-lookup.c: 106: check_match: Assertion "
	 "`version->filename == NULL || ! _dl_name_match_p (version->filename, map)' failed!",
		"symbol_version", NULL, NULL, NULL, NULL, false},
};

static void span_is(const char *what, struct cp_span span, const char *wanted)
{
	if (!wanted ? span.at != NULL : !cp_span_is(span, wanted))
		fail_msg("%s: '%.*s', wanted '%s'", what, (int)span.size, span.at ? span.at : "",
			wanted ? wanted : "(none)");
}

static void check(const struct example *example, enum cp_event_libc libc)
{
	struct cp_loader_text out;
	size_t size = strlen(example->text);
	char *text = malloc(size); /* no NUL: the sanitizer sees who reads on */
	memcpy(text, example->text, size);
	if (!cp_loader_text_read(text, size, &out))
		fail_msg("not known: %s", example->text);
	const char *cause = cp_event_cause_name(out.cause);
	if (strcmp(cause ? cause : "-", example->cause ? example->cause : "-"))
		fail_msg("%s: %s", example->text, cause ? cause : "no cause");
	assert_int_equal(out.libc, libc);
	span_is(example->text, out.object, example->object);
	span_is(example->text, out.symbol, example->symbol);
	span_is(example->text, out.needed_by, example->needed_by);
	span_is(example->text, out.file, example->file);
	span_is(example->text, out.message, example->text);
	assert_int_equal(out.look_at_file, example->file != NULL);
	assert_int_equal(out.at_call, example->at_call);
	free(text);
}

static void musls_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(musl) / sizeof(*musl); i++)
		check(&musl[i], CP_EVENT_LIBC_MUSL);
}

static void glibcs_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(glibc) / sizeof(*glibc); i++)
		check(&glibc[i], CP_EVENT_LIBC_GLIBC);
}

static void other_texts_are_none(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n", "hello", ": ", "Error", "Error relocating ",
		"Error relocating : symbol not found", "Error loading shared library ",
		"Error loading shared library : No such file or directory",
		": cannot open shared object file: No such file or directory",
		": undefined symbol: x", "a file too short", "Cannot find module 'x'",
		"version `GLIBC_2.34' not found (required by x)"};
	struct cp_loader_text out;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (cp_loader_text_read(texts[i], strlen(texts[i]), &out))
			fail_msg("known: %s", texts[i]);
}

static void only_the_first_line_counts(void **state)
{
	(void)state;
	static const char text[] = "libx.so: file too short\r\nlibx.so: invalid ELF header";
	static const char string[] = "libx.so: file too short\0: invalid ELF header";
	struct cp_loader_text out;
	assert_true(cp_loader_text_read(text, sizeof(text) - 1, &out));
	span_is(text, out.message, "libx.so: file too short");
	assert_true(cp_loader_text_read(string, sizeof(string) - 1, &out));
	span_is(string, out.message, "libx.so: file too short");
}

static void finds(const char *text, const char *message)
{
	struct cp_loader_text out;
	bool found = cp_loader_text_find(text, strlen(text), &out);
	if (found != (message != NULL))
		fail_msg("%s: %s", found ? "found" : "not found", text);
	if (message)
		span_is(text, out.message, message);
}

static void the_first_line_of_a_start_is_found(void **state)
{
	(void)state;
	finds("hello\n./p: error while loading shared libraries: libn.so: " ABSENT "\n",
		"./p: error while loading shared libraries: libn.so: " ABSENT);
	finds("Error loading shared library libn.so: No such file or directory (needed by ./p)\n"
	      "Error relocating ./p: nothere: symbol not found\n",
		"Error loading shared library libn.so: No such file or directory (needed by ./p)");
	finds("a\n./p: symbol lookup error: ./p: undefined symbol: nothere",
		"./p: symbol lookup error: ./p: undefined symbol: nothere");
	finds("./p: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./p)\n"
	      "./p: /lib/libc.so.6: version `GLIBC_2.39' not found (required by ./p)\n",
		"./p: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./p)");
	finds("my prog: error while loading shared libraries: libn.so: " ABSENT,
		"my prog: error while loading shared libraries: libn.so: " ABSENT);
}

static void quotes_and_warnings_are_not_found(void **state)
{
	(void)state;
	finds("Error: Error loading shared library x: No such file or directory\n", NULL);
	finds("[loader] Error relocating /x: y: symbol not found\n", NULL);
	finds("Error: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /x.node)\n",
		NULL);
	finds("ImportError: /lib/libc.so.6: version `GLIBC_2.38' not found (required by x)\n",
		NULL);
	finds("Error: spawn: node: error while loading shared libraries: x: " ABSENT, NULL);
	finds("Error: libmiss.so: " ABSENT "\n", NULL);
	finds("ERROR: ld.so: object './n.so' from LD_PRELOAD cannot be preloaded (cannot open "
	      "shared object file): ignored.\n",
		NULL);
	finds("./p: /lib/libx.so: no version information available (required by ./p)\n", NULL);
	finds("", NULL);
}

static void who_is_to_blame(void **state)
{
	(void)state;
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_MISSING_LOADER), CP_YES);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_EXECUTABLE_STACK), CP_YES);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_NODE_ABI), CP_NO);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_MODULE_NOT_FOUND), CP_NO);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_MISSING_INTERPRETER), CP_UNKNOWN);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_CRASHED), CP_UNKNOWN);
	assert_int_equal(cp_cause_blames_template(CP_BECAUSE_UNKNOWN), CP_UNKNOWN);
	assert_int_equal(cp_interpreter_blames_template("/lib64/ld-linux-x86-64.so.2"), CP_YES);
	assert_int_equal(cp_interpreter_blames_template("/lib/ld-musl-x86_64.so.1"), CP_YES);
	assert_int_equal(cp_interpreter_blames_template("/bin/bash"), CP_YES);
	assert_int_equal(cp_interpreter_blames_template("/usr/bin/python3"), CP_YES);
	assert_int_equal(cp_interpreter_blames_template("/bin/sh\r"), CP_NO);
	assert_int_equal(cp_interpreter_blames_template("/app/tool"), CP_UNKNOWN);
	assert_int_equal(cp_interpreter_blames_template(""), CP_UNKNOWN);
	assert_int_equal(cp_interpreter_blames_template(NULL), CP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(musls_texts),
		cmocka_unit_test(glibcs_texts),
		cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(only_the_first_line_counts),
		cmocka_unit_test(the_first_line_of_a_start_is_found),
		cmocka_unit_test(quotes_and_warnings_are_not_found),
		cmocka_unit_test(who_is_to_blame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
