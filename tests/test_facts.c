/* SPDX-License-Identifier: MIT
 *
 * The rules of the facts reader, each on the smallest object that shows it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts.h"
#include "support/elf_builder.h"

static struct cp_facts *read_image(struct elf_image *image)
{
	struct cp_facts *facts;
	struct cp_error *err = NULL;
	if (cp_facts_read(image->bytes, image->size, &facts, &err) < 0)
		fail_msg("%s", err->message);
	elf_image_free(image);
	return facts;
}

static struct cp_facts *read_spec(const struct elf_spec *spec)
{
	struct elf_image image = elf_build(spec);
	return read_image(&image);
}

#define FACTS(...) read_spec(&(struct elf_spec){__VA_ARGS__})

static void assert_text(const struct cp_facts *facts, cp_str at, const char *expected)
{
	assert_string_equal(cp_facts_string(facts, at), expected);
}

static void test_names(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = FACTS(.soname = "libx.so.1", .rpath = "$ORIGIN",
		.runpath = "/opt/lib", .interpreter = "/lib64/ld-linux-x86-64.so.2",
		.needed = {"libz.so.1", "libc.so.6"}, .build_id = "\x01\xab");
	assert_int_equal(facts->defect, CP_DEFECT_NONE);
	assert_true(facts->has_dynamic);
	assert_text(facts, facts->soname, "libx.so.1");
	assert_text(facts, facts->rpath, "$ORIGIN");
	assert_text(facts, facts->runpath, "/opt/lib");
	assert_text(facts, facts->interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_text(facts, facts->build_id, "01ab");
	assert_int_equal(facts->n_needed, 2);
	assert_text(facts, facts->needed[0], "libz.so.1");
	assert_text(facts, facts->needed[1], "libc.so.6");
}

/* What comes after the last segment need not be there. */
static void test_extent(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&(struct elf_spec){.soname = "libx.so.1",
		.needed = {"libc.so.6"},
		.build_id = "\x01\xab",
		.symbols = {{.name = "puts"}, {.name = "answer", .value = 1}}});
	size_t extent = cp_facts_extent(image.bytes, image.size, image.size + 1000);
	assert_in_range(extent, 1, image.size);
	assert_int_equal(cp_facts_extent(image.bytes, 1024, image.size + 1000), extent);
	assert_int_equal(cp_facts_extent(image.bytes, 60, image.size), image.size);
	assert_int_equal(cp_facts_extent(image.bytes, image.size, extent - 1), extent - 1);
	uint8_t *there = realloc(image.bytes, extent);
	assert_non_null(there);
	struct cp_facts *facts = NULL;
	assert_int_equal(cp_facts_read(there, extent + 1000, &facts, NULL), 0);
	assert_text(facts, facts->soname, "libx.so.1");
	assert_text(facts, facts->build_id, "01ab");
	assert_int_equal(facts->n_exports, 1);
	assert_int_equal(facts->defect, CP_DEFECT_NONE);
	cp_facts_free(facts);
	free(there);
}

static void test_absent_names_are_none(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = FACTS(.hash = ELF_HASH_NONE);
	assert_int_equal(facts->soname, 0);
	assert_int_equal(facts->interpreter, 0);
	assert_int_equal(facts->n_needed, 0);
	assert_null(cp_facts_string_or_null(facts, facts->runpath));
	assert_int_equal(facts->node_api, -1);
	assert_int_equal(facts->libc, CP_LIBC_NONE);
}

/* Symbols, versions and relocations of one object, to be read in any shape. */
static const struct elf_spec rich = {
	.soname = "librich.so.1",
	.needed = {"libc.so.6"},
	.symbols = {{.name = "puts", .version = "GLIBC_2.2.5", .file = "libc.so.6"},
		{.name = "open", .version = "GLIBC_2.34", .file = "libc.so.6", .bind = STB_WEAK},
		{.name = "later", .version = "GLIBC_2.40", .file = "libc.so.6", .weak_need = true},
		{.name = "thrown", .version = "CXXABI_1.3", .file = "libstdc++.so.6"},
		{.name = "bare"},
		{.name = "old", .version = "RICH_1", .value = 0x11, .hidden_version = true},
		{.name = "old", .version = "RICH_2", .value = 0x12},
		{.name = "plain", .value = 0x13, .bind = STB_WEAK},
		{.name = "zero", .section = SHN_ABS, .type = STT_OBJECT},
		{.name = "inside", .value = 0x14, .visibility = STV_HIDDEN},
		{.name = "deeper", .value = 0x14, .visibility = STV_INTERNAL},
		{.name = "private", .value = 0x15, .local = true},
		{.name = "single", .value = 0x16, .bind = STB_GNU_UNIQUE},
		{.name = "guarded", .value = 0x17, .visibility = STV_PROTECTED}},
	.relocs = {{"puts", R_X86_64_JUMP_SLOT, true, false},
		{"puts", R_X86_64_JUMP_SLOT, true, false},
		{"plain", R_X86_64_JUMP_SLOT, true, false}, {"bare", R_X86_64_64, false, false},
		{"open", R_X86_64_GLOB_DAT, false, false}, {"bare", R_X86_64_64, false, false},
		{"bare", R_X86_64_GLOB_DAT, false, false}, {NULL, R_X86_64_RELATIVE, false, false},
		{NULL, R_X86_64_RELATIVE, false, false}, {"plain", R_X86_64_64, false, false}},
};

static void check_undefined(const struct cp_facts *facts)
{
	static const struct {
		const char *name, *version;
		unsigned int flags;
	} expected[] = {{"puts", "GLIBC_2.2.5", 0}, {"open", "GLIBC_2.34", 0},
		{"later", "GLIBC_2.40", CP_SYM_WEAK_NEED}, {"thrown", "CXXABI_1.3", 0},
		{"bare", "", 0}};
	assert_int_equal(facts->n_undefined, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct cp_symbol *symbol = &facts->undefined[i];
		assert_text(facts, symbol->name, expected[i].name);
		assert_text(facts, symbol->version, expected[i].version);
		assert_int_equal(symbol->flags, expected[i].flags);
		assert_int_equal(symbol->hash, cp_symbol_hash(expected[i].name));
	}
	assert_int_equal(facts->undefined[1].bind, STB_WEAK);
}

static void check_exports(const struct cp_facts *facts)
{
	static const struct {
		const char *name, *version;
		unsigned int flags;
	} expected[] = {{"old", "RICH_1", CP_SYM_HIDDEN}, {"old", "RICH_2", 0},
		{"plain", "", CP_SYM_BASE_VERSION},
		{"zero", "", CP_SYM_BASE_VERSION | CP_SYM_NO_VALUE},
		{"single", "", CP_SYM_BASE_VERSION}, {"guarded", "", CP_SYM_BASE_VERSION}};
	assert_int_equal(facts->n_exports, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_text(facts, facts->exports[i].name, expected[i].name);
		assert_text(facts, facts->exports[i].version, expected[i].version);
		assert_int_equal(facts->exports[i].flags, expected[i].flags);
	}
	assert_int_equal(facts->exports[3].type, STT_OBJECT);
	assert_int_equal(facts->exports[5].visibility, STV_PROTECTED);
}

static void check_versions(const struct cp_facts *facts)
{
	assert_int_equal(facts->n_verneed, 4);
	assert_text(facts, facts->verneed[0].file, "libc.so.6");
	assert_text(facts, facts->verneed[0].version, "GLIBC_2.2.5");
	assert_false(facts->verneed[1].weak);
	assert_true(facts->verneed[2].weak);
	assert_text(facts, facts->verneed[3].file, "libstdc++.so.6");
	assert_int_equal(facts->n_verdef, 3);
	assert_true(facts->verdef[0].base);
	assert_text(facts, facts->verdef[0].version, "librich.so.1");
	assert_text(facts, facts->verdef[2].version, "RICH_2");
	assert_false(facts->verdef[2].base);
	assert_text(facts, facts->glibc_min, "2.34"); /* 2.40 is a weak need */
	assert_int_equal(facts->glibcxx_min, 0);
}

/* Each pair of symbol and type once; "plain" is defined here, so it has no index. */
static void check_relocs(const struct cp_facts *facts)
{
	const struct cp_reloc plt[] = {{0, R_X86_64_JUMP_SLOT}, {CP_NO_SYMBOL, R_X86_64_JUMP_SLOT}};
	const struct cp_reloc dyn[] = {{4, R_X86_64_64}, {1, R_X86_64_GLOB_DAT},
		{4, R_X86_64_GLOB_DAT}, {CP_NO_SYMBOL, R_X86_64_RELATIVE},
		{CP_NO_SYMBOL, R_X86_64_64}};
	assert_int_equal(facts->n_relocs_plt, 2);
	assert_memory_equal(facts->relocs_plt, plt, sizeof(plt));
	assert_int_equal(facts->n_relocs_dyn, 5);
	assert_memory_equal(facts->relocs_dyn, dyn, sizeof(dyn));
}

/* Both classes, both byte orders, and each way to count the symbols. */
static void test_symbols_in_every_shape(void **state)
{
	(void)state;
	for (unsigned int shape = 0; shape < 16; shape++) {
		struct elf_spec spec = rich;
		spec.elf_class = shape & 1 ? ELFCLASS32 : ELFCLASS64;
		spec.encoding = shape & 2 ? ELFDATA2MSB : ELFDATA2LSB;
		spec.hash = (enum elf_hash)(shape >> 2);
		cp_cleanup_facts struct cp_facts *facts = read_spec(&spec);
		check_undefined(facts);
		check_exports(facts);
		check_versions(facts);
		check_relocs(facts);
		assert_true(facts->symbols_known);
	}
}

/* GNU ld leaves a GNU hash table without symbols where nothing is exported. */
static void test_symbols_without_exports(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = FACTS(.symbols = {{.name = "a"}, {.name = "b"}});
	assert_int_equal(facts->n_undefined, 2);
	assert_text(facts, facts->undefined[1].name, "b");
	assert_int_equal(facts->n_exports, 0);
}

/* 64-bit hash words on s390x; a type in the last byte of r_info on 64-bit MIPS. */
static void test_odd_machines(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&(struct elf_spec){.encoding = ELFDATA2MSB,
		.machine = EM_S390,
		.hash = ELF_HASH_SYSV,
		.symbols = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}}});
	elf_patch(&image, image.hash, 1, 8);
	elf_patch(&image, image.hash + 8, 5, 8);
	cp_cleanup_facts struct cp_facts *s390 = read_image(&image);
	assert_int_equal(s390->n_undefined, 4);

	image = elf_build(&(struct elf_spec){.machine = EM_MIPS,
		.symbols = {{.name = "a"}},
		.relocs = {{"a", 1, false, false}}});
	const uint8_t info[] = {1, 0, 0, 0, 0, 0, R_MIPS_64, R_MIPS_REL32};
	memcpy(image.bytes + image.rela + 8, info, sizeof(info));
	cp_cleanup_facts struct cp_facts *mips = read_image(&image);
	assert_int_equal(mips->relocs_dyn[0].symbol, 0);
	assert_int_equal(mips->relocs_dyn[0].type, R_MIPS_REL32 | R_MIPS_64 << 8);
}

static void test_rel_comes_before_rela(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = FACTS(.symbols = {{.name = "a"}},
		.relocs = {{"a", 1, false, false}, {"a", 6, false, true}});
	assert_int_equal(facts->n_relocs_dyn, 2);
	assert_int_equal(facts->relocs_dyn[0].type, 6);
	assert_int_equal(facts->relocs_dyn[1].type, 1);
}

/* Where DT_RELASZ counts the PLT's relocations too, they are the PLT's alone. */
static void test_plt_within_rela(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&(struct elf_spec){.symbols = {{.name = "a"}},
		.relocs = {{"a", 6, false, false}, {"a", 7, true, false}}});
	assert_int_equal(image.rela + image.rela_size, image.jmprel);
	assert_true(elf_patch_dynamic(&image, DT_RELASZ, image.rela_size + image.jmprel_size));
	cp_cleanup_facts struct cp_facts *facts = read_image(&image);
	assert_int_equal(facts->n_relocs_dyn, 1);
	assert_int_equal(facts->relocs_dyn[0].type, 6);
	assert_int_equal(facts->n_relocs_plt, 1);
}

/* Own symbols that a loader looks up all the same stand behind the undefined ones. */
static void test_own_symbols_that_are_looked_up(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts =
		FACTS(.symbols = {{.name = "plain", .value = 1},
			      {.name = "copied", .value = 2, .type = STT_OBJECT},
			      {.name = "thread_local", .value = 3, .type = STT_TLS},
			      {.name = "indirect", .value = 4, .type = STT_GNU_IFUNC},
			      {.name = "empty", .section = SHN_ABS},
			      {.name = "old", .version = "V_1", .value = 5, .hidden_version = true},
			      {.name = "elsewhere"}},
			.relocs = {{"plain", R_X86_64_64, false, false},
				{"copied", R_X86_64_64, false, false},
				{"copied", R_X86_64_COPY, false, false},
				{"thread_local", R_X86_64_TPOFF64, false, false},
				{"indirect", R_X86_64_GLOB_DAT, false, false},
				{"empty", R_X86_64_64, false, false},
				{"old", R_X86_64_JUMP_SLOT, true, false},
				{"empty", R_X86_64_64, false, false}});
	static const char *const own[] = {"old", "copied", "thread_local", "indirect", "empty"};
	assert_int_equal(facts->n_undefined, 6);
	assert_text(facts, facts->undefined[0].name, "elsewhere");
	assert_false(facts->undefined[0].flags & CP_SYM_OWN);
	for (size_t i = 0; i < 5; i++) {
		assert_text(facts, facts->undefined[i + 1].name, own[i]);
		assert_true(facts->undefined[i + 1].flags & CP_SYM_OWN);
	}
	assert_int_equal(facts->n_exports, 6);
	assert_int_equal(facts->relocs_plt[0].symbol, 1);
	assert_int_equal(facts->relocs_dyn[0].symbol, CP_NO_SYMBOL);
	assert_int_equal(facts->relocs_dyn[1].symbol, 2);
	assert_int_equal(facts->n_relocs_dyn, 5);
}

/* A copied variable is defined here with the version of the library it comes from. */
static void test_copy_has_the_needed_version(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&(struct elf_spec){.type = ET_EXEC,
		.symbols = {{.name = "stdout", .version = "GLIBC_2.2.5", .file = "libc.so.6"}}});
	elf_patch(&image, image.symtab + sizeof(Elf64_Sym) + 6, 20, 2); /* st_shndx */
	elf_patch(&image, image.symtab + sizeof(Elf64_Sym) + 8, 0x4000, 8);
	cp_cleanup_facts struct cp_facts *facts = read_image(&image);
	assert_int_equal(facts->n_exports, 1);
	assert_text(facts, facts->exports[0].version, "GLIBC_2.2.5");
}

static void test_bind_now(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *lazy = FACTS(.flags = DF_STATIC_TLS | DF_TEXTREL);
	assert_false(lazy->bind_now);
	assert_true(lazy->static_tls);
	assert_true(lazy->text_relocations);
	cp_cleanup_facts struct cp_facts *tag = FACTS(.bind_now = true, .textrel = true);
	assert_true(tag->bind_now);
	assert_true(tag->text_relocations);
	assert_false(tag->static_tls);
	cp_cleanup_facts struct cp_facts *flag = FACTS(.flags = DF_BIND_NOW);
	assert_true(flag->bind_now);
	cp_cleanup_facts struct cp_facts *flag_1 = FACTS(.flags_1 = DF_1_NOW | DF_1_PIE);
	assert_true(flag_1->bind_now);
	assert_int_equal(flag_1->flags_1, DF_1_NOW | DF_1_PIE);
}

static void test_stack_and_tls(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *plain = FACTS(.tls_size = 0x1234, .tls_align = 64);
	assert_int_equal(plain->stack, CP_STACK_PLAIN);
	assert_int_equal(plain->tls_size, 0x1234);
	assert_int_equal(plain->tls_align, 64);
	cp_cleanup_facts struct cp_facts *executable = FACTS(.stack = ELF_STACK_EXECUTABLE);
	assert_int_equal(executable->stack, CP_STACK_EXECUTABLE);
	cp_cleanup_facts struct cp_facts *absent = FACTS(.stack = ELF_STACK_ABSENT);
	assert_int_equal(absent->stack, CP_STACK_UNSPECIFIED);
	assert_int_equal(absent->tls_size, 0);
}

struct origin_case {
	struct elf_spec spec;
	enum cp_os os;
	enum cp_libc libc;
};

static void test_origin(void **state)
{
	(void)state;
	static const struct origin_case cases[] = {
		{{.needed = {"libc.so.6"}}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.needed = {"ld-linux-aarch64.so.1"}}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.needed = {"libm.so.6"}}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.interpreter = "/lib64/ld-linux-x86-64.so.2"}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.symbols = {{.name = "f", .version = "GLIBC_2.4", .file = "libx.so"}}},
			CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.symbols = {{.name = "f", .version = "GLIBC_2.4", .value = 1}}}, CP_OS_LINUX,
			CP_LIBC_GLIBC},
		{{.needed = {"libc.musl-x86_64.so.1"}}, CP_OS_LINUX, CP_LIBC_MUSL},
		{{.interpreter = "/lib/ld-musl-x86_64.so.1"}, CP_OS_LINUX, CP_LIBC_MUSL},
		{{.soname = "libc.musl-x86_64.so.1"}, CP_OS_LINUX, CP_LIBC_MUSL},
		{{.symbols = {{.name = "__dls2b", .value = 1}}}, CP_OS_LINUX, CP_LIBC_MUSL},
		{{.needed = {"libc.so"}}, CP_OS_LINUX, CP_LIBC_MUSL},
		{{.needed = {"libc.so", "liblog.so"}}, CP_OS_ANDROID, CP_LIBC_OTHER},
		{{.needed = {"libc.so", "libdl.so"}}, CP_OS_ANDROID, CP_LIBC_OTHER},
		{{.needed = {"libc.so"},
			 .symbols = {{.name = "f", .version = "LIBC", .file = "libc.so"}}},
			CP_OS_ANDROID, CP_LIBC_OTHER},
		{{.needed = {"libc.so"}, .note_owner = "Android"}, CP_OS_ANDROID, CP_LIBC_OTHER},
		{{.interpreter = "/system/bin/linker64"}, CP_OS_ANDROID, CP_LIBC_OTHER},
		{{.needed = {"libc.so.0"}}, CP_OS_LINUX, CP_LIBC_OTHER},
		{{.needed = {"libc.so.7"}}, CP_OS_FREEBSD, CP_LIBC_OTHER},
		{{.needed = {"libc.so.12"}}, CP_OS_NETBSD, CP_LIBC_OTHER},
		{{.needed = {"libc.so.97.1"}}, CP_OS_OPENBSD, CP_LIBC_OTHER},
		{{.os_abi = ELFOSABI_FREEBSD}, CP_OS_FREEBSD, CP_LIBC_NONE},
		{{.os_abi = ELFOSABI_SOLARIS, .needed = {"libc.so.1"}}, CP_OS_SOLARIS,
			CP_LIBC_OTHER},
		{{.os_abi = ELFOSABI_GNU, .needed = {"libc.so.6"}}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.note_owner = "FreeBSD", .symbols = {{.name = "f"}}}, CP_OS_FREEBSD,
			CP_LIBC_OTHER},
		{{.note_owner = "OpenBSD"}, CP_OS_OPENBSD, CP_LIBC_NONE},
		{{.note_owner = "NetBSD"}, CP_OS_NETBSD, CP_LIBC_NONE},
		{{.interpreter = "/lib/amd64/ld.so.1"}, CP_OS_SOLARIS, CP_LIBC_OTHER},
		{{.interpreter = "/lib/ld.so.1", .machine = EM_PPC}, CP_OS_LINUX, CP_LIBC_GLIBC},
		{{.needed = {"libc.so"},
			 .symbols =
				 {{.name = "f", .version = "GLIBC_2.0", .file = "libgcc_s.so.1"}}},
			CP_OS_LINUX, CP_LIBC_MUSL},
		{{.interpreter = "/usr/libexec/ld.so"}, CP_OS_OPENBSD, CP_LIBC_OTHER},
		{{.symbols = {{.name = "malloc"}}}, CP_OS_LINUX, CP_LIBC_UNKNOWN},
		{{.symbols = {{.name = "malloc", .bind = STB_WEAK}}}, CP_OS_LINUX, CP_LIBC_NONE},
		{{.symbols = {{.name = "napi_create_int32"}}}, CP_OS_LINUX, CP_LIBC_NONE},
		{{.needed = {"libstdc++.so.6"}, .symbols = {{.name = "f"}}}, CP_OS_LINUX,
			CP_LIBC_UNKNOWN},
		{{.type = ET_EXEC, .no_dynamic = true}, CP_OS_LINUX, CP_LIBC_NONE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_facts struct cp_facts *facts = read_spec(&cases[i].spec);
		if (facts->os != cases[i].os || facts->libc != cases[i].libc)
			fail_msg("case %zu: os %d libc %d", i, facts->os, facts->libc);
	}
}

static void test_openharmony_note(void **state)
{
	(void)state;
	struct elf_image image =
		elf_build(&(struct elf_spec){.build_id = "12345", .needed = {"libc.so"}});
	const uint8_t note[] = {5, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 'O', 'H', 'O', 'S', 0, 0, 0};
	memcpy(image.bytes + image.notes, note, sizeof(note));
	cp_cleanup_facts struct cp_facts *facts = read_image(&image);
	assert_int_equal(facts->os, CP_OS_OTHER);
	assert_int_equal(facts->libc, CP_LIBC_OTHER);
	assert_int_equal(facts->build_id, 0);
}

static void test_highest_versions(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts =
		FACTS(.symbols = {{.name = "a", .version = "GLIBC_2.4", .file = "libc.so.6"},
			      {.name = "b", .version = "GLIBC_2.17", .file = "libc.so.6"},
			      {.name = "c", .version = "GLIBC_PRIVATE", .file = "libc.so.6"},
			      {.name = "d", .version = "GLIBC_ABI_DT_RELR", .file = "libc.so.6"},
			      {.name = "e", .version = "GLIBCXX_3.4.9", .file = "libstdc++.so.6"},
			      {.name = "f",
				      .version = "GLIBCXX_3.4.29",
				      .file = "libstdc++.so.6"}});
	assert_text(facts, facts->glibc_min, "2.17");
	assert_text(facts, facts->glibcxx_min, "3.4.29");
}

/* What the function that declares the Node-API version may look like. */
static void test_node_api(void **state)
{
	(void)state;
#define CODE(bytes) bytes, sizeof(bytes) - 1
	static const struct {
		uint16_t machine;
		const char *code;
		size_t size;
		int expected;
	} cases[] = {
		{EM_X86_64, CODE("\xb8\x08\0\0\0\xc3"), 8},
		{EM_X86_64, CODE("\xf3\x0f\x1e\xfa\xb8\x0a\0\0\0\xc3"), 10},
		{EM_X86_64, CODE("\x55\x48\x89\xe5\xb8\x09\0\0\0\x5d\xc3"), 9},
		{EM_X86_64, CODE("\xf3\x0f\x1e\xfa\x55\x48\x89\xe5\xb8\x09\0\0\0\x5d\xc3"), 9},
		{EM_X86_64, CODE("\x6a\x06\x58\xc3"), 6},
		{EM_X86_64, CODE("\xb8\x08\0\0\0\x90"), -1},
		{EM_X86_64, CODE("\xb8\x08\x01\0\0\xc3"), -1},
		{EM_X86_64, CODE("\xe9\0\0\0\0\xc3"), -1},
		{EM_AARCH64, CODE("\x20\x01\x80\x52\xc0\x03\x5f\xd6"), 9},
		{EM_AARCH64, CODE("\x5f\x24\x03\xd5\x40\x01\x80\x52\xc0\x03\x5f\xd6"), 10},
		{EM_AARCH64, CODE("\x21\x01\x80\x52\xc0\x03\x5f\xd6"), -1},
		{EM_RISCV, CODE("\x25\x45\x82\x80"), -1},
	};
#undef CODE
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_facts struct cp_facts *facts = FACTS(.machine = cases[i].machine,
			.symbols = {{.name = "node_api_module_get_api_version_v1",
				.code = cases[i].code,
				.code_size = cases[i].size}});
		if (facts->node_api != cases[i].expected)
			fail_msg("case %zu: %d", i, facts->node_api);
	}
}

static void test_node_version(void **state)
{
	(void)state;
	const char *text = "see nodejs.org/download/release/vX and "
			   "https://unofficial-builds.nodejs.org/download/release/v26.1.0/x";
	cp_cleanup_facts struct cp_facts *node = FACTS(.type = ET_EXEC, .text = text,
		.symbols = {{.name = "napi_module_register", .value = 0x1000}});
	assert_text(node, node->node_version, "26.1.0");
	cp_cleanup_facts struct cp_facts *other = FACTS(.type = ET_EXEC, .text = text);
	assert_int_equal(other->node_version, 0);
	cp_cleanup_facts struct cp_facts *library =
		FACTS(.text = text, .symbols = {{.name = "napi_module_register", .value = 0x1000}});
	assert_int_equal(library->node_version, 0);
}

static void test_export_lookup(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = read_spec(&rich);
	uint32_t hash = cp_symbol_hash("old");
	size_t cursor = 0;
	const struct cp_symbol *symbol = cp_facts_export_next(facts, "old", hash, &cursor);
	assert_ptr_equal(symbol, &facts->exports[0]);
	symbol = cp_facts_export_next(facts, "old", hash, &cursor);
	assert_ptr_equal(symbol, &facts->exports[1]);
	assert_null(cp_facts_export_next(facts, "old", hash, &cursor));
	cursor = 0;
	assert_null(cp_facts_export_next(facts, "puts", cp_symbol_hash("puts"), &cursor));
}

static void test_lookup_without_exports(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = FACTS(.soname = "x");
	size_t cursor = 0;
	assert_null(cp_facts_export_next(facts, "x", cp_symbol_hash("x"), &cursor));
}

static void test_version_compare(void **state)
{
	(void)state;
	assert_true(cp_version_compare("2.4", "2.17") < 0);
	assert_true(cp_version_compare("2.17", "2.4") > 0);
	assert_true(cp_version_compare("2.34", "2.34") == 0);
	assert_true(cp_version_compare("2.34", "2.34.0") == 0);
	assert_true(cp_version_compare("2", "2.1") < 0);
	assert_true(cp_version_compare("1.2.4_git20230717", "1.2.4") == 0);
	assert_true(cp_version_compare("1.2.10", "1.2.9") > 0);
	assert_true(cp_version_compare("1.010", "1.10") == 0);
	assert_true(cp_version_compare("99999999999999999999", "100000000000000000000") < 0);
	assert_true(cp_version_compare("", "") == 0);
}

static void test_machine_tables(void **state)
{
	(void)state;
	assert_int_equal(cp_reloc_kind(EM_X86_64, R_X86_64_GLOB_DAT), CP_RELOC_GOT);
	assert_int_equal(cp_reloc_kind(EM_X86_64, R_X86_64_64), CP_RELOC_SYMBOLIC);
	assert_int_equal(cp_reloc_kind(EM_X86_64, R_X86_64_NONE), CP_RELOC_NONE);
	assert_int_equal(cp_reloc_kind(EM_X86_64, R_X86_64_PLT32), CP_RELOC_UNKNOWN);
	assert_int_equal(cp_reloc_kind(EM_AARCH64, R_AARCH64_JUMP_SLOT), CP_RELOC_PLT);
	assert_int_equal(cp_reloc_kind(EM_AARCH64, R_AARCH64_TLSDESC), CP_RELOC_TLSDESC);
	assert_int_equal(cp_reloc_kind(EM_AARCH64, R_X86_64_64), CP_RELOC_UNKNOWN);
	assert_int_equal(cp_reloc_kind(EM_RISCV, 2), CP_RELOC_UNKNOWN);
	assert_string_equal(cp_machine_node_name(EM_X86_64, ELFCLASS64, ELFDATA2LSB), "x64");
	assert_null(cp_machine_node_name(EM_X86_64, ELFCLASS32, ELFDATA2LSB)); /* x32 */
	assert_string_equal(cp_machine_node_name(EM_386, ELFCLASS32, ELFDATA2LSB), "ia32");
	assert_string_equal(cp_machine_docker_name(EM_PPC64, ELFCLASS64, ELFDATA2LSB), "ppc64le");
	assert_string_equal(cp_machine_docker_name(EM_AARCH64, ELFCLASS64, ELFDATA2LSB), "arm64");
	assert_null(cp_machine_docker_name(EM_AVR, ELFCLASS32, ELFDATA2LSB));
	assert_string_equal(cp_os_name(CP_OS_ANDROID), "android");
	assert_string_equal(cp_libc_name(CP_LIBC_MUSL), "musl");
	assert_null(cp_libc_name(CP_LIBC_UNKNOWN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_extent),
		cmocka_unit_test(test_absent_names_are_none),
		cmocka_unit_test(test_symbols_in_every_shape),
		cmocka_unit_test(test_symbols_without_exports),
		cmocka_unit_test(test_odd_machines),
		cmocka_unit_test(test_rel_comes_before_rela),
		cmocka_unit_test(test_plt_within_rela),
		cmocka_unit_test(test_own_symbols_that_are_looked_up),
		cmocka_unit_test(test_copy_has_the_needed_version),
		cmocka_unit_test(test_bind_now),
		cmocka_unit_test(test_stack_and_tls),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_openharmony_note),
		cmocka_unit_test(test_highest_versions),
		cmocka_unit_test(test_node_api),
		cmocka_unit_test(test_node_version),
		cmocka_unit_test(test_export_lookup),
		cmocka_unit_test(test_lookup_without_exports),
		cmocka_unit_test(test_version_compare),
		cmocka_unit_test(test_machine_tables),
	};
	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
