/* SPDX-License-Identifier: MIT
 *
 * Writes rows of objects, as fuzz_loader.c reads them, into a folder.
 */
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "support/elf_builder.h"

#define MAX_FILES 3

/* Rows end at the first description without a soname. */
static const struct elf_spec rows[][MAX_FILES + 1] = {
	{{.soname = "main.so",
		 .needed = {"libleft.so", "libright.so", "libc.so.6", "ld-linux-x86-64.so.2"},
		 .runpath = "$ORIGIN/lib:${ORIGIN}/../lib::/opt/$LIB",
		 .tls_size = 8,
		 .symbols = {{.name = "left"}, {.name = "absent"},
			 {.name = "weak", .bind = STB_WEAK},
			 {.name = "puts", .version = "GLIBC_2.34", .file = "libc.so.6"},
			 {.name = "counter", .section = 1, .type = STT_TLS}},
		 .relocs = {{.symbol = "left", .type = R_X86_64_JUMP_SLOT, .plt = true},
			 {.symbol = "absent", .type = R_X86_64_64},
			 {.symbol = "counter", .type = R_X86_64_TPOFF64},
			 {.symbol = "weak", .type = R_X86_64_GLOB_DAT}}},
		{.soname = "libleft.so",
			.needed = {"libright.so", "main.so"},
			.rpath = "/app",
			.symbols = {{.name = "left", .version = "L_1", .value = 1}}},
		{.soname = "libright.so",
			.needed = {"libleft.so", "/app/libleft.so"},
			.stack = ELF_STACK_EXECUTABLE,
			.symbols = {{.name = "weak", .value = 1, .type = STT_GNU_IFUNC}}}},
	{{.soname = "main.so",
		 .type = ET_EXEC,
		 .interpreter = "/lib/ld-musl-x86_64.so.1",
		 .needed = {"libdata.so", "libc.musl-x86_64.so.1"},
		 .symbols = {{.name = "shared", .value = 1, .type = STT_OBJECT}},
		 .relocs = {{.symbol = "shared", .type = R_X86_64_COPY}}},
		{.soname = "libdata.so",
			.flags = DF_BIND_NOW,
			.symbols = {{.name = "shared", .value = 1, .type = STT_OBJECT},
				{.name = "open64"}},
			.relocs = {{.symbol = "open64", .type = R_X86_64_JUMP_SLOT, .plt = true}}}},
	{{.soname = "main.so",
		.machine = EM_AARCH64,
		.symbols = {{.name = "malloc"}},
		.relocs = {{.symbol = "malloc", .type = R_AARCH64_JUMP_SLOT, .plt = true}}}},
};

static int write_file(FILE *file, const struct elf_spec *spec)
{
	struct elf_image image = elf_build(spec);
	int failed = fputc((int)(image.size & 0xff), file) == EOF ||
		     fputc((int)(image.size >> 8 & 0xff), file) == EOF ||
		     fwrite(image.bytes, 1, image.size, file) != image.size;
	elf_image_free(&image);
	return failed;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		cp_cleanup_free char *path = NULL;
		cp_cleanup_fclose FILE *file = NULL;
		if (asprintf(&path, "%s/row-%zu", argv[1], i) < 0 || !(file = fopen(path, "wb")))
			return 1;
		for (const struct elf_spec *spec = rows[i]; spec->soname; spec++)
			if (write_file(file, spec))
				return 1;
	}
	return argc != 2;
}
