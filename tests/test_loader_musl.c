/* SPDX-License-Identifier: MIT
 *
 * What musl loads and relocates, one tiny root each. That the rules are the real
 * loader's is shown by tests/truth; here stand the smallest inputs, and those that no
 * real root has.
 */
#include "musl_expect.h"

static const struct elf_spec leaf = {.symbols = {{.name = "leaf", .value = 1}}};

/* --- names ------------------------------------------------------------------- */

static void absorbed_names(void **state)
{
	const struct elf_spec spec = {
		.needed = {"libc.so.6", "libpthread.so.0", "librt.so.1", "libm.so.6", "libdl.so.2",
			"libutil.so.1", "libxnet.anything", "libc.musl-aarch64.so.1", LOADER}};
	loads(*state, &spec);
}

static void names_not_absorbed(void **state)
{
	const char *const names[] = {"libresolv.so.2", "libcrypt.so.1", "libmvec.so.1",
		"libatomic.so.1", "libc-2.31.so", "libcfoo.so", "libc"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		lacks_library(*state, &(struct elf_spec){.needed = {names[i]}}, names[i], NOT_THERE,
			CP_CAUSE_MISSING_LIBRARY);
	lacks_library(*state, &(struct elf_spec){.needed = {"ld-linux-x86-64.so.2"}},
		"ld-linux-x86-64.so.2", NOT_THERE, CP_CAUSE_MISSING_LOADER);
}

/* Found as a file, /lib/ld-musl-x86_64.so.1 would be a second libc beside the running one. */
static void second_libc(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec impostor = {
		.symbols = {{.name = "__libc_start_main", .value = 1},
			{.name = "stdin", .value = 1}, {.name = "only_here", .value = 1}}};
	loads(tree, &(struct elf_spec){.needed = {"ld-musl-x86_64.so.1"}, CALLS("malloc")});
	load_tree_object(tree, "/lib/libimpostor.so", &impostor);
	lacks(tree, &(struct elf_spec){.needed = {"libimpostor.so"}, HOLDS("only_here")},
		"only_here");
}

/* --- what is refused ------------------------------------------------------------ */

static void refuses(struct load_tree *tree, enum cp_cause cause)
{
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, cause,
		"Error loading shared library " MAIN ": Exec format error");
}

static void not_objects(void **state)
{
	struct load_tree *tree = *state;
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library " MAIN ": No such file or directory");
	load_tree_file(tree, MAIN, CP_CONTENT_OTHER, 0);
	refuses(tree, CP_CAUSE_NOT_ELF);
	load_tree_text(tree, MAIN, "a text");
	refuses(tree, CP_CAUSE_NOT_ELF);
	load_tree_cut_object(tree, MAIN, &(struct elf_spec){0}, 40);
	refuses(tree, CP_CAUSE_NOT_ELF);
	load_tree_cut_object(tree, MAIN, &(struct elf_spec){0}, 100);
	refuses(tree, CP_CAUSE_NOT_ELF);
	load_tree_directory(tree, MAIN);
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_NOT_ELF,
		"Error loading shared library " MAIN ": Is a directory");
}

static void objects_of_other_kinds(void **state)
{
	struct load_tree *tree = *state;
	const struct {
		struct elf_spec spec;
		enum cp_cause cause;
	} cases[] = {
		{{.elf_class = ELFCLASS32, .machine = EM_386}, CP_CAUSE_WRONG_ARCHITECTURE},
		{{.encoding = ELFDATA2MSB, .machine = EM_S390}, CP_CAUSE_WRONG_ARCHITECTURE},
		{{.type = ET_REL}, CP_CAUSE_NOT_ELF},
		{{.no_dynamic = true}, CP_CAUSE_NOT_ELF},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load_tree_object(tree, MAIN, &cases[i].spec);
		refuses(tree, cases[i].cause);
	}
	loads(tree, &(struct elf_spec){.type = ET_EXEC});
}

/* Two programs cannot have one address. */
static void fixed_address_taken(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/bin/node", &(struct elf_spec){.type = ET_EXEC});
	uint32_t node = cp_index_find(tree->index, "/bin/node");
	tree->target.program.path = "/bin/node";
	tree->target.program.facts = cp_index_facts(tree->index, node);
	fails(tree, &(struct elf_spec){.type = ET_EXEC}, CP_CAUSE_NOT_ELF,
		"Error loading shared library " MAIN ": Resource busy");
}

static void empty_segment_of_an_old_musl(void **state)
{
	struct load_tree *tree = *state;
	loads(tree, &(struct elf_spec){0});
	load_tree_facts(tree, MAIN)->empty_segment = true;
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	tree->target.libc_version = "1.2.2";
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_WRONG_LIBC,
		"Error loading shared library " MAIN ": Invalid argument");
}

/* It is mapped, and the first touch of what the file lacks is a SIGBUS. */
static void cut_in_a_segment(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {HOLDS("malloc")};
	struct elf_image image = elf_build(&spec);
	load_tree_cut_object(tree, MAIN, &spec, image.size - 1);
	elf_image_free(&image);
	load(tree, MAIN, CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_NOT_ELF, NULL);
}

/* --- now or later ------------------------------------------------------------- */

static void missing_calls_wait(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec call = {CALLS("absent")};
	const struct elf_spec data = {
		.symbols = {{.name = "absent"}}, .relocs = {RELOC("absent", R_X86_64_GLOB_DAT)}};
	const char message[] = "Error relocating " MAIN ": absent: symbol not found";
	crashes(tree, &call, CP_CAUSE_MISSING_SYMBOL);
	assert_string_equal(tree->load.problems[0].subject, "absent");
	assert_true(tree->load.problems[0].at_call);
	crashes(tree, &data, CP_CAUSE_MISSING_SYMBOL);
	expect_load(tree, &call, CP_LOAD_DLOPEN_NOW, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL,
		message);
	expect_load(tree, &data, CP_LOAD_DLOPEN_NOW, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL,
		message);
	lacks(tree, &(struct elf_spec){HOLDS("absent")}, "absent");
}

static void flags_that_bind_now(void **state)
{
	lacks(*state, &(struct elf_spec){CALLS("absent"), .flags = DF_BIND_NOW}, "absent");
	lacks(*state, &(struct elf_spec){CALLS("absent"), .flags_1 = DF_1_NOW}, "absent");
	crashes(*state, &(struct elf_spec){CALLS("absent"), .bind_now = true},
		CP_CAUSE_MISSING_SYMBOL);
}

static void weak_references(void **state)
{
	const struct elf_spec spec = {.flags = DF_BIND_NOW,
		.symbols = {{.name = "absent", .bind = STB_WEAK}},
		.relocs = {RELOC("absent", R_X86_64_64), CALL("absent")}};
	loads(*state, &spec);
}

/* One symbol is one problem; what stops the load comes to the front. */
static void a_symbol_is_told_once(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {.symbols = {{.name = "called"}, {.name = "held"}},
		.relocs = {CALL("called"), RELOC("called", R_X86_64_GLOB_DAT),
			RELOC("held", R_X86_64_64), RELOC("held", R_X86_64_GLOB_DAT)}};
	lacks(tree, &spec, "held");
	assert_int_equal(tree->load.n_problems, 2);
	assert_string_equal(tree->load.problems[1].subject, "called");
}

/* --- definitions ----------------------------------------------------------------- */

static void definitions_that_do_not_count(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_symbol unaccepted[] = {
		{.name = "dep", .value = 1, .version = "V1", .hidden_version = true},
		{.name = "dep", .value = 1, .type = STT_GNU_IFUNC},
		{.name = "dep", .section = SHN_ABS},
	};
	for (size_t i = 0; i < sizeof(unaccepted) / sizeof(unaccepted[0]); i++) {
		struct elf_spec dep = {.symbols = {unaccepted[i]}};
		load_tree_object(tree, "/lib/libdep.so", &dep);
		lacks(tree, &(struct elf_spec){.needed = {"libdep.so"}, HOLDS("dep")}, "dep");
	}
}

static void definitions_that_count(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_symbol accepted[] = {
		{.name = "dep", .value = 1, .version = "V1"},
		{.name = "dep", .value = 1, .bind = STB_WEAK},
		{.name = "dep", .value = 1, .bind = STB_GNU_UNIQUE, .type = STT_OBJECT},
		{.name = "dep", .section = 1, .type = STT_TLS},
	};
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct elf_spec dep = {.symbols = {accepted[i]}};
		load_tree_object(tree, "/lib/libdep.so", &dep);
		loads(tree, &(struct elf_spec){.needed = {"libdep.so"}, HOLDS("dep")});
	}
}

/* No version is compared: any default definition serves. */
static void versions_do_not_matter(void **state)
{
	const struct elf_spec spec = {.needed = {"libc.so.6"},
		.symbols = {{.name = "malloc", .version = "GLIBC_99", .file = "libc.so.6"}},
		.relocs = {RELOC("malloc", R_X86_64_64)}};
	loads(*state, &spec);
}

static void own_indirect_function(void **state)
{
	const struct elf_spec exported = {
		.symbols = {{.name = "own", .value = 1, .type = STT_GNU_IFUNC}},
		.relocs = {RELOC("own", R_X86_64_GLOB_DAT)}};
	crashes(*state, &exported, CP_CAUSE_MISSING_SYMBOL);
	fails(*state, &(struct elf_spec){.relocs = {RELOC(NULL, R_X86_64_IRELATIVE)}},
		CP_CAUSE_WRONG_LIBC, "Error relocating " MAIN ": unsupported relocation type 37");
}

/* --- LFS64 -------------------------------------------------------------------------- */

static void mapped_names(void **state)
{
	const char *const mapped[] = {"open64", "__xstat64", "readdir64_r"};
	const char *const others[] = {
		"fcntl64", "posix_fallocate64", "stat64", "malloc64", "64", "open6"};
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++)
		loads(*state, &(struct elf_spec){HOLDS(mapped[i])});
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		lacks(*state, &(struct elf_spec){HOLDS(others[i])}, others[i]);
}

/* Up to 1.2.3 the libc exports them, and its loader maps nothing. */
static void exported_names(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec libc = {
		.symbols = {{.name = "__libc_start_main", .value = 1},
			{.name = "stdin", .value = 1}, {.name = "open", .value = 1},
			{.name = "open64", .value = 1}, {.name = "creat", .value = 1}}};
	load_tree_object(tree, LOADER, &libc);
	loads(tree, &(struct elf_spec){HOLDS("open64")});
	lacks(tree, &(struct elf_spec){HOLDS("creat64")}, "creat64");
}

/* --- thread-local storage --------------------------------------------------------- */

static void initial_exec(void **state)
{
	const struct elf_spec own = {.tls_size = 8,
		.symbols = {{.name = "counter", .section = 1, .type = STT_TLS}},
		.relocs = {RELOC("counter", R_X86_64_TPOFF64)}};
	const struct elf_spec stale = {.tls_size = 8,
		.symbols = {{.name = "malloc"}},
		.relocs = {RELOC("malloc", R_X86_64_64), RELOC(NULL, R_X86_64_TPOFF64)}};
	const struct elf_spec general = {.tls_size = 8,
		.relocs = {RELOC(NULL, R_X86_64_DTPMOD64), RELOC(NULL, R_X86_64_TLSDESC)}};
	fails(*state, &own, CP_CAUSE_STATIC_TLS,
		"Error relocating " MAIN
		": counter: initial-exec TLS resolves to dynamic definition in " MAIN);
	fails(*state, &stale, CP_CAUSE_STATIC_TLS,
		"Error relocating " MAIN
		": malloc: initial-exec TLS resolves to dynamic definition in " MAIN);
	loads(*state, &general);
}

/* What the program brought along has its place already. */
static void initial_exec_of_the_program(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec program = {.interpreter = LOADER,
		.tls_size = 8,
		.symbols = {{.name = "counter", .value = 1, .type = STT_TLS}},
		.relocs = {RELOC(NULL, R_X86_64_TPOFF64)}};
	load_tree_object(tree, "/bin/node", &program);
	load(tree, "/bin/node", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	tree->target.program.path = "/bin/node";
	tree->target.program.facts =
		cp_index_facts(tree->index, cp_index_find(tree->index, "/bin/node"));
	loads(tree, &(struct elf_spec){.symbols = {{.name = "counter", .type = STT_TLS}},
			    .relocs = {RELOC("counter", R_X86_64_TPOFF64)}});
}

/* --- machines ------------------------------------------------------------------------ */

static void another_machine(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec known = {.machine = EM_AARCH64,
		.symbols = {{.name = "malloc"}},
		.relocs = {{.symbol = "malloc", .type = R_AARCH64_JUMP_SLOT, .plt = true}}};
	const struct elf_spec missing = {.machine = EM_AARCH64,
		.symbols = {{.name = "absent"}},
		.relocs = {{.symbol = "absent", .type = R_AARCH64_JUMP_SLOT, .plt = true}}};
	const struct elf_spec needs = {.machine = EM_AARCH64, .needed = {"ld-linux-aarch64.so.1"}};
	fails(tree, &known, CP_CAUSE_WRONG_ARCHITECTURE,
		"Error relocating " MAIN ": unsupported relocation type 1026");
	fails(tree, &missing, CP_CAUSE_WRONG_ARCHITECTURE,
		"Error relocating " MAIN ": absent: symbol not found");
	lacks_library(
		tree, &needs, "ld-linux-aarch64.so.1", NOT_THERE, CP_CAUSE_WRONG_ARCHITECTURE);
	crashes(tree, &(struct elf_spec){.machine = EM_AARCH64}, CP_CAUSE_WRONG_ARCHITECTURE);
}

static void types_that_are_known(void **state)
{
	const uint32_t known[] = {R_X86_64_64, R_X86_64_PC32, R_X86_64_GLOB_DAT, R_X86_64_DTPMOD64,
		R_X86_64_DTPOFF64, R_X86_64_TLSDESC, R_X86_64_RELATIVE};
	const uint32_t unknown[] = {R_X86_64_32, R_X86_64_PC64, R_X86_64_SIZE64, 250};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		loads(*state, &(struct elf_spec){.symbols = {{.name = "malloc"}},
				      .relocs = {RELOC("malloc", known[i])}});
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char message[128];
		snprintf(message, sizeof(message),
			"Error relocating " MAIN ": unsupported relocation type %u", unknown[i]);
		fails(*state, &(struct elf_spec){.relocs = {RELOC(NULL, unknown[i])}},
			CP_CAUSE_WRONG_LIBC, message);
	}
}

/* --- the program ------------------------------------------------------------------------------ */

static bool accepts_v8(const char *symbol)
{
	return strncmp(symbol, "_ZN2v8", 6) == 0;
}

static void symbols_of_node(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec napi = {HOLDS("napi_create_object")};
	const struct elf_spec v8 = {HOLDS("_ZN2v811HandleScopeC1Ev")};
	fails(tree, &napi, CP_CAUSE_NODE_ABI,
		"Error relocating " MAIN ": napi_create_object: symbol not found");
	load_tree_object(tree, "/bin/node",
		&(struct elf_spec){.needed = {"libgone.so"},
			.symbols = {{.name = "napi_create_object", .value = 1}}});
	tree->target.program.path = "/bin/node";
	tree->target.program.facts =
		cp_index_facts(tree->index, cp_index_find(tree->index, "/bin/node"));
	loads(tree, &napi); /* that Node's own library is gone is not the addon's fault */
	fails(tree, &v8, CP_CAUSE_NODE_ABI,
		"Error relocating " MAIN ": _ZN2v811HandleScopeC1Ev: symbol not found");
	tree->target.program.also_exports = accepts_v8;
	loads(tree, &v8);
}

static void program_starts(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec program = {
		.interpreter = LOADER, .needed = {"libdep.so", "libgone.so"}, CALLS("absent")};
	load_tree_object(tree, "/lib/libdep.so", &(struct elf_spec){CALLS("deep")});
	load_tree_object(tree, "/bin/program", &program);
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libgone.so: No such file or directory "
		"(needed by /bin/program)");
	assert_int_equal(tree->load.n_problems, 3);
	assert_string_equal(tree->load.problems[1].message,
		"Error relocating /lib/libdep.so: deep: symbol not found");
	assert_string_equal(tree->load.problems[2].message,
		"Error relocating /bin/program: absent: symbol not found");
}

static void copies_of_data(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec program = {.interpreter = LOADER,
		.type = ET_EXEC,
		.needed = {"libdep.so"},
		.symbols = {{.name = "shared", .value = 1, .type = STT_OBJECT}},
		.relocs = {RELOC("shared", R_X86_64_COPY)}};
	const struct elf_spec dep = {
		.symbols = {{.name = "shared", .value = 1, .type = STT_OBJECT}}};
	load_tree_object(tree, "/bin/program", &program);
	load_tree_object(tree, "/lib/libdep.so", &dep);
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	load_tree_object(tree, "/lib/libdep.so", &leaf);
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_SYMBOL,
		"Error relocating /bin/program: shared: symbol not found");
}

static void gcompat(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec program = {.interpreter = "/lib64/ld-linux-x86-64.so.2",
		.needed = {"libc.so.6"},
		CALLS("__res_init")};
	load_tree_object(tree, "/bin/program", &program);
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_INTERPRETER, NULL);
	load_tree_object(tree, "/lib64/ld-linux-x86-64.so.2", &(struct elf_spec){0});
	load_tree_object(tree, "/lib/libgcompat.so.0",
		&(struct elf_spec){.symbols = {{.name = "__res_init", .value = 1}}});
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	/* An addon finds the name, but not the library that only a program start preloads. */
	load_tree_link(tree, "/lib/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
	lacks(tree, &(struct elf_spec){.needed = {"ld-linux-x86-64.so.2"}, HOLDS("__res_init")},
		"__res_init");
}

/* --- what cannot be judged ------------------------------------------------------------------- */

static void cannot_judge(struct load_tree *tree, const char *why)
{
	cp_cleanup_error struct cp_error *err = NULL;
	assert_int_equal(
		cp_load_simulate(&tree->target, MAIN, CP_LOAD_DLOPEN_LAZY, &tree->load, &err), -1);
	assert_non_null(strstr(err->message, why));
	assert_int_equal(tree->load.n_problems, 0);
	assert_null(tree->load.problems);
}

static void no_loader(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, MAIN, &leaf);
	load_tree_object(tree, LOADER, &leaf);
	cannot_judge(tree, "no loader of musl");
}

static void unreadable_library(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, MAIN, &(struct elf_spec){.needed = {"libdep.so"}});
	load_tree_file(tree, "/lib/libdep.so", CP_CONTENT_OTHER, 0);
	uint32_t node = cp_index_find(tree->index, "/lib/libdep.so");
	cp_index_node_mutable(tree->index, node)->content = CP_CONTENT_ELF_UNREADABLE;
	cannot_judge(tree, "/lib/libdep.so cannot be read");
}

/* A chain of libraries longer than is believed, each with a path to search. */
static void endless_chain(void **state)
{
	struct load_tree *tree = *state;
	char path[64], name[64];
	for (int i = 0; i < 4200; i++) {
		snprintf(path, sizeof(path), i ? "/lib/lib%d.so" : MAIN, i);
		snprintf(name, sizeof(name), "lib%d.so", i + 1);
		load_tree_object(
			tree, path, &(struct elf_spec){.needed = {name}, .rpath = ":/a:\n:/b"});
	}
	cannot_judge(tree, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, musl_setup, musl_teardown)
		TEST(absorbed_names),
		TEST(names_not_absorbed),
		TEST(second_libc),
		TEST(not_objects),
		TEST(objects_of_other_kinds),
		TEST(fixed_address_taken),
		TEST(empty_segment_of_an_old_musl),
		TEST(cut_in_a_segment),
		TEST(missing_calls_wait),
		TEST(flags_that_bind_now),
		TEST(weak_references),
		TEST(a_symbol_is_told_once),
		TEST(definitions_that_do_not_count),
		TEST(definitions_that_count),
		TEST(versions_do_not_matter),
		TEST(own_indirect_function),
		TEST(mapped_names),
		TEST(exported_names),
		TEST(initial_exec),
		TEST(initial_exec_of_the_program),
		TEST(another_machine),
		TEST(types_that_are_known),
		TEST(symbols_of_node),
		TEST(program_starts),
		TEST(copies_of_data),
		TEST(gcompat),
		TEST(no_loader),
		TEST(unreadable_library),
		TEST(endless_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
