/* SPDX-License-Identifier: MIT
 *
 * Writes objects of every shape that the facts reader knows into a folder.
 */
#include <stdio.h>

#include "memory.h"
#include "support/elf_builder.h"

static const struct elf_spec specs[] = {
	{.soname = "liba.so.1",
		.runpath = "$ORIGIN",
		.needed = {"libc.so.6", "ld-linux-x86-64.so.2"},
		.build_id = "\x12\x34",
		.flags = DF_STATIC_TLS,
		.flags_1 = DF_1_NOW,
		.tls_size = 64,
		.tls_align = 16,
		.symbols = {{.name = "puts", .version = "GLIBC_2.2.5", .file = "libc.so.6"},
			{.name = "open",
				.version = "GLIBC_2.34",
				.file = "libc.so.6",
				.weak_need = true},
			{.name = "thrown", .version = "GLIBCXX_3.4", .file = "libstdc++.so.6"},
			{.name = "one", .version = "A_1", .value = 0x11},
			{.name = "one", .version = "A_2", .value = 0x12, .hidden_version = true},
			{.name = "node_api_module_get_api_version_v1",
				.code = "\xb8\x08\0\0\0\xc3",
				.code_size = 6}},
		.relocs = {{"puts", R_X86_64_JUMP_SLOT, true, false},
			{"open", R_X86_64_64, false, false},
			{"one", R_X86_64_GLOB_DAT, false, true},
			{NULL, R_X86_64_RELATIVE, false, false}}},
	{.type = ET_EXEC,
		.interpreter = "/lib/ld-musl-x86_64.so.1",
		.note_owner = "OpenBSD",
		.text = "https://nodejs.org/download/release/v20.20.2/",
		.symbols = {{.name = "napi_module_register", .value = 0x1000}}},
	{.machine = EM_AARCH64,
		.needed = {"libc.so"},
		.symbols = {{.name = "node_api_module_get_api_version_v1",
			.code = "\x5f\x24\x03\xd5\x40\x01\x80\x52\xc0\x03\x5f\xd6",
			.code_size = 12}}},
	{.rpath = "/opt", .bind_now = true, .textrel = true, .symbols = {{.name = "a"}}},
};

static void write_image(const char *folder, size_t number, const struct elf_spec *spec)
{
	struct elf_image image = elf_build(spec);
	cp_cleanup_free char *path = NULL;
	cp_cleanup_fclose FILE *file = NULL;
	if (asprintf(&path, "%s/object-%zu", folder, number) < 0 || !(file = fopen(path, "wb")) ||
		fwrite(image.bytes, 1, image.size, file) != image.size) {
		perror(folder);
		exit(1);
	}
	elf_image_free(&image);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	size_t number = 0;
	for (unsigned int shape = 0; shape < 16; shape++) {
		for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
			struct elf_spec spec = specs[i];
			spec.elf_class = shape & 1 ? ELFCLASS32 : ELFCLASS64;
			spec.encoding = shape & 2 ? ELFDATA2MSB : ELFDATA2LSB;
			spec.hash = (enum elf_hash)(shape >> 2);
			write_image(argv[1], number++, &spec);
		}
	}
	return 0;
}
