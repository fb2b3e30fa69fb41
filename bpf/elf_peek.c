/* SPDX-License-Identifier: MIT
 *
 * A container's files are as hostile as its images, and may be sparse: a header of a few bytes can
 * claim sizes of gigabytes that the file has. So each structure is read by itself, so many of a
 * kind at most, and nothing is allocated. What is looked at is what a loader looks at, program
 * headers and the dynamic section: section headers may be stripped.
 */
#include "elf_peek.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 512
#define MAX_SEGMENTS 128
#define MAX_ENTRIES 1000 /* of a dynamic section */
#define MAX_RELOCATIONS 300000
#define MAX_NAME 8192

/* An ELF file at hand; its offsets are the header's, whatever they are. */
struct object {
	int fd;
	bool wide;
	unsigned encoding; /* ELFDATA* */
	int machine;
	uint64_t segments, dynamic;
	size_t n_segments;
};

/* Where the dynamic symbols and their strings are in the file. */
struct names {
	uint64_t symbols, strings;
};

const char *cp_peek_machine_name(int machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_386:
		return "x86";
	case EM_AARCH64:
		return "AArch64";
	case EM_ARM:
		return "ARM";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "PowerPC64";
	case EM_S390:
		return "S/390";
	case EM_LOONGARCH:
		return "LoongArch";
	}
	return NULL;
}

bool cp_peek_is_native(const struct cp_peek *peek)
{
#if defined(__x86_64__)
	return peek->elf_class == ELFCLASS64 && peek->machine == EM_X86_64;
#elif defined(__aarch64__)
	return peek->elf_class == ELFCLASS64 && peek->machine == EM_AARCH64;
#else
	return true;
#endif
}

/* --- pieces of a file ---------------------------------------------------------------------- */

static bool read_at(int fd, uint64_t offset, void *to, size_t size)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* One structure in the byte order of this machine, into `to` (libelf converts in place). */
static bool read_item(
	const struct object *object, uint64_t offset, Elf_Type type, void *to, size_t size)
{
	Elf_Data data = {.d_buf = to, .d_type = type, .d_size = size, .d_version = EV_CURRENT};
	if (!read_at(object->fd, offset, to, size))
		return false;
	return (object->wide ? elf64_xlatetom(&data, &data, object->encoding)
			     : elf32_xlatetom(&data, &data, object->encoding)) != NULL;
}

/* Reads the header; false where it is none of ELF. */
static bool open_object(int fd, struct object *object)
{
	unsigned char ident[EI_NIDENT];
	elf_version(EV_CURRENT);
	if (!read_at(fd, 0, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return false;
	*object = (struct object){
		.fd = fd, .wide = ident[EI_CLASS] == ELFCLASS64, .encoding = ident[EI_DATA]};
	if (object->wide) {
		Elf64_Ehdr header;
		if (!read_item(object, 0, ELF_T_EHDR, &header, sizeof(header)))
			return false;
		object->machine = header.e_machine;
		object->segments = header.e_phoff;
		object->n_segments = header.e_phnum;
		return true;
	}
	Elf32_Ehdr header;
	if (ident[EI_CLASS] != ELFCLASS32 ||
		!read_item(object, 0, ELF_T_EHDR, &header, sizeof(header)))
		return false;
	object->machine = header.e_machine;
	object->segments = header.e_phoff;
	object->n_segments = header.e_phnum;
	return true;
}

static bool read_segment(const struct object *object, size_t index, GElf_Phdr *segment)
{
	if (object->wide)
		return read_item(object, object->segments + index * sizeof(*segment), ELF_T_PHDR,
			segment, sizeof(*segment));
	Elf32_Phdr narrow;
	if (!read_item(object, object->segments + index * sizeof(narrow), ELF_T_PHDR, &narrow,
		    sizeof(narrow)))
		return false;
	*segment = (GElf_Phdr){.p_type = narrow.p_type,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_filesz = narrow.p_filesz};
	return true;
}

static bool find_segment(const struct object *object, uint32_t type, GElf_Phdr *segment)
{
	for (size_t i = 0; i < object->n_segments && i < MAX_SEGMENTS; i++)
		if (read_segment(object, i, segment) && segment->p_type == type)
			return true;
	return false;
}

/* Where in the file an address is; false: nowhere. */
static bool find_offset(const struct object *object, uint64_t address, uint64_t *offset)
{
	GElf_Phdr segment;
	for (size_t i = 0; i < object->n_segments && i < MAX_SEGMENTS; i++) {
		if (!read_segment(object, i, &segment) || segment.p_type != PT_LOAD ||
			address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		*offset = segment.p_offset + (address - segment.p_vaddr);
		return true;
	}
	return false;
}

/* --- what kind of file --------------------------------------------------------------------- */

static void read_interpreter(int fd, struct cp_peek *peek)
{
	struct object object;
	GElf_Phdr segment;
	if (!open_object(fd, &object) || !find_segment(&object, PT_INTERP, &segment) ||
		segment.p_offset > INT64_MAX)
		return;
	size_t size = sizeof(peek->interpreter) - 1;
	if (size > segment.p_filesz)
		size = (size_t)segment.p_filesz;
	ssize_t got = pread(fd, peek->interpreter, size, (off_t)segment.p_offset);
	peek->interpreter[got > 0 ? got : 0] = 0;
}

static void read_elf(int fd, const unsigned char *head, struct cp_peek *peek)
{
	peek->kind = CP_PEEK_ELF;
	peek->elf_class = head[EI_CLASS];
	peek->machine =
		head[EI_DATA] == ELFDATA2MSB ? head[18] << 8 | head[19] : head[19] << 8 | head[18];
	read_interpreter(fd, peek);
}

/* As the kernel does it (fs/binfmt_script.c): blanks, the interpreter, a blank or the line's end.
 */
static void read_script(const char *head, size_t size, struct cp_peek *peek)
{
	const char *end = memchr(head, '\n', size);
	const char *line = head + 2;
	const char *stop = end ? end : head + size;
	peek->kind = CP_PEEK_SCRIPT;
	while (line < stop && (*line == ' ' || *line == '\t'))
		line++;
	size_t length = 0;
	while (line + length < stop && line[length] != ' ' && line[length] != '\t')
		length++;
	if (length >= sizeof(peek->interpreter))
		length = sizeof(peek->interpreter) - 1;
	memcpy(peek->interpreter, line, length);
	peek->interpreter[length] = 0;
	if (length && peek->interpreter[length - 1] == '\r') {
		peek->ends_with_cr = true;
		peek->interpreter[length - 1] = 0;
	}
}

static enum cp_peek_kind kind_of(const char *head, size_t size)
{
	static const char lfs[] = "version https://git-lfs";
	static const unsigned char mach_o[][4] = {
		{0xcf, 0xfa, 0xed, 0xfe}, {0xce, 0xfa, 0xed, 0xfe}, {0xca, 0xfe, 0xba, 0xbe}};
	if (size == 0)
		return CP_PEEK_EMPTY;
	if (size >= sizeof(lfs) - 1 && memcmp(head, lfs, sizeof(lfs) - 1) == 0)
		return CP_PEEK_LFS_POINTER;
	if (size >= 2 && memcmp(head, "MZ", 2) == 0)
		return CP_PEEK_WINDOWS;
	for (size_t i = 0; size >= 4 && i < sizeof(mach_o) / sizeof(mach_o[0]); i++)
		if (memcmp(head, mach_o[i], 4) == 0)
			return CP_PEEK_MACH_O;
	return memchr(head, 0, size) ? CP_PEEK_DATA : CP_PEEK_TEXT;
}

int cp_peek(int fd, struct cp_peek *peek)
{
	char head[HEAD_SIZE];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	*peek = (struct cp_peek){0};
	if (got < 0)
		return -errno;
	size_t size = (size_t)got;
	if (size >= EI_NIDENT + 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
		read_elf(fd, (const unsigned char *)head, peek);
	else if (size >= 2 && memcmp(head, "#!", 2) == 0)
		read_script(head, size, peek);
	else
		peek->kind = kind_of(head, size);
	return 0;
}

/* --- dynamic sections -------------------------------------------------------------------- */

/* Reads the header and finds the dynamic section; false where there is none. */
static bool open_dynamic(int fd, struct object *object)
{
	GElf_Phdr segment;
	if (!open_object(fd, object) || !find_segment(object, PT_DYNAMIC, &segment))
		return false;
	object->dynamic = segment.p_offset;
	return true;
}

/* The entries of the dynamic section, one after the other: *index starts as 0. */
static bool next_dynamic(const struct object *object, size_t *index, GElf_Dyn *entry)
{
	Elf32_Dyn narrow;
	size_t at = (*index)++;
	if (at >= MAX_ENTRIES)
		return false;
	if (object->wide)
		return read_item(object, object->dynamic + at * sizeof(*entry), ELF_T_DYN, entry,
			       sizeof(*entry)) &&
		       entry->d_tag != DT_NULL;
	if (!read_item(object, object->dynamic + at * sizeof(narrow), ELF_T_DYN, &narrow,
		    sizeof(narrow)))
		return false;
	*entry = (GElf_Dyn){.d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val};
	return narrow.d_tag != DT_NULL;
}

static bool find_value(const struct object *object, int64_t tag, uint64_t *value)
{
	GElf_Dyn entry;
	for (size_t i = 0; next_dynamic(object, &i, &entry);) {
		if (entry.d_tag == tag) {
			*value = entry.d_un.d_val;
			return true;
		}
	}
	return false;
}

/* The place in the file of the table that the entry gives the address of. */
static bool find_table(const struct object *object, int64_t tag, uint64_t *offset)
{
	uint64_t address;
	return find_value(object, tag, &address) && find_offset(object, address, offset);
}

/* Whether these bytes of the file are that string. */
static bool is_string(const struct object *object, uint64_t offset, const char *text)
{
	char found[MAX_NAME];
	size_t size = strlen(text) + 1;
	return size <= sizeof(found) && read_at(object->fd, offset, found, size) &&
	       memcmp(found, text, size) == 0;
}

bool cp_peek_needs(int fd, const char *library)
{
	struct object object;
	GElf_Dyn entry;
	uint64_t strings;
	if (!open_dynamic(fd, &object) || !find_table(&object, DT_STRTAB, &strings))
		return false;
	for (size_t i = 0; next_dynamic(&object, &i, &entry);)
		if (entry.d_tag == DT_NEEDED &&
			is_string(&object, strings + entry.d_un.d_val, library))
			return true;
	return false;
}

bool cp_peek_dynamic_text(int fd, long tag, size_t nth, char *buffer, size_t size)
{
	struct object object;
	GElf_Dyn entry;
	uint64_t strings;
	if (!open_dynamic(fd, &object) || !find_table(&object, DT_STRTAB, &strings) ||
		strings > INT64_MAX)
		return false;
	for (size_t i = 0; next_dynamic(&object, &i, &entry);) {
		if (entry.d_tag != tag || nth-- > 0)
			continue;
		if (entry.d_un.d_val > INT64_MAX - strings)
			return false;
		ssize_t got = pread(fd, buffer, size, (off_t)(strings + entry.d_un.d_val));
		return got > 0 && memchr(buffer, 0, (size_t)got);
	}
	return false;
}

static bool binds_now(const struct object *object)
{
	GElf_Dyn entry;
	for (size_t i = 0; next_dynamic(object, &i, &entry);)
		if (entry.d_tag == DT_BIND_NOW ||
			(entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_BIND_NOW)) ||
			(entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_NOW)))
			return true;
	return false;
}

/* --- relocations ------------------------------------------------------------------------- */

static const struct table {
	int64_t start, size;
	bool with_addend;
} tables[] = {{DT_RELA, DT_RELASZ, true}, {DT_REL, DT_RELSZ, false},
	{DT_JMPREL, DT_PLTRELSZ, true /* or not: DT_PLTREL */}};

/* An entry's symbol, 0 where there is none that is resolved at the load. */
static bool read_relocation(const struct object *object, uint64_t offset, size_t *symbol)
{
	size_t type;
	if (object->wide) {
		Elf64_Rel entry;
		if (!read_item(object, offset, ELF_T_REL, &entry, sizeof(entry)))
			return false;
		*symbol = ELF64_R_SYM(entry.r_info);
		type = ELF64_R_TYPE(entry.r_info);
	} else {
		Elf32_Rel entry;
		if (!read_item(object, offset, ELF_T_REL, &entry, sizeof(entry)))
			return false;
		*symbol = ELF32_R_SYM(entry.r_info);
		type = ELF32_R_TYPE(entry.r_info);
	}
	if (type == (object->machine == EM_AARCH64 ? R_AARCH64_JUMP_SLOT : R_X86_64_JUMP_SLOT))
		*symbol = 0;
	return true;
}

static bool is_symbol(
	const struct object *object, const struct names *names, size_t symbol, const char *name)
{
	size_t size = object->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint64_t offset = names->symbols + symbol * size;
	if (object->wide) {
		Elf64_Sym entry;
		return read_item(object, offset, ELF_T_SYM, &entry, size) &&
		       is_string(object, names->strings + entry.st_name, name);
	}
	Elf32_Sym entry;
	return read_item(object, offset, ELF_T_SYM, &entry, size) &&
	       is_string(object, names->strings + entry.st_name, name);
}

static bool table_binds(const struct object *object, const struct table *table,
	const struct names *names, const char *name)
{
	uint64_t offset, size, kind;
	bool with_addend = table->with_addend;
	if (!find_table(object, table->start, &offset) || !find_value(object, table->size, &size))
		return false;
	if (table->start == DT_JMPREL && find_value(object, DT_PLTREL, &kind))
		with_addend = kind == DT_RELA;
	size_t one = object->wide ? (with_addend ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel))
				  : (with_addend ? sizeof(Elf32_Rela) : sizeof(Elf32_Rel));
	size_t last = 0;
	for (size_t i = 0; i < size / one && i < MAX_RELOCATIONS; i++) {
		size_t symbol;
		if (!read_relocation(object, offset + i * one, &symbol))
			return false;
		if (symbol && symbol != last && is_symbol(object, names, symbol, name))
			return true;
		last = symbol;
	}
	return false;
}

bool cp_peek_binds_at_load(int fd, const char *symbol)
{
	struct object object;
	struct names names;
	if (!open_dynamic(fd, &object))
		return false;
	if (binds_now(&object))
		return true;
	if (!find_table(&object, DT_SYMTAB, &names.symbols) ||
		!find_table(&object, DT_STRTAB, &names.strings))
		return false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (table_binds(&object, &tables[i], &names, symbol))
			return true;
	return false;
}
