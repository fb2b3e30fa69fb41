/* SPDX-License-Identifier: MIT
 *
 * Reading one ELF object, in stages (internal to the facts reader).
 *
 *   elf_read.c      header, program headers, defects; runs the stages
 *   elf_table.c     records of either class and byte order, from the file's bytes
 *   elf_dynamic.c   PT_DYNAMIC and the string table
 *   elf_versions.c  .gnu.version_r and .gnu.version_d
 *   elf_symbols.c   .dynsym: how many there are, the undefined ones, the exports
 *   elf_relocs.c    relocations, once per (symbol, type)
 *   elf_origin.c    what it was built for: notes, system, libc
 *   elf_node.c      Node: the API version of an addon, the release of a program
 *   elf_machine.c   tables of machine names and relocation kinds
 *
 * Of libelf it takes the translators (elf32_xlatetom, elf64_xlatetom) and not an
 * Elf handle: elf_memory() looks at section headers, believes their number, and
 * keeps each table that it ever translated. The translators touch just the bytes
 * they are given, so memory stays bounded whatever the object claims.
 *
 * Strings are not copied one by one. The pool begins with a NUL and a copy of the
 * whole DT_STRTAB, so that a name is its offset there plus one; what is not in the
 * string table (interpreter, build ID) is appended.
 */
#ifndef CP_ELF_READ_H
#define CP_ELF_READ_H

#include <gelf.h>

#include "facts.h"

/* A run of bytes of the object. */
struct cp_bytes {
	const uint8_t *at;
	size_t size; /* bytes */
};

/* The part of a PT_LOAD that is in the file. */
struct cp_elf_load {
	uint64_t address;
	uint64_t offset;
	uint64_t size;  /* bytes; clipped to the end of the file */
	uint32_t flags; /* PF_* */
};

/* Values of the dynamic tags that the stages need; 0: the tag is absent. */
struct cp_elf_dynamic {
	uint64_t strtab, strsz;
	uint64_t symtab, hash, gnu_hash;
	uint64_t versym, verneed, verdef;
	uint64_t rel, relsz, rela, relasz;
	uint64_t jmprel, pltrelsz, pltrel;
	uint64_t soname, rpath, runpath; /* offsets in the string table */
	uint64_t flags, flags_1;
	uint64_t bind_now, textrel; /* 1: present */
};

/* What a version index of .gnu.version stands for. */
struct cp_elf_version {
	cp_str name;
	bool weak_need;
};

/* In reference_of: the object defines the symbol itself. */
#define CP_ELF_OWN ((uint32_t)1 << 31)

struct cp_elf {
	const uint8_t *data;
	size_t size;
	bool wide; /* ELFCLASS64 */
	unsigned int encoding;
	GElf_Ehdr header;
	struct cp_elf_load *loads;
	size_t n_loads;
	struct cp_bytes dynamic_bytes;
	struct cp_elf_dynamic dynamic;
	size_t strings;                  /* bytes of the string table, in the pool from offset 1 */
	size_t string_budget;            /* bytes of names that may still be referred to */
	size_t table_budget;             /* bytes of tables that may still be read */
	struct cp_elf_version *versions; /* by version index */
	size_t n_versions, versions_size;
	uint32_t *reference_of; /* dynsym index -> index into undefined[], CP_ELF_OWN | index into
				   exports[], or CP_NO_SYMBOL */
	size_t undefined_size;  /* capacity of undefined[] */
	size_t n_symbols;
	uint64_t api_version_code; /* address of node_api_module_get_api_version_v1, or 0 */
	struct cp_facts *facts;    /* being filled */
};

/* --- elf_table.c --------------------------------------------------------- */

#define CP_ELF_WINDOW 128

/* Records of one kind, translated a window at a time. Reading in order is quick. */
struct cp_elf_table {
	const struct cp_elf *elf;
	const uint8_t *at;
	size_t count;
	size_t entry; /* bytes of a record in the file */
	Elf_Type type;
	size_t first, filled; /* which records are in the window */
	union {
		Elf32_Phdr phdr32[CP_ELF_WINDOW];
		Elf64_Phdr phdr64[CP_ELF_WINDOW];
		Elf32_Dyn dyn32[CP_ELF_WINDOW];
		Elf64_Dyn dyn64[CP_ELF_WINDOW];
		Elf32_Sym sym32[CP_ELF_WINDOW];
		Elf64_Sym sym64[CP_ELF_WINDOW];
		Elf32_Rel rel32[CP_ELF_WINDOW];
		Elf64_Rel rel64[CP_ELF_WINDOW];
		Elf32_Rela rela32[CP_ELF_WINDOW];
		Elf64_Rela rela64[CP_ELF_WINDOW];
		Elf32_Word words[CP_ELF_WINDOW];
		Elf32_Half halves[CP_ELF_WINDOW];
	} window;
};

/* A relocation as far as the loader simulations care. */
struct cp_elf_reloc {
	uint32_t symbol; /* dynsym index */
	uint32_t type;
};

/* Bytes of a record of `type` in this object's class. */
size_t cp_elf_entry_size(const struct cp_elf *elf, Elf_Type type);
/* A table of all whole records of `type` in `bytes`. */
void cp_elf_table_init(
	struct cp_elf_table *table, const struct cp_elf *elf, Elf_Type type, struct cp_bytes bytes);
/* Record `index` (which must be below count), widened to the GElf form. */
GElf_Phdr cp_elf_phdr(struct cp_elf_table *table, size_t index);
GElf_Dyn cp_elf_dyn(struct cp_elf_table *table, size_t index);
GElf_Sym cp_elf_sym(struct cp_elf_table *table, size_t index);
struct cp_elf_reloc cp_elf_relocation(struct cp_elf_table *table, size_t index);
uint32_t cp_elf_word(struct cp_elf_table *table, size_t index);
uint16_t cp_elf_half(struct cp_elf_table *table, size_t index);
/* Single integers in the object's byte order. */
uint16_t cp_elf_get16(const struct cp_elf *elf, const uint8_t *at);
uint32_t cp_elf_get32(const struct cp_elf *elf, const uint8_t *at);
/* Translates the ELF header into elf->header; elf->data must hold all of it. */
void cp_elf_read_header(struct cp_elf *elf);

/* --- elf_read.c ---------------------------------------------------------- */

/* The table of program headers, as much of it as the file has; true where it is cut. */
bool cp_elf_open_segments(const struct cp_elf *elf, struct cp_elf_table *table);
/* The file's bytes from `address` to the end of its segment's file part; empty
 * where no PT_LOAD brings that address in from the file. */
struct cp_bytes cp_elf_locate(const struct cp_elf *elf, uint64_t address);
/* As above for exactly `size` bytes: 0, or -1 with an error that names `table`.
 * Counts against table_budget, so that tables laid over one another cannot make
 * the reader use more memory than a few times the object's size. */
int cp_elf_locate_table(struct cp_elf *elf, const char *table, uint64_t address, uint64_t size,
	struct cp_bytes *bytes, struct cp_error **err);

/* --- strings (elf_dynamic.c) --------------------------------------------- */

/* The name at `offset` of the string table; an empty one is 0. 0 or -1. */
int cp_elf_string(struct cp_elf *elf, uint64_t offset, cp_str *at, struct cp_error **err);
/* Appends `size` bytes and a NUL to the pool. 0 or -1. */
int cp_elf_add_string(
	struct cp_elf *elf, const void *text, size_t size, cp_str *at, struct cp_error **err);

/* --- stages, in the order in which they run: 0 or -1 ---------------------- */

int cp_elf_read_dynamic(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_needed(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_versions(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_symbols(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_relocs(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_origin(struct cp_elf *elf, struct cp_error **err);
int cp_elf_read_node(struct cp_elf *elf, struct cp_error **err);

/* Whether `name` is exported; once the exports are indexed (elf_symbols.c). */
bool cp_elf_exports(const struct cp_facts *facts, const char *name);
/* One past the highest dynsym index that a relocation refers to (elf_relocs.c). */
size_t cp_elf_symbols_in_relocs(struct cp_elf *elf);

#endif
