/* SPDX-License-Identifier: MIT
 *
 * glibc's loader: mapping, versions, symbols, static TLS and program starts, each rule on the
 * smallest tree that shows it. How files are found: test_loader_glibc_search.c. The rules
 * themselves are held against real loaders by tests/truth.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/load_tree.h"

#define MAIN "/app/main.so"
#define NEEDS_DEP .needed = {"libdep.so"}, .runpath = "$ORIGIN"

static struct load_tree tree;

static int set_up(void **state)
{
	(void)state;
	tree = load_tree_glibc("2.36");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	load_tree_free(&tree);
	return 0;
}

static void expect(enum cp_outcome outcome, enum cp_cause cause, const char *message)
{
	assert_string_equal(cp_outcome_name(tree.load.outcome), cp_outcome_name(outcome));
	assert_int_equal(tree.load.cause, cause);
	if (message)
		assert_string_equal(tree.load.message, message);
	else
		assert_null(tree.load.message);
}

static void load(const char *path, enum cp_load_mode mode)
{
	if (load_tree_simulate(&tree, path, mode))
		fail_msg("%s", tree.error->message);
}

static void load_main(void)
{
	load(MAIN, CP_LOAD_DLOPEN_LAZY);
}

/* --- mapping --------------------------------------------------------------------- */

static void test_a_plain_object_loads(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.so.6"});
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	assert_int_equal(tree.load.n_chain, 0);
}

static void test_missing_libraries_are_met_breadth_first(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so", "libnear.so"}, .runpath = "$ORIGIN");
	TREE_OBJECT(&tree, "/app/libdep.so", .needed = {"libfar.so"});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"libnear.so: cannot open shared object file: No such file or directory");
	assert_int_equal(tree.load.n_problems, 2);
	assert_string_equal(tree.load.problems[1].subject, "libfar.so");
	assert_string_equal(tree.load.problems[1].object, "/app/libdep.so");
	assert_int_equal(tree.load.n_chain, 1);
	assert_string_equal(tree.load.chain[0], MAIN);
}

static void test_the_chain_leads_to_the_object_at_fault(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, NEEDS_DEP);
	TREE_OBJECT(&tree, "/app/libdep.so", .needed = {"libfar.so"});
	load_main();
	assert_int_equal(tree.load.n_chain, 2);
	assert_string_equal(tree.load.chain[0], MAIN);
	assert_string_equal(tree.load.chain[1], "/app/libdep.so");
}

static void test_an_object_may_need_itself_and_its_requester(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .soname = "main.so", .needed = {"main.so", "libdep.so"},
		.runpath = "$ORIGIN");
	TREE_OBJECT(&tree, "/app/libdep.so", .needed = {"main.so"});
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_what_is_not_elf(void **state)
{
	(void)state;
	static const struct {
		enum cp_content content;
		uint64_t size;
		const char *message;
	} files[] = {
		{CP_CONTENT_OTHER, 0, MAIN ": file too short"},
		{CP_CONTENT_OTHER, 63, MAIN ": file too short"},
		{CP_CONTENT_OTHER, 64, MAIN ": invalid ELF header"},
		{CP_CONTENT_LFS_POINTER, 132, MAIN ": invalid ELF header"},
		{CP_CONTENT_MACHO, 4096, MAIN ": invalid ELF header"},
		{CP_CONTENT_PE, 4096, MAIN ": invalid ELF header"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		load_tree_file(&tree, MAIN, files[i].content, files[i].size);
		load_main();
		expect(CP_OUTCOME_FAILS, CP_CAUSE_NOT_ELF, files[i].message);
	}
}

static void test_an_unreadable_object_is_not_judged(void **state)
{
	(void)state;
	load_tree_file(&tree, MAIN, CP_CONTENT_ELF_UNREADABLE, 4096);
	assert_int_equal(load_tree_simulate(&tree, MAIN, CP_LOAD_DLOPEN_LAZY), -1);
	assert_non_null(strstr(tree.error->message, MAIN));
	assert_null(tree.load.problems);
}

static void test_other_platforms(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .elf_class = ELFCLASS32, .machine = EM_386);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_ARCHITECTURE, MAIN ": wrong ELF class: ELFCLASS32");
	TREE_OBJECT(&tree, MAIN, .machine = EM_AARCH64);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_ARCHITECTURE,
		MAIN ": cannot open shared object file: No such file or directory");
	TREE_OBJECT(&tree, MAIN, .os_abi = ELFOSABI_FREEBSD);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_ARCHITECTURE, MAIN ": ELF file OS ABI invalid");
}

static void test_programs_are_not_dlopened(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .type = ET_EXEC);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_NOT_ELF, MAIN ": cannot dynamically load executable");
	TREE_OBJECT(&tree, MAIN, .flags_1 = DF_1_PIE);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_NOT_ELF,
		MAIN ": cannot dynamically load position-independent executable");
	tree.target.libc_version = "2.28";
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_builds_for_musl(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.musl-x86_64.so.1"});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_LIBC,
		"libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory");
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.so"});
	load_tree_facts(&tree, MAIN)->libc = CP_LIBC_MUSL;
	load_tree_file(&tree, "/usr/lib/x86_64-linux-gnu/libc.so", CP_CONTENT_OTHER, 283);
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_LIBC,
		"/lib/x86_64-linux-gnu/libc.so: invalid ELF header");
}

static void test_executable_stack(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .stack = ELF_STACK_EXECUTABLE);
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	tree.target.libc_version = "2.41";
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_EXECUTABLE_STACK,
		MAIN ": cannot enable executable stack as shared object requires: Invalid "
		     "argument");
	TREE_OBJECT(&tree, MAIN, .stack = ELF_STACK_ABSENT);
	load_main();
	assert_int_equal(tree.load.cause, CP_CAUSE_EXECUTABLE_STACK);
	/* A program that has such a stack itself can have it for others. */
	load_tree_facts(&tree, "/usr/bin/node")->stack = CP_STACK_EXECUTABLE;
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

/* --- versions -------------------------------------------------------------------- */

static void test_missing_versions(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.so.6"},
		.symbols = {{.name = "a", .version = "GLIBC_2.38", .file = "libc.so.6"},
			{.name = "b", .version = "GLIBC_2.35", .file = "libc.so.6"},
			{.name = "puts", .version = "GLIBC_2.2.5", .file = "libc.so.6"}});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_SYMBOL_VERSION,
		"/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required "
		"by " MAIN ")");
	assert_int_equal(tree.load.n_problems, 2);
	assert_string_equal(tree.load.problems[1].subject, "GLIBC_2.35");
}

static void test_a_weak_version_may_be_missing(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.so.6"},
		.symbols = {{.name = "a",
			.version = "GLIBC_2.38",
			.file = "libc.so.6",
			.weak_need = true,
			.bind = STB_WEAK}});
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_versions_of_a_file_that_nobody_needs(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "a", .version = "V1", .file = "libgone.so"}});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"Inconsistency detected by ld.so: dl-version.c: 204: _dl_check_map_versions: "
		"Assertion `needed != NULL' failed!");
}

/* --- symbols --------------------------------------------------------------------- */

static void test_a_missing_function_fails_at_the_call_or_at_once(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "gone"}},
		.relocs = {{.symbol = "gone", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	load_main();
	expect(CP_OUTCOME_CRASHES, CP_CAUSE_MISSING_SYMBOL,
		"/usr/bin/node: symbol lookup error: " MAIN ": undefined symbol: gone");
	assert_true(tree.load.problems[0].at_call);
	load(MAIN, CP_LOAD_DLOPEN_NOW);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL, MAIN ": undefined symbol: gone");
	load_tree_facts(&tree, MAIN)->bind_now = true;
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL, MAIN ": undefined symbol: gone");
}

static void test_only_calls_are_lazy(void **state)
{
	(void)state;
	static const uint32_t types[] = {R_X86_64_GLOB_DAT, R_X86_64_64, R_X86_64_DTPMOD64};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "gone"}},
			.relocs = {{.symbol = "gone", .type = types[i]}});
		load_main();
		expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL, MAIN ": undefined symbol: gone");
	}
}

static void test_what_stops_the_load_decides_over_what_waits_for_a_call(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, NEEDS_DEP, .symbols = {{.name = "data"}},
		.relocs = {{.symbol = "data", .type = R_X86_64_GLOB_DAT}});
	TREE_OBJECT(&tree, "/app/libdep.so", .symbols = {{.name = "call"}},
		.relocs = {{.symbol = "call", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL, MAIN ": undefined symbol: data");
	assert_int_equal(tree.load.n_problems, 2);
	assert_string_equal(tree.load.problems[0].subject, "data");
	assert_string_equal(tree.load.problems[1].subject, "call");
}

static void test_a_symbol_is_reported_once(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "gone"}},
		.relocs = {{.symbol = "gone", .type = R_X86_64_GLOB_DAT},
			{.symbol = "gone", .type = R_X86_64_64},
			{.symbol = "gone", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	load_main();
	assert_int_equal(tree.load.n_problems, 1);
}

static bool accept_v8(const char *symbol)
{
	return strncmp(symbol, "_ZN2v8", 6) == 0;
}

static void test_the_program_is_in_scope(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN,
		.symbols = {{.name = "napi_create"}, {.name = "_ZN2v83NewEv"}, {.name = "uv_run"}},
		.relocs = {{.symbol = "napi_create", .type = R_X86_64_GLOB_DAT},
			{.symbol = "_ZN2v83NewEv", .type = R_X86_64_GLOB_DAT},
			{.symbol = "uv_run", .type = R_X86_64_GLOB_DAT}});
	tree.target.program.also_exports = accept_v8;
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_NODE_ABI, MAIN ": undefined symbol: uv_run");
	assert_int_equal(tree.load.n_problems, 1);
}

static void test_a_program_of_which_nothing_is_known_has_its_libc(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "puts"}, {.name = "napi_create"}},
		.relocs = {{.symbol = "puts", .type = R_X86_64_GLOB_DAT},
			{.symbol = "napi_create", .type = R_X86_64_GLOB_DAT}});
	tree.target.program.facts = NULL;
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_NODE_ABI, MAIN ": undefined symbol: napi_create");
	assert_int_equal(tree.load.n_problems, 1);
}

static void test_weak_references_need_no_definition(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .symbols = {{.name = "gone", .bind = STB_WEAK}},
		.relocs = {{.symbol = "gone", .type = R_X86_64_GLOB_DAT}});
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void reference_dep(const char *version)
{
	TREE_OBJECT(&tree, MAIN, NEEDS_DEP,
		.symbols = {{.name = "dep",
			.version = version,
			.file = version ? "libdep.so" : NULL}},
		.relocs = {{.symbol = "dep", .type = R_X86_64_GLOB_DAT}});
	load_main();
}

static void test_a_version_binds_to_that_version(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, "/app/libdep.so", .soname = "libdep.so",
		.symbols = {{.name = "other", .version = "V1", .value = 0x1000},
			{.name = "dep", .version = "V2", .value = 0x1000, .hidden_version = true}});
	reference_dep("V2");
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	reference_dep("V1");
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL,
		MAIN ": undefined symbol: dep, version V1");
	tree.target.libc_version = "2.28";
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL,
		MAIN ": symbol dep version V1 not defined in file libdep.so with link time "
		     "reference");
}

static void test_no_version_binds_to_the_oldest_or_the_default(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, "/app/libdep.so", .soname = "libdep.so",
		.symbols = {
			{.name = "dep", .version = "V1", .value = 0x1000, .hidden_version = true}});
	reference_dep(NULL);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	TREE_OBJECT(&tree, "/app/libdep.so", .soname = "libdep.so",
		.symbols = {{.name = "other", .version = "V1", .value = 0x1000},
			{.name = "dep", .version = "V2", .value = 0x1000}});
	reference_dep(NULL);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	TREE_OBJECT(&tree, "/app/libdep.so", .soname = "libdep.so",
		.symbols = {{.name = "other", .version = "V1", .value = 0x1000},
			{.name = "dep", .version = "V2", .value = 0x1000, .hidden_version = true}});
	reference_dep(NULL);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL, MAIN ": undefined symbol: dep");
}

static void test_a_library_that_lost_its_versions(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, "/app/libdep.so", .soname = "libdep.so",
		.symbols = {{.name = "dep", .value = 0x1000}});
	reference_dep("V1");
	expect(CP_OUTCOME_FAILS, CP_CAUSE_SYMBOL_VERSION,
		"Inconsistency detected by ld.so: dl-lookup.c: 107: check_match: Assertion "
		"`version->filename == NULL || ! _dl_name_match_p (version->filename, map)' "
		"failed!");
	tree.target.libc_version = "2.41";
	load_main();
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_unknown_relocations(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .relocs = {{.type = 0x63}});
	load_main();
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_ARCHITECTURE, MAIN ": unexpected reloc type 0x63");
}

/* --- order ----------------------------------------------------------------------- */

static void test_order_of_relocation_in_a_cycle(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libone.so", "libtwo.so"}, .runpath = "$ORIGIN");
	TREE_OBJECT(&tree, "/app/libone.so", .soname = "libone.so", .needed = {"libtwo.so"},
		.symbols = {{.name = "one"}},
		.relocs = {{.symbol = "one", .type = R_X86_64_GLOB_DAT}});
	TREE_OBJECT(&tree, "/app/libtwo.so", .soname = "libtwo.so", .needed = {"libone.so"},
		.symbols = {{.name = "two"}},
		.relocs = {{.symbol = "two", .type = R_X86_64_GLOB_DAT}});
	load_main();
	assert_string_equal(tree.load.problems[0].subject, "one");
	tree.target.libc_version = "2.31";
	load_main();
	assert_string_equal(tree.load.problems[0].subject, "two");
}

/* --- static TLS ------------------------------------------------------------------- */

static void load_tls(uint64_t size, uint64_t align, uint32_t type)
{
	TREE_OBJECT(&tree, MAIN, .tls_size = size, .tls_align = align,
		.symbols = {{.name = "own", .type = STT_TLS, .section = 1, .value = 8}},
		.relocs = {{.symbol = "own", .type = type}});
	load_main();
}

static void test_static_tls_has_room_for_so_much(void **state)
{
	(void)state;
	static const char message[] = MAIN ": cannot allocate memory in static TLS block";
	load_tls(1664, 8, R_X86_64_TPOFF64);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	load_tls(1665, 8, R_X86_64_TPOFF64);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_STATIC_TLS, message);
	load_tls(8, 128, R_X86_64_TPOFF64);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_STATIC_TLS, message);
	load_tls(4096, 8, R_X86_64_DTPMOD64);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	load_tls(4096, 8, R_X86_64_TLSDESC);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_static_tls_of_the_program_aligns_the_block(void **state)
{
	(void)state;
	struct cp_facts *node = load_tree_facts(&tree, "/usr/bin/node");
	node->tls_size = 100;
	node->tls_align = 128;
	load_tls(8, 128, R_X86_64_TPOFF64);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	load_tls(1664, 8, R_X86_64_TPOFF64);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

/* --- program starts ---------------------------------------------------------------- */

#define PROGRAM "/app/prog"
#define INTERPRETER .interpreter = "/lib64/ld-linux-x86-64.so.2"

static void test_a_program_without_its_interpreter(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, .interpreter = "/lib/ld-musl-x86_64.so.1");
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_INTERPRETER, NULL);
	assert_string_equal(tree.load.problems[0].subject, "/lib/ld-musl-x86_64.so.1");
}

static void test_a_static_program_starts(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, .type = ET_EXEC, .no_dynamic = true);
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_errors_at_start_name_the_program(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, INTERPRETER, .needed = {"libgone.so", "libc.so.6"},
		.symbols = {{.name = "a", .version = "GLIBC_2.38", .file = "libc.so.6"}},
		.relocs = {{.symbol = "a", .type = R_X86_64_GLOB_DAT}});
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		PROGRAM ": error while loading shared libraries: libgone.so: cannot open shared "
			"object file: No such file or directory");
	assert_int_equal(tree.load.n_problems, 3);
	assert_string_equal(tree.load.problems[1].message,
		PROGRAM ": /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found "
			"(required by " PROGRAM ")");
	assert_string_equal(tree.load.problems[2].message, PROGRAM
		": symbol lookup error: " PROGRAM ": undefined symbol: a, version GLIBC_2.38");
}

static void test_a_program_calls_lazily(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, INTERPRETER, .symbols = {{.name = "gone"}},
		.relocs = {{.symbol = "gone", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_CRASHES, CP_CAUSE_MISSING_SYMBOL,
		PROGRAM ": symbol lookup error: " PROGRAM ": undefined symbol: gone");
}

static void test_static_tls_of_a_start_has_no_bound(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, INTERPRETER, .tls_size = 100000, .tls_align = 8,
		.symbols = {{.name = "own", .type = STT_TLS, .section = 1, .value = 8}},
		.relocs = {{.symbol = "own", .type = R_X86_64_TPOFF64}});
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void test_a_32_bit_program(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, PROGRAM, .elf_class = ELFCLASS32, .machine = EM_386, .type = ET_EXEC,
		.no_dynamic = true);
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	TREE_OBJECT(&tree, PROGRAM, .elf_class = ELFCLASS32, .machine = EM_386,
		.interpreter = "/lib/ld-linux.so.2");
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_MISSING_INTERPRETER, NULL);
	TREE_OBJECT(&tree, PROGRAM, .machine = EM_AARCH64);
	load(PROGRAM, CP_LOAD_EXEC);
	expect(CP_OUTCOME_FAILS, CP_CAUSE_WRONG_ARCHITECTURE, NULL);
}

/* --- AArch64 ------------------------------------------------------------------------ */

static void test_aarch64(void **state)
{
	(void)state;
	static const char message[] = MAIN ": cannot allocate memory in static TLS block";
	load_tree_free(&tree);
	tree = (struct load_tree){.index = cp_index_new()};
	tree.target = (struct cp_target){.root = {.layers = {{.index = tree.index}}, .count = 1},
		.machine = EM_AARCH64,
		.libc = CP_LIBC_GLIBC,
		.libc_version = "2.41",
		.program = {.path = "/usr/bin/node"}};
	TREE_OBJECT(&tree, "/lib/aarch64-linux-gnu/libc.so.6", .machine = EM_AARCH64,
		.soname = "libc.so.6", .symbols = {{.name = "puts", .value = 0x1000}});
	/* An unmarked stack is a plain one; offset 16 of the block is rounded up to rseq's 32. */
	for (uint64_t size = 1664; size <= 1700; size += 36) {
		TREE_OBJECT(&tree, MAIN, .machine = EM_AARCH64, .needed = {"libc.so.6"},
			.stack = ELF_STACK_ABSENT, .tls_size = size, .tls_align = 8,
			.symbols = {{.name = "puts"},
				{.name = "own", .type = STT_TLS, .section = 1, .value = 8}},
			.relocs = {{.symbol = "puts", .type = R_AARCH64_GLOB_DAT},
				{.symbol = "own", .type = R_AARCH64_TLS_TPREL}});
		load_main();
		if (size == 1664)
			expect(CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
		else
			expect(CP_OUTCOME_FAILS, CP_CAUSE_STATIC_TLS, message);
	}
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE(test_a_plain_object_loads),
		RULE(test_missing_libraries_are_met_breadth_first),
		RULE(test_the_chain_leads_to_the_object_at_fault),
		RULE(test_an_object_may_need_itself_and_its_requester),
		RULE(test_what_is_not_elf),
		RULE(test_an_unreadable_object_is_not_judged),
		RULE(test_other_platforms),
		RULE(test_programs_are_not_dlopened),
		RULE(test_builds_for_musl),
		RULE(test_executable_stack),
		RULE(test_missing_versions),
		RULE(test_a_weak_version_may_be_missing),
		RULE(test_versions_of_a_file_that_nobody_needs),
		RULE(test_a_missing_function_fails_at_the_call_or_at_once),
		RULE(test_only_calls_are_lazy),
		RULE(test_what_stops_the_load_decides_over_what_waits_for_a_call),
		RULE(test_a_symbol_is_reported_once),
		RULE(test_the_program_is_in_scope),
		RULE(test_a_program_of_which_nothing_is_known_has_its_libc),
		RULE(test_weak_references_need_no_definition),
		RULE(test_a_version_binds_to_that_version),
		RULE(test_no_version_binds_to_the_oldest_or_the_default),
		RULE(test_a_library_that_lost_its_versions),
		RULE(test_unknown_relocations),
		RULE(test_order_of_relocation_in_a_cycle),
		RULE(test_static_tls_has_room_for_so_much),
		RULE(test_static_tls_of_the_program_aligns_the_block),
		RULE(test_a_program_without_its_interpreter),
		RULE(test_a_static_program_starts),
		RULE(test_errors_at_start_name_the_program),
		RULE(test_a_program_calls_lazily),
		RULE(test_static_tls_of_a_start_has_no_bound),
		RULE(test_a_32_bit_program),
		RULE(test_aarch64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
