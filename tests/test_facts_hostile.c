/* SPDX-License-Identifier: MIT
 *
 * The facts reader on broken, cut and crafted objects. Each is read from a buffer of
 * just its size, so that the sanitizer sees the first byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts.h"
#include "memory.h"
#include "support/elf_builder.h"
#include "support/facts_check.h"

static const struct elf_spec sample = {
	.soname = "libsample.so.1",
	.runpath = "$ORIGIN",
	.needed = {"libc.so.6"},
	.build_id = "\x12\x34",
	.symbols = {{.name = "puts", .version = "GLIBC_2.2.5", .file = "libc.so.6"},
		{.name = "open", .version = "GLIBC_2.34", .file = "libc.so.6"},
		{.name = "one", .version = "SAMPLE_1", .value = 0x11},
		{.name = "two", .version = "SAMPLE_2", .value = 0x12},
		{.name = "node_api_module_get_api_version_v1",
			.code = "\xb8\x08\0\0\0\xc3",
			.code_size = 6}},
	.relocs = {{"puts", R_X86_64_JUMP_SLOT, true, false}, {"open", R_X86_64_64, false, false},
		{NULL, R_X86_64_RELATIVE, false, false}},
};

/* Reads the first `size` bytes; NULL facts with an error, or facts without a flaw. */
static struct cp_facts *read_checked(const uint8_t *bytes, size_t size, struct cp_error **err)
{
	cp_cleanup_free uint8_t *copy = malloc(size ? size : 1);
	memcpy(copy, bytes, size);
	struct cp_facts *facts = NULL;
	int result = cp_facts_read(copy, size, &facts, err);
	if (result < 0) {
		assert_null(facts);
		assert_non_null(*err);
		return NULL;
	}
	assert_null(*err);
	const char *flaw = facts_flaw(facts, size);
	if (flaw)
		fail_msg("%s", flaw);
	return facts;
}

static enum cp_elf_defect defect_of(struct elf_image *image, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = read_checked(image->bytes, size, &err);
	if (!facts)
		fail_msg("%s", err->message);
	elf_image_free(image);
	return facts->defect;
}

static void assert_error(struct elf_image *image, const char *expected)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = read_checked(image->bytes, image->size, &err);
	elf_image_free(image);
	if (facts)
		fail_msg("no error, though expected: %s", expected);
	if (!strstr(err->message, expected))
		fail_msg("\"%s\" does not say: %s", err->message, expected);
}

static void test_not_elf(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\177", "\177EL", "#!/bin/sh\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		assert_null(read_checked((const uint8_t *)texts[i], strlen(texts[i]), &err));
		assert_string_equal(err->message, "not an ELF object");
	}
}

/* Offsets of fields in the ELF header and in program header `slot` (64-bit). */
#define HEADER(field) offsetof(Elf64_Ehdr, field)
#define PHDR(slot, field)                                                                          \
	(sizeof(Elf64_Ehdr) + (slot) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field))
enum { LOAD, DYNAMIC }; /* the sample's slots */

static void test_defects(void **state)
{
	(void)state;
	static const struct {
		size_t offset;
		uint64_t value;
		size_t width;
		enum cp_elf_defect defect;
	} cases[] = {{EI_CLASS, 7, 1, CP_DEFECT_CLASS}, {EI_DATA, 9, 1, CP_DEFECT_ENCODING},
		{EI_VERSION, 2, 1, CP_DEFECT_IDENT_VERSION},
		{HEADER(e_version), 2, 4, CP_DEFECT_VERSION},
		{HEADER(e_phentsize), 32, 2, CP_DEFECT_PHENTSIZE},
		{HEADER(e_phoff), UINT64_MAX, 8, CP_DEFECT_PHDRS_CUT},
		{HEADER(e_phnum), 0xffff, 2, CP_DEFECT_PHDRS_CUT},
		{PHDR(LOAD, p_align), 0x800, 8, CP_DEFECT_LOAD_ALIGNMENT},
		{PHDR(LOAD, p_vaddr), 0x10010, 8, CP_DEFECT_LOAD_ALIGNMENT},
		{PHDR(LOAD, p_type), PT_NULL, 4, CP_DEFECT_NO_LOAD},
		{PHDR(DYNAMIC, p_type), PT_NULL, 4, CP_DEFECT_NO_DYNAMIC},
		{PHDR(DYNAMIC, p_filesz), 0, 8, CP_DEFECT_NO_DYNAMIC},
		{PHDR(LOAD, p_filesz), 0x100000, 8, CP_DEFECT_TRUNCATED}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elf_image image = elf_build(&sample);
		elf_patch(&image, cases[i].offset, cases[i].value, cases[i].width);
		if (defect_of(&image, image.size) != cases[i].defect)
			fail_msg("case %zu", i);
	}
}

static void test_first_defect_counts(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, EI_DATA, 9, 1);
	elf_patch(&image, HEADER(e_version), 2, 4);
	assert_int_equal(defect_of(&image, image.size), CP_DEFECT_ENCODING);
	image = elf_build(&sample);
	elf_patch(&image, PHDR(LOAD, p_align), 0x800, 8);
	elf_patch(&image, PHDR(DYNAMIC, p_type), PT_NULL, 4);
	assert_int_equal(defect_of(&image, image.size), CP_DEFECT_LOAD_ALIGNMENT);
}

static void test_no_defect(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	assert_int_equal(defect_of(&image, image.size), CP_DEFECT_NONE);
	image = elf_build(&(struct elf_spec){.type = ET_EXEC, .no_dynamic = true});
	assert_int_equal(defect_of(&image, image.size), CP_DEFECT_NONE);
}

/* What is wholly there of a truncated object is read. */
static void test_truncated_keeps_whole_tables(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, PHDR(LOAD, p_filesz), image.size + 1, 8);
	elf_patch_dynamic(&image, DT_JMPREL, ELF_BUILDER_BASE + image.size);
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = read_checked(image.bytes, image.size, &err);
	elf_image_free(&image);
	assert_int_equal(facts->defect, CP_DEFECT_TRUNCATED);
	assert_int_equal(facts->n_needed, 1);
	assert_int_equal(facts->n_exports, 3);
	assert_int_equal(facts->n_relocs_plt, 0);
	assert_int_equal(facts->node_api, 8);
	assert_int_equal(facts->libc, CP_LIBC_GLIBC);
}

/* --- cut at every byte ------------------------------------------------------ */

/* `loaded`: where the last segment's part of the file ends. */
static void cut_everywhere(const uint8_t *bytes, size_t size, size_t loaded, size_t header)
{
	for (size_t length = SELFMAG; length < size; length++) {
		cp_cleanup_error struct cp_error *err = NULL;
		cp_cleanup_facts struct cp_facts *facts = read_checked(bytes, length, &err);
		if (!facts)
			fail_msg("cut at %zu: %s", length, err->message);
		if (length < header)
			assert_int_equal(facts->defect, CP_DEFECT_TOO_SHORT);
		else
			assert_int_equal(facts->defect != CP_DEFECT_NONE, length < loaded);
	}
}

static void test_built_objects_cut_everywhere(void **state)
{
	(void)state;
	for (unsigned int shape = 0; shape < 4; shape++) {
		struct elf_spec spec = sample;
		spec.elf_class = shape & 1 ? ELFCLASS32 : ELFCLASS64;
		spec.hash = shape & 2 ? ELF_HASH_SYSV : ELF_HASH_NONE;
		struct elf_image image = elf_build(&spec);
		cut_everywhere(image.bytes, image.size, image.size,
			shape & 1 ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr));
		elf_image_free(&image);
	}
}

static uint8_t *read_file(const char *path, size_t *size)
{
	cp_cleanup_fclose FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) != 0)
		return NULL;
	long end = ftell(file);
	rewind(file);
	uint8_t *bytes = end > 0 ? malloc((size_t)end) : NULL;
	*size = bytes ? fread(bytes, 1, (size_t)end, file) : 0;
	return bytes;
}

static size_t loaded_size(const uint8_t *bytes)
{
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	size_t end = 0;
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr phdr;
		memcpy(&phdr, bytes + header.e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_LOAD && phdr.p_filesz && phdr.p_offset + phdr.p_filesz > end)
			end = phdr.p_offset + phdr.p_filesz;
	}
	return end;
}

/* libdl is but a stub in glibc 2.34 and later, and one of the smallest real objects. */
static void test_real_object_cut_everywhere(void **state)
{
	(void)state;
	size_t size;
	cp_cleanup_free uint8_t *bytes = read_file("/lib/x86_64-linux-gnu/libdl.so.2", &size);
	if (!bytes)
		skip();
	cut_everywhere(bytes, size, loaded_size(bytes), sizeof(Elf64_Ehdr));
}

/* --- changed at random ------------------------------------------------------ */

/* xorshift64: the same sequence on every run. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void change_bytes(uint8_t *bytes, size_t size, uint64_t *seed)
{
	static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t changes = 1 + next_random(seed) % 6;
	while (changes--) {
		size_t at = next_random(seed) % size;
		uint64_t kind = next_random(seed);
		if (kind & 1)
			bytes[at] = edges[(kind >> 8) % sizeof(edges)];
		else
			bytes[at] ^= (uint8_t)(1 << (kind >> 8) % 8);
	}
}

static void test_changed_bytes(void **state)
{
	(void)state;
	uint64_t seed = 0x5eed;
	for (unsigned int shape = 0; shape < 8; shape++) {
		struct elf_spec spec = sample;
		spec.elf_class = shape & 1 ? ELFCLASS32 : ELFCLASS64;
		spec.encoding = shape & 2 ? ELFDATA2MSB : ELFDATA2LSB;
		spec.hash = shape & 4 ? ELF_HASH_SYSV : ELF_HASH_GNU;
		struct elf_image image = elf_build(&spec);
		cp_cleanup_free uint8_t *changed = malloc(image.size);
		for (int round = 0; round < 4000; round++) {
			memcpy(changed, image.bytes, image.size);
			change_bytes(changed, image.size, &seed);
			memcpy(changed, image.bytes, SELFMAG);
			cp_cleanup_error struct cp_error *err = NULL;
			cp_facts_free(read_checked(changed, image.size, &err));
		}
		elf_image_free(&image);
	}
}

/* --- crafted ---------------------------------------------------------------- */

static void test_dynamic_values_out_of_the_file(void **state)
{
	(void)state;
	static const struct {
		int64_t tag;
		uint64_t value;
		const char *error;
	} cases[] = {{DT_STRTAB, 0x7fffffffffffffff, "string table"},
		{DT_STRTAB, 1, "string table"}, {DT_STRSZ, UINT64_MAX, "string table"},
		{DT_STRSZ, 4, "DT_NEEDED: a name runs past"}, {DT_NEEDED, 0x10000, "DT_NEEDED"},
		{DT_SONAME, UINT64_MAX, "DT_SONAME"}, {DT_RUNPATH, 0x10000, "DT_RUNPATH"},
		{DT_SYMTAB, 0x20000, "symbol table"}, {DT_GNU_HASH, 0x20000, "GNU hash table"},
		{DT_VERSYM, 0x20000, "table of symbol versions"},
		{DT_VERNEED, 0x20000, "table of needed versions"},
		{DT_VERDEF, 0x20000, "table of defined versions"}, {DT_RELA, 0x20000, "DT_RELA"},
		{DT_RELASZ, UINT64_MAX, "DT_RELA"}, {DT_JMPREL, UINT64_MAX, "DT_JMPREL"},
		{DT_PLTRELSZ, 0x10000, "DT_JMPREL"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elf_image image = elf_build(&sample);
		assert_true(elf_patch_dynamic(&image, cases[i].tag, cases[i].value));
		assert_error(&image, cases[i].error);
	}
}

static void test_dynamic_section_outside(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, PHDR(DYNAMIC, p_vaddr), 0x900000, 8);
	assert_error(&image, "dynamic section");
}

static void test_gnu_hash(void **state)
{
	(void)state;
	const size_t buckets = 0, filter = 8, first_bucket = 24;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, image.gnu_hash + buckets, UINT32_MAX, 4);
	assert_error(&image, "GNU hash table is not wholly");
	image = elf_build(&sample);
	elf_patch(&image, image.gnu_hash + filter, UINT32_MAX, 4);
	assert_error(&image, "GNU hash table is not wholly");
	image = elf_build(&sample);
	elf_patch(&image, image.gnu_hash + first_bucket, UINT32_MAX, 4);
	assert_error(&image, "has no end");
}

static void test_sysv_hash_claims_too_many(void **state)
{
	(void)state;
	struct elf_spec spec = sample;
	spec.hash = ELF_HASH_SYSV;
	struct elf_image image = elf_build(&spec);
	elf_patch(&image, image.hash + 4, CP_MAX_SYMBOLS + 1, 4);
	assert_error(&image, "dynamic symbols, more than");
	image = elf_build(&spec);
	elf_patch(&image, image.hash + 4, 10000, 4);
	assert_error(&image, "symbol table");
}

static void test_version_chains(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	size_t next = image.verneed + sizeof(Elf64_Verneed) + offsetof(Elf64_Vernaux, vna_next);
	elf_patch(&image, next, UINT32_MAX, 4);
	assert_error(&image, "leads out of the file");
	image = elf_build(&sample);
	elf_patch(&image, image.verneed + offsetof(Elf64_Verneed, vn_next), UINT32_MAX, 4);
	assert_error(&image, "leads out of the file");
	image = elf_build(&sample);
	elf_patch(&image, image.verdef + offsetof(Elf64_Verdef, vd_aux), UINT32_MAX, 4);
	assert_error(&image, "leads out of the file");
}

static void test_symbol_names(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, image.symtab + sizeof(Elf64_Sym), UINT32_MAX, 4);
	assert_error(&image, "symbol 1: a name lies outside");
}

static void test_reloc_without_symbol(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	elf_patch(&image, image.rela + offsetof(Elf64_Rela, r_info) + 4, 77, 4);
	assert_error(&image, "no symbol 77");
}

/* Room for a crafted table behind the image, mapped as all of it is. */
static size_t append(struct elf_image *image, size_t size)
{
	size_t at = image->size;
	image->bytes = realloc(image->bytes, at + size);
	assert_non_null(image->bytes);
	memset(image->bytes + at, 0, size);
	image->size = image->room = at + size;
	elf_patch(image, PHDR(LOAD, p_filesz), image->size, 8);
	return at;
}

static void test_gnu_hash_chain_without_end(void **state)
{
	(void)state;
	const uint32_t words[] = {1, 3, 1, 6, UINT32_MAX, UINT32_MAX, 3, 0, 0};
	struct elf_image image = elf_build(&sample);
	size_t at = append(&image, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		elf_patch(&image, at + 4 * i, words[i], 4);
	elf_patch_dynamic(&image, DT_GNU_HASH, ELF_BUILDER_BASE + at);
	assert_error(&image, "has no end");
}

/* Every link is 4, so that each record begins within the one before. */
static void test_version_chain_that_crawls(void **state)
{
	(void)state;
	static const int64_t tags[] = {DT_VERNEED, DT_VERDEF};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct elf_image image = elf_build(&sample);
		size_t at = append(&image, 4096);
		for (size_t word = 0; word < 4096; word += 4)
			elf_patch(&image, at + word, 4, 4);
		elf_patch_dynamic(&image, tags[i], ELF_BUILDER_BASE + at);
		assert_error(&image, "overlap");
	}
}

static void test_too_many_reloc_types(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	size_t at = append(&image, 65 * sizeof(Elf64_Rela));
	for (size_t i = 0; i < 65; i++)
		elf_patch(&image, at + i * sizeof(Elf64_Rela) + 8, 1000 + i, 4);
	elf_patch_dynamic(&image, DT_RELA, ELF_BUILDER_BASE + at);
	elf_patch_dynamic(&image, DT_RELASZ, 65 * sizeof(Elf64_Rela));
	assert_error(&image, "more types of relocation");
}

static void test_tables_laid_over_one_another(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&sample);
	size_t at = append(&image, 0x3000);
	elf_patch_dynamic(&image, DT_RELA, ELF_BUILDER_BASE + at);
	elf_patch_dynamic(&image, DT_RELASZ, 0x2400);
	elf_patch_dynamic(&image, DT_JMPREL, ELF_BUILDER_BASE + at + sizeof(Elf64_Rela));
	elf_patch_dynamic(&image, DT_PLTRELSZ, 0x2400);
	assert_error(&image, "overlaps other tables");
}

/* A megabyte of string table, and symbols whose names all end where it ends. */
static void test_names_that_share_their_end(void **state)
{
	(void)state;
	const size_t length = 1 << 20, count = 100;
	struct elf_spec spec = {.hash = ELF_HASH_SYSV};
	struct elf_image image = elf_build(&spec);
	size_t names = append(&image, length + count * sizeof(Elf64_Sym));
	size_t symbols = names + length;
	memset(image.bytes + names + 1, 'a', length - 2);
	for (size_t i = 1; i < count; i++)
		elf_patch(&image, symbols + i * sizeof(Elf64_Sym), i, 4);
	for (size_t i = 1; i < count; i++)
		elf_patch(&image, symbols + i * sizeof(Elf64_Sym) + 4,
			ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1);
	elf_patch(&image, image.hash + 4, count, 4);
	elf_patch_dynamic(&image, DT_STRTAB, ELF_BUILDER_BASE + names);
	elf_patch_dynamic(&image, DT_STRSZ, length);
	elf_patch_dynamic(&image, DT_SYMTAB, ELF_BUILDER_BASE + symbols);
	assert_error(&image, "names of more than");
}

static void test_colliding_exports(void **state)
{
	(void)state;
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	facts->pool = strdup("");
	facts->n_exports = 2 * CP_MAX_COLLISIONS;
	facts->exports = calloc(facts->n_exports, sizeof(*facts->exports));
	assert_int_equal(cp_facts_index_exports(facts), -1);
	for (size_t i = 0; i < facts->n_exports; i++)
		facts->exports[i].hash = (uint32_t)i;
	assert_int_equal(cp_facts_index_exports(facts), 0);
	cp_facts_free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_elf),
		cmocka_unit_test(test_defects),
		cmocka_unit_test(test_first_defect_counts),
		cmocka_unit_test(test_no_defect),
		cmocka_unit_test(test_truncated_keeps_whole_tables),
		cmocka_unit_test(test_built_objects_cut_everywhere),
		cmocka_unit_test(test_real_object_cut_everywhere),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_dynamic_values_out_of_the_file),
		cmocka_unit_test(test_dynamic_section_outside),
		cmocka_unit_test(test_gnu_hash),
		cmocka_unit_test(test_sysv_hash_claims_too_many),
		cmocka_unit_test(test_version_chains),
		cmocka_unit_test(test_gnu_hash_chain_without_end),
		cmocka_unit_test(test_version_chain_that_crawls),
		cmocka_unit_test(test_symbol_names),
		cmocka_unit_test(test_reloc_without_symbol),
		cmocka_unit_test(test_too_many_reloc_types),
		cmocka_unit_test(test_tables_laid_over_one_another),
		cmocka_unit_test(test_names_that_share_their_end),
		cmocka_unit_test(test_colliding_exports),
	};
	return cmocka_run_group_tests_name("facts_hostile", tests, NULL, NULL);
}
