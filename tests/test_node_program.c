/* SPDX-License-Identifier: MIT
 *
 * The shipped export lists of Node, and what they leave out.
 */
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "base.h"
#include "embedded.h"
#include "memory.h"
#include "node_symbols.h"

#define MAX_FILE (300 * 1000) /* bytes that a file in the repository may have */

static struct cp_facts *program(int major, enum cp_libc libc, uint16_t machine)
{
	struct cp_facts *facts;
	struct cp_error *err = NULL;
	if (cp_node_program(major, libc, machine, &facts, &err) < 0)
		fail_msg("%s", err->message);
	return facts;
}

static bool exports(const struct cp_facts *facts, const char *name)
{
	size_t cursor = 0;
	return cp_facts_export_next(facts, name, cp_symbol_hash(name), &cursor) != NULL;
}

static bool needs(const struct cp_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n_needed; i++)
		if (strcmp(facts->pool + facts->needed[i], name) == 0)
			return true;
	return false;
}

/* The NODE_MODULE_VERSIONs are those of Node's own registry (doc/abi_version_registry.json). */
static void test_every_list(void **state)
{
	(void)state;
	static const struct {
		int major, node_api, module;
	} known[] = {{18, 9, 108}, {20, 9, 115}, {22, 10, 127}, {24, 10, 137}, {26, 10, 147}};
	size_t i = 0;
	for (const struct cp_embedded *at = cp_embedded_programs; at->name; at++, i++) {
		cp_cleanup_facts struct cp_facts *facts =
			program(known[i].major, CP_LIBC_GLIBC, EM_X86_64);
		assert_true(at->end - at->text < MAX_FILE);
		assert_int_equal(cp_node_api_version(known[i].major), known[i].node_api);
		assert_int_equal(cp_node_module_version(known[i].major), known[i].module);
		assert_int_equal(atoi(facts->pool + facts->node_version), known[i].major);
		assert_true(exports(facts, "napi_create_function"));
		assert_true(exports(facts, "napi_module_register"));
		assert_true(exports(facts, "node_module_register"));
		assert_true(exports(facts, "uv_queue_work"));
		assert_true(exports(facts, "SSL_new"));
		assert_true(exports(facts, "inflate"));
		assert_true(exports(facts, "_ZN2v87Isolate10GetCurrentEv"));
		assert_false(exports(facts, "malloc"));
		assert_false(exports(facts, "environ"));
		assert_true(facts->n_exports > 15000);
		for (size_t s = 0; s < facts->n_exports; s++)
			assert_true(cp_node_list_keeps(facts->pool + facts->exports[s].name));
	}
	assert_int_equal(i, sizeof(known) / sizeof(*known));
}

static void test_what_changed_between_versions(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *old = program(18, CP_LIBC_GLIBC, EM_X86_64);
	cp_cleanup_facts struct cp_facts *now = program(22, CP_LIBC_GLIBC, EM_X86_64);
	assert_true(exports(old, "node_api_get_module_file_name"));
	assert_false(exports(old, "node_api_create_buffer_from_arraybuffer"));
	assert_true(exports(now, "node_api_create_buffer_from_arraybuffer"));
}

static void test_what_a_build_links(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *glibc = program(26, CP_LIBC_GLIBC, EM_X86_64);
	assert_true(needs(glibc, "libc.so.6"));
	assert_true(needs(glibc, "libatomic.so.1"));
	assert_true(needs(glibc, "ld-linux-x86-64.so.2"));
	assert_string_equal(glibc->pool + glibc->interpreter, "/lib64/ld-linux-x86-64.so.2");

	cp_cleanup_facts struct cp_facts *arm64 = program(24, CP_LIBC_GLIBC, EM_AARCH64);
	assert_false(needs(arm64, "libatomic.so.1"));
	assert_false(needs(arm64, "ld-linux-x86-64.so.2"));
	assert_true(needs(arm64, "ld-linux-aarch64.so.1"));
	assert_int_equal(arm64->machine, EM_AARCH64);

	cp_cleanup_facts struct cp_facts *musl = program(20, CP_LIBC_MUSL, EM_X86_64);
	assert_int_equal(musl->n_needed, 3);
	assert_true(needs(musl, "libstdc++.so.6"));
	assert_true(needs(musl, "libgcc_s.so.1"));
	assert_true(needs(musl, "libc.musl-x86_64.so.1"));
	assert_int_equal(musl->libc, CP_LIBC_MUSL);
	assert_string_equal(musl->pool + musl->interpreter, "/lib/ld-musl-x86_64.so.1");
}

static void test_what_is_not_known(void **state)
{
	(void)state;
	struct cp_facts *facts;
	cp_cleanup_error struct cp_error *err = NULL, *other = NULL;
	assert_int_equal(cp_node_program(17, CP_LIBC_GLIBC, EM_X86_64, &facts, &err), -1);
	assert_string_equal(err->message,
		"the exports of Node 17 are not known; known are those of "
		"18, 20, 22, 24, 26");
	assert_int_equal(cp_node_program(20, CP_LIBC_GLIBC, 0xffff, &facts, &other), -1);
	assert_int_equal(cp_node_api_version(17), -1);
	assert_int_equal(cp_node_module_version(-1), -1);
}

static void test_kinds_of_names(void **state)
{
	(void)state;
	static const struct {
		const char *symbol;
		bool omitted, of_node;
	} cases[] = {
		{"napi_create_int32", false, true},
		{"node_api_symbol_for", false, true},
		{"uv_run", false, true},
		{"SSL_new", false, false},
		{"u_strlen_78", false, false},
		{"malloc", false, false},
		{"", false, false},
		{"_Z", false, false},
		{"_ZN", false, false},
		{"_ZN9v8", false, false},
		{"_ZN99999999999999999999v8", false, false},
		{"_ZN2v87Isolate10GetCurrentEv", false, true},
		{"_ZNK2v85Value8IsStringEv", false, true},
		{"_ZN4node6Buffer4CopyEPN2v87IsolateEPKcm", false, true},
		{"_ZTVN4node10BaseObjectE", false, true},
		{"_ZThn16_N4node3FooD0Ev", false, true},
		{"_ZTv0_n24_N4node3FooD0Ev", false, true},
		{"_ZTh", false, false},
		{"_ZN5cppgc4HeapC1Ev", false, true},
		{"_ZN12v8_inspector11V8Inspector6createEPN2v87IsolateEPNS_17V8InspectorClientE",
			true, true},
		{"_ZNK12v8_inspector10StringView4sizeEv", true, true},
		{"_ZN8v8_crdtp10DispatcherD1Ev", true, true},
		{"_ZN2v88internal4Heap3FooEv", true, true},
		{"_ZN2v84base2OS5AbortEv", true, true},
		{"_ZTIN2v88internal4HeapE", true, true},
		{"_ZN2v810internalizeEv", false, true},
		{"_ZN6icu_7813UnicodeStringC1Ev", true, false},
		{"_ZN4absl3FooEv", true, false},
		{"_ZN4grpc7ChannelC1Ev", false, false},
		{"_ZNSt6thread4joinEv", false, false},
		{"_ZSt4cout", false, false},
		{"_ZZN4node3fooEvE5count", true, true},
		{"_ZGVZN4node3fooEvE5count", true, true},
		{"v8dbg_frametype_EntryFrame", true, false},
		{"_ZN4core3fmt5write17h0123456789abcdefE", true, false},
		{"_RNvCs123_4core3fmt", true, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cp_node_list_omits(cases[i].symbol) != cases[i].omitted)
			fail_msg("omitted: %s", cases[i].symbol);
		if (cp_node_symbol(cases[i].symbol) != cases[i].of_node)
			fail_msg("of node: %s", cases[i].symbol);
	}
	assert_false(cp_node_list_keeps("_ZNSt6thread4joinEv"));
	assert_false(cp_node_list_keeps("_ZTVN10__cxxabiv117__class_type_infoE"));
	assert_true(cp_node_list_keeps("SSL_new"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_list),
		cmocka_unit_test(test_what_changed_between_versions),
		cmocka_unit_test(test_what_a_build_links),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_kinds_of_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
