/* SPDX-License-Identifier: MIT
 *
 * Tiny ELF objects, built in memory from a description.
 *
 *     struct elf_spec spec = {.needed = {"libc.so.6"}, .symbols = {
 *             {.name = "puts", .version = "GLIBC_2.2.5", .file = "libc.so.6"},
 *             {.name = "answer", .value = 0x1000}}};
 *     struct elf_image image = elf_build(&spec);
 *
 * Either class and byte order. What is 0 in the description is the ordinary thing:
 * a 64-bit little-endian shared object for x86-64 with a GNU hash table. All is in
 * one PT_LOAD, at addresses that differ from the offsets. The image tells where its
 * tables are, so that a test can break one of them.
 */
#ifndef ELF_BUILDER_H
#define ELF_BUILDER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_BUILDER_BASE 0x10000u /* address - offset */
#define ELF_BUILDER_MAX 16        /* of anything in a description */

enum elf_hash { ELF_HASH_GNU, ELF_HASH_SYSV, ELF_HASH_BOTH, ELF_HASH_NONE };
enum elf_stack { ELF_STACK_PLAIN, ELF_STACK_EXECUTABLE, ELF_STACK_ABSENT };

/* A symbol is undefined where `value`, `section` and `code` are 0. */
struct elf_symbol {
	const char *name;
	const char *version; /* NULL: unversioned */
	const char *file;    /* undefined: the library that defines the version */
	bool weak_need;      /* undefined: VER_FLG_WEAK */
	bool local;          /* STB_LOCAL, which `bind` cannot say */
	bool hidden_version; /* defined: not the default version */
	uint8_t type;        /* STT_*; 0: STT_FUNC */
	uint8_t bind;        /* STB_*; 0: STB_GLOBAL */
	uint8_t visibility;  /* STV_* */
	uint16_t section;    /* st_shndx; 0: SHN_ABS for the defined ones */
	uint64_t value;
	const char *code; /* defined by these bytes */
	size_t code_size;
};

struct elf_reloc {
	const char *symbol; /* NULL: none */
	uint32_t type;
	bool plt; /* in DT_JMPREL */
	bool rel; /* in DT_REL, without an addend; else in DT_RELA */
};

struct elf_spec {
	uint8_t elf_class, encoding, os_abi;
	uint16_t machine, type;
	bool no_dynamic;
	const char *interpreter, *soname, *rpath, *runpath;
	const char *needed[ELF_BUILDER_MAX];
	struct elf_symbol symbols[ELF_BUILDER_MAX]; /* up to the first without a name */
	struct elf_reloc relocs[ELF_BUILDER_MAX];   /* up to the first of type 0 */
	enum elf_hash hash;
	uint64_t flags, flags_1; /* DT_FLAGS, DT_FLAGS_1 */
	bool bind_now, textrel;  /* DT_BIND_NOW, DT_TEXTREL */
	enum elf_stack stack;
	uint64_t tls_size, tls_align;
	const char *build_id;   /* its bytes as text */
	const char *note_owner; /* an ABI note of type 1 */
	const char *text;       /* somewhere in the read-only segment */
};

/* Offsets into bytes; 0: there is no such table. */
struct elf_image {
	uint8_t *bytes; /* owned; elf_image_free */
	size_t size, room;
	bool wide, big_endian;
	size_t phdrs, interpreter, notes, strtab, symtab, hash, gnu_hash, versym, verneed, verdef;
	size_t rel, rela, jmprel, dynamic, code;
	size_t strtab_size, rel_size, rela_size, jmprel_size, n_symbols;
};

/* Builds the object; ends the program without memory. */
struct elf_image elf_build(const struct elf_spec *spec);
void elf_image_free(struct elf_image *image);

/* Overwrites `width` bytes at `offset` with `value` in the image's byte order. */
void elf_patch(struct elf_image *image, size_t offset, uint64_t value, size_t width);
/* Overwrites the value of the first dynamic entry with `tag`; false: there is none. */
bool elf_patch_dynamic(struct elf_image *image, int64_t tag, uint64_t value);

#endif
