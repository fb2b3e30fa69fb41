/* SPDX-License-Identifier: MIT
 *
 * The little of a file that explains a failure, of good files and of hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/elf_builder.h"
#include "elf_peek.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("peek", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static int file_of_object(const struct elf_spec *spec)
{
	struct elf_image image = elf_build(spec);
	int fd = file_of(image.bytes, image.size);
	elf_image_free(&image);
	return fd;
}
#define OBJECT(...) file_of_object(&(struct elf_spec){__VA_ARGS__})

static struct cp_peek peek_at(const void *bytes, size_t size)
{
	struct cp_peek peek;
	int fd = file_of(bytes, size);
	assert_int_equal(cp_peek(fd, &peek), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), size); /* left alone */
	close(fd);
	return peek;
}

static struct cp_peek peek_at_text(const char *text)
{
	return peek_at(text, strlen(text));
}

static bool needs(int fd, const char *library)
{
	return cp_peek_needs(fd, library);
}

/* --- kinds -------------------------------------------------------------------------------- */

static void kinds_of_files(void **state)
{
	(void)state;
	assert_int_equal(peek_at_text("").kind, CP_PEEK_EMPTY);
	assert_int_equal(peek_at_text("#!/bin/sh\n").kind, CP_PEEK_SCRIPT);
	assert_int_equal(peek_at_text("#!").kind, CP_PEEK_SCRIPT);
	assert_int_equal(peek_at_text("version https://git-lfs.github.com/spec/v1\n").kind,
		CP_PEEK_LFS_POINTER);
	assert_int_equal(peek_at_text("version https://git-lf").kind, CP_PEEK_TEXT);
	assert_int_equal(peek_at_text("MZ").kind, CP_PEEK_WINDOWS);
	assert_int_equal(peek_at_text("M").kind, CP_PEEK_TEXT);
	assert_int_equal(peek_at_text("\xcf\xfa\xed\xfe").kind, CP_PEEK_MACH_O);
	assert_int_equal(peek_at_text("\xca\xfe\xba\xbe").kind, CP_PEEK_MACH_O);
	assert_int_equal(peek_at_text("\x7f"
				      "ELF")
				 .kind,
		CP_PEEK_TEXT); /* too short for one */
	assert_int_equal(peek_at("a\0", 2).kind, CP_PEEK_DATA);
	assert_int_equal(peek_at_text("echo hello\n").kind, CP_PEEK_TEXT);
}

static void scripts_as_the_kernel_reads_them(void **state)
{
	char long_line[600];
	(void)state;
	assert_string_equal(peek_at_text("#!/bin/sh").interpreter, "/bin/sh");
	assert_string_equal(peek_at_text("#! \t /bin/sh\t-e\n").interpreter, "/bin/sh");
	assert_string_equal(peek_at_text("#!\n/bin/sh\n").interpreter, "");
	struct cp_peek crlf = peek_at_text("#!/bin/sh\r\n");
	assert_string_equal(crlf.interpreter, "/bin/sh");
	assert_true(crlf.ends_with_cr);
	assert_false(peek_at_text("#!/bin/sh -e\r\n").ends_with_cr); /* the argument's */
	assert_false(peek_at_text("#!/bin/sh\n\r").ends_with_cr);
	memset(long_line, 'a', sizeof(long_line));
	memcpy(long_line, "#!/", 3);
	assert_int_equal(
		strlen(peek_at(long_line, sizeof(long_line)).interpreter), CP_PEEK_INTERPRETER - 1);
}

static void objects_of_each_class_and_order(void **state)
{
	static const struct {
		uint8_t elf_class, encoding;
		uint16_t machine;
		bool native;
	} kinds[] = {{ELFCLASS64, ELFDATA2LSB, EM_X86_64, true},
		{ELFCLASS64, ELFDATA2LSB, EM_AARCH64, false},
		{ELFCLASS32, ELFDATA2LSB, EM_386, false},
		{ELFCLASS32, ELFDATA2LSB, EM_X86_64, false}, /* x32 */
		{ELFCLASS64, ELFDATA2MSB, EM_S390, false},
		{ELFCLASS32, ELFDATA2MSB, EM_PPC, false}};
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct cp_peek peek;
		int fd = OBJECT(.elf_class = kinds[i].elf_class, .encoding = kinds[i].encoding,
			.machine = kinds[i].machine, .interpreter = LOADER,
			.needed = {"libone.so", "libtwo.so"});
		assert_int_equal(cp_peek(fd, &peek), 0);
		assert_int_equal(peek.kind, CP_PEEK_ELF);
		assert_int_equal(peek.elf_class, kinds[i].elf_class);
		assert_int_equal(peek.machine, kinds[i].machine);
		assert_string_equal(peek.interpreter, LOADER);
#ifdef __x86_64__
		assert_int_equal(cp_peek_is_native(&peek), kinds[i].native);
#endif
		assert_true(needs(fd, "libone.so") && needs(fd, "libtwo.so"));
		assert_false(needs(fd, "libone.s") || needs(fd, "libone.so.1") || needs(fd, ""));
		close(fd);
	}
}

static void machines_have_names(void **state)
{
	(void)state;
	assert_string_equal(cp_peek_machine_name(EM_AARCH64), "AArch64");
	assert_string_equal(cp_peek_machine_name(EM_X86_64), "x86-64");
	assert_null(cp_peek_machine_name(0));
	assert_null(cp_peek_machine_name(-1));
	assert_null(cp_peek_machine_name(65535));
}

static void what_is_no_file_is_an_error(void **state)
{
	struct cp_peek peek;
	(void)state;
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(cp_peek(fd, &peek), -EISDIR);
	close(fd);
	assert_int_equal(cp_peek(-1, &peek), -EBADF);
	assert_false(cp_peek_needs(-1, "x") || cp_peek_binds_at_load(-1, "x"));
}

/* --- binding ------------------------------------------------------------------------------ */

static bool binds(const struct elf_spec *spec, const char *symbol)
{
	int fd = file_of_object(spec);
	bool answer = cp_peek_binds_at_load(fd, symbol);
	close(fd);
	return answer;
}
#define BINDS(symbol, ...)                                                                         \
	binds(&(struct elf_spec){.symbols = {{.name = "f"}, {.name = "g"}}, __VA_ARGS__}, symbol)

static void a_jump_slot_waits_for_the_call(void **state)
{
	(void)state;
	assert_false(
		BINDS("f", .relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true}}));
	assert_true(BINDS("g", .relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true},
				       {.symbol = "g", .type = R_X86_64_GLOB_DAT}}));
	assert_false(BINDS("f", .relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true},
					{.symbol = "g", .type = R_X86_64_GLOB_DAT}}));
	assert_true(BINDS("f", .relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true},
				       {.symbol = "f", .type = R_X86_64_64}}));
	assert_true(BINDS("f", .relocs = {{.symbol = "f", .type = R_X86_64_TLSDESC, .plt = true}}));
	assert_false(BINDS("f", .relocs = {{.type = R_X86_64_RELATIVE}}));
	assert_false(BINDS("f", .soname = "nothing"));
}

static void other_machines_have_other_numbers(void **state)
{
	(void)state;
	assert_false(BINDS("f", .machine = EM_AARCH64,
		.relocs = {{.symbol = "f", .type = R_AARCH64_JUMP_SLOT, .plt = true}}));
	assert_true(BINDS("f", .machine = EM_AARCH64,
		.relocs = {{.symbol = "f", .type = R_AARCH64_GLOB_DAT}}));
	assert_false(BINDS("f", .machine = EM_386, .elf_class = ELFCLASS32,
		.relocs = {{.symbol = "f", .type = R_386_JMP_SLOT, .plt = true, .rel = true}}));
	assert_true(BINDS("f", .machine = EM_386, .elf_class = ELFCLASS32,
		.relocs = {{.symbol = "f", .type = R_386_GLOB_DAT, .rel = true}}));
}

static void bind_now_in_each_of_its_forms(void **state)
{
	(void)state;
	assert_true(BINDS("f", .bind_now = true));
	assert_true(BINDS("f", .flags = DF_BIND_NOW));
	assert_true(BINDS("f", .flags_1 = DF_1_NOW));
	assert_false(BINDS("f", .flags = DF_SYMBOLIC, .flags_1 = DF_1_NODELETE));
}

/* --- hostile files ------------------------------------------------------------------------- */

static const struct elf_spec rich = {.interpreter = LOADER,
	.needed = {"liba.so", "libb.so"},
	.soname = "librich.so",
	.symbols = {{.name = "f"}, {.name = "g", .version = "V_1", .file = "liba.so"}},
	.relocs = {{.symbol = "f", .type = R_X86_64_GLOB_DAT},
		{.symbol = "g", .type = R_X86_64_JUMP_SLOT, .plt = true}}};

static void ask_all(int fd)
{
	struct cp_peek peek;
	assert_int_equal(cp_peek(fd, &peek), 0);
	assert_non_null(memchr(peek.interpreter, 0, sizeof(peek.interpreter)));
	cp_peek_needs(fd, "libb.so");
	cp_peek_binds_at_load(fd, "f");
	cp_peek_binds_at_load(fd, "absent");
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct elf_spec spec = rich;
		spec.elf_class = wide ? ELFCLASS64 : ELFCLASS32;
		struct elf_image image = elf_build(&spec);
		int fd = file_of(image.bytes, image.size);
		assert_true(cp_peek_needs(fd, "libb.so"));
		for (size_t size = image.size; size-- > 0;) {
			assert_int_equal(ftruncate(fd, (off_t)size), 0);
			ask_all(fd);
		}
		close(fd);
		elf_image_free(&image);
	}
}

static void any_byte_may_be_any_other(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	(void)state;
	struct elf_image image = elf_build(&rich);
	int fd = file_of(image.bytes, image.size);
	for (size_t at = 0; at < image.size; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			assert_int_equal(pwrite(fd, &values[i], 1, (off_t)at), 1);
			ask_all(fd);
		}
		assert_int_equal(pwrite(fd, image.bytes + at, 1, (off_t)at), 1);
	}
	assert_true(cp_peek_needs(fd, "libb.so"));
	close(fd);
	elf_image_free(&image);
}

static void offsets_and_sizes_without_end(void **state)
{
	static const int64_t tags[] = {DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_JMPREL,
		DT_PLTRELSZ, DT_NEEDED, DT_STRSZ};
	static const uint64_t values[] = {
		UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, 0, UINT64_MAX - ELF_BUILDER_BASE};
	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		for (size_t k = 0; k < sizeof(values) / sizeof(*values); k++) {
			struct elf_image image = elf_build(&rich);
			assert_true(elf_patch_dynamic(&image, tags[i], values[k]));
			int fd = file_of(image.bytes, image.size);
			ask_all(fd);
			close(fd);
			elf_image_free(&image);
		}
	}
	for (size_t at = 32; at < 56; at += 8) { /* of a program header: sizes, alignment */
		struct elf_image image = elf_build(&rich);
		for (size_t i = 0; i < 4; i++)
			elf_patch(&image, image.phdrs + i * sizeof(Elf64_Phdr) + at, UINT64_MAX, 8);
		int fd = file_of(image.bytes, image.size);
		ask_all(fd);
		close(fd);
		elf_image_free(&image);
	}
}

/* A sparse file has all the bytes that its header claims. */
static void a_sparse_file_costs_nothing(void **state)
{
	(void)state;
	struct elf_image image = elf_build(&rich);
	elf_patch(&image, offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2);
	elf_patch(&image, offsetof(Elf64_Ehdr, e_shoff), image.size, 8);
	elf_patch(&image, offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Shdr), 2);
	elf_patch_dynamic(&image, DT_RELASZ, 1ULL << 40);
	int fd = file_of(image.bytes, image.size);
	Elf64_Shdr first = {.sh_size = 1ULL << 32}; /* so many sections */
	assert_int_equal(pwrite(fd, &first, sizeof(first), (off_t)image.size), sizeof(first));
	assert_int_equal(ftruncate(fd, (off_t)1 << 41), 0);
	assert_true(cp_peek_needs(fd, "liba.so"));
	ask_all(fd);
	close(fd);
	elf_image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_files),
		cmocka_unit_test(scripts_as_the_kernel_reads_them),
		cmocka_unit_test(objects_of_each_class_and_order),
		cmocka_unit_test(machines_have_names),
		cmocka_unit_test(what_is_no_file_is_an_error),
		cmocka_unit_test(a_jump_slot_waits_for_the_call),
		cmocka_unit_test(other_machines_have_other_numbers),
		cmocka_unit_test(bind_now_in_each_of_its_forms),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(any_byte_may_be_any_other),
		cmocka_unit_test(offsets_and_sizes_without_end),
		cmocka_unit_test(a_sparse_file_costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
