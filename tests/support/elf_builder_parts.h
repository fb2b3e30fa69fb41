/* SPDX-License-Identifier: MIT
 *
 * What the two files of the builder share: elf_builder.c lays out the object,
 * elf_builder_symbols.c makes .dynsym and all that goes with it.
 */
#ifndef ELF_BUILDER_PARTS_H
#define ELF_BUILDER_PARTS_H

#include "elf_builder.h"

/* A version that a symbol has: wanted from `file`, or defined here (file NULL). */
struct elf_version {
	const char *file, *name;
	bool weak;
};

/* The symbols in the order of .dynsym, less the null symbol: the undefined ones come
 * first, as a GNU hash table wants them. */
struct elf_plan {
	const struct elf_symbol *order[ELF_BUILDER_MAX];
	uint64_t values[ELF_BUILDER_MAX];
	size_t n_symbols, first_defined;
	struct elf_version versions[ELF_BUILDER_MAX]; /* version index 2 is the first */
	size_t n_versions;
};

/* Appending to the image. Integers are in its byte order, addresses as wide as its class. */
size_t elf_put_bytes(struct elf_image *image, const void *bytes, size_t size); /* -> offset */
void elf_put_zeros(struct elf_image *image, size_t size);
void elf_put(struct elf_image *image, uint64_t value, size_t width);
void elf_put_address(struct elf_image *image, uint64_t value);
size_t elf_align(struct elf_image *image); /* to 8 bytes -> offset */
/* The offset of `text` in the string table, which must be the last thing in the image
 * the first time a text is asked for. */
uint32_t elf_string(struct elf_image *image, const char *text);

struct elf_plan elf_make_plan(const struct elf_spec *spec);
/* The dynsym index of `name`; 0: none. */
size_t elf_symbol_index(const struct elf_plan *plan, const char *name);
void elf_put_code(struct elf_image *image, struct elf_plan *plan);
/* .dynsym, its hash tables and its versions; after the strings. */
void elf_put_symbols(struct elf_image *image, const struct elf_spec *spec, struct elf_plan *plan);

#endif
